//! Where the three differ, or we do on purpose. `docs/answers.md` has the reasons.
//!
//! Each of them says what we answer instead, so that nothing else passes for it.

use std::collections::BTreeSet;

use hickory_proto::rr::RecordType;

use crate::peers::{PEERS, Servers};
use crate::questions::Question;
use crate::reply::Reply;
use crate::zones::Zones;

/// A name that a DNAME makes too long.
const YXDOMAIN: u16 = 6;
/// Aliases after which we stop.
const LONGEST_CHAIN: usize = 16;

/// Why a reply of ours need not be what others say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Choice {
    /// An alias into another zone that is served here is followed.
    IntoAnotherZone,
    /// Names that a DNAME makes longer and longer, or an alias chain without end.
    EndlessChain,
    /// ANY gets one record set of those that are there (RFC 8482 4.1).
    OneSetForAny,
}

/// The choice that explains a difference to all others.
pub fn explain(
    question: &Question,
    ours: &Reply,
    peers: &[&Reply],
    zones: &Zones,
    servers: &mut Servers,
) -> Option<Choice> {
    let is_any = question.rtype == RecordType::ANY;
    if is_any && peers.iter().any(|peer| is_one_set_of(ours, peer)) {
        return Some(Choice::OneSetForAny);
    }
    let followed: Vec<Reply> =
        (0..PEERS.len()).filter_map(|peer| follow(question, peer, zones, servers)).collect();
    let as_followed = |peer: &Reply| ours == peer || is_any && is_one_set_of(ours, peer);
    if followed.iter().any(as_followed) {
        return Some(Choice::IntoAnotherZone);
    }
    let is_long = ours.aliases.len() >= LONGEST_CHAIN || ours.rcode == YXDOMAIN;
    let is_endless = is_long && followed.iter().any(|peer| begins_alike(ours, peer));
    is_endless.then_some(Choice::EndlessChain)
}

/// What a peer says if it is asked again for each name that an alias leads to in another zone.
fn follow(question: &Question, peer: usize, zones: &Zones, servers: &mut Servers) -> Option<Reply> {
    let mut ask = |question: &Question| {
        let packet = servers.ask_one_tcp(peer, question)?;
        Some(Reply::read(&packet, zones).expect("a reply that can be read"))
    };
    let mut whole = ask(&question.about(&question.name)?)?;
    let mut asked = BTreeSet::from([question.name.to_ascii_lowercase()]);
    while let Some(target) = open_end(&whole, question.rtype, zones) {
        if !asked.insert(target.clone()) {
            break;
        }
        whole = whole.and_then(ask(&question.about(&target)?)?);
    }
    Some(whole)
}

/// The name in another zone that a chain leads to, if the reply says no more of it.
fn open_end(reply: &Reply, rtype: RecordType, zones: &Zones) -> Option<String> {
    let (owner, target) = reply.aliases.last()?;
    let [from, to] = [owner, target].map(|name| zones.answering(name, rtype));
    let crosses = to.is_some() && to != from;
    let is_told = reply.answer.iter().any(|record| record.starts_with(&format!("{target} ")));
    (crosses && !is_told).then(|| target.clone())
}

/// Whether it is the other but for the sets of a name that are left out, all but one.
fn is_one_set_of(ours: &Reply, peer: &Reply) -> bool {
    let set = |record: &str| -> (String, String) {
        let mut words = record.split(' ');
        let owner = words.next().unwrap_or_default().into();
        (owner, words.nth(1).unwrap_or_default().into())
    };
    let sets =
        |reply: &Reply| reply.answer.iter().map(|record| set(record)).collect::<BTreeSet<_>>();
    let (here, there) = (sets(ours), sets(peer));
    let owners = |sets: &BTreeSet<(String, String)>| -> BTreeSet<String> {
        sets.iter().map(|(owner, _)| owner.clone()).collect()
    };
    let whole: BTreeSet<String> =
        peer.answer.iter().filter(|record| here.contains(&set(record))).cloned().collect();
    // Aliases made by a DNAME stand beside it.
    let is_link = |rtype: &str| matches!(rtype, "CNAME" | "DNAME");
    let others = here.iter().filter(|(_, rtype)| !is_link(rtype)).count();
    peer.rcode == ours.rcode
        && peer.flags == ours.flags
        && peer.edns == ours.edns
        && ours.answer == whole
        && owners(&here) == owners(&there)
        && others <= 1
}

/// Whether one of them is where the other one stopped.
fn begins_alike(ours: &Reply, peer: &Reply) -> bool {
    let begins = |short: &Reply, long: &Reply| short.answer.is_subset(&long.answer);
    begins(ours, peer) || begins(peer, ours)
}
