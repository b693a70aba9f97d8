//! What has failed is held back: the second table of `failover.rs`.

use std::time::SystemTime;

use super::*;
use crate::health::{Comeback, PoolComeback, Seen};

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

const MINUTE: Duration = Duration::from_secs(60);

fn held(paces: &mut Paces, failback: Failback, branches: impl Into<Box<[Policy]>>) -> Policy {
    let bit = paces.failback(failback).unwrap();
    Policy::HeldFailover(HeldFailover { branches: branches.into(), failback, bit }.into())
}

fn leaves(count: PoolId) -> Vec<Policy> {
    (0..count).map(leaf).collect()
}

/// A name and the comebacks of pools that it waits for.
struct Stage {
    name: [Box<[SteeredName]>; 1],
    inventory: Inventory,
    returns: Returns,
}

impl Stage {
    fn new(paces: &Paces, policy: Policy) -> Self {
        Self::knowing(Vec::new(), paces, policy)
    }

    fn knowing(comebacks: Vec<PoolComeback>, paces: &Paces, policy: Policy) -> Self {
        let name = [[name(policy, AllDown::Serve)].into()];
        let inventory = World::simple(4).inventory;
        let mut returns = Returns::default();
        comebacks.into_iter().for_each(|comeback| returns.remember(comeback));
        returns.expect(&inventory, &name, paces);
        Self { name, inventory, returns }
    }

    fn pools(&mut self, standings: &str, now: SystemTime) -> Pools {
        let standing = |id: EndpointId| {
            let standing = match standings.as_bytes()[id.pool as usize] {
                b'u' => Standing::Up,
                b'U' => Standing::ForcedUp,
                b'd' => Standing::Down,
                b'-' => Standing::Drained,
                other => panic!("{other}"),
            };
            StandingNow { standing, hold: None }
        };
        let returns = &mut self.returns;
        Pools::seen_by(&self.inventory, standing, |id, family, seen| {
            returns.see(id, family, seen, now)
        })
    }

    /// What is picked when the pools stand so, at a moment.
    fn pick(&mut self, standings: &str, seconds: u64) -> char {
        let pools = self.pools(standings, at(seconds));
        said(&ask(&self.name[0][0], &pools, Asked::A, 0, &Turns::default()))
    }
}

/// Those in capitals came back a moment ago, and are held back; `d` is down.
#[test]
fn what_is_held_back_is_picked_only_if_nothing_else_is_up() {
    for (now, expected) in [
        ("uuu", 'a'),
        ("Huu", 'b'),
        ("HHu", 'c'),
        ("Hdd", 'a'),
        ("HHd", 'a'),
        ("dHH", 'b'),
        ("Hdu", 'c'),
        ("duu", 'b'),
        ("ddH", 'c'),
        ("HHH", 'a'),
        // As if all were up.
        ("ddd", 'a'),
    ] {
        for failback in [Failback::Manual, Failback::After(MINUTE)] {
            let mut paces = Paces::default();
            let policy = held(&mut paces, failback, leaves(3));
            let mut stage = Stage::new(&paces, policy);
            stage.pick(&format!("{}u", now.replace('H', "d")), 0);
            let picked = stage.pick(&format!("{}u", now.replace('H', "u")), 1);
            assert_eq!(picked, expected, "{now} {failback:?}");
        }
    }
}

