//! One question, one reply: sending, waiting, and telling the reply from everything else.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};

use hickory_proto::op::{Message, MessageType};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::{sleep, timeout};

use super::{Patience, Reply, Transport};
use crate::clock;

/// From a try that failed at once to the next.
const PAUSE: Duration = Duration::from_millis(500);

/// Asks until there is a reply or patience is at its end.
pub(super) async fn exchange(
    query: &Message,
    server: SocketAddr,
    transport: Transport,
    patience: Patience,
) -> Result<Reply, String> {
    let packet = query.to_vec().map_err(|error| format!("cannot write the question: {error}"))?;
    let mut failure = None;
    for _ in 0..patience.tries {
        let begun = clock::monotonic_now();
        let received = timeout(patience.timeout, async {
            match transport {
                Transport::Udp => over_udp(&packet, query, server).await,
                Transport::Tcp => over_tcp(&packet, server).await,
            }
        });
        match received.await {
            Ok(Ok(bytes)) => return read(&bytes, query, begun, server, transport),
            Ok(Err(error)) => {
                failure = Some(error);
                // A refusal comes at once; the server may be about to start.
                sleep(PAUSE).await;
            }
            Err(_) => {}
        }
    }
    let Patience { timeout, tries } = patience;
    Err(match failure {
        Some(error) => format!("no reply from {server} in {tries} tries: {}", error_text(&error)),
        None => {
            format!("no reply from {server} in {tries} tries of {} s each", timeout.as_secs_f64())
        }
    })
}

/// Waits for a packet that is the reply to this very question; others may be forged or late.
async fn over_udp(packet: &[u8], query: &Message, server: SocketAddr) -> io::Result<Vec<u8>> {
    let any: SocketAddr = match server {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(any).await?;
    socket.connect(server).await?;
    socket.send(packet).await?;
    let mut buffer = vec![0; usize::from(u16::MAX)];
    loop {
        let length = socket.recv(&mut buffer).await?;
        let bytes = &buffer[..length];
        // What has the right number but cannot be read is worth telling.
        let fits = match Message::from_vec(bytes) {
            Ok(reply) => answers(&reply, query).is_ok(),
            Err(_) => bytes.starts_with(&query.metadata.id.to_be_bytes()),
        };
        if fits {
            return Ok(bytes.to_vec());
        }
    }
}

async fn over_tcp(packet: &[u8], server: SocketAddr) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(server).await?;
    // A question is far shorter than 65,535 bytes.
    let mut framed = (packet.len() as u16).to_be_bytes().to_vec();
    framed.extend_from_slice(packet);
    stream.write_all(&framed).await?;
    let length = stream.read_u16().await?;
    let mut bytes = vec![0; usize::from(length)];
    stream.read_exact(&mut bytes).await?;
    Ok(bytes)
}

fn read(
    bytes: &[u8],
    query: &Message,
    begun: Instant,
    server: SocketAddr,
    transport: Transport,
) -> Result<Reply, String> {
    let elapsed = clock::monotonic_now().duration_since(begun);
    let message = Message::from_vec(bytes)
        .map_err(|error| format!("the reply of {server} cannot be read: {error}"))?;
    answers(&message, query).map_err(|wrong| format!("the reply of {server} {wrong}"))?;
    let size_bytes = bytes.len();
    Ok(Reply { message, size_bytes, elapsed, server, transport, was_truncated: false })
}

/// Whether a message is the reply to a question.
fn answers(reply: &Message, query: &Message) -> Result<(), &'static str> {
    if reply.metadata.message_type != MessageType::Response {
        return Err("is a question");
    }
    if reply.metadata.id != query.metadata.id {
        return Err("has another id than the question");
    }
    // A server that could not read the question may leave it out.
    if reply.queries != query.queries && !reply.queries.is_empty() {
        return Err("is to another question");
    }
    Ok(())
}

fn error_text(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => "the connection was closed before the reply".into(),
        kind if error.raw_os_error().is_some() => kind.to_string(),
        _ => error.to_string(),
    }
}
