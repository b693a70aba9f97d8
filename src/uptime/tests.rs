mod bounds;

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use proptest::prelude::*;

use super::*;
use crate::timestamp::to_rfc3339;

/// The records of tests count seconds from here.
fn at(second: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000 + second)
}

fn record(second: u64, kind: Kind) -> Record {
    Record { at: to_rfc3339(at(second)), kind }
}

fn pool_now(region: &str, stand: Stand) -> PoolNow {
    PoolNow {
        region: Some(region.into()),
        families: [("a".to_owned(), stand)].into(),
        endpoints: [("192.0.2.1".to_owned(), stand)].into(),
    }
}

fn snapshot(second: u64, start: bool, pools: &[(&str, &str, Stand)]) -> Record {
    let pools =
        pools.iter().map(|(pool, region, stand)| ((*pool).to_owned(), pool_now(region, *stand)));
    record(second, Kind::Snapshot { start, pools: pools.collect() })
}

fn pool(second: u64, pool: &str, stand: Stand) -> Record {
    record(second, Kind::Pool { pool: pool.into(), family: "a".into(), stand })
}

fn endpoint(second: u64, endpoint: &str, stand: Stand) -> Record {
    let last_good = (stand == Stand::Down).then(|| to_rfc3339(at(second - 2)));
    let reason = (stand == Stand::Down).then(|| "connection refused".to_owned());
    record(second, Kind::Endpoint { endpoint: endpoint.into(), stand, reason, last_good })
}

fn report(since: u64, until: u64, records: Vec<Record>) -> Report {
    let mut ledger = Ledger::new(Period { since: at(since), until: at(until) });
    records.into_iter().for_each(|record| ledger.take(record));
    ledger.report(|name, pool| (name == "www" && pool == "main").then_some(0.75))
}

fn alive(seconds: impl Iterator<Item = u64>) -> Vec<Record> {
    seconds.map(|second| record(second, Kind::Alive)).collect()
}

/// Whether what led to it is written down before it or after it: that is it, and not what was before.
#[test]
fn what_leads_to_it_is_written_down_beside_it() {
    let fallen = |second, reason: &str| {
        let last_good = Some(to_rfc3339(at(second - 3)));
        let (endpoint, reason) = ("main/192.0.2.1".into(), Some(reason.to_owned()));
        record(second, Kind::Endpoint { endpoint, stand: Stand::Down, reason, last_good })
    };
    let wish = |second, why: &str| {
        record(
            second,
            Kind::Wish { target: "pool:main".into(), planned: true, why: Some(why.into()) },
        )
    };
    let all = vec![
        snapshot(0, true, &[("main", "east", Stand::Up)]),
        fallen(10, "first"),
        pool(10, "main", Stand::Down),
        pool(20, "main", Stand::Up),
        pool(30, "main", Stand::Down),
        fallen(30, "second"),
        fallen(31, "another one"),
        pool(40, "main", Stand::Up),
        pool(50, "main", Stand::Away),
        wish(50, "third"),
        pool(60, "main", Stand::Up),
        pool(70, "main", Stand::Down),
        fallen(80, "much later"),
    ];
    let report = report(0, 100, all);
    let whys: Vec<_> =
        report.failovers.iter().rev().map(|out| (out.why.as_deref(), out.detected_s)).collect();
    let detected = Some(3.0);
    let expected = [(Some("first"), detected), (Some("second"), detected), (Some("third"), None)];
    assert_eq!(whys[..3], expected);
    assert_eq!(whys[3].0, Some("another one"), "the last that was known then");
}

/// Records in the order of their times.
fn sorted(mut records: Vec<Record>) -> Vec<Record> {
    records.sort_by(|a, b| a.at.cmp(&b.at));
    records
}

/// An hour, with a minute of it down.
fn an_hour() -> Vec<Record> {
    let mut records = vec![
        snapshot(0, true, &[("main", "east", Stand::Up), ("backup", "west", Stand::Up)]),
        endpoint(1000, "main/192.0.2.1", Stand::Down),
        pool(1000, "main", Stand::Down),
        endpoint(1060, "main/192.0.2.1", Stand::Up),
        pool(1060, "main", Stand::Up),
    ];
    records.extend(alive((60..=3600).step_by(60)));
    sorted(records)
}

