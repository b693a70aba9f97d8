//! A set of zones as text.

use hickory_proto::rr::RecordType;

use crate::peers::Peer;

/// The zones that the servers load.
#[derive(Default)]
pub struct Zones(pub Vec<Zone>);

pub struct Zone {
    /// Its apex, absolute and in lower case.
    pub apex: String,
    /// Its records, relative to the apex.
    pub text: String,
    /// Who does not know all of its types.
    pub unread_by: Option<Peer>,
}

impl Zones {
    pub fn add(&mut self, apex: &str, text: String) {
        self.0.push(Zone { apex: apex.into(), text, unread_by: None });
    }

    /// The apex of the zone in which a name lies, if there is one.
    pub fn of(&self, name: &str) -> Option<&str> {
        let holding = self.0.iter().filter(|zone| is_within(name, &zone.apex));
        holding.max_by_key(|zone| labels(&zone.apex)).map(|zone| zone.apex.as_str())
    }

    /// The apex of the zone that answers: the DS records of an apex are those of the zone above it
    /// (RFC 4035 3.1.4.1).
    pub fn answering(&self, name: &str, rtype: RecordType) -> Option<&str> {
        let apex = self.of(name)?;
        match name.split_once('.') {
            Some((_, "")) if rtype == RecordType::DS && apex == name => self.of("."),
            Some((_, above)) if rtype == RecordType::DS && apex == name => self.of(above),
            _ => None,
        }
        .or(Some(apex))
    }

    /// Whether a zone has a wildcard that may stand for a name, at whichever depth.
    pub fn have_wildcard_for(&self, name: &str) -> bool {
        let covers =
            |owner: &str| owner.strip_prefix("*.").is_some_and(|above| is_within(name, above));
        self.0.iter().any(|zone| zone.owners().any(|owner| covers(&owner)))
    }

    /// Whether another zone lies within that of a name, or around it.
    pub fn are_nested_around(&self, name: &str) -> bool {
        let Some(own) = self.of(name) else { return false };
        let others = self.0.iter().map(|zone| zone.apex.as_str()).filter(|apex| *apex != own);
        others.into_iter().any(|apex| is_within(apex, own) || is_within(own, apex))
    }
}

impl Zone {
    /// The owners of its records, absolute and in lower case, as a reply shows them.
    fn owners(&self) -> impl Iterator<Item = String> {
        let lines = self.text.lines().filter(|line| !line.is_empty());
        lines.map(|line| match line.split(' ').next().unwrap_or_default() {
            "@" => self.apex.clone(),
            owner => join(owner, &self.apex).to_ascii_lowercase(),
        })
    }

    /// The name of its file without the ending.
    pub fn file_name(&self) -> String {
        match self.apex.trim_end_matches('.') {
            "" => "root".into(),
            name => name.replace('/', "_"),
        }
    }

    /// Its file.
    pub fn file(&self) -> String {
        format!("$ORIGIN {}\n$TTL 600\n{}", self.apex, self.text)
    }
}

/// Whether a name is another one or below it; both absolute and in lower case.
pub fn is_within(name: &str, above: &str) -> bool {
    above == "." || name == above || name.ends_with(&format!(".{above}"))
}

/// Appends a name to a relative one, which may be empty.
pub fn join(relative: &str, apex: &str) -> String {
    match (relative, apex) {
        ("", apex) => apex.into(),
        (relative, ".") => format!("{relative}."),
        (relative, apex) => format!("{relative}.{apex}"),
    }
}

fn labels(name: &str) -> usize {
    name.split('.').filter(|label| !label.is_empty()).count()
}
