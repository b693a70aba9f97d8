//! Entries to records: owners, TTLs, classes and types.

use std::rc::Rc;
use std::str::FromStr;

use domain::base::iana::{Class, Rtype};

use super::lexer::{Entry, Lexer, Mark, Token};
use super::mistakes::{comment, describe, flaw, shown};
use super::time::seconds;
use super::tokens::{Mistake, Tokens};
use super::{Include, data};
use crate::finding::Finding;
use crate::wire::{Name, rtype};
use crate::zone::findings::Findings;
use crate::zone::records::{NoRoom, Owner, Position, Records};

/// The longest TTL (RFC 2181 8), in seconds.
const MAX_TTL_SECONDS: u64 = i32::MAX as u64;

/// Reads one master file and what it includes.
pub(super) struct Reader<'a> {
    records: Records,
    findings: Findings,
    pub(super) include: &'a mut Include<'a>,
    /// How many more files may be included.
    pub(super) includes_left: usize,
    /// How many more bytes may be included.
    pub(super) included_bytes_left: usize,
    /// The files that are being read, each included by the one before.
    pub(super) open_files: Vec<String>,
}

/// What entries of a file take from those before them.
#[derive(Clone)]
pub(super) struct Scope {
    /// What names without a final dot are relative to.
    pub(super) origin: Rc<Name>,
    /// The owner of an indented record.
    owner: LastOwner,
    /// What `$TTL` said (RFC 2308 4).
    pub(super) default_ttl: Option<u32>,
    /// The TTL that was written last (RFC 1035 5.1), or the SOA's minimum.
    last_ttl: Option<u32>,
    /// How many files include this one, one within the other.
    pub(super) depth: usize,
    /// Whether `$ORIGIN` could not be read: records are looked through, but nobody can tell what
    /// they belong to.
    pub(super) lost: bool,
}

/// The owner that was written last.
#[derive(Clone, Copy)]
enum LastOwner {
    /// There was none.
    None,
    /// It could not be read, so that nobody can tell what indented records belong to.
    Lost,
    /// This one.
    Known(Owner),
}

/// The file that is being read.
#[derive(Clone, Copy)]
pub(super) struct Source<'s> {
    pub(super) file: &'s str,
    pub(super) text: &'s str,
    index: u32,
}

impl Source<'_> {
    pub(super) fn finding(&self, at: Mark, (found, expected): (String, String)) -> Finding {
        Finding::at(self.file, at.position(self.text), found, expected)
    }
}

impl<'a> Reader<'a> {
    pub(super) fn new(include: &'a mut Include<'a>) -> Self {
        let (records, findings) = (Records::default(), Findings::default());
        Self {
            records,
            findings,
            include,
            includes_left: 1_000,
            included_bytes_left: 1 << 30,
            open_files: Vec::new(),
        }
    }

    pub(super) fn read(
        mut self,
        file: &str,
        bytes: &[u8],
        origin: &Name,
    ) -> (Records, Vec<Finding>) {
        self.records = Records::of_text(bytes.len());
        let mut scope = Scope::new(origin.clone());
        self.file(file, bytes, &mut scope);
        if self.findings.is_empty() && self.records.is_empty() {
            let expected = "the records of a zone";
            self.report(Finding::at(file, (1, 1), "no records at all", expected));
        }
        (self.records, self.findings.into_sorted())
    }

    /// Reads one file, the outermost or an included one.
    pub(super) fn file(&mut self, file: &str, bytes: &[u8], scope: &mut Scope) {
        let text = match text(file, bytes) {
            Ok(text) => text,
            Err(finding) => return self.report(*finding),
        };
        let index = u32::try_from(self.records.files.len()).unwrap_or(u32::MAX);
        self.records.files.push(file.into());
        let source = Source { file, text, index };
        self.open_files.push(file.into());
        let mut lexer = Lexer::new(text);
        let mut memory = Vec::new();
        while let Some(entry) = lexer.next(memory) {
            if self.findings.is_full() {
                self.records.incomplete = true;
                break;
            }
            self.entry(&source, &entry, scope);
            memory = entry.tokens;
        }
        self.open_files.pop();
    }

