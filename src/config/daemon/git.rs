//! `[git]`: the remote that the zones come from.

use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use super::{Daemon, FilePosition, NamedFile, named};
use crate::config::document::{Item, Table};

/// What the daemon names as served, in the state folder.
const SERVED: &str = "git/served";
const DEFAULT_EVERY: Duration = Duration::from_secs(30);
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);
const LEAST: Duration = Duration::from_secs(1);
/// Whoever would wait longer wants something else.
const MOST: Duration = Duration::from_secs(24 * 3600);
/// Ways that ask nobody and run no command.
const SCHEMES: [&str; 4] = ["https", "ssh", "git", "file"];
const REMOTE: &str = r#"what `git fetch` takes: an https, ssh, git or file address, such as "git@git.example.com:dns.git", or a path"#;

pub(super) const KEYS: [&str; 6] =
    ["remote", "branch", "path", "every", "timeout", "allowed_signers"];

/// `[git]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Git {
    /// Where the repository is, as git names it.
    pub remote: String,
    /// Where that is written.
    pub position: FilePosition,
    /// The branch that is followed. Default `main`.
    pub branch: String,
    /// The folder of zones within the repository. Default `zones`.
    pub path: PathBuf,
    /// How often it is fetched. Default 30 s.
    pub every: Duration,
    /// How long one call of git may take. Default 60 s.
    pub timeout: Duration,
    /// The file of those whose signatures are good; none: commits need none.
    pub allowed_signers: Option<NamedFile>,
}

/// Reads the table; none with a finding where nobody can tell what to follow.
pub(super) fn read(table: &Table<'_>, folder: &Path, zones: Option<Item<'_>>, daemon: &mut Daemon) {
    if let Some(zones) = zones {
        zones.key_finding("zones beside [git]", "one of both: path under [git] names the folder");
    }
    let path = table.get("path").map_or_else(|| Some("zones".into()), |item| within(&item));
    let branch = table.get("branch").map_or_else(|| Some("main".into()), |item| branch(&item));
    let time = |key: &str| table.get(key).and_then(|item| item.duration(LEAST..=MOST));
    let (every, timeout) = (time("every"), time("timeout"));
    let signers = table.get("allowed_signers").and_then(|item| named(&item, folder));
    let allowed_signers = signers.map(|(path, position)| NamedFile { path, position });
    let Some(item) = table.get("remote") else {
        table.finding("no remote", format!("remote, {REMOTE}"));
        return;
    };
    let (Some(remote), Some(path), Some(branch)) = (remote(&item, folder), path, branch) else {
        return;
    };
    daemon.zones = daemon.state.join(SERVED).join(&path);
    daemon.zones_position = Some(table.get("path").map_or(item.position(), |path| path.position()));
    daemon.git = Some(Git {
        remote,
        position: item.position(),
        branch,
        path,
        every: every.unwrap_or(DEFAULT_EVERY),
        timeout: timeout.unwrap_or(DEFAULT_TIMEOUT),
        allowed_signers,
    });
}

/// An address as it is; a path is relative to the folder of the file.
fn remote(item: &Item<'_>, folder: &Path) -> Option<String> {
    let text = item.text(REMOTE)?;
    let bad = |found: String, expected: &str| {
        item.finding(found, expected);
        None
    };
    if text.is_empty() || text.starts_with('-') || text.chars().any(char::is_control) {
        return bad(item.shown(), REMOTE);
    }
    if let Some((scheme, rest)) = text.split_once("://") {
        if !SCHEMES.contains(&scheme) {
            return bad(item.shown(), REMOTE);
        }
        let authority = rest.split('/').next().unwrap_or_default();
        let user = authority.rsplit_once('@').map_or("", |(user, _)| user);
        if user.contains(':') || (scheme == "https" && !user.is_empty()) {
            // Not shown, for it may be a secret.
            return bad(
                "an address with a user or password in it, which `ps` and the log would show"
                    .into(),
                "an address without, and a credential helper of git for the daemon's user",
            );
        }
        return Some(text.into());
    }
    // As git tells `host:path` from a path.
    match text.split_once(':') {
        Some((_, rest)) if rest.starts_with(':') => bad(item.shown(), REMOTE),
        Some((host, _)) if !host.contains('/') => Some(text.into()),
        _ => {
            let path = folder.join(text);
            let path = std::path::absolute(&path).unwrap_or(path);
            path.to_str().map(str::to_owned)
        }
    }
}

/// A folder within the repository.
fn within(item: &Item<'_>) -> Option<PathBuf> {
    const EXPECTED: &str =
        r#"a folder within the repository, such as "zones", or "." for all of it"#;
    let path = Path::new(item.text(EXPECTED)?);
    let is_inside = |part| matches!(part, Component::Normal(_) | Component::CurDir);
    if path.as_os_str().is_empty()
        || !path.components().all(is_inside)
        || path.to_str().is_none_or(|path| path.contains('\0'))
    {
        item.finding(item.shown(), EXPECTED);
        return None;
    }
    Some(path.into())
}

/// The name of a branch, of those that git takes (git-check-ref-format).
fn branch(item: &Item<'_>) -> Option<String> {
    const EXPECTED: &str = r#"the name of a branch, such as "main""#;
    let text = item.text(EXPECTED)?;
    let is_odd = |c: char| c.is_control() || " ~^:?*[\\".contains(c);
    let is_bad_part =
        |part: &str| part.is_empty() || part.starts_with('.') || part.ends_with(".lock");
    if text.chars().any(is_odd)
        || text.contains("..")
        || text.contains("@{")
        || text.starts_with('-')
        || text.ends_with('.')
        || text.split('/').any(is_bad_part)
    {
        item.finding(item.shown(), EXPECTED);
        return None;
    }
    Some(text.into())
}
