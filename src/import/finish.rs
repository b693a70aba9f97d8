//! From the plan to files: the zones are built as the daemon would, and what it would refuse is
//! left out with a note.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::Imported;
use super::plan::{self, Endpoint, Plan, Policy, Pool, Record, Target, Zone};
use super::write;
use crate::finding::Finding;
use crate::geo_key;
use crate::steering::MAX_DEPTH;
use crate::wire::Name;
use crate::zone::{self, Steered, SteeredTypes};

/// So often a zone is built until nothing is wrong with it; what is wrong then is wrong with too
/// much of it.
const MOST_ROUNDS: usize = 50;
/// The largest files that are loaded, in bytes.
const MOST_TOML_BYTES: usize = 16 << 20;
const MOST_ZONE_BYTES: usize = 256 << 20;
/// Branches of one policy, and pools of one name, are counted in 16 bits.
const MOST_BRANCHES: usize = u16::MAX as usize;

/// The texts of all files, and the notes.
pub(super) fn finish(mut plan: Plan) -> Result<Imported, Vec<Finding>> {
    let mut files = Vec::new();
    let mut zones = std::mem::take(&mut plan.zones);
    for zone in &mut zones {
        zone.steered
            .sort_by(|a, b| (&a.place.file, a.place.line).cmp(&(&b.place.file, b.place.line)));
        leave_out_the_unsteerable(&mut plan, zone);
        settle(&mut plan, zone)?;
    }
    plan.zones = zones;
    files.extend(write::pools(&plan).map(|text| ("pools.toml".to_owned(), text)));
    for zone in &plan.zones {
        let stem = stem(&zone.apex);
        files.extend(write::steering(&plan, zone).map(|text| (format!("{stem}.toml"), text)));
        files.push((format!("{stem}.zone"), write::zone(zone).0));
    }
    let most = |name: &str| if name.ends_with(".zone") { MOST_ZONE_BYTES } else { MOST_TOML_BYTES };
    if let Some((name, text)) = files.iter().find(|(name, text)| text.len() > most(name)) {
        let found = format!("{} bytes to write into it", text.len());
        let expected = format!("less to import: at most {} bytes can be loaded", most(name));
        return Err(vec![Finding::at(name, (1, 1), found, expected)]);
    }
    Ok(Imported { files, notes: plan.notes.into_sorted() })
}

/// The name of a zone's files, without what it ends in.
fn stem(apex: &Name) -> String {
    match apex.is_root() {
        true => "root".into(),
        false => apex.to_string().trim_end_matches('.').replace('/', "%2F"),
    }
}

/// Whether a zone file can have the name of this zone.
pub(super) fn can_be_served(apex: &Name) -> bool {
    let printable =
        |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'*' | b'@' | b'%' | b'\\');
    apex.is_root() || apex.to_string().bytes().all(printable)
}

/// What no steering file can say.
fn leave_out_the_unsteerable(plan: &mut Plan, zone: &mut Zone) {
    let apex = zone.apex.clone();
    zone.steered.retain(|steered| {
        let why = why_unsteerable(steered, &apex, &plan.pools);
        if let Some(why) = &why {
            let found = format!("{}, which is to be steered", steered.owner);
            plan.notes.push(&steered.place, found, why, "it is left out");
        }
        why.is_none()
    });
}

fn why_unsteerable(steered: &plan::Steered, apex: &Name, all: &[Pool]) -> Option<String> {
    let plan::Steered { owner, policy, .. } = steered;
    let is_star = |label: &[u8]| label.contains(&b'*');
    let below = if owner.is_wildcard() { owner.parent() } else { Some(owner.clone()) };
    if below.is_some_and(|rest| rest.labels().any(is_star)) && !apex.labels().any(is_star) {
        return Some("a \"*\" must be the whole leftmost label of a steered name".into());
    }
    if policy.depth() > MAX_DEPTH {
        return Some(format!("policies stand at most {MAX_DEPTH} deep within each other"));
    }
    let mut pools = Vec::new();
    policy.pools(&mut pools);
    let pools: BTreeSet<usize> = pools.into_iter().collect();
    let leads_back = |endpoint: &Endpoint| endpoint.target == Target::Host(owner.clone());
    let mut known = pools.iter().filter_map(|pool| all.get(*pool));
    if known.any(|pool| pool.endpoints.iter().any(leads_back)) {
        return Some("it leads to itself".into());
    }
    (pools.len() > MOST_BRANCHES || widest(policy) > MOST_BRANCHES)
        .then(|| format!("a name has at most {MOST_BRANCHES} pools, and a policy as many branches"))
}

fn widest(policy: &Policy) -> usize {
    let branches = policy.branches();
    branches.len().max(branches.into_iter().map(widest).max().unwrap_or(0))
}

