//! YAML to a tree whose nodes know where they stand, in bounded work.
//!
//! An alias shares the node of its anchor, but counts with all that stands below it, so that a
//! file of a few lines cannot stand for billions of nodes. Keys are texts. `<<` merges, `!include`
//! reads another file.

use std::collections::HashMap;
use std::rc::Rc;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span, StrInput, Tag};

use crate::finding::Finding;
use crate::import::Include;
use crate::import::note::Notes;
use crate::import::source::{Place, text};

/// Nodes of all files together, those that aliases stand for included.
const MOST_NODES: usize = 2_000_000;
const MOST_DEPTH: usize = 64;
/// Files that include each other.
const MOST_INCLUDE_DEPTH: usize = 16;
const MOST_INCLUDES: usize = 1_000;

/// The tags of YAML itself that stand for what files can have.
const KNOWN_TAGS: [&str; 8] = ["null", "bool", "int", "float", "str", "map", "seq", "timestamp"];

/// A value and where it stands.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) place: Place,
    pub(super) kind: Kind,
    /// How many nodes stand in it, itself included.
    size: usize,
}

#[derive(Debug)]
pub(super) enum Kind {
    /// As written; whether without quotes.
    Scalar(String, bool),
    List(Vec<Rc<Node>>),
    /// In the order of the file, each key once.
    Map(Vec<(Key, Rc<Node>)>),
}

/// The key of a map.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) text: String,
    /// Whether it stands without quotes, so that it may be no text for octoDNS.
    pub(super) plain: bool,
    pub(super) place: Place,
}

impl Node {
    /// Its text, if it has one and that is not YAML's word for nothing.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar(_, true) if self.is_null() => None,
            Kind::Scalar(text, _) => Some(text),
            _ => None,
        }
    }

    /// Whether it is nothing.
    pub(super) fn is_null(&self) -> bool {
        matches!(&self.kind, Kind::Scalar(text, true)
            if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }

    /// The value of a key, if it is a map that has it, and not nothing.
    pub(super) fn get(&self, key: &str) -> Option<&Rc<Self>> {
        let Kind::Map(entries) = &self.kind else { return None };
        let (_, value) = entries.iter().find(|(known, _)| known.text == key)?;
        (!value.is_null()).then_some(value)
    }

    /// The items of a list; of anything else that is something, itself.
    pub(super) fn items(self: &Rc<Self>) -> Vec<Rc<Self>> {
        match &self.kind {
            Kind::List(items) => items.clone(),
            _ if self.is_null() => Vec::new(),
            _ => vec![Rc::clone(self)],
        }
    }

    /// What it is, for whoever expected something else.
    pub(super) fn shown(&self) -> String {
        match &self.kind {
            _ if self.is_null() => "nothing".into(),
            Kind::Scalar(text, _) => crate::finding::words::quoted(text),
            Kind::List(items) => format!("a list of {}", items.len()),
            Kind::Map(_) => "a mapping".into(),
        }
    }
}

/// An entry of a map, and whether it is its own and not merged into it.
type Candidate = (Key, Rc<Node>, bool);

/// Reads files, and those that they include.
pub(super) struct Reader<'a, 'i> {
    pub(super) notes: &'a mut Notes,
    include: &'a mut Include<'i>,
    nodes: usize,
    includes: usize,
}

/// A list or map that has not ended yet.
struct Open {
    place: Place,
    anchor: usize,
    what: Inside,
}

enum Inside {
    List(Vec<Rc<Node>>),
    Map(Vec<(Key, Rc<Node>)>, Option<Key>),
}

/// A file that is being read.
struct File {
    name: Rc<str>,
    /// How many characters stand before each line, and in all of it.
    lines: Vec<usize>,
    characters: usize,
    anchors: HashMap<usize, Rc<Node>>,
    open: Vec<Open>,
    root: Option<Rc<Node>>,
    /// How many files include it, one within the other.
    depth: usize,
}

impl File {
    fn new(name: &str, text: &str, depth: usize) -> Self {
        let breaks = text.chars().zip(1..).filter(|(c, _)| *c == '\n').map(|(_, next)| next);
        let lines = std::iter::once(0).chain(breaks).collect();
        let (characters, name) = (text.chars().count(), name.into());
        let (anchors, open, root) = (HashMap::new(), Vec::new(), None);
        Self { name, lines, characters, anchors, open, root, depth }
    }

    /// A place as editors count: for YAML more ends a line than for them.
    fn place(&self, marker: &Marker) -> Place {
        let at = marker.index().min(self.characters);
        let line = self.lines.partition_point(|start| *start <= at).max(1);
        let start = self.lines.get(line - 1).copied().unwrap_or(0);
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Place::new(&self.name, (number(line), number(at - start + 1)))
    }

