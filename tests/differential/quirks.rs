//! Where one of the three says something else than we and another one do, and why.
//! `docs/answers.md` has the sentences of the RFCs that we go by.

use std::collections::BTreeSet;

use hickory_proto::rr::RecordType;

use crate::peers::Peer;
use crate::questions::Question;
use crate::reply::{Reply, owner};
use crate::zones::Zones;

const NOERROR: u16 = 0;
const SERVFAIL: u16 = 2;
const NXDOMAIN: u16 = 3;
const YXDOMAIN: u16 = 6;
/// The least number of aliases after which one of them stops.
const SHORTEST_CHAIN: usize = 5;

/// What one of them does otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Quirk {
    /// ANY gets other sets, or more of them.
    Any,
    /// Knot and BIND do not follow an alias into another zone; NSD follows it in most cases.
    StaysInZone,
    /// Knot and NSD stop earlier, and BIND says SERVFAIL of a loop and of long chains.
    EndsChain,
    /// Knot writes a wildcard's DNAME under the name that was asked, even below the asterisk itself,
    /// and uses it once.
    DnameOfWildcard,
    /// Knot says NXDOMAIN, or names an SOA, where a DNAME makes too long a name.
    TooLong,
    /// Knot and BIND do not follow a CNAME for types that may stand beside one, and NSD does not for
    /// NSEC3.
    BesideAlias,
    /// NSD has the DS of an apex answered by a zone further above than the next.
    DsOfAbove,
    /// NSD takes a name, or a wildcard, that only another zone has for one of this zone.
    ForeignName,
    /// BIND gives no address of a name server that is not below the cut.
    GlueBelowOnly,
    /// NSD and Knot give what a wildcard below the cut would make of a name server.
    GlueOfWildcard,
    /// It has not read the zone.
    Unread,
}

/// Why a peer says something else than we do. `is_alone`: nobody else says the same.
pub fn explain(
    peer: Peer,
    is_alone: bool,
    question: &Question,
    ours: &Reply,
    theirs: &Reply,
    zones: &Zones,
) -> Option<Quirk> {
    let name = question.name.to_ascii_lowercase();
    let zone = zones.of(&name);
    let is_same = |this: &Reply| Reply { edns: this.edns, ..ours.clone() } == *this;
    if let Some(renamed) = with_wildcards_named(ours, theirs).filter(|_| peer == Peer::Knot) {
        let is_it = renamed.answer.is_subset(&ours.answer)
            || explain(peer, is_alone, question, ours, &renamed, zones).is_some();
        return is_it.then_some(Quirk::DnameOfWildcard);
    }
    let with_glue = Reply { glue: ours.glue.clone(), ..theirs.clone() };
    if zones.0.iter().any(|z| Some(&*z.apex) == zone && z.unread_by == Some(peer)) {
        return (theirs.rcode == SERVFAIL).then_some(Quirk::Unread);
    }
    if is_same(&with_glue) {
        return glue(peer, ours, theirs, zones);
    }
    if peer == Peer::Nsd && is_alone && is_of_another_zone(ours, theirs, &name, zones) {
        return Some(Quirk::ForeignName);
    }
    let is_empty = theirs.rcode == NOERROR && theirs.answer.is_empty();
    let is_ds_of_apex = question.rtype == RecordType::DS && zone == Some(&name);
    if peer == Peer::Nsd && is_alone && is_ds_of_apex && is_empty {
        return Some(Quirk::DsOfAbove);
    }
    let is_prefix = theirs.answer.is_subset(&ours.answer);
    let goes_on = ours.answer.is_subset(&theirs.answer);
    if question.rtype == RecordType::ANY {
        return (theirs.rcode == ours.rcode || goes_on).then_some(Quirk::Any);
    }
    let says_too_long = [YXDOMAIN, NXDOMAIN].contains(&theirs.rcode);
    if ours.rcode == YXDOMAIN && peer == Peer::Knot && goes_on && says_too_long {
        return Some(Quirk::TooLong);
    }
    let beside = ours.aliases.first().is_some_and(|(owner, _)| *owner == name);
    let is_told_apart = match peer {
        Peer::Nsd => question.rtype == RecordType::NSEC3,
        Peer::Knot | Peer::Bind => stands_beside_alias(question.rtype),
    };
    if beside && is_told_apart && is_empty {
        return Some(Quirk::BesideAlias);
    }
    if is_endless(ours) && (is_prefix || goes_on) {
        let is_known = match theirs.rcode {
            SERVFAIL => peer == Peer::Bind,
            rcode => [ours.rcode, NOERROR, YXDOMAIN].contains(&rcode),
        };
        return is_known.then_some(Quirk::EndsChain);
    }
    let known = [NOERROR, NXDOMAIN, ours.rcode].contains(&theirs.rcode);
    (known && peer != Peer::Nsd && follows_to_the_edge(question.rtype, ours, theirs, zones))
        .then_some(Quirk::StaysInZone)
}

