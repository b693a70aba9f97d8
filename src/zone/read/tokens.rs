//! The tokens of one entry, read one after another: by us, or by the record types of `domain`.

use std::fmt;

use domain::base::CharStr;
use domain::base::name::Name as DomainName;
use domain::base::scan::{ConvertSymbols, EntrySymbol, Scanner, ScannerError, Symbol};
use domain::dep::octseq::str::Str;

use super::lexer::{Mark, Token};
use crate::wire::{Name, NameError};

/// What is wrong with the token that was read last.
#[derive(Debug)]
pub(super) enum Mistake {
    /// It is not of the form that it should have.
    Form,
    /// A record type cannot use it, in that type's words.
    Data(&'static str),
    /// There is no further token.
    End,
    /// Tokens that nobody wants.
    Trailing,
    /// It is no domain name.
    Name(NameError),
    /// It has an escape that means nothing.
    Escape,
    /// It has a character outside ASCII where the wire form would be a guess.
    NotAscii,
    /// It stands in quotes where a word is meant.
    Quoted,
    /// It is a character string of this many bytes, more than 255.
    LongString(usize),
    /// Something else, with what was expected.
    Other(String, String),
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl std::error::Error for Mistake {}

impl ScannerError for Mistake {
    fn custom(message: &'static str) -> Self {
        Self::Data(message)
    }

    fn end_of_entry() -> Self {
        Self::End
    }

    fn short_buf() -> Self {
        Self::Data("too much data")
    }

    fn trailing_tokens() -> Self {
        Self::Trailing
    }
}

/// The tokens of an entry, and how far they are read.
pub(super) struct Tokens<'e, 't> {
    tokens: &'e [Token<'t>],
    next: usize,
    origin: &'e Name,
}

impl<'e, 't> Tokens<'e, 't> {
    pub(super) fn new(tokens: &'e [Token<'t>], origin: &'e Name) -> Self {
        Self { tokens, next: 0, origin }
    }

    /// The token that will be read next.
    pub(super) fn peek(&self) -> Option<Token<'t>> {
        self.tokens.get(self.next).copied()
    }

    /// Reads one token.
    pub(super) fn take(&mut self) -> Result<Token<'t>, Mistake> {
        let token = self.peek().ok_or(Mistake::End)?;
        self.next += 1;
        Ok(token)
    }

    /// The token that was read last, which is what a mistake is about.
    pub(super) fn last(&self) -> Option<Token<'t>> {
        self.next.checked_sub(1).and_then(|last| self.tokens.get(last)).copied()
    }

    /// Where a mistake stands, unless it is the end of the entry.
    pub(super) fn place(&self) -> Option<Mark> {
        self.last().map(|token| token.place)
    }

    /// Makes sure that everything is read.
    pub(super) fn finish(&mut self) -> Result<(), Mistake> {
        match self.take() {
            Ok(_) => Err(Mistake::Trailing),
            Err(_) => Ok(()),
        }
    }

    /// A domain name, relative to the origin unless it ends in a dot.
    pub(super) fn name(&mut self) -> Result<Name, Mistake> {
        let text = self.name_text()?;
        Name::parse(text, self.origin).map_err(Mistake::Name)
    }

    /// The same, with its wire form put behind what stands in `out`.
    pub(super) fn append_name(&mut self, out: &mut Vec<u8>) -> Result<(), Mistake> {
        let text = self.name_text()?;
        Name::parse_into(text, self.origin, out).map_err(Mistake::Name)
    }

    fn name_text(&mut self) -> Result<&'t str, Mistake> {
        let token = self.take()?;
        if token.quoted {
            return Err(Mistake::Quoted);
        }
        if !token.text.is_ascii() {
            return Err(Mistake::NotAscii);
        }
        Ok(token.text)
    }

    /// The bytes of a token, its escapes resolved; characters outside ASCII are UTF-8.
    pub(super) fn bytes(&mut self) -> Result<Vec<u8>, Mistake> {
        let token = self.take()?;
        let mut bytes = Vec::with_capacity(token.text.len());
        unescape(token.text, &mut bytes)?;
        Ok(bytes)
    }

    /// A character string (RFC 1035 3.3): its length byte and up to 255 bytes.
    pub(super) fn character_string(&mut self, out: &mut Vec<u8>) -> Result<(), Mistake> {
        let bytes = self.bytes()?;
        let length = u8::try_from(bytes.len()).map_err(|_| Mistake::LongString(bytes.len()))?;
        out.push(length);
        out.extend_from_slice(&bytes);
        Ok(())
    }
}

fn unescape(text: &str, out: &mut Vec<u8>) -> Result<(), Mistake> {
    let mut rest = text.as_bytes();
    while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
        out.extend_from_slice(&rest[..at]);
        rest = match &rest[at + 1..] {
            [a @ b'0'..=b'2', b @ b'0'..=b'9', c @ b'0'..=b'9', after @ ..] => {
                let value = [a, b, c].iter().fold(0, |sum, d| sum * 10 + u32::from(**d - b'0'));
                out.push(u8::try_from(value).map_err(|_| Mistake::Escape)?);
                after
            }
            [b'0'..=b'9', ..] | [] => return Err(Mistake::Escape),
            [byte, after @ ..] => {
                out.push(*byte);
                after
            }
        };
    }
    out.extend_from_slice(rest);
    Ok(())
}

