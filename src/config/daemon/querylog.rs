//! `[dnstap]` and `[decision_log]`: who is told of questions and answers.

use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use super::{Daemon, Item, NamedFile, Table, named};
use crate::finding::Finding;
use crate::sampling::Share;

pub(super) const DNSTAP: [&str; 6] =
    ["socket", "queries", "responses", "sample", "identity", "version"];
pub(super) const DECISION_LOG: [&str; 3] = ["file", "sample", "per_second"];

/// What a path of a socket may have, in bytes (unix(7)).
const MOST_SOCKET_BYTES: usize = 107;
const MOST_TEXT_BYTES: usize = 255;
const SHARE: &str = "a share of all questions, above 0 and up to 1, such as 0.01";
const DEFAULT_DECISIONS: f64 = 0.001;
const DEFAULT_PER_SECOND: u32 = 100;
const MOST_PER_SECOND: u32 = 10_000;

/// `[dnstap]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dnstap {
    /// The socket of the collector.
    pub socket: NamedFile,
    /// Whether questions are sent. Default true.
    pub queries: bool,
    /// Whether replies are sent. Default true.
    pub responses: bool,
    /// Of which questions. Default all.
    pub sample: Share,
    /// Which server it is. Default: `dns.nsid`, if that is there.
    pub identity: Option<String>,
    /// Which software. Default: this one with its version.
    pub version: String,
}

/// `[decision_log]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecisionLog {
    /// The file that lines are appended to.
    pub file: NamedFile,
    /// Of which questions. Default one in a thousand.
    pub sample: Share,
    /// Lines in a second, at most. Default 100.
    pub per_second: u32,
}

/// Reads `[dnstap]`; none with a finding where nobody can tell where to send.
pub(super) fn dnstap(table: &Table<'_>, folder: &Path, daemon: &Daemon) -> Option<Dnstap> {
    let text = |key| table.get(key).and_then(|item| text(&item));
    let flag = |key| table.get(key).map_or(Some(true), |item| item.boolean());
    let [queries, responses] = ["queries", "responses"].map(|key| (flag(key), table.get(key)));
    if let ((Some(false), Some(item)), (Some(false), _)) = (&queries, &responses) {
        item.key_finding("queries and responses both false", "one of them, or no [dnstap]");
    }
    let nsid = daemon.dns.nsid.clone().and_then(|nsid| String::from_utf8(nsid).ok());
    let identity = text("identity").or(nsid);
    let version = text("version").unwrap_or_else(default_version);
    let sample = share(table, 1.0);
    let socket = file(table, "socket", "/run/steersman/dnstap.sock", folder);
    let socket = socket.filter(|socket| {
        let bytes = socket.path.as_os_str().as_bytes().len();
        if bytes > MOST_SOCKET_BYTES
            && let Some(item) = table.get("socket")
        {
            let expected = format!("at most {MOST_SOCKET_BYTES}, as sockets have it");
            item.finding(format!("a path of {bytes} bytes"), expected);
        }
        bytes <= MOST_SOCKET_BYTES
    });
    Some(Dnstap {
        socket: socket?,
        queries: queries.0.unwrap_or(true),
        responses: responses.0.unwrap_or(true),
        sample: sample?,
        identity,
        version,
    })
}

fn default_version() -> String {
    format!("steersman {}", env!("CARGO_PKG_VERSION"))
}

/// Reads `[decision_log]`; none with a finding where nobody can tell where to write.
pub(super) fn decision_log(
    table: &Table<'_>,
    folder: &Path,
    daemon: &Daemon,
) -> Option<DecisionLog> {
    let expected = format!("a number of lines from 1 to {MOST_PER_SECOND}");
    let per_second = table.get("per_second");
    let per_second = per_second.and_then(|item| item.integer(1..=MOST_PER_SECOND, &expected));
    let sample = share(table, DEFAULT_DECISIONS);
    let file = file(table, "file", "/var/log/steersman/decisions.jsonl", folder);
    let file = file.filter(|file| {
        // Lines of it among those of a journal would spoil that.
        let others = [&daemon.state, &daemon.zones].into_iter().chain(&daemon.geoip);
        let other =
            others.chain([&daemon.admin.token_file]).find(|other| file.path.starts_with(other));
        if let (Some(other), Some(item)) = (other, table.get("file")) {
            let found = format!(
                "a file within {}, which the daemon has for something else",
                other.display()
            );
            item.finding(found, "a file of its own, such as /var/log/steersman/decisions.jsonl");
        }
        other.is_none()
    });
    let per_second = per_second.unwrap_or(DEFAULT_PER_SECOND);
    Some(DecisionLog { file: file?, sample: sample?, per_second })
}

/// A file without which the table means nothing.
fn file(table: &Table<'_>, key: &str, example: &str, folder: &Path) -> Option<NamedFile> {
    let Some(item) = table.get(key) else {
        table.finding(format!("no {key}"), format!("{key} = {example:?}"));
        return None;
    };
    let (path, position) = named(&item, folder)?;
    Some(NamedFile { path, position })
}

/// What is hardly meant as it stands: files in folders that are not there. What is written there is lost until they are.
pub fn querylog_warnings(daemon: &Daemon) -> Vec<Finding> {
    let dnstap = daemon.dnstap.as_ref().map(|dnstap| (&dnstap.socket, "a collector's socket"));
    let decisions = daemon.decision_log.as_ref().map(|log| (&log.file, "a file"));
    let files = [dnstap, decisions].into_iter().flatten();
    let is_there = |folder: &Path| folder.as_os_str().is_empty() || folder.is_dir();
    let lost = files.filter(|(file, _)| !file.path.parent().is_some_and(is_there));
    let warning = |(file, what): (&NamedFile, &str)| {
        file.finding("in a folder that is not there", format!("{what} in one that is")).as_warning()
    };
    lost.map(warning).collect()
}

fn share(table: &Table<'_>, default: f64) -> Option<Share> {
    let Some(item) = table.get("sample") else { return Share::new(default) };
    let share = Share::new(item.number(0.0..=1.0, SHARE)?);
    if share.is_none() {
        item.finding(item.shown(), SHARE);
    }
    share
}

fn text(item: &Item<'_>) -> Option<String> {
    let expected = format!("a text of 1 to {MOST_TEXT_BYTES} bytes");
    let text = item.text(&expected)?;
    if text.is_empty() || text.len() > MOST_TEXT_BYTES {
        item.finding(format!("a text of {} bytes", text.len()), expected);
        return None;
    }
    Some(text.to_owned())
}
