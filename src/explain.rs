//! An answer and each step that led to it, in words.
//!
//! The question goes through [`crate::dns::answer_traced`], the very function that answers
//! packets, so that what is explained is what is said.

use std::net::IpAddr;

use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query};
use hickory_proto::rr::rdata::opt::{ClientSubnet, EdnsCode, EdnsOption};
use hickory_proto::rr::{Name as WireName, Record, RecordType};
use hickory_proto::serialize::binary::BinDecodable;
use serde::{Deserialize, Serialize};

use crate::dns::{self, Asker, Reason, Scratch, Transport};
use crate::duration::format_duration;
use crate::health::{PoolId, Standing};
use crate::place::Class;
use crate::steering::{
    Chance, Draw, Placed, PlacedBy, Policy, PoolStands, SteeredName, Step, Trace,
};
use crate::view::View;
use crate::wire::Name;

/// A question, its answer, and why.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Explanation {
    /// The name that was asked.
    pub name: String,
    /// The type that was asked, e.g. `A`.
    pub rtype: String,
    /// The client: address and prefix length.
    pub client: String,
    /// What is known of the client's place.
    pub place: String,
    /// Each step that led to the answer.
    pub steps: Vec<String>,
    /// The response code, e.g. `NOERROR`.
    pub rcode: String,
    /// Why the answer is what it is, e.g. `steered`.
    pub reason: String,
    /// Whether the answer is authoritative.
    pub authoritative: bool,
    /// How wide a client network would be given the same kind of choice.
    pub scope: u8,
    /// The answer section, in presentation form.
    pub answer: Vec<String>,
    /// The authority section, in presentation form.
    pub authority: Vec<String>,
}

/// What is asked, and by whom.
#[derive(Clone, Debug)]
pub struct Question<'a> {
    /// The name.
    pub name: &'a Name,
    /// The type.
    pub rtype: RecordType,
    /// The client and the length of its network, sent as a client subnet.
    pub from: (IpAddr, u8),
    /// The draw.
    pub draw: u64,
}

/// Answers a question from a view and tells how it came to that.
pub fn explain(view: &View, question: &Question<'_>) -> Result<Explanation, String> {
    let packet = packet(question).map_err(|error| error.to_string())?;
    let turns = view.world.turns.copy();
    let chance = Chance { draw: Draw::new(question.draw), turns: &turns };
    let (client, length) = question.from;
    let asker = Asker { source: client, transport: Transport::Tcp };
    let mut scratch = Scratch::new(view.world.seed);
    let mut out = vec![0; 65_535];
    let mut listener = Listener { view, name: None, steps: Vec::new() };
    let verdict =
        dns::answer_traced(view, &packet, &asker, chance, &mut scratch, &mut out, &mut listener);
    let reply = Message::from_bytes(&out[..verdict.length]).map_err(|error| error.to_string())?;
    let (class, _) = view.world.places.class(client);
    let mut steps = listener.steps;
    if verdict.reason == Reason::Refused {
        steps.push(format!("{} is in none of the zones served here", question.name));
    } else if steps.is_empty() {
        steps.push("nothing is steered here: the zone file says it all".into());
    }
    let present = |records: &[Record]| records.iter().map(ToString::to_string).collect();
    Ok(Explanation {
        name: question.name.to_string(),
        rtype: question.rtype.to_string(),
        client: format!("{client}/{length}"),
        place: place(class),
        steps,
        rcode: verdict.rcode.to_string(),
        reason: verdict.reason.name().into(),
        authoritative: reply.metadata.authoritative,
        scope: scope(&reply).unwrap_or(0),
        answer: present(&reply.answers),
        authority: present(&reply.authorities),
    })
}

fn packet(question: &Question<'_>) -> Result<Vec<u8>, hickory_proto::ProtoError> {
    let name = WireName::from_bytes(question.name.as_wire())?;
    let mut message = Message::new(0, MessageType::Query, OpCode::Query);
    message.add_query(Query::query(name, question.rtype));
    let mut edns = Edns::new();
    let (address, length) = question.from;
    edns.options_mut().insert(EdnsOption::Subnet(ClientSubnet::new(address, length, 0)));
    message.set_edns(edns);
    message.to_vec()
}

fn scope(reply: &Message) -> Option<u8> {
    match reply.edns.as_ref()?.option(EdnsCode::Subnet)? {
        EdnsOption::Subnet(subnet) => Some(subnet.scope_prefix()),
        _ => None,
    }
}

