//! The forms, what others would read into them, and signatures.

use serde_json::{Value, json};

use super::*;

fn json_of(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}

/// As long and as odd as texts get.
fn hostile() -> Message {
    let odd = "<!channel> & <@U1> <https://evil.example|click>\n\u{202e}\u{7} ".repeat(100);
    let events: Vec<Event> = (0..1000)
        .map(|n| Event {
            what: odd.clone(),
            why: Some(format!("{n} {odd}")),
            // The operator's own names are odd at most.
            ..event(Kind::Verdict, "region:<a> & b", Turn::Begins, &odd)
        })
        .collect();
    let details = vec![odd.clone(); 200];
    let scene = Scene { bad: 1000, hidden: 0, all: 1000, details };
    compose(&group(events), &scene, false, &odd, "msg_1".into()).unwrap()
}

/// Every text in a value.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(all) => all.iter().flat_map(texts).collect(),
        Value::Object(all) => all.values().flat_map(texts).collect(),
        _ => vec![],
    }
}

#[test]
fn slack_can_be_led_nowhere() {
    let body = json_of(&slack_body(&hostile()));
    for text in texts(&body) {
        assert!(!text.contains(['<', '>', '\u{202e}', '\u{7}']), "{text}");
        assert!(text.chars().count() <= 3000, "{}", text.len());
        // No entity is cut in half.
        let entities = text.matches('&').count();
        let whole = ["&amp;", "&lt;", "&gt;"].map(|one| text.matches(one).count());
        assert_eq!(entities, whole.iter().sum::<usize>(), "{text}");
    }
    assert!(body["blocks"].as_array().unwrap().len() <= 50);
    let details = body["blocks"][1]["text"]["text"].as_str().unwrap();
    assert!(details.contains("&lt;!channel&gt; &amp; "), "{details}");
}

#[test]
fn pagerduty_gets_what_it_takes() {
    let message = hostile();
    let bytes = pagerduty_body(&message, "key").unwrap();
    assert!(bytes.len() < 512 * 1024, "{}", bytes.len());
    let body = json_of(&bytes);
    let length = |value: &Value| value.as_str().unwrap().chars().count();
    assert!(length(&body["payload"]["summary"]) <= 1024);
    // Cut keys are told apart by all of them.
    let mut long = message;
    let mut key_of = |more: &str| {
        let incident = long.incident.clone();
        long.incident = incident.map(|one| Incident { key: one.key + more, ..one });
        json_of(&pagerduty_body(&long, "key").unwrap())["dedup_key"].clone()
    };
    let (one, other) = (key_of(&"x".repeat(300)), key_of("x"));
    assert!(length(&one) <= 255 && length(&other) <= 255);
    assert_ne!(one, other);
}

#[test]
fn pagerduty_triggers_and_resolves_by_one_key() {
    let body = |state| {
        let turn = if state == IncidentState::Open { Turn::Begins } else { Turn::Ends };
        let bad = usize::from(state == IncidentState::Open);
        let group = group(vec![event(Kind::Panic, "pool:main", turn, "pool main panics")]);
        let scene = Scene { bad, all: 1, ..Scene::default() };
        let was_told = state == IncidentState::Resolved;
        let message = compose(&group, &scene, was_told, "ns1", "msg_1".into()).unwrap();
        json_of(&pagerduty_body(&message, "the key").unwrap())
    };
    let (open, over) = (body(IncidentState::Open), body(IncidentState::Resolved));
    assert_eq!(
        open,
        json!({
            "routing_key": "the key",
            "event_action": "trigger",
            "dedup_key": "steersman/ns1/panic/pool:main",
            "client": "Steersman",
            "payload": {
                "summary": "pool main panics",
                "source": "ns1",
                "severity": "critical",
                "timestamp": "2023-11-14T22:13:20Z",
                "component": "pool:main",
                "class": "panic",
                "custom_details": {
                    "id": "msg_1",
                    "details": [],
                    "count": 1,
                    "events": [
                        {"at": "2023-11-14T22:13:20Z", "what": "pool:main", "text": "pool main panics"}
                    ],
                },
            },
        })
    );
    assert_eq!(over["event_action"], "resolve");
    assert_eq!(over["dedup_key"], open["dedup_key"]);
    let note = group(vec![event(Kind::Override, "pool:main", Turn::Note, "drained")]);
    let note = compose(&note, &Scene::default(), false, "ns1", "m".into()).unwrap();
    assert_eq!(pagerduty_body(&note, "the key"), None);
    assert!(!Form::PagerDuty.can_say(&note) && Form::Slack.can_say(&note));
}

#[test]
fn json_is_bounded_and_read_back() {
    let message = hostile();
    let bytes = json_body(&message);
    assert!(bytes.len() < 300_000, "{}", bytes.len());
    assert_eq!(serde_json::from_slice::<Message>(&bytes).unwrap(), message);
    assert_eq!((message.count, message.events.len()), (1000, 100));
    for text in texts(&json_of(&bytes)) {
        assert!(!text.chars().any(char::is_control), "{text:?}");
    }
}

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// The example that libraries of Standard Webhooks are tested with.
#[test]
fn signatures_are_those_of_standard_webhooks() {
    let secret = Secret::read(SECRET).unwrap();
    let (id, body) = ("msg_p5jXN8AQM9LWM0D4loKWxJek", br#"{"test": 2432232314}"#);
    let wanted = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
    assert_eq!(signatures(std::slice::from_ref(&secret), id, 1_614_265_330, body), wanted);
    let other = Secret::read("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").unwrap();
    let both = signatures(&[other, secret], id, 1_614_265_330, body);
    assert!(both.starts_with("v1,") && both.ends_with(&format!(" {wanted}")), "{both}");
}

/// The worked example of the documentation.
#[test]
fn the_documentation_signs_as_we_do() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/webhooks.md");
    let text = std::fs::read_to_string(path).unwrap();
    let after = |mark: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(mark));
        line.unwrap_or_else(|| panic!("{mark} in {path}")).to_owned()
    };
    let secret = Secret::read(&after("secret: ")).unwrap();
    let (id, at) = (after("webhook-id: "), after("webhook-timestamp: "));
    let signed = signatures(&[secret], &id, at.parse().unwrap(), after("body: ").as_bytes());
    assert_eq!(signed, after("webhook-signature: "));
}

#[test]
fn what_is_no_secret_is_not_shown() {
    for (text, wanted) in [
        ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "a line that does not begin with whsec_"),
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS", "what is no base64"),
        ("whsec_c2hvcnQ=", "a secret of 5 bytes"),
        ("whsec_", "a secret of 0 bytes"),
    ] {
        assert_eq!(Secret::read(text).err().as_deref(), Some(wanted), "{text}");
    }
}
