//! An answer and each step that led to it, in words.
//!
//! The question goes through [`crate::dns::answer_traced`], the very function that answers
//! packets, so that what is explained is what is said.

mod decision;
mod listener;

use std::net::IpAddr;

use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query};
use hickory_proto::rr::rdata::opt::{ClientSubnet, EdnsCode, EdnsOption};
use hickory_proto::rr::{DNSClass, Name as WireName, Record, RecordType};
use hickory_proto::serialize::binary::{BinDecodable as _, BinEncodable as _};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use self::decision::{Decision, Matched, PoolSeen};
use self::listener::{Findings, Listener};
use crate::dns::{self, Answered, Asker, MAX_UDP_BYTES, Reason, Scratch, Transport};
use crate::place::Class;
use crate::presentation::{data_text, rtype_text};
use crate::steering::{Chance, Draw};
use crate::view::View;
use crate::wire::{Name, Rcode};

/// A question, its answer, and why.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
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
    let transport = Transport::Tcp;
    let asker = Asker { source: client, transport, unix_seconds: 0, idle_timeout: None };
    let traced = Traced::new(view, &packet, &asker, chance, (question.rtype, client));
    let reply = Message::from_bytes(traced.reply()).map_err(|error| error.to_string())?;
    let Traced { answered: verdict, steps, class, .. } = traced;
    let present = |records: &[Record]| records.iter().map(record_text).collect();
    Ok(Explanation {
        name: question.name.to_string(),
        rtype: rtype_text(question.rtype.into()),
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

/// An answer that was listened to.
struct Traced<'v> {
    answered: Answered,
    /// The reply, and room behind it.
    out: Vec<u8>,
    steps: Vec<String>,
    /// What policies looked at, and what they took.
    findings: Findings,
    /// Where the client is.
    class: &'v Class,
}

impl<'v> Traced<'v> {
    /// Answers a packet that asks for a type, by a client, and listens.
    fn new(
        view: &'v View,
        packet: &[u8],
        asker: &Asker,
        chance: Chance<'_>,
        (rtype, client): (RecordType, IpAddr),
    ) -> Self {
        let mut scratch = Scratch::new(view.world.seed);
        let most = if asker.transport == Transport::Udp { MAX_UDP_BYTES } else { u16::MAX };
        let mut out = vec![0; most.into()];
        let (class, _) = view.world.places.class(client);
        let mut listener = Listener::new(view, rtype.into(), class.location);
        let answered =
            dns::answer_traced(view, packet, asker, chance, &mut scratch, &mut out, &mut listener);
        let Listener { mut steps, findings, .. } = listener;
        if steps.is_empty() {
            // No zone was looked for.
            steps.push(match class_asked(packet, &answered) {
                DNSClass::IN => {
                    format!("questions of type {} are not answered here", rtype_text(rtype.into()))
                }
                _ if answered.rcode == Rcode::NOERROR => "it is about the server itself".into(),
                class => format!("questions of class {class} are not answered here"),
            });
        }
        if answered.rcode == Rcode::SERVFAIL && answered.reason != Reason::ServFail {
            steps.push("the answer does not fit into any message".into());
        }
        Self { answered, out, steps, findings, class }
    }

    fn reply(&self) -> &[u8] {
        self.out.get(..self.answered.length).unwrap_or_default()
    }
}

/// The class of the question of a packet, which is the last thing in it (RFC 1035, 4.1.2).
fn class_asked(packet: &[u8], answered: &Answered) -> DNSClass {
    let question = packet.get(..answered.question_end);
    question
        .and_then(<[u8]>::last_chunk)
        .map_or(DNSClass::IN, |class| u16::from_be_bytes(*class).into())
}

fn record_text(record: &Record) -> String {
    let Record { name, ttl, dns_class, data, .. } = record;
    let rtype = record.record_type();
    // What was just read can be written again.
    let data = data_text(rtype.into(), &data.to_bytes().unwrap_or_default());
    format!("{name} {ttl} {dns_class} {} {data}", rtype_text(rtype.into()))
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

#[cfg(test)]
mod tests;
