//! Hashes that are the same everywhere and always.

const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0100_0000_01b3;

/// The hash of some bytes: FNV-1a, 64 bits.
pub(crate) fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(OFFSET, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(PRIME))
}

/// A hash of several pieces, such as whole files: as FNV-1a, but of eight bytes at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pieces(pub(crate) u64);

impl Default for Pieces {
    fn default() -> Self {
        Self(OFFSET)
    }
}

impl Pieces {
    /// Goes on with one piece, told from its neighbours by its length.
    pub(crate) fn add(&mut self, bytes: &[u8]) {
        self.add_word(bytes.len() as u64);
        let (words, rest) = bytes.as_chunks();
        for word in words {
            self.add_word(u64::from_le_bytes(*word));
        }
        if !rest.is_empty() {
            let mut last = [0; 8];
            last[..rest.len()].copy_from_slice(rest);
            self.add_word(u64::from_le_bytes(last));
        }
    }

    /// Goes on with a number, such as the hash of other pieces.
    pub(crate) fn add_word(&mut self, word: u64) {
        let product = (self.0 ^ word).wrapping_mul(PRIME);
        // A product hands on to higher bits only what the lower ones are.
        self.0 = product ^ product >> 32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_values_come_out() {
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fnv1a(b"foobar"), 0x8594_4171_f739_67e8);
    }

    fn of(pieces: &[&[u8]]) -> u64 {
        let mut hash = Pieces::default();
        pieces.iter().for_each(|piece| hash.add(piece));
        hash.0
    }

    #[test]
    fn every_bit_and_every_border_between_pieces_counts() {
        let bytes = *b"the quick brown fox";
        let whole = of(&[&bytes]);
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut other = bytes;
                other[at] ^= 1 << bit;
                assert_ne!(of(&[&other]), whole, "bit {bit} of byte {at}");
                // Those that a revision shows.
                assert_ne!(of(&[&other]) >> 16, whole >> 16, "bit {bit} of byte {at}");
            }
            assert_ne!(of(&[&bytes[..at], &bytes[at..]]), whole, "cut at {at}");
            assert_ne!(of(&[&bytes[..at]]), whole, "the first {at}");
        }
        assert_ne!(of(&[b"a\0"]), of(&[b"a"]));
    }
}