    /// Notes that something could not be read.
    pub(super) fn report(&mut self, finding: Finding) {
        self.records.incomplete = true;
        self.findings.push(finding);
    }

    fn entry(&mut self, source: &Source<'_>, entry: &Entry<'_>, scope: &mut Scope) {
        let hash = entry.tokens.first().filter(|first| first.is_hash());
        let before = hash.map(|_| scope.clone());
        if let Some(found) = entry.flaw {
            let (place, words) =
                hash.map_or_else(|| flaw(found), |hash| (hash.place, comment(*hash)));
            if !entry.indented && hash.is_none() {
                // Indented records below are no mistakes of their own.
                scope.owner = LastOwner::Lost;
            }
            return self.report(source.finding(place, words));
        }
        let Some(first) = entry.tokens.first() else { return };
        if !entry.indented && !first.quoted && first.text.starts_with('$') {
            return self.directive(source, entry, scope);
        }
        match (self.record(source, entry, scope), before) {
            (Ok(()), _) => {}
            // A comment of another kind of file changes nothing for what follows.
            (Err(_), Some(before)) => {
                *scope = before;
                self.findings.push(source.finding(first.place, comment(*first)));
            }
            (Err(finding), None) => {
                // Records without a TTL below this one are no mistakes of their own.
                scope.last_ttl.get_or_insert(0);
                self.report(finding);
            }
        }
    }

    fn record(
        &mut self,
        source: &Source<'_>,
        entry: &Entry<'_>,
        scope: &mut Scope,
    ) -> Result<(), Finding> {
        let origin = Rc::clone(&scope.origin);
        let mut tokens = Tokens::new(&entry.tokens, &origin);
        let place = entry.start();
        let owner = self.owner(entry, &mut tokens, scope).map_err(|mistake| {
            source.finding(place, describe(&mistake, tokens.last(), "a name"))
        })?;
        let written = head(&mut tokens).map_err(|(at, words)| {
            source.finding(at.map_or(entry.end(), |token| token.place), words)
        })?;
        let data_at = self.records.bytes.len();
        data::read(written.rtype, &mut tokens, &mut self.records.bytes).map_err(|mistake| {
            let at = match mistake {
                Mistake::End => None,
                _ => tokens.place(),
            };
            let words = describe(&mistake, tokens.last(), &data::form(written.rtype));
            source.finding(at.unwrap_or(entry.end()), words)
        })?;
        let ttl_seconds = scope.ttl(&written, &self.records.bytes[data_at..]).ok_or_else(|| {
            let found = "no TTL, here or before".into();
            source.finding(place, (found, "a TTL, or a $TTL line above".into()))
        })?;
        let LastOwner::Known(owner) = owner else { return Ok(()) };
        if scope.lost {
            return Ok(());
        }
        let (line, column) = place.position(source.text);
        let position = Position { file: source.index, line, column };
        let pushed = self.records.push(owner, (written.rtype, ttl_seconds), data_at, position);
        pushed.map_err(|NoRoom| source.finding(place, no_room()))
    }

    /// The owner of an entry.
    fn owner(
        &mut self,
        entry: &Entry<'_>,
        tokens: &mut Tokens<'_, '_>,
        scope: &mut Scope,
    ) -> Result<LastOwner, Mistake> {
        if entry.indented {
            if let LastOwner::None = scope.owner {
                let found = "a record that begins with a blank".into();
                let expected = "an owner: no record before it has one".into();
                return Err(Mistake::Other(found, expected));
            }
            return Ok(scope.owner);
        }
        // Indented records after a bad owner are no mistakes of their own.
        scope.owner = LastOwner::Lost;
        let at = self.records.bytes.len();
        tokens.append_name(&mut self.records.bytes)?;
        let owner = self.records.take_owner(at).map_err(|NoRoom| {
            let (found, expected) = no_room();
            Mistake::Other(found, expected)
        })?;
        scope.owner = LastOwner::Known(owner);
        Ok(scope.owner)
    }
}