#[test]
fn time_ends_it_from_the_moment_that_the_pool_is_up() {
    let mut paces = Paces::default();
    let policy = held(&mut paces, Failback::After(MINUTE), leaves(2));
    let mut stage = Stage::new(&paces, policy);
    for (standings, seconds, expected) in [
        ("uuuu", 0, 'a'),
        ("duuu", 10, 'b'),
        ("duuu", 500, 'b'),
        ("uuuu", 501, 'b'),
        ("uuuu", 560, 'b'),
        ("uuuu", 561, 'a'),
        // Once back it stays so.
        ("uuuu", 599, 'a'),
        // From the beginning, each time that it fails.
        ("duuu", 600, 'b'),
        ("uuuu", 610, 'b'),
        ("duuu", 660, 'b'),
        ("uuuu", 661, 'b'),
        ("uuuu", 720, 'b'),
        ("uuuu", 721, 'a'),
        // A drain is no failure, and does not end one.
        ("-uuu", 730, 'b'),
        ("uuuu", 740, 'a'),
        ("duuu", 800, 'b'),
        ("uuuu", 810, 'b'),
        ("-uuu", 820, 'b'),
        ("uuuu", 830, 'b'),
        ("uuuu", 889, 'b'),
        ("uuuu", 890, 'a'),
        // Whoever forces it up has said that it shall be answered.
        ("duuu", 900, 'b'),
        ("Uuuu", 901, 'a'),
        ("uuuu", 902, 'a'),
    ] {
        assert_eq!(stage.pick(standings, seconds), expected, "{standings} at {seconds}");
    }
}

#[test]
fn it_is_due_when_it_changes_and_not_before() {
    let mut paces = Paces::default();
    let timed = held(&mut paces, Failback::After(MINUTE), leaves(2));
    let by_hand = held(&mut paces, Failback::Manual, [leaf(2), leaf(3)]);
    let mut stage = Stage::new(&paces, Policy::Failover([timed, by_hand].into()));
    stage.pools("dddd", at(0));
    stage.pools("uduu", at(10));
    for (now, due) in [(69, &[][..]), (70, &[0]), (1_000_000, &[0])] {
        assert_eq!(stage.returns.due(at(now)), due);
        assert_eq!(stage.returns.is_due(at(now)), !due.is_empty());
    }
    stage.pools("uuuu", at(71));
    assert_eq!(stage.returns.due(at(130)), [0; 0]);
    assert_eq!(stage.returns.due(at(131)), [1]);
    stage.pools("uuuu", at(131));
    assert_eq!(stage.returns.due(at(u32::MAX.into())), [0; 0], "the others wait for a person");
    // What has gone out again waits for nothing.
    stage.pools("duuu", at(200));
    stage.pools("uuuu", at(210));
    assert_eq!(stage.returns.due(at(270)), [0]);
    stage.pools("duuu", at(220));
    assert_eq!(stage.returns.due(at(270)), [0; 0]);
}

#[test]
fn a_person_returns_to_what_is_held_back() {
    for failback in [Failback::Manual, Failback::After(MINUTE)] {
        let mut paces = Paces::default();
        let policy = held(&mut paces, failback, leaves(2));
        let mut stage = Stage::new(&paces, policy);
        assert_eq!(stage.returns.held(0, at(0)), []);
        stage.pools("duuu", at(0));
        assert_eq!(stage.returns.held(0, at(0)), [], "it is down");
        assert_eq!(stage.pick("uuuu", 1), 'b');
        assert_eq!(stage.returns.held(0, at(1)), [Family::V4]);
        let released = stage.returns.released(0, Family::V4).unwrap();
        assert_eq!(stage.pick("uuuu", 2), 'b', "not before it is written down");
        stage.returns.release(0, &released);
        assert_eq!(stage.pick("uuuu", 2), 'a');
        assert_eq!(stage.returns.held(0, at(2)), []);
        // It failed while that was written down: then it is another comeback.
        stage.pick("duuu", 3);
        stage.returns.take_changes();
        stage.returns.release(0, &released);
        assert_eq!(stage.pick("uuuu", 4), 'b');
        stage.returns.release(0, &released);
        assert_eq!(stage.pick("uuuu", 5), 'b', "not of this one has the person spoken");
        let out = Comeback::Out { failed: true };
        assert_eq!(stage.returns.take_changes()[0].comeback, out, "and the journal knows of it");
    }
}