    fn wrong_at(&self, span: Span, found: &str, expected: &str) -> Finding {
        self.place(&span.start).finding(found, expected)
    }
}

impl<'a, 'i> Reader<'a, 'i> {
    pub(super) fn new(notes: &'a mut Notes, include: &'a mut Include<'i>) -> Self {
        Self { notes, include, nodes: 0, includes: 0 }
    }

    /// Reads one file; none if it is empty.
    pub(super) fn read(&mut self, name: &str, bytes: &[u8]) -> Result<Option<Rc<Node>>, Finding> {
        self.file(name, bytes, 0)
    }

    fn file(
        &mut self,
        name: &str,
        bytes: &[u8],
        depth: usize,
    ) -> Result<Option<Rc<Node>>, Finding> {
        let text = text(name, bytes)?;
        let mut file = File::new(name, text, depth);
        let mut parser: Parser<'_, StrInput<'_>> = Parser::new_from_str(text);
        let mut documents = 0;
        loop {
            let (event, span) = match parser.next_event() {
                None => break,
                Some(Ok(event)) => event,
                Some(Err(error)) => {
                    let found = format!("no YAML: {}", error.info());
                    return Err(file.place(error.marker()).finding(found, "YAML"));
                }
            };
            match event {
                Event::StreamEnd => break,
                Event::DocumentStart(_) => {
                    documents += 1;
                    if documents > 1 {
                        return Err(file.wrong_at(span, "a second document", "one for each file"));
                    }
                }
                event => self.event(&mut file, event, span)?,
            }
        }
        Ok(file.root)
    }

    fn event(&mut self, file: &mut File, event: Event<'_>, span: Span) -> Result<(), Finding> {
        let place = file.place(&span.start);
        match event {
            Event::Alias(anchor) => {
                let Some(node) = file.anchors.get(&anchor).map(Rc::clone) else {
                    let expected = "an anchor that ends before its alias";
                    return Err(file.wrong_at(span, "an alias within its own anchor", expected));
                };
                self.spend(file, span, node.size)?;
                self.place(file, node, 0, span)
            }
            Event::Scalar(text, style, anchor, tag) => {
                self.spend(file, span, 1)?;
                let plain = style == ScalarStyle::Plain && tag.as_ref().is_none_or(|t| !is_str(t));
                let includes = match &tag {
                    Some(tag) => self.tag(file, tag, span)?,
                    None => false,
                };
                let node = match includes {
                    true => self.included(file, &text, &place, span)?,
                    false => leaf(place, text.into_owned(), plain),
                };
                self.place(file, node, anchor, span)
            }
            Event::SequenceStart(anchor, tag) => {
                self.begin(file, tag.as_deref(), span)?;
                file.open.push(Open { place, anchor, what: Inside::List(Vec::new()) });
                Ok(())
            }
            Event::MappingStart(anchor, tag) => {
                self.begin(file, tag.as_deref(), span)?;
                file.open.push(Open { place, anchor, what: Inside::Map(Vec::new(), None) });
                Ok(())
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(Open { place, anchor, what }) = file.open.pop() else { return Ok(()) };
                let kind = match what {
                    Inside::List(items) => Kind::List(items),
                    Inside::Map(entries, _) => self.map(file, entries, span)?,
                };
                let below: usize = match &kind {
                    Kind::Scalar(..) => 0,
                    Kind::List(items) => sum(items.iter()),
                    Kind::Map(entries) => sum(entries.iter().map(|(_, value)| value)),
                };
                let node = Node { place, kind, size: below.saturating_add(1) };
                self.place(file, Rc::new(node), anchor, span)
            }
            _ => Ok(()),
        }
    }

    fn spend(&mut self, file: &File, span: Span, nodes: usize) -> Result<(), Finding> {
        self.nodes = self.nodes.saturating_add(nodes);
        match self.nodes > MOST_NODES {
            true => {
                let found = "more than two million values, with those that aliases stand for";
                Err(file.wrong_at(span, found, "files of a size that people can look after"))
            }
            false => Ok(()),
        }
    }

    fn begin(&mut self, file: &File, tag: Option<&Tag>, span: Span) -> Result<(), Finding> {
        self.spend(file, span, 1)?;
        if let Some(tag) = tag {
            self.tag(file, tag, span)?;
        }
        if file.open.len() >= MOST_DEPTH {
            let found = format!("lists and mappings more than {MOST_DEPTH} deep");
            return Err(file.wrong_at(span, &found, "fewer within each other"));
        }
        Ok(())
    }

    /// Whether a tag asks for another file; those that octoDNS does not know are errors there too.
    fn tag(&self, file: &File, tag: &Tag, span: Span) -> Result<bool, Finding> {
        if tag.is_yaml_core_schema() && KNOWN_TAGS.contains(&tag.suffix.as_str()) {
            return Ok(false);
        }
        match (tag.handle.as_str(), tag.suffix.as_str()) {
            ("!", "include") => Ok(true),
            ("" | "!", "" | "!") => Ok(false),
            (handle, suffix) => {
                let found = format!("the tag {handle}{suffix}");
                Err(file.wrong_at(span, &found, "!include, or no tag"))
            }
        }
    }

