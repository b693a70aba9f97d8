//! A question of DNS: over UDP, and over TCP where the answer is cut off or that is wanted.
//!
//! Over UDP anybody can send us packets. So the question has a random number and a port of its own,
//! and whatever does not repeat the number and the question is passed over (RFC 5452 3).

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use hickory_proto::op::Message;
use hickory_proto::rr::{DNSClass, RData, RecordType};
use hickory_proto::serialize::binary::{BinDecoder, Restrict};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UdpSocket;

use super::cause;
use super::dial::{self, Connection};
use super::failure::Failure;
use super::steps;
use crate::clock;
use crate::health::DnsCheck;
use crate::wire::{HEADER_BYTES, OPCODE_BITS, RESPONSE_BIT, Rcode, TRUNCATED_BIT, rtype};

/// Without EDNS no answer over UDP is longer than 512 octets (RFC 1035 4.2.1); one that is all the
/// same is taken as far as it goes.
const MOST_OVER_UDP: usize = 4096;
/// Recursion desired: a resolver answers, and others do not mind.
const QUERY_FLAGS: u16 = 0x0100;
const RCODE_BITS: u8 = 0x0f;
/// How many records are shown of an answer that lacks one.
const SHOWN: usize = 4;
/// And how much of each of them, in characters.
const LONGEST_SHOWN: usize = 80;

/// One question, ready to be asked again and again.
pub(super) struct DnsProbe {
    at: SocketAddr,
    /// Name, type and class.
    question: Vec<u8>,
    check: DnsCheck,
    wanted: Vec<RData>,
}

impl DnsProbe {
    pub(super) fn new(address: IpAddr, check: &DnsCheck) -> Result<Self, Failure> {
        let numbers = [check.rtype.to_be_bytes(), rtype::IN.to_be_bytes()].concat();
        let data = |data: &crate::health::RecordData| {
            let length = u16::try_from(data.wire.len()).unwrap_or(u16::MAX);
            let mut decoder = BinDecoder::new(&data.wire);
            let read = RData::read(&mut decoder, check.rtype.into(), Restrict::new(length));
            read.map_err(|why| Failure::Unaskable(format!("{:?}: {why}", data.text)))
        };
        Ok(Self {
            at: SocketAddr::new(address, check.port),
            question: [&check.name[..], &numbers].concat(),
            check: check.clone(),
            wanted: check.answers.iter().map(data).collect::<Result<_, _>>()?,
        })
    }

    /// Asks once, without a limit of time.
    pub(super) async fn ask(&self) -> Result<(), Failure> {
        if self.check.tcp {
            return self.judge(&self.over_tcp().await?);
        }
        let reply = self.over_udp().await?;
        match flags(&reply)[0] & TRUNCATED_BIT {
            0 => self.judge(&reply),
            _ => self.judge(&self.over_tcp().await?),
        }
    }

    /// A query with a number that nobody can guess.
    fn query(&self) -> Result<Vec<u8>, Failure> {
        let id: [u8; 2] = clock::random_bytes().map_err(|error| Failure::from(&error))?;
        let counts = [0, 1, 0, 0, 0, 0, 0, 0];
        Ok([&id[..], &QUERY_FLAGS.to_be_bytes(), &counts, &self.question].concat())
    }

    async fn over_udp(&self) -> Result<Vec<u8>, Failure> {
        let query = self.query()?;
        self.first_answer(&query).await.map_err(|error| Failure::from(&error))
    }

