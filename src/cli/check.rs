//! `check`: the files without serving them.

use std::net::IpAddr;
use std::path::Path;
use std::process::ExitCode;

use super::args::{CheckArgs, CheckFormat};
use super::finish;
use super::serve::lines;
use crate::config::{self, Daemon, FilePosition, Git};
use crate::finding::Finding;
use crate::probe::{Plan, Request, may_ping};
use crate::reload::{self, Loaded};
use crate::view::World;

/// Loads all files as the daemon would. What is found goes to standard output, where scripts read
/// it; the exit code is 1 if anything but warnings is.
pub fn run(config: &Path, args: &CheckArgs, json: bool) -> ExitCode {
    let format = if json { CheckFormat::Json } else { args.format };
    if let Some((daemon, git)) = nothing_fetched(config) {
        return without_zones(&reload::check_beside(&daemon), &git, format);
    }
    let loaded = reload::load_from(config, SEED).and_then(permitted);
    let good = loaded.is_ok();
    let text = match (format, loaded) {
        (CheckFormat::Text, Ok(Loaded { world, warnings, .. })) => {
            Ok(lines(&warnings) + &summary(&world))
        }
        (CheckFormat::Text, Err(findings)) => Ok(lines(&findings)),
        (CheckFormat::Json, loaded) => {
            let findings = loaded.map_or_else(|findings| findings, |loaded| loaded.warnings);
            serde_json::to_string_pretty(&findings).map_err(|error| error.to_string())
        }
    };
    match finish(text) {
        _ if !good => ExitCode::FAILURE,
        said => said,
    }
}

/// A good configuration whose zones come from a remote, and are not here yet.
fn nothing_fetched(config: &Path) -> Option<(Daemon, Git)> {
    let daemon = config::daemon(config).ok()?;
    let git = daemon.git.clone().filter(|_| !daemon.zones.exists())?;
    Some((daemon, git))
}

/// Says what can be said of that.
fn without_zones(findings: &[Finding], git: &Git, format: CheckFormat) -> ExitCode {
    let Git { remote, branch, .. } = git;
    let text = match format {
        CheckFormat::Text if findings.is_empty() => Ok(format!(
            "good, as far as it is here: the zones come from {branch} of {remote}, which has not been served yet"
        )),
        CheckFormat::Text => Ok(lines(findings)),
        CheckFormat::Json => {
            serde_json::to_string_pretty(findings).map_err(|error| error.to_string())
        }
    };
    match finish(text) {
        _ if !findings.is_empty() => ExitCode::FAILURE,
        said => said,
    }
}

/// Whoever may not send echo requests learns it here, and not when the first probe fails.
fn permitted(loaded: Loaded) -> Result<Loaded, Vec<Finding>> {
    let Some(FilePosition { file, line, column }) = &loaded.icmp else { return Ok(loaded) };
    let plan = Plan::new(&loaded.world.inventory);
    let pinged = plan.targets.iter().filter(|target| target.request == Request::Icmp);
    let addresses: Vec<IpAddr> = pinged.map(|target| target.address).collect();
    let one_of_each = [IpAddr::is_ipv4, IpAddr::is_ipv6]
        .map(|family| addresses.iter().find(|address| family(address)));
    match one_of_each.into_iter().flatten().find_map(|address| may_ping(*address).err()) {
        None => Ok(loaded),
        Some(why) => {
            let found = format!("a monitor that this user may not run: {why}");
            let expected = "that right; check as the daemon's user";
            Err(vec![Finding::at(file, (*line, *column), found, expected)])
        }
    }
}

/// A table is only keyed against attackers where one serves.
const SEED: u64 = 0;

fn summary(world: &World) -> String {
    let records = world.zones.all().iter().map(|zone| zone.records).sum();
    let steered = world.steered.iter().map(|names| names.len()).sum();
    format!(
        "good: {}, {}, {}, {} (revision {})",
        counted(world.zones.all().len(), "zone"),
        counted(records, "record"),
        counted(steered, "steered name"),
        counted(world.inventory.pools.len(), "pool"),
        world.revision
    )
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
