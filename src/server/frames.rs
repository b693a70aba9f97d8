//! Messages in a stream: each behind its length in two bytes (RFC 1035 4.2.2).

use crate::wire::HEADER_BYTES;

/// Bytes of a message's length.
pub(super) const LENGTH_BYTES: usize = 2;
/// Memory that an idle connection may keep for the next message.
const KEPT_BYTES: usize = 4096;

/// What has arrived and is not yet taken.
#[derive(Debug, Default)]
pub(super) struct Frames {
    bytes: Vec<u8>,
    /// Where the first message that is not yet taken begins.
    start: usize,
}

/// What comes next in a stream.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next<'f> {
    /// Not yet a whole message.
    Incomplete,
    /// A message of these bytes.
    Message(&'f [u8]),
    /// A length that no message has: the stream makes no sense any more.
    Nonsense,
}

impl Frames {
    /// What somebody else has read of a stream, and not taken.
    pub(super) fn begun(bytes: Vec<u8>) -> Self {
        Self { bytes, start: 0 }
    }

    /// What has arrived and is not yet taken, for somebody else to go on with.
    pub(super) fn rest(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }

    /// Where to append what arrives, with room for some more.
    pub(super) fn room(&mut self) -> &mut Vec<u8> {
        self.bytes.drain(..self.start);
        self.start = 0;
        if self.bytes.is_empty() {
            self.bytes.shrink_to(KEPT_BYTES);
        }
        self.bytes.reserve(KEPT_BYTES / 2);
        &mut self.bytes
    }

    /// Whether [`Frames::take`] would give anything but [`Next::Incomplete`].
    pub(super) fn is_ready(&self) -> bool {
        let waiting = &self.bytes[self.start..];
        length(waiting).is_some_and(|n| n < HEADER_BYTES || waiting.len() >= LENGTH_BYTES + n)
    }

    /// Takes the next message.
    pub(super) fn take(&mut self) -> Next<'_> {
        if !self.is_ready() {
            return Next::Incomplete;
        }
        let waiting = &self.bytes[self.start..];
        match length(waiting) {
            Some(length) if length >= HEADER_BYTES => {
                self.start += LENGTH_BYTES + length;
                Next::Message(&waiting[LENGTH_BYTES..LENGTH_BYTES + length])
            }
            _ => Next::Nonsense,
        }
    }
}

fn length(waiting: &[u8]) -> Option<usize> {
    let (bytes, _) = waiting.split_first_chunk::<LENGTH_BYTES>()?;
    Some(usize::from(u16::from_be_bytes(*bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(message: &[u8]) -> Vec<u8> {
        [&(message.len() as u16).to_be_bytes()[..], message].concat()
    }

    #[test]
    fn messages_come_out_however_they_are_cut() {
        let messages = [vec![1; 12], vec![2; 300], vec![3; 65_535], vec![4; 13]];
        let stream: Vec<u8> = messages.iter().flat_map(|message| frame(message)).collect();
        for step in [1, 2, 13, 70_000] {
            let (mut frames, mut taken) = (Frames::default(), Vec::new());
            for part in stream.chunks(step) {
                frames.room().extend_from_slice(part);
                while let Next::Message(message) = frames.take() {
                    taken.push(message.to_vec());
                }
                assert!(!frames.is_ready());
            }
            assert_eq!(taken, messages, "in steps of {step}");
        }
    }

    #[test]
    fn what_cannot_be_a_message_is_nonsense_at_once() {
        for length in 0..12u16 {
            let mut frames = Frames::default();
            frames.room().extend_from_slice(&frame(&[7; 12]));
            frames.room().extend_from_slice(&length.to_be_bytes());
            assert_eq!(frames.take(), Next::Message(&[7; 12]));
            assert!(frames.is_ready());
            assert_eq!(frames.take(), Next::Nonsense);
            assert_eq!(frames.take(), Next::Nonsense);
        }
    }

    #[test]
    fn memory_of_long_messages_is_given_back() {
        let mut frames = Frames::default();
        frames.room().extend_from_slice(&frame(&[0; 65_535]));
        assert!(matches!(frames.take(), Next::Message(_)));
        assert!(frames.room().capacity() <= 2 * KEPT_BYTES);
    }
}
