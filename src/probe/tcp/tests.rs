//! Against servers on loopback that say what they are told to.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::*;
use crate::health::Preset;
use crate::probe::kit::Ask;
use crate::probe::steps;

/// What a server does on one connection.
#[derive(Clone, Copy)]
enum Server {
    /// Speaks first.
    Greets(&'static [u8]),
    /// Speaks when so many octets have come.
    Answers(usize, &'static [u8]),
    /// Speaks first, and goes on to listen.
    Stays(&'static [u8]),
}

impl Server {
    /// Serves one connection, and says what it heard until its end.
    async fn start(self) -> (SocketAddr, JoinHandle<Vec<u8>>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let (count, words) = match self {
                Self::Greets(words) | Self::Stays(words) => (0, words),
                Self::Answers(count, words) => (count, words),
            };
            let mut heard = vec![0; count];
            stream.read_exact(&mut heard).await.unwrap();
            // One octet after another, as slow networks bring them.
            for word in words.chunks(1) {
                if stream.write_all(word).await.is_err() {
                    break; // The probe has heard enough.
                }
                tokio::task::yield_now().await;
            }
            if !matches!(self, Self::Stays(_)) {
                let _ = stream.shutdown().await;
            }
            // Whoever leaves may do so in any way.
            let _ = stream.read_to_end(&mut heard).await;
            heard
        });
        (address, task)
    }
}

async fn ask(address: SocketAddr, talk: Option<Talk>) -> Result<(), Failure> {
    let request = TcpRequest { port: address.port(), tls: None, talk };
    let tools = Tools::new(&[])?;
    TcpProbe::new(&tools, address.ip(), &request)?.ask().await
}

/// What comes of it, and what the server heard.
async fn outcome(server: Server, talk: Talk) -> (String, Vec<u8>) {
    let (address, task) = server.start().await;
    let outcome = ask(address, Some(talk)).await;
    (outcome.map_or_else(|failure| failure.to_string(), |()| "well".into()), task.await.unwrap())
}

fn own(send: Option<&str>, expect: Wanted) -> Talk {
    Talk::Own { send: send.map(|text| text.as_bytes().into()), expect }
}

fn bytes(bytes: &[u8], hex: bool) -> Wanted {
    Wanted::Bytes { bytes: bytes.into(), hex }
}

#[tokio::test]
async fn an_open_port_is_well_on_both_families_and_a_closed_one_refuses() {
    // Nobody else uses the first, and few the second: nobody takes the port once closed.
    for loopback in ["127.0.83.2:0", "[::1]:0"] {
        let listener = TcpListener::bind(loopback).await.unwrap();
        let address = listener.local_addr().unwrap();
        assert_eq!(ask(address, None).await, Ok(()));
        drop(listener);
        assert_eq!(ask(address, None).await, Err(Failure::Refused));
    }
}

/// It is alive and says something else: that is what an operator has to see.
#[tokio::test]
async fn words_that_are_not_followed_by_the_right_ones_are_quoted() {
    let (address, _task) = Server::Stays(b"-LOADING").start().await;
    let talk = Arc::new(own(None, bytes(b"+PONG", false)));
    let ask: Ask = Box::new(move || {
        let talk = Arc::clone(&talk);
        Box::pin(async move { ask(address, Some(Talk::clone(&talk))).await })
    });
    let limit = Duration::from_secs(1);
    let failure = steps::once(&ask, limit).await.result.unwrap_err();
    assert_eq!(failure.to_string(), "timed out after 1s: the answer so far is \"-LOADING\"");
}

#[tokio::test]
async fn words_of_ones_own_are_said_and_looked_for() {
    let pattern = |text: &str| Wanted::Pattern(text.into());
    for (server, talk, wanted, heard) in [
        (Server::Greets(b"hello you"), own(None, bytes(b"you", false)), "well", ""),
        (Server::Answers(4, b"yes"), own(Some("well"), bytes(b"yes", false)), "well", "well"),
        (
            Server::Answers(4, b"no"),
            own(Some("well"), bytes(b"yes", false)),
            "answer lacks \"yes\", but is \"no\"",
            "well",
        ),
        (
            Server::Answers(4, b""),
            own(Some("well"), bytes(b"yes", false)),
            "answer lacks \"yes\", but is \"\"",
            "well",
        ),
        (Server::Greets(b"\x01\xff\x02"), own(None, bytes(&[0xff, 2], true)), "well", ""),
        (
            Server::Greets(b"\x01\xfe\x02"),
            own(None, bytes(&[0xff, 2], true)),
            "answer lacks ff 02, but is 01 fe 02",
            "",
        ),
        (Server::Greets(b"load: 0.37"), own(None, pattern("^load: 0")), "well", ""),
        (Server::Stays(b"the load is 0.37"), own(None, pattern("0.37$")), "well", ""),
        (
            Server::Greets(b"load: 9.37"),
            own(None, pattern("^load: 0")),
            "answer does not match \"^load: 0\", but is \"load: 9.37\"",
            "",
        ),
    ] {
        let (text, said) = outcome(server, talk).await;
        assert_eq!((text.as_str(), String::from_utf8(said).unwrap().as_str()), (wanted, heard));
    }
}

/// The bound falls at 65,536 octets, and what is not wanted is not waited for.
#[tokio::test]
async fn an_answer_is_searched_up_to_the_bound() {
    for (before, found) in
        [(conversation::MOST_HEARD - 2, true), (conversation::MOST_HEARD - 1, false)]
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let text = format!("{}ok{}", "-".repeat(before), "-".repeat(100));
            // The probe may have heard enough.
            let _ = stream.write_all(text.as_bytes()).await;
            // Never says that this was all.
            let _ = stream.read_u8().await;
        });
        let outcome = ask(address, Some(own(None, bytes(b"ok", false)))).await;
        assert_eq!(outcome.is_ok(), found, "{before}");
        server.await.unwrap();
    }
}

