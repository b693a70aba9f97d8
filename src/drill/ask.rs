//! One question over UDP, as a resolver asks it for a client's network.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query};
use hickory_proto::rr::rdata::opt::{ClientSubnet, EdnsOption};
use hickory_proto::rr::{Name, RData, RecordType};
use tokio::net::UdpSocket;
use tokio::time::timeout;

use crate::clock;

/// Longer than the daemon takes for any answer; on this machine nothing is lost but by being too slow.
const PATIENCE: Duration = Duration::from_secs(1);

/// A question in a client's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The name, in presentation form.
    pub name: String,
    /// `A` or `AAAA`.
    pub rtype: RecordType,
    /// The client's network: its first address, and how many bits resolvers tell of it.
    pub network: (IpAddr, u8),
}

impl Question {
    /// Of a client: resolvers tell 24 bits of an IPv4 address and 56 of an IPv6 address (RFC 7871 11.1).
    pub fn of(name: String, rtype: RecordType, client: IpAddr) -> Self {
        let network = match client {
            IpAddr::V4(ip) => (Ipv4Addr::from_bits(ip.to_bits() & !0xff).into(), 24),
            IpAddr::V6(ip) => (Ipv6Addr::from_bits(ip.to_bits() & !((1 << 72) - 1)).into(), 56),
        };
        Self { name, rtype, network }
    }
}

/// What was answered: addresses, or the host name of an alias.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The data of the answer section, in order.
    pub data: Vec<String>,
    /// The least TTL among them, in seconds.
    pub ttl_s: u32,
}

/// A socket to the daemon itself.
pub struct Asker {
    socket: UdpSocket,
}

impl Asker {
    /// To the daemon that answers there.
    pub async fn new(server: SocketAddr) -> std::io::Result<Self> {
        let server = SocketAddr::new(reachable(server.ip()), server.port());
        let any: IpAddr = match server {
            SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        let socket = UdpSocket::bind((any, 0)).await?;
        socket.connect(server).await?;
        Ok(Self { socket })
    }

    /// What is answered; none if nothing is, or nothing that can be read.
    pub async fn ask(&self, question: &Question) -> Option<Answer> {
        let id = u16::from_le_bytes(clock::random_bytes().ok()?);
        let packet = packet(question, id)?;
        self.socket.send(&packet).await.ok()?;
        timeout(PATIENCE, self.receive(id)).await.ok().flatten()
    }

    /// The reply of this number; others came too late for their questions.
    async fn receive(&self, id: u16) -> Option<Answer> {
        let mut buffer = vec![0; usize::from(u16::MAX)];
        loop {
            let length = self.socket.recv(&mut buffer).await.ok()?;
            let reply = Message::from_vec(buffer.get(..length)?).ok()?;
            if reply.metadata.id == id && reply.metadata.message_type == MessageType::Response {
                return Some(answer(&reply));
            }
        }
    }
}

fn reachable(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    }
}

fn packet(question: &Question, id: u16) -> Option<Vec<u8>> {
    let mut message = Message::new(id, MessageType::Query, OpCode::Query);
    message.add_query(Query::query(Name::from_ascii(&question.name).ok()?, question.rtype));
    let mut edns = Edns::new();
    edns.set_max_payload(1232);
    let (address, length) = question.network;
    edns.options_mut().insert(EdnsOption::Subnet(ClientSubnet::new(address, length, 0)));
    message.set_edns(edns);
    message.to_vec().ok()
}

fn answer(reply: &Message) -> Answer {
    let data = reply.answers.iter().map(|record| match &record.data {
        RData::A(ip) => ip.to_string(),
        RData::AAAA(ip) => ip.to_string(),
        RData::CNAME(name) => name.to_string(),
        other => other.to_string(),
    });
    let ttl_s = reply.answers.iter().map(|record| record.ttl).min().unwrap_or(0);
    Answer { data: data.collect(), ttl_s }
}
