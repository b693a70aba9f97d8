//! What holds of all events, however they come.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const KINDS: [Kind; 4] = [Kind::Verdict, Kind::Panic, Kind::Override, Kind::Git];
const SUBJECTS: [&str; 3] = ["region:a", "region:b", "files"];
const TURNS: [Turn; 3] = [Turn::Begins, Turn::Ends, Turn::Note];

/// An event with a number of its own, and how long after the one before it comes.
fn step() -> impl Strategy<Value = (usize, usize, usize, u64)> {
    (0..KINDS.len(), 0..SUBJECTS.len(), 0..TURNS.len(), 0u64..4000)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Each event is in one group, in order; a group is told neither before its time nor after the next look.
    #[test]
    fn no_event_is_lost_or_told_twice(
        steps in prop::collection::vec(step(), 1..300),
        wait_ms in 0u64..6000,
        look_every in 1usize..7,
    ) {
        let wait = Duration::from_millis(wait_ms);
        let mut groups = Groups::new(wait);
        let mut now = Duration::ZERO;
        let mut told: Vec<Group> = Vec::new();
        let mut began: BTreeMap<String, Duration> = BTreeMap::new();
        for (number, (kind, subject, turn, later)) in steps.iter().enumerate() {
            now += Duration::from_millis(*later);
            let event = event(KINDS[*kind], SUBJECTS[*subject], TURNS[*turn], &number.to_string());
            if !groups.has(event.kind, &event.subject) {
                began.insert(number.to_string(), now);
            }
            groups.push(event, now);
            if number % look_every == 0 {
                for group in groups.due(now) {
                    let first = began[&group.events[0].words];
                    prop_assert!(first + wait <= now, "too early");
                    told.push(group);
                }
                prop_assert!(groups.next_due().is_none_or(|due| due > now), "too late");
            }
        }
        told.extend(groups.take_all());
        let count: u64 = told.iter().map(|group| group.count).sum();
        prop_assert_eq!(count, steps.len() as u64);
        let mut numbers: Vec<usize> = Vec::new();
        for group in &told {
            let own: Vec<usize> = group.events.iter().map(|e| e.words.parse().unwrap()).collect();
            prop_assert!(own.is_sorted());
            prop_assert_eq!(own.len() as u64, group.count.min(100));
            prop_assert!(group.events.iter().all(|e| e.kind == group.kind && e.subject == group.subject));
            numbers.extend(own);
        }
        let all = numbers.len();
        numbers.sort_unstable();
        numbers.dedup();
        prop_assert_eq!(numbers.len(), all, "told twice");
    }

    /// Whatever the words, no message is larger than others take.
    #[test]
    fn messages_are_bounded(
        words in prop::collection::vec(".{0,400}", 1..12),
        bad in 0usize..3,
        details in prop::collection::vec(".{0,600}", 0..4),
    ) {
        // As many as it takes to reach the bounds.
        let events = words.iter().cycle().take(150).map(|words| {
            let why = Some(words.clone());
            Event { why, what: words.clone(), ..event(Kind::Verdict, "region:a", Turn::Begins, words) }
        });
        let mut groups = Groups::new(Duration::ZERO);
        events.for_each(|event| groups.push(event, Duration::ZERO));
        let details: Vec<String> = details.iter().cycle().take(40).cloned().collect();
        let scene = Scene { bad, hidden: 0, all: 2, details };
        for group in groups.take_all() {
            let Some(message) = compose(&group, &scene, true, &words[0], "m".into()) else { continue };
            prop_assert!(json_body(&message).len() < 300_000);
            prop_assert!(slack_body(&message).len() < 100_000);
            let paged = pagerduty_body(&message, "key").unwrap();
            prop_assert!(paged.len() < 512 * 1024);
            let slack: serde_json::Value = serde_json::from_slice(&slack_body(&message)).unwrap();
            for block in slack["blocks"].as_array().unwrap() {
                let text = block["text"]["text"].as_str().unwrap_or_default();
                prop_assert!(text.chars().count() <= 3000 && !text.contains(['<', '>']));
            }
        }
    }

    /// A pattern without a star means itself and nothing else.
    #[test]
    fn a_name_means_itself(name in "[a-z0-9.-]{1,20}", other in "[a-z0-9.-]{1,20}") {
        let pattern: Pattern = format!("region:{name}").parse().unwrap();
        let own = format!("region:{name}");
        prop_assert!(pattern.fits(&[own]));
        let others = format!("region:{other}");
        prop_assert_eq!(pattern.fits(&[others]), name == other);
        let open: Pattern = format!("region:{name}*").parse().unwrap();
        let longer = format!("region:{name}{other}");
        prop_assert!(open.fits(&[longer]));
    }
}
