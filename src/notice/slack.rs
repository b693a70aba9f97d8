//! A message in the form that Slack's incoming webhooks take.
//!
//! Only `<` and `&` have a meaning to Slack that could reach people or lead them elsewhere (`<!channel>`, `<@…>`,
//! links), so these and `>` are escaped, as Slack asks.

use serde_json::{Value, json};

use super::bounds::{escaped, line};
use super::message::{IncidentState, Message, Severity};

/// Of the text of a block, in characters: Slack takes 3000.
const BLOCK: usize = 2900;
/// Of a text beside the blocks.
const TITLE: usize = 600;
/// So many events are listed; the others are counted.
const LISTED: usize = 10;

/// The body of a request.
pub fn body(message: &Message) -> Vec<u8> {
    let title = format!("{} *{}*", sign(message), escape(&message.title, TITLE));
    let mut blocks = vec![section(&title)];
    if !message.details.is_empty() {
        blocks.push(section(&joined(message.details.iter().map(String::as_str))));
    }
    if message.count > 1 {
        let left = message.count.saturating_sub(LISTED as u64);
        let more = (left > 0).then(|| format!("… and {left} more"));
        let events = message.events.iter().take(LISTED).map(|event| event.text.as_str());
        blocks.push(section(&joined(events.chain(more.as_deref()))));
    }
    let seen = format!("{} · seen by {} · {}", message.at, message.server, message.id);
    let context = json!({ "type": "mrkdwn", "text": escape(&seen, TITLE) });
    blocks.push(json!({ "type": "context", "elements": [context] }));
    let text = escape(&message.title, TITLE);
    // As with the other form.
    serde_json::to_vec(&json!({ "text": text, "blocks": blocks })).unwrap_or_default()
}

fn section(text: &str) -> Value {
    json!({ "type": "section", "text": { "type": "mrkdwn", "text": text } })
}

/// Lines, as many as there is room for.
fn joined<'t>(lines: impl Iterator<Item = &'t str>) -> String {
    let mut text = String::new();
    let mut left = BLOCK;
    for one in lines {
        let one = escape(one, TITLE);
        let length = one.chars().count() + 1;
        if length > left {
            text.push('…');
            break;
        }
        left -= length;
        text.push_str(&one);
        text.push('\n');
    }
    line_end_off(text)
}

fn line_end_off(text: String) -> String {
    text.trim_end_matches('\n').to_owned()
}

fn escape(text: &str, most: usize) -> String {
    escaped(&line(text, most), most, |c| match c {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        _ => None,
    })
}

fn sign(message: &Message) -> &'static str {
    match (&message.incident, message.severity) {
        (Some(incident), _) if incident.state == IncidentState::Resolved => ":large_green_circle:",
        (_, Severity::Critical | Severity::Error) => ":red_circle:",
        (_, Severity::Warning) => ":large_orange_circle:",
        (_, Severity::Info) => ":information_source:",
    }
}