/// A parameter of a service binding is never longer; what it stands for might otherwise outgrow
/// the 16 bits of its length, which `domain` takes for impossible.
const MAX_PARAMETER_BYTES: usize = 8_192;

impl Scanner for Tokens<'_, '_> {
    type Octets = Vec<u8>;
    type OctetsBuilder = Vec<u8>;
    type Name = DomainName<Vec<u8>>;
    type Error = Mistake;

    fn has_space(&self) -> bool {
        self.peek().is_some_and(|token| !token.glued)
    }

    fn continues(&mut self) -> bool {
        self.peek().is_some()
    }

    fn scan_symbols<F>(&mut self, mut op: F) -> Result<(), Mistake>
    where
        F: FnMut(Symbol) -> Result<(), Mistake>,
    {
        let mut characters = self.take()?.text.chars();
        while let Some(symbol) = symbol(&mut characters)? {
            op(symbol)?;
        }
        Ok(())
    }

    fn scan_entry_symbols<F>(&mut self, mut op: F) -> Result<(), Mistake>
    where
        F: FnMut(EntrySymbol) -> Result<(), Mistake>,
    {
        if !self.continues() {
            return Err(Mistake::End);
        }
        while self.continues() {
            self.scan_symbols(|symbol| op(symbol.into()))?;
            op(EntrySymbol::EndOfToken)?;
        }
        Ok(())
    }

    fn convert_token<C: ConvertSymbols<Symbol, Mistake>>(
        &mut self,
        mut convert: C,
    ) -> Result<Vec<u8>, Mistake> {
        let mut out = Vec::new();
        self.scan_symbols(|symbol| {
            out.extend_from_slice(convert.process_symbol(symbol)?.unwrap_or_default());
            Ok(())
        })?;
        out.extend_from_slice(convert.process_tail()?.unwrap_or_default());
        Ok(out)
    }

    fn convert_entry<C: ConvertSymbols<EntrySymbol, Mistake>>(
        &mut self,
        mut convert: C,
    ) -> Result<Vec<u8>, Mistake> {
        let mut out = Vec::new();
        while self.continues() {
            self.scan_symbols(|symbol| {
                let data = convert.process_symbol(EntrySymbol::Symbol(symbol))?;
                out.extend_from_slice(data.unwrap_or_default());
                Ok(())
            })?;
        }
        out.extend_from_slice(convert.process_tail()?.unwrap_or_default());
        Ok(out)
    }

    fn scan_octets(&mut self) -> Result<Vec<u8>, Mistake> {
        self.bytes()
    }

    fn scan_svcb_octets(&mut self) -> Result<Vec<u8>, Mistake> {
        let mut out = self.bytes()?;
        if self.peek().is_some_and(|token| token.glued && token.quoted) {
            out.extend_from_slice(&self.bytes()?);
        }
        if out.len() > MAX_PARAMETER_BYTES {
            return Err(Mistake::Other(
                format!("a parameter of {} bytes", out.len()),
                format!("at most {MAX_PARAMETER_BYTES}"),
            ));
        }
        Ok(out)
    }

    fn scan_ascii_str<F, T>(&mut self, op: F) -> Result<T, Mistake>
    where
        F: FnOnce(&str) -> Result<T, Mistake>,
    {
        let bytes = self.bytes()?;
        match std::str::from_utf8(&bytes) {
            Ok(text) if text.is_ascii() => op(text),
            _ => Err(Mistake::NotAscii),
        }
    }

    fn scan_name(&mut self) -> Result<Self::Name, Mistake> {
        let name = self.name()?;
        DomainName::from_octets(name.as_wire().to_vec())
            .map_err(|_| Mistake::Name(NameError::NotWire))
    }

    fn scan_charstr(&mut self) -> Result<CharStr<Vec<u8>>, Mistake> {
        let bytes = self.bytes()?;
        let length = bytes.len();
        CharStr::from_octets(bytes).map_err(|_| Mistake::LongString(length))
    }

    fn scan_string(&mut self) -> Result<Str<Vec<u8>>, Mistake> {
        Str::from_utf8(self.bytes()?).map_err(|_| Mistake::NotAscii)
    }

    fn scan_charstr_entry(&mut self) -> Result<Vec<u8>, Mistake> {
        let mut out = Vec::new();
        self.character_string(&mut out)?;
        while self.continues() {
            self.character_string(&mut out)?;
        }
        Ok(out)
    }

    fn scan_opt_unknown_marker(&mut self) -> Result<bool, Mistake> {
        let marked = self.peek().is_some_and(|token| !token.quoted && token.text == "\\#");
        self.next += usize::from(marked);
        Ok(marked)
    }

    fn octets_builder(&mut self) -> Result<Vec<u8>, Mistake> {
        Ok(Vec::new())
    }
}

fn symbol(characters: &mut std::str::Chars<'_>) -> Result<Option<Symbol>, Mistake> {
    Symbol::from_chars(characters).map_err(|_| Mistake::Escape)
}
