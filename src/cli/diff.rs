//! `diff`: what would be answered differently, before it is.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::args::{DiffArgs, DiffFormat};
use super::serve::lines;
use super::{finish, show};
use crate::config::{self, Daemon};
use crate::diff::{self, Diff};
use crate::git::{Export, Repository};
use crate::reload::{self, Located};
use crate::view::World;

/// Exit code 0 if nothing is answered differently, 1 if something is, 2 if that cannot be told.
pub fn run(config: &Path, args: &DiffArgs, json: bool) -> ExitCode {
    let diff = match compare(config, args) {
        Ok(diff) => diff,
        Err(why) => {
            finish(Err(why));
            return ExitCode::from(2);
        }
    };
    let text = show(
        json || args.format == DiffFormat::Json,
        &diff,
        match args.format {
            DiffFormat::Markdown => diff::markdown,
            DiffFormat::Text | DiffFormat::Json => diff::text,
        },
    );
    match finish(text) {
        said if said != ExitCode::SUCCESS => ExitCode::from(2),
        _ if diff.is_empty() => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

fn compare(config: &Path, args: &DiffArgs) -> Result<Diff, String> {
    let mut databases = Databases::default();
    let mut load = |side: Option<&str>| load(config, side, &mut databases);
    let (before, after) = (load(Some(&args.old)), load(args.new.as_deref()));
    match (before, after) {
        (Ok(before), Ok(after)) => Ok(diff::compare(&before, &after)),
        (Err(why), Ok(_)) | (Ok(_), Err(why)) => Err(why),
        (Err(old), Err(new)) => Err(format!("{old}\n{new}")),
    }
}

/// Those that have been read, by their files: where both sides have the same ones, they tell the same clients apart.
#[derive(Default)]
struct Databases(HashMap<Vec<PathBuf>, Located>);

impl Databases {
    fn world(&mut self, daemon: &Daemon) -> Result<World, String> {
        let located = self.0.get(&daemon.geoip).cloned().unwrap_or_else(|| {
            let read = reload::load_places(daemon);
            // Two revisions of a repository have the same one at different places.
            let alike = self.0.values().find(|known| known.says_the_same(&read)).cloned();
            alike.unwrap_or(read)
        });
        self.0.insert(daemon.geoip.clone(), located.clone());
        let loaded = reload::load_world_at(daemon, located, SEED);
        loaded.map(|loaded| loaded.world).map_err(|findings| lines(&findings))
    }
}

/// What a side says: a folder, a revision, or the files as they are.
fn load(config: &Path, side: Option<&str>, databases: &mut Databases) -> Result<World, String> {
    let Some(side) = side else {
        return databases.world(&daemon(config)?);
    };
    let folder = Path::new(side);
    if folder.is_dir() {
        return databases.world(&in_folder(config, folder)?);
    }
    let home = config.parent().filter(|home| !home.as_os_str().is_empty());
    let repository = Repository::of(home.unwrap_or(Path::new(".")))
        .map_err(|why| format!("{side}: no such folder, and no revision either: {why}"))?;
    let export = repository.export(side)?;
    let loaded =
        in_revision(config, &repository, &export).and_then(|daemon| databases.world(&daemon));
    // Whoever reads that knows no such folder.
    let tree = format!("{}/", export.tree().display());
    loaded.map_err(|why| why.replace(&tree, &format!("{side}:")))
}

fn daemon(config: &Path) -> Result<Daemon, String> {
    config::daemon(config).map_err(|findings| lines(&findings))
}

/// A table is only keyed against attackers where one serves.
const SEED: u64 = 0;

/// A folder with a `steersman.toml` says all itself; any other one is a folder of zones.
fn in_folder(config: &Path, folder: &Path) -> Result<Daemon, String> {
    let own = folder.join("steersman.toml");
    if own.is_file() {
        return daemon(&own);
    }
    Ok(Daemon { zones: folder.to_owned(), zones_position: None, ..daemon(config)? })
}

/// What a revision says; of the databases, which seldom are in git, those that lie there now.
fn in_revision(config: &Path, of: &Repository, export: &Export) -> Result<Daemon, String> {
    let tree = export.tree();
    let there = tree.join(&of.prefix);
    let then = there.join(config.file_name().unwrap_or_default());
    if then.is_file() {
        let mut daemon = daemon(&then)?;
        follow_here(&mut daemon, &tree);
        for database in daemon.geoip.iter_mut().filter(|database| !database.exists()) {
            if let Ok(within) = database.strip_prefix(&tree) {
                *database = of.top.join(within);
            }
        }
        return Ok(daemon);
    }
    let mut now = daemon(config)?;
    if follow_here(&mut now, &tree) {
        return Ok(now);
    }
    let zones = absolute(&now.zones)?;
    match zones.strip_prefix(&of.top) {
        Ok(within) => Ok(Daemon { zones: tree.join(within), zones_position: None, ..now }),
        Err(_) => Err(format!("{} is not in {}", zones.display(), of.top.display())),
    }
}

/// Zones that a daemon has from git are those of this revision, and not what was fetched.
fn follow_here(daemon: &mut Daemon, tree: &Path) -> bool {
    let Some(git) = &daemon.git else { return false };
    daemon.zones = tree.join(&git.path);
    true
}

fn absolute(path: &Path) -> Result<PathBuf, String> {
    path.canonicalize().map_err(|error| format!("{}: {error}", path.display()))
}
