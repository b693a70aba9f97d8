//! Echo requests and replies as octets (RFC 792, RFC 4443 section 4). Pure.

use std::net::IpAddr;

/// Octets of an echo request: type, code, checksum, identifier, sequence and the nonce.
pub(super) const LENGTH: usize = 8 + 16;

/// Which of the two protocols.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    V4,
    V6,
}

/// What tells one request from all others: chance in the payload, for on datagram sockets the
/// kernel puts an identifier of its own, and a counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Mark {
    pub(super) sequence: u16,
    pub(super) nonce: u128,
}

impl Family {
    pub(super) fn of(address: IpAddr) -> Self {
        if address.is_ipv4() { Self::V4 } else { Self::V6 }
    }

    const fn request_type(self) -> u8 {
        match self {
            Self::V4 => 8,
            Self::V6 => 128,
        }
    }

    const fn reply_type(self) -> u8 {
        match self {
            Self::V4 => 0,
            Self::V6 => 129,
        }
    }

    /// An echo request. The checksum of ICMPv6 covers a pseudo-header that only the kernel knows,
    /// and it fills it in.
    pub(super) fn request(self, identifier: u16, mark: Mark) -> [u8; LENGTH] {
        let mut packet = [0; LENGTH];
        packet[0] = self.request_type();
        packet[4..6].copy_from_slice(&identifier.to_be_bytes());
        packet[6..8].copy_from_slice(&mark.sequence.to_be_bytes());
        packet[8..].copy_from_slice(&mark.nonce.to_be_bytes());
        if self == Self::V4 {
            let sum = checksum(&packet);
            packet[2..4].copy_from_slice(&sum.to_be_bytes());
        }
        packet
    }

    /// The mark of an echo reply of ours; none of anything else that a socket may bring. A raw
    /// IPv4 socket brings the IP header too.
    pub(super) fn reply(self, raw: bool, packet: &[u8]) -> Option<Mark> {
        let message = match (self, raw) {
            (Self::V4, true) => packet.get(ip_header_length(packet)?..)?,
            _ => packet,
        };
        let message: &[u8; LENGTH] = message.try_into().ok()?;
        if message[0] != self.reply_type() || message[1] != 0 {
            return None;
        }
        let sequence = u16::from_be_bytes([message[6], message[7]]);
        let mut nonce = [0; 16];
        nonce.copy_from_slice(&message[8..]);
        Some(Mark { sequence, nonce: u128::from_be_bytes(nonce) })
    }
}

/// RFC 791 section 3.1: counted in words of four octets, of which there are at least five.
fn ip_header_length(packet: &[u8]) -> Option<usize> {
    let words = packet.first()? & 0x0f;
    (words >= 5).then_some(usize::from(words) * 4)
}

/// The Internet checksum (RFC 1071) of an even number of octets.
fn checksum(packet: &[u8]) -> u16 {
    let (pairs, _) = packet.as_chunks::<2>();
    let mut sum: u32 = pairs.iter().map(|pair| u32::from(u16::from_be_bytes(*pair))).sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    // The loop leaves 16 bits.
    !(sum as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARK: Mark = Mark { sequence: 0x0102, nonce: 0xfeed };

    #[test]
    fn a_request_has_a_good_checksum() {
        let packet = Family::V4.request(7, MARK);
        assert_eq!(packet[..2], [8, 0]);
        assert_eq!(checksum(&packet), 0, "the sum over all with its checksum is zero");
    }

    #[test]
    fn a_reply_gives_its_mark_back_with_and_without_ip_header() {
        let mut message = Family::V4.request(7, MARK);
        message[0] = 0;
        assert_eq!(Family::V4.reply(false, &message), Some(MARK));
        let mut packet = vec![0x46; 24];
        packet.extend(message);
        assert_eq!(Family::V4.reply(true, &packet), Some(MARK));
        let mut message = Family::V6.request(7, MARK);
        message[0] = 129;
        assert_eq!(Family::V6.reply(true, &message), Some(MARK));
    }

    #[test]
    fn anything_else_is_no_reply() {
        let request = Family::V4.request(7, MARK);
        let mut reply = request;
        reply[0] = 0;
        for (raw, packet) in [
            (false, &request[..]),
            (false, &[]),
            (true, &[]),
            (false, &reply[..23]),
            (true, &[0x4f; 20]),
            (true, &reply[..]),
        ] {
            assert_eq!(Family::V4.reply(raw, packet), None, "{raw} {packet:?}");
        }
        assert_eq!(Family::V6.reply(false, &reply), None);
    }
}
