//! Files to a new world, and when to look at them again.

mod look;
mod watch;

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use look::Seen;
pub use watch::Watch;

use rustls::sign::CertifiedKey;

use crate::config::{self, Daemon, FilePosition, PairFiles};
use crate::finding::Finding;
use crate::geoip;
use crate::place::Places;
use crate::view::{CookieSecrets, World};

/// What the files are loaded into.
#[derive(Debug)]
pub struct Loaded {
    /// All that the zones and databases say.
    pub world: World,
    /// What encrypted transports show; none where there are none.
    pub certificate: Option<Arc<CertifiedKey>>,
    /// What the admin endpoint shows; none where it speaks plain HTTP.
    pub admin_certificate: Option<Arc<CertifiedKey>>,
    /// The secrets of the file that `steersman.toml` names; none if it names none.
    pub cookie_secrets: Option<CookieSecrets>,
    /// What is hardly meant as it stands.
    pub warnings: Vec<Finding>,
    /// Where the first monitor by echo requests stands.
    pub icmp: Option<FilePosition>,
}

/// Loads everything that the daemon serves by, or says everything that is wrong with it.
pub fn load(daemon: &Daemon, seed: u64) -> Result<Loaded, Vec<Finding>> {
    let mut findings = Vec::new();
    let [(certificate, of_certificate), (admin_certificate, of_admin)] =
        pairs(daemon).map(|pair| or_findings(pair.map(config::certificate), &mut findings));
    let secrets = daemon.dns.cookie_secret_file.as_ref();
    let secrets = secrets.map(|(path, position)| config::cookie_secrets(path, position));
    let (cookie_secrets, of_secrets) = or_findings(secrets, &mut findings);
    findings.extend(bad_signers(daemon));
    findings.extend(bad_webhooks(daemon));
    match load_world(daemon, seed) {
        Ok(config::Loaded { world, mut warnings, icmp }) if findings.is_empty() => {
            warnings.extend([of_certificate, of_admin, of_secrets].concat());
            warnings.extend(config::querylog_warnings(daemon));
            warnings.extend(
                daemon.webhooks.iter().flat_map(|one| config::webhook_warnings(one, &world)),
            );
            Ok(Loaded { world, certificate, admin_certificate, cookie_secrets, warnings, icmp })
        }
        Ok(_) => Err(findings),
        Err(more) => {
            findings.extend(more);
            Err(findings)
        }
    }
}

/// What is wrong with the files beside the zones, where there are no zones yet.
pub fn check_beside(daemon: &Daemon) -> Vec<Finding> {
    let secrets = daemon.dns.cookie_secret_file.as_ref();
    let secrets = secrets.map(|(path, position)| config::cookie_secrets(path, position));
    let (present, mut findings) = databases(daemon);
    let pairs = pairs(daemon).into_iter().flatten();
    findings.extend(pairs.filter_map(|pair| config::certificate(pair).err()).flatten());
    findings.extend(secrets.and_then(Result::err).unwrap_or_default());
    findings.extend(bad_signers(daemon));
    findings.extend(bad_webhooks(daemon));
    findings.extend(geoip::load(&present).err().unwrap_or_default());
    findings
}

/// The pairs of certificate and key: of answering, and of the admin endpoint.
fn pairs(daemon: &Daemon) -> [Option<&PairFiles>; 2] {
    [daemon.dns.tls.as_ref().map(|tls| &tls.pair), daemon.admin.tls.as_ref()]
}

/// What is wrong with the file of those whose commits are good.
fn bad_signers(daemon: &Daemon) -> Vec<Finding> {
    let file = daemon.git.as_ref().and_then(|git| git.allowed_signers.as_ref());
    file.and_then(|file| config::allowed_signers(file).err()).unwrap_or_default()
}

/// What is wrong with the files that webhooks are told by.
fn bad_webhooks(daemon: &Daemon) -> Vec<Finding> {
    daemon.webhooks.iter().flat_map(|hook| config::credentials(hook).err()).flatten().collect()
}

/// What the databases say, and the name of that; and what is wrong with them.
#[derive(Clone, Debug)]
pub struct Located {
    places: Arc<Places>,
    revision: String,
    findings: Vec<Finding>,
}

