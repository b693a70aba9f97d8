//! What webhooks are to be sent, and what is silenced, over a kill.

use super::*;

fn message(id: &str, incident: Option<crate::notice::IncidentState>) -> Message {
    Message::test(id.into(), at(0), "ns1", incident)
}

#[test]
fn what_webhooks_are_to_be_sent_outlives_a_kill_in_order() {
    use crate::notice::{IncidentState, Queue};
    let folder = tempfile::tempdir().unwrap();
    let (store, remembered) = open(folder.path(), at(0));
    assert_eq!(remembered.queues, Queues::default());
    let mut queues = Queues::default();
    let mut window = message("m", None);
    (window.kind, window.subject) = (crate::notice::Kind::Maintenance, "maintenance:x".into());
    queues.entry("ops".into()).or_insert_with(Queue::default).add(window.clone());
    store.record_waiting("ops", &window, || panic!("it has not grown")).unwrap();
    for (webhook, id, state) in [
        ("ops", "a", Some(IncidentState::Open)),
        ("chat", "b", None),
        ("ops", "c", None),
        ("ops", "d", Some(IncidentState::Resolved)),
        ("ops", "e", Some(IncidentState::Open)),
    ] {
        let message = message(id, state);
        queues.entry(webhook.into()).or_insert_with(Queue::default).add(message.clone());
        store.record_waiting(webhook, &message, || panic!("it has not grown")).unwrap();
    }
    for (webhook, id) in [("ops", "a"), ("ops", "d"), ("chat", "x"), ("ops", "m")] {
        if let Some(queue) = queues.get_mut(webhook) {
            queue.remove(id);
        }
        store.record_done(webhook, id, || panic!("it has not grown")).unwrap();
    }
    queues.values_mut().for_each(Queue::settle_all);
    let copy = copy_of(folder.path());
    let (_, remembered) = open(copy.path(), at(5));
    assert_eq!(remembered.queues, queues);
    // And once more, from the file that was rewritten.
    let again = copy_of(copy.path());
    let (_, remembered) = open(again.path(), at(5));
    assert_eq!(remembered.queues, queues);
    assert!(remembered.queues["ops"].open().contains("test/webhook"));
    assert_eq!(remembered.queues["ops"].noted()["maintenance:x"], window.title);
    // A torn end takes nothing along.
    let path = again.path().join("webhooks.jsonl");
    let whole = fs::read(&path).unwrap();
    fs::write(&path, [&whole[..], b"0badf00d 12 {\"webho"].concat()).unwrap();
    drop(remembered);
    let last = copy_of(again.path());
    assert_eq!(open(last.path(), at(5)).1.queues, queues);
}

#[test]
fn silences_outlive_a_kill_until_their_end() {
    use crate::notice::{Pattern, Silence};
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path(), at(0));
    let silence = |until| Silence {
        reason: "we know".into(),
        by: "alice".into(),
        since: at(0),
        until: at(until),
    };
    let (east, west): (Pattern, Pattern) =
        ("region:us-east".parse().unwrap(), "region:us-west".parse().unwrap());
    let text = |about: &Pattern, until| SilenceText::new(about, &silence(until));
    for change in [
        Change::Silence { before: None, after: text(&east, 60) },
        Change::Silence { before: None, after: text(&west, 600) },
        Change::Silence { before: Some(text(&east, 60)), after: text(&east, 90) },
        Change::Silence { before: None, after: text(&"*".parse().unwrap(), 900) },
        Change::Unsilence { before: text(&"*".parse().unwrap(), 900) },
    ] {
        record(&store, &change).unwrap();
    }
    let copy = copy_of(folder.path());
    let (_, remembered) = open(copy.path(), at(89));
    let all: Vec<(&Pattern, &Silence)> = remembered.silences.iter().collect();
    assert_eq!(all, [(&east, &silence(90)), (&west, &silence(600))]);
    let later = copy_of(copy.path());
    let (store, remembered) = open(later.path(), at(90));
    assert_eq!(remembered.silences.count(), 1);
    let last = store.trail(Part::WHOLE).unwrap().entries.pop().unwrap();
    assert_eq!(
        (last.action, last.target.as_deref()),
        (Action::Unsilence, Some("silence:region:us-east"))
    );
    assert_eq!(damage(later.path()), []);
}
