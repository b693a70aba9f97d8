//! Against servers on loopback that answer in one way each.

use std::time::Duration;

use hickory_proto::op::{MessageType, ResponseCode};
use hickory_proto::rr::rdata::{A, CNAME, TXT};
use hickory_proto::rr::{Name, Record};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::*;
use crate::health::RecordData;

/// Long enough for loopback to bring what it brings.
const SHORT: Duration = Duration::from_millis(500);

/// The address of `www.example.com`, as wanted.
fn check(at: SocketAddr) -> DnsCheck {
    DnsCheck {
        port: at.port(),
        name: b"\x03www\x07example\x03com\0"[..].into(),
        name_text: "www.example.com.".into(),
        rtype: rtype::A,
        rtype_text: "A".into(),
        rcode: 0,
        answers: Vec::new(),
        tcp: false,
    }
}

fn address(octets: [u8; 4]) -> RecordData {
    let text = Ipv4Addr::from(octets).to_string();
    RecordData { text, wire: octets.into() }
}

/// How a server answers a query: with these packets.
type Manner = fn(&Message) -> Vec<Vec<u8>>;

/// Answers over UDP and TCP until it is dropped.
struct Server {
    at: SocketAddr,
    tasks: [JoinHandle<()>; 2],
}

impl Server {
    async fn start(over_udp: Manner, over_tcp: Manner) -> Self {
        let (tcp, udp) = loop {
            let tcp = TcpListener::bind("127.0.83.11:0").await.unwrap();
            // Another socket may have the port.
            if let Ok(udp) = UdpSocket::bind(tcp.local_addr().unwrap()).await {
                break (tcp, udp);
            }
        };
        let at = tcp.local_addr().unwrap();
        let udp = tokio::spawn(async move {
            let mut packet = [0; 512];
            loop {
                let (length, from) = udp.recv_from(&mut packet).await.unwrap();
                for reply in over_udp(&Message::from_vec(&packet[..length]).unwrap()) {
                    udp.send_to(&reply, from).await.unwrap();
                }
            }
        });
        let tcp = tokio::spawn(async move {
            loop {
                let (mut stream, _) = tcp.accept().await.unwrap();
                let mut packet = vec![0; stream.read_u16().await.unwrap().into()];
                stream.read_exact(&mut packet).await.unwrap();
                for reply in over_tcp(&Message::from_vec(&packet).unwrap()) {
                    stream.write_u16(reply.len() as u16).await.unwrap();
                    stream.write_all(&reply).await.unwrap();
                }
            }
        });
        Self { at, tasks: [udp, tcp] }
    }

