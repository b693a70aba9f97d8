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
        if text == "@" {
            return Ok(origin.clone());
        }
        if text == "." {
            return Ok(Self::root());
        }
        let mut wire = vec![0u8];
        let mut label_at = 0;
        let mut bytes = text.bytes();
        let mut absolute = text.is_empty();
        if text.is_empty() {
            return Err(NameError::EmptyLabel);
        }
        while let Some(byte) = bytes.next() {
            absolute = false;
            match byte {
                b'.' => {
                    close_label(&mut wire, &mut label_at)?;
                    absolute = true;
                }
                b'\\' => wire.push(unescape(&mut bytes)?),
                byte => wire.push(byte),
            }
        }
        if absolute {
            // The last label opened is the root's, already written as a zero byte.
        } else {
            close_label(&mut wire, &mut label_at)?;
            wire.pop();
            wire.extend_from_slice(origin.as_wire());
        }
        if wire.len() > MAX_NAME_BYTES {
            return Err(NameError::LongName);
        }
        Ok(Self(wire.into()))
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
        let mut rest = self.as_wire();
        loop {
            if rest.len() <= other.0.len() {
                return *rest == *other.0;
            }
            rest = &rest[1 + usize::from(rest[0])..];
        }
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

fn close_label(wire: &mut Vec<u8>, label_at: &mut usize) -> Result<(), NameError> {
    let length = wire.len() - *label_at - 1;
    if length == 0 {
        return Err(NameError::EmptyLabel);
    }
    if length > MAX_LABEL_BYTES {
        return Err(NameError::LongLabel);
    }
    // At most 63, checked above.
    wire[*label_at] = length as u8;
    *label_at = wire.len();
    wire.push(0);
    Ok(())
}

fn unescape(bytes: &mut std::str::Bytes<'_>) -> Result<u8, NameError> {
    let first = bytes.next().ok_or(NameError::BadEscape)?;
    if !first.is_ascii_digit() {
        return Ok(first);
    }
    let mut value = u32::from(first - b'0');
    for _ in 0..2 {
        let digit = bytes.next().filter(u8::is_ascii_digit).ok_or(NameError::BadEscape)?;
        value = value * 10 + u32::from(digit - b'0');
    }
    u8::try_from(value).map_err(|_| NameError::BadEscape)
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