/// Whether it has the aliases up to one that leads out of its zone. What it says after that is of
/// no interest: what stands there is the zone's, and hidden by another.
fn follows_to_the_edge(rtype: RecordType, ours: &Reply, theirs: &Reply, zones: &Zones) -> bool {
    let leaves = |(owner, target): &(String, String)| {
        zones.answering(owner, rtype) != zones.answering(target, rtype)
    };
    let Some(edge) = ours.aliases.iter().position(leaves) else { return false };
    let inside: Vec<&str> = ours.aliases[..=edge].iter().map(|(owner, _)| &**owner).collect();
    let mut kept = ours.answer.iter().filter(|record| inside.contains(&owner(record)));
    kept.all(|record| theirs.answer.contains(record))
}

/// A reply with the DNAME records of wildcards under their own names, if it has them under others.
fn with_wildcards_named(ours: &Reply, theirs: &Reply) -> Option<Reply> {
    let data = |record: &str| record.split_once(' ').map(|(_, data)| data.to_owned());
    let is_dname = |record: &&String| record.split(' ').nth(2) == Some("DNAME");
    let is_wildcard = |record: &&String| is_dname(record) && record.starts_with("*.");
    let missing = ours.answer.difference(&theirs.answer);
    let wildcards: Vec<&String> = missing.filter(is_wildcard).collect();
    let name = |record: &String| {
        let known = ours.answer.contains(record) || !is_dname(&record);
        let wildcard = wildcards.iter().find(|wildcard| data(wildcard) == data(record));
        wildcard.filter(|_| !known).map_or_else(|| record.clone(), |wildcard| (*wildcard).clone())
    };
    let answer: BTreeSet<String> = theirs.answer.iter().map(name).collect();
    (answer != theirs.answer).then(|| Reply { answer, ..theirs.clone() })
}

/// RFC 2181 10.1 and RFC 4034 3 and 4.
fn stands_beside_alias(rtype: RecordType) -> bool {
    const NXT: u16 = 30;
    let types = [RecordType::RRSIG, RecordType::NSEC, RecordType::SIG, RecordType::KEY];
    types.contains(&rtype) || u16::from(rtype) == NXT
}

fn glue(peer: Peer, ours: &Reply, theirs: &Reply, zones: &Zones) -> Option<Quirk> {
    let mut less = ours.glue.difference(&theirs.glue);
    let mut more = theirs.glue.difference(&ours.glue);
    match peer {
        Peer::Bind if more.next().is_none() => {
            less.all(|record| !ours.is_below_cut(record)).then_some(Quirk::GlueBelowOnly)
        }
        Peer::Nsd | Peer::Knot if less.next().is_none() => more
            .all(|record| zones.have_wildcard_for(owner(record)))
            .then_some(Quirk::GlueOfWildcard),
        _ => None,
    }
}

/// Whether it says that a name is there, or not there, where we say the contrary, or that there is
/// no wildcard for it; and there is another zone by which it can have been misled.
fn is_of_another_zone(ours: &Reply, theirs: &Reply, name: &str, zones: &Zones) -> bool {
    let targets = ours.aliases.iter().map(|(_, target)| target.as_str());
    let names: Vec<&str> = targets.chain([name]).collect();
    let is_there = match (ours.rcode, theirs.rcode) {
        (NXDOMAIN, NOERROR) => theirs.answer == ours.answer,
        (NOERROR, NXDOMAIN) => true,
        (NOERROR, NOERROR) => {
            names.iter().any(|name| zones.have_wildcard_for(name)) && theirs.answer != ours.answer
        }
        _ => false,
    };
    is_there
        && theirs.answer.is_subset(&ours.answer)
        && names.iter().any(|name| zones.are_nested_around(name))
}

/// Whether a chain of aliases is one that somebody gives up.
fn is_endless(ours: &Reply) -> bool {
    let owners: BTreeSet<&String> = ours.aliases.iter().map(|(owner, _)| owner).collect();
    let is_loop = ours.aliases.last().is_some_and(|(_, target)| owners.contains(target));
    is_loop || ours.aliases.len() >= SHORTEST_CHAIN || ours.rcode == YXDOMAIN
}
