//! What is told, in which words and forms; and that nothing is lost on the way.

mod forms;
mod laws;

use std::time::{Duration, SystemTime};

use super::*;

pub(super) fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000 + seconds)
}

pub(super) fn event(kind: Kind, subject: &str, turn: Turn, words: &str) -> Event {
    Event {
        at: at(0),
        kind,
        subject: subject.into(),
        scopes: vec![subject.into()],
        what: subject.into(),
        turn,
        why: None,
        words: words.into(),
    }
}

pub(super) fn group(events: Vec<Event>) -> Group {
    let mut groups = Groups::new(Duration::ZERO);
    events.into_iter().for_each(|event| groups.push(event, Duration::ZERO));
    groups.take_all().remove(0)
}

fn endpoint(address: &str, turn: Turn, why: Option<&str>) -> Event {
    let words = format!("{address} has turned");
    let why = why.map(str::to_owned);
    Event { what: address.into(), why, ..event(Kind::Verdict, "region:us-east", turn, &words) }
}

fn scene(bad: usize, hidden: usize, all: usize) -> Scene {
    Scene { bad, hidden, all, details: Vec::new() }
}

/// The table of `compose`, row by row.
#[test]
fn what_is_news() {
    use IncidentState::{Open, Resolved};
    use Turn::{Begins, Ends};
    for (turns, (bad, hidden), was_told, wanted) in [
        (vec![Begins], (1, 0), false, Some((Some(Open), "region us-east: 1 of 2 endpoints down"))),
        (vec![Begins], (2, 0), true, Some((Some(Open), "region us-east: 2 of 2 endpoints down"))),
        (vec![Ends], (1, 0), true, Some((Some(Open), "region us-east: 1 of 2 endpoints down"))),
        (vec![Ends], (1, 1), false, Some((Some(Open), "region us-east: 1 of 2 endpoints down"))),
        (
            vec![Ends],
            (0, 0),
            true,
            Some((Some(Resolved), "region us-east: 2 of 2 endpoints up again")),
        ),
        (
            vec![Begins, Ends],
            (0, 0),
            true,
            Some((Some(Resolved), "region us-east: endpoints were down for a moment")),
        ),
        (
            vec![Begins, Ends],
            (0, 0),
            false,
            Some((None, "region us-east: endpoints were down for a moment")),
        ),
        (vec![Ends], (0, 1), true, None),
        (vec![Ends], (0, 0), false, None),
    ] {
        let events = turns.iter().map(|turn| endpoint("main/192.0.2.1", *turn, None)).collect();
        let scene = scene(bad, hidden, 2);
        let message = compose(&group(events), &scene, was_told, "ns1", "m".into());
        let said = message.map(|m| (m.incident.map(|incident| incident.state), m.title));
        let wanted = wanted.map(|(state, title)| (state, title.to_owned()));
        assert_eq!(said, wanted, "{turns:?} {bad} {hidden} {was_told}");
    }
}

#[test]
fn alike_reasons_are_told_once_and_counted() {
    let down = |n: usize, why| endpoint(&format!("main/192.0.2.{n}"), Turn::Begins, Some(why));
    let mut events: Vec<Event> = (0..38).map(|n| down(n, "connection refused")).collect();
    events.extend((38..40).map(|n| down(n, "timed out after 2s")));
    let details = vec!["pool us-east: a down".to_owned()];
    let scene = Scene { details, ..scene(40, 0, 40) };
    let message = compose(&group(events), &scene, false, "ns1", "m".into()).unwrap();
    assert_eq!(message.title, "region us-east: 40 of 40 endpoints down");
    assert_eq!(message.severity, Severity::Critical);
    assert_eq!(
        message.details,
        ["why: connection refused (38), timed out after 2s (2)", "pool us-east: a down"]
    );
    assert_eq!((message.count, message.events.len()), (40, 40));
    assert_eq!(message.incident.unwrap().key, "verdict/region:us-east");
}

#[test]
fn each_kind_has_its_words_and_its_severity() {
    use Turn::{Begins, Ends, Note};
    for (kind, turn, bad, severity, has_incident) in [
        (Kind::Verdict, Begins, 1, Severity::Warning, true),
        (Kind::Degraded, Begins, 1, Severity::Critical, true),
        (Kind::Panic, Begins, 1, Severity::Critical, true),
        (Kind::Network, Begins, 1, Severity::Critical, true),
        (Kind::Reload, Begins, 1, Severity::Error, true),
        (Kind::Git, Begins, 1, Severity::Error, true),
        (Kind::Git, Note, 0, Severity::Info, false),
        (Kind::Override, Note, 0, Severity::Info, false),
        (Kind::Maintenance, Note, 0, Severity::Info, false),
        (Kind::Maintenance, Begins, 0, Severity::Error, false),
        (Kind::Drill, Note, 0, Severity::Info, false),
        (Kind::Network, Ends, 0, Severity::Info, true),
    ] {
        let group = group(vec![event(kind, "x", turn, "these words")]);
        let message = compose(&group, &scene(bad, 0, 2), turn == Ends, "ns1", "m".into()).unwrap();
        let seen = (message.severity, message.incident.is_some());
        assert_eq!(seen, (severity, has_incident), "{kind:?} {turn:?}");
        if !matches!(kind, Kind::Verdict | Kind::Degraded) {
            assert_eq!(message.title, "these words", "{kind:?}");
        }
    }
}

