//! A domain name that is kept: its uncompressed wire form (RFC 1035 3.1), case as written.

use std::fmt;

/// The longest name in wire form (RFC 1035 2.3.4), in bytes, its root label included.
pub const MAX_NAME_BYTES: usize = 255;
/// The longest label, in bytes (RFC 1035 2.3.4).
pub const MAX_LABEL_BYTES: usize = 63;

/// A valid, absolute domain name in uncompressed wire form.
///
/// Equality and order are those of the bytes: lower-case both sides first where names are to be
/// compared as DNS compares them.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name(Box<[u8]>);

/// Why a text or some bytes are not a domain name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameError {
    /// A label is empty where it may not be.
    EmptyLabel,
    /// A label has more than 63 bytes.
    LongLabel,
    /// The name has more than 255 bytes in wire form.
    LongName,
    /// A backslash is followed by neither a character nor three digits up to 255.
    BadEscape,
    /// The bytes are not the wire form of one whole name.
    NotWire,
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EmptyLabel => "an empty label",
            Self::LongLabel => "a label longer than 63 bytes",
            Self::LongName => "a name longer than 255 bytes",
            Self::BadEscape => "a bad escape",
            Self::NotWire => "bytes that are not one whole name",
        })
    }
}

impl std::error::Error for NameError {}

/// What is left of a name in wire form without as many of its first labels as make it longer than
/// so many bytes.
pub fn tail(wire: &[u8], most_bytes: usize) -> &[u8] {
    let mut rest = wire;
    while rest.len() > most_bytes {
        rest = &rest[1 + usize::from(rest[0])..];
    }
    rest
}

impl Name {
    /// The root, `.`.
    pub fn root() -> Self {
        Self(Box::from([0u8]))
    }

    /// Takes over an uncompressed wire form, which must be one whole name.
    pub fn from_wire(wire: &[u8]) -> Result<Self, NameError> {
        if wire.len() > MAX_NAME_BYTES {
            return Err(NameError::LongName);
        }
        let mut at = 0;
        loop {
            match wire.get(at) {
                Some(0) if at + 1 == wire.len() => return Ok(Self(wire.into())),
                Some(&length) if (1..=63).contains(&length) => at += 1 + usize::from(length),
                _ => return Err(NameError::NotWire),
            }
        }
    }

    /// Reads presentation form (RFC 1035 5.1): `@` is the origin, a name without a final dot is
    /// relative to it.
    pub fn parse(text: &str, origin: &Self) -> Result<Self, NameError> {
        let mut wire = Vec::with_capacity(text.len() + 1 + origin.0.len());
        Self::parse_into(text, origin, &mut wire)?;
        Ok(Self(wire.into()))
    }

    /// As [`Self::parse`], with the wire form put behind what stands in `out`; unless it is an
    /// error, which changes nothing there.
    pub fn parse_into(text: &str, origin: &Self, out: &mut Vec<u8>) -> Result<(), NameError> {
        let start = out.len();
        let parsed = append_name(text, origin, out);
        let parsed = parsed.and(match out.len() - start {
            0..=MAX_NAME_BYTES => Ok(()),
            _ => Err(NameError::LongName),
        });
        if parsed.is_err() {
            out.truncate(start);
        }
        parsed
    }

    /// The uncompressed wire form, 1 to 255 bytes, ending in the root's zero byte.
    pub fn as_wire(&self) -> &[u8] {
        &self.0
    }

    /// The same name in lower case (ASCII only, RFC 4343).
    pub fn to_lowercase(&self) -> Self {
        // Length bytes are at most 63, below every ASCII letter, so they stay as they are.
        Self(self.0.to_ascii_lowercase().into())
    }

    /// The labels from the left, without the root's.
    pub fn labels(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = self.as_wire();
        std::iter::from_fn(move || {
            let length = usize::from(*rest.first()?);
            if length == 0 {
                return None;
            }
            let label = rest.get(1..=length)?;
            rest = &rest[1 + length..];
            Some(label)
        })
    }

    /// The name without its leftmost label; none for the root.
    pub fn parent(&self) -> Option<Self> {
        let length = usize::from(self.0[0]);
        (length > 0).then(|| Self(self.0[1 + length..].into()))
    }

    /// Whether this name is `other` or below it; both must be in the same case.
    pub fn is_under(&self, other: &Self) -> bool {
        tail(self.as_wire(), other.0.len()) == &*other.0
    }

    /// Whether the leftmost label is a single asterisk.
    pub fn is_wildcard(&self) -> bool {
        self.0.starts_with(b"\x01*")
    }

    /// Whether this is the root.
    pub fn is_root(&self) -> bool {
        self.0.len() == 1
    }
}

/// Whether two names, or parts of names, are the same bytes, and of a length at which that takes no
/// call: most are, and a function without a call needs no memory of its own.
#[inline]
pub(crate) fn are_same_and_short(one: &[u8], other: &[u8]) -> bool {
    // The pieces at both ends may overlap.
    one.len() == other.len()
        && match one.len() {
            4..8 => ends::<4>(one) == ends(other),
            8..=16 => ends::<8>(one) == ends(other),
            _ => false,
        }
}

