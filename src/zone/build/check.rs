//! What a zone may not be, each with the record or steered name that shows it.

use super::order::{Group, Set};
use super::{Steered, SteeredTypes};
use crate::finding::Finding;
use crate::wire::{Name, rtype};
use crate::zone::Node;
use crate::zone::findings::Findings;
use crate::zone::read::{Record, Records, type_name};

/// Collects what is wrong.
pub(super) struct Checks<'a> {
    apex: Name,
    apex_key: Vec<u8>,
    records: &'a Records,
    steered: &'a [Steered],
    pub(super) findings: Findings,
}

impl<'a> Checks<'a> {
    pub(super) fn new(apex: &Name, records: &'a Records, steered: &'a [Steered]) -> Self {
        let (apex, apex_key) = (apex.clone(), super::order::key(apex));
        Self { apex, apex_key, records, steered, findings: Findings::default() }
    }

    /// Says what was found at a record.
    fn at(&mut self, record: &Record, found: String, expected: impl Into<String>) {
        let (file, position) = (self.file(record), record.position);
        self.findings.push(Finding::at(file, (position.line, position.column), found, expected));
    }

    /// Says what was found at a steered name.
    fn at_steered(&mut self, index: usize, found: String, expected: impl Into<String>) {
        if let Some(steered) = self.steered.get(index) {
            let finding = Finding::at(&*steered.file, steered.position, found, expected);
            self.findings.push(finding);
        }
    }

    fn file(&self, record: &Record) -> String {
        self.records.files.get(record.position.file as usize).cloned().unwrap_or_default()
    }

    /// Where a record stands, for findings that stand elsewhere.
    fn whereabouts(&self, record: &Record) -> String {
        format!("{}:{}", self.file(record), record.position.line)
    }

    /// Everything outside the zone, and SOA records that are not at the apex.
    pub(super) fn outsiders(&mut self) {
        let records = self.records;
        for record in &records.list {
            let key = super::order::key(&record.owner);
            let (owner, apex) = (&record.owner, self.apex.clone());
            if !key.starts_with(&self.apex_key) {
                let found = format!("{owner} outside the zone {apex}");
                self.at(record, found, format!("names at or below {apex}"));
            } else if record.rtype == rtype::SOA && key != self.apex_key {
                let found = format!("SOA at {owner}");
                self.at(record, found, format!("SOA at the apex {apex} only"));
            }
        }
        for (index, steered) in self.steered.iter().enumerate() {
            if !super::order::key(&steered.owner).starts_with(&self.apex_key) {
                let found =
                    format!("steered name {} outside the zone {}", steered.owner, self.apex);
                self.at_steered(index, found, format!("names at or below {}", self.apex));
            }
        }
    }

    pub(super) fn no_soa(&mut self) {
        if self.records.incomplete {
            return;
        }
        let misplaced_or_not = format!("no SOA at the apex {}", self.apex);
        let file = self.records.files.first().cloned().unwrap_or_default();
        self.findings.push(Finding::at(file, (1, 1), misplaced_or_not, "exactly one SOA record"));
    }

    /// A name below a DNAME (RFC 6672 2.4); the index is the DNAME record's.
    pub(super) fn dname_above(&mut self, group: &Group<'_>, dname: Option<usize>) {
        let records = self.records;
        let Some(dname) = dname.and_then(|index| records.list.get(index)) else { return };
        let name = &group.name;
        let expected = format!("no names below a DNAME ({})", self.whereabouts(dname));
        if let Some(index) = group.steered {
            let found = format!("steered name {name} below the DNAME at {}", dname.owner);
            self.at_steered(index, found, expected.clone());
        }
        if let Some(set) = group.sets.first() {
            let found = format!("{name} below the DNAME at {}", dname.owner);
            self.at(set.records[0], found, expected);
        }
    }

    /// A name below a delegation, where the master file may have glue.
    pub(super) fn occluded(&mut self, group: &Group<'_>, cut: &Node) {
        if let (Some(index), Ok(cut)) = (group.steered, Name::from_wire(&cut.name)) {
            let found = format!("steered name {} below the delegation of {cut}", group.name);
            self.at_steered(index, found, "names that this zone answers for");
        }
    }

