//! A name that is being looked up: lower-cased, with a hash for each of its suffixes.
//!
//! Made once for a question (and once for each link of a chain) in memory that is used again and
//! again, so that looking up any suffix of it costs one probe of a table and no second pass.

use super::MAX_LABELS;
use super::name::{MAX_LABEL_BYTES, MAX_NAME_BYTES};

/// Bytes are taken by the word, so that there is room for a whole one behind the last byte.
const WORD: usize = size_of::<u64>();
/// Longer names are taken over by larger pieces.
const BLOCK: usize = 16;
const ROOM: usize = (MAX_NAME_BYTES + WORD).next_multiple_of(WORD);

/// A lower-cased name in wire form and the hashes of its suffixes.
///
/// Suffix 0 is the whole name, suffix `labels()` the root.
pub struct QName {
    wire: [u8; ROOM],
    length: u8,
    labels: u8,
    /// As many as a byte can count, so that no number of a label has to be checked.
    starts: [u8; 256],
    hashes: [u64; MAX_LABELS],
    seed: u64,
}

impl QName {
    /// An instance holding the root, whose hashes are keyed by `seed`; make one for each thread.
    pub fn new(seed: u64) -> Self {
        let mut name = Self {
            wire: [0; ROOM],
            length: 1,
            labels: 0,
            starts: [0; 256],
            hashes: [0; MAX_LABELS],
            seed,
        };
        name.set(&[0]);
        name
    }

    /// Reads the uncompressed name at the start of `bytes`, over whatever was here before.
    ///
    /// Returns its length in bytes, or none if no whole name of at most 255 bytes starts here:
    /// then this is no name until the next is read.
    #[inline]
    pub fn set(&mut self, bytes: &[u8]) -> Option<usize> {
        let within = &bytes[..bytes.len().min(MAX_NAME_BYTES)];
        let mut at = 0;
        let mut labels = 0u8;
        loop {
            let length = usize::from(*within.get(at)?);
            // At most 127 labels fit into 255 bytes, and `at` stays below 255.
            self.starts[usize::from(labels)] = at as u8;
            at += 1 + length;
            if !(1..=MAX_LABEL_BYTES).contains(&length) {
                if length == 0 {
                    break;
                }
                return None;
            }
            labels = labels.wrapping_add(1);
        }
        // At most 255, see above.
        (self.length, self.labels) = (at as u8, labels);
        self.put_lower_case(within.get(..at)?);
        self.hash_suffixes();
        Some(at)
    }

    /// Takes over a name that is not longer than a name may be.
    #[inline]
    fn put_lower_case(&mut self, name: &[u8]) {
        let place = &mut self.wire[..name.len()];
        match name.len() {
            0..WORD => {
                for (place, byte) in place.iter_mut().zip(name) {
                    *place = byte.to_ascii_lowercase();
                }
            }
            WORD..BLOCK => put_blocks::<WORD>(place, name),
            _ => put_blocks::<BLOCK>(place, name),
        }
    }

    fn hash_suffixes(&mut self) {
        let mut hash = self.seed;
        let mut to = self.length - 1;
        let mut index = usize::from(self.labels) % MAX_LABELS;
        self.hashes[index] = hash;
        while index > 0 {
            index -= 1;
            let from = self.starts[index];
            hash = self.hash_label(hash, from, to);
            self.hashes[index] = hash;
            to = from;
        }
    }

    /// Folds one label, its length byte included, into the hash of what stands right of it.
    ///
    /// A keyed multiply-and-fold over eight bytes at a time: the names that tables hold are the
    /// operator's, and an attacker who asks for others does not know the key.
    fn hash_label(&self, mut hash: u64, mut from: u8, to: u8) -> u64 {
        while to.wrapping_sub(from) > WORD as u8 {
            hash = fold(hash, self.word(from));
            from = from.wrapping_add(WORD as u8);
        }
        // One to eight bytes are left; what stands behind them is cut off.
        let surplus_bits = (WORD as u8).wrapping_sub(to.wrapping_sub(from)) * 8;
        fold(hash, self.word(from) << (surplus_bits % 64))
    }

    /// The word that begins at a byte of the name.
    fn word(&self, at: u8) -> u64 {
        let at = usize::from(at);
        let mut word = [0; WORD];
        word.copy_from_slice(&self.wire[at..at + WORD]);
        u64::from_le_bytes(word)
    }

    /// How many labels the name has, without the root's.
    pub fn labels(&self) -> usize {
        usize::from(self.labels)
    }

    /// How many bytes its wire form has.
    pub fn length(&self) -> u8 {
        self.length
    }

    /// The wire form of a suffix, lower-cased; `index` is at most `labels()`.
    pub fn suffix(&self, index: usize) -> &[u8] {
        self.wire.get(usize::from(self.starts[index])..usize::from(self.length)).unwrap_or_default()
    }

    /// The wire form of a suffix, lower-cased, without its last `tail` bytes, if it has so many.
    #[inline]
    pub fn part(&self, index: usize, tail: usize) -> Option<&[u8]> {
        let end = usize::from(self.length).checked_sub(tail)?;
        self.wire.get(usize::from(*self.starts.get(index)?)..end)
    }