#[test]
fn groups_are_told_after_a_time_in_the_order_of_their_beginnings() {
    let seconds = Duration::from_secs;
    let mut groups = Groups::new(seconds(5));
    let push = |groups: &mut Groups, subject: &str, now| {
        groups.push(event(Kind::Verdict, subject, Turn::Begins, "x"), seconds(now));
    };
    push(&mut groups, "a", 0);
    push(&mut groups, "b", 2);
    push(&mut groups, "a", 4);
    assert_eq!(groups.next_due(), Some(seconds(5)));
    assert_eq!(groups.due(seconds(4)), []);
    let due = groups.due(seconds(5));
    assert_eq!((due.len(), due[0].subject.as_str(), due[0].count), (1, "a", 2));
    push(&mut groups, "a", 6);
    assert!(groups.has(Kind::Verdict, "a") && !groups.has(Kind::Panic, "a"));
    let due: Vec<String> = groups.due(seconds(20)).into_iter().map(|g| g.subject).collect();
    assert_eq!(due, ["b", "a"]);
    assert_eq!(groups.next_due(), None);
}

#[test]
fn patterns_mean_what_they_say() {
    for (pattern, scope, wanted) in [
        ("*", "region:us-east", true),
        ("region:us-east", "region:us-east", true),
        ("region:us-east", "region:us-east-2", false),
        ("region:us-*", "region:us-east", true),
        ("region:us-*", "pool:us-east", false),
        ("region:*-*st", "region:us-east", true),
        ("region:*a*a*", "region:banana", true),
        ("region:*a*a*a*a", "region:banana", false),
        ("pool:a", "endpoint:a/192.0.2.1", false),
        ("endpoint:a/*", "endpoint:a/192.0.2.1", true),
        ("endpoint:a/2001:db8:0::1", "endpoint:a/2001:db8::1", true),
        ("name:WWW.example.com", "name:www.example.com.", true),
        ("name:*.example.com.", "name:www.example.com.", true),
        ("name:*.example.com.", "name:example.com.", false),
    ] {
        let parsed: Pattern = pattern.parse().unwrap();
        assert_eq!(parsed.fits(&[scope.into()]), wanted, "{pattern} {scope}");
        assert_eq!(parsed.to_string().parse::<Pattern>(), Ok(parsed));
    }
    assert!("*".parse::<Pattern>().unwrap().fits(&[]));
    assert!(!"region:*".parse::<Pattern>().unwrap().fits(&[]));
    let odd = ["region:a\nb", "region:a\u{2028}*", "name:\u{202e}moc.elpmaxe"];
    for bad in ["", "us-east", "planet:earth", "region:", "name:", "endpoint:a"].iter().chain(&odd)
    {
        let error = bad.parse::<Pattern>().unwrap_err();
        assert!(error.contains("; expected "), "{bad:?}: {error}");
    }
    let long = format!("region:{}", "x".repeat(1000));
    assert!(long.parse::<Pattern>().is_err());
}

#[test]
fn silences_end_by_themselves() {
    let silence =
        |until| Silence { reason: "r".into(), by: "alice".into(), since: at(0), until: at(until) };
    let mut silences = Silences::default();
    let (east, all): (Pattern, Pattern) = ("region:us-east".parse().unwrap(), "*".parse().unwrap());
    assert_eq!(silences.set(east.clone(), silence(5)), None);
    assert_eq!(silences.set(east.clone(), silence(10)), Some(silence(5)));
    silences.set(all.clone(), silence(20));
    assert_eq!((silences.count(), silences.next_end()), (2, Some(at(10))));
    assert_eq!(silences.expire(at(9)), []);
    assert_eq!(silences.expire(at(10)), [(east, silence(10))]);
    assert!(silences.covers(&[]));
    let (about, same) = SilenceText::new(&all, &silence(20)).read().unwrap();
    assert_eq!((&about, same), (&all, silence(20)));
    assert_eq!(silences.remove(&about), Some(silence(20)));
    assert!(!silences.covers(&["region:us-east".into()]));
}

