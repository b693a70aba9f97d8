//! `audit`: who changed what, and whether all of it is still there.
//!
//! By the file alone: the daemon need not run, and a copy can be read anywhere. Or by the daemon at `--url`.

use std::path::Path;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::args::AuditArgs;
use super::client::Client;
use super::serve::lines;
use super::{finish, show};
use crate::admin::AuditPage;
use crate::config;
use crate::finding::words::on_one_line;
use crate::state::{Action, Chain, Entry, Part, Trail};

/// Shows what was read; exit code 1 if the log is not as it was written.
pub fn run(trail: Result<Trail, String>, json: bool) -> ExitCode {
    let trail = match trail {
        Ok(trail) => trail,
        Err(why) => return finish(Err(why)),
    };
    match finish(show(json, &shown(&trail), |_| table(&trail))) {
        _ if !trail.wrong.is_empty() => ExitCode::FAILURE,
        said => said,
    }
}

/// All of a file.
pub fn read(config: &Path, args: &AuditArgs) -> Result<Trail, String> {
    let path = match &args.file {
        Some(file) => file.clone(),
        None => Trail::path(&config::daemon(config).map_err(|findings| lines(&findings))?.state),
    };
    Trail::read(&path, Part::WHOLE)
        .map_err(|error| format!("cannot read {}: {error}", path.display()))
}

/// All of what the daemon has.
pub async fn fetch(client: &Client) -> Result<Trail, String> {
    let mut entries: Vec<Entry> = Vec::new();
    loop {
        let after = entries.last().map_or(0, |entry| entry.number);
        let after_text = after.to_string();
        let page: AuditPage = client.get_with(&["audit"], &[("after", &after_text)]).await?;
        // Where the log was changed, numbers need not ascend.
        let goes_on = page.more && page.entries.last().is_some_and(|last| last.number > after);
        entries.extend(page.entries);
        if !goes_on {
            let AuditPage { more, wrong, wrong_in_all, length, head, .. } = page;
            // Others may stand behind one whose number is too high for them.
            let more = more || entries.last().is_some_and(|last| last.number != length);
            let wrong = wrong.into_iter().map(|error| error.finding).collect();
            return Ok(Trail { entries, more, wrong, wrong_in_all, chain: Chain { length, head } });
        }
    }
}

fn shown(trail: &Trail) -> Value {
    json!({
        "entries": trail.entries,
        "more": trail.more,
        "wrong": trail.wrong,
        "wrong_in_all": trail.wrong_in_all,
        "length": trail.chain.length,
        "head": trail.chain.head,
    })
}

/// A line for each entry, and what all of it comes to.
fn table(trail: &Trail) -> String {
    let entries = trail.entries.iter().map(|entry| {
        let Entry { number, at, by, token, from, .. } = entry;
        let from = from.as_ref().map(|from| format!(" at {from}")).unwrap_or_default();
        // The name is what the client said, the token what was checked. Whoever has that of the file is on the machine.
        let checked = token.as_ref().filter(|token| *token != by && *token != "admin");
        let checked = checked.map(|token| format!(" (token {token})")).unwrap_or_default();
        // A copy, or another daemon, may say anything.
        on_one_line(format!("{number:>6}  {at}  {by}{checked}{from}: {}", what(entry))) + "\n"
    });
    let entries = entries.chain(trail.more.then(|| not_fetched(trail)));
    let entries: String = entries.collect();
    let verdict = match (trail.wrong.is_empty(), trail.chain.length) {
        (false, _) => {
            let (wrong, more) = (lines(&trail.wrong), and_more(trail));
            format!("{wrong}{more}NOT as it was written: see above\n")
        }
        (true, 0) => "nothing has been changed yet\n".into(),
        (true, length) => {
            format!("as it was written: {length} in a chain that ends with {}\n", trail.chain.head)
        }
    };
    entries + &verdict
}

/// The daemon tells no more than the first of it.
fn and_more(trail: &Trail) -> String {
    match trail.wrong_in_all.saturating_sub(trail.wrong.len()) {
        0 => String::new(),
        more => format!("and {more} more\n"),
    }
}

fn not_fetched(trail: &Trail) -> String {
    let last = trail.entries.last().map_or(0, |last| last.number);
    format!("entries after number {last} were not fetched: numbers do not ascend there\n")
}

/// What was done, in words.
fn what(entry: &Entry) -> String {
    let forced = match entry.breaks.is_empty() {
        true => String::new(),
        false => format!("; forced against {}", entry.breaks.join(", ")),
    };
    let reason = entry.reason.iter().map(|reason| format!(": {reason}"));
    change(entry) + &reason.collect::<String>() + &forced
}