/// Leaves out what makes the zone one that cannot be served, until it can.
fn settle(plan: &mut Plan, zone: &mut Zone) -> Result<(), Vec<Finding>> {
    let file: Rc<str> = format!("{}.zone", stem(&zone.apex)).into();
    let mut findings = Vec::new();
    for _ in 0..MOST_ROUNDS {
        let (text, lines) = write::zone(zone);
        let (records, wrong) =
            zone::read(&file, text.as_bytes(), &zone.apex, &mut |_, _| Err("no files".into()));
        let built = zone::build(&zone.apex, &records, &steered(plan, zone), 0);
        findings = match built {
            Err(more) => wrong.into_iter().chain(more).collect(),
            Ok(_) if wrong.is_empty() => return Ok(()),
            Ok(_) => wrong,
        };
        if !leave_out(plan, zone, &findings, &file, &lines) {
            break;
        }
    }
    findings.truncate(20);
    Err(findings)
}

/// The steering file as the zone knows it: the line of a name is its number.
const STEERING: &str = "steering";

fn steered(plan: &Plan, zone: &Zone) -> Vec<Steered> {
    let one = |(steered, line): (&plan::Steered, u32)| {
        let mut pools = Vec::new();
        steered.policy.pools(&mut pools);
        let mut pools = pools.into_iter().filter_map(|index| plan.pools.get(index));
        let hosts = pools.any(|pool| pool.families().contains(&0));
        Steered {
            owner: steered.owner.to_lowercase(),
            types: if hosts { SteeredTypes::Hosts } else { SteeredTypes::Addresses },
            file: STEERING.into(),
            position: (line, 1),
        }
    };
    zone.steered.iter().zip(1..).map(one).collect()
}

/// Takes out whatever a finding is about; says whether there was anything.
fn leave_out(
    plan: &mut Plan,
    zone: &mut Zone,
    findings: &[Finding],
    file: &str,
    lines: &[Option<usize>],
) -> bool {
    let (mut records, mut names) = (BTreeSet::new(), BTreeSet::new());
    for finding in findings {
        let line = finding.line as usize - usize::from(finding.line > 0);
        let (place, what) = if finding.file == STEERING {
            let Some(steered) = zone.steered.get(line) else { continue };
            if !names.insert(line) {
                continue;
            }
            (&steered.place, format!("{}, which is steered", steered.owner))
        } else if finding.file == file {
            let Some(index) = lines.get(line).copied().flatten() else { continue };
            let Some(record) = zone.records.get(index) else { continue };
            if !records.insert(index) {
                continue;
            }
            (&record.place, format!("{} {}", record.owner, record.rtype))
        } else {
            continue;
        };
        let why = format!("{}; expected {}", finding.found, without_places(finding));
        plan.notes.push(place, what, why, "it is left out");
    }
    let is_any = !records.is_empty() || !names.is_empty();
    drop_all(&mut zone.records, &records);
    drop_all(&mut zone.steered, &names);
    is_any
}

/// What was expected, without places in files that nobody has yet.
fn without_places(finding: &Finding) -> String {
    let text = finding.expected.as_str();
    text.split(" (").next().unwrap_or(text).replace(&format!(" by {STEERING}"), " here")
}

fn drop_all<T>(list: &mut Vec<T>, which: &BTreeSet<usize>) {
    let mut index = 0;
    list.retain(|_| {
        index += 1;
        !which.contains(&(index - 1))
    });
}

/// The record, if the daemon can read it; otherwise a note says why not.
pub(super) fn readable(plan: &mut Plan, apex: &Name, record: Record) -> Option<Record> {
    let Record { owner, ttl_seconds, rtype, data, .. } = &record;
    let line = format!("{owner} {ttl_seconds} {rtype} {data}\n");
    let (records, findings) =
        zone::read("record", line.as_bytes(), apex, &mut |_, _| Err("no files".into()));
    let outside = !owner.to_lowercase().is_under(apex);
    match findings.first() {
        Some(finding) => {
            let why = format!("{}; expected {}", finding.found, finding.expected);
            let found = format!("{owner} {rtype}");
            plan.notes.push(&record.place, found, why, "it is left out");
            None
        }
        None if outside || records.len() != 1 => {
            let why = format!("it is not in the zone {apex}");
            plan.notes.push(&record.place, format!("{owner} {rtype}"), why, "it is left out");
            None
        }
        None => Some(record),
    }
}

/// The geo key that means the same here, or why there is none.
pub(super) fn geo_key(text: &str) -> Result<String, String> {
    match geo_key::parse(text) {
        Ok(_) => Ok(text.into()),
        Err((_, expected)) => match geo_key::parse(expected.trim_matches('"')) {
            Ok(_) => Ok(expected.trim_matches('"').into()),
            Err(_) => Err(format!("no place of that name is known; expected {expected}")),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_has_its_key() {
        for (text, key) in [
            ("EU", Some("EU")),
            ("NA-US-CA", Some("NA-US-CA")),
            ("AS-FR", Some("EU-FR")),
            ("203.0.113.0/24", Some("203.0.113.0/24")),
            ("203.0.113.7/24", Some("203.0.113.0/24")),
            ("XX", None),
            ("AS-ZZ", None),
        ] {
            assert_eq!(geo_key(text).ok().as_deref(), key, "{text}");
        }
    }
}
