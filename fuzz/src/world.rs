//! What is served while answers are fuzzed: a bit of everything that they can be made of.

use std::sync::Arc;
use std::time::Duration;

use steersman::health::{Location, Standing, StandingNow};
use steersman::place::{Class, Continent, Places, Table};
use steersman::steering::Pools;
use steersman::view::{CookieSecrets, View, World};

use crate::folder::Folder;

/// The key of all tables.
pub const SEED: u64 = 7;
/// A zone with records of every kind.
pub const ZONE: &str = include_str!("../files/example.com.zone");
/// Names of that zone, steered by every policy.
pub const STEERING: &str = include_str!("../files/example.com.toml");
/// The pools that these name.
pub const POOLS: &str = include_str!("../files/pools.toml");
/// A zone below the other one.
const SUB: &str = "@ 60 SOA ns.example.com. host 1 1h 15m 2w 300\n@ 60 NS ns.example.com.\n\
    www 60 A 192.0.2.21\nback 60 CNAME www.example.com.\n* 60 DNAME example.com.\n";
/// The root, of which everything is a part.
const ROOT: &str = "@ 60 SOA a. b. 1 1h 15m 2w 300\n@ 60 NS a.example.\ncom 60 NS a.example.\n\
    a.example 60 A 192.0.2.22\n*.wild 60 TXT x\n";

/// Worlds in several states, all of whose answers must be as they should.
pub fn views() -> Vec<View> {
    let folder = Folder::new(&[
        ("example.com.zone", &format!("{ZONE}{}", long_rows())),
        ("example.com.toml", STEERING),
        ("pools.toml", POOLS),
        ("sub.example.com.zone", SUB),
    ]);
    let world = || Arc::new(folder.load().expect("files without mistakes").world);
    let inside = world();
    folder.write("root.zone", ROOT.as_bytes());
    let everywhere = world();
    let nsid: Option<Arc<[u8]>> = Some(b"fuzz"[..].into());
    let secrets = CookieSecrets::new(&[[7; 16], [8; 16]]);
    vec![
        view(&inside, standing_by_turns, nsid.clone(), secrets.clone()),
        view(&inside, |_| now(Standing::Up), None, CookieSecrets::default()),
        view(&inside, |_| now(Standing::Down), nsid.clone(), secrets.clone()),
        view(&everywhere, standing_by_turns, nsid, secrets),
    ]
}

/// A view of a world where `standing` says how each endpoint is, by a number of its own.
pub fn view(
    world: &Arc<World>,
    standing: fn(u32) -> StandingNow,
    nsid: Option<Arc<[u8]>>,
    cookie_secrets: CookieSecrets,
) -> View {
    let pools = Pools::new(&world.inventory, |id| standing(id.pool + id.index));
    View { world: Arc::clone(world), pools, nsid, cookie_secrets }
}

/// Every third endpoint is down, and every fifth in doubt.
pub fn standing_by_turns(number: u32) -> StandingNow {
    StandingNow {
        standing: if number % 3 == 1 { Standing::Down } else { Standing::Up },
        hold: number.is_multiple_of(5).then_some(Duration::from_secs(2)),
    }
}

fn now(standing: Standing) -> StandingNow {
    StandingNow { standing, hold: None }
}

/// Clients in several places, by the second byte of an address that begins with 10, or of an IPv6
/// address by its first 16 bits after 2001:db8.
pub fn places() -> Places {
    let of = |continent, country: &[u8; 2], latitude, longitude| Class {
        continent: Some(continent),
        country: Some(*country),
        subdivision: (country == b"US").then(|| "CA".into()),
        asn: (country == b"DE").then_some(64_500),
        location: Some(Location { latitude, longitude }),
    };
    let classes = vec![
        Class::default(),
        of(Continent::Europe, b"DE", 50.0, 8.0),
        of(Continent::NorthAmerica, b"US", 37.0, -120.0),
        of(Continent::Asia, b"JP", 35.0, 139.0),
    ];
    let v4 = |second: u32| (10 << 24) | (second << 16);
    let v6 = |third: u128| (0x2001_0db8 << 96) | (third << 80);
    let table = Table::new(
        &[(v4(0), 1), (v4(32), 2), (v4(48) + 77, 3), (v4(64), 0)],
        &[(v6(0), 1), (v6(32), 2), (v6(48) + 77, 3), (v6(64), 0)],
        0,
    );
    Places::new(classes, table)
}

/// Sets of every length that matters, and a chain that makes the longest one too long for TCP.
fn long_rows() -> String {
    let long = "l".repeat(60);
    let text = "y".repeat(238);
    let mut rows = String::new();
    for count in [29, 31, 75] {
        rows.extend((0..count).map(|n| format!("n{count} A 10.0.0.{n}\n")));
    }
    rows.extend((0..255).map(|n| format!("huge TXT {text}{n:03}\n")));
    rows.extend((0..14).map(|n| format!("c{n}.{long}.{long} CNAME c{}.{long}.{long}\n", n + 1)));
    format!("{rows}c14.{long}.{long} CNAME huge\n")
}
