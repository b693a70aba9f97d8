//! One question, as a resolver asks it for a client's network: over UDP with a cookie, so that the rate limit
//! does not hold it up, and over TCP where there was no whole reply.

#[cfg(test)]
mod tests;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::rdata::opt::{ClientSubnet, EdnsCode, EdnsOption};
use hickory_proto::rr::{Name, RData, RecordType};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

use crate::clock;

/// Longer than the daemon takes for any answer; on this machine nothing is lost but by being too slow.
const PATIENCE: Duration = Duration::from_secs(1);
/// What whoever asks makes up of a cookie (RFC 7873 4), in bytes.
const CLIENT_COOKIE: usize = 8;

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
    /// The data of the answer section, in order; never nothing.
    pub data: Vec<String>,
    /// The least TTL among them, in seconds.
    pub ttl_s: u32,
}

/// A socket to the daemon itself.
pub struct Asker {
    socket: UdpSocket,
    server: SocketAddr,
    /// As it last came back. A whole one shows that the address is our own, which lifts the rate limit.
    cookie: Vec<u8>,
}

impl Asker {
    /// To the daemon that answers there.
    ///
    /// # Errors
    ///
    /// There is no socket, or no chance.
    pub async fn new(server: SocketAddr) -> std::io::Result<Self> {
        let server = SocketAddr::new(reachable(server.ip()), server.port());
        let any: IpAddr = match server {
            SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        let socket = UdpSocket::bind((any, 0)).await?;
        socket.connect(server).await?;
        let cookie = clock::random_bytes::<CLIENT_COOKIE>()?.into();
        Ok(Self { socket, server, cookie })
    }

    /// What is answered; none if nothing is, or an error, or nothing that a client could go to.
    pub async fn ask(&mut self, question: &Question) -> Option<Answer> {
        let id = u16::from_le_bytes(clock::random_bytes().ok()?);
        let query = query(question, &self.cookie, id)?;
        let packet = query.to_vec().ok()?;
        let reply = match timeout(PATIENCE, self.over_udp(&packet, &query)).await.ok().flatten() {
            Some(reply) if !reply.metadata.truncation => reply,
            // Cut or lost, it is nothing that a client was told: a resolver asks again.
            _ => timeout(PATIENCE, self.over_tcp(&packet, &query)).await.ok().flatten()?,
        };
        self.remember_cookie(&reply);
        answer(&reply)
    }

    /// The reply to this very question; others came too late for theirs.
    async fn over_udp(&self, packet: &[u8], query: &Message) -> Option<Message> {
        self.socket.send(packet).await.ok()?;
        let mut buffer = vec![0; usize::from(u16::MAX)];
        loop {
            let length = self.socket.recv(&mut buffer).await.ok()?;
            match Message::from_vec(buffer.get(..length)?) {
                Ok(reply) if is_reply(&reply, query) => return Some(reply),
                _ => {}
            }
        }
    }

    async fn over_tcp(&self, packet: &[u8], query: &Message) -> Option<Message> {
        let mut stream = TcpStream::connect(self.server).await.ok()?;
        let mut framed = u16::try_from(packet.len()).ok()?.to_be_bytes().to_vec();
        framed.extend_from_slice(packet);
        stream.write_all(&framed).await.ok()?;
        let length = stream.read_u16().await.ok()?;
        let mut bytes = vec![0; usize::from(length)];
        stream.read_exact(&mut bytes).await.ok()?;
        Message::from_vec(&bytes).ok().filter(|reply| is_reply(reply, query))
    }

    fn remember_cookie(&mut self, reply: &Message) {
        let options = reply.edns.as_ref();
        if let Some(EdnsOption::Unknown(_, cookie)) =
            options.and_then(|edns| edns.option(EdnsCode::Cookie))
            && cookie.get(..CLIENT_COOKIE) == self.cookie.get(..CLIENT_COOKIE)
        {
            self.cookie.clone_from(cookie);
        }
    }
}

fn is_reply(message: &Message, query: &Message) -> bool {
    message.metadata.id == query.metadata.id
        && message.metadata.message_type == MessageType::Response
        && message.queries == query.queries
}

fn reachable(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    }
}

fn query(question: &Question, cookie: &[u8], id: u16) -> Option<Message> {
    let mut message = Message::new(id, MessageType::Query, OpCode::Query);
    message.add_query(Query::query(Name::from_ascii(&question.name).ok()?, question.rtype));
    let mut edns = Edns::new();
    edns.set_max_payload(1232);
    let (address, length) = question.network;
    edns.options_mut().insert(EdnsOption::Subnet(ClientSubnet::new(address, length, 0)));
    edns.options_mut().insert(EdnsOption::Unknown(EdnsCode::Cookie.into(), cookie.into()));
    message.set_edns(edns);
    Some(message)
}

/// What a client can go to: an error is nothing, and neither is a reply without data or without its end.
fn answer(reply: &Message) -> Option<Answer> {
    let is_whole = !reply.metadata.truncation;
    let is_good = reply.metadata.response_code == ResponseCode::NoError;
    if !is_whole || !is_good {
        return None;
    }
    let data = reply.answers.iter().map(|record| match &record.data {
        RData::A(ip) => ip.to_string(),
        RData::AAAA(ip) => ip.to_string(),
        RData::CNAME(name) => name.to_string(),
        other => other.to_string(),
    });
    let ttl_s = reply.answers.iter().map(|record| record.ttl).min()?;
    Some(Answer { data: data.collect(), ttl_s })
}