#[test]
fn an_outage_is_counted_everywhere() {
    let report = report(0, 3600, an_hour());
    assert_eq!((report.observed_s, report.gaps.len()), (3600.0, 0));
    let [backup, main] = report.pools.as_slice() else { panic!("{report:#?}") };
    assert_eq!((&*main.pool, main.region.as_deref()), ("main", Some("east")));
    let times = Times {
        availability: Some(3540.0 / 3600.0),
        up_s: 3540.0,
        down_s: 60.0,
        away_s: 0.0,
        unknown_s: 0.0,
        outages: 1,
        longest_outage_s: 60.0,
    };
    assert_eq!(main.times, times);
    assert_eq!(backup.times.availability, Some(1.0));
    let [_, endpoint] = report.endpoints.as_slice() else { panic!("{report:#?}") };
    assert_eq!((&*endpoint.endpoint, endpoint.times), ("main/192.0.2.1", times));
    let [east, west] = report.regions.as_slice() else { panic!("{report:#?}") };
    assert_eq!((east.times, west.times.outages), (times, 0));
    let [out] = report.failovers.as_slice() else { panic!("{report:#?}") };
    assert_eq!((out.lasted_s, out.detected_s, out.planned), (60.0, Some(2.0), false));
    assert_eq!(out.why.as_deref(), Some("connection refused"));
    assert_eq!(out.until.as_deref(), Some(&*to_rfc3339(at(1060))));
}

/// What lies before or behind a period is none of it, and what reaches into it is cut.
#[test]
fn periods_cut() {
    for (since, until, down, outages) in [
        (0, 1000, 0.0, 0),
        (1000, 1060, 60.0, 1),
        (1030, 2000, 30.0, 1),
        (1060, 3600, 0.0, 0),
        (900, 1001, 1.0, 1),
    ] {
        let report = report(since, until, an_hour());
        let main = &report.pools[1].times;
        assert_eq!((main.down_s, main.outages), (down, outages), "{since} to {until}");
        assert_eq!(main.up_s + main.down_s, (until - since) as f64, "{since} to {until}");
        assert_eq!(report.failovers.len(), outages as usize, "{since} to {until}");
    }
}

/// `kill -9` while a pool is down, and a start some minutes later.
#[test]
fn what_nobody_saw_is_neither_up_nor_down() {
    let all = |second, start, stand| snapshot(second, start, &[("main", "east", stand)]);
    for (stand, outages) in [(Stand::Down, 1), (Stand::Up, 1)] {
        let mut records = vec![all(0, true, Stand::Up), pool(30, "main", Stand::Down)];
        records.extend([record(60, Kind::Alive), all(600, true, stand)]);
        records.extend(alive((660..=1200).step_by(60)));
        let report = report(0, 1200, records);
        let [gap] = report.gaps.as_slice() else { panic!("{report:#?}") };
        assert!(gap.from.ends_with("08:01:00Z") && gap.until.ends_with("08:10:00Z"), "{gap:?}");
        assert_eq!(report.observed_s, 660.0);
        let main = report.pools[0].times;
        assert_eq!(main.outages, outages, "an outage that goes on is one");
        assert_eq!(main.down_s, if stand == Stand::Down { 630.0 } else { 30.0 });
        assert_eq!(report.failovers.len(), 1);
    }
}

/// A machine that sleeps, and a clock that jumps.
#[test]
fn silence_is_a_gap_and_time_never_runs_backwards() {
    let mut records = vec![snapshot(0, true, &[("main", "east", Stand::Up)])];
    records.extend(alive([60, 120, 4000, 4060, 300, 360].into_iter()));
    let report = report(0, 4100, records);
    assert_eq!(report.observed_s, 120.0 + 60.0 + 40.0);
    assert_eq!(report.pools[0].times.up_s, report.observed_s);
    assert_eq!(report.gaps.len(), 1);
}