    /// What comes first over UDP and answers the query.
    async fn first_answer(&self, query: &[u8]) -> io::Result<Vec<u8>> {
        let any: IpAddr = match self.at {
            SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        let socket = UdpSocket::bind((any, 0)).await?;
        socket.connect(self.at).await?;
        socket.send(query).await?;
        steps::did(|| format!("sent a question to {}", self.at));
        let mut packet = vec![0; MOST_OVER_UDP];
        loop {
            let length = socket.recv(&mut packet).await?;
            let reply = packet.get(..length).unwrap_or_default();
            steps::heard(|| format!("received {length} bytes"));
            if self.answers(query, reply) {
                return Ok(reply.to_vec());
            }
        }
    }

    async fn over_tcp(&self) -> Result<Vec<u8>, Failure> {
        let query = self.query()?;
        let mut connection = dial::connect(self.at, None).await?;
        let reply = exchange(&mut connection, &query).await;
        let reply = reply.map_err(|error| cause::of_io(&error))?;
        match self.answers(&query, &reply) {
            true => Ok(reply),
            false => Err(Failure::NoDns("it is for another question".into())),
        }
    }

    /// Whether a packet answers this query: with its number, and with its question, whatever the case
    /// of its letters.
    fn answers(&self, query: &[u8], reply: &[u8]) -> bool {
        let [high, _] = flags(reply);
        let asked = |packet: &[u8]| {
            let question = packet.get(HEADER_BYTES..HEADER_BYTES + self.question.len())?;
            Some(question.to_ascii_lowercase())
        };
        let is_repeated = reply.get(4..6) == query.get(4..6)
            && asked(reply).is_some_and(|question| Some(question) == asked(query));
        // Who refuses may leave the question out.
        let is_refused = reply.get(4..6) == Some(&[0, 0]) && flags(reply)[1] & RCODE_BITS != 0;
        reply.len() >= HEADER_BYTES
            && reply.get(..2) == query.get(..2)
            && high & (RESPONSE_BIT | OPCODE_BITS) == RESPONSE_BIT
            && (is_repeated || is_refused)
    }

    fn judge(&self, reply: &[u8]) -> Result<(), Failure> {
        let got = u16::from(flags(reply)[1] & RCODE_BITS);
        if got != self.check.rcode {
            let (got, wanted) = (Rcode(got).to_string(), Rcode(self.check.rcode).to_string());
            return Err(Failure::Rcode { got, wanted });
        }
        if self.wanted.is_empty() {
            return Ok(());
        }
        let message = Message::from_vec(reply).map_err(|why| Failure::NoDns(why.to_string()))?;
        let rtype = RecordType::from(self.check.rtype);
        let records: Vec<&RData> = message
            .answers
            .iter()
            .filter(|record| record.dns_class == DNSClass::IN && record.record_type() == rtype)
            .map(|record| &record.data)
            .collect();
        let missing = self.wanted.iter().zip(&self.check.answers);
        match missing.into_iter().find(|(wanted, _)| !records.contains(wanted)) {
            None => Ok(()),
            Some((_, wanted)) => {
                let text = &wanted.text;
                Err(Failure::Answer(format!("lacks {text}, but is {}", shown(&records))))
            }
        }
    }
}

/// A message and its answer over TCP, each behind its length (RFC 1035 4.2.2).
async fn exchange(connection: &mut Connection, query: &[u8]) -> io::Result<Vec<u8>> {
    let length = u16::try_from(query.len()).unwrap_or_default().to_be_bytes();
    connection.write_all(&[&length[..], query].concat()).await?;
    let mut reply = vec![0; connection.read_u16().await?.into()];
    connection.read_exact(&mut reply).await?;
    Ok(reply)
}

/// The two octets of flags; none where there are not so many.
fn flags(packet: &[u8]) -> [u8; 2] {
    match packet {
        [_, _, high, low, ..] => [*high, *low],
        _ => [0, 0],
    }
}

fn shown(records: &[&RData]) -> String {
    if records.is_empty() {
        return "empty".into();
    }
    let texts: Vec<String> = records.iter().take(SHOWN).map(|data| beginning(data)).collect();
    let more = if records.len() > SHOWN { ", …" } else { "" };
    texts.join(", ") + more
}

/// A record's data as far as it is shown, without what could move a terminal.
fn beginning(data: &RData) -> String {
    data.to_string().chars().filter(|c| !c.is_control()).take(LONGEST_SHOWN).collect()
}

#[cfg(test)]
mod tests;
