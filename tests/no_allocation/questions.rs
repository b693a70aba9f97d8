//! What is asked.

use steersman::dns::Reason;

use crate::world::{LONG, name};

const HEADER: [u8; 12] = [0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1];
/// NSID, a client subnet, keepalive, padding, and a cookie with a part of a server that is not good.
const OPTIONS: &[u8] = b"\0\x03\0\0\0\x08\0\x07\0\x01\x18\0\x0a\x01\x02\0\x0b\0\0\
    \0\x0c\0\x02\0\0\0\x0a\0\x18clientXX\x01\0\0\0\0\0\0\x07serverXX";
/// When all of them are asked: within the time of that cookie.
pub const NOW_SECONDS: u32 = 8;

/// An OPT record with these options.
fn opt(options: &[u8]) -> Vec<u8> {
    [&[0, 0, 41, 4, 208, 0, 0, 0, 0, 0, options.len() as u8][..], options].concat()
}

/// A question with every option that is answered.
pub fn packet(owner: &str, rtype: u16) -> Vec<u8> {
    let question = [name(owner).as_wire(), &rtype.to_be_bytes(), &[0, 1]].concat();
    [&HEADER[..], &question, &opt(OPTIONS)].concat()
}

/// A question with the cookie that a reply brought.
pub fn with_cookie_of(reply: &[u8]) -> Vec<u8> {
    let at = reply.windows(8).position(|bytes| bytes == b"clientXX").expect("a cookie");
    let mut packet = packet("www.example.", 1);
    let cookie_at = packet.len() - 24;
    packet[cookie_at..].copy_from_slice(&reply[at..at + 24]);
    packet
}

/// The same with an option that nobody knows in the place of keepalive.
pub fn without_keepalive(packet: &[u8]) -> Vec<u8> {
    let mut packet = packet.to_vec();
    if let Some(at) = packet.windows(4).position(|bytes| bytes == b"\0\x0b\0\0") {
        packet[at..at + 2].copy_from_slice(&[0xff, 0xfe]);
    }
    packet
}

/// Packets of every kind, with why they are answered as they are.
pub fn table() -> Vec<(Vec<u8>, Reason)> {
    use Reason::*;
    let mut table: Vec<(Vec<u8>, Reason)> = [
        ("www.example.", 1, Static),
        ("www.example.", 255, Static),
        ("www.example.", 28, NoData),
        ("x.wild.example.", 1, Static),
        ("nope.example.", 1, NxDomain),
        ("c.example.", 1, Steered),
        ("s.example.", 1, Static),
        ("l.example.", 1, Static),
        ("a.d.example.", 1, Static),
        ("a.grow.example.", 1, Static),
        ("a.cut.example.", 1, Referral),
        ("cut.example.", 43, NoData),
        ("big.example.", 16, Static),
        ("elsewhere.", 1, Refused),
        ("example.", 252, Refused),
        ("elsewhere.", 252, Refused),
        ("www.example.", 41, Malformed),
        ("steered.example.", 1, Steered),
        ("steered.example.", 28, Steered),
        ("steered.example.", 255, Steered),
        ("held.example.", 1, Steered),
        ("ramped.example.", 1, Steered),
        ("ramped-sticky.example.", 1, Steered),
        ("weighted.example.", 1, Steered),
        ("sticky.example.", 1, Steered),
        ("robin.example.", 1, Steered),
        ("geo.example.", 1, Steered),
        ("nearest.example.", 1, Steered),
        ("alias.example.", 1, Steered),
        ("alias.example.", 15, Steered),
        ("serve.example.", 1, Degraded),
        ("nodata.example.", 1, Degraded),
        ("fail.example.", 1, ServFail),
        ("last.example.", 1, Degraded),
    ]
    .into_iter()
    .map(|(owner, rtype, reason)| (packet(owner, rtype), reason))
    .collect();
    let good = packet("www.example.", 1);
    let changed = |at: usize, byte: u8| {
        let mut packet = good.clone();
        packet[at] = byte;
        packet
    };
    let mut plain = good.clone();
    plain.truncate(good.len() - opt(OPTIONS).len());
    plain[11] = 0;
    let mut chaos = packet("commit.steersman.", 16);
    let class_at = chaos.len() - opt(OPTIONS).len() - 1;
    chaos[class_at] = 3;
    table.extend([
        (chaos, Static),
        // The DNAME would make too long a name of it.
        (packet(&format!("{LONG}.far.example."), 1), Static),
        // Not even TCP has room for the answer.
        (packet(&format!("c0.{LONG}.example."), 16), Static),
        (changed(2, 0x80), Response),
        (changed(2, 0x10), NotImplemented),
        (changed(5, 2), Malformed),
        (changed(11, 2), Malformed),
        // The version of EDNS.
        (changed(good.len() - OPTIONS.len() - 5, 1), BadVersion),
        (vec![0; 11], Garbage),
        // Longer than its option.
        (changed(good.len() - 25, 25), Malformed),
        // Without an OPT record.
        (plain, Static),
        // Without a question.
        ([&[0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1][..], &opt(OPTIONS)].concat(), Cookie),
    ]);
    table
}
