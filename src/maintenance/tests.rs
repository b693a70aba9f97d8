//! The table of stages, and the clocks of places.

use super::*;

fn window(start: &str, zone: &str, repeats: Repeats) -> Window {
    Window {
        name: "w".into(),
        place: None,
        target: Target::Pool("a".into()),
        start: start.parse().unwrap(),
        lasts: Duration::from_secs(2 * 3600),
        zone: TimeZone::get(zone).unwrap(),
        repeats,
        lead: Duration::from_secs(600),
        announce: Duration::from_secs(24 * 3600),
        ttl: Duration::from_secs(60),
        reason: String::new(),
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The table above, with a lead of 10 min and a TTL of 1 min.
#[test]
fn it_leaves_before_it_begins_and_comes_back_after_it_has_ended() {
    let window = window("2026-12-05T22:00:00", "UTC", Repeats::Once);
    let occurrence = window.occurrence(at("2026-12-01T00:00:00Z")).unwrap();
    assert_eq!(occurrence.end, at("2026-12-06T00:00:00Z"));
    for (now, stage) in [
        ("2026-12-05T21:49:00Z", Stage::Planned),
        ("2026-12-05T21:49:59Z", Stage::Planned),
        ("2026-12-05T21:50:00Z", Stage::Leaving(9)),
        ("2026-12-05T21:58:00Z", Stage::Leaving(1)),
        ("2026-12-05T21:59:00Z", Stage::Away),
        ("2026-12-05T22:00:00Z", Stage::Away),
        ("2026-12-05T23:59:59Z", Stage::Away),
        ("2026-12-06T00:00:00Z", Stage::Returning(1)),
        ("2026-12-06T00:01:00Z", Stage::Returning(2)),
        ("2026-12-06T00:09:59Z", Stage::Returning(9)),
        ("2026-12-06T00:10:00Z", Stage::Planned),
    ] {
        assert_eq!(window.stage(occurrence, at(now)), stage, "{now}");
    }
    assert_eq!(window.occurrence(at("2026-12-06T00:09:59Z")), Some(occurrence));
    assert_eq!(window.occurrence(at("2026-12-06T00:10:00Z")), None);
}

/// To the nanosecond, whatever the lead is.
#[test]
fn it_begins_to_leave_with_its_first_step() {
    let nanosecond = Duration::from_nanos(1);
    for lead in [Duration::ZERO, nanosecond, 15 * nanosecond, Duration::from_secs(600)] {
        let window = Window { lead, ..window("2026-12-05T22:00:00", "UTC", Repeats::Once) };
        let occurrence = window.occurrence(at("2026-12-01T00:00:00Z")).unwrap();
        let leaves = window.leaves(occurrence);
        assert_ne!(window.stage(occurrence, leaves), Stage::Planned, "{lead:?}");
        assert_eq!(window.stage(occurrence, leaves - nanosecond), Stage::Planned, "{lead:?}");
    }
}

#[test]
fn without_a_lead_it_leaves_at_once() {
    let window = Window {
        lead: Duration::ZERO,
        ttl: Duration::ZERO,
        ..window("2026-12-05T22:00:00", "UTC", Repeats::Once)
    };
    let occurrence = window.occurrence(at("2026-12-01T00:00:00Z")).unwrap();
    let stage = |now| window.stage(occurrence, at(now));
    assert_eq!(stage("2026-12-05T21:59:59Z"), Stage::Planned);
    assert_eq!(stage("2026-12-05T22:00:00Z"), Stage::Away);
    assert_eq!(stage("2026-12-06T00:00:00Z"), Stage::Planned);
}

/// Clocks in Berlin go from 02:00 to 03:00 on 28 March 2027, and from 03:00 to 02:00 on 31 October.
#[test]
fn times_of_day_are_those_of_the_place() {
    let window = window("2027-03-27T02:30:00", "Europe/Berlin", Repeats::Days(1));
    for (now, start, end) in [
        ("2027-03-27T00:00:00Z", "2027-03-27T01:30:00Z", "2027-03-27T03:30:00Z"),
        // There is no half past two: it begins when clocks go from two to three.
        ("2027-03-28T00:00:00Z", "2027-03-28T01:00:00Z", "2027-03-28T03:00:00Z"),
        ("2027-03-29T00:00:00Z", "2027-03-29T00:30:00Z", "2027-03-29T02:30:00Z"),
        // There are two: it begins at the first.
        ("2027-10-30T23:00:00Z", "2027-10-31T00:30:00Z", "2027-10-31T03:30:00Z"),
    ] {
        let occurrence = Occurrence { start: at(start), end: at(end) };
        assert_eq!(window.occurrence(at(now)), Some(occurrence), "{now}");
    }
    let shown = |text: &str| is_shown(&window.zone, text.parse().unwrap());
    assert!(!shown("2027-03-28T02:30:00") && shown("2027-10-31T02:30:00"));
}

/// Wherever it lies in an hour that there is not, or twice: it never ends before it begins.
#[test]
fn windows_last_over_changes_of_the_clocks() {
    let within = |start: &str, minutes: u64, now: &str| {
        let lasts = Duration::from_secs(60 * minutes);
        let window = Window { lasts, ..window(start, "Europe/Berlin", Repeats::Days(1)) };
        let Occurrence { start, end } = window.occurrence(at(now)).unwrap();
        (start.to_string(), end.to_string())
    };
    for (start, minutes, begins, ends) in [
        ("2027-03-20T02:00:00", 60, "2027-03-28T01:00:00Z", "2027-03-28T02:00:00Z"),
        ("2027-03-20T02:30:00", 15, "2027-03-28T01:00:00Z", "2027-03-28T01:15:00Z"),
        ("2027-03-20T02:30:00", 45, "2027-03-28T01:00:00Z", "2027-03-28T01:45:00Z"),
        ("2027-03-20T02:59:59", 60, "2027-03-28T01:00:00Z", "2027-03-28T02:00:00Z"),
        ("2027-03-20T01:30:00", 60, "2027-03-28T00:30:00Z", "2027-03-28T01:30:00Z"),
        ("2027-03-20T01:30:00", 90, "2027-03-28T00:30:00Z", "2027-03-28T01:00:00Z"),
    ] {
        let expected = (begins.to_owned(), ends.to_owned());
        assert_eq!(within(start, minutes, "2027-03-28T00:00:00Z"), expected, "{start}");
    }
    let twice = within("2027-03-20T02:30:00", 15, "2027-10-31T00:00:00Z");
    assert_eq!(twice, ("2027-10-31T00:30:00Z".to_owned(), "2027-10-31T00:45:00Z".to_owned()));
}

#[test]
fn it_comes_again_however_long_ago_it_began() {
    let daily = window("1999-12-31T12:00:00", "UTC", Repeats::Days(1));
    let next = daily.occurrence(at("2526-11-30T15:00:00Z")).unwrap();
    assert_eq!(next.start, at("2526-12-01T12:00:00Z"));
    let monthly = window("2026-01-31T12:00:00", "UTC", Repeats::Months(1));
    for (now, start) in [
        ("2026-02-01T00:00:00Z", "2026-02-28T12:00:00Z"),
        ("2026-03-01T00:00:00Z", "2026-03-31T12:00:00Z"),
        ("2028-02-01T00:00:00Z", "2028-02-29T12:00:00Z"),
    ] {
        assert_eq!(monthly.occurrence(at(now)).unwrap().start, at(start), "{now}");
    }
    let weekly = window("2026-11-30T12:00:00", "UTC", Repeats::Days(7));
    assert_eq!(
        weekly.occurrence(at("2026-12-01T00:00:00Z")).unwrap().start,
        at("2026-12-07T12:00:00Z")
    );
}
