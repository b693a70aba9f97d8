//! A ring of words between one thread that writes records and one that reads them.
//!
//! A record is a run of words without a break, of which the first tells how many there are: where the
//! end of the memory is too near, [`SKIP`] sends the reader to its beginning. The writer alone moves
//! `written`, the reader alone `read`; both count words from the start of the process, so that the
//! difference is what waits. Words are atomic, for which no `unsafe` is needed, and cost what plain
//! ones do.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// In the place of a record: it stands at the beginning of the memory.
const SKIP: u64 = 0;
/// The bits of a record's first word that tell its length in words.
pub(super) const LENGTH_BITS: u32 = 20;
const LENGTH_MASK: u64 = (1 << LENGTH_BITS) - 1;

/// A number in a line of the cache of its own, so that one side does not slow down the other.
#[derive(Default)]
#[repr(align(128))]
struct Alone(AtomicU64);

/// The memory, and how far both sides are.
pub(super) struct Ring {
    words: Box<[AtomicU64]>,
    written: Alone,
    read: Alone,
    /// Records for which there was no room.
    dropped: Alone,
}

/// The side that writes.
pub(super) struct Writer {
    ring: Arc<Ring>,
    /// As in the ring, where nobody else changes it.
    written: u64,
    /// As in the ring when it was last looked at: it may be further.
    read: u64,
}

impl Ring {
    /// With room for so many words, rounded up to a power of two.
    pub(super) fn new(words: usize) -> Arc<Self> {
        // Each is written, so that the memory is there and not only promised.
        let words = (0..words.next_power_of_two()).map(|_| AtomicU64::new(SKIP)).collect();
        let [written, read, dropped] = [Alone::default(), Alone::default(), Alone::default()];
        Arc::new(Self { words, written, read, dropped })
    }

    /// Records for which there was no room so far.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped.0.load(Ordering::Relaxed)
    }

    /// Where a count of words is in memory, and how many words there are from there to the end.
    fn place(&self, count: u64) -> (usize, usize) {
        // The length is a power of two.
        let at = count as usize & (self.words.len() - 1);
        (at, self.words.len() - at)
    }

    /// Moves the next record into `record`; says whether there was one. To be called by one thread only.
    pub(super) fn take(&self, record: &mut Vec<u64>) -> bool {
        record.clear();
        let written = self.written.0.load(Ordering::Acquire);
        let mut read = self.read.0.load(Ordering::Relaxed);
        while read != written {
            let (at, rest) = self.place(read);
            let first = self.words.get(at).map_or(SKIP, |word| word.load(Ordering::Relaxed));
            if first == SKIP {
                read += rest as u64;
                continue;
            }
            let length = (first & LENGTH_MASK) as usize;
            let words = self.words.get(at..at + length).unwrap_or_default();
            record.extend(words.iter().map(|word| word.load(Ordering::Relaxed)));
            self.read.0.store(read + length as u64, Ordering::Release);
            return true;
        }
        self.read.0.store(read, Ordering::Release);
        false
    }
}

impl Writer {
    /// The one writer of a ring.
    pub(super) fn new(ring: Arc<Ring>) -> Self {
        Self { ring, written: 0, read: 0 }
    }

    /// Puts a record in that `fill` writes: of so many words, the first of which is to tell that.
    /// Without room for it, it is dropped.
    pub(super) fn put(&mut self, length: usize, fill: impl FnOnce(&[AtomicU64])) {
        let (at, rest) = self.ring.place(self.written);
        let skipped = if rest < length { rest } else { 0 };
        if !self.has_room((skipped + length) as u64) {
            let dropped = &self.ring.dropped.0;
            // Nobody else writes it.
            dropped.store(dropped.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
            return;
        }
        let begin = if skipped > 0 { 0 } else { at };
        let words = &self.ring.words;
        if let Some(skip) = words.get(at).filter(|_| skipped > 0) {
            skip.store(SKIP, Ordering::Relaxed);
        }
        if let Some(place) = words.get(begin..begin + length) {
            fill(place);
            self.written += (skipped + length) as u64;
            self.ring.written.0.store(self.written, Ordering::Release);
        }
    }

    fn has_room(&mut self, words: u64) -> bool {
        let most = self.ring.words.len() as u64;
        if self.written + words <= self.read + most {
            return true;
        }
        self.read = self.ring.read.0.load(Ordering::Acquire);
        self.written + words <= self.read + most
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::thread;

    use proptest::prelude::*;

    use super::*;

    fn put(writer: &mut Writer, length: usize, mark: u64) {
        writer.put(length, |words| {
            words[0].store(length as u64 | mark << LENGTH_BITS, Ordering::Relaxed);
            for word in &words[1..] {
                word.store(mark, Ordering::Relaxed);
            }
        });
    }

    /// The mark of a record, which all of its words have.
    fn mark(record: &[u64]) -> u64 {
        let mark = record[0] >> LENGTH_BITS;
        assert_eq!(record[0] & LENGTH_MASK, record.len() as u64);
        assert!(record[1..].iter().all(|word| *word == mark), "{record:?}");
        mark
    }

    proptest! {
        /// Lengths that are put in; 0 takes a record out.
        #[test]
        fn what_comes_out_is_what_went_in_and_nothing_is_lost_unsaid(
            steps in prop::collection::vec(0_usize..30, 1..300),
        ) {
            let ring = Ring::new(64);
            let mut writer = Writer::new(Arc::clone(&ring));
            let (mut waiting, mut record) = (VecDeque::new(), Vec::new());
            let (mut dropped, mut used) = (0, 0);
            for (index, length) in (1..).zip(steps) {
                if length == 0 {
                    let next = waiting.pop_front();
                    prop_assert_eq!(ring.take(&mut record), next.is_some());
                    if let Some((mark_in, length)) = next {
                        prop_assert_eq!(mark(&record), mark_in);
                        used -= length;
                    }
                    continue;
                }
                put(&mut writer, length, index);
                if ring.dropped() > dropped {
                    dropped += 1;
                    // At most as much is left unused at the end of the memory as a record has.
                    prop_assert!(used + 2 * length > 64 - 30, "{used} {length}");
                } else {
                    used += length;
                    waiting.push_back((index, length));
                }
                prop_assert_eq!(ring.dropped(), dropped);
            }
        }
    }

    #[test]
    fn two_threads_lose_nothing_but_what_is_counted() {
        const RECORDS: u64 = 200_000;
        let ring = Ring::new(1 << 10);
        let mut writer = Writer::new(Arc::clone(&ring));
        let writing = thread::spawn(move || {
            for n in 1..=RECORDS {
                put(&mut writer, 1 + n as usize % 100, n);
            }
        });
        let (mut record, mut last, mut taken) = (Vec::new(), 0, 0);
        loop {
            let is_over = writing.is_finished();
            while ring.take(&mut record) {
                let mark = mark(&record);
                assert!(mark > last, "{mark} after {last}");
                (last, taken) = (mark, taken + 1);
            }
            if is_over {
                break;
            }
        }
        writing.join().unwrap();
        assert_eq!(taken + ring.dropped(), RECORDS);
        assert!(taken > 0);
    }
}