#[test]
fn what_people_take_out_counts_neither_way() {
    let wish = |second, why: Option<&str>| {
        let why = why.map(str::to_owned);
        record(second, Kind::Wish { target: "region:east".into(), planned: false, why })
    };
    let mut records = vec![snapshot(0, true, &[("main", "east", Stand::Up)])];
    records.extend([wish(100, Some("drained by ann: kernel")), pool(100, "main", Stand::Away)]);
    records.extend([pool(200, "main", Stand::Up), wish(200, None)]);
    records.extend([pool(300, "main", Stand::Down), pool(330, "main", Stand::Up)]);
    records.extend(alive((60..=600).step_by(60)));
    let report = report(0, 600, sorted(records));
    let main = report.pools[0].times;
    assert_eq!((main.up_s, main.down_s, main.away_s), (470.0, 30.0, 100.0));
    assert_eq!(main.availability, Some(470.0 / 500.0));
    let [failed, drained] = report.failovers.as_slice() else { panic!("{report:#?}") };
    assert_eq!((failed.planned, failed.why.as_deref()), (false, None));
    assert_eq!((drained.planned, drained.why.as_deref()), (true, Some("drained by ann: kernel")));
}

/// A region has two pools: it is down while both are.
#[test]
fn a_region_is_up_while_any_of_its_pools_is() {
    let pools = [("a", "east", Stand::Up), ("b", "east", Stand::Up)];
    let mut records = vec![snapshot(0, true, &pools)];
    records.extend([pool(10, "a", Stand::Down), pool(20, "b", Stand::Down)]);
    records.extend([pool(25, "b", Stand::Away), pool(30, "a", Stand::Away)]);
    records.extend([pool(50, "a", Stand::Up)]);
    // One of them is no more, and then the other one.
    records.extend([snapshot(60, false, &pools[..1]), pool(70, "a", Stand::Down)]);
    records.extend([snapshot(75, false, &[])]);
    records.extend(alive([60, 100].into_iter()));
    let report = report(0, 100, sorted(records));
    let east = report.regions[0].times;
    assert_eq!((east.up_s, east.down_s, east.away_s), (20.0 + 20.0, 10.0 + 5.0, 20.0));
    assert_eq!(east.outages, 2);
}

/// A region that is renamed goes on under its new name, and the old one ends there.
#[test]
fn a_pool_that_moves_takes_its_stand_along() {
    let mut records =
        vec![snapshot(0, true, &[("a", "east", Stand::Up), ("b", "east", Stand::Up)])];
    records.push(snapshot(10, false, &[("a", "us-east", Stand::Up), ("b", "us-east", Stand::Up)]));
    records.extend([pool(20, "a", Stand::Down), pool(20, "b", Stand::Down)]);
    records.extend(alive([30].into_iter()));
    let report = report(0, 30, records);
    let [east, us_east] = report.regions.as_slice() else { panic!("{report:#?}") };
    assert_eq!((&*east.region, east.times.up_s, east.times.down_s), ("east", 10.0, 0.0));
    assert_eq!((us_east.times.up_s, us_east.times.down_s), (10.0, 10.0));
}

#[test]
fn answers_are_summed_by_name_and_pool() {
    let answers = |second, main, backup| {
        let pools = [("main".to_owned(), main), ("backup".to_owned(), backup)].into();
        record(second, Kind::Answers { names: [("www".to_owned(), pools)].into() })
    };
    let mut records = vec![snapshot(0, true, &[("main", "east", Stand::Up)])];
    records.extend([answers(0, 500, 500), answers(60, 2, 2), answers(120, 7, 1)]);
    let report = report(0, 120, records);
    let [www] = report.names.as_slice() else { panic!("{report:#?}") };
    assert_eq!((&*www.name, www.answers), ("www", 12));
    let shares: Vec<_> =
        www.pools.iter().map(|p| (&*p.pool, p.answers, p.achieved, p.configured)).collect();
    assert_eq!(shares, [("backup", 3, 0.25, None), ("main", 9, 0.75, Some(0.75))]);
}

#[test]
fn nothing_known_is_one_gap() {
    let report = report(0, 100, vec![]);
    assert_eq!((report.observed_s, report.gaps.len(), report.pools.len()), (0.0, 1, 0));
    assert!(text(&report).contains("Observed for 0s; nothing is known of the time from"));
}

#[test]
fn people_read_it() {
    let report = report(0, 3600, an_hour());
    let text = text(&report);
    assert!(text.starts_with(
        "Availability from 2027-01-15T08:00:00Z to 2027-01-15T09:00:00Z\nObserved for 1h, without a gap.\n"
    ), "{text}");
    let line = text.lines().find(|line| line.starts_with("  main ")).unwrap();
    let cells: Vec<&str> =
        line.split("  ").filter(|cell| !cell.is_empty()).map(str::trim).collect();
    assert_eq!(cells, ["main", "a", "east", "98.3333 %", "1m", "1", "1m", "0s"]);
    let page = markdown(&report);
    assert!(
        page.contains(
            "| 2027-01-15T08:16:40Z | main | a | 1m | 2s | failed | connection refused |"
        ),
        "{page}"
    );
}

