//! Record sets to wire form.

use super::blocks::{self, Blocks, Offset};
use super::check::Checks;
use super::group::{Group, Set};
use super::order::Order;
use crate::wire::{MAX_WIRE_BYTES, Owner, rtype, tail};

/// Encodes what a name says, behind its name in its block.
pub(super) struct Encoder<'e, 'a> {
    pub(super) order: &'e Order<'a>,
    pub(super) checks: &'e mut Checks<'a>,
    pub(super) blocks: &'e mut Blocks,
}

impl Encoder<'_, '_> {
    /// A name that the zone answers for.
    pub(super) fn answers(&mut self, name: Offset, group: &Group) {
        if let Some(index) = group.steered {
            self.blocks.steered(name, index);
        }
        self.sets(name, group, |_| true);
    }

    /// A delegation: DS, which is of this side, and what a referral says.
    pub(super) fn delegation(&mut self, name: Offset, group: &Group) {
        let Some(name_servers) = group.set(rtype::NS) else { return };
        let addresses = self.blocks.delegated(name);
        self.sets(name, group, |rtype| rtype == rtype::DS);
        let cut = &group.name;
        let start = self.blocks.end();
        let fits = self.set(group, name_servers, Owner::Ancestor(cut), cut);
        let glue = self.addresses(group, name_servers, true);
        if fits && self.blocks.wire_bytes(start, 1 + glue) > MAX_WIRE_BYTES {
            self.checks.too_much_glue(group, name_servers);
        }
        let extra = self.addresses(group, name_servers, false);
        self.blocks.addresses(addresses, glue, extra);
    }

    fn sets(&mut self, name: Offset, group: &Group, want: fn(u16) -> bool) {
        let mut count = 0;
        for set in group.sets.iter().filter(|set| want(set.rtype)) {
            // Any name may be asked in place of the asterisk.
            let context = if group.is_wildcard() { &group.name[2..] } else { &group.name };
            count += u16::from(self.set(group, set, Owner::Asked, context));
        }
        self.blocks.sets(name, count);
    }

    /// The addresses of those name servers that are below the cut, or elsewhere in the zone; says
    /// how many sets there are.
    fn addresses(&mut self, cut: &Group, name_servers: &Set, below: bool) -> u16 {
        let (mut count, mut host) = (0, Group::default());
        for index in cut.members(name_servers) {
            let target = self.checks.record(index).rdata.to_ascii_lowercase();
            let is_below = tail(&target, cut.name.len()) == cut.name;
            if is_below != below || !self.order.find(&target, &mut host) {
                continue;
            }
            for set in [rtype::A, rtype::AAAA].iter().filter_map(|rtype| host.set(*rtype)) {
                let owner = Owner::Other(self.checks.record(host.first(set)).owner);
                // Of 65,023 bytes of NS records there are far less than half as many.
                count += u16::from(self.set(&host, set, owner, &cut.name));
            }
        }
        count
    }

    /// Says whether the set was not too large.
    fn set(&mut self, group: &Group, set: &Set, owner: Owner<'_>, context: &[u8]) -> bool {
        let kind = (set.rtype, set.ttl_seconds);
        let rdata = group.members(set).map(|index| self.checks.record(index).rdata);
        let encoded = self.blocks.set(kind, owner, context, rdata);
        if encoded.is_err() {
            self.checks.too_large(group, set);
        }
        encoded.is_ok()
    }
}

/// The SOA record for negative answers (RFC 2308 3), encoded; empty if it is too large.
pub(super) fn negative(group: &Group, soa: &Set, checks: &mut Checks<'_>) -> Vec<u8> {
    let minimum = last_word(checks.record(group.first(soa)).rdata);
    let kind = (rtype::SOA, soa.ttl_seconds.min(minimum));
    let rdata = group.members(soa).map(|index| checks.record(index).rdata);
    let (mut encoded, owner) = (Vec::new(), Owner::Ancestor(&group.name));
    if blocks::encode(&mut encoded, kind, owner, &group.name, rdata).is_err() {
        checks.too_large(group, soa);
        encoded.clear();
    }
    encoded
}

/// The number that SOA data ends with.
fn last_word(rdata: &[u8]) -> u32 {
    rdata.last_chunk().map_or(0, |word| u32::from_be_bytes(*word))
}
