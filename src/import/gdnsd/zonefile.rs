//! gdnsd's zone files: what RFC 1035 has, and DYNA, DYNC, `@Z` and `@F`.

mod comments;
mod words;

use std::collections::BTreeMap;
use std::rc::Rc;

use super::GdnsdZone;
use super::options::Options;
use super::records;
use super::resources::Resources;
use crate::finding::Finding;
use crate::finding::words::quoted;
use crate::import::finish::readable;
use crate::import::plan::{Plan, Record, Steered, Zone};
use crate::import::source::{Place, text};
use crate::presentation::{data_text, rtype_text};
use crate::wire::{Name, rtype};
use crate::zone::{self, Entry, Flaw, Lexer, Token, seconds};
use comments::Comments;
use words::{Head, head, name, special, strings};

/// Files that include each other, and all that are included.
const MOST_DEPTH: usize = 16;
const MOST_INCLUDES: usize = 1_000;
/// The type TXT.
const TXT: u16 = 16;

/// Reads a zone file, and those that it includes.
pub(super) fn read(
    resources: &mut Resources<'_, '_>,
    options: &Options,
    file: &GdnsdZone<'_>,
    apex: &Name,
) -> Result<Zone, Finding> {
    let mut reader = Reader {
        resources,
        options,
        apex,
        records: Vec::new(),
        steered: BTreeMap::new(),
        includes: 0,
    };
    let scope = Scope {
        origin: apex.clone(),
        file_origin: apex.clone(),
        owner: None,
        default_ttl: options.default_ttl,
        depth: 0,
    };
    reader.file(file.name, file.bytes, scope)?;
    let head = vec![format!("Made by steersman import gdnsd from {}.", file.name)];
    let (records, steered) = (reader.records, reader.steered.into_values().collect());
    Ok(Zone { apex: apex.clone(), head, zone_head: Vec::new(), records, steered })
}

struct Reader<'r, 'a, 'i> {
    resources: &'r mut Resources<'a, 'i>,
    options: &'r Options,
    apex: &'r Name,
    records: Vec<Record>,
    steered: BTreeMap<Name, Steered>,
    includes: usize,
}

/// What entries take from those before them.
struct Scope {
    origin: Name,
    /// The origin at the top of the file: `@F`.
    file_origin: Name,
    owner: Option<Name>,
    default_ttl: u32,
    depth: usize,
}

/// The file that is being read.
struct File<'t> {
    name: Rc<str>,
    text: &'t str,
}

impl File<'_> {
    fn place(&self, token: &Token<'_>) -> Place {
        Place::new(&self.name, token.place.position(self.text))
    }
}

