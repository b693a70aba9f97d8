//! A set of zones as text.

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
}

impl Zone {
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
