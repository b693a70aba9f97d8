//! Against servers that answer well, badly, or not at all.

use std::net::SocketAddr;
use std::time::Duration;

use clap::Parser as _;
use hickory_proto::op::{Edns, Message, ResponseCode};
use hickory_proto::rr::rdata::opt::{EdnsCode, NSIDPayload};
use hickory_proto::rr::rdata::{A, NULL, TXT};
use hickory_proto::rr::{RData, Record};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, UdpSocket};

use super::*;
use crate::cli::{Cli, Command};

const QUICK: Patience = Patience { timeout: Duration::from_millis(200), tries: 3 };
const PATIENT: Patience = Patience { timeout: Duration::from_secs(60), tries: 1 };

/// A server on one port of UDP and TCP; for each question it sends what `answer` makes of it.
async fn server<F>(answer: F) -> SocketAddr
where
    F: Fn(Message, Transport) -> Vec<Vec<u8>> + Copy + Send + 'static,
{
    let (udp, tcp) = loop {
        let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        // The same number may be taken for TCP; then another one is not.
        if let Ok(tcp) = TcpListener::bind(udp.local_addr().unwrap()).await {
            break (udp, tcp);
        }
    };
    let address = udp.local_addr().unwrap();
    tokio::spawn(async move {
        let mut buffer = [0; 4096];
        loop {
            let (length, peer) = udp.recv_from(&mut buffer).await.unwrap();
            let query = Message::from_vec(&buffer[..length]).unwrap();
            for packet in answer(query, Transport::Udp) {
                udp.send_to(&packet, peer).await.unwrap();
            }
        }
    });
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = tcp.accept().await.unwrap();
            let length = stream.read_u16().await.unwrap();
            let mut bytes = vec![0; usize::from(length)];
            stream.read_exact(&mut bytes).await.unwrap();
            for packet in answer(Message::from_vec(&bytes).unwrap(), Transport::Tcp) {
                stream.write_u16(packet.len() as u16).await.unwrap();
                stream.write_all(&packet).await.unwrap();
            }
        }
    });
    address
}

fn args(line: &[&str], server: SocketAddr) -> AskArgs {
    let server = server.to_string();
    let line = [&["steersman", "ask"], line, &["--server", &server]].concat();
    let Command::Ask(args) = Cli::try_parse_from(line).unwrap().command else { panic!() };
    args
}

fn reply_to(query: &Message) -> Message {
    let mut reply = Message::response(query.metadata.id, query.metadata.op_code);
    reply.metadata.authoritative = true;
    reply.add_queries(query.queries.clone());
    if let Some(edns) = &query.edns {
        let mut answered = Edns::new();
        answered.set_max_payload(1232);
        if let Some(EdnsOption::Subnet(subnet)) = edns.option(EdnsCode::Subnet) {
            let subnet = ClientSubnet::new(subnet.addr(), subnet.source_prefix(), 20);
            answered.options_mut().insert(EdnsOption::Subnet(subnet));
        }
        reply.set_edns(answered);
    }
    reply
}

fn with_address(query: &Message) -> Message {
    let mut reply = reply_to(query);
    let name = query.queries[0].name.clone();
    reply.add_answer(Record::from_rdata(name, 30, RData::A(A::new(192, 0, 2, 1))));
    reply
}

/// The lines without the last, which tells of time.
fn fixed(text: &str) -> Vec<&str> {
    let lines: Vec<&str> = text.lines().filter(|line| !line.contains(", id ")).collect();
    lines[..lines.len() - 1].to_vec()
}

async fn words(args: &AskArgs, patience: Patience) -> CommandResult {
    ask(args, patience).await.map(|reply| show::reply(&reply))
}

#[tokio::test]
async fn a_reply_is_shown_as_a_zone_file_has_it() {
    let server = server(|query, _| vec![with_address(&query).to_vec().unwrap()]).await;
    let text = words(&args(&["www.Example.com"], server), PATIENT).await.unwrap();
    assert_eq!(
        fixed(&text),
        [
            ";; flags qr aa; question 1, answer 1, authority 0, additional 0",
            ";; EDNS version 0, udp 1232",
            "",
            ";; QUESTION",
            ";www.Example.com.\tIN\tA",
            "",
            ";; ANSWER",
            "www.Example.com.\t30\tIN\tA\t192.0.2.1",
            "",
        ]
    );
    assert!(text.contains(";; opcode QUERY, status NOERROR, id "), "{text}");
    let last = text.lines().last().unwrap();
    assert!(last.ends_with(&format!(" ms, 60 bytes from {server} over UDP")), "{last}");
}