impl Reader<'_, '_, '_> {
    fn file(&mut self, name: &str, bytes: &[u8], mut scope: Scope) -> Result<(), Finding> {
        let file = File { name: name.into(), text: text(name, bytes)? };
        let mut lexer = Lexer::new(file.text);
        let mut comments = Comments::default();
        while let Some(entry) = lexer.next(Vec::new()) {
            let behind = comments.before(file.text, &entry);
            if let (Some(comment), Some(last)) = (behind, self.records.last_mut()) {
                last.behind.get_or_insert(comment);
            }
            if let Some(flaw) = entry.flaw {
                return Err(flawed(&file, flaw));
            }
            self.entry(&file, &entry, &mut scope, &mut comments)?;
            comments.ends_on_one_line(file.text, &entry);
        }
        if let (Some(comment), Some(last)) = (comments.rest(file.text), self.records.last_mut()) {
            last.behind.get_or_insert(comment);
        }
        Ok(())
    }

    fn entry(
        &mut self,
        file: &File<'_>,
        entry: &Entry<'_>,
        scope: &mut Scope,
        comments: &mut Comments,
    ) -> Result<(), Finding> {
        let Some(first) = entry.tokens.first() else { return Ok(()) };
        if !entry.indented && !first.quoted && first.text.starts_with('$') {
            return self.directive(file, &entry.tokens, scope);
        }
        let place = file.place(first);
        let mut rest = entry.tokens.as_slice();
        if !entry.indented {
            rest = rest.get(1..).unwrap_or_default();
            scope.owner = match name(first, scope, self.apex) {
                Ok(owner) => Some(owner),
                Err(why) => {
                    let found = format!("the name {}", quoted(first.text));
                    self.note(&place, found, why, "its records are left out");
                    None
                }
            };
        }
        let Some(owner) = scope.owner.clone() else { return Ok(()) };
        let head = match head(rest) {
            Ok(head) => head,
            Err(why) => {
                self.note(&place, format!("a record of {owner}"), why, "it is left out");
                return Ok(());
            }
        };
        match head.rtype {
            "DYNA" | "DYNC" => self.dynamic(&place, owner, &head, scope, comments),
            _ => {
                self.fixed(&place, owner, &head, scope, comments);
                Ok(())
            }
        }
    }

    fn directive(
        &mut self,
        file: &File<'_>,
        tokens: &[Token<'_>],
        scope: &mut Scope,
    ) -> Result<(), Finding> {
        let Some(first) = tokens.first() else { return Ok(()) };
        let place = file.place(first);
        let word = first.text.to_ascii_uppercase();
        let argument = tokens.get(1);
        let done = match (word.as_str(), argument) {
            ("$TTL", Some(token)) => match seconds(token.text).map(u32::try_from) {
                Some(Ok(ttl)) if ttl <= i32::MAX as u32 => {
                    scope.default_ttl = ttl;
                    Ok(())
                }
                _ => Err("it is no TTL".to_owned()),
            },
            ("$ORIGIN", Some(token)) => {
                name(token, scope, self.apex).map(|origin| scope.origin = origin)
            }
            ("$INCLUDE", Some(token)) => return self.include(file, token, tokens.get(2), scope),
            _ => Err("gdnsd has $TTL, $ORIGIN and $INCLUDE, each with what it sets".to_owned()),
        };
        done.map_err(|why| place.finding(format!("{}: {why}", quoted(first.text)), "a directive"))
    }

    fn include(
        &mut self,
        file: &File<'_>,
        path: &Token<'_>,
        origin: Option<&Token<'_>>,
        scope: &Scope,
    ) -> Result<(), Finding> {
        let place = file.place(path);
        self.includes += 1;
        if scope.depth >= MOST_DEPTH || self.includes > MOST_INCLUDES {
            let expected = "at most 1000 for one zone and 16 within each other";
            return Err(place.finding("too many included files", expected));
        }
        let origin = match origin {
            Some(token) => name(token, scope, self.apex)
                .map_err(|why| place.finding(why, "an origin behind the path"))?,
            None => scope.origin.clone(),
        };
        let files = (self.resources.include)(path.text, &file.name)
            .map_err(|why| place.finding(why, "a file that can be included"))?;
        for (name, bytes) in files {
            let inner = Scope {
                origin: origin.clone(),
                file_origin: origin.clone(),
                owner: None,
                default_ttl: scope.default_ttl,
                depth: scope.depth + 1,
            };
            self.file(&name, &bytes, inner)?;
        }
        Ok(())
    }

    fn fixed(
        &mut self,
        place: &Place,
        owner: Name,
        head: &Head<'_, '_>,
        scope: &Scope,
        comments: &mut Comments,
    ) {
        let written = head.ttl.map_or(scope.default_ttl, |(ttl, _)| ttl);
        let ttl_seconds = self.ttl(place, &owner, written);
        let data: Vec<String> =
            head.rest.iter().flat_map(|token| self.token(token, head.rtype, scope)).collect();
        let rtype = head.rtype.to_owned();
        let record = Record {
            owner,
            ttl_seconds,
            rtype,
            data: data.join(" "),
            place: place.clone(),
            above: comments.take(),
            behind: None,
        };
        if let Some(record) = resolved(self.resources.plan, &scope.origin, record) {
            let record = self.with_negative_ttl(record);
            self.records.extend(readable(self.resources.plan, self.apex, record));
        }
    }

    /// A token of record data: `@Z` and `@F` as the names that they stand for, strings that are too
    /// long as several.
    fn token(&self, token: &Token<'_>, rtype: &str, scope: &Scope) -> Vec<String> {
        if rtype == "TXT" {
            return strings(token);
        }
        match (token.quoted, special(token.text, scope, self.apex)) {
            (false, Some(Ok(name))) => vec![name.to_string()],
            (true, _) => vec![format!("\"{}\"", token.text)],
            _ => vec![token.text.to_owned()],
        }
    }

    /// gdnsd gives a SOA the TTL of negative answers, always, and that has a limit.
    fn with_negative_ttl(&self, mut record: Record) -> Record {
        if record.rtype == "SOA" {
            let minimum = record.data.rsplit(' ').next().and_then(|text| text.parse::<u32>().ok());
            let negative = minimum.unwrap_or(record.ttl_seconds).min(self.options.max_negative_ttl);
            let negative = negative.max(self.options.min_ttl);
            record.ttl_seconds = record.ttl_seconds.min(negative);
        }
        record
    }

    fn ttl(&mut self, place: &Place, owner: &Name, written: u32) -> u32 {
        let is_acme = owner.labels().next().is_some_and(|label| label == b"_acme-challenge");
        if is_acme {
            return self.options.acme_ttl;
        }
        let ttl = self.options.clamp(written);
        if ttl != written {
            let found = format!("the TTL {written} of {owner}");
            let why = "min_ttl and max_ttl of gdnsd change it when it is served";
            self.note(place, found, why, format!("{ttl}"));
        }
        ttl
    }

    fn dynamic(
        &mut self,
        place: &Place,
        owner: Name,
        head: &Head<'_, '_>,
        scope: &Scope,
        comments: &mut Comments,
    ) -> Result<(), Finding> {
        let (written, least) = head.ttl.unwrap_or((scope.default_ttl, None));
        let ttl_seconds = self.ttl(place, &owner, written);
        let word = head.rest.first().map(|token| token.text).unwrap_or_default();
        let (plugin, resource) = word.split_once('!').unwrap_or((word, ""));
        if let Some(fixed) = records::fixed(self.resources, plugin, resource, place) {
            for (rtype, data) in fixed {
                let record = Record {
                    owner: owner.clone(),
                    ttl_seconds,
                    rtype: rtype.into(),
                    data,
                    place: place.clone(),
                    above: comments.take(),
                    behind: None,
                };
                self.records.extend(readable(self.resources.plan, self.apex, record));
            }
            return Ok(());
        }
        if let Some(least) = least {
            let found = format!("the least TTL {least} of {owner}");
            let why = "in doubt a TTL is as short as the verdict may last, and no shorter than 1 s";
            self.note(place, found, why, format!("ttl = {ttl_seconds}, which doubt may shorten"));
        }
        if self.steered.contains_key(&owner) {
            let found = format!("{owner} steered a second time");
            self.note(place, found, "a name is steered once", "it is left out");
            return Ok(());
        }
        let policy = self.resources.policy(plugin, resource, None, place);
        if let Some(finding) = self.resources.too_much.take() {
            return Err(finding);
        }
        let Some(policy) = policy else {
            let found = format!("{owner} {} {word}", head.rtype);
            self.note(place, found, "nothing can be answered with it", "the name is left out");
            return Ok(());
        };
        self.resources.plan.spend(policy.size(), place)?;
        let mut lines = comments.take();
        lines.push(format!("{} {word}, from {}:{}", head.rtype, place.file, place.line));
        let ttl_seconds = ttl_seconds.max(1);
        let place = place.clone();
        let steered = Steered { owner: owner.clone(), ttl_seconds, policy, place, comments: lines };
        self.steered.insert(owner, steered);
        Ok(())
    }

    fn note(
        &mut self,
        place: &Place,
        found: impl Into<String>,
        why: impl Into<String>,
        instead: impl Into<String>,
    ) {
        self.resources.plan.notes.push(place, found, why, instead);
    }
}

