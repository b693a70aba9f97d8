//! Frame Streams: a frame is its length and its bytes; one of length 0 begins a control frame.
//!
//! ```text
//! here                      collector
//!   | READY, what is sent -->  |
//!   | <-- ACCEPT, what is taken |
//!   | START, what is sent -->  |
//!   | data …                   |
//!   | STOP ----------------->  |
//!   | <---------------- FINISH |
//! ```
//!
//! What the collector says is read as if it were hostile: at most [`HEARD_BYTES`] of it.

use std::fmt;

/// What is in the frames.
const CONTENT: &[u8] = b"protobuf:dnstap.Dnstap";
/// The kinds of control frame.
const ACCEPT: u32 = 1;
const START: u32 = 2;
const STOP: u32 = 3;
const READY: u32 = 4;
const FINISH: u32 = 5;
/// The one kind of field in them: what the data frames hold.
const CONTENT_TYPE: u32 = 1;
/// The longest control frame, in bytes behind its length, and the longest field in it.
const CONTROL_BYTES: usize = 512;
const FIELD_BYTES: usize = 256;

/// The most bytes of a collector that are kept before they make sense.
pub const HEARD_BYTES: usize = 8 + CONTROL_BYTES;

/// What a collector may say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// It takes what is sent, or something else.
    Accept {
        /// Whether that is dnstap.
        dnstap: bool,
    },
    /// It has taken everything.
    Finish,
}

/// What a collector said that no collector says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nonsense;

impl fmt::Display for Nonsense {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the collector does not speak Frame Streams")
    }
}

/// Says what could be sent.
pub fn ready() -> Vec<u8> {
    control(READY, true)
}

/// Says what is sent from now on.
pub fn start() -> Vec<u8> {
    control(START, true)
}

/// Says that this was all.
pub fn stop() -> Vec<u8> {
    control(STOP, false)
}

fn control(kind: u32, with_content: bool) -> Vec<u8> {
    let mut body = kind.to_be_bytes().to_vec();
    if with_content {
        body.extend(CONTENT_TYPE.to_be_bytes());
        body.extend((CONTENT.len() as u32).to_be_bytes());
        body.extend(CONTENT);
    }
    [&[0; 4], &(body.len() as u32).to_be_bytes()[..], &body].concat()
}

/// Appends a data frame whose bytes `write` appends.
pub fn data(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let at = out.len();
    out.extend([0; 4]);
    write(out);
    // No message is that long.
    let length = (out.len() - at - 4) as u32;
    if let Some(place) = out.get_mut(at..at + 4) {
        place.copy_from_slice(&length.to_be_bytes());
    }
}

impl Control {
    /// Reads what a collector has said so far, from its beginning: the first control frame, and how
    /// many bytes it has; none as long as it is not whole.
    ///
    /// # Errors
    ///
    /// Nothing that may still come could make it a control frame of a collector.
    pub fn read(heard: &[u8]) -> Result<Option<(Self, usize)>, Nonsense> {
        let Some((escape, rest)) = number(heard) else { return prefix(heard, &[0; 4]) };
        if escape != 0 {
            return Err(Nonsense);
        }
        let Some((length, rest)) = number(rest) else { return Ok(None) };
        let length = length as usize;
        if !(4..=CONTROL_BYTES).contains(&length) {
            return Err(Nonsense);
        }
        let Some(body) = rest.get(..length) else { return Ok(None) };
        let (kind, fields) = number(body).ok_or(Nonsense)?;
        let control = match kind {
            ACCEPT => Self::Accept { dnstap: has_content(fields)? },
            FINISH if fields.is_empty() => Self::Finish,
            _ => return Err(Nonsense),
        };
        Ok(Some((control, 8 + length)))
    }
}

/// Nothing yet, if what was heard is the beginning of what is wanted.
fn prefix<T>(heard: &[u8], wanted: &[u8]) -> Result<Option<T>, Nonsense> {
    if wanted.starts_with(heard) { Ok(None) } else { Err(Nonsense) }
}

/// Whether dnstap is among the contents that fields name; or there are none, so that all is taken.
fn has_content(mut fields: &[u8]) -> Result<bool, Nonsense> {
    let mut found = fields.is_empty();
    while !fields.is_empty() {
        let (kind, rest) = number(fields).ok_or(Nonsense)?;
        let (length, rest) = number(rest).ok_or(Nonsense)?;
        let length = length as usize;
        if kind != CONTENT_TYPE || length > FIELD_BYTES {
            return Err(Nonsense);
        }
        let (content, rest) = rest.split_at_checked(length).ok_or(Nonsense)?;
        found |= content == CONTENT;
        fields = rest;
    }
    Ok(found)
}

