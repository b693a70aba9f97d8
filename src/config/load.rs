//! A zones folder and location tables to one [`World`], or to everything that is wrong.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::daemon::FilePosition;
use super::document;
use super::folder::{self, Files, Listing, shown};
use super::monitors::Beside;
use super::parallel;
use super::policy::{PoolsFile, Shared};
use super::steering::Steering;
use super::{maintenance, pools, rules, steering};
use crate::finding::Finding;
use crate::finding::words::{did_you_mean, one_of, quoted};
use crate::health::{Inventory, Rule};
use crate::maintenance::Window;
use crate::place::Places;
use crate::steering::{SteeredName, Turns};
use crate::view::World;
use crate::wire::Name;
use crate::zone::{self, Steered, Zone, Zones};

/// What files are loaded into.
#[derive(Debug)]
pub struct Loaded {
    /// All that they say.
    pub world: World,
    /// What is hardly meant as it stands, in the order of files, lines and columns.
    pub warnings: Vec<Finding>,
    /// Where the first monitor by echo requests stands.
    pub icmp: Option<FilePosition>,
}

/// Loads all files of the zones folder.
///
/// `geoip_revision` names the state of the databases that `places` was made from and becomes part
/// of [`World::revision`]; `seed` is the key of the zones' tables. Every finding of every file is
/// returned, in the order of files, lines and columns; warnings only where there is no error.
/// Monitors may run no commands.
pub fn load(
    zones_dir: &Path,
    places: Arc<Places>,
    geoip_revision: &str,
    seed: u64,
) -> Result<Loaded, Vec<Finding>> {
    load_allowing(zones_dir, places, geoip_revision, seed, false)
}

/// The same, where monitors may run commands, or may not.
pub fn load_allowing(
    zones_dir: &Path,
    places: Arc<Places>,
    geoip_revision: &str,
    seed: u64,
    exec: bool,
) -> Result<Loaded, Vec<Finding>> {
    let mut load =
        Load { files: Files::new(zones_dir)?, findings: Vec::new(), seed, exec, icmp: None };
    let listing = folder::list(zones_dir)?;
    let (inventory, pools_file) = load.pools(listing.pools.as_deref());
    let is_whole = !matches!(pools_file, PoolsFile::Unreadable);
    let icmp = load.icmp.take();
    let mut shared = Shared::new(&inventory, pools_file, &places);
    let sources = load.pair(zones_dir, &listing);
    let (mut jobs, mut steered) = (Vec::new(), Vec::<Box<[SteeredName]>>::new());
    for (apex, source) in &sources {
        let steering = load.steering(apex, source.steering.as_deref(), &mut shared);
        jobs.push(Job { apex, path: &source.zone, owners: steering.owners });
        steered.push(steering.names.into());
    }
    let maintenance = load.maintenance(listing.maintenance.as_deref(), &inventory, is_whole);
    let rules = load.rules(listing.rules.as_deref(), &inventory, is_whole, &steered);
    let zones = load.zones(&jobs);
    let turns = Turns::new(shared.turns());
    let paces = std::mem::take(&mut shared.paces);
    let mut warnings = std::mem::take(&mut shared.warnings);
    warnings.sort();
    // A file that an unread line includes must not be told to have a wrong name.
    let all_read = zones.iter().all(Option::is_some);
    load.findings.extend(listing.nearly(&load.files, all_read));
    let zones = zones.into_iter().collect::<Option<Vec<_>>>().filter(|_| load.findings.is_empty());
    let Some(zones) = zones else {
        load.findings.sort();
        load.findings.dedup();
        return Err(load.findings);
    };
    let revision = load.files.revision(geoip_revision);
    let (zones, inventory) = (Zones::new(zones, seed), Arc::new(inventory));
    let mut world = World {
        zones,
        steered,
        inventory,
        rules,
        maintenance,
        places,
        paces,
        turns,
        seed,
        revision,
        commit: None,
    };
    let ttls = world.maintenance.iter().map(|window| world.longest_ttl(&window.target));
    let ttls: Vec<Duration> = ttls.collect();
    world.maintenance.iter_mut().zip(ttls).for_each(|(window, ttl)| window.ttl = ttl);
    Ok(Loaded { world, warnings, icmp })
}

