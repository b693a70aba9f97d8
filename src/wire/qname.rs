//! A name that is being looked up: lower-cased, with a hash for each of its suffixes.
//!
//! Made once for a question (and once for each link of a chain) in memory that is used again and
//! again, so that looking up any suffix of it costs one probe of a table and no second pass.

use super::name::MAX_NAME_BYTES;

/// A name has at most 127 labels of one byte, and the root.
const MAX_LABELS: usize = 128;
/// Bytes are taken by the word, so that there is room for a whole one behind the last byte.
const WORD: usize = size_of::<u64>();

/// A lower-cased name in wire form and the hashes of its suffixes.
///
/// Suffix 0 is the whole name, suffix `labels()` the root.
pub struct QName {
    wire: [u8; MAX_NAME_BYTES + WORD],
    length: usize,
    starts: [u8; MAX_LABELS],
    hashes: [u64; MAX_LABELS],
    labels: usize,
    seed: u64,
}

impl QName {
    /// An instance holding the root, whose hashes are keyed by `seed`; make one for each thread.
    pub fn new(seed: u64) -> Self {
        let mut name = Self {
            wire: [0; MAX_NAME_BYTES + WORD],
            length: 1,
            starts: [0; MAX_LABELS],
            hashes: [0; MAX_LABELS],
            labels: 0,
            seed,
        };
        name.set(&[0]);
        name
    }

    /// Reads the uncompressed name at the start of `bytes`, over whatever was here before.
    ///
    /// Returns its length in bytes, or none if no whole name of at most 255 bytes starts here.
    pub fn set(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        let mut labels = 0;
        loop {
            let length = usize::from(*bytes.get(at)?);
            if length > 63 || at + length >= MAX_NAME_BYTES {
                return None;
            }
            // At most 127 labels fit into 255 bytes, and `at` stays below 255.
            self.starts[labels] = at as u8;
            if length == 0 {
                break;
            }
            labels += 1;
            at += 1 + length;
        }
        let length = at + 1;
        self.length = length;
        self.labels = labels;
        self.put_lower_case(bytes.get(..length)?);
        self.hash_suffixes();
        Some(length)
    }

    /// Takes over a name that is not longer than a name may be.
    fn put_lower_case(&mut self, name: &[u8]) {
        let mut words = name.chunks_exact(WORD);
        let mut at = 0;
        for word in &mut words {
            self.put_word(at, word);
            at += WORD;
        }
        match name.last_chunk::<WORD>() {
            // Some bytes twice, which does no harm.
            Some(last) => self.put_word(name.len() - WORD, last),
            None => {
                let mut word = [0; WORD];
                word[..name.len()].copy_from_slice(name);
                self.put_word(0, &word);
            }
        }
    }

    fn put_word(&mut self, at: usize, word: &[u8]) {
        if let (Ok(word), Some(to)) = (word.try_into(), self.wire.get_mut(at..at + WORD)) {
            to.copy_from_slice(&lower_case(u64::from_le_bytes(word)).to_le_bytes());
        }
    }

    fn hash_suffixes(&mut self) {
        let mut hash = self.seed;
        self.hashes[self.labels] = hash;
        for index in (0..self.labels).rev() {
            let from = usize::from(self.starts[index]);
            let to = usize::from(self.starts[index + 1]);
            hash = self.hash_label(hash, from, to);
            self.hashes[index] = hash;
        }
    }

    /// Folds one label, its length byte included, into the hash of what stands right of it.
    ///
    /// A keyed multiply-and-fold over eight bytes at a time: the names that tables hold are the
    /// operator's, and an attacker who asks for others does not know the key.
    fn hash_label(&self, mut hash: u64, mut from: usize, to: usize) -> u64 {
        while from + WORD < to {
            hash = fold(hash, self.word(from));
            from += WORD;
        }
        // One to eight bytes are left; what stands behind them is cut off.
        let surplus_bits = (from + WORD - to) as u32 * u8::BITS;
        fold(hash, self.word(from) << surplus_bits)
    }

    fn word(&self, at: usize) -> u64 {
        let word = self.wire.get(at..).and_then(|rest| rest.first_chunk());
        // Where a label begins, a whole word always follows.
        word.map_or(0, |word| u64::from_le_bytes(*word))
    }

    /// How many labels the name has, without the root's.
    pub fn labels(&self) -> usize {
        self.labels
    }

    /// The wire form of a suffix, lower-cased; `index` is at most `labels()`.
    pub fn suffix(&self, index: usize) -> &[u8] {
        &self.wire[usize::from(self.starts[index])..self.length]
    }

    /// The hash of a suffix; `index` is at most `labels()`.
    pub fn hash(&self, index: usize) -> u64 {
        self.hashes[index]
    }

    /// The key of the hashes.
    pub fn seed(&self) -> u64 {
        self.seed
    }
}

/// Eight bytes with their ASCII letters in lower case. Length bytes are at most 63, and so never
/// taken for a letter.
fn lower_case(word: u64) -> u64 {
    const EACH: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x80 * EACH;
    // The high bit of each byte tells whether its lower seven are at least A, and above Z.
    let low = word & !HIGH;
    let from_a = low + (0x80 - 0x41) * EACH;
    let above_z = low + (0x80 - 0x5b) * EACH;
    let upper = (from_a ^ above_z) & !word & HIGH;
    word | upper >> 2
}

fn fold(hash: u64, word: u64) -> u64 {
    let product = u128::from(hash ^ word ^ 0x9e37_79b9_7f4a_7c15)
        * u128::from(word.rotate_left(32) ^ 0xd6e8_feb8_6659_fd93);
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

    /// Each byte at each place of a word, with neighbours that must stay as they are.
    #[test]
    fn ascii_letters_become_small_and_nothing_else_changes() {
        for byte in 0..=255u8 {
            for place in 0..8 {
                for others in [0x00, 0x40, 0x5b, 0xff] {
                    let mut word = [others; 8];
                    word[place] = byte;
                    let small = word.map(|byte| byte.to_ascii_lowercase());
                    let found = lower_case(u64::from_le_bytes(word)).to_le_bytes();
                    assert_eq!(found, small, "{byte:#x} at {place}");
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
