//! Pools that are up only while others are: the second table of `set.rs`.

use super::*;

/// Pools of one endpoint each, and what they require.
fn tied(requires: &[&[PoolId]]) -> World {
    let mut world = World::simple(requires.len() as u8);
    for (pool, required) in world.inventory.pools.iter_mut().zip(requires) {
        pool.requires = required.to_vec();
    }
    world
}

/// Which pools are up, as letters.
fn up(pools: &Pools) -> String {
    let set = |id| pools.get(id).and_then(|state| state.set(Asked::A));
    let up = (0..16).filter(|id| set(*id).is_some_and(Set::is_up));
    up.map(|id| char::from(b'a' + id as u8)).collect()
}

#[test]
fn a_pool_is_up_only_while_what_it_requires_is() {
    use Standing::{Down, Drained, ForcedDown, ForcedUp, Up};
    for (own, required, expected, standing) in [
        (Up, Up, true, Up),
        (Up, Down, false, Down),
        (Up, Drained, false, Down),
        (Up, ForcedDown, false, Down),
        (Up, ForcedUp, true, Up),
        (Down, Up, false, Down),
        (Down, Down, false, Down),
        (Drained, Down, false, Drained),
        (ForcedDown, Down, false, ForcedDown),
        (ForcedUp, Down, true, Up),
        (ForcedUp, Up, true, Up),
    ] {
        let pools = tied(&[&[1], &[]]).stand(0, 0, own).stand(1, 0, required).pools();
        let set = pools.get(0).unwrap().set(Asked::A).unwrap();
        assert_eq!((set.is_up(), set.standing), (expected, standing), "{own:?} {required:?}");
        assert_eq!(hosts(set), [0], "there is a last resort");
    }
}

#[test]
fn all_that_is_required_must_be_up_and_all_that_these_require() {
    // a requires b and c, b requires d, c and d require e; f stands alone.
    let world = || tied(&[&[1, 2], &[3], &[4], &[4], &[], &[]]);
    for (downed, expected) in [
        (&[][..], "abcdef"),
        (&[0], "bcdef"),
        (&[1], "cdef"),
        (&[2], "bdef"),
        (&[3], "cef"),
        (&[4], "f"),
        (&[5], "abcde"),
    ] {
        assert_eq!(up(&down(world(), downed).pools()), expected, "{downed:?}");
    }
}

/// As few as possible are summed anew, and in whatever order they stand in the file.
#[test]
fn a_change_sums_what_depends_on_it_and_no_more() {
    let some: [&[&[PoolId]]; 2] =
        [&[&[1, 2], &[3], &[4], &[4], &[], &[]], &[&[], &[], &[1], &[2], &[3, 1]]];
    for requires in some {
        let world = tied(requires);
        let before = world.pools();
        assert_eq!(up(&before).len(), requires.len());
        for changed in 0..requires.len() as PoolId {
            let after_all = down(tied(requires), &[changed]);
            let looked_at = std::cell::RefCell::new(std::collections::BTreeSet::new());
            let after = before.with(
                &[changed],
                &world.inventory,
                |id| {
                    looked_at.borrow_mut().insert(id.pool);
                    let standing = if id.pool == changed { Standing::Down } else { Standing::Up };
                    StandingNow { standing, hold: None }
                },
                |_, _, _| None,
            );
            assert_eq!(up(&after), up(&after_all.pools()), "{changed}");
            let summed: Vec<PoolId> = looked_at.into_inner().into_iter().collect();
            assert_eq!(summed, before.and_dependents(&[changed]), "{changed}");
            let dependent = |id: &PoolId| !up(&after).contains(char::from(b'a' + *id as u8));
            assert!(summed.iter().all(dependent), "{changed}: {summed:?}");
        }
    }
    assert_eq!(tied(&[&[1], &[], &[]]).pools().and_dependents(&[1, 2]), [0, 1, 2]);
    assert_eq!(World::simple(3).pools().and_dependents(&[1, 2]), [1, 2]);
}

/// Whichever family it is: an application speaks to its database by one of them.
#[test]
fn what_is_required_is_up_for_any_of_its_families() {
    let mut app = pool("a", ["10.0.0.0", "2001:db8::1"].map(|a| endpoint(a, 1)).into());
    app.requires = vec![1];
    let database = pool("b", ["10.0.0.1", "2001:db8::2"].map(|a| endpoint(a, 1)).into());
    for (downed, expected) in [(&[][..], true), (&[0], true), (&[1], true), (&[0, 1], false)] {
        let world = World::of(vec![app.clone(), database.clone()]);
        let world = downed.iter().fold(world, |w, index| w.stand(1, *index, Standing::Down));
        let pools = world.pools();
        for asked in [Asked::A, Asked::Aaaa] {
            let set = pools.get(0).unwrap().set(asked).unwrap();
            assert_eq!(set.is_up(), expected, "{asked:?} {downed:?}");
        }
    }
}

#[test]
fn doubt_about_what_is_required_shortens_the_ttl() {
    for (own, required, expected) in [
        (None, None, 30),
        (None, Some(5_000), 5),
        (Some(9_000), Some(5_000), 5),
        (Some(4_000), Some(5_000), 4),
    ] {
        let doubt = |world: World, pool, ms: Option<u64>| match ms {
            Some(ms) => world.doubt(pool, 0, Standing::Up, ms),
            None => world,
        };
        // By way of another pool.
        let world = doubt(doubt(tied(&[&[1], &[2], &[]]), 0, own), 2, required);
        let (name, pools) = (name(leaf(0), AllDown::Serve), world.pools());
        let choice = ask(&name, &pools, Asked::A, 0, &Turns::default());
        assert_eq!(choice.ttl_seconds, expected, "{own:?} {required:?}");
    }
}

#[test]
fn an_application_gives_way_when_its_database_is_down() {
    let world = |downed: &[PoolId]| down(tied(&[&[2], &[3], &[], &[]]), downed);
    for (downed, expected) in [(&[][..], 'a'), (&[2], 'b'), (&[2, 1], '-'), (&[3], 'a')] {
        let shares = shares(&world(downed), failover(&[0, 1]), 1);
        assert_eq!(shares, BTreeMap::from([(expected, 1)]), "{downed:?}");
    }
    // With both down it is as if all were up.
    let world = world(&[2, 3]);
    let (name, pools) = (name(failover(&[0, 1]), AllDown::Serve), world.pools());
    let choice = ask(&name, &pools, Asked::A, 0, &Turns::default());
    assert_eq!((said(&choice), choice.all_down), ('a', true));
}