/// The files of one zone.
struct Source {
    zone: PathBuf,
    steering: Option<PathBuf>,
}

struct Load {
    files: Files,
    findings: Vec<Finding>,
    seed: u64,
    exec: bool,
    icmp: Option<FilePosition>,
}

impl Load {
    /// Takes a value, or the findings in its place.
    fn good<T>(&mut self, result: Result<T, Vec<Finding>>) -> Option<T> {
        result.map_err(|findings| self.findings.extend(findings)).ok()
    }

    fn note(&mut self, path: &Path, found: String, expected: String) {
        self.findings.push(Finding::at(shown(path), (1, 1), found, expected));
    }

    fn pools(&mut self, path: Option<&Path>) -> (Inventory, PoolsFile) {
        let Some(path) = path else { return (Inventory::default(), PoolsFile::Missing) };
        let unreadable = (Inventory::default(), PoolsFile::Unreadable);
        let bytes = self.files.toml(path);
        let Some(bytes) = self.good(bytes) else { return unreadable };
        let file = shown(path);
        let folder = path.parent().unwrap_or(Path::new(""));
        let beside = Beside::new(folder, &mut self.files, self.exec);
        let (read, findings) = document::read(&file, &bytes, |document| {
            let inventory = pools::read(document, &beside);
            let state = match (document.is_whole(), document.is_good()) {
                (true, true) => PoolsFile::Good,
                (true, false) => PoolsFile::Faulty,
                (false, _) => PoolsFile::Unreadable,
            };
            (inventory, state, pools::first_icmp(document))
        });
        self.findings.extend(findings);
        let Some((inventory, state, icmp)) = read else { return unreadable };
        self.icmp = icmp;
        (inventory, state)
    }

    /// Reads the windows of maintenance, once all is known that they name.
    fn maintenance(
        &mut self,
        path: Option<&Path>,
        inventory: &Inventory,
        complete: bool,
    ) -> Vec<Window> {
        let Some(path) = path else { return Vec::new() };
        let bytes = self.files.toml(path);
        let Some(bytes) = self.good(bytes) else { return Vec::new() };
        let known = maintenance::Known { inventory, complete };
        let (windows, findings) =
            document::read(&shown(path), &bytes, |document| maintenance::read(document, &known));
        self.findings.extend(findings);
        windows.unwrap_or_default()
    }

    /// Reads the safety rules, once all is known that they name.
    fn rules(
        &mut self,
        path: Option<&Path>,
        inventory: &Inventory,
        all_regions: bool,
        steered: &[Box<[SteeredName]>],
    ) -> Vec<Rule> {
        let Some(path) = path else { return Vec::new() };
        let bytes = self.files.toml(path);
        let Some(bytes) = self.good(bytes) else { return Vec::new() };
        // With an error in a steering file, some of its names are not known.
        let names = self
            .findings
            .is_empty()
            .then(|| steered.iter().flatten().map(|name| name.owner.to_string()).collect());
        let known = rules::Known { inventory, all_regions, names };
        let (rules, findings) =
            document::read(&shown(path), &bytes, |document| rules::read(document, &known));
        self.findings.extend(findings);
        rules.unwrap_or_default()
    }