    fn included(
        &mut self,
        file: &File,
        written: &str,
        place: &Place,
        span: Span,
    ) -> Result<Rc<Node>, Finding> {
        self.includes += 1;
        if file.depth >= MOST_INCLUDE_DEPTH || self.includes > MOST_INCLUDES {
            let found = "too many included files";
            let expected = "at most 1000 in all and 16 within each other";
            return Err(file.wrong_at(span, found, expected));
        }
        let read = (self.include)(written, &file.name)
            .map_err(|why| file.wrong_at(span, &why, "a file that can be included"))?;
        let [(name, bytes)] = read.as_slice() else {
            return Err(file.wrong_at(span, "several included files", "one"));
        };
        let node = self.file(name, bytes, file.depth + 1)?;
        Ok(node.unwrap_or_else(|| leaf(place.clone(), String::new(), true)))
    }

    /// Puts a node where it belongs.
    fn place(
        &mut self,
        file: &mut File,
        node: Rc<Node>,
        anchor: usize,
        span: Span,
    ) -> Result<(), Finding> {
        if anchor > 0 {
            file.anchors.insert(anchor, Rc::clone(&node));
        }
        let at = file.place(&span.start);
        match file.open.last_mut().map(|open| &mut open.what) {
            None => file.root = Some(node),
            Some(Inside::List(items)) => items.push(node),
            Some(Inside::Map(entries, key @ Some(_))) => {
                entries.extend(key.take().map(|key| (key, node)));
            }
            Some(Inside::Map(_, key @ None)) => {
                let Kind::Scalar(text, plain) = &node.kind else {
                    return Err(file.wrong_at(span, "a key that is no text", "a text"));
                };
                *key = Some(Key { text: text.clone(), plain: *plain, place: at });
            }
        }
        Ok(())
    }

    /// The entries of a map, with what is merged into it. Of equal keys the last counts.
    fn map(
        &mut self,
        file: &File,
        entries: Vec<(Key, Rc<Node>)>,
        span: Span,
    ) -> Result<Kind, Finding> {
        let mut at: HashMap<String, usize> = HashMap::new();
        let mut map: Vec<Candidate> = Vec::new();
        for (key, value) in entries {
            let merged = if key.text == "<<" && key.plain {
                merged(&value).map_err(|found| file.wrong_at(span, found, "a mapping to merge"))?
            } else {
                vec![(key, value, true)]
            };
            self.spend(file, span, merged.len())?;
            for (key, value, own) in merged {
                let Some(&index) = at.get(&key.text) else {
                    at.insert(key.text.clone(), map.len());
                    map.push((key, value, own));
                    continue;
                };
                let Some(before) = map.get_mut(index) else { continue };
                if own && before.2 {
                    let found =
                        format!("{} a second time", crate::finding::words::quoted(&key.text));
                    let why = "a mapping has each key once";
                    self.notes.push(&key.place, found, why, "the last one counts, as in octoDNS");
                }
                *before = (key, value, own);
            }
        }
        Ok(Kind::Map(map.into_iter().map(|(key, value, _)| (key, value)).collect()))
    }
}

/// What `<<` brings: the entries of a map, or of a list of maps, of which the first counts most.
fn merged(value: &Node) -> Result<Vec<Candidate>, &'static str> {
    let copies = |entries: &[(Key, Rc<Node>)]| -> Vec<Candidate> {
        let copy = |(key, value): &(Key, Rc<Node>)| {
            let Key { text, plain, place } = key;
            let key = Key { text: text.clone(), plain: *plain, place: place.clone() };
            (key, Rc::clone(value), false)
        };
        entries.iter().map(copy).collect()
    };
    match &value.kind {
        Kind::Map(entries) => Ok(copies(entries)),
        Kind::List(maps) => {
            let mut all = Vec::new();
            for map in maps.iter().rev() {
                let Kind::Map(entries) = &map.kind else { return Err("what cannot be merged") };
                all.extend(copies(entries));
            }
            Ok(all)
        }
        Kind::Scalar(..) => Err("what cannot be merged"),
    }
}

fn leaf(place: Place, text: String, plain: bool) -> Rc<Node> {
    Rc::new(Node { place, kind: Kind::Scalar(text, plain), size: 1 })
}

fn sum<'n>(nodes: impl Iterator<Item = &'n Rc<Node>>) -> usize {
    nodes.map(|node| node.size).fold(0, usize::saturating_add)
}

fn is_str(tag: &Tag) -> bool {
    tag.is_yaml_core_schema() && tag.suffix == "str"
}