/// A record whose data is written with absolute names; none, with a note, if it cannot be read.
fn resolved(plan: &mut Plan, origin: &Name, record: Record) -> Option<Record> {
    let Record { owner, ttl_seconds, rtype, data, .. } = &record;
    let line = format!("{owner} {ttl_seconds} {rtype} {data}\n");
    let (records, findings) =
        zone::read("record", line.as_bytes(), origin, &mut |_, _| Err("no files".into()));
    let (None, Some(read)) = (findings.first(), records.iter().next()) else {
        let why = match findings.first() {
            Some(finding) => format!("{}; expected {}", finding.found, finding.expected),
            None => "it is no record".into(),
        };
        plan.notes.push(&record.place, format!("{owner} {rtype}"), why, "it is left out");
        return None;
    };
    let data = match read.rtype {
        // Its names are absolute already, and what stands there is as people wrote it.
        rtype::A | rtype::AAAA | TXT => record.data.clone(),
        other => data_text(other, read.rdata),
    };
    let rtype = rtype_text(read.rtype);
    Some(Record { rtype, data, ..record })
}

fn flawed(file: &File<'_>, flaw: Flaw) -> Finding {
    let (mark, (found, expected)) = zone::flaw(flaw);
    Place::new(&file.name, mark.position(file.text)).finding(found, expected)
}
