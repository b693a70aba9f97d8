//! Every kind of answer, and the steps that lead to it, one line for each.

use std::fs;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::*;
use crate::config;
use crate::health::{EndpointId, Family, Location, Seen, Standing, StandingNow};
use crate::place::{Continent, Places, Table};
use crate::steering::{Pools, Returns};
use crate::view::{CookieSecrets, World};

const ZONE: &str = "\
@ 300 SOA ns1 host 1 1h 15m 2w 60
@ 300 NS ns1
$TTL 300
ns1 A 192.0.2.53
www TXT hi
blog CNAME www
out CNAME www.example.net.
l1 CNAME l2
l2 CNAME l1
a.b A 192.0.2.9
*.w A 192.0.2.10
old DNAME new
x.new A 192.0.2.11
sub NS ns.sub
ns.sub A 192.0.2.54
";

const STEERING: &str = "\
www.failover = [\"east\", \"west\"]
wt.weighted = { east = 80, west = 20 }
st = { weighted = { east = 80, west = 20 }, sticky = true }
cdn.failover = [\"cdn\"]
geo.geo = { NA = \"east\", NA-US = \"west\", EU = \"west\", default = \"east\" }
nodata = { failover = [\"west\"], all_down = \"nodata\" }
fail = { failover = [\"west\"], all_down = \"servfail\" }
last = { failover = [\"west\"], all_down = \"east\" }
[\"*.near\"]
nearest = [\"east\", \"west\"]
";

const POOLS: &str = "\
[regions]
east.location = [40.0, -75.0]
west.location = [40.0, -120.0]
[pools.east]
region = \"east\"
endpoints = [\"192.0.2.1\", \"192.0.2.2\"]
min_healthy = 2
[pools.west]
region = \"west\"
endpoints = [\"198.51.100.1\", \"198.51.100.2\"]
answers = 1
[pools.cdn]
endpoints = [{ cname = \"www.example.net.\" }]
";

/// 10.0.0.0/8 is in the west of the United States; nothing is known of others.
fn places() -> Places {
    let west = Class {
        continent: Some(Continent::NorthAmerica),
        country: Some(*b"US"),
        location: Some(Location { latitude: 40.0, longitude: -119.0 }),
        ..Class::default()
    };
    let runs = [(10 << 24, 1), (11 << 24, 0)];
    Places::new(vec![Class::default(), west], Table::new(&runs, &[], 0))
}

/// With the endpoints down whose pool and index are given.
fn view(down: &[(u32, u32)]) -> View {
    view_of(POOLS, down)
}

/// The same with other pools.
fn view_of(pools: &str, down: &[(u32, u32)]) -> View {
    view_with(STEERING, pools, down)
}

/// And with other names.
fn view_with(steering: &str, pools: &str, down: &[(u32, u32)]) -> View {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in
        [("example.com.zone", ZONE), ("example.com.toml", steering), ("pools.toml", pools)]
    {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let world = config::load(folder.path(), Arc::new(places()), "", 0).unwrap().world;
    let pools = Pools::new(&world.inventory, |EndpointId { pool, index }| {
        let is_down = down.contains(&(pool, index));
        StandingNow { standing: if is_down { Standing::Down } else { Standing::Up }, hold: None }
    });
    View { world: Arc::new(world), pools, nsid: None, cookie_secrets: CookieSecrets::default() }
}

fn steps(view: &View, name: &str, rtype: RecordType, from: [u8; 4]) -> Vec<String> {
    let name = Name::parse(name, &Name::parse("example.com.", &Name::root()).unwrap()).unwrap();
    // Of 100 this draw falls to the last share.
    let question = Question { name: &name, rtype, from: (from.into(), 32), draw: 99 };
    explain(view, &question).unwrap().steps
}

const NOWHERE: [u8; 4] = [192, 0, 2, 1];
const CALIFORNIA: [u8; 4] = [10, 0, 0, 1];

#[track_caller]
fn expect(view: &View, name: &str, rtype: RecordType, from: [u8; 4], wanted: &[&str]) {
    // Short for the zone.
    let full = |line: &&str| line.replace("~", "example.com.");
    let wanted: Vec<String> = wanted.iter().map(full).collect();
    assert_eq!(steps(view, name, rtype, from), wanted, "{name} {rtype}");
}

#[test]
fn what_the_zone_file_says() {
    use RecordType::{A, AXFR, DS, MX, TXT};
    let view = view(&[]);
    for (name, rtype, wanted) in [
        ("ns1", A, &["ns1.~ has A in the zone file: 1 record"][..]),
        ("ns1", MX, &["ns1.~ has no MX records"]),
        ("nope", A, &["nope.~ does not exist in the zone ~"]),
        ("b", A, &["b.~ exists only because there are names below it", "b.~ has no A records"]),
        (
            "Q.w",
            A,
            &[
                "q.w.~ does not exist by itself: *.w.~ stands for it",
                "q.w.~ has A in the zone file: 1 record",
            ],
        ),
        (
            "x.old",
            A,
            &[
                "x.old.~ is below old.~, which is a DNAME in the zone file",
                "the alias leads to x.new.~",
                "x.new.~ has A in the zone file: 1 record",
            ],
        ),
        (
            "h.sub",
            A,
            &["h.sub.~ is below sub.~, which is delegated: refer to the name servers there"],
        ),
        ("sub", A, &["sub.~ is delegated: refer to the name servers there"]),
        ("sub", DS, &["sub.~ has no DS records"]),
        (
            "out",
            A,
            &[
                "out.~ has CNAME in the zone file: 1 record",
                "the alias leads to www.example.net.",
                "www.example.net. is in none of the zones served here",
            ],
        ),
        (
            "l1",
            A,
            &[
                "l1.~ has CNAME in the zone file: 1 record",
                "the alias leads to l2.~",
                "l2.~ has CNAME in the zone file: 1 record",
                "the alias leads to l1.~",
                "this answer has been there already: the alias leads in a circle",
            ],
        ),
        ("example.org.", A, &["example.org. is in none of the zones served here"]),
        ("@", AXFR, &["questions of type AXFR are not answered here"]),
        (
            "www",
            TXT,
            &[
                "www.~ is steered, ttl 30 s",
                "its policy is not for TXT: what the zone file has counts",
                "www.~ has TXT in the zone file: 1 record",
            ],
        ),
        ("ns1", RecordType::Unknown(256), &["ns1.~ has no URI records"]),
    ] {
        expect(&view, name, rtype, NOWHERE, wanted);
    }
}

#[test]
fn other_classes_are_not_other_types() {
    let mut view = view(&[]);
    let asker = Asker {
        source: NOWHERE.into(),
        transport: Transport::Tcp,
        unix_seconds: 0,
        idle_timeout: None,
    };
    let say = |view: &View, owner: &str, class: DNSClass| {
        let mut query = Query::query(WireName::from_ascii(owner).unwrap(), RecordType::TXT);
        query.set_query_class(class);
        let mut message = Message::new(0, MessageType::Query, OpCode::Query);
        message.add_query(query);
        let turns = view.world.turns.copy();
        let chance = Chance { draw: Draw::new(0), turns: &turns };
        let asked = (RecordType::TXT, NOWHERE.into());
        Traced::new(view, &message.to_bytes().unwrap(), &asker, chance, asked).steps.join("; ")
    };
    let refused = "questions of class CH are not answered here";
    assert_eq!(say(&view, "version.bind.", DNSClass::CH), refused);
    assert_eq!(say(&view, "commit.steersman.", DNSClass::CH), refused, "no git, no commit");
    assert_eq!(say(&view, "www.example.com.", DNSClass::HS), refused.replace("CH", "HS"));
    Arc::get_mut(&mut view.world).unwrap().commit = Some("c0ffee".into());
    assert_eq!(say(&view, "commit.steersman.", DNSClass::CH), "it is about the server itself");
}

#[test]
fn how_policies_choose() {
    use RecordType::{A, AAAA, MX};
    let view = view(&[]);
    for (name, rtype, from, wanted) in [
        (
            "blog",
            A,
            NOWHERE,
            &[
                "blog.~ has CNAME in the zone file: 1 record",
                "the alias leads to www.~",
                "www.~ is steered, ttl 30 s",
                "pool east: up, 2 of 2 endpoints up",
                "answer from pool east: 2 endpoints",
            ][..],
        ),
        (
            "wt",
            A,
            NOWHERE,
            &[
                "wt.~ is steered, ttl 30 s",
                "weighted: east 80 of 100, west 20 of 100; chance drew west",
                "pool west: up, 2 of 2 endpoints up",
                "answer from pool west: 1 of 2 endpoints, drawn by weight",
            ],
        ),
        (
            "cdn",
            MX,
            NOWHERE,
            &[
                "cdn.~ is steered, ttl 30 s",
                "pool cdn: up, 1 of 1 endpoints up",
                "answer from pool cdn: 1 endpoint",
                "the alias leads to www.example.net.",
                "www.example.net. is in none of the zones served here",
            ],
        ),
        (
            "nodata",
            AAAA,
            NOWHERE,
            &[
                "nodata.~ is steered, ttl 30 s",
                "pool west: no endpoint of the asked family",
                "no pool that the policy could pick has an endpoint for AAAA",
            ],
        ),
        (
            "x.near",
            A,
            CALIFORNIA,
            &[
                "x.near.~ does not exist by itself: *.near.~ stands for it",
                "*.near.~ is steered, ttl 30 s",
                "nearest: from 40.00, -119.00 it is west 85 km, then east 3709 km (scope /8)",
                "pool west: up, 2 of 2 endpoints up",
                "nearest: west is picked",
                "answer from pool west: 1 of 2 endpoints, drawn by weight",
            ],
        ),
        (
            "geo",
            A,
            CALIFORNIA,
            &[
                "geo.~ is steered, ttl 30 s",
                "geo: the client matches NA-US, then NA, then default, not EU (scope /8)",
                "pool west: up, 2 of 2 endpoints up",
                "geo: key NA-US is picked",
                "answer from pool west: 1 of 2 endpoints, drawn by weight",
            ],
        ),
    ] {
        expect(&view, name, rtype, from, wanted);
    }
    let unknown = &steps(&view, "x.near", A, NOWHERE)[2];
    let wanted = "nearest: the client's place is unknown, so the order of the list counts: \
                  east, then west (scope /1)";
    assert_eq!(unknown, wanted);
}

/// Pool east lacks one of the two that it needs, pool west has none at all.
#[test]
fn what_is_done_when_something_or_all_is_down() {
    use RecordType::A;
    const WEST: &str = "pool west: down, 0 of 2 endpoints up";
    let west_down = view(&[(1, 0), (1, 1)]);
    for (name, wanted) in [
        (
            "geo",
            &[
                "geo.~ is steered, ttl 30 s",
                "geo: the client matches NA-US, then NA, then default, not EU (scope /8)",
                WEST,
                "geo: key NA-US falls through, having nothing to answer",
                "pool east: up, 2 of 2 endpoints up",
                "geo: key NA is picked",
                "answer from pool east: 2 endpoints",
            ][..],
        ),
        (
            "nodata",
            &[
                "nodata.~ is steered, ttl 30 s",
                WEST,
                "every candidate is down: say that there is no data",
            ],
        ),
        ("fail", &["fail.~ is steered, ttl 30 s", WEST, "every candidate is down: fail"]),
        (
            "last",
            &[
                "last.~ is steered, ttl 30 s",
                WEST,
                "every candidate is down: ask the policy of last resort",
                "pool east: up, 2 of 2 endpoints up",
                "answer from pool east: 2 endpoints",
            ],
        ),
        (
            "wt",
            &[
                "wt.~ is steered, ttl 30 s",
                "weighted: east 80 of 100, west 20 of 100 (down); chance drew west",
                WEST,
                "pool east: up, 2 of 2 endpoints up",
                "weighted: of what is up, east 80 of 80; chance drew east",
                "answer from pool east: 2 endpoints",
            ],
        ),
    ] {
        expect(&west_down, name, A, CALIFORNIA, wanted);
    }
    let all_down = view(&[(0, 0), (1, 0), (1, 1)]);
    let wanted = [
        "www.~ is steered, ttl 30 s",
        "pool east: down, 1 of 2 endpoints up where 2 are needed",
        WEST,
        "every candidate is down: answer as if all were up, but for overrides",
        "answer from pool east: 2 endpoints",
    ];
    expect(&all_down, "www", A, NOWHERE, &wanted);
}

#[test]
fn a_pool_in_panic_says_so() {
    let view = view_of(&POOLS.replace("min_healthy = 2", "panic_below = 0.75"), &[(0, 0)]);
    let wanted = [
        "www.~ is steered, ttl 30 s",
        "pool east: up, 1 of 2 endpoints up, in panic: below 75%, so that those that probes call \
         down are answered too",
        "answer from pool east: 2 endpoints",
    ];
    expect(&view, "www", RecordType::A, NOWHERE, &wanted);
}

#[test]
fn a_pool_says_what_it_requires_where_that_is_down() {
    let pools = POOLS.replace("answers = 1", "answers = 1\nrequires = [\"east\", \"cdn\"]");
    let west = |steps: &[String]| {
        steps.iter().find(|step| step.starts_with("pool west: ")).cloned().unwrap()
    };
    for (down, wanted) in [
        (&[][..], "pool west: up, 2 of 2 endpoints up"),
        (&[(0, 0)], "pool west: down, 2 of 2 endpoints up, requires east, which is down"),
        (
            &[(0, 0), (2, 0)],
            "pool west: down, 2 of 2 endpoints up, requires east, which is down, requires cdn, \
             which is down",
        ),
        (
            &[(2, 0), (1, 0), (1, 1)],
            "pool west: down, 0 of 2 endpoints up, requires cdn, which is down",
        ),
    ] {
        let steps = steps(&view_of(&pools, down), "nodata", RecordType::A, NOWHERE);
        assert_eq!(west(&steps), wanted, "{down:?}");
    }
}

/// East has failed and is up again, for a second.
#[test]
fn what_is_held_back_says_since_when_and_until_when() {
    let second = |n| SystemTime::UNIX_EPOCH + Duration::from_secs(n);
    let steering = "manual = { failover = [\"east\", \"west\"], failback = \"manual\" }\n\
                    timed = { failover = [\"east\", \"west\"], failback = \"10m\" }\n\
                    ramp = { weighted = { west = 1, east = 99 }, ramp = \"90s\" }\n";
    let view = view_with(steering, POOLS, &[]);
    let World { inventory, steered, paces, .. } = &*view.world;
    let mut returns = Returns::default();
    returns.expect(inventory, steered, paces);
    returns.see(0, Family::V4, Seen::Failing, second(0));
    let up = StandingNow { standing: Standing::Up, hold: None };
    let pools = Pools::seen_by(
        inventory,
        |_| up,
        |id, family, seen| returns.see(id, family, seen, second(1)),
    );
    let view = View { pools, ..view.clone() };
    let since = "east, up since 1970-01-01T00:00:01Z,";
    const WEST: &str = "pool west: up, 2 of 2 endpoints up";
    for (name, words) in [
        (
            "manual",
            format!(
                "failover: {since} is held back until steersman failback returns to it, while another is up"
            ),
        ),
        (
            "timed",
            format!(
                "failover: {since} is held back until it has been up for 10m, while another is up"
            ),
        ),
    ] {
        let wanted = [
            &format!("{name}.~ is steered, ttl 30 s"),
            "pool east: up, 2 of 2 endpoints up",
            &words,
            WEST,
            "answer from pool west: 1 of 2 endpoints, drawn by weight",
        ];
        expect(&view, name, RecordType::A, NOWHERE, &wanted);
    }
    let wanted = [
        "ramp.~ is steered, ttl 30 s",
        "weighted: west 1 of 100, east 99 of 100; chance drew east",
        "pool east: up, 2 of 2 endpoints up",
        WEST,
        &format!("ramp over 1m30s: {since} takes 1 of 10 of its share; it takes this one"),
        "answer from pool east: 2 endpoints",
    ];
    expect(&view, "ramp", RecordType::A, NOWHERE, &wanted);
}

/// A network keeps to what it drew among all, up or down, as long as that is up.
#[test]
fn a_sticky_choice_shows_both_draws() {
    let both = [view(&[(0, 0), (0, 1)]), view(&[(1, 0), (1, 1)])];
    let drawn = both.map(|view| {
        let steps = steps(&view, "st", RecordType::A, NOWHERE);
        let drawn = steps.into_iter().filter(|step| step.starts_with("weighted: "));
        drawn.collect::<Vec<_>>()
    });
    let is_again = |step: &&String| step.starts_with("weighted: of what is up, ");
    let again: Vec<&String> = drawn.iter().flatten().filter(is_again).collect();
    assert_eq!(drawn.iter().flatten().count(), 3, "{drawn:?}");
    assert_eq!(again.len(), 1, "{drawn:?}");
    assert!(again[0].contains(" 80 of 80; ") || again[0].contains(" 20 of 20; "), "{drawn:?}");
}