    async fn text(&self, check: &DnsCheck) -> String {
        let probe = DnsProbe::new(self.at.ip(), check).unwrap();
        match timeout(SHORT, probe.ask()).await {
            Ok(outcome) => outcome.map_or_else(|failure| failure.to_string(), |()| "well".into()),
            Err(_) => "nothing".into(),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

fn reply(query: &Message) -> Message {
    let mut reply = query.clone();
    reply.metadata.message_type = MessageType::Response;
    reply
}

/// An alias, and two addresses.
fn well(query: &Message) -> Vec<Vec<u8>> {
    let mut reply = reply(query);
    let (name, other) = (query.queries[0].name().clone(), Name::from_ascii("a.example.").unwrap());
    reply.add_answer(Record::from_rdata(name, 60, RData::CNAME(CNAME(other.clone()))));
    for last in [1, 2] {
        let data = RData::A(A::new(192, 0, 2, last));
        reply.add_answer(Record::from_rdata(other.clone(), 60, data));
    }
    vec![reply.to_vec().unwrap()]
}

fn nothing(_: &Message) -> Vec<Vec<u8>> {
    Vec::new()
}

fn cut(query: &Message) -> Vec<Vec<u8>> {
    let mut reply = reply(query);
    reply.metadata.truncation = true;
    vec![reply.to_vec().unwrap()]
}

fn refused(query: &Message) -> Vec<Vec<u8>> {
    let mut reply = reply(query);
    reply.metadata.response_code = ResponseCode::Refused;
    vec![reply.to_vec().unwrap()]
}

/// What others might send before the server does, and what it says then.
fn after_forgeries(query: &Message) -> Vec<Vec<u8>> {
    let mut other_id = reply(query);
    other_id.metadata.id = query.metadata.id.wrapping_add(1);
    let other_id = refused(&other_id).remove(0);
    let good = well(query).remove(0);
    let mut other_question = good.clone();
    other_question[13] = b'x';
    let mut is_query = good.clone();
    is_query[2] &= !RESPONSE_BIT;
    let mut upper = good.clone();
    upper[13..16].make_ascii_uppercase();
    vec![vec![], good[..11].to_vec(), other_id, other_question, is_query, upper]
}

fn only_forgeries(query: &Message) -> Vec<Vec<u8>> {
    let mut packets = after_forgeries(query);
    packets.pop();
    packets
}

#[tokio::test]
async fn rcode_and_records_decide() {
    for (over_udp, over_tcp, wanted) in [
        (well as Manner, nothing as Manner, "well"),
        (refused, nothing, "rcode REFUSED, wanted NOERROR"),
        (nothing, well, "nothing"),
        (cut, well, "well"),
        (cut, refused, "rcode REFUSED, wanted NOERROR"),
        (after_forgeries, nothing, "well"),
        (only_forgeries, well, "nothing"),
        (
            cut,
            |query| vec![only_forgeries(query).remove(2)],
            "no DNS answer: it is for another question",
        ),
    ] {
        let server = Server::start(over_udp, over_tcp).await;
        assert_eq!(server.text(&check(server.at)).await, wanted);
    }
}

#[tokio::test]
async fn all_records_that_are_wanted_must_be_there() {
    let server = Server::start(well, well).await;
    for (answers, wanted) in [
        (vec![address([192, 0, 2, 1])], "well"),
        (vec![address([192, 0, 2, 2]), address([192, 0, 2, 1])], "well"),
        (
            vec![address([192, 0, 2, 1]), address([192, 0, 2, 3])],
            "answer lacks 192.0.2.3, but is 192.0.2.1, 192.0.2.2",
        ),
    ] {
        for tcp in [false, true] {
            let check = DnsCheck { answers: answers.clone(), tcp, ..check(server.at) };
            assert_eq!(server.text(&check).await, wanted);
        }
    }
    let name = RecordData { text: "A.example".into(), wire: b"\x01A\x07eXample\0"[..].into() };
    let rtype = rtype::CNAME;
    let cname = DnsCheck { rtype, answers: vec![name], ..check(server.at) };
    assert_eq!(server.text(&cname).await, "well", "names have no case");
    let none = Server::start(|query| vec![reply(query).to_vec().unwrap()], nothing).await;
    assert_eq!(none.text(&check(none.at)).await, "well", "NODATA is NOERROR");
    let wanting = DnsCheck { answers: vec![address([192, 0, 2, 1])], ..check(none.at) };
    assert_eq!(none.text(&wanting).await, "answer lacks 192.0.2.1, but is empty");
}

#[tokio::test]
async fn an_error_may_be_what_is_wanted() {
    let server = Server::start(refused, refused).await;
    assert_eq!(server.text(&DnsCheck { rcode: 5, ..check(server.at) }).await, "well");
    let wanting = DnsCheck { rcode: 3, ..check(server.at) };
    assert_eq!(server.text(&wanting).await, "rcode REFUSED, wanted NXDOMAIN");
}

#[tokio::test]
async fn a_closed_port_refuses() {
    let at = UdpSocket::bind("127.0.83.12:0").await.unwrap().local_addr().unwrap();
    for tcp in [false, true] {
        let probe = DnsProbe::new(at.ip(), &DnsCheck { tcp, ..check(at) }).unwrap();
        assert_eq!(probe.ask().await, Err(Failure::Refused), "{tcp}");
    }
}

#[tokio::test]
async fn texts_are_compared_octet_by_octet() {
    let says = |query: &Message| {
        let mut reply = reply(query);
        let data = RData::TXT(TXT::new(vec!["v=Ok".into()]));
        reply.add_answer(Record::from_rdata(query.queries[0].name().clone(), 60, data));
        vec![reply.to_vec().unwrap()]
    };
    let server = Server::start(says, nothing).await;
    for (wire, wanted) in
        [(&b"\x04v=Ok"[..], "well"), (b"\x04v=ok", "answer lacks text, but is \"v=Ok\"")]
    {
        let answers = vec![RecordData { text: "text".into(), wire: wire.into() }];
        let text = server.text(&DnsCheck { rtype: 16, answers, ..check(server.at) }).await;
        assert_eq!(text.replace("but is v=Ok", "but is \"v=Ok\""), wanted);
    }
}

/// As some servers and load balancers do.
#[tokio::test]
async fn whoever_refuses_may_leave_the_question_out() {
    let refused = |query: &Message| {
        let mut reply = reply(query);
        reply.metadata.response_code = ResponseCode::Refused;
        reply.queries.clear();
        vec![reply.to_vec().unwrap()]
    };
    let server = Server::start(refused, refused).await;
    let text = server.text(&check(server.at)).await;
    assert_eq!(text, "rcode REFUSED, wanted NOERROR");
}
