//! Padding (RFC 7830): whoever sees how long an encrypted reply is should learn little of what it
//! says.

use super::{OPTION_BYTES, OPTION_PADDING};
use crate::dns::Transport;

/// A padded reply has a multiple of so many bytes (RFC 8467 4.1).
const BLOCK_BYTES: usize = 468;

/// Whether replies may be padded: in the clear it hides nothing, and helps whoever wants long replies
/// to forged addresses (RFC 7830 6).
pub(super) fn is_allowed(transport: Transport) -> bool {
    match transport {
        Transport::Tls | Transport::Https | Transport::Quic => true,
        Transport::Udp | Transport::Tcp => false,
    }
}

/// The bytes of padding for a reply that has so many without the option, and may have at most `limit`
/// of them; none if there is no room for even an empty option.
pub(super) fn bytes(unpadded: usize, limit: usize) -> Option<usize> {
    let least = unpadded + OPTION_BYTES;
    least.next_multiple_of(BLOCK_BYTES).min(limit).checked_sub(least)
}

/// Writes the option at `at`, where there is room for it.
pub(super) fn write(out: &mut [u8], at: usize, bytes: usize) {
    let [c1, c2] = OPTION_PADDING.to_be_bytes();
    // Less than a block.
    let [l1, l2] = (bytes as u16).to_be_bytes();
    out[at..at + OPTION_BYTES].copy_from_slice(&[c1, c2, l1, l2]);
    out[at + OPTION_BYTES..][..bytes].fill(0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_becomes_a_multiple_of_the_block_or_all_there_may_be() {
        for (unpadded, padded) in [
            (12, Some(468)),
            (463, Some(468)),
            (464, Some(468)),
            (465, Some(936)),
            (468, Some(936)),
            (65_516, Some(65_520)),
            // The last block is a short one.
            (65_517, Some(65_535)),
            (65_531, Some(65_535)),
            (65_532, None),
            (65_535, None),
        ] {
            let option_bytes = bytes(unpadded, 65_535).map(|bytes| OPTION_BYTES + bytes);
            assert_eq!(option_bytes.map(|bytes| unpadded + bytes), padded, "{unpadded}");
        }
    }
}