/// The table of `retry`, row by row.
#[test]
fn what_is_tried_again() {
    for (statuses, wanted) in [
        (vec![200, 202, 204, 299], Fate::Delivered),
        (vec![408, 425, 429, 500, 502, 503, 599], Fate::Again),
        (vec![100, 300, 301, 302, 400, 401, 403, 404, 410, 422, 600], Fate::Refused),
    ] {
        for status in statuses {
            assert_eq!(fate(status), wanted, "{status}");
        }
    }
    let ms = Duration::from_millis;
    for (failed, least, most) in [
        (1, 500, 1000),
        (2, 1000, 2000),
        (3, 2000, 4000),
        (9, 128_000, 256_000),
        (10, 150_000, 300_000),
        (u32::MAX, 150_000, 300_000),
    ] {
        assert_eq!(pause(failed, 0, None), ms(least), "{failed}");
        let longest = pause(failed, u64::MAX, None);
        assert!(longest <= ms(most) && longest > ms(most - 1), "{failed}: {longest:?}");
    }
    // No sooner than the other end wants it, and no later than in an hour.
    assert_eq!(pause(1, 0, retry_after(" 7 ")), Duration::from_secs(7));
    assert_eq!(pause(1, 0, retry_after("0")), ms(500));
    assert_eq!(pause(1, 0, retry_after("99999999")), Duration::from_secs(3600));
    assert_eq!(retry_after("Fri, 31 Dec 1999 23:59:59 GMT"), None);
}

fn message(id: &str, incident: Option<IncidentState>) -> Message {
    let message = Message::test(id.into(), at(0), "ns1", incident);
    assert_eq!(message.incident.as_ref().map(|incident| incident.state), incident);
    message
}

/// One about this.
fn about(key: &str, id: &str, state: IncidentState) -> Message {
    let incident = Some(Incident { key: key.into(), state });
    Message { incident, ..message(id, None) }
}

/// Fills a queue, whose last messages are notes, so that one more does not fit.
fn full(first: &[Message]) -> Queue {
    let mut queue = Queue::default();
    for message in first {
        assert_eq!(queue.add(message.clone()), None);
    }
    for n in first.len()..MOST_WAITING {
        assert_eq!(queue.add(message(&n.to_string(), None)), None);
    }
    queue
}

/// Whoever is told late is told how things have come to stand: notes go, then what is not so any more.
#[test]
fn what_is_missed_least_is_dropped_first() {
    use IncidentState::{Open, Resolved};
    let first = [
        about("a", "a1", Resolved),
        about("b", "b1", Open),
        about("c", "c1", Open),
        about("b", "b2", Resolved),
    ];
    let mut queue = full(&first);
    let mut dropped = Vec::new();
    let notes = MOST_WAITING - first.len();
    for n in 0..=notes {
        let more =
            about(&format!("more{n}"), &format!("m{n}"), if n == 0 { Resolved } else { Open });
        dropped.extend(queue.add(more).map(|dropped| dropped.id));
    }
    assert_eq!(dropped[..notes], (4..MOST_WAITING).map(|n| n.to_string()).collect::<Vec<_>>());
    assert_eq!(dropped[notes..], ["b1"], "it is told of by b2");
    let last = queue.add(about("z", "z1", Open)).unwrap();
    assert_eq!(last.id, "c1", "the oldest that goes on, before the end of any other");
    // A new word on what waits supersedes the old one.
    let before: Vec<String> = queue.waiting().map(|message| message.id.clone()).collect();
    assert_eq!(queue.add(about("a", "a2", Open)).unwrap().id, "a1");
    assert_eq!(before[..2], ["a1", "b2"]);
    assert_eq!(queue.len(), MOST_WAITING);
}

/// However many events its message was of.
#[test]
fn news_of_maintenance_is_known_by_the_last_event() {
    let event = |words: &str| event(Kind::Maintenance, "maintenance:kernel", Turn::Note, words);
    let told = group(vec![event("is announced"), event("is near")]);
    let told = compose(&told, &Scene::default(), false, "ns1", "m1".into()).unwrap();
    assert_eq!(told.title, "is near (the last of 2)");
    let mut queue = Queue::default();
    queue.add(told);
    assert!(queue.is_noted(&event("is near")));
    assert!(!queue.is_noted(&event("is on")));
}

#[test]
fn queues_know_what_goes_on_and_have_an_end() {
    let mut queue = Queue::default();
    assert_eq!(queue.add(message("a", Some(IncidentState::Open))), None);
    assert_eq!(queue.next(), None, "it is not on disk yet");
    queue.settle("a");
    assert_eq!(queue.next().unwrap().id, "a");
    assert!(queue.open().contains("test/webhook"));
    queue.add(message("b", Some(IncidentState::Resolved)));
    assert!(queue.open().is_empty());
    assert_eq!(queue.remove("a").unwrap().id, "a");
    assert_eq!((queue.remove("a"), queue.next()), (None, None));
    for n in 1..MOST_WAITING {
        assert_eq!(queue.add(message(&n.to_string(), None)), None);
    }
    assert_eq!(queue.add(message("z", None)).unwrap().id, "1");
    assert_eq!(queue.len(), MOST_WAITING);
}
