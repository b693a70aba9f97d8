//! The real thing on loopback and port 0, asked by hickory; only who answers is a stand-in.

mod round;
mod tcp;
mod udp;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hickory_proto::op::{Message, Query, ResponseCode};
use hickory_proto::rr::{Name, RData, Record, RecordType};

use super::*;
use crate::dns::{Answered, Asker, Reason, Scratch};
use crate::health::Inventory;
use crate::metrics::render;
use crate::place::Places;
use crate::steering::{Draw, Paces, Pools, Turns};
use crate::view::{CookieSecrets, View, World};
use crate::wire::Rcode;
use crate::zone::Zones;

/// Long enough for anything that happens at all.
const PATIENCE: Duration = Duration::from_secs(20);

/// Answers with the asker's address, and the view's seed as its TTL. The name `boom.` panics,
/// `big.` pads the reply to 60,000 bytes; responses and what is too short get silence.
pub(super) fn whoami(
    view: &View,
    packet: &[u8],
    asker: &Asker,
    _: Draw,
    scratch: &mut Scratch,
    out: &mut [u8],
) -> Answered {
    if packet.len() < 12 {
        return Answered::silence(Reason::Garbage);
    }
    if packet[2] & 0x80 != 0 {
        return Answered::silence(Reason::Response);
    }
    let Ok(request) = Message::from_vec(packet) else {
        out[..12].copy_from_slice(&[packet[0], packet[1], 0x80, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
        let rcode = Rcode::FORMERR;
        return Answered { length: 12, rcode, ..Answered::silence(Reason::Malformed) };
    };
    let name = request.queries[0].name.clone();
    assert_ne!(name.to_ascii(), "boom.", "asked to");
    assert_eq!(scratch.seed(), view.world.seed, "a stale scratch");
    let data = match asker.source {
        IpAddr::V4(address) => RData::A(address.into()),
        IpAddr::V6(address) => RData::AAAA(address.into()),
    };
    let mut reply = request.into_response();
    reply.add_answer(Record::from_rdata(name.clone(), view.world.seed as u32, data));
    let reply = reply.to_vec().unwrap();
    let length = if name.to_ascii() == "big." { 60_000 } else { reply.len() };
    out[..reply.len()].copy_from_slice(&reply);
    out[reply.len()..length].fill(0);
    // Nothing stands behind the question.
    let question_end = packet.len();
    Answered { length, question_end, ..Answered::silence(Reason::Static) }
}

pub(super) fn view(seed: u64) -> View {
    let world = World {
        rules: Vec::new(),
        maintenance: Vec::new(),
        zones: Zones::new(Vec::new(), seed),
        steered: Vec::new(),
        inventory: Arc::new(Inventory::default()),
        places: Arc::new(Places::unknown()),
        paces: Paces::default(),
        turns: Turns::default(),
        seed,
        revision: String::new(),
        commit: None,
    };
    View {
        world: Arc::new(world),
        pools: Pools::default(),
        nsid: None,
        cookie_secrets: CookieSecrets::default(),
    }
}

/// Nobody looks on.
pub(super) fn service(live: &Arc<Live>, answer: responder::Answer) -> Service {
    Service { live: Arc::clone(live), metrics: Metrics::new(), answer, sinks: Sinks::default() }
}

/// A server and what it counts.
struct Setup {
    server: Server,
    live: Arc<Live>,
    metrics: Arc<Metrics>,
}

impl Setup {
    fn start(bound: Bound, tcp: ConnectionLimits) -> Self {
        Self::start_limited(bound, &Limits { tcp, ..Limits::default() })
    }

    fn start_limited(bound: Bound, limits: &Limits) -> Self {
        let (live, metrics) = (Arc::new(Live::new(view(7))), Metrics::new());
        let service = Service { metrics: Arc::clone(&metrics), ..service(&live, whoami) };
        let server = Server::start_service(bound, service, limits, TcpRuntime(None)).unwrap();
        Self { server, live, metrics }
    }

    fn address(&self) -> SocketAddr {
        self.server.addresses()[0]
    }

    /// One number of a scrape; none if it has no such sample.
    fn scraped(&self, sample: &str) -> Option<u64> {
        let text = render(self.metrics.families());
        let value = |line: &str| line.strip_prefix(sample)?.strip_prefix(' ')?.parse().ok();
        text.lines().find_map(value)
    }
}

fn loopback() -> SocketAddr {
    ([127, 0, 0, 1], 0).into()
}

/// The addresses of loopback that this machine has.
fn loopbacks() -> Vec<SocketAddr> {
    let v6 = SocketAddr::from((std::net::Ipv6Addr::LOCALHOST, 0));
    [loopback(), v6].into_iter().filter(|address| bind(&[*address], 1).is_ok()).collect()
}

pub(super) fn query(id: u16, name: &str) -> Vec<u8> {
    let mut message = Message::query();
    message.metadata.id = id;
    message.add_query(Query::query(Name::from_ascii(name).unwrap(), RecordType::A));
    message.to_vec().unwrap()
}

/// Reads a reply of [`whoami`]: its id, TTL, and the address that it told.
fn read(reply: &[u8]) -> (u16, u32, IpAddr) {
    let message = Message::from_vec(reply).unwrap();
    assert_eq!(message.metadata.response_code, ResponseCode::NoError);
    let answer = &message.answers[0];
    let address = answer.data.ip_addr().unwrap();
    (message.metadata.id, answer.ttl, address)
}