    /// The hash of a suffix; `index` is at most `labels()`.
    pub fn hash(&self, index: usize) -> u64 {
        self.hashes[index]
    }

    /// The hash of the wildcard right below a suffix; `index` is at most `labels()`.
    pub fn wildcard_hash(&self, index: usize) -> u64 {
        // Its one label, as `hash_label` takes it.
        let word = u64::from_le_bytes([0, 0, 0, 0, 0, 0, 1, b'*']);
        fold(self.hashes[index], word)
    }

    /// The key of the hashes.
    pub fn seed(&self) -> u64 {
        self.seed
    }
}

/// Takes over a name by blocks from its start, and one that ends where the name does, over part of
/// the one before; both have the same length, which is a block's at least.
#[inline]
fn put_blocks<const BYTES: usize>(places: &mut [u8], name: &[u8]) {
    let blocks = name.as_chunks::<BYTES>().0;
    for (place, block) in places.as_chunks_mut().0.iter_mut().zip(blocks) {
        *place = lower_case(block);
    }
    if let (Some(place), Some(block)) = (places.last_chunk_mut(), name.last_chunk::<BYTES>()) {
        *place = lower_case(block);
    }
}

/// Bytes with their ASCII letters in lower case, without a branch. Length bytes are at most 63,
/// and so never taken for a letter.
#[inline]
fn lower_case<const BYTES: usize>(bytes: &[u8; BYTES]) -> [u8; BYTES] {
    bytes.map(|byte| byte | u8::from(byte.wrapping_sub(b'A') < 26) << 5)
}

/// The halves of a product, folded onto each other.
#[inline]
fn fold(hash: u64, word: u64) -> u64 {
    let product = u128::from(hash ^ word) * 0xd6e8_feb8_6659_fd93;
    (product >> 64) as u64 ^ product as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suffixes_hash_alike_wherever_they_stand() {
        let (mut long, mut short) = (QName::new(7), QName::new(7));
        assert_eq!(long.set(b"\x03WWW\x07Example\x03com\0rest"), Some(17));
        assert_eq!(short.set(b"\x07example\x03COM\0"), Some(13));
        assert_eq!(long.labels(), 3);
        assert_eq!(long.suffix(1), short.suffix(0));
        assert_eq!(long.hash(1), short.hash(0));
        assert_eq!(long.hash(3), short.hash(2));
        assert_ne!(long.hash(0), long.hash(1));
    }

    #[test]
    fn wildcards_hash_as_names_do() {
        let (mut below, mut wildcard) = (QName::new(7), QName::new(7));
        for (name, star) in [
            (&b"\x01a\x03com\0"[..], &b"\x01*\x03com\0"[..]),
            (b"\x01a\0", b"\x01*\0"),
            (b"\x08exampleX\0", b"\x01*\x08examplex\0"),
        ] {
            below.set(name);
            wildcard.set(star);
            let suffix = below.labels() + 1 - wildcard.labels();
            assert_eq!(below.wildcard_hash(suffix), wildcard.hash(0), "{star:?}");
        }
    }

    /// Each byte at each place of a word, with neighbours that must stay as they are.
    #[test]
    fn ascii_letters_become_small_and_nothing_else_changes() {
        for byte in 0..=255u8 {
            for place in 0..8 {
                for others in [0x00, 0x40, 0x5b, 0xff] {
                    let mut word = [others; 8];
                    word[place] = byte;
                    let small = word.map(|byte| byte.to_ascii_lowercase());
                    assert_eq!(lower_case(&word), small, "{byte:#x} at {place}");
                }
            }
        }
    }

    /// Labels of all lengths, so that their ends fall on each place of a word.
    #[test]
    fn what_stood_there_before_changes_no_hash() {
        let (mut used, mut fresh) = (QName::new(7), QName::new(7));
        let mut longest: Vec<u8> = b"\x01Z".repeat(127);
        longest.push(0);
        for length in 1..=63u8 {
            let mut name = vec![length];
            name.extend((0..length).map(|n| b'A' + n % 26));
            name.extend(b"\x02ab\x00");
            let small = name.to_ascii_lowercase();
            used.set(&longest);
            assert_eq!(used.set(&name), Some(name.len()));
            fresh.set(&small);
            assert_eq!(used.suffix(0), small);
            assert_eq!((used.hash(0), used.hash(1)), (fresh.hash(0), fresh.hash(1)), "{length}");
        }
    }

    #[test]
    fn only_whole_uncompressed_names_are_read() {
        let mut name = QName::new(0);
        for bytes in [&b""[..], b"\x03ww", b"\xc0\x0c", b"\x40", b"\x01a"] {
            assert_eq!(name.set(bytes), None);
        }
        let mut longest: Vec<u8> = b"\x01a".repeat(127);
        longest.push(0);
        assert_eq!(name.set(&longest), Some(255));
        let mut longer: Vec<u8> = b"\x01a".repeat(128);
        longer.push(0);
        assert_eq!(name.set(&longer), None);
    }
}
