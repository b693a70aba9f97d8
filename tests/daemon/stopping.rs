//! An orderly end: nothing new, but what has arrived is answered.

use std::io::{Read as _, Write as _};
use std::net::{TcpStream, UdpSocket};

use hickory_proto::op::Message;
use hickory_proto::rr::RecordType;

use crate::support::backend::{Backend, Manner};
use crate::support::daemon::Daemon;
use crate::support::dns::{self, Connection, Reply};
use crate::support::setup::{Setup, pool, web};
use crate::support::wait::{begin, until_eq};

const QUESTIONS: usize = 50;

fn questions() -> Vec<Message> {
    (0..QUESTIONS).map(|_| dns::question("fixed", RecordType::A)).collect()
}

fn expect_replies(what: &str, asked: &[Message], mut next: impl FnMut() -> Vec<u8>) {
    let mut left: Vec<u16> = asked.iter().map(|message| message.metadata.id).collect();
    while !left.is_empty() {
        let bytes = next();
        let id = u16::from_be_bytes([bytes[0], bytes[1]]);
        let at = left.iter().position(|known| *known == id);
        left.remove(at.unwrap_or_else(|| panic!("{what}: a reply to nothing that was asked")));
        let question = asked.iter().find(|message| message.metadata.id == id).unwrap();
        assert_eq!(Reply::read(&bytes, question).data(), ["192.0.2.99"], "{what}");
    }
}

/// The daemon stands still while questions and the order to stop pile up before it, so that all
/// have arrived when it comes to look.
#[test]
fn whatever_arrived_before_the_stop_is_answered() {
    for signal in ["TERM", "INT"] {
        let mut daemon = Setup::new().ready();
        let mut open = Connection::open(daemon.dns[0]);
        open.send(&questions()[0].to_vec().unwrap()).unwrap();
        open.receive().unwrap();

        daemon.halt();
        let (over_udp, over_tcp, anew) = (questions(), questions(), questions());
        let sockets: Vec<UdpSocket> =
            daemon.dns.iter().map(|address| dns::udp_to(*address)).collect();
        for (number, question) in over_udp.iter().enumerate() {
            sockets[number % 2].send(&question.to_vec().unwrap()).unwrap();
        }
        // On a connection that is open, and on one that is not accepted yet.
        let mut waiting = Connection::open(daemon.dns[1]);
        for (question, new) in over_tcp.iter().zip(&anew) {
            open.send(&question.to_vec().unwrap()).unwrap();
            waiting.send(&new.to_vec().unwrap()).unwrap();
        }
        daemon.signal(signal);
        daemon.signal("CONT");

        let halves: [Vec<Message>; 2] =
            [0, 1].map(|half| over_udp.iter().skip(half).step_by(2).cloned().collect());
        for (socket, asked) in sockets.iter().zip(&halves) {
            expect_replies("UDP", asked, || {
                let mut buffer = [0; 512];
                let length = socket.recv(&mut buffer).unwrap();
                buffer[..length].to_vec()
            });
        }
        expect_replies("an open connection", &over_tcp, || open.receive().unwrap());
        expect_replies("a new connection", &anew, || waiting.receive().unwrap());
        assert_eq!(daemon.end().code(), Some(0), "SIG{signal}");
        // Then the connections are closed, and nobody listens.
        assert_eq!(open.0.read(&mut [0; 1]).unwrap(), 0);
        assert!(TcpStream::connect(daemon.dns[0]).is_err());
    }
}

/// Those who only hold connections open, and probes that hang, do not hold up the end.
#[test]
fn nobody_holds_up_the_end() {
    let server = Backend::http();
    server.be(Manner::Hang);
    let patient = web().replace("\"1s\"", "\"1h\"");
    let pools = patient + &pool("main", "web", "192.0.2.1", server.address);
    let mut daemon = Setup::steering(&pools, "www.failover = [\"main\"]\n").start();
    until_eq(1, || server.requests());
    let _silent = Connection::open(daemon.dns[0]);
    let mut half = Connection::open(daemon.dns[0]);
    half.0.write_all(&[0, 40, 1, 2]).unwrap();
    let mut idle = TcpStream::connect(daemon.admin).unwrap();
    idle.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    assert_ne!(idle.read(&mut [0; 100]).unwrap(), 0);
    let _mute = TcpStream::connect(daemon.admin).unwrap();
    let since = begin();
    daemon.signal("TERM");
    assert!(daemon.end().success());
    let took = since.elapsed();
    assert!(took.as_secs() < 8, "it took {took:?}");
}

/// As soon as it says that it serves, it listens to signals too: none ends it by default.
#[test]
fn a_signal_right_after_the_start_is_understood() {
    let daemon: Daemon = Setup::new().start();
    daemon.signal("HUP");
    daemon.log.wait_for("reloaded", 1);
    assert_eq!(daemon.answer("fixed"), ["192.0.2.99"]);
}
