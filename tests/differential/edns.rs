//! Options of EDNS: cookies of the four, all with one secret, and where they differ.

use crate::peers::{PEERS, Peer, Servers};
use crate::reply::Client;

const NOERROR: u16 = 0;
const FORMERR: u16 = 1;
const BADCOOKIE: u16 = 23;
const COOKIE: u8 = 10;
const KEEPALIVE: u8 = 11;
const CLIENT: &[u8; 8] = b"abcdefgh";

/// Has each make a cookie, and the others take it.
///
/// Knot and BIND are told to want a good cookie, so that their response code shows whether they
/// take ours; NSD cannot. With us that shows where there is no question (RFC 7873 5.4).
pub fn compare_cookies(servers: &mut Servers) {
    let (peers, ours) = servers.each();
    let (rcode, our_cookie) = ask(ours, false, CLIENT);
    assert_eq!(rcode, NOERROR);
    let forged = |cookie: &[u8]| [&cookie[..23], &[cookie[23] ^ 1]].concat();
    for (peer, client) in peers {
        let rcode_of_bad = if peer == Peer::Nsd { NOERROR } else { BADCOOKIE };
        let (rcode, theirs) = ask(client, true, CLIENT);
        assert_eq!((rcode, &theirs[..12]), (rcode_of_bad, &our_cookie[..12]), "{peer:?}");
        assert_eq!(ask(client, true, &our_cookie).0, NOERROR, "{peer:?}");
        assert_eq!(ask(client, true, &forged(&our_cookie)).0, rcode_of_bad, "{peer:?}");
        assert_eq!(ask(ours, false, &theirs).0, NOERROR, "one of {peer:?}");
        assert_eq!(ask(ours, false, &forged(&theirs)).0, BADCOOKIE, "a forged one of {peer:?}");
    }
}

/// Has each told what `docs/answers.md` says that they answer differently.
pub fn compare_oddities(servers: &mut Servers) {
    let (peers, ours) = servers.each();
    let stale = [&CLIENT[..], &[1, 0, 0, 0], &[0; 12]].concat();
    assert_eq!(ask(ours, false, &stale).0, BADCOOKIE);
    for (peer, client) in peers {
        let rcode = if peer == Peer::Knot { FORMERR } else { NOERROR };
        assert_eq!(rcode_of(client, &packet(false, COOKIE, &stale)), rcode, "{peer:?}");
    }
    // A client tells no time (RFC 7828 3.2.1).
    let keepalive = packet(true, KEEPALIVE, &[0, 100]);
    let replies = servers.ask_packet_tcp(&keepalive);
    assert_eq!(replies.ours.map(|reply| reply[3] & 0x0f), Some(FORMERR as u8));
    for (peer, reply) in PEERS.iter().zip(replies.peers) {
        assert_eq!(reply.map(|reply| reply[3] & 0x0f), Some(NOERROR as u8), "{peer:?}");
    }
}

/// The response code of a reply without a cookie, or with one.
fn rcode_of(client: &Client, packet: &[u8]) -> u16 {
    client.send(packet);
    let reply = client.receive(packet).expect("a reply");
    u16::from(reply[3] & 0x0f)
}

/// An SOA question, or none, with an option.
fn packet(with_question: bool, option: u8, data: &[u8]) -> Vec<u8> {
    let length = data.len() as u8;
    let mut packet = vec![0, length, 0, 0, 0, u8::from(with_question), 0, 0, 0, 0, 0, 1];
    if with_question {
        packet.extend(b"\x07example\0\0\x06\0\x01");
    }
    packet.extend([0, 0, 41, 4, 208, 0, 0, 0, 0, 0, length + 4, 0, option, 0, length]);
    packet.extend(data);
    packet
}

/// Sends a cookie, with a question or without: the response code, and the cookie that comes back.
fn ask(client: &Client, with_question: bool, cookie: &[u8]) -> (u16, Vec<u8>) {
    let packet = packet(with_question, COOKIE, cookie);
    client.send(&packet);
    let reply = client.receive(&packet).expect("a reply");
    let opt = reply.windows(3).rposition(|bytes| bytes == [0, 0, 41]).expect("OPT");
    let at = reply[opt..].windows(8).position(|bytes| bytes == CLIENT);
    let at = at.unwrap_or_else(|| panic!("no cookie to {packet:?} in {reply:?}"));
    let rcode = u16::from(reply[opt + 5]) << 4 | u16::from(reply[3] & 0x0f);
    (rcode, reply[opt + at..][..24].to_vec())
}
