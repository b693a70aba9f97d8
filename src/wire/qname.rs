//! A name that is being looked up: lower-cased, with a hash for each of its suffixes.
//!
//! Made once for a question (and once for each link of a chain) in memory that is used again and
//! again, so that looking up any suffix of it costs one probe of a table and no second pass.

use super::name::MAX_NAME_BYTES;

/// A name has at most 127 labels of one byte, and the root.
const MAX_LABELS: usize = 128;

/// A lower-cased name in wire form and the hashes of its suffixes.
///
/// Suffix 0 is the whole name, suffix `labels()` the root.
pub struct QName {
    wire: [u8; MAX_NAME_BYTES],
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
            wire: [0; MAX_NAME_BYTES],
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
        self.length = at + 1;
        self.labels = labels;
        let wire = self.wire.get_mut(..self.length)?;
        wire.copy_from_slice(bytes.get(..self.length)?);
        // Length bytes are at most 63 and so never taken for a letter.
        wire.make_ascii_lowercase();
        self.hash_suffixes();
        Some(self.length)
    }

    fn hash_suffixes(&mut self) {
        let mut hash = self.seed;
        self.hashes[self.labels] = hash;
        for index in (0..self.labels).rev() {
            let from = usize::from(self.starts[index]);
            let to = usize::from(self.starts[index + 1]);
            hash = hash_label(hash, &self.wire[from..to]);
            self.hashes[index] = hash;
        }
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

/// Folds one label, its length byte included, into the hash of what stands right of it.
///
/// A keyed multiply-and-fold over eight bytes at a time: the names that tables hold are the
/// operator's, and an attacker who asks for others does not know the key.
fn hash_label(hash: u64, label: &[u8]) -> u64 {
    let mut hash = hash;
    let mut chunks = label.chunks_exact(8);
    for chunk in &mut chunks {
        let mut word = [0; 8];
        word.copy_from_slice(chunk);
        hash = fold(hash, u64::from_le_bytes(word));
    }
    let mut word = [0; 8];
    word[..chunks.remainder().len()].copy_from_slice(chunks.remainder());
    fold(hash, u64::from_le_bytes(word))
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
