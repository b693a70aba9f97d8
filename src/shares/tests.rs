//! Who moves between two states of the files, over small worlds.

use std::fs;

use proptest::prelude::*;

use super::*;
use crate::config;
use crate::health::{Standing, StandingNow};
use crate::place::Places;
use crate::steering::{Asked, Outcome};

/// Three pools by weight.
fn world(weights: [u32; 3]) -> World {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: String| fs::write(folder.path().join(name), text).unwrap();
    let pool = |name: &str| format!("[pools.{name}]\nendpoints = [\"192.0.2.1\"]\n");
    write("pools.toml", ["a", "b", "c"].map(pool).concat());
    let zone = "@ 60 SOA ns h 1 1 1 1 1\n@ 60 NS ns\nns 60 A 192.0.2.53\n";
    write("example.com.zone", zone.into());
    let [a, b, c] = weights;
    write("example.com.toml", format!("www.weighted = {{ a = {a}, b = {b}, c = {c} }}\n"));
    config::load(folder.path(), Places::unknown().into(), "", 0).unwrap().world
}

fn pools(world: &World) -> Pools {
    let up = StandingNow { standing: Standing::Up, hold: None };
    Pools::new(&world.inventory, |_| up)
}

fn weights() -> impl Strategy<Value = [u32; 3]> {
    [0..9_u32, 0..9_u32, 0..9_u32].prop_filter("all of weight 0", |w| w.iter().any(|w| *w > 0))
}

/// What part of all a pool has more, or fewer, afterwards.
fn gain(moves: &[Move], pool: u32) -> f64 {
    let is_it = |said: Said| said == Said::Steered(Outcome::Pool(pool));
    let signed = |one: &Move| {
        let sign = f64::from(u8::from(is_it(one.to))) - f64::from(u8::from(is_it(one.from)));
        sign * one.addresses.v4
    };
    moves.iter().map(signed).sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// As many move as the shares differ by, and no more.
    #[test]
    fn the_fewest_move_that_make_the_new_shares(old in weights(), new in weights()) {
        let (before, after) = (world(old), world(new));
        let (pools_before, pools_after) = (pools(&before), pools(&after));
        let sides = [(&before, &pools_before), (&after, &pools_after)]
            .map(|(world, pools)| Given { world, pools });
        let pairing = Pairing::new(sides[0], sides[1]);
        let names = [&before.steered[0][0], &after.steered[0][0]];
        let census = Censuses::new(&before, &after).of(&names);
        let moves = moves(
            (sides[0], Some(names[0])),
            (sides[1], Some(names[1])),
            (&pairing, Asked::A),
            &census,
        );
        let share = |weights: [u32; 3], pool: usize| {
            f64::from(weights[pool]) / f64::from(weights.iter().sum::<u32>())
        };
        let mut moved = 0.0;
        for pool in 0..3 {
            let wanted = share(new, pool) - share(old, pool);
            prop_assert!((gain(&moves, pool as u32) - wanted).abs() < 1e-6, "{moves:?}");
            moved += wanted.max(0.0);
        }
        let sum: f64 = moves.iter().map(|one| one.addresses.v4).sum();
        prop_assert!((sum - moved).abs() < 1e-6, "{moves:?}");
        prop_assert!(moves.iter().all(|one| one.from != one.to), "{moves:?}");
    }
}
