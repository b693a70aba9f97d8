//! Each in turn.

use super::*;

#[test]
fn round_robin_takes_turns_among_those_that_are_up() {
    for (downed, expected) in
        [(&[][..], "abcabc"), (&[1], "acacac"), (&[0, 2], "bbbbbb"), (&[0, 1, 2], "------")]
    {
        let world = down(World::simple(3), downed);
        let (name, pools) = (name(round_robin(&[0, 1, 2]), AllDown::NoData), world.pools());
        let turns = Turns::new(Turns::OF_A_POLICY);
        let said: String = (0..6).map(|_| said(&ask(&name, &pools, Asked::A, 0, &turns))).collect();
        assert_eq!(said, expected);
    }
}

#[test]
fn questions_for_aaaa_take_turns_of_their_own() {
    let both = |n: u8| {
        let v6 = endpoint(&format!("2001:db8::{n}"), 1);
        pool(&n.to_string(), vec![endpoint(&format!("10.0.0.{n}"), 1), v6])
    };
    let world = World::of(vec![both(0), both(1)]);
    let (name, pools) = (name(round_robin(&[0, 1]), AllDown::Serve), world.pools());
    let turns = Turns::new(Turns::OF_A_POLICY);
    // Clients that ask A and AAAA in pairs meet the same pool for both.
    for expected in ['a', 'b', 'a'] {
        for asked in [Asked::A, Asked::Aaaa] {
            assert_eq!(said(&ask(&name, &pools, asked, 0, &turns)), expected);
        }
    }
}

/// Browsers ask for A, AAAA and HTTPS; what one of them gets must not depend on the others.
#[test]
fn questions_for_other_types_take_turns_of_their_own() {
    let host = || Endpoint {
        address: EndpointAddress::Host { wire: [1, b'a', 0].into(), text: "a.".into() },
        weight: 1,
        probe: None,
    };
    let world = World::of(vec![pool("0", vec![host()]), pool("1", vec![host()])]);
    let (name, pools) = (name(round_robin(&[0, 1]), AllDown::Serve), world.pools());
    let turns = Turns::new(Turns::OF_A_POLICY);
    for expected in ['a', 'b', 'a'] {
        for asked in [Asked::A, Asked::Alias, Asked::Aaaa] {
            assert_eq!(said(&ask(&name, &pools, asked, 0, &turns)), expected, "{asked:?}");
        }
    }
}
