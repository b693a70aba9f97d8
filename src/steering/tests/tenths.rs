//! Pools that leave for maintenance: each network moves once, and so many have moved.

use super::*;

/// The first pool keeps so many tenths of its clients.
fn leaving(keeps: usize) -> Pools {
    let (here, away) = (World::simple(2), World::simple(2).stand(0, 0, Standing::Drained));
    let of_tenth = |tenth| if tenth < keeps { here.pools() } else { away.pools() };
    here.pools().with_leaving(vec![0], std::array::from_fn(of_tenth))
}

fn networks() -> impl Iterator<Item = IpAddr> {
    (0..20_000_u32).map(|n| std::net::Ipv4Addr::from_bits((n << 8) + 0x0b00_0000).into())
}

fn picked(name: &SteeredName, pools: &Pools, client: IpAddr) -> (char, u8) {
    let turns = Turns::default();
    let chance = Chance { draw: Draw::new(0), turns: &turns };
    let choice = choose(name, pools, Asked::A, client, &chance, &mut NoTrace);
    (said(&choice), choice.scope)
}

#[test]
fn as_many_networks_stay_as_there_are_tenths_and_each_moves_once() {
    let name = name(failover(&[0, 1]), AllDown::Serve);
    let mut before: Vec<bool> = networks().map(|_| true).collect();
    for keeps in (1..10).rev() {
        let pools = leaving(keeps);
        let stay: Vec<bool> = networks()
            .map(|client| {
                let (pool, scope) = picked(&name, &pools, client);
                assert_eq!(scope, 24, "neighbours may be told something else");
                pool == 'a'
            })
            .collect();
        let count = stay.iter().filter(|stays| **stays).count() as f64;
        let share = count / stay.len() as f64;
        assert!((share - keeps as f64 / 10.0).abs() < 0.02, "{keeps}: {share}");
        assert!(stay.iter().zip(&before).all(|(now, then)| *then || !*now), "{keeps}");
        before = stay;
        let odds = odds(&name, &pools, Asked::A, client());
        let kept = odds.shares.iter().find(|(of, _)| *of == Outcome::Pool(0)).unwrap().1;
        assert!((kept - keeps as f64 / 10.0).abs() < 1e-9, "{odds:?}");
    }
}

#[test]
fn names_that_answer_none_of_them_notice_nothing() {
    let other = SteeredName { slots: [1].into(), ..name(failover(&[1]), AllDown::Serve) };
    let pools = leaving(5);
    assert!(networks().all(|client| picked(&other, &pools, client) == ('b', 0)));
}
