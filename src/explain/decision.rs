//! A question that was answered, and why: as one line of the decision log.
//!
//! The packet itself is answered again, from the view that it was answered from and by the same draw.
//! Whether that gives the same bytes is seen, and told.

use std::net::IpAddr;
use std::time::SystemTime;

use hickory_proto::op::{Message, Query};
use hickory_proto::rr::RecordType;
use hickory_proto::rr::rdata::opt::{EdnsCode, EdnsOption};
use hickory_proto::serialize::binary::{BinDecodable as _, BinEncodable as _};
use serde::{Deserialize, Serialize};

use super::{Explanation, Traced, place, record_text, scope};
use crate::dns::{Asker, Reason, truncate};
use crate::presentation::rtype_text;
use crate::rate_limit::Network;
use crate::sampling::Sample;
use crate::steering::{Chance, Draw};
use crate::timestamp::to_rfc3339;
use crate::view::View;
use crate::wire::{Name, Rcode};

/// So many turns may have been taken since: a round robin is looked for among so many before.
const TURNS_BACK: u32 = 64;

/// One line of the decision log.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Decision {
    /// When the question had come.
    pub time: String,
    /// How it came, as metrics name it.
    pub transport: String,
    /// Name, type, place, steps and answer, in the words of `explain`; the client is the network that it is in, an
    /// IPv4 `/24` or an IPv6 `/56`.
    #[serde(flatten)]
    pub explanation: Explanation,
    /// Whether the client is one that a resolver told of (RFC 7871), and not the one that asked.
    pub subnet: bool,
    /// What each policy on the way took.
    pub matched: Vec<Matched>,
    /// The pools that were looked at.
    pub pools: Vec<PoolSeen>,
    /// The pool that was answered, if one was.
    pub pool: Option<String>,
    /// Its region, if it has one.
    pub region: Option<String>,
    /// The shortest TTL in the answer, in seconds; none without an answer.
    pub ttl: Option<u32>,
    /// Whether every candidate was down.
    pub degraded: bool,
    /// What was served.
    pub revision: String,
    /// Whether answering again gave the same bytes. If not, the steps are those of a view or a turn that came later.
    pub exact: bool,
}

/// What a policy took.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Matched {
    /// `geo`, `nearest`, `weighted` or `round_robin`.
    pub policy: String,
    /// The key or the pools.
    pub picked: String,
}

/// How a pool stood.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolSeen {
    /// Its name.
    pub pool: String,
    /// Whether it was up for what was asked.
    pub up: bool,
    /// Endpoints that were up.
    pub healthy: u32,
    /// Endpoints in all.
    pub total: u32,
}

impl Decision {
    /// Explains a sample by a view: the one that it was answered from, if that is still there.
    ///
    /// # Errors
    ///
    /// The reply is none, in words.
    pub fn new(view: &View, sample: &Sample<'_>, transport: &str) -> Result<Self, String> {
        let reply = Message::from_bytes(sample.reply).map_err(|error| error.to_string())?;
        let (client, subnet) = client(sample);
        let query = reply.queries.first();
        let rtype = query.map_or(RecordType::ZERO, Query::query_type);
        let asker = Asker {
            source: sample.ends.peer.ip(),
            transport: sample.transport,
            unix_seconds: sample.asked_at.as_secs() as u32,
            idle_timeout: sample.idle_timeout,
        };
        let (traced, exact) = replay(view, sample, &asker, (rtype, client));
        let inventory = &view.world.inventory;
        let pool = traced.findings.chosen.and_then(|id| inventory.pools.get(id as usize));
        let region = pool.and_then(|pool| inventory.regions.get(pool.region? as usize));
        let Traced { answered, steps, findings, class, .. } = traced;
        let explanation = Explanation {
            name: query.map_or_else(String::new, name),
            rtype: query.map_or_else(String::new, |_| rtype_text(rtype.into())),
            client: Network::of(client).to_string(),
            place: place(class),
            steps,
            rcode: rcode(&reply),
            reason: answered.reason.name().into(),
            authoritative: reply.metadata.authoritative,
            scope: scope(&reply).unwrap_or(0),
            answer: reply.answers.iter().map(record_text).collect(),
            authority: reply.authorities.iter().map(record_text).collect(),
        };
        Ok(Self {
            time: to_rfc3339(SystemTime::UNIX_EPOCH + sample.asked_at),
            transport: transport.to_owned(),
            explanation,
            subnet,
            matched: findings.matched,
            pools: findings.pools,
            pool: pool.map(|pool| pool.name.clone()),
            region: region.map(|region| region.name.clone()),
            ttl: reply.answers.iter().map(|record| record.ttl).min(),
            degraded: answered.reason == Reason::Degraded,
            revision: view.world.revision.clone(),
            exact,
        })
    }
}

/// Answers again, and says whether that gave the reply that was sent: where turns have been taken
/// since, by one of those before.
fn replay<'v>(
    view: &'v View,
    sample: &Sample<'_>,
    asker: &Asker,
    asked: (RecordType, IpAddr),
) -> (Traced<'v>, bool) {
    let by = |back: u32| {
        let turns = view.world.turns.before(back);
        let chance = Chance { draw: Draw::new(sample.draw), turns: &turns };
        Traced::new(view, sample.query, asker, chance, asked)
    };
    let first = by(0);
    if is_what_was_sent(&first, sample.reply) {
        return (first, true);
    }
    let most = if view.world.turns.is_empty() { 0 } else { TURNS_BACK };
    let earlier = (1..=most).map(by).find(|traced| is_what_was_sent(traced, sample.reply));
    let exact = earlier.is_some();
    (earlier.unwrap_or(first), exact)
}

/// Whether it is the reply, or what the rate limit has left of it.
fn is_what_was_sent(traced: &Traced<'_>, sent: &[u8]) -> bool {
    if traced.reply() == sent {
        return true;
    }
    let mut out = traced.out.clone();
    let cut = truncate(&mut out, &traced.answered);
    out.get(..cut.length) == Some(sent)
}

/// The client that policies steer, and whether a resolver told of it.
fn client(sample: &Sample<'_>) -> (IpAddr, bool) {
    let query = Message::from_bytes(sample.query).ok();
    let option = query.as_ref().and_then(|query| query.edns.as_ref()?.option(EdnsCode::Subnet));
    match option {
        Some(EdnsOption::Subnet(subnet)) if subnet.source_prefix() > 0 => {
            (subnet.addr().to_canonical(), true)
        }
        _ => (sample.ends.peer.ip().to_canonical(), false),
    }
}

fn name(query: &Query) -> String {
    let wire = query.name().to_bytes().unwrap_or_default();
    Name::from_wire(&wire).map_or_else(|_| String::new(), |name| name.to_lowercase().to_string())
}

/// By its name in this crate, which metrics use as well.
fn rcode(reply: &Message) -> String {
    Rcode(reply.metadata.response_code.into()).to_string()
}
