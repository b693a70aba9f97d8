//! Record sets to wire form.

use super::check::Checks;
use super::order::{Group, Order, Set};
use crate::wire::{Name, Owner, RrSet, RrSetBuilder, TooLarge, rtype};
use crate::zone::Referral;

/// Encodes what a node says.
pub(super) struct Encoder<'e, 'a> {
    pub(super) order: &'e Order<'a>,
    pub(super) checks: &'e mut Checks<'a>,
}

impl Encoder<'_, '_> {
    /// The sets of an owner whose types are wanted.
    pub(super) fn sets(&mut self, group: &Group<'_>, want: fn(u16) -> bool) -> Box<[RrSet]> {
        let wanted = group.sets.iter().filter(|set| want(set.rtype));
        wanted.filter_map(|set| self.answer(group, set)).collect()
    }

    fn answer(&mut self, group: &Group<'_>, set: &Set<'_>) -> Option<RrSet> {
        let name = &group.name;
        // Any name may be asked in place of the asterisk.
        let parent = name.is_wildcard().then(|| name.parent()).flatten();
        let context = parent.as_ref().unwrap_or(name);
        let owner = match set.rtype {
            rtype::DNAME if !name.is_wildcard() => Owner::Ancestor(name),
            _ => Owner::Asked,
        };
        self.encode(name, set, set.ttl_seconds, &owner, context)
    }

    /// The SOA record for negative answers (RFC 2308 3).
    pub(super) fn negative(&mut self, group: &Group<'_>, soa: &Set<'_>) -> Option<RrSet> {
        let name = &group.name;
        let minimum = last_word(&soa.records[0].rdata);
        let ttl_seconds = soa.ttl_seconds.min(minimum);
        self.encode(name, soa, ttl_seconds, &Owner::Ancestor(name), name)
    }

    /// What a delegation says.
    pub(super) fn referral(&mut self, group: &Group<'_>) -> Option<Box<Referral>> {
        let cut = &group.name;
        let set = group.set(rtype::NS)?;
        let name_servers = self.encode(cut, set, set.ttl_seconds, &Owner::Ancestor(cut), cut)?;
        let (mut glue, mut extra) = (Vec::new(), Vec::new());
        for record in &set.records {
            let Ok(target) = Name::from_wire(&record.rdata) else { continue };
            let target = target.to_lowercase();
            let into = if target.is_under(cut) { &mut glue } else { &mut extra };
            if let Some(host) = self.order.find(&target) {
                self.addresses(cut, &host, into);
            }
        }
        Some(Box::new(Referral { name_servers, glue: glue.into(), extra: extra.into() }))
    }

    fn addresses(&mut self, cut: &Name, host: &Group<'_>, into: &mut Vec<RrSet>) {
        for set in [rtype::A, rtype::AAAA].iter().filter_map(|rtype| host.set(*rtype)) {
            let owner = Owner::Other { name: &set.records[0].owner, context: cut };
            into.extend(self.encode(&host.name, set, set.ttl_seconds, &owner, cut));
        }
    }

    fn encode(
        &mut self,
        name: &Name,
        set: &Set<'_>,
        ttl_seconds: u32,
        owner: &Owner<'_>,
        context: &Name,
    ) -> Option<RrSet> {
        let encoded = encode(set, ttl_seconds, owner, context);
        if encoded.is_err() {
            self.checks.too_large(name, set);
        }
        encoded.ok()
    }
}

fn encode(
    set: &Set<'_>,
    ttl_seconds: u32,
    owner: &Owner<'_>,
    context: &Name,
) -> Result<RrSet, TooLarge> {
    let mut builder = RrSetBuilder::new(set.rtype, ttl_seconds);
    for record in &set.records {
        builder.push(owner, &record.rdata, context)?;
    }
    builder.build()
}

/// The number that SOA data ends with.
fn last_word(rdata: &[u8]) -> u32 {
    rdata.last_chunk().map_or(0, |word| u32::from_be_bytes(*word))
}
