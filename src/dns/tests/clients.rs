//! Who the client is, and who else is given the same answer.

use std::sync::Arc;

use super::support::{Setup, ask, failover, pool};
use crate::health::{
    PoolId,
    Standing::{Down, Up},
};
use crate::place::{GeoKey, Places, geo_map};
use crate::steering::{AllDown, Branch, Placed, PlacedBy, Policy, Weighted};

const SERVE: AllDown = AllDown::Serve;

fn geo(keys: &[GeoKey]) -> Policy {
    geo_from(0, keys)
}

/// Each key leads to a pool, from `first` on.
fn geo_from(first: PoolId, keys: &[GeoKey]) -> Policy {
    Policy::Placed(Placed {
        map: Arc::new(geo_map(&Places::unknown(), keys)),
        branches: (first..).take(keys.len()).map(pool).collect(),
        by: PlacedBy::Geo(Box::default()).into(),
    })
}

fn network(text: &str) -> GeoKey {
    let (address, length) = text.split_once('/').unwrap();
    GeoKey::Network { address: address.parse().unwrap(), length: length.parse().unwrap() }
}

/// The client is the subnet if one is sent, else the source; the scope is the widest network
/// with the same kind of choice, and 0 for whatever does not depend on the client.
#[test]
fn client_and_scope() {
    let keys = [network("10.0.0.0/8"), network("2001:db8::/32"), GeoKey::Default];
    let mut setup = Setup::default();
    for last in 1..=3 {
        setup = setup.pool(&[&format!("192.0.2.{last}")]);
    }
    let view = setup
        .zone("example.", "fixed A 192.0.2.9\nto CNAME geo\ntofixed CNAME fixed")
        .steer("geo.example.", geo(&keys), AllDown::Serve)
        .steer(
            "sticky.example.",
            Policy::Weighted(
                Weighted::new([Branch { weight: 1, policy: pool(0) }].into(), Some(1)).unwrap(),
            ),
            AllDown::Serve,
        )
        .steer("plain.example.", failover(&[0, 1]), AllDown::Serve)
        .view();
    let mapped = [&[0, 2, 120, 0][..], &[0; 10], &[0xff, 0xff, 10, 1, 2]].concat();
    for (question, subnet, last, scope) in [
        ("geo.example. A", &[0, 1, 24, 0, 10, 1, 2][..], 1, 8),
        ("geo.example. A", &[0, 1, 4, 0, 0], 3, 5),
        ("geo.example. A", &[0, 1, 24, 0, 192, 0, 2], 3, 1),
        ("geo.example. A", &[0, 2, 48, 0, 0x20, 0x01, 0x0d, 0xb8, 0, 1], 2, 32),
        ("geo.example. A", &[0, 2, 16, 0, 0x20, 0x02], 3, 15),
        ("geo.example. A", &mapped, 1, 96 + 8),
        // No network is told: the source decides.
        ("geo.example. A", &[0, 1, 0, 0], 3, 0),
        ("to.example. A", &[0, 1, 24, 0, 10, 1, 2], 1, 8),
        ("fixed.example. A", &[0, 1, 24, 0, 10, 1, 2], 9, 0),
        ("tofixed.example. A", &[0, 1, 24, 0, 10, 1, 2], 9, 0),
        ("plain.example. A", &[0, 1, 24, 0, 10, 1, 2], 1, 0),
        ("sticky.example. A", &[0, 1, 32, 0, 10, 1, 2, 3], 1, 24),
        ("sticky.example. A", &[0, 2, 8, 0, 0x20], 1, 56),
    ] {
        let reply = ask(question).subnet(subnet).of(&view);
        let address = reply.message().answers.last().unwrap().data.to_string();
        assert_eq!(address, format!("192.0.2.{last}"), "{question} {subnet:?}");
        let mut wanted = subnet.to_vec();
        wanted[3] = scope;
        assert_eq!(reply.subnet(), Some(wanted), "{question}");
    }
    let mut inside = ask("geo.example. A");
    inside.source = [10, 0, 0, 1].into();
    assert_eq!(inside.of(&view).text(), "NOERROR aa; Q 30 A 192.0.2.1");
    inside.source = "::ffff:10.0.0.1".parse().unwrap();
    assert_eq!(inside.of(&view).text(), "NOERROR aa; Q 30 A 192.0.2.1");
    let source_decides = inside.subnet(&[0, 2, 0, 0]).of(&view);
    assert_eq!(source_decides.text(), "NOERROR aa; Q 30 A 192.0.2.1");
    assert_eq!(source_decides.scope(), Some(0));
    for (question, scope) in [
        // The family is absent everywhere, whoever asks.
        ("geo.example. AAAA", 0),
        ("geo.example. MX", 0),
        ("nope.example. A", 0),
    ] {
        let reply = ask(question).subnet(&[0, 1, 24, 0, 10, 1, 2]).of(&view);
        assert_eq!(reply.scope(), Some(scope), "{question}");
    }
    let outside = ask("elsewhere. A").subnet(&[0, 1, 24, 0, 10, 1, 2]).of(&view);
    assert_eq!((outside.text(), outside.scope()), ("REFUSED".into(), Some(0)));
}

