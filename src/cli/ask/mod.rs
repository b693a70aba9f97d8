//! `ask`: a question to any DNS server, and the whole reply.
//!
//! For trying things where `dig` is missing; it reads replies with another reader than the one
//! that wrote them.

mod exchange;
mod show;

#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::time::Duration;

use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query};
use hickory_proto::rr::rdata::opt::{ClientSubnet, EdnsCode, EdnsOption};
use hickory_proto::rr::{Name, RecordType};
use hickory_proto::serialize::binary::BinDecodable as _;

use super::CommandResult;
use super::args::AskArgs;
use crate::clock;

/// What every careful resolver offers (RFC 9715).
const UDP_SIZE_BYTES: u16 = 1232;
const TIMEOUT: Duration = Duration::from_secs(2);
const TRIES: u32 = 3;

/// How the question is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Transport {
    Udp,
    Tcp,
}

/// How long and how often to try.
#[derive(Clone, Copy, Debug)]
struct Patience {
    timeout: Duration,
    tries: u32,
}

/// A reply and how it came.
struct Reply {
    message: Message,
    size_bytes: usize,
    elapsed: Duration,
    server: SocketAddr,
    transport: Transport,
    /// It came over TCP because the one over UDP was cut short.
    was_truncated: bool,
}

/// Asks, and shows what comes back.
pub async fn run(args: &AskArgs, json: bool) -> CommandResult {
    let reply = ask(args, Patience { timeout: TIMEOUT, tries: TRIES }).await?;
    super::show(json, &show::json(&reply), |_| show::reply(&reply))
}

async fn ask(args: &AskArgs, patience: Patience) -> Result<Reply, String> {
    let mut query = query(args)?;
    let first = if args.tcp { Transport::Tcp } else { Transport::Udp };
    if args.tcp {
        query = over_tcp(query);
    }
    let mut reply = exchange::exchange(&query, args.server, first, patience).await?;
    if reply.message.metadata.truncation && first == Transport::Udp {
        let query = over_tcp(query);
        reply = exchange::exchange(&query, args.server, Transport::Tcp, patience).await?;
        reply.was_truncated = true;
    }
    Ok(reply)
}

fn query(args: &AskArgs) -> Result<Message, String> {
    let name = crate::wire::Name::parse(&args.name, &crate::wire::Name::root())
        .map_err(|error| format!("found {:?}: {error}; expected a domain name", args.name))?;
    let name = Name::from_bytes(name.as_wire()).map_err(|error| error.to_string())?;
    let id = clock::random_bytes().map_err(|error| format!("no random numbers: {error}"))?;
    let mut message = Message::new(u16::from_be_bytes(id), MessageType::Query, OpCode::Query);
    message.add_query(Query::query(name, RecordType::from(args.rtype)));
    let mut edns = Edns::new();
    edns.set_max_payload(UDP_SIZE_BYTES);
    if let Some(network) = args.subnet {
        let subnet = ClientSubnet::new(network.address, network.length, 0);
        edns.options_mut().insert(EdnsOption::Subnet(subnet));
    }
    let cookie =
        clock::random_bytes::<8>().map_err(|error| format!("no random numbers: {error}"))?;
    edns.options_mut().insert(EdnsOption::Unknown(EdnsCode::Cookie.into(), cookie.into()));
    message.set_edns(edns);
    Ok(message)
}

/// The same question, and also for how long the connection may be silent, which must not be asked
/// without one (RFC 7828 3.2.1).
fn over_tcp(mut query: Message) -> Message {
    if let Some(edns) = &mut query.edns {
        edns.options_mut().insert(EdnsOption::Unknown(EdnsCode::Keepalive.into(), Vec::new()));
    }
    query
}