fn change(entry: &Entry) -> String {
    let target = entry.target.as_deref().unwrap_or_default();
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let state = |value: &Value| text(&value["state"]);
    match entry.action {
        Action::Set => {
            let until = match &entry.after["until"] {
                Value::Null => "until it is cleared".into(),
                until => format!("until {}", text(until)),
            };
            format!("{} {target} {until}", state(&entry.after))
        }
        Action::Clear => format!("clear {target}, which was {}", state(&entry.before)),
        Action::Lift => format!("clear {target}, which flap damping held down"),
        Action::Expire => format!("the end of {} {target}", state(&entry.before)),
        Action::Failback => format!("failback {target}"),
        Action::Grant => {
            let until = match &entry.after["until"] {
                Value::Null => String::new(),
                until => format!(" until {}", text(until)),
            };
            format!("{target} with the role {}{until}", text(&entry.after["role"]))
        }
        Action::Revoke => format!("{target} taken back"),
        Action::Plan => {
            let (start, end) = (text(&entry.after["start"]), text(&entry.after["end"]));
            format!("{target} of {}, {start} to {end}", text(&entry.after["target"]))
        }
        Action::Unplan => format!("{target} of {} called off", text(&entry.before["target"])),
        Action::Silence => {
            format!("{target} until {}", text(&entry.after["until"]))
        }
        Action::Unsilence => format!("the end of {target}"),
        Action::Reload => {
            let (before, after) = (text(&entry.before), text(&entry.after));
            let commit = entry.target.iter().map(|commit| format!(", of {commit}"));
            format!("revision {after} in place of {before}") + &commit.collect::<String>()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::tests::{Running, TOKEN};
    use crate::config::Admin;
    use crate::finding::Finding;

    fn entry(number: u64) -> Entry {
        Entry {
            breaks: Vec::new(),
            number,
            at: "2026-01-01T00:00:00Z".into(),
            by: "alice".into(),
            token: None,
            from: None,
            action: Action::Revoke,
            target: Some("token:ci".into()),
            reason: None,
            before: Value::Null,
            after: Value::Null,
            previous: "0".repeat(64),
        }
    }

    /// What is fetched where the daemon has this.
    async fn fetched(entries: &[u64], length: u64, wrong_in_all: usize) -> Trail {
        let running = Running::start().await;
        let finding = Finding::at("audit.jsonl", (3, 1), "no checksum", "one");
        running.fake.inside().trail = Trail {
            entries: entries.iter().copied().map(entry).collect(),
            more: false,
            wrong: vec![finding; wrong_in_all.min(2)],
            wrong_in_all,
            chain: Chain { length, head: "abc".into() },
        };
        let folder = tempfile::tempdir().unwrap();
        let token_file = folder.path().join("admin.token");
        std::fs::write(&token_file, TOKEN).unwrap();
        let admin = Admin { listen: running.address, token_file, tls: None };
        fetch(&Client::new(&admin, None).unwrap()).await.unwrap()
    }

    #[test]
    fn an_entry_is_one_line_and_moves_no_cursor() {
        let forged = Entry { reason: Some("a\n     9  \u{1b}[2K".into()), ..entry(1) };
        let chain = Chain { length: 1, head: "abc".into() };
        let (entries, wrong) = (vec![forged], Vec::new());
        let text = table(&Trail { entries, more: false, wrong, wrong_in_all: 0, chain });
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(text.contains(r"token:ci taken back: a\n     9  \u{1b}[2K"), "{text}");
    }

    #[tokio::test]
    async fn what_a_daemon_does_not_tell_is_counted() {
        let trail = fetched(&[1, 2], 2, 7).await;
        let text = table(&trail);
        let wrong = "audit.jsonl:3:1: no checksum; expected one\n";
        assert!(
            text.ends_with(&format!(
                "{wrong}{wrong}and 5 more\nNOT as it was written: see above\n"
            )),
            "{text}"
        );
        let shown = shown(&trail);
        assert_eq!((&shown["wrong_in_all"], &shown["more"]), (&7.into(), &false.into()));
        let text = table(&fetched(&[1, 2], 2, 0).await);
        assert!(text.ends_with("\nas it was written: 2 in a chain that ends with abc\n"), "{text}");
    }

    /// Entries are asked for by number: behind one that is too high, there may be others that are not seen.
    #[tokio::test]
    async fn what_could_not_be_asked_for_is_said() {
        let trail = fetched(&[1, 9000], 3, 1).await;
        let text = table(&trail);
        let said = "entries after number 9000 were not fetched: numbers do not ascend there\n";
        assert!(text.contains(said), "{text}");
        assert_eq!(shown(&trail)["more"], true);
    }
}
