//! Cookies of the four, all with one secret.

use crate::peers::{Peer, Servers};
use crate::reply::Client;

const NOERROR: u16 = 0;
const BADCOOKIE: u16 = 23;
const CLIENT: &[u8; 8] = b"abcdefgh";

/// Has each make a cookie, and the others take it.
///
/// Knot and BIND are told to want a good cookie, so that their response code shows whether they
/// take ours; NSD cannot. With us that shows where there is no question (RFC 7873 5.4).
pub fn compare(servers: &mut Servers) {
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

/// Sends a cookie, with a question or without: the response code, and the cookie that comes back.
fn ask(client: &Client, with_question: bool, cookie: &[u8]) -> (u16, Vec<u8>) {
    let length = cookie.len() as u8;
    let mut packet = vec![0, length, 0, 0, 0, u8::from(with_question), 0, 0, 0, 0, 0, 1];
    if with_question {
        packet.extend(b"\x07example\0\0\x06\0\x01");
    }
    packet.extend([0, 0, 41, 4, 208, 0, 0, 0, 0, 0, length + 4, 0, 10, 0, length]);
    packet.extend(cookie);
    client.send(&packet);
    let reply = client.receive(&packet).expect("a reply");
    let opt = reply.windows(3).rposition(|bytes| bytes == [0, 0, 41]).expect("OPT");
    let at = reply[opt..].windows(8).position(|bytes| bytes == CLIENT);
    let at = at.unwrap_or_else(|| panic!("no cookie to {packet:?} in {reply:?}"));
    let rcode = u16::from(reply[opt + 5]) << 4 | u16::from(reply[3] & 0x0f);
    (rcode, reply[opt + at..][..24].to_vec())
}