    /// Everything about one name that this zone answers for.
    pub(super) fn owner(&mut self, group: &Group<'_>, apex: bool, delegation: bool) {
        for index in &group.steered_again {
            let found = format!("{} steered a second time", group.name);
            self.at_steered(*index, found, "each name once");
        }
        self.alone(group, apex);
        self.steered(group, apex, delegation);
        self.signer(group, apex, delegation);
        let dname = group.set(rtype::DNAME);
        if let Some(dname) = dname.filter(|_| delegation) {
            let found = format!("DNAME at the delegation of {}", group.name);
            self.at(dname.records[0], found, "either NS or DNAME");
        }
        if let Some(soa) = group.set(rtype::SOA).filter(|_| apex)
            && group.set(rtype::NS).is_none()
            && !self.records.incomplete
        {
            let found = format!("no NS at the apex {}", group.name);
            self.at(soa.records[0], found, "at least one NS record");
        }
    }

    /// Types that stand once, and CNAME, which stands alone (RFC 1034 3.6.2).
    fn alone(&mut self, group: &Group<'_>, apex: bool) {
        for set in &group.sets {
            let single = matches!(set.rtype, rtype::CNAME | rtype::DNAME)
                || (set.rtype == rtype::SOA && apex);
            if let [first, rest @ ..] = &set.records[..]
                && single
            {
                for second in rest {
                    let found = format!("a second {} at {}", type_name(set.rtype), group.name);
                    let expected = format!("only the one at {}", self.whereabouts(first));
                    self.at(second, found, expected);
                }
            }
        }
        let Some(cname) = group.set(rtype::CNAME) else { return };
        if let Some(other) = group.sets.iter().find(|set| !may_join_cname(set)) {
            let kind = type_name(other.rtype);
            let place = self.whereabouts(other.records[0]);
            let found = format!("CNAME at {} beside {kind} ({place})", group.name);
            self.at(cname.records[0], found, "no other data beside a CNAME");
        }
    }

    fn steered(&mut self, group: &Group<'_>, apex: bool, delegation: bool) {
        let Some(index) = group.steered else { return };
        let Some(steered) = self.steered.get(index) else { return };
        let (name, (line, column)) = (&group.name, steered.position);
        let place = format!("{}:{line}:{column}", steered.file);
        if delegation {
            let found = format!("steered name {name}, which is delegated");
            self.at_steered(index, found, "names that this zone answers for");
            return;
        }
        let hosts = steered.types == SteeredTypes::Hosts;
        if apex && hosts {
            let found = format!("the apex {name} steered to host names");
            self.at_steered(index, found, "pools of addresses: a CNAME cannot stand beside SOA");
            return;
        }
        for set in &group.sets {
            let steers = matches!(set.rtype, rtype::A | rtype::AAAA | rtype::CNAME);
            let expected = if hosts && !may_join_cname(set) {
                format!("nothing beside what is steered to host names by {place}")
            } else if steers {
                format!("no A, AAAA or CNAME beside what is steered by {place}")
            } else {
                continue;
            };
            let found = format!("{} at the steered name {name}", type_name(set.rtype));
            self.at(set.records[0], found, expected);
        }
    }

    /// DS stands on the upper side of a delegation (RFC 4035 2.4).
    fn signer(&mut self, group: &Group<'_>, apex: bool, delegation: bool) {
        let Some(ds) = group.set(rtype::DS) else { return };
        let (found, expected) = if apex {
            (format!("DS at the apex {}", group.name), "DS in the zone above")
        } else if !delegation && !self.records.incomplete {
            (format!("DS at {} without NS", group.name), "NS records beside it, or no DS")
        } else {
            return;
        };
        self.at(ds.records[0], found, expected);
    }

    /// A set that no message can hold.
    pub(super) fn too_large(&mut self, name: &Name, set: &Set<'_>) {
        let (count, kind) = (set.records.len(), type_name(set.rtype));
        let found = format!("{count} {kind} records at {name}, too many for any message");
        self.at(set.records[0], found, "at most 65023 bytes in one record set");
    }
}

/// What may stand beside a CNAME: itself, and what signs it (RFC 4035 2.5).
fn may_join_cname(set: &Set<'_>) -> bool {
    matches!(set.rtype, rtype::CNAME | rtype::RRSIG | rtype::NSEC)
}
