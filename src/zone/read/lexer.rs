//! Text to entries of tokens (RFC 1035 5.1): lines, parentheses, quotes, comments.
//!
//! Escapes stay as they are written: what they mean depends on what a token is.

/// Where something stands in a text, cheap to keep; [`Mark::position`] gives line and column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    line: usize,
    line_start: usize,
    at: usize,
}

impl Mark {
    const START: Self = Self { line: 1, line_start: 0, at: 0 };

    /// How many bytes stand before it.
    pub(crate) fn offset(self) -> usize {
        self.at
    }

    /// Line and column, both from 1; columns count characters.
    pub(crate) fn position(self, text: &str) -> (u32, u32) {
        let before = text.get(self.line_start..self.at).unwrap_or_default();
        let column = before.chars().count() + 1;
        (saturate(self.line), saturate(column))
    }
}

fn saturate(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// One word or quoted string.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token<'t> {
    /// As written, without the quotes.
    pub(crate) text: &'t str,
    /// Whether it stands in quotes.
    pub(crate) quoted: bool,
    /// Whether it follows the token before it without a space.
    pub(crate) glued: bool,
    /// Where it begins.
    pub(crate) place: Mark,
}

impl Token<'_> {
    /// Whether it begins like a comment of a shell or of TOML.
    pub(crate) fn is_hash(&self) -> bool {
        !self.quoted && self.text.starts_with('#')
    }
}

/// What stands between two ends of lines that count.
#[derive(Debug)]
pub(crate) struct Entry<'t> {
    pub(crate) tokens: Vec<Token<'t>>,
    /// Whether it begins with a blank: its owner is the last one.
    pub(crate) indented: bool,
    /// The first thing in it that is no token.
    pub(crate) flaw: Option<Flaw>,
}

/// More than the 65,535 bytes of a record's data can be written as, with its owner, TTL, class and
/// type before them.
const MOST_TOKENS: usize = 70_000;

impl<'t> Entry<'t> {
    fn push(&mut self, token: Token<'t>) {
        if self.tokens.len() < MOST_TOKENS {
            self.tokens.push(token);
        } else {
            // As behind a parenthesis that is never closed.
            self.flaw.get_or_insert(Flaw::Endless(token.place));
        }
    }

    /// Where it begins.
    pub(crate) fn start(&self) -> Mark {
        self.tokens.first().map_or(Mark::START, |token| token.place)
    }

    /// Where its last token ends, and more may be missing.
    pub(crate) fn end(&self) -> Mark {
        self.tokens.last().map_or(Mark::START, |token| Mark {
            at: token.place.at + token.text.len() + if token.quoted { 2 } else { 0 },
            ..token.place
        })
    }
}

/// What makes an entry unreadable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// A quoted string that does not end on its line.
    OpenQuote(Mark),
    /// A parenthesis that is never closed.
    OpenParenthesis(Mark),
    /// A closing parenthesis too many.
    StrayParenthesis(Mark),
    /// A character that no text has.
    Control(Mark, u8),
    /// More tokens than a record can have.
    Endless(Mark),
}

impl Flaw {
    fn place(self) -> Mark {
        match self {
            Self::OpenQuote(place)
            | Self::OpenParenthesis(place)
            | Self::StrayParenthesis(place)
            | Self::Control(place, _)
            | Self::Endless(place) => place,
        }
    }
}

/// Cuts a text into entries.
pub(crate) struct Lexer<'t> {
    text: &'t str,
    at: usize,
    line: usize,
    line_start: usize,
    /// How many parentheses are open, and where the first of them stands.
    open: usize,
    opened: Mark,
    /// How many more times reading resumes after a parenthesis that is never closed; each time
    /// may cost a pass over the rest of the text.
    rewinds_left: u8,
}

