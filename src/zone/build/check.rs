//! What a zone may not be, each with the record or steered name that shows it.

use super::group::{Group, Set};
use super::order::Order;
use super::{Steered, SteeredTypes};
use crate::finding::Finding;
use crate::wire::{MAX_WIRE_BYTES, Name, rtype};
use crate::zone::findings::Findings;
use crate::zone::read::type_name;
use crate::zone::records::{Record, Records};

/// Collects what is wrong.
pub(super) struct Checks<'a> {
    apex: &'a Name,
    records: &'a Records,
    steered: &'a [Steered],
    pub(super) findings: Findings,
}

impl<'a> Checks<'a> {
    pub(super) fn new(apex: &'a Name, records: &'a Records, steered: &'a [Steered]) -> Self {
        Self { apex, records, steered, findings: Findings::default() }
    }

    /// The record of an index.
    pub(super) fn record(&self, index: usize) -> Record<'a> {
        self.records.get(index)
    }

    /// Says what was found at a record.
    fn at(&mut self, index: usize, found: String, expected: impl Into<String>) {
        let Record { position, .. } = self.record(index);
        let file = self.file(position.file);
        self.findings.push(Finding::at(file, (position.line, position.column), found, expected));
    }

    /// Says what was found at a steered name.
    fn at_steered(&mut self, index: usize, found: String, expected: impl Into<String>) {
        if let Some(steered) = self.steered.get(index) {
            let finding = Finding::at(&*steered.file, steered.position, found, expected);
            self.findings.push(finding);
        }
    }

    fn file(&self, index: u32) -> String {
        self.records.files.get(index as usize).cloned().unwrap_or_default()
    }

    /// Where a record stands, for findings that stand elsewhere.
    fn whereabouts(&self, index: usize) -> String {
        let Record { position, .. } = self.record(index);
        format!("{}:{}", self.file(position.file), position.line)
    }

    /// Everything outside the zone, and SOA records that are not at the apex.
    pub(super) fn outsiders(&mut self, order: &Order<'_>) {
        let apex = self.apex;
        for &index in &order.outside {
            let owner = shown(self.record(index).owner);
            let found = format!("{owner} outside the zone {apex}");
            self.at(index, found, format!("names at or below {apex}"));
        }
        for &index in &order.low_soas {
            let found = format!("SOA at {}", shown(self.record(index).owner));
            self.at(index, found, format!("SOA at the apex {apex} only"));
        }
        for (index, steered) in self.steered.iter().enumerate() {
            if !steered.owner.to_lowercase().is_under(apex) {
                let found = format!("steered name {} outside the zone {apex}", steered.owner);
                self.at_steered(index, found, format!("names at or below {apex}"));
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
    pub(super) fn dname_above(&mut self, group: &Group, dname: Option<usize>) {
        let Some(dname) = dname else { return };
        let (name, owner) = (shown(&group.name), shown(self.record(dname).owner));
        let expected = format!("no names below a DNAME ({})", self.whereabouts(dname));
        if let Some(index) = group.steered {
            let found = format!("steered name {name} below the DNAME at {owner}");
            self.at_steered(index, found, expected.clone());
        }
        if let Some(set) = group.sets.first() {
            let found = format!("{name} below the DNAME at {owner}");
            self.at(group.first(set), found, expected);
        }
    }

    /// A name below a delegation whose key has so many bytes, where the master file may have glue.
    pub(super) fn occluded(&mut self, group: &Group, cut_length: usize) {
        let Some(index) = group.steered else { return };
        let (name, cut) = (shown(&group.name), shown(&group.name[group.key.len() - cut_length..]));
        let found = format!("steered name {name} below the delegation of {cut}");
        self.at_steered(index, found, "names that this zone answers for");
    }

    /// Everything about one name that this zone answers for.
    pub(super) fn owner(&mut self, group: &Group, apex: bool, delegation: bool) {
        for index in &group.steered_again {
            let found = format!("{} steered a second time", shown(&group.name));
            self.at_steered(*index, found, "each name once");
        }
        self.alone(group, apex);
        self.steered(group, apex, delegation);
        self.signer(group, apex, delegation);
        if let Some(ns) = group.set(rtype::NS).filter(|_| group.is_wildcard()) {
            let found = format!("NS at the wildcard {}", shown(&group.name));
            let expected = "delegations by name, for RFC 4592 4.2 leaves open what this means";
            self.at(group.first(ns), found, expected);
        }
        let dname = group.set(rtype::DNAME);
        if let Some(dname) = dname.filter(|_| delegation) {
            let found = format!("DNAME at the delegation of {}", shown(&group.name));
            self.at(group.first(dname), found, "either NS or DNAME");
        }
        if let Some(soa) = group.set(rtype::SOA).filter(|_| apex)
            && group.set(rtype::NS).is_none()
            && !self.records.incomplete
        {
            let found = format!("no NS at the apex {}", shown(&group.name));
            self.at(group.first(soa), found, "at least one NS record");
        }
    }

    /// Types that stand once, and CNAME, which stands alone (RFC 1034 3.6.2).
    fn alone(&mut self, group: &Group, apex: bool) {
        for set in &group.sets {
            let single = matches!(set.rtype, rtype::CNAME | rtype::DNAME)
                || (set.rtype == rtype::SOA && apex);
            for second in group.members(set).skip(1).filter(|_| single) {
                let (kind, name) = (type_name(set.rtype), shown(&group.name));
                let expected = format!("only the one at {}", self.whereabouts(group.first(set)));
                self.at(second, format!("a second {kind} at {name}"), expected);
            }
        }
        let Some(cname) = group.set(rtype::CNAME) else { return };
        if let Some(other) = group.sets.iter().find(|set| !may_join_cname(set)) {
            let kind = type_name(other.rtype);
            let place = self.whereabouts(group.first(other));
            let found = format!("CNAME at {} beside {kind} ({place})", shown(&group.name));
            self.at(group.first(cname), found, "no other data beside a CNAME");
        }
    }

    fn steered(&mut self, group: &Group, apex: bool, delegation: bool) {
        let Some(index) = group.steered else { return };
        let Some(steered) = self.steered.get(index) else { return };
        let (name, (line, column)) = (shown(&group.name), steered.position);
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
            self.at(group.first(set), found, expected);
        }
    }

    /// DS stands on the upper side of a delegation (RFC 4035 2.4).
    fn signer(&mut self, group: &Group, apex: bool, delegation: bool) {
        let Some(ds) = group.set(rtype::DS) else { return };
        let (found, expected) = if apex {
            (format!("DS at the apex {}", shown(&group.name)), "DS in the zone above")
        } else if !delegation && !self.records.incomplete {
            (format!("DS at {} without NS", shown(&group.name)), "NS records beside it, or no DS")
        } else {
            return;
        };
        self.at(group.first(ds), found, expected);
    }

    /// A set that no message can hold.
    pub(super) fn too_large(&mut self, group: &Group, set: &Set) {
        let (count, kind, name) = (set.len(), type_name(set.rtype), shown(&group.name));
        let found = format!("{count} {kind} records at {name}, too many for any message");
        let expected = format!("at most {MAX_WIRE_BYTES} bytes in one record set");
        self.at(group.first(set), found, expected);
    }

    /// A delegation that no message can hold with the addresses that it must have (RFC 9471).
    pub(super) fn too_much_glue(&mut self, group: &Group, name_servers: &Set) {
        let (count, name) = (name_servers.len(), shown(&group.name));
        let found =
            format!("{count} NS records at {name}, with their glue too much for any message");
        let expected = format!("at most {MAX_WIRE_BYTES} bytes in one delegation and its glue");
        self.at(group.first(name_servers), found, expected);
    }

    /// More than anything can find its way in.
    pub(super) fn too_many_names(&mut self) {
        let file = self.records.files.first().cloned().unwrap_or_default();
        let found = format!("a zone {} of more than 16 GiB", self.apex);
        self.findings.push(Finding::at(file, (1, 1), found, "a zone that fits into 16 GiB"));
    }
}

/// A name as findings have it, from its wire form.
fn shown(wire: &[u8]) -> String {
    Name::from_wire(wire).map_or_else(|error| error.to_string(), |name| name.to_string())
}

/// What may stand beside a CNAME: itself, and what signs it (RFC 4035 2.5).
fn may_join_cname(set: &Set) -> bool {
    matches!(set.rtype, rtype::CNAME | rtype::RRSIG | rtype::NSEC)
}