#[test]
fn reasons_are_no_markdown() {
    let mut report = report(0, 3600, an_hour());
    report.failovers[0].why = Some("<img src=x> | [a](b)\n`*".into());
    let page = markdown(&report);
    let plain = text(&report);
    assert!(plain.contains("| [a](b) `*\n"), "{plain}");
    assert!(page.contains("&lt;img src=x> \\| \\[a\\](b) \\`\\* |\n"), "{page}");
}

/// What is not always up is never shown as 100 %.
#[test]
fn availability_is_rounded_down() {
    let mut report = report(0, 3600, an_hour());
    report.regions[0].times.availability = Some(0.999_999_99);
    let text = text(&report);
    let line = text.lines().find(|line| line.starts_with("  east ")).unwrap();
    assert!(line.contains(" 99.9999 %"), "{line}");
}

fn kinds() -> impl Strategy<Value = Kind> {
    let stand =
        || prop_oneof![Just(Stand::Up), Just(Stand::Down), Just(Stand::Away), Just(Stand::Unknown)];
    let name = || prop_oneof![Just("a"), Just("b"), Just("c")];
    let snapshot = (any::<bool>(), prop::collection::vec((name(), name(), stand()), 0..4));
    prop_oneof![
        snapshot.prop_map(|(start, pools)| Kind::Snapshot {
            start,
            pools: pools.into_iter().map(|(p, r, s)| (p.into(), pool_now(r, s))).collect(),
        }),
        (name(), stand()).prop_map(|(pool, stand)| Kind::Pool {
            pool: pool.into(),
            family: "a".into(),
            stand
        }),
        (name(), stand()).prop_map(|(pool, stand)| Kind::Endpoint {
            endpoint: format!("{pool}/192.0.2.1"),
            stand,
            reason: None,
            last_good: None
        }),
        Just(Kind::Alive),
        Just(Kind::Stop),
    ]
}

proptest! {
    /// Whatever is written, in whatever order: nothing stood any way for longer than somebody looked,
    /// and looks and gaps together are the period.
    #[test]
    fn times_add_up(
        records in prop::collection::vec((0..2000_u64, kinds()), 0..60),
        is_sorted: bool,
        since in 0..1000_u64,
        length in 1..1000_u64,
    ) {
        let mut records = records;
        if is_sorted {
            records.sort_by_key(|(second, _)| *second);
        }
        let records: Vec<Record> =
            records.into_iter().map(|(second, kind)| record(second, kind)).collect();
        let report = report(since, since + length, records);
        let seconds = |text: &str| {
            let time = crate::timestamp::from_rfc3339(text).unwrap();
            time.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs_f64()
        };
        let gaps: f64 =
            report.gaps.iter().map(|gap| seconds(&gap.until) - seconds(&gap.from)).sum();
        prop_assert!((report.observed_s + gaps - length as f64).abs() < 1e-6, "{:#?}", report);
        let times = report.pools.iter().map(|of| of.times);
        let times = times.chain(report.endpoints.iter().map(|of| of.times));
        for times in times.chain(report.regions.iter().map(|of| of.times)) {
            let sum = times.up_s + times.down_s + times.away_s + times.unknown_s;
            prop_assert!(sum <= report.observed_s + 1e-6, "{:#?}", report);
            prop_assert!(times.longest_outage_s <= times.down_s + 1e-6);
            prop_assert_eq!(times.outages > 0, times.down_s > 0.0);
        }
        let mut out = BTreeMap::<String, f64>::new();
        for failover in &report.failovers {
            *out.entry(failover.pool.clone()).or_default() += failover.lasted_s;
        }
        for pool in &report.pools {
            let lasted = out.get(&pool.pool).copied().unwrap_or(0.0);
            let not_up = pool.times.down_s + pool.times.away_s;
            prop_assert!((lasted - not_up).abs() < 1e-6, "{:#?}", report);
        }
        text(&report);
        markdown(&report);
    }
}