fn number(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (number, rest) = bytes.split_first_chunk()?;
    Some((u32::from_be_bytes(*number), rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frame(kind: u32, fields: &[(u32, &[u8])]) -> Vec<u8> {
        let mut body = kind.to_be_bytes().to_vec();
        for (kind, field) in fields {
            body.extend(kind.to_be_bytes());
            body.extend((field.len() as u32).to_be_bytes());
            body.extend(*field);
        }
        [&[0; 4], &(body.len() as u32).to_be_bytes()[..], &body].concat()
    }

    #[test]
    fn what_is_said_has_the_form_of_its_specification() {
        let wanted = b"\0\0\0\0\0\0\0\x22\0\0\0\x04\0\0\0\x01\0\0\0\x16protobuf:dnstap.Dnstap";
        assert_eq!(ready(), wanted);
        assert_eq!(start(), frame(2, &[(1, CONTENT)]));
        assert_eq!(stop(), b"\0\0\0\0\0\0\0\x04\0\0\0\x03");
        let mut out = vec![9];
        data(&mut out, |out| out.extend(b"abc"));
        assert_eq!(out, b"\x09\0\0\0\x03abc");
    }

    #[test]
    fn what_a_collector_may_say() {
        let ours = (1, CONTENT);
        let long = [b'x'; 257];
        for (heard, wanted) in [
            (frame(1, &[ours]), Ok(Control::Accept { dnstap: true })),
            (frame(1, &[(1, b"other"), ours]), Ok(Control::Accept { dnstap: true })),
            (frame(1, &[]), Ok(Control::Accept { dnstap: true })),
            (frame(1, &[(1, b"other")]), Ok(Control::Accept { dnstap: false })),
            (frame(5, &[]), Ok(Control::Finish)),
            (frame(5, &[ours]), Err(Nonsense)),
            (frame(1, &[(2, CONTENT)]), Err(Nonsense)),
            (frame(1, &[(1, &long)]), Err(Nonsense)),
            (frame(4, &[ours]), Err(Nonsense)),
            (b"\0\0\0\x01x".to_vec(), Err(Nonsense)),
            (b"HTTP".to_vec(), Err(Nonsense)),
            (b"H".to_vec(), Err(Nonsense)),
            (b"\0\0\0\0\0\0\x02\x01".to_vec(), Err(Nonsense)),
            (b"\0\0\0\0\0\0\0\x03".to_vec(), Err(Nonsense)),
            // A field that is longer than the frame.
            (b"\0\0\0\0\0\0\0\x0c\0\0\0\x01\0\0\0\x01\0\0\0\x09".to_vec(), Err(Nonsense)),
        ] {
            let read = Control::read(&heard).map(|read| {
                read.map(|(control, used)| {
                    assert_eq!(used, heard.len());
                    control
                })
            });
            assert_eq!(read, wanted.map(Some), "{heard:?}");
        }
    }

    proptest! {
        /// Whatever comes, it is bounded; and what is whole stays what it is, whatever comes behind.
        #[test]
        fn what_is_heard_makes_sense_or_does_not_within_bounds(
            mut heard in prop::collection::vec(
                prop_oneof![Just(0_u8), Just(1), Just(5), any::<u8>()], 0..600),
            is_control in any::<bool>(),
        ) {
            if is_control && heard.len() >= 12 {
                heard[..6].fill(0);
            }
            let mut whole = None;
            for length in 0..=heard.len() {
                let read = Control::read(&heard[..length]);
                if let Some(whole) = &whole {
                    prop_assert_eq!(&read, whole);
                } else if read != Ok(None) {
                    if let Ok(Some((_, used))) = read {
                        prop_assert_eq!(used, length);
                    }
                    whole = Some(read);
                }
                prop_assert!(whole.is_some() || length < HEARD_BYTES);
            }
        }

        #[test]
        fn a_frame_is_not_whole_before_its_end(cut in 0_usize..42) {
            let whole = frame(1, &[(1, CONTENT)]);
            prop_assert_eq!(Control::read(&whole[..cut]), Ok(None));
        }
    }
}