/// Whether a mixed name is an alias depends on the client, and so does what it lacks.
#[test]
fn what_a_mixed_name_lacks_depends_on_the_client() {
    let keys = [network("10.0.0.0/8"), GeoKey::Default];
    let view = Setup::default()
        .pool(&["192.0.2.1"])
        .pool(&["cdn.example.net."])
        .zone("example.", "")
        .steer("www.example.", geo(&keys), AllDown::Serve)
        .view();
    let near = ask("www.example. MX").subnet(&[0, 1, 24, 0, 10, 1, 2]).of(&view);
    assert_eq!((near.text(), near.scope()), ("NOERROR aa; ! example. 30 SOA".into(), Some(8)));
    let far = ask("www.example. MX").subnet(&[0, 1, 24, 0, 192, 0, 2]).of(&view);
    let alias = "NOERROR aa; Q 30 CNAME cdn.example.net.".into();
    assert_eq!((far.text(), far.scope()), (alias, Some(1)));
}

/// Whoever shares the answer shares each of its links.
#[test]
fn the_narrowest_link_of_a_chain_is_its_scope() {
    for (first, second, scope) in
        [("10.1.2.0/24", "10.0.0.0/8", 24), ("10.0.0.0/8", "10.1.2.0/24", 24)]
    {
        let view = Setup::default()
            .pool(&["second.example."])
            .pool(&["elsewhere."])
            .pool(&["192.0.2.1"])
            .pool(&["192.0.2.2"])
            .zone("example.", "")
            .steer("first.example.", geo_from(0, &[network(first), GeoKey::Default]), SERVE)
            .steer("second.example.", geo_from(2, &[network(second), GeoKey::Default]), SERVE)
            .view();
        let reply = ask("first.example. A").subnet(&[0, 1, 32, 0, 10, 1, 2, 3]).of(&view);
        let chain = "NOERROR aa; Q 30 CNAME second.example.; second.example. 30 A 192.0.2.1";
        assert_eq!((&*reply.text(), reply.scope()), (chain, Some(scope)), "{first} {second}");
    }
}

/// A question for any type looks at IPv4 first. What it sees there decides with what is answered
/// in the end, and so has its part in scope and TTL; and the other way round.
#[test]
fn any_depends_on_both_families() {
    let keys = [network("10.0.0.0/8"), GeoKey::Default];
    let setup = || {
        Setup::default()
            .pool(&["192.0.2.1", "2001:db8::1"])
            .pool(&["192.0.2.2", "2001:db8::2"])
            .pool(&["2001:db8::3"])
            .zone("example.", "")
            .steer("both.example.", geo(&keys), SERVE)
            .steer(
                // Only IPv4 looks beyond the first.
                "beyond.example.",
                Policy::Failover(Box::new([pool(2), geo(&keys)])),
                SERVE,
            )
    };
    // Where the endpoints of IPv4 and IPv6 stand, of those that the client is led to.
    for (question, v4, v6, wanted, scope) in [
        ("both.example. ANY", (Up, None), (Up, Some(3_000)), "30 A 192.0.2.1", 8),
        ("both.example. ANY", (Up, Some(5_000)), (Up, Some(3_000)), "5 A 192.0.2.1", 8),
        ("both.example. ANY", (Down, Some(5_000)), (Up, None), "5 AAAA 2001:db8::1", 8),
        ("both.example. ANY", (Down, None), (Up, Some(3_000)), "3 AAAA 2001:db8::1", 8),
        ("beyond.example. ANY", (Down, None), (Up, None), "30 AAAA 2001:db8::3", 8),
        ("beyond.example. AAAA", (Down, None), (Up, None), "30 AAAA 2001:db8::3", 0),
    ] {
        let view = setup()
            .stand(0, 0, v4.0, v4.1)
            .stand(0, 1, v6.0, v6.1)
            .stand(1, 0, Down, None)
            .stand(1, 1, Down, None)
            .view();
        let reply = ask(question).subnet(&[0, 1, 24, 0, 10, 1, 2]).of(&view);
        let wanted = format!("NOERROR aa; Q {wanted}");
        assert_eq!(
            (reply.text(), reply.scope()),
            (wanted, Some(scope)),
            "{question} {v4:?} {v6:?}"
        );
    }
}