    /// Finds the apex of each zone file and the steering file that belongs to it.
    fn pair(&mut self, zones_dir: &Path, listing: &Listing) -> BTreeMap<Name, Source> {
        if listing.zones.is_empty() {
            let expected = "at least one zone, such as example.com.zone".into();
            self.note(zones_dir, "a folder without zones".into(), expected);
        }
        let stems: Vec<String> = listing.zones.iter().map(|(stem, _)| stem.clone()).collect();
        let mut sources: BTreeMap<Name, Source> = BTreeMap::new();
        for (stem, path) in &listing.zones {
            let Some(apex) = self.apex(stem, path) else { continue };
            if let Some(other) = sources.get(&apex) {
                let found =
                    format!("a second file of the zone {apex} (see {})", shown(&other.zone));
                self.note(path, found, "one file for each zone".into());
                continue;
            }
            sources.insert(apex, Source { zone: path.clone(), steering: None });
        }
        for (stem, path) in &listing.steering {
            let Some(apex) = self.apex(stem, path) else { continue };
            match sources.get_mut(&apex) {
                Some(Source { steering: Some(other), .. }) => {
                    let found =
                        format!("a second steering file of the zone {apex} (see {})", shown(other));
                    self.note(path, found, "one file for each zone".into());
                }
                Some(source) => source.steering = Some(path.clone()),
                None => {
                    let known = || {
                        stems.iter().map(String::as_str).chain(["pools", "rules", "maintenance"])
                    };
                    let meant = did_you_mean(stem, known());
                    let found = format!(
                        "no zone file {} beside it{meant}",
                        quoted(&format!("{stem}.zone"))
                    );
                    let files = known().map(|stem| format!("{stem}.toml")).collect::<Vec<_>>();
                    self.note(path, found, one_of(files.iter().map(String::as_str)));
                }
            }
        }
        sources
    }

    fn apex(&mut self, stem: &str, path: &Path) -> Option<Name> {
        match apex(stem) {
            Ok(apex) => Some(apex),
            Err(why) => {
                let found = format!("the zone name {}: {why}", quoted(stem));
                self.note(path, found, "the name of a zone, such as example.com".into());
                None
            }
        }
    }

    fn steering(&mut self, apex: &Name, path: Option<&Path>, shared: &mut Shared<'_>) -> Steering {
        let Some(path) = path else { return Steering::default() };
        let bytes = self.files.toml(path);
        let Some(bytes) = self.good(bytes) else { return Steering::default() };
        let file = shown(path);
        let (steering, findings) =
            document::read(&file, &bytes, |document| steering::read(document, apex, shared));
        self.findings.extend(findings);
        steering.unwrap_or_default()
    }

    /// Reads all zones, several at a time.
    fn zones(&mut self, jobs: &[Job<'_>]) -> Vec<Option<Arc<Zone>>> {
        let (files, seed) = (&self.files, self.seed);
        let done = parallel::map(jobs, |job| {
            let mut files = files.fork();
            let (zone, findings) = job.zone(&mut files, seed);
            (zone.map(Arc::new), findings, files)
        });
        let take_in = |(zone, findings, files)| {
            self.findings.extend::<Vec<Finding>>(findings);
            self.files.join(files);
            zone
        };
        done.into_iter().map(take_in).collect()
    }
}

/// A zone to be read.
struct Job<'a> {
    apex: &'a Name,
    path: &'a Path,
    owners: Vec<Steered>,
}

impl Job<'_> {
    fn zone(&self, files: &mut Files, seed: u64) -> (Option<Zone>, Vec<Finding>) {
        let bytes = match files.zone(self.path) {
            Ok(bytes) => bytes,
            Err(findings) => return (None, findings),
        };
        let mut include = |written: &str, by: &str| files.include(written, by);
        let (records, mut findings) =
            zone::read(&shown(self.path), &bytes, self.apex, &mut include);
        // What is built takes as much memory again.
        drop(bytes);
        match zone::build(self.apex, &records, &self.owners, seed) {
            Ok(zone) => (Some(zone), findings),
            Err(more) => {
                findings.extend(more);
                (None, findings)
            }
        }
    }
}

/// The apex that a file name stands for: `root` is the root zone, `%2F` a slash, which the names
/// of reverse zones may have (RFC 2317) and file names may not.
fn apex(stem: &str) -> Result<Name, String> {
    if stem == "root" {
        return Ok(Name::root());
    }
    let text = stem.replace("%2F", "/").replace("%2f", "/");
    let printable = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'*' | b'@' | b'%');
    if !text.bytes().all(printable) || text.ends_with('.') {
        return Err("it has characters that no zone name has".into());
    }
    let apex = Name::parse(&text, &Name::root()).map_err(|error| error.to_string())?;
    Ok(apex.to_lowercase())
}

#[cfg(test)]
mod tests;