#[inline]
fn ends<const BYTES: usize>(bytes: &[u8]) -> Option<([u8; BYTES], [u8; BYTES])> {
    Some((*bytes.first_chunk()?, *bytes.last_chunk()?))
}

fn append_name(text: &str, origin: &Name, out: &mut Vec<u8>) -> Result<(), NameError> {
    match text {
        "@" => {
            out.extend_from_slice(origin.as_wire());
            return Ok(());
        }
        "." => {
            out.push(0);
            return Ok(());
        }
        _ => {}
    }
    let mut rest = text.as_bytes();
    loop {
        rest = append_label(rest, out)?;
        match rest {
            [] => out.extend_from_slice(origin.as_wire()),
            [_] => out.push(0),
            [_, more @ ..] => {
                rest = more;
                continue;
            }
        }
        return Ok(());
    }
}

/// Appends the label at the start of a text; returns what follows, from the dot on.
fn append_label<'t>(mut text: &'t [u8], out: &mut Vec<u8>) -> Result<&'t [u8], NameError> {
    let length_at = out.len();
    out.push(0);
    loop {
        let plain = text.iter().position(|byte| matches!(byte, b'.' | b'\\'));
        let (label, rest) = text.split_at(plain.unwrap_or(text.len()));
        out.extend_from_slice(label);
        text = rest;
        let [b'\\', escaped @ ..] = text else { break };
        let (byte, rest) = unescape(escaped)?;
        out.push(byte);
        text = rest;
    }
    let length = out.len() - length_at - 1;
    if length == 0 {
        return Err(NameError::EmptyLabel);
    }
    if length > MAX_LABEL_BYTES {
        return Err(NameError::LongLabel);
    }
    // At most 63, checked above.
    out[length_at] = length as u8;
    Ok(text)
}

/// What follows a backslash: any character, or three digits up to 255.
fn unescape(text: &[u8]) -> Result<(u8, &[u8]), NameError> {
    match text {
        [a, b, c, rest @ ..] if [a, b, c].into_iter().all(u8::is_ascii_digit) => {
            let value = [a, b, c].iter().fold(0, |sum, d| sum * 10 + u32::from(**d - b'0'));
            u8::try_from(value).map(|byte| (byte, rest)).map_err(|_| NameError::BadEscape)
        }
        [byte, rest @ ..] if !byte.is_ascii_digit() => Ok((*byte, rest)),
        _ => Err(NameError::BadEscape),
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_root() {
            return f.write_str(".");
        }
        for label in self.labels() {
            for &byte in label {
                match byte {
                    b'.' | b'\\' | b'"' | b';' | b'(' | b')' | b'@' | b'$' => {
                        write!(f, "\\{}", char::from(byte))?;
                    }
                    0x21..=0x7e => write!(f, "{}", char::from(byte))?,
                    _ => write!(f, "\\{byte:03}")?,
                }
            }
            f.write_str(".")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        Name::parse(text, &Name::root()).unwrap()
    }

    #[test]
    fn presentation_form_goes_round() {
        for text in [".", "example.com.", "a\\.b.example.", "\\000\\255x.", "*.example."] {
            assert_eq!(name(text).to_string(), text);
        }
        assert_eq!(Name::parse("www", &name("example.com.")).unwrap(), name("www.example.com."));
        assert_eq!(Name::parse("@", &name("example.com.")).unwrap(), name("example.com."));
    }

    #[test]
    fn what_is_not_a_name_is_refused() {
        let origin = Name::root();
        for (text, error) in [
            ("", NameError::EmptyLabel),
            ("a..b", NameError::EmptyLabel),
            (".a", NameError::EmptyLabel),
            ("a\\", NameError::BadEscape),
            ("a\\25", NameError::BadEscape),
            ("a\\256", NameError::BadEscape),
        ] {
            assert_eq!(Name::parse(text, &origin), Err(error), "{text}");
        }
        assert_eq!(Name::parse(&"a".repeat(64), &origin), Err(NameError::LongLabel));
        assert_eq!(Name::parse(&"abc.".repeat(64), &origin), Err(NameError::LongName));
        assert_eq!(Name::from_wire(b"\x01a"), Err(NameError::NotWire));
        assert_eq!(Name::from_wire(b"\x01a\0\0"), Err(NameError::NotWire));
        assert_eq!(Name::from_wire(b"\xc0\x0c"), Err(NameError::NotWire));
    }

    #[test]
    fn under_is_by_whole_labels() {
        assert!(name("a.example.com.").is_under(&name("example.com.")));
        assert!(name("example.com.").is_under(&name("example.com.")));
        assert!(name("example.com.").is_under(&name(".")));
        assert!(!name("badexample.com.").is_under(&name("example.com.")));
        assert!(!name("com.").is_under(&name("example.com.")));
    }
}
