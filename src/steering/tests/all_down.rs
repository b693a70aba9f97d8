//! What is said when nothing is up.

use super::*;

#[test]
fn when_all_are_down_the_name_says_what_happens() {
    let cases: [(AllDown, char); 4] = [
        (AllDown::Serve, 'a'),
        (AllDown::NoData, '-'),
        (AllDown::ServFail, '!'),
        (AllDown::Policy(leaf(2)), 'c'),
    ];
    for (all_down, expected) in cases {
        let world = down(World::simple(3), &[0, 1]);
        let name = name(failover(&[0, 1]), all_down);
        let pools = world.pools();
        let choice = ask(&name, &pools, Asked::A, 0, &Turns::default());
        assert_eq!((said(&choice), choice.all_down), (expected, true));
    }
    // The last resort is down as well: still better than nothing.
    let world = down(World::simple(3), &[0, 1, 2]);
    let name = name(failover(&[0, 1]), AllDown::Policy(leaf(2)));
    let pools = world.pools();
    assert_eq!(said(&ask(&name, &pools, Asked::A, 0, &Turns::default())), 'c');
}

#[test]
fn when_all_are_down_drained_come_after_failing_and_forced_down_last() {
    use Standing::{Down, Drained, ForcedDown};
    for (standings, expected) in [
        ([Drained, Down], 'b'),
        ([ForcedDown, Down], 'b'),
        ([ForcedDown, Drained], 'b'),
        ([Drained, ForcedDown], 'a'),
        ([ForcedDown, ForcedDown], 'a'),
        ([Drained, Drained], 'a'),
    ] {
        let world = World::simple(2).stand(0, 0, standings[0]).stand(1, 0, standings[1]);
        let name = name(failover(&[0, 1]), AllDown::Serve);
        let pools = world.pools();
        let choice = ask(&name, &pools, Asked::A, 0, &Turns::default());
        assert_eq!((said(&choice), choice.all_down), (expected, true), "{standings:?}");
    }
}