impl Located {
    /// Whether other databases say the same, without a mistake.
    pub fn says_the_same(&self, other: &Self) -> bool {
        let are_good = self.findings.is_empty() && other.findings.is_empty();
        are_good && self.revision == other.revision
    }
}

/// Reads the databases of `geoip` alone.
pub fn load_places(daemon: &Daemon) -> Located {
    let (present, mut findings) = databases(daemon);
    let (places, revision) = match geoip::load(&present) {
        Ok(read) => (read.places, read.revision),
        Err(more) => {
            findings.extend(more);
            (Places::unknown(), String::new())
        }
    };
    Located { places: Arc::new(places), revision, findings }
}

/// Loads what is under `zones/` and `geoip/` alone, which needs no right to read any key.
pub fn load_world(daemon: &Daemon, seed: u64) -> Result<config::Loaded, Vec<Finding>> {
    load_world_at(daemon, load_places(daemon), seed)
}

/// The same, with databases that have been read.
pub fn load_world_at(
    daemon: &Daemon,
    located: Located,
    seed: u64,
) -> Result<config::Loaded, Vec<Finding>> {
    // The zones are read all the same where databases cannot be, so that all findings come at once.
    let Located { places, revision, mut findings } = located;
    if let Some(finding) = no_zones(daemon) {
        findings.push(finding);
        return Err(findings);
    }
    let exec = daemon.allow_exec;
    match config::load_allowing(&daemon.zones, places, &revision, seed, exec) {
        Ok(loaded) if findings.is_empty() => Ok(loaded),
        Ok(_) => Err(findings),
        Err(more) => {
            findings.extend(more);
            Err(findings)
        }
    }
}

/// What a file says and its warnings, or its errors.
type Read<T> = Result<(T, Vec<Finding>), Vec<Finding>>;

/// What was read of a file, if one is named, and its warnings; its errors go to the others.
fn or_findings<T>(read: Option<Read<T>>, findings: &mut Vec<Finding>) -> (Option<T>, Vec<Finding>) {
    match read {
        Some(Ok((value, warnings))) => (Some(value), warnings),
        Some(Err(errors)) => {
            findings.extend(errors);
            (None, Vec::new())
        }
        None => (None, Vec::new()),
    }
}

/// The same, from `steersman.toml` on: with a mistake there, whatever else is known is loaded too.
pub fn load_from(config: &Path, seed: u64) -> Result<Loaded, Vec<Finding>> {
    let (daemon, mut findings) = config::daemon_so_far(config);
    let Some(daemon) = daemon else { return Err(findings) };
    if findings.is_empty() {
        return load(&daemon, seed);
    }
    // Where nobody can tell which folder is meant, the default is one only if it is there.
    if daemon.zones_position.is_some() || daemon.zones.is_dir() {
        findings.extend(load(&daemon, seed).err().unwrap_or_default());
    }
    Err(findings)
}

/// The databases that are there, and a finding for each that is not.
fn databases(daemon: &Daemon) -> (Vec<PathBuf>, Vec<Finding>) {
    let (mut present, mut findings) = (Vec::new(), Vec::new());
    for (index, file) in daemon.geoip.iter().enumerate() {
        match fs::metadata(file) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let expected = "an MMDB file; geoip = [] in steersman.toml means none";
                let place = daemon.geoip_positions.get(index);
                findings.push(named(place, file, "no such file".into(), expected));
            }
            _ => present.push(file.clone()),
        }
    }
    (present, findings)
}

/// What is wrong with a folder of zones that `steersman.toml` names.
fn no_zones(daemon: &Daemon) -> Option<Finding> {
    let place = daemon.zones_position.as_ref()?;
    let error = fs::read_dir(&daemon.zones).err()?;
    let found = format!("a folder that cannot be read: {error}");
    Some(named(Some(place), &daemon.zones, found, "a folder with zones"))
}

/// A finding about a file where its name is written, or else where it should be.
fn named(place: Option<&FilePosition>, path: &Path, found: String, expected: &str) -> Finding {
    let path = path.display().to_string();
    match place {
        Some(FilePosition { file, line, column }) => {
            Finding::at(file, (*line, *column), format!("{path}, {found}"), expected)
        }
        None => Finding::at(path, (1, 1), found, expected),
    }
}

#[cfg(test)]
mod tests;