#[tokio::test]
async fn the_question_says_what_was_asked_for() {
    let server = server(|query, transport| {
        assert_eq!(transport, Transport::Tcp);
        let edns = query.edns.as_ref().unwrap();
        assert_eq!(edns.max_payload(), 1232);
        let Some(EdnsOption::Subnet(subnet)) = edns.option(EdnsCode::Subnet) else { panic!() };
        assert_eq!(*subnet, ClientSubnet::new("2001:db8:1::".parse().unwrap(), 48, 0));
        assert_eq!(query.queries[0].query_type, RecordType::Unknown(65400));
        assert!(!query.metadata.recursion_desired);
        assert!(matches!(option(&query, 10), Some(cookie) if cookie.len() == 8));
        assert_eq!(option(&query, 11), Some(vec![]));
        vec![reply_to(&query).to_vec().unwrap()]
    })
    .await;
    let line = ["a\\.b.example", "TYPE65400", "--subnet", "2001:db8:1::5/48", "--tcp"];
    let text = words(&args(&line, server), PATIENT).await.unwrap();
    assert!(text.contains(";; client subnet 2001:db8:1::/48, scope 20\n"), "{text}");
    assert!(text.contains(";a\\.b.example.\tIN\tTYPE65400\n"), "{text}");
    assert!(text.ends_with("over TCP\n"), "{text}");
}

/// The data of an option that hickory does not read.
fn option(message: &Message, code: u16) -> Option<Vec<u8>> {
    match message.edns.as_ref()?.option(EdnsCode::from(code))? {
        EdnsOption::Unknown(_, data) => Some(data.clone()),
        _ => None,
    }
}

#[tokio::test]
async fn a_truncated_reply_is_asked_for_again_over_tcp() {
    let server = server(|query, transport| {
        // There is nothing to keep alive without a connection.
        assert_eq!(option(&query, 11).is_some(), transport == Transport::Tcp);
        let mut reply = with_address(&query);
        if transport == Transport::Udp {
            reply = reply_to(&query);
            reply.metadata.truncation = true;
        }
        vec![reply.to_vec().unwrap()]
    })
    .await;
    let text = words(&args(&["x"], server), PATIENT).await.unwrap();
    assert!(text.starts_with(";; truncated over UDP, asked again over TCP\n"), "{text}");
    assert!(text.contains("192.0.2.1"), "{text}");
    assert!(text.ends_with("over TCP\n"), "{text}");
}

#[tokio::test]
async fn what_is_no_reply_to_the_question_is_passed_over() {
    let server = server(|query, _| {
        let mut other_id = with_address(&query);
        other_id.metadata.id ^= 1;
        let mut other_question = with_address(&query);
        other_question.queries[0].query_type = RecordType::MX;
        let packets = [other_id, other_question, query.clone(), with_address(&query)];
        let mut packets: Vec<Vec<u8>> = packets.iter().map(|m| m.to_vec().unwrap()).collect();
        packets.insert(0, vec![]);
        packets.insert(0, vec![query.metadata.id.to_be_bytes()[0].wrapping_add(1); 3]);
        packets
    })
    .await;
    let text = words(&args(&["x"], server), PATIENT).await.unwrap();
    assert!(text.contains("192.0.2.1"), "{text}");
}

#[tokio::test]
async fn a_reply_that_cannot_be_read_is_told() {
    let server = server(|query, transport| {
        let mut packet = with_address(&query).to_vec().unwrap();
        match transport {
            Transport::Udp => packet.truncate(20),
            Transport::Tcp => packet[0] ^= 1,
        }
        vec![packet]
    })
    .await;
    let error = words(&args(&["x"], server), PATIENT).await.unwrap_err();
    assert!(error.contains("cannot be read"), "{error}");
    let error = words(&args(&["x", "--tcp"], server), PATIENT).await.unwrap_err();
    assert!(error.contains("has another id"), "{error}");
}

#[tokio::test]
async fn silence_ends_after_all_tries() {
    let server = server(|_, _| vec![]).await;
    let error = words(&args(&["x"], server), QUICK).await.unwrap_err();
    assert_eq!(error, format!("no reply from {server} in 3 tries of 0.2 s each"));
    let error = words(&args(&["x", "--tcp"], server), QUICK).await.unwrap_err();
    assert!(error.starts_with(&format!("no reply from {server}")), "{error}");
}