fn place(class: &Class) -> String {
    let mut parts = Vec::new();
    let country = class.country.map(|code| String::from_utf8_lossy(&code).into_owned());
    let codes: Vec<&str> = [
        class.continent.map(|continent| continent.code()),
        country.as_deref(),
        class.subdivision.as_deref(),
    ]
    .into_iter()
    .flatten()
    .collect();
    if !codes.is_empty() {
        parts.push(codes.join("-"));
    }
    parts.extend(class.asn.map(|asn| format!("AS{asn}")));
    parts.extend(class.location.map(|l| format!("{:.2}, {:.2}", l.latitude, l.longitude)));
    if parts.is_empty() { "unknown".into() } else { parts.join("; ") }
}

/// Puts steps into words, each once for a name: a policy may look at a pool more than once.
struct Listener<'v> {
    view: &'v View,
    /// Where the present name's steps begin, and the name.
    name: Option<(usize, String)>,
    steps: Vec<String>,
}

impl Trace for Listener<'_> {
    fn step(&mut self, step: Step<'_>) {
        let words = match step {
            Step::Name(name) => return self.begin(name),
            Step::Pool { pool, stands } => self.pool(pool, stands),
            Step::Placed { policy, chain, scope } => self.placed(policy, chain, scope),
            Step::Weighted { branch, weight, of, sticky } => {
                let by = if sticky { "the client's network" } else { "chance" };
                format!("weighted: {by} drew {} ({weight} of {of})", self.branch(branch))
            }
            Step::RoundRobin { branch, of } => {
                format!("round_robin: it is the turn of {} ({of} are up)", self.branch(branch))
            }
            Step::AllDown(level) => format!("every candidate is down: {}", all_down(level)),
            Step::LastResort => "every candidate is down: ask the policy of last resort".into(),
            Step::AllDownNoData => "every candidate is down: say that there is no data".into(),
            Step::AllDownServFail => "every candidate is down: fail".into(),
        };
        let from = self.name.as_ref().map_or(0, |(from, _)| *from);
        if !self.steps[from.min(self.steps.len())..].contains(&words) {
            self.steps.push(words);
        }
    }
}

impl Listener<'_> {
    fn begin(&mut self, name: &SteeredName) {
        let owner = name.owner.to_string();
        if self.name.as_ref().is_none_or(|(_, present)| *present != owner) {
            self.steps.push(format!("{owner} is steered, ttl {} s", name.ttl_seconds));
            self.name = Some((self.steps.len(), owner));
        }
    }

    fn pool_name(&self, id: PoolId) -> &str {
        let pools = &self.view.world.inventory.pools;
        pools.get(id as usize).map_or("?", |pool| pool.name.as_str())
    }

    fn pool(&self, id: PoolId, stands: Option<PoolStands>) -> String {
        let name = self.pool_name(id);
        let Some(stands) = stands else {
            return format!("pool {name}: no endpoint of the asked family");
        };
        let state = if stands.up { "up" } else { "down" };
        let PoolStands { healthy, total, drained, forced_down, hold, .. } = stands;
        let mut words = format!("pool {name}: {state}, {healthy} of {total} endpoints up");
        for (count, what) in [(drained, "drained"), (forced_down, "forced down")] {
            if count > 0 {
                words.push_str(&format!(", {count} {what} by override"));
            }
        }
        if let Some(hold) = hold {
            let least = format_duration(hold);
            words.push_str(&format!(", in doubt: could change in {least}, so the TTL is short"));
        }
        words
    }

    /// A branch by the pools that it names.
    fn branch(&self, policy: &Policy) -> String {
        if let Policy::Pool(leaf) = policy {
            return self.pool_name(leaf.pool).into();
        }
        let mut names: Vec<&str> = Vec::new();
        policy.any_pool(&mut |pool| {
            names.push(self.pool_name(pool));
            false
        });
        format!("({})", names.join(", "))
    }

    fn placed(&self, policy: &Placed, chain: &[u16], scope: u8) -> String {
        let branches = chain.iter().map(|index| usize::from(*index));
        match &policy.by {
            PlacedBy::Geo(keys) => {
                let keys = branches.filter_map(|index| keys.get(index).map(String::as_str));
                let keys: Vec<&str> = keys.collect();
                format!("geo: the client matches {} (scope /{scope})", keys.join(", then "))
            }
            PlacedBy::Nearest => {
                let names = branches.filter_map(|index| policy.branches.get(index));
                let names: Vec<String> = names.map(|branch| self.branch(branch)).collect();
                format!("nearest: {} (scope /{scope})", names.join(", then "))
            }
        }
    }
}

fn all_down(level: Standing) -> &'static str {
    match level {
        Standing::Up | Standing::Down => "answer as if all were up, but for overrides",
        Standing::Drained => "answer what is drained",
        Standing::ForcedDown => "answer even what is forced down",
    }
}
