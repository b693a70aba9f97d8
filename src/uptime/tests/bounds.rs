//! Bounds and branches, each on both of its sides.

use super::*;

fn wish(second: u64, target: &str, planned: bool, why: Option<&str>) -> Record {
    let (target, why) = (target.to_owned(), why.map(str::to_owned));
    record(second, Kind::Wish { target, planned, why })
}

fn up() -> Record {
    snapshot(0, true, &[("main", "east", Stand::Up)])
}

fn whys(report: &Report) -> Vec<Option<&str>> {
    report.failovers.iter().rev().map(|out| out.why.as_deref()).collect()
}

/// A thousand times are listed, the latest ones, and all are counted.
#[test]
fn what_is_left_out_of_failovers_is_said() {
    for (count, listed, more) in [(1000, 1000, 900), (1001, 1000, 901)] {
        let mut records = vec![up()];
        for second in 1..=count {
            records.extend([pool(2 * second, "main", Stand::Down)]);
            records.extend([pool(2 * second + 1, "main", Stand::Up)]);
        }
        let report = report(0, 3000, records);
        assert_eq!((report.failovers.len(), report.failovers_in_all), (listed, count as usize));
        assert_eq!(report.failovers[0].from, to_rfc3339(at(2 * count)));
        let said = format!("\nand {more} more, of which the JSON has some or all\n");
        assert!(text(&report).contains(&said), "{count}");
    }
}

/// A thousand names are listed, those that were asked most, and all are counted.
#[test]
fn what_is_left_out_of_names_is_said() {
    for (count, listed, more) in
        [(100, 100, None), (1000, 1000, Some(900)), (1001, 1000, Some(901))]
    {
        let names = (0..count).map(|n: u64| {
            // The first is asked once, all others more often.
            let asked = if n == 0 { 1 } else { 2 + n % 2 };
            (format!("n{n:04}"), BTreeMap::from([("main".to_owned(), asked)]))
        });
        let report =
            report(0, 60, vec![up(), record(60, Kind::Answers { names: names.collect() })]);
        assert_eq!((report.names.len(), report.names_in_all), (listed, count as usize));
        let first = [&report.names[0], &report.names[1]].map(|of| (&*of.name, of.answers));
        assert_eq!(first, [("n0001", 3), ("n0003", 3)], "as often, by name");
        let has_least = report.names.iter().any(|of| of.name == "n0000");
        assert_eq!(has_least, count <= 1000);
        let plain = text(&report);
        match more {
            Some(more) => assert!(plain.contains(&format!("\nand {more} more, of which "))),
            None => assert!(!plain.contains(" more, of which ")),
        }
    }
}

/// Answers until the end of the period count, and none after it.
#[test]
fn answers_after_the_period_are_none_of_it() {
    let answers = |second| {
        let pools = BTreeMap::from([("main".to_owned(), 1)]);
        record(second, Kind::Answers { names: [("www".to_owned(), pools)].into() })
    };
    let report = report(10, 60, vec![up(), answers(10), answers(11), answers(60), answers(61)]);
    assert_eq!(report.names[0].answers, 2);
}

/// Whoever looks says so each minute; one and a half of silence more is borne.
#[test]
fn silence_of_two_and_a_half_minutes_is_no_gap() {
    for (silence, observed, gaps) in [(150, 300, 0), (151, 150, 1)] {
        let mut records = vec![up()];
        records.extend(alive([silence, silence + 150].into_iter()));
        let report = report(0, silence + 150, records);
        assert_eq!(
            (report.observed_s, report.gaps.len()),
            (f64::from(observed), gaps),
            "{silence}"
        );
    }
    // The same at the end, of which nothing is written down yet.
    for (until, observed, gaps) in [(150, 150, 0), (151, 0, 1)] {
        let report = report(0, until, vec![up()]);
        assert_eq!((report.observed_s, report.gaps.len()), (f64::from(observed), gaps), "{until}");
        assert_eq!(report.pools.len(), usize::from(gaps == 0));
    }
}

/// Whoever says that nobody looks any more is believed at once, and so is a start.
#[test]
fn a_stop_and_a_start_are_gaps_however_short() {
    let stop = vec![up(), record(30, Kind::Stop), record(40, Kind::Alive)];
    let start =
        vec![up(), record(30, Kind::Alive), snapshot(40, true, &[("main", "east", Stand::Up)])];
    for records in [stop, start] {
        let report = report(0, 50, records);
        let gap = Gap { from: "2027-01-15T08:00:30Z".into(), until: "2027-01-15T08:00:40Z".into() };
        assert_eq!((report.observed_s, &*report.gaps), (40.0, &[gap][..]));
        assert_eq!(report.pools[0].times.up_s, 40.0);
    }
    let again = snapshot(40, false, &[("main", "east", Stand::Up)]);
    assert_eq!(report(0, 50, vec![up(), again]).gaps, [], "other files are no start");
}

