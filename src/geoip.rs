//! MMDB location databases to one table of places.
//!
//! Files are read whole, and every record is decoded once, whether or not it will be asked for; what
//! remains is a table from network to [`Class`]. IPv4 is what lies in ::/96 of a tree of IPv6;
//! other networks that lead to it are aliases and left out. Of several databases each fills in what those before it lack:
//!
//! | part | from |
//! |---|---|
//! | country, continent | the first that has a country; its continent if it has one, else the country's |
//! | subdivision | the first that has one in that country |
//! | AS number | the first that has one |
//! | location | the first that has one and does not say another country; else the country's centroid |

mod facts;
mod networks;
mod node;
mod subdivisions;
mod tree;

use std::collections::HashMap;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use maxminddb::{MaxMindDbError, Reader};

use self::facts::{FIELDS, Facts};
use self::networks::Networks;
use crate::finding::Finding;
use crate::hash::Pieces;
use crate::place::{Address, Class, Interner, Places, Runs, Table, zip_runs};

/// Node numbers and pointers in an MMDB file have at most 32 bits.
const MAX_FILE_BYTES: u64 = 1 << 32;

/// What databases say.
#[derive(Debug)]
pub struct Databases {
    /// All of them together.
    pub places: Places,
    /// A text that changes with the bytes that were read, the same on every machine.
    pub revision: String,
}

/// What the databases say together, in the order in which they are looked up.
///
/// # Errors
///
/// One finding for each file that cannot be read, is broken, or says nothing of where clients are.
pub fn load(files: &[PathBuf]) -> Result<Databases, Vec<Finding>> {
    let mut known = Known::default();
    let mut hash = Pieces::default();
    let mut findings = Vec::new();
    for file in files {
        match read_database(file, &mut known.facts, &mut hash) {
            Ok(networks) => known.add(networks),
            Err((found, expected)) => {
                findings.push(Finding::at(file.display().to_string(), (1, 1), found, expected));
            }
        }
    }
    if !findings.is_empty() {
        return Err(findings);
    }
    Ok(Databases { places: known.into_places(), revision: format!("{:016x}", hash.0) })
}

/// What was found, and what was expected instead.
type Complaint = (String, String);

fn read_database(
    path: &Path,
    facts: &mut Interner<Facts>,
    hash: &mut Pieces,
) -> Result<Networks, Complaint> {
    let file = read_file(path).map_err(broken)?;
    // The very bytes that are read below: the file may be another one a moment later.
    hash.add(&file);
    let invalid = |error: MaxMindDbError| broken(error.to_string());
    let reader = Reader::from_source(file.as_slice()).map_err(invalid)?;
    let networks = networks::read(&reader, &file, facts).map_err(invalid)?;
    if networks.nothing_known() {
        let kind = &reader.metadata().database_type;
        return Err((
            format!("a database of type {kind:?} that says of no network where it is"),
            format!("records with one of the fields {FIELDS}"),
        ));
    }
    Ok(networks)
}

fn broken(found: String) -> Complaint {
    (found, "an MMDB file, as MaxMind, DB-IP, IPinfo and ip-location-db publish them".into())
}

/// The whole file. It is never mapped into memory: it may be replaced, or cut, while it is read.
fn read_file(file: &Path) -> Result<Vec<u8>, String> {
    let explain = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound => "no such file".to_owned(),
        _ => format!("a file that cannot be read ({error})"),
    };
    // Whether it is a file is asked before it is opened, since opening a pipe would wait.
    let metadata = std::fs::metadata(file).map_err(explain)?;
    if !metadata.is_file() {
        return Err("not a regular file".into());
    }
    if metadata.len() > MAX_FILE_BYTES {
        return Err(format!("a file of {} bytes", metadata.len()));
    }
    let mut bytes = Vec::new();
    File::open(file)
        .and_then(|file| file.take(MAX_FILE_BYTES).read_to_end(&mut bytes))
        .map_err(explain)?;
    if bytes.is_empty() { Err("an empty file".into()) } else { Ok(bytes) }
}

/// What the databases read so far say together.
struct Known {
    facts: Interner<Facts>,
    v4: Runs<u32, u32>,
    v6: Runs<u128, u32>,
}

impl Default for Known {
    fn default() -> Self {
        let mut facts = Interner::default();
        // Number 0, which is also the default of runs.
        facts.id(Facts::default());
        Self { facts, v4: Vec::new(), v6: Vec::new() }
    }
}

impl Known {
    fn add(&mut self, networks: Networks) {
        let mut merged = HashMap::new();
        let facts = &mut self.facts;
        let mut merge = |first, second| {
            *merged.entry((first, second)).or_insert_with(|| {
                let list = facts.list();
                let both = list[first as usize].filled_by(&list[second as usize]);
                facts.id(both)
            })
        };
        self.v4 = zip(&self.v4, &networks.v4, &mut merge);
        self.v6 = zip(&self.v6, &networks.v6, &mut merge);
    }

    fn into_places(self) -> Places {
        let mut complete = Interner::default();
        let ids: Vec<u32> =
            self.facts.list().iter().map(|facts| complete.id(facts.completed())).collect();
        let classes: Vec<Class> = complete.list().iter().map(Facts::to_class).collect();
        Places::new(classes, Table::new(&renumber(self.v4, &ids), &renumber(self.v6, &ids), 0))
    }
}

fn zip<A: Address>(
    first: &Runs<A, u32>,
    second: &Runs<A, u32>,
    merge: impl FnMut(u32, u32) -> u32,
) -> Runs<A, u32> {
    zip_runs(first.iter().copied(), second.iter().copied(), merge)
}

fn renumber<A>(mut runs: Runs<A, u32>, ids: &[u32]) -> Runs<A, u32> {
    for (_, id) in &mut runs {
        *id = ids[*id as usize];
    }
    runs
}

#[cfg(test)]
mod tests;
