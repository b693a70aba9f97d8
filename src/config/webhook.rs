//! The files that a webhook is told by: its address, its secrets, PagerDuty's routing key, authorities.
//!
//! Whoever has these can speak in our name, so findings never show what stands in them.

use std::path::Path;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use url::Url;

use super::cookies::open_to_all;
use super::daemon::{Address, FilePosition, NamedFile, Webhook, parse_url};
use super::folder::{MAX_TOML_BYTES, read_bounded, shown};
use crate::finding::Finding;
use crate::finding::words::quoted;
use crate::notice::{Form, MOST_SECRETS, Pattern, Secret};
use crate::view::World;

const SECRET: &str =
    "whsec_ and base64 of 24 to 64 bytes, as `echo whsec_$(openssl rand -base64 32)` makes it";
const ROUTING_KEY: &str = "an integration key: 32 letters and digits, alone in the file";
const LONGEST_KEY: usize = 128;
/// Authorities that are told apart.
const MOST_AUTHORITIES: usize = 100;

/// All that a webhook needs of its files.
#[derive(Clone)]
pub struct Credentials {
    /// Where to.
    pub url: Url,
    /// What to sign with.
    pub secrets: Vec<Secret>,
    /// PagerDuty's; empty with another form.
    pub routing_key: String,
    /// The authorities that are trusted; none: those that browsers trust.
    pub authorities: Vec<CertificateDer<'static>>,
}

/// Reads them.
///
/// # Errors
///
/// Everything that is wrong with the files.
pub fn credentials(webhook: &Webhook) -> Result<Credentials, Vec<Finding>> {
    let mut findings = Vec::new();
    let mut note = |finding| findings.push(finding);
    let url = match &webhook.to {
        Address::Written(url) => Some(url.clone()),
        Address::InFile(file) => read_url(file).map_err(&mut note).ok(),
    };
    let secrets = webhook.secrets.as_ref().map(read_secrets).transpose().map_err(&mut note);
    let routing_key = match (&webhook.routing_key, webhook.form) {
        (Some(file), Form::PagerDuty) => read_key(file).map_err(&mut note).ok(),
        _ => Some(String::new()),
    };
    let authorities =
        webhook.authorities.as_ref().map(read_authorities).transpose().map_err(&mut note);
    match (url, secrets, routing_key, authorities) {
        (Some(url), Ok(secrets), Some(routing_key), Ok(authorities)) => Ok(Credentials {
            url,
            secrets: secrets.unwrap_or_default(),
            routing_key,
            authorities: authorities.unwrap_or_default(),
        }),
        _ => Err(findings),
    }
}

/// What is hardly meant as it stands: secrets that every user of the machine can read, and targets of which there are
/// none.
pub fn warnings(webhook: &Webhook, world: &World) -> Vec<Finding> {
    let address = match &webhook.to {
        Address::Written(_) => None,
        Address::InFile(file) => Some(file),
    };
    let files = [address, webhook.secrets.as_ref(), webhook.routing_key.as_ref()];
    let open = files.into_iter().flatten().filter_map(|file| open_to_all(&file.path));
    let lost = webhook.targets.iter().filter(|(target, _)| target.count(world.targets()) == 0);
    open.chain(lost.map(|(target, position)| nothing_is_called(target, position))).collect()
}

fn nothing_is_called(target: &Pattern, position: &FilePosition) -> Finding {
    let FilePosition { file, line, column } = position;
    let found = format!("{}, as nothing of the files is called", quoted(&target.to_string()));
    let expected = "a region, pool, endpoint or steered name that there is";
    Finding::at(file, (*line, *column), found, expected).as_warning()
}

fn read(file: &NamedFile, what: &str) -> Result<String, Finding> {
    let bytes = read_bounded(&file.path, MAX_TOML_BYTES)
        .map_err(|why| file.finding(format!("a file that cannot be read: {why}"), what))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The lines that are neither empty nor comments, each with its number.
fn lines(text: &str) -> impl Iterator<Item = (u32, &str)> {
    let lines = (1..).zip(text.lines().map(str::trim));
    lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
}

fn at(path: &Path, line: u32, found: impl Into<String>, expected: &str) -> Finding {
    Finding::at(shown(path), (line, 1), found, expected)
}

fn read_url(file: &NamedFile) -> Result<Url, Finding> {
    const EXPECTED: &str = "an http or https address, alone in the file";
    let text = read(file, EXPECTED)?;
    let mut lines = lines(&text);
    match (lines.next(), lines.next()) {
        (Some((line, text)), None) => {
            parse_url(text).map_err(|found| at(&file.path, line, found, EXPECTED))
        }
        (None, _) => Err(at(&file.path, 1, "no address", EXPECTED)),
        (_, Some((line, _))) => Err(at(&file.path, line, "one more line", EXPECTED)),
    }
}

fn read_secrets(file: &NamedFile) -> Result<Vec<Secret>, Finding> {
    let text = read(file, &format!("a file of secrets, each a line of {SECRET}"))?;
    let mut secrets = Vec::new();
    for (line, text) in lines(&text) {
        if secrets.len() == MOST_SECRETS {
            let expected = format!("at most {MOST_SECRETS} secrets");
            return Err(at(&file.path, line, "one more secret", &expected));
        }
        let secret = Secret::read(text).map_err(|found| at(&file.path, line, found, SECRET))?;
        secrets.push(secret);
    }
    match secrets.is_empty() {
        true => Err(at(&file.path, 1, "no secret", SECRET)),
        false => Ok(secrets),
    }
}

fn read_key(file: &NamedFile) -> Result<String, Finding> {
    let text = read(file, ROUTING_KEY)?;
    let keys: Vec<(u32, &str)> = lines(&text).collect();
    match keys[..] {
        [(_, key)] if key.len() <= LONGEST_KEY && key.chars().all(|c| c.is_ascii_graphic()) => {
            Ok(key.to_owned())
        }
        [] => Err(at(&file.path, 1, "no key", ROUTING_KEY)),
        [(line, _)] | [_, (line, _), ..] => {
            Err(at(&file.path, line, "something else", ROUTING_KEY))
        }
    }
}

fn read_authorities(file: &NamedFile) -> Result<Vec<CertificateDer<'static>>, Finding> {
    const EXPECTED: &str = "certificates of authorities, as PEM";
    let text = read(file, EXPECTED)?;
    let read: Result<Vec<_>, _> =
        CertificateDer::pem_slice_iter(text.as_bytes()).take(MOST_AUTHORITIES).collect();
    match read {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => Err(file.finding("which has no certificate in it", EXPECTED)),
        Err(error) => Err(file.finding(format!("which is no PEM: {error}"), EXPECTED)),
    }
}

#[cfg(test)]
mod tests;
