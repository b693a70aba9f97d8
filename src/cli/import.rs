//! `import`: files of other programs to files of this one.
//!
//! Reads what is named and what that includes, and writes new files only. What is carried over and
//! how is for [`crate::import`] to say.

mod read;
mod write;

use std::process::ExitCode;

use serde_json::json;

use super::args::{ImportCommand, ImportGdnsdArgs, ImportOctoDnsArgs, ImportTo};
use super::serve::lines;
use super::{CommandResult, finish, show};
use crate::finding::Finding;
use crate::import::{Gdnsd, GdnsdZone, Imported, Note, OctoDns, OctoDnsFile, gdnsd, octodns};

/// Exit code 1 if something could not be carried over; files are written nevertheless.
pub fn run(command: &ImportCommand, json: bool) -> ExitCode {
    let (imported, to) = match command {
        ImportCommand::OctoDns(args) => (from_octodns(args), &args.to),
        ImportCommand::Gdnsd(args) => (from_gdnsd(args), &args.to),
    };
    let told = imported.and_then(|imported| {
        write::write(&to.to, &imported.files)?;
        Ok((told(&imported, to, json)?, imported.notes.is_empty()))
    });
    match told {
        Ok((text, whole)) => match finish(Ok(text)) {
            _ if !whole => ExitCode::FAILURE,
            said => said,
        },
        Err(why) => finish(Err(why)),
    }
}

fn from_octodns(args: &ImportOctoDnsArgs) -> Result<Imported, String> {
    let files = read::octodns(&args.files)?;
    let files: Vec<OctoDnsFile<'_>> = files
        .iter()
        .map(|(zone, file)| OctoDnsFile { zone, name: &file.name, bytes: &file.bytes })
        .collect();
    let name_servers = args.name_servers.clone();
    let options = OctoDns { default_ttl_seconds: args.default_ttl, name_servers };
    octodns(&files, &options, &mut read::included_by_octodns).map_err(unreadable)
}

fn from_gdnsd(args: &ImportGdnsdArgs) -> Result<Imported, String> {
    let (config, zones) = read::gdnsd(&args.from)?;
    let zones =
        zones.iter().map(|(stem, file)| GdnsdZone { stem, name: &file.name, bytes: &file.bytes });
    let config = config.as_ref().map(|file| (file.name.as_str(), file.bytes.as_slice()));
    let from = Gdnsd { config, zones: zones.collect() };
    gdnsd(&from, &mut read::included_by_gdnsd).map_err(unreadable)
}

fn unreadable(findings: Vec<Finding>) -> String {
    lines(&findings) + "nothing was written"
}

/// What was written, and what was not carried over.
fn told(imported: &Imported, to: &ImportTo, json: bool) -> CommandResult {
    let Imported { files, notes } = imported;
    let names: Vec<String> =
        files.iter().map(|(name, _)| to.to.join(name).display().to_string()).collect();
    show(json, &json!({ "files": names, "notes": notes }), |_| in_words(&names, notes))
}

fn in_words(names: &[String], notes: &[Note]) -> String {
    let notes_shown: String = notes.iter().map(|note| format!("{note}\n")).collect();
    let names: String = names.iter().map(|name| format!("wrote {name}\n")).collect();
    let verdict = match notes.len() {
        0 => "all was carried over".into(),
        1 => "1 thing was not carried over as it was: see above".into(),
        more => format!("{more} things were not carried over as they were: see above"),
    };
    format!("{notes_shown}{names}{verdict}\n")
}
