//! How wide a network shares a choice: as narrow as the narrowest look at the client.

use super::*;

/// By one network of this many bits around the client, or else the default: both lead to `inner`.
fn geo(length: u8, inner: &Policy) -> Policy {
    let keys = [GeoKey::Network { address: network(length), length }, GeoKey::Default];
    let branches = [inner.clone(), inner.clone()].into();
    let map = Arc::new(geo_map(&Places::unknown(), &keys));
    Policy::Placed(Placed { map, branches, by: PlacedBy::Geo(Box::default()).into() })
}

fn network(length: u8) -> IpAddr {
    let IpAddr::V4(client) = client() else { panic!() };
    IpAddr::from((client.to_bits() & u32::MAX << (32 - length)).to_be_bytes())
}

fn sticky(inner: &Policy) -> Policy {
    branches([(1, inner.clone())], 7)
}

#[test]
fn only_what_was_looked_at_narrows_the_scope() {
    let policy = || Policy::Failover(Box::new([leaf(0), geo(24, &leaf(1))]));
    for (downed, expected) in [(&[][..], ('a', 0)), (&[0], ('b', 24))] {
        let world = down(World::simple(2), downed);
        let (name, pools) = (name(policy(), AllDown::Serve), world.pools());
        let choice = ask(&name, &pools, Asked::A, 0, &Turns::default());
        assert_eq!((said(&choice), choice.scope), expected);
    }
}

#[test]
fn the_narrowest_of_nested_policies_is_the_scope_wherever_it_stands() {
    for (what, policy, expected) in [
        ("geo /32 in itself", geo(32, &leaf(0)), 32),
        ("geo /24 in geo /32", geo(32, &geo(24, &leaf(0))), 32),
        ("geo /32 in geo /24", geo(24, &geo(32, &leaf(0))), 32),
        ("sticky in geo /32", geo(32, &sticky(&leaf(0))), 32),
        ("sticky in geo /16", geo(16, &sticky(&leaf(0))), 24),
        ("geo /16 in sticky", sticky(&geo(16, &leaf(0))), 24),
        ("geo /32 in sticky", sticky(&geo(32, &leaf(0))), 32),
        ("geo /8 in geo /16 in geo /24", geo(24, &geo(16, &geo(8, &leaf(0)))), 24),
    ] {
        let (name, pools) = (name(policy, AllDown::Serve), World::simple(1).pools());
        let choice = ask(&name, &pools, Asked::A, 0, &Turns::default());
        assert_eq!((said(&choice), choice.scope), ('a', expected), "{what}");
    }
}
