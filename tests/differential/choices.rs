//! Where the three differ, or we do on purpose. `docs/answers.md` has the reasons.

use hickory_proto::rr::RecordType;

use crate::questions::Question;
use crate::reply::Reply;
use crate::zones::Zones;

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
) -> Option<Choice> {
    if question.rtype == RecordType::ANY && is_part_of_one(ours, peers) {
        return Some(Choice::OneSetForAny);
    }
    if ours.aliases.len() >= LONGEST_CHAIN {
        return Some(Choice::EndlessChain);
    }
    let crosses = |(owner, target): &(String, String)| match zones.of(target) {
        Some(zone) => zones.of(owner) != Some(zone),
        None => false,
    };
    ours.aliases.iter().any(crosses).then_some(Choice::IntoAnotherZone)
}

fn is_part_of_one(ours: &Reply, peers: &[&Reply]) -> bool {
    let part = |peer: &&&Reply| {
        peer.rcode == ours.rcode && peer.flags == ours.flags && ours.answer.is_subset(&peer.answer)
    };
    !ours.answer.is_empty() && peers.iter().any(|peer| part(&peer))
}