#[tokio::test]
async fn redis_is_well_when_it_answers_a_ping_or_wants_to_know_who_asks() {
    for (says, wanted) in [
        (&b"+PONG\r\n"[..], "well"),
        (b"-NOAUTH Authentication required.\r\n", "well"),
        (
            b"-LOADING Redis is loading the dataset in memory\r\n",
            "answer is \"-LOADING Redis is loading the dataset in memory\", wanted +PONG",
        ),
        (b"+PON", "answer is \"+PON\", wanted +PONG"),
        (b"", "connection closed"),
    ] {
        let (text, heard) = outcome(Server::Answers(6, says), Talk::Preset(Preset::Redis)).await;
        assert_eq!(text, wanted);
        let goodbye = if wanted == "well" { "QUIT\r\n" } else { "" };
        assert_eq!(String::from_utf8(heard).unwrap(), format!("PING\r\n{goodbye}"), "{wanted}");
    }
}

#[tokio::test]
async fn smtp_is_well_when_it_greets_to_the_end() {
    for (says, wanted) in [
        (&b"220 mail.example ESMTP\r\n"[..], "well"),
        (b"220\r\n", "well"),
        (b"220-wait\r\n220-a little\r\n220 ready\r\n", "well"),
        (b"220-wait\r\n", "answer is \"220-wait\\r\\n\", wanted a greeting with 220"),
        (b"421 too busy\r\n", "answer is \"421 too busy\", wanted a greeting with 220"),
        (b"2200 x\r\n", "answer is \"2200 x\", wanted a greeting with 220"),
        (b"220-wait\r\n554 no\r\n", "answer is \"554 no\", wanted a greeting with 220"),
    ] {
        let (text, heard) = outcome(Server::Greets(says), Talk::Preset(Preset::Smtp)).await;
        assert_eq!(text, wanted);
        let goodbye = if wanted == "well" { "QUIT\r\n" } else { "" };
        assert_eq!(String::from_utf8(heard).unwrap(), goodbye, "{wanted}");
    }
}

#[tokio::test]
async fn ssh_is_well_when_its_banner_says_version_2() {
    for (says, wanted) in [
        (&b"SSH-2.0-OpenSSH_9.2\r\n"[..], "well"),
        (b"SSH-1.99-Cisco\n", "well"),
        (b"be welcome\r\nSSH-2.0-x\r\n", "well"),
        (b"SSH-1.5-old\r\n", "answer is \"SSH-1.5-old\", wanted a banner with SSH-2.0"),
        (b"hello\r\n", "answer is \"hello\\r\\n\", wanted a banner with SSH-2.0"),
    ] {
        let (text, _) = outcome(Server::Greets(says), Talk::Preset(Preset::Ssh)).await;
        assert_eq!(text, wanted);
    }
}

#[tokio::test]
async fn mysql_is_well_when_it_greets_by_protocol_10() {
    for (says, wanted) in [
        (&b"\x09\0\0\0\x0a8.0.99\0x"[..], "well"),
        (
            b"\x0c\0\0\0\xff\x10\x04Too many!",
            "answer is the error \"Too many!\" (1040), wanted a greeting of MySQL",
        ),
        (b"\x02\0\0\0\x093", "answer is of protocol 9, wanted 10"),
        (
            b"\x09\0\0\0\x0a8.0",
            "answer is \"\\t\\x00\\x00\\x00\\n8.0\", wanted a greeting of MySQL",
        ),
        (b"HTTP", "answer is \"HTTP\", wanted a greeting of MySQL"),
    ] {
        let (text, heard) = outcome(Server::Greets(says), Talk::Preset(Preset::Mysql)).await;
        assert_eq!(text, wanted);
        let introduced = heard.windows(9).any(|window| window == b"steersman");
        assert_eq!(introduced, wanted == "well", "{text}");
    }
}

#[tokio::test]
async fn postgresql_is_well_when_it_lets_in_or_knows_us_not() {
    let error = |code: &str, message: &str| {
        let body = format!("SFATAL\0VFATAL\0C{code}\0M{message}\0\0");
        let length = u32::try_from(body.len() + 4).unwrap().to_be_bytes();
        let bytes = [&b"E"[..], &length, body.as_bytes()].concat();
        &*Vec::leak(bytes)
    };
    for (says, wanted) in [
        (&b"R\0\0\0\x08\0\0\0\0"[..], "well"),
        (b"R\0\0\0\x17\0\0\0\x0aSCRAM-SHA-256\0\0", "well"),
        (error("28000", "no pg_hba.conf entry"), "well"),
        (error("3D000", "no such database"), "well"),
        (
            error("57P03", "the database system is starting up"),
            "answer is the error \"the database system is starting up\" (57P03)",
        ),
        (
            error("53300", "sorry, too many clients already"),
            "answer is the error \"sorry, too many clients already\" (53300)",
        ),
        (b"R\0\0", "answer is \"R\\x00\\x00\", wanted that of PostgreSQL"),
    ] {
        let server = Server::Answers(8, says);
        let (text, heard) = outcome(server, Talk::Preset(Preset::Postgresql)).await;
        assert_eq!(text, wanted);
        let length = u32::from_be_bytes(heard[..4].try_into().unwrap()) as usize;
        let farewell = if says.ends_with(b"\x08\0\0\0\0") { &b"X\0\0\0\x04"[..] } else { b"" };
        assert_eq!(&heard[length..], farewell, "{wanted}");
    }
}