impl<'t> Lexer<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self { text, at: 0, line: 1, line_start: 0, open: 0, opened: Mark::START, rewinds_left: 10 }
    }

    /// The next entry that is not empty, its tokens in the memory of `tokens`.
    pub(crate) fn next(&mut self, mut tokens: Vec<Token<'t>>) -> Option<Entry<'t>> {
        tokens.clear();
        let mut entry = Entry { tokens, indented: false, flaw: None };
        while let Some(byte) = self.peek() {
            match byte {
                b'\n' => {
                    self.line_feed();
                    if self.open == 0 && self.finish(&mut entry) {
                        return Some(entry);
                    }
                }
                b' ' | b'\t' => {
                    let fresh = self.at == self.line_start && self.open == 0;
                    entry.indented |= fresh && entry.tokens.is_empty();
                    self.at += 1;
                }
                b'\r' if matches!(self.text.as_bytes().get(self.at + 1), None | Some(b'\n')) => {
                    self.at += 1;
                }
                b';' => self.skip_to_line_end(),
                b'(' | b')' => self.parenthesis(byte, &mut entry),
                b'"' => self.quoted(&mut entry),
                0..0x20 | 0x7f => {
                    entry.flaw.get_or_insert(Flaw::Control(self.here(), byte));
                    self.at += 1;
                }
                _ => self.word(&mut entry),
            }
        }
        if self.open > 0 {
            self.open = 0;
            let place = self.opened;
            self.rewind(place);
            // What stands below is read once more, and then has its own finding.
            let is_above = |flaw: &Flaw| flaw.place().at < self.at;
            entry.flaw =
                entry.flaw.filter(|flaw| is_above(flaw) && !matches!(flaw, Flaw::Endless(_)));
            entry.flaw.get_or_insert(Flaw::OpenParenthesis(place));
        }
        self.finish(&mut entry).then_some(entry)
    }

    /// Goes back to the first line below a place that looks like an entry of its own, for the
    /// rest of the text to be read in spite of what stands there.
    fn rewind(&mut self, place: Mark) {
        let Some(left) = self.rewinds_left.checked_sub(1) else { return };
        self.rewinds_left = left;
        (self.at, self.line, self.line_start) = (place.at, place.line, place.line_start);
        while self.peek().is_some() {
            self.skip_to_line_end();
            if self.peek().is_some() {
                self.line_feed();
            }
            if !matches!(self.peek(), None | Some(b' ' | b'\t' | b'\r' | b'\n' | b';' | b')')) {
                return;
            }
        }
    }

    /// Whether the entry holds anything; if not, the next line begins afresh.
    fn finish(&self, entry: &mut Entry<'t>) -> bool {
        let holds = !entry.tokens.is_empty() || entry.flaw.is_some();
        entry.indented &= holds;
        holds
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn here(&self) -> Mark {
        Mark { line: self.line, line_start: self.line_start, at: self.at }
    }

    fn line_feed(&mut self) {
        self.at += 1;
        self.line += 1;
        self.line_start = self.at;
    }

    fn skip_to_line_end(&mut self) {
        let rest = &self.text.as_bytes()[self.at..];
        self.at += rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
    }

    fn parenthesis(&mut self, byte: u8, entry: &mut Entry<'t>) {
        let place = self.here();
        match (byte, self.open.checked_sub(1)) {
            (b'(', before) => {
                if before.is_none() {
                    self.opened = place;
                }
                self.open += 1;
            }
            (_, Some(left)) => self.open = left,
            (_, None) => {
                entry.flaw.get_or_insert(Flaw::StrayParenthesis(place));
            }
        }
        self.at += 1;
    }

    fn quoted(&mut self, entry: &mut Entry<'t>) {
        let (place, glued) = (self.here(), self.is_glued());
        self.at += 1;
        let start = self.at;
        loop {
            match self.peek() {
                None | Some(b'\n') => {
                    // Reading goes on as if the quote had been closed here.
                    entry.flaw.get_or_insert(Flaw::OpenQuote(place));
                    return;
                }
                Some(b'"') => break,
                Some(byte @ (0..0x20 | 0x7f)) if byte != b'\t' && byte != b'\r' => {
                    entry.flaw.get_or_insert(Flaw::Control(self.here(), byte));
                    self.at += 1;
                }
                Some(b'\\') => self.at += self.escape_length(),
                Some(_) => self.at += 1,
            }
        }
        let text = &self.text[start..self.at];
        self.at += 1;
        entry.push(Token { text, quoted: true, glued, place });
    }

    fn word(&mut self, entry: &mut Entry<'t>) {
        let (place, glued) = (self.here(), self.is_glued());
        while let Some(byte) = self.peek() {
            match byte {
                0..=0x20 | 0x7f | b'"' | b'(' | b')' | b';' => break,
                b'\\' => self.at += self.escape_length(),
                _ => self.at += 1,
            }
        }
        let text = &self.text[place.at..self.at];
        entry.push(Token { text, quoted: false, glued, place });
    }

    /// How many bytes to step over so that an escaped quote or blank ends nothing; the end of a
    /// line cannot be escaped.
    fn escape_length(&self) -> usize {
        match self.text.as_bytes().get(self.at + 1) {
            Some(0x20..0x7f | b'\t') => 2,
            _ => 1,
        }
    }

    fn is_glued(&self) -> bool {
        let before = self.at.checked_sub(1).and_then(|at| self.text.as_bytes().get(at));
        !matches!(before, None | Some(b' ' | b'\t' | b'\r' | b'\n' | b'(' | b')'))
    }
}
