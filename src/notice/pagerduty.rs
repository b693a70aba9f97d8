//! A message as an event of PagerDuty's Events API v2.

use serde_json::json;

use super::bounds::line;
use super::message::{IncidentState, Message};

/// PagerDuty takes 1024 characters.
const SUMMARY: usize = 1000;
/// And 255 of these.
const KEY: usize = 255;

/// The body of a request; none of a message that is about no incident.
///
/// Each server has incidents of its own, for what one of them sees well again may still be away for another.
pub fn body(message: &Message, routing_key: &str) -> Option<Vec<u8>> {
    let incident = message.incident.as_ref()?;
    let action = match incident.state {
        IncidentState::Open => "trigger",
        IncidentState::Resolved => "resolve",
    };
    let body = json!({
        "routing_key": routing_key,
        "event_action": action,
        "dedup_key": dedup_key(&message.server, &incident.key),
        "client": "Steersman",
        "payload": {
            "summary": line(&message.title, SUMMARY),
            "source": message.server,
            "severity": message.severity.name(),
            "timestamp": message.at,
            "component": message.subject,
            "class": message.kind.name(),
            "custom_details": {
                "id": message.id,
                "details": message.details,
                "count": message.count,
                "events": message.events,
            },
        },
    });
    // As with the other forms.
    Some(serde_json::to_vec(&body).unwrap_or_default())
}

/// The same for all messages about an incident; what is too long is told apart by a hash of all of it.
fn dedup_key(server: &str, key: &str) -> String {
    let whole = format!("steersman/{server}/{key}");
    if whole.chars().count() <= KEY {
        return whole;
    }
    let digest = ring::digest::digest(&ring::digest::SHA256, whole.as_bytes());
    let digits = data_encoding::HEXLOWER.encode(digest.as_ref());
    let start: String = whole.chars().take(KEY - digits.len() - 1).collect();
    format!("{start}/{digits}")
}
