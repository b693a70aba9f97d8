//! Files to values: `steersman.toml`, the cookie secrets, what webhooks are told by, `pools.toml`, the steering files, and the
//! folder of zones.
//!
//! Text becomes a document whose nodes know where they stand, and a document becomes values that
//! are whole and resolved: nothing half-valid leaves this room. Whoever loads gets the values or
//! every [`Finding`] at once. This room reads files; it does not watch, write or keep any.

mod certificate;
mod combinations;
mod cookies;
mod daemon;
mod damping;
mod document;
mod endpoints;
mod folder;
mod load;
mod maintenance;
mod monitors;
mod owner;
mod parallel;
mod place_maps;
mod policy;
mod pools;
mod rules;
mod share;
mod signers;
mod steering;
mod webhook;

use std::path::Path;

pub use certificate::certificate;
pub use cookies::cookie_secrets;
pub use daemon::{
    Address, Admin, Daemon, DecisionLog, Dns, Dnstap, FilePosition, Git, Log, LogFormat, LogLevel,
    NamedFile, PairFiles, Tcp, Tls, Webhook, querylog_warnings,
};
pub use folder::{DEEPEST_FOLDER, is_hidden};
pub use load::{Loaded, load, load_allowing};
pub use signers::allowed_signers;
pub use webhook::{Credentials, credentials, warnings as webhook_warnings};

use crate::finding::Finding;

/// Reads `steersman.toml`, or says everything that is wrong with it.
pub fn daemon(path: &Path) -> Result<Daemon, Vec<Finding>> {
    match daemon_so_far(path) {
        (Some(daemon), findings) if findings.is_empty() => Ok(daemon),
        (_, findings) => Err(findings),
    }
}

/// Reads what can be read of `steersman.toml`, with defaults for the rest, and says everything
/// that is wrong with it.
pub fn daemon_so_far(path: &Path) -> (Option<Daemon>, Vec<Finding>) {
    let bytes = match folder::read_bounded(path, folder::MAX_TOML_BYTES) {
        Ok(bytes) => bytes,
        Err(why) => return (None, folder::unreadable(path, why)),
    };
    let folder = path.parent().unwrap_or(Path::new(""));
    document::read(&folder::shown(path), &bytes, |document| daemon::read(document, folder))
}