fn no_room() -> (String, String) {
    ("records of more than 4 GiB".into(), "a zone of less".into())
}

/// The text of a file, or what shows that it is none.
fn text<'b>(file: &str, bytes: &'b [u8]) -> Result<&'b str, Box<Finding>> {
    let (good, bad) = match std::str::from_utf8(bytes) {
        Ok(text) => (text, text.find('\0')),
        Err(error) => {
            let good = bytes.get(..error.valid_up_to()).unwrap_or_default();
            (std::str::from_utf8(good).unwrap_or_default(), Some(good.len()))
        }
    };
    // Whatever comes first: a file in UTF-16 shows one of them at once.
    let bad = good.find('\0').or(bad);
    let finding = |at: usize, found: String, expected: &str| {
        let position = crate::finding::line_and_column(good, at);
        Err(Box::new(Finding::at(file, position, found, expected)))
    };
    if let Some(at) = bad {
        let byte = bytes.get(at).copied().unwrap_or_default();
        let expected = "text in UTF-8, other bytes written as \\DDD";
        return finding(at, format!("the byte 0x{byte:02x}"), expected);
    }
    if good.starts_with('\u{feff}') {
        return finding(0, "a byte order mark".into(), "a file that begins with its first entry");
    }
    Ok(good)
}

/// What stands between owner and data.
struct Head {
    ttl_seconds: Option<u32>,
    rtype: u16,
}

/// Reads TTL, class and type; TTL and class may be missing and stand in either order.
fn head<'t>(tokens: &mut Tokens<'_, 't>) -> Result<Head, (Option<Token<'t>>, (String, String))> {
    const TYPE: &str = "a record type such as A, AAAA, CNAME, MX, TXT or TYPE65280";
    let (mut ttl_seconds, mut class) = (None, false);
    loop {
        let Ok(token) = tokens.take() else {
            return Err((None, ("the end of the record".into(), TYPE.into())));
        };
        let wrong = |expected: &str| Err((Some(token), (shown(token), expected.into())));
        if token.quoted {
            return wrong(TYPE);
        }
        if let Some(ttl) = seconds(token.text).filter(|_| ttl_seconds.is_none()) {
            match u32::try_from(ttl) {
                Ok(short) if ttl <= MAX_TTL_SECONDS => ttl_seconds = Some(short),
                _ => return wrong("a TTL of at most 2147483647 seconds"),
            }
        } else if let Ok(rtype) = Rtype::from_str(token.text) {
            let rtype = rtype.to_int();
            // RFC 6895 3.1: these stand in questions and messages only.
            if rtype == 0
                || rtype == rtype::OPT
                || (rtype::FIRST_META..=rtype::ANY).contains(&rtype)
            {
                return wrong("a type that a zone can have");
            }
            return Ok(Head { ttl_seconds, rtype });
        } else if let Some(named) = Class::from_str(token.text).ok().filter(|_| !class) {
            if named != Class::IN {
                return wrong("the class IN, or none");
            }
            class = true;
        } else {
            return wrong(TYPE);
        }
    }
}

impl Scope {
    fn new(origin: Name) -> Self {
        Self {
            origin: origin.into(),
            owner: LastOwner::None,
            default_ttl: None,
            last_ttl: None,
            depth: 0,
            lost: false,
        }
    }

    /// The TTL of a record (RFC 1035 5.1, RFC 2308 4).
    fn ttl(&mut self, head: &Head, rdata: &[u8]) -> Option<u32> {
        if head.ttl_seconds.is_some() {
            self.last_ttl = head.ttl_seconds;
        } else if head.rtype == rtype::SOA && self.default_ttl.is_none() {
            self.last_ttl =
                self.last_ttl.or_else(|| Some(soa_minimum(rdata)?.min(i32::MAX as u32)));
        }
        head.ttl_seconds.or(self.default_ttl).or(self.last_ttl)
    }
}

/// The last field of SOA data.
fn soa_minimum(rdata: &[u8]) -> Option<u32> {
    rdata.last_chunk().map(|bytes| u32::from_be_bytes(*bytes))
}