/// What leads to a change is written down within two seconds of it.
#[test]
fn a_cause_is_beside_what_it_causes() {
    for (later, why) in
        [(0, Some("connection refused")), (2, Some("connection refused")), (3, None)]
    {
        let fallen = endpoint(10 + later, "main/192.0.2.1", Stand::Down);
        let report = report(0, 60, vec![up(), pool(10, "main", Stand::Down), fallen]);
        assert_eq!(whys(&report), [why], "{later}");
    }
    // One of another pool is none, nor is one that is up.
    for (of, stand) in [("main2/192.0.2.1", Stand::Down), ("main/192.0.2.1", Stand::Up)] {
        let report =
            report(0, 60, vec![up(), pool(10, "main", Stand::Down), endpoint(10, of, stand)]);
        assert_eq!(whys(&report), [None], "{of}");
    }
}

/// What fails has failed by itself, whatever people say beside it; what people take out, they take out.
#[test]
fn people_are_no_cause_of_a_failure_and_failures_none_of_a_drain() {
    let drain = |second| wish(second, "pool:main", false, Some("kernel"));
    let fallen = |second| endpoint(second, "main/192.0.2.1", Stand::Down);
    let failed = report(0, 60, vec![up(), pool(10, "main", Stand::Down), drain(10), fallen(11)]);
    assert_eq!(whys(&failed), [Some("connection refused")]);
    let drained = report(0, 60, vec![up(), pool(10, "main", Stand::Away), fallen(10), drain(11)]);
    assert_eq!(whys(&drained), [Some("kernel")]);
    assert_eq!(drained.failovers[0].detected_s, None);
}

/// A pool that was drained and fails meanwhile is told of twice.
#[test]
fn a_failure_during_a_drain_is_another_matter() {
    let stands = [Stand::Away, Stand::Away, Stand::Down, Stand::Down, Stand::Up];
    let mut records = vec![up()];
    records.extend((1..).zip(stands).map(|(n, stand)| pool(10 * n, "main", stand)));
    let report = report(0, 60, records);
    let [failed, drained] = report.failovers.as_slice() else { panic!("{report:#?}") };
    assert_eq!((drained.planned, drained.lasted_s), (true, 20.0));
    assert_eq!((failed.planned, failed.lasted_s), (false, 20.0));
    assert_eq!(drained.until.as_deref(), Some(&*failed.from));
    assert_eq!(failed.until.as_deref(), Some(&*to_rfc3339(at(50))));
}

/// What is out and then no more was not seen to be up again, and no time passes for it.
#[test]
fn a_pool_that_is_taken_out_of_the_files_ends_there() {
    let mut records = vec![up(), pool(10, "main", Stand::Down), snapshot(30, false, &[])];
    records.extend(alive([60].into_iter()));
    let report = report(0, 60, records);
    let [out] = report.failovers.as_slice() else { panic!("{report:#?}") };
    assert_eq!((out.lasted_s, out.until.as_deref()), (20.0, None));
    let (pool, endpoint) = (&report.pools[0].times, &report.endpoints[0].times);
    assert_eq!((pool.up_s, pool.down_s), (10.0, 20.0));
    assert_eq!(endpoint.up_s, 30.0);
}

/// Of several wishes the last one is the reason; those of other pools are none, and those that are over neither.
#[test]
fn the_last_wish_that_stands_is_the_reason() {
    let all = [
        wish(1, "pool:main", false, Some("first")),
        wish(2, "region:east", true, Some("second")),
        wish(3, "endpoint:main/192.0.2.1", false, Some("third")),
        wish(4, "endpoint:main2/192.0.2.1", false, Some("of another pool")),
        wish(4, "region:west", false, Some("of another region")),
        wish(4, "endpoint:maim/192.0.2.1", false, Some("of one before")),
    ];
    let over = [
        wish(5, "endpoint:main/192.0.2.1", false, None),
        wish(5, "region:east", true, None),
        wish(5, "pool:main", false, None),
    ];
    for (ended, why) in (0..).zip([Some("third"), Some("second"), Some("first"), None]) {
        let records = [up()].into_iter().chain(all.clone()).chain(over[..ended].to_vec());
        let report = report(0, 60, records.chain([pool(10, "main", Stand::Away)]).collect());
        assert_eq!(whys(&report), [why], "{ended}");
    }
    // A plan that is over ends no wish of people.
    let records = vec![
        up(),
        wish(1, "pool:main", false, Some("people")),
        wish(2, "pool:main", true, None),
        pool(10, "main", Stand::Away),
    ];
    assert_eq!(whys(&report(0, 60, records)), [Some("people")]);
}

/// The best of its pools is how a region stands; of those that are not up, one that is not heard of yet.
#[test]
fn a_region_stands_as_the_best_of_its_pools() {
    use Stand::{Away, Down, Unknown, Up};
    for (one, other, stands) in [
        (Up, Unknown, Up),
        (Up, Down, Up),
        (Up, Away, Up),
        (Unknown, Down, Unknown),
        (Unknown, Away, Unknown),
        (Down, Away, Down),
        (Away, Away, Away),
    ] {
        for (a, b) in [(one, other), (other, one)] {
            let all = snapshot(0, true, &[("a", "east", a), ("b", "east", b)]);
            let times = report(0, 60, vec![all]).regions[0].times;
            let long = [(Up, times.up_s), (Unknown, times.unknown_s)];
            let long = [&long[..], &[(Down, times.down_s), (Away, times.away_s)]].concat();
            let stood: Vec<Stand> =
                long.iter().filter(|(_, time)| *time == 60.0).map(|(stand, _)| *stand).collect();
            assert_eq!(stood, [stands], "{a:?} and {b:?}");
        }
    }
}
