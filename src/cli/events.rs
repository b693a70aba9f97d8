//! `events`: what happened lately, and what happens.

use std::io::{self, Write as _};
use std::ops::ControlFlow;
use std::time::Duration;

use serde_json::{Map, Value};

use super::CommandResult;
use super::args::EventsArgs;
use super::client::Client;
use crate::finding::words::on_one_line;

/// The pause before a stream that has ended is asked for again, as the daemon wants it.
const RETRY: Duration = Duration::from_secs(1);

/// Shows each event as a line, in words or as JSON; with `--follow` as it comes, until nobody reads on.
pub async fn run(args: &EventsArgs, json: bool, client: &Client) -> CommandResult {
    let last = args.last.to_string();
    let query = [("last", last.as_str()), ("follow", if args.follow { "true" } else { "false" })];
    let mut said = Vec::new();
    let mut place = None::<String>;
    loop {
        let mut is_read = true;
        let mut seen = None::<String>;
        let take = |line: &str| {
            seen = line.strip_prefix("id: ").map(str::to_owned).or_else(|| seen.take());
            let Some(event) = line.strip_prefix("data: ") else { return ControlFlow::Continue(()) };
            let text = if json { event.to_owned() } else { words(event) };
            match args.follow {
                true => is_read = writeln!(io::stdout(), "{text}").is_ok(),
                false => said.push(text),
            }
            if is_read { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        };
        client.lines(&["events"], &query, place.as_deref(), take).await?;
        if !args.follow || !is_read {
            return Ok(said.join("\n"));
        }
        place = seen.or(place);
        tokio::time::sleep(RETRY).await;
    }
}

/// When, what kind, and all that is said of it.
fn words(event: &str) -> String {
    let Ok(Value::Object(event)) = serde_json::from_str::<Value>(event) else {
        return event.to_owned();
    };
    let text = |key: &str| event.get(key).and_then(Value::as_str).unwrap_or_default();
    let rest = event.iter().filter(|(key, _)| !["id", "at", "type"].contains(&key.as_str()));
    let rest: Map<String, Value> = rest.map(|(key, value)| (key.clone(), value.clone())).collect();
    let said = rest.iter().map(|(key, value)| match value {
        Value::String(text) => format!("{key}={text}"),
        other => format!("{key}={other}"),
    });
    let at = text("at").split('.').next().unwrap_or_default().trim_end_matches('Z');
    // That some are missing has no time.
    let at = if at.is_empty() { format!("{:20}", "") } else { format!("{at}Z") };
    on_one_line(format!("{at}  {:<11} {}", text("type"), said.collect::<Vec<_>>().join("  ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_line_and_moves_no_cursor() {
        let event =
            r#"{"id":1,"at":"2026-11-30T12:00:00.5Z","type":"override","reason":"a\nb\u001b[2K"}"#;
        assert_eq!(words(event), r"2026-11-30T12:00:00Z  override    reason=a\nb\u{1b}[2K");
        let missing = words(r#"{"type":"missing","since":3}"#);
        assert_eq!(missing, format!("{:20}  missing     since=3", ""));
    }
}
