//! A reply as it is compared: what four servers write in four ways, written in one.

use std::collections::BTreeSet;
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::time::Duration;

use hickory_proto::op::Message;
use hickory_proto::rr::{RData, Record, RecordType};

use crate::support::dns::{Connection, Framed, udp_to};
use crate::zones::{Zones, is_within};

const TRIES: usize = 5;
const TRY: Duration = Duration::from_millis(700);
/// Of the flags: AA, TC, RD, RA, Z, AD and CD.
const FLAGS: u16 = 0x07f0;

/// Where a server is asked.
pub struct Client {
    server: SocketAddr,
    udp: UdpSocket,
    tcp: Option<Connection>,
}

impl Client {
    pub fn new(server: SocketAddr) -> Self {
        let udp = udp_to(server);
        udp.set_read_timeout(Some(TRY)).unwrap();
        Self { server, udp, tcp: None }
    }

    /// Sends a packet without waiting for the reply.
    pub fn send(&self, packet: &[u8]) {
        // A server that is not there yet refuses; `receive` tries again.
        let _ = self.udp.send(packet);
    }

    /// The reply to a packet that was sent, which is sent again if nothing comes.
    pub fn receive(&self, packet: &[u8]) -> Option<Vec<u8>> {
        let mut buffer = vec![0; 65_535];
        for _ in 0..TRIES {
            while let Ok(length) = self.udp.recv(&mut buffer) {
                if length >= 12 && buffer[..2] == packet[..2] {
                    buffer.truncate(length);
                    return Some(buffer);
                }
            }
            self.send(packet);
        }
        None
    }

    /// Asks over TCP, on the connection of the last time if it is still open.
    pub fn ask_tcp(&mut self, packet: &[u8]) -> Option<Vec<u8>> {
        for _ in 0..TRIES {
            if self.tcp.is_none() {
                let stream = TcpStream::connect(self.server).ok()?;
                stream.set_read_timeout(Some(TRY)).unwrap();
                stream.set_nodelay(true).unwrap();
                self.tcp = Some(Framed(stream));
            }
            let connection = self.tcp.as_mut()?;
            match connection.ask(packet) {
                Ok(reply) => return Some(reply),
                Err(_) => self.tcp = None,
            }
        }
        None
    }
}

/// What a reply says, whatever the order and the case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    pub rcode: u16,
    pub flags: u16,
    pub answer: BTreeSet<String>,
    /// Without the NS records of an apex, which those who are not minimal add.
    pub authority: BTreeSet<String>,
    /// The addresses of the name servers that the authority section names.
    pub glue: BTreeSet<String>,
    /// Whether there is an OPT record, and if it has the flag DO.
    pub edns: Option<bool>,
    /// What the owners of the answer's CNAMEs lead to.
    pub aliases: Vec<(String, String)>,
}

impl Reply {
    pub fn read(packet: &[u8], zones: &Zones) -> Result<Self, String> {
        let message = Message::from_vec(packet).map_err(|error| format!("{error}: {packet:?}"))?;
        let flags = u16::from_be_bytes([packet[2], packet[3]]) & FLAGS;
        let is_apex = |record: &Record| {
            let owner = lower(&record.name.to_ascii());
            zones.0.iter().any(|zone| zone.apex == owner)
        };
        let shown = |record: &&Record| record.record_type() != RecordType::NS || !is_apex(record);
        let authority: Vec<&Record> = message.authorities.iter().filter(shown).collect();
        let servers: BTreeSet<String> = authority.iter().filter_map(|r| name_server(r)).collect();
        let of_server = |record: &&Record| servers.contains(&lower(&record.name.to_ascii()));
        let glue = message.additionals.iter().filter(of_server);
        let mut aliases: Vec<_> = message.answers.iter().filter_map(alias).collect();
        // Some write a CNAME that leads to itself twice.
        aliases.dedup();
        Ok(Self {
            rcode: message.metadata.response_code.into(),
            flags,
            answer: message.answers.iter().map(text).collect(),
            authority: authority.into_iter().map(text).collect(),
            glue: glue.map(text).collect(),
            edns: message.edns.as_ref().map(|edns| edns.flags().dnssec_ok),
            aliases,
        })
    }
}

impl Reply {
    /// This one, with what was answered for the name that its last alias leads to.
    pub fn and_then(mut self, next: Self) -> Self {
        self.answer.extend(next.answer);
        self.aliases.extend(next.aliases);
        let Self { answer, aliases, flags, .. } = self;
        Self { answer, aliases, flags, ..next }
    }

    /// Whether a record lies below the zone cut that the authority section names.
    pub fn is_below_cut(&self, record: &str) -> bool {
        self.authority.iter().any(|cut| is_within(owner(record), owner(cut)))
    }
}

/// The owner name of a record as a reply shows it.
pub fn owner(record: &str) -> &str {
    record.split(' ').next().unwrap_or_default()
}

fn text(record: &Record) -> String {
    let Record { name, ttl, data, .. } = record;
    let data = lower(&data.to_string());
    format!("{} {ttl} {} {data}", lower(&name.to_ascii()), record.record_type())
}

fn alias(record: &Record) -> Option<(String, String)> {
    match &record.data {
        RData::CNAME(target) => Some((lower(&record.name.to_ascii()), lower(&target.to_ascii()))),
        _ => None,
    }
}

fn name_server(record: &Record) -> Option<String> {
    match &record.data {
        RData::NS(server) => Some(lower(&server.to_ascii())),
        _ => None,
    }
}

fn lower(text: &str) -> String {
    // A blank, which `to_ascii` writes as an octal number, as zone files write it.
    text.to_ascii_lowercase().replace("\\040", "\\032")
}