#[tokio::test]
async fn a_name_that_is_none_is_refused() {
    let server = "127.0.0.1:9".parse().unwrap();
    let error = words(&args(&["a..b"], server), QUICK).await.unwrap_err();
    assert_eq!(error, "found \"a..b\": an empty label; expected a domain name");
}

#[test]
fn every_kind_of_data_is_shown_without_harm() {
    let mut message = Message::response(7, OpCode::Query);
    message.metadata.response_code = ResponseCode::BADVERS;
    let mut edns = Edns::new();
    edns.options_mut().insert(EdnsOption::NSID(NSIDPayload::new(*b"ns1\x1b").unwrap()));
    for (code, data) in [
        (10, vec![0xab, 0xcd]),
        (10, vec![1; 8]),
        (10, [&[1; 8][..], &[0xab; 16]].concat()),
        (11, vec![]),
        (11, vec![0, 25]),
        (15, vec![0]),
        (15, vec![0, 20]),
        (15, b"\x00\x00all \x1b[2J\xff".to_vec()),
        (15, b"\xff\xffx".to_vec()),
        (65_001, vec![7]),
    ] {
        edns.options_mut().insert(EdnsOption::Unknown(code, data));
    }
    message.set_edns(edns);
    let unknown = |code, bytes: &[u8]| RData::Unknown {
        code: RecordType::from(code),
        rdata: NULL::with(bytes.to_vec()),
    };
    for data in [
        RData::TXT(TXT::from_bytes(vec![b"a \"b\" \\", b"\x1b[2J\xff"])),
        unknown(39, b"\x01a\x02bc\0"),
        unknown(39, b"\x01a"),
        unknown(43, b"\x00\x01"),
        RData::Unknown { code: RecordType::from(65400), rdata: NULL::default() },
    ] {
        message.add_answer(Record::from_rdata(Name::root(), 1, data));
    }
    let text = show::reply(&Reply {
        message,
        size_bytes: 1,
        elapsed: Duration::ZERO,
        server: "[::1]:53".parse().unwrap(),
        transport: Transport::Udp,
        was_truncated: false,
    });
    assert_eq!(
        fixed(&text),
        [
            ";; flags qr; question 0, answer 5, authority 0, additional 0",
            ";; EDNS version 0, udp 512",
            ";; NSID ns1\\x1b",
            ";; option 10: abcd",
            ";; option 10: 0101010101010101",
            ";; cookie 0101010101010101, server abababababababababababababababab",
            ";; option 11: ",
            ";; keepalive 2.5 s",
            ";; option 15: 00",
            ";; extended error 20 (Not Authoritative)",
            ";; extended error 0 (Other Error): all \\027[2J\u{fffd}",
            ";; extended error 65535 (unknown): x",
            ";; option 65001: 07",
            "",
            ";; QUESTION",
            "",
            ";; ANSWER",
            ".\t1\tIN\tTXT\t\"a \\\"b\\\" \\\\\" \"\\027[2J\\255\"",
            ".\t1\tIN\tDNAME\ta.bc.",
            ".\t1\tIN\tDNAME\t\\# 2 0161",
            ".\t1\tIN\tDS\t\\# 2 0001",
            ".\t1\tIN\tTYPE65400\t\\# 0",
            "",
        ]
    );
    assert!(text.contains("status BADVERS"), "{text}");
}

proptest::proptest! {
    #[test]
    fn no_reply_is_too_strange_to_show(flips: Vec<(usize, u8)>) {
        let mut query = Message::new(1, MessageType::Query, OpCode::Query);
        query.add_query(Query::query(Name::root(), RecordType::A));
        query.set_edns(Edns::new());
        let mut bytes = with_address(&query).to_vec().unwrap();
        let length = bytes.len();
        for (at, to) in flips {
            bytes[at % length] = to;
        }
        if let Ok(message) = Message::from_vec(&bytes) {
            let text = show::reply(&Reply {
                message,
                size_bytes: 0,
                elapsed: Duration::ZERO,
                server: "[::1]:53".parse().unwrap(),
                transport: Transport::Udp,
                was_truncated: false,
            });
            assert!(text.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\t')));
        }
    }
}
