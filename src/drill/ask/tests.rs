//! Against a server that says whatever it is told to, over UDP and TCP at one address.

use std::net::Ipv4Addr;
use std::sync::mpsc::{self, Receiver};

use hickory_proto::rr::Record;
use hickory_proto::rr::rdata::A;
use tokio::net::TcpListener;

use super::*;

const COOKIE: [u8; 16] = [9; 16];

/// What is replied over one transport; none: nothing.
type Manner = Option<(ResponseCode, bool, &'static [[u8; 4]])>;

/// Where it is, and the cookies that it was shown.
async fn server(udp: Manner, tcp: Manner) -> (SocketAddr, Receiver<(bool, Vec<u8>)>) {
    let (shown, cookies) = mpsc::channel();
    // Another test may have the port of the one for the other.
    let (socket, listener) = loop {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        if let Ok(socket) = UdpSocket::bind(listener.local_addr().unwrap()).await {
            break (socket, listener);
        }
    };
    let address = socket.local_addr().unwrap();
    let tell = shown.clone();
    tokio::spawn(async move {
        let mut buffer = [0; 2048];
        while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
            if let Some(reply) = reply(&buffer[..length], udp, &mut |c| drop(tell.send((false, c))))
            {
                socket.send_to(&reply, from).await.unwrap();
            }
        }
    });
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut packet = vec![0; usize::from(stream.read_u16().await.unwrap())];
            stream.read_exact(&mut packet).await.unwrap();
            if let Some(reply) = reply(&packet, tcp, &mut |c| drop(shown.send((true, c)))) {
                stream.write_u16(reply.len() as u16).await.unwrap();
                stream.write_all(&reply).await.unwrap();
            }
        }
    });
    (address, cookies)
}

fn reply(packet: &[u8], manner: Manner, shown: &mut dyn FnMut(Vec<u8>)) -> Option<Vec<u8>> {
    let query = Message::from_vec(packet).unwrap();
    let option = query.edns.as_ref().unwrap().option(EdnsCode::Cookie).cloned();
    let Some(EdnsOption::Unknown(_, cookie)) = option else { panic!("{query}") };
    shown(cookie.clone());
    let (rcode, is_cut, addresses) = manner?;
    let mut reply = Message::new(query.metadata.id, MessageType::Response, OpCode::Query);
    reply.metadata.response_code = rcode;
    reply.metadata.truncation = is_cut;
    reply.queries.clone_from(&query.queries);
    for address in addresses {
        let name = query.queries[0].name().clone();
        reply.add_answer(Record::from_rdata(name, 20, RData::A(A(Ipv4Addr::from(*address)))));
    }
    let mut edns = Edns::new();
    let cookie = [&cookie[..CLIENT_COOKIE], &COOKIE].concat();
    edns.options_mut().insert(EdnsOption::Unknown(EdnsCode::Cookie.into(), cookie));
    reply.set_edns(edns);
    Some(reply.to_vec().unwrap())
}

const WELL: Manner = Some((ResponseCode::NoError, false, &[[192, 0, 2, 1]]));
const CUT: Manner = Some((ResponseCode::NoError, true, &[]));
/// With the first of its data, it is not whole either.
const CUT_SHORT: Manner = Some((ResponseCode::NoError, true, &[[192, 0, 2, 9]]));

fn question() -> Question {
    Question::of("www.example.com.".into(), RecordType::A, Ipv4Addr::new(12, 0, 0, 7).into())
}

#[tokio::test]
async fn only_what_a_client_can_go_to_is_an_answer() {
    let answer = || Some(Answer { data: vec!["192.0.2.1".into()], ttl_s: 20 });
    let said = |rcode| -> Manner { Some((rcode, false, &[])) };
    for (udp, tcp, expected) in [
        (WELL, None, answer()),
        (said(ResponseCode::ServFail), WELL, None),
        (said(ResponseCode::Refused), WELL, None),
        (said(ResponseCode::NXDomain), WELL, None),
        (said(ResponseCode::NoError), WELL, None),
        (CUT, WELL, answer()),
        (CUT_SHORT, WELL, answer()),
        (CUT, said(ResponseCode::ServFail), None),
        (CUT, CUT, None),
        (None, WELL, answer()),
    ] {
        let (address, _) = server(udp, tcp).await;
        let mut asker = Asker::new(address).await.unwrap();
        assert_eq!(asker.ask(&question()).await, expected, "{udp:?}, over TCP {tcp:?}");
    }
}

/// With the cookie that came back, the daemon knows the address, and does not limit what it replies.
#[tokio::test]
async fn the_cookie_is_shown_again() {
    let (address, cookies) = server(CUT, WELL).await;
    let mut asker = Asker::new(address).await.unwrap();
    for _ in 0..2 {
        assert!(asker.ask(&question()).await.is_some());
    }
    let shown: Vec<_> = cookies.try_iter().collect();
    let lengths: Vec<_> = shown.iter().map(|(tcp, cookie)| (*tcp, cookie.len())).collect();
    assert_eq!(lengths, [(false, 8), (true, 8), (false, 24), (true, 24)]);
    assert!(shown[2].1.ends_with(&COOKIE) && shown[2].1.starts_with(&shown[0].1), "{shown:?}");
}
