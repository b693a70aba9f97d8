//! A client of DNS that shares no code with the server: hickory writes and reads its messages.

use std::collections::BTreeSet;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::rdata::opt::{ClientSubnet, EdnsCode, EdnsOption};
use hickory_proto::rr::{Name, RecordType};

/// One try over UDP; a lost packet costs this much.
const TRY: Duration = Duration::from_secs(3);
const TRIES: usize = 10;

/// A question for a name below `example.com`, or an absolute one.
pub fn question(name: &str, rtype: RecordType) -> Message {
    static ID: AtomicU16 = AtomicU16::new(1);
    let id = ID.fetch_add(1, Ordering::Relaxed);
    let mut message = Message::new(id, MessageType::Query, OpCode::Query);
    let name = match name {
        "@" => "example.com.".to_owned(),
        absolute if absolute.ends_with('.') => absolute.to_owned(),
        relative => format!("{relative}.example.com."),
    };
    message.add_query(Query::query(Name::from_ascii(name).unwrap(), rtype));
    message
}

/// The same question from a client network, as a resolver would tell it.
pub fn question_from(name: &str, rtype: RecordType, network: &str) -> Message {
    let (address, length) = network.split_once('/').unwrap();
    let subnet = ClientSubnet::new(address.parse().unwrap(), length.parse().unwrap(), 0);
    let mut edns = Edns::new();
    edns.set_max_payload(1232);
    edns.options_mut().insert(EdnsOption::Subnet(subnet));
    let mut message = question(name, rtype);
    message.set_edns(edns);
    message
}

/// What came back.
pub struct Reply {
    /// The message.
    pub message: Message,
    /// Its length in bytes.
    pub bytes: usize,
}

impl Reply {
    /// Reads a reply to `asked`.
    pub fn read(bytes: &[u8], asked: &Message) -> Self {
        let message = Message::from_vec(bytes).expect("a reply that hickory can read");
        assert_eq!(message.metadata.id, asked.metadata.id);
        assert_eq!(message.metadata.message_type, MessageType::Response);
        Self { message, bytes: bytes.len() }
    }

    pub fn rcode(&self) -> ResponseCode {
        self.message.metadata.response_code
    }

    /// The data of the answer section, as text and in order.
    pub fn data(&self) -> Vec<String> {
        let data: BTreeSet<_> = self.message.answers.iter().map(|r| r.data.to_string()).collect();
        data.into_iter().collect()
    }

    /// The least TTL of the answer section, in seconds.
    pub fn ttl(&self) -> u32 {
        self.message.answers.iter().map(|record| record.ttl).min().expect("an answer")
    }

    /// The length of the network for which the answer holds, where the question named one.
    pub fn scope(&self) -> Option<u8> {
        let edns = self.message.edns.as_ref()?;
        match edns.options().get(EdnsCode::Subnet)? {
            EdnsOption::Subnet(subnet) => Some(subnet.scope_prefix()),
            _ => None,
        }
    }
}

/// A socket that sends to and hears from `server` only.
pub fn udp_to(server: SocketAddr) -> UdpSocket {
    let any: IpAddr = match server {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0)).unwrap();
    socket.connect(server).unwrap();
    socket.set_read_timeout(Some(TRY)).unwrap();
    socket
}

/// Asks over UDP, again if nothing comes.
#[track_caller]
pub fn ask(server: SocketAddr, question: &Message) -> Reply {
    let packet = question.to_vec().unwrap();
    let mut buffer = vec![0; 65_535];
    for _ in 0..TRIES {
        let socket = udp_to(server);
        socket.send(&packet).unwrap();
        if let Ok(length) = socket.recv(&mut buffer) {
            return Reply::read(&buffer[..length], question);
        }
    }
    panic!("no reply from {server} to {question}");
}

/// Asks over TCP.
#[track_caller]
pub fn ask_tcp(server: SocketAddr, question: &Message) -> Reply {
    let reply = Connection::open(server).ask(&question.to_vec().unwrap());
    Reply::read(&reply.expect("a reply over TCP"), question)
}

/// The reply to any packet, over UDP, again if nothing comes, or over TCP.
#[track_caller]
pub fn exchange(server: SocketAddr, packet: &[u8], tcp: bool) -> Vec<u8> {
    if tcp {
        return Connection::open(server).ask(packet).expect("a reply over TCP");
    }
    let mut buffer = vec![0; 65_535];
    for _ in 0..TRIES {
        let socket = udp_to(server);
        socket.send(packet).unwrap();
        if let Ok(length) = socket.recv(&mut buffer) {
            buffer.truncate(length);
            return buffer;
        }
    }
    panic!("no reply from {server} to {packet:?}");
}

/// A stream that carries messages, each behind its length (RFC 1035 4.2.2).
pub struct Framed<S>(pub S);

/// A TCP connection that carries messages.
pub type Connection = Framed<TcpStream>;

impl<S: Read + Write> Framed<S> {
    pub fn send(&mut self, message: &[u8]) -> io::Result<()> {
        self.0.write_all(&framed(message))
    }

    /// The next message; an error once the server has closed.
    pub fn receive(&mut self) -> io::Result<Vec<u8>> {
        let mut length = [0; 2];
        self.0.read_exact(&mut length)?;
        let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
        self.0.read_exact(&mut message)?;
        Ok(message)
    }

    pub fn ask(&mut self, question: &[u8]) -> io::Result<Vec<u8>> {
        self.send(question)?;
        self.receive()
    }
}

impl Connection {
    pub fn open(server: SocketAddr) -> Self {
        Self::new(TcpStream::connect(server).unwrap())
    }

    /// From another address of this machine, so as to be another client.
    pub fn open_from(source: Ipv4Addr, server: SocketAddr) -> Self {
        use socket2::{Domain, Socket, Type};
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::from((source, 0)).into()).unwrap();
        socket.connect(&server.into()).unwrap();
        Self::new(socket.into())
    }

    fn new(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(super::wait::PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self(stream)
    }
}

/// A message behind its length.
pub fn framed(message: &[u8]) -> Vec<u8> {
    let length = u16::try_from(message.len()).unwrap().to_be_bytes();
    [&length[..], message].concat()
}