/// What is remembered of one run, and of one world, holds in the next.
#[test]
fn comebacks_outlive_restarts_and_reloads() {
    let mut paces = Paces::default();
    let policy = || held(&mut Paces::default(), Failback::After(MINUTE), leaves(2));
    paces.failback(Failback::After(MINUTE)).unwrap();
    let mut stage = Stage::new(&paces, policy());
    stage.pools("duuu", at(0));
    let changes = stage.returns.take_changes();
    let comeback = |comeback| PoolComeback { pool: "a".into(), family: Family::V4, comeback };
    assert_eq!(changes, [comeback(Comeback::Out { failed: true })]);
    stage.pools("uuuu", at(10));
    let changes = stage.returns.take_changes();
    assert_eq!(changes, [comeback(Comeback::Back { since: at(10), failed: true })]);
    assert!(stage.returns.is_written_down());

    let mut again = Stage::knowing(changes, &paces, policy());
    for stage in [&mut stage, &mut again] {
        stage.returns.expect(&stage.inventory, &stage.name, &paces);
        assert_eq!((stage.pick("uuuu", 69), stage.pick("uuuu", 70)), ('b', 'a'));
        assert_eq!(stage.returns.take_changes(), [comeback(Comeback::Steady)]);
    }
}

/// A branch is returned to when something of it is back that the client would get.
#[test]
fn branches_of_branches_come_back_as_a_whole() {
    let minute = Failback::After(MINUTE);
    let mut paces = Paces::default();
    let inner = branches([(1, leaf(0)), (1, leaf(1))], None);
    let policy = held(&mut paces, minute, [inner, leaf(2)]);
    let mut stage = Stage::new(&paces, policy);
    let mut shares = |standings: &str, now| {
        let pools = stage.pools(standings, at(now));
        let pick = |draw| said(&ask(&stage.name[0][0], &pools, Asked::A, draw, &Turns::default()));
        (0..2).map(pick).collect::<String>()
    };
    assert_eq!(shares("uuuu", 0), "ab");
    assert_eq!(shares("dduu", 1), "cc");
    assert_eq!(shares("uduu", 2), "cc");
    assert_eq!(shares("uuuu", 50), "cc");
    // The first of the two is back for good, and within the branch its weights count.
    assert_eq!(shares("uuuu", 62), "ab");
    assert_eq!(shares("duuu", 63), "cc", "the other one is not yet");
    assert_eq!(shares("duuu", 110), "bb");
}

#[test]
fn each_family_comes_back_by_itself() {
    let mut paces = Paces::default();
    let policy = held(&mut paces, Failback::Manual, leaves(2));
    let mut stage = Stage::new(&paces, policy);
    for pool in &mut stage.inventory.pools {
        pool.endpoints.push(endpoint("2001:db8::1", 1));
    }
    for down in [Some(EndpointId { pool: 0, index: 1 }), None] {
        let returns = &mut stage.returns;
        let pools = Pools::seen_by(
            &stage.inventory,
            |id| {
                let standing = if Some(id) == down { Standing::Down } else { Standing::Up };
                StandingNow { standing, hold: None }
            },
            |id, family, seen| returns.see(id, family, seen, at(0)),
        );
        let pick = |asked| said(&ask(&stage.name[0][0], &pools, asked, 0, &Turns::default()));
        assert_eq!([Asked::A, Asked::Aaaa].map(pick), ['a', 'b']);
    }
    assert_eq!(stage.returns.held(0, at(1)), [Family::V6]);
}

/// What is down by what people said of another pool is no failure either.
#[test]
fn a_pool_whose_database_is_drained_has_not_failed() {
    for (database, expected) in [("-", 'a'), ("d", 'b')] {
        let mut paces = Paces::default();
        let policy = held(&mut paces, Failback::Manual, leaves(2));
        let mut stage = Stage::new(&paces, policy);
        stage.inventory.pools[0].requires = vec![3];
        assert_eq!(stage.pick(&format!("uuu{database}"), 0), 'b');
        assert_eq!(stage.pick("uuuu", 1), expected, "{database}");
    }
}

#[test]
fn nobody_looks_at_pools_that_no_policy_waits_for() {
    let mut stage = Stage::new(&Paces::default(), failover(&[0, 1]));
    stage.pools("dduu", at(0));
    assert_eq!(stage.returns.take_changes(), []);
    assert_eq!(stage.returns.see(0, Family::V4, Seen::Up, at(1)), None);
}
