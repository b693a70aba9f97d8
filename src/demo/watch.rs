//! Asks the demonstration's own daemon again and again, and tells when its answer moves.

use std::fmt::Write as _;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use hickory_proto::op::{Message, MessageType, OpCode, Query};
use hickory_proto::rr::{Name, RecordType};
use hickory_proto::serialize::binary::BinDecodable as _;
use tokio::net::UdpSocket;
use tokio::time::{sleep, timeout};

use crate::clock;

const PAUSE: Duration = Duration::from_millis(100);
const PATIENCE: Duration = Duration::from_millis(500);
const ASKED: &str = "www.example.com.";

/// Prints the answer whenever it is another, for ever.
pub(super) async fn watch(server: SocketAddr) {
    let begun = clock::monotonic_now();
    let mut last = String::new();
    loop {
        let said = ask(server).await.unwrap_or_else(|error| format!("no answer: {error}"));
        if said != last {
            let seconds = clock::monotonic_now().duration_since(begun).as_secs_f64();
            println!("{seconds:8.1} s  {ASKED}  {said}");
            last = said;
        }
        sleep(PAUSE).await;
    }
}

async fn ask(server: SocketAddr) -> io::Result<String> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    socket.connect(server).await?;
    let mut question = Message::new(1, MessageType::Query, OpCode::Query);
    let name = Name::from_ascii(ASKED).map_err(io::Error::other)?;
    question.add_query(Query::query(name, RecordType::A));
    socket.send(&question.to_vec().map_err(io::Error::other)?).await?;
    let mut reply = [0; 512];
    let length = timeout(PATIENCE, socket.recv(&mut reply)).await??;
    let reply = Message::from_bytes(&reply[..length]).map_err(io::Error::other)?;
    let mut said = String::new();
    for record in &reply.answers {
        let _ = write!(said, "{}  (ttl {} s)  ", record.data, record.ttl);
    }
    if said.is_empty() {
        said = format!("{}", reply.metadata.response_code);
    }
    Ok(said.trim_end().to_owned())
}
