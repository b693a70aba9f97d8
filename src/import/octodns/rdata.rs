//! The data of fixed records as master files have it.

use std::rc::Rc;

use super::yaml::{Kind, Node};
use crate::import::fields::name;
use crate::import::write::text_string;
use crate::wire::Name;

/// The text of a value, or what was found and why it cannot be carried over.
pub(super) fn data(rtype: &str, value: &Rc<Node>) -> Result<String, (String, String)> {
    let fields = Fields(value);
    let shown = || fields.shown();
    match rtype {
        "A" | "AAAA" => fields.plain(),
        "CNAME" | "DNAME" | "NS" | "PTR" => fields.name_of(value),
        "TXT" | "SPF" => fields.txt(),
        "MX" => {
            let preference = fields.number(&["preference", "priority"])?;
            Ok(format!("{preference} {}", fields.name(&["exchange", "value"])?))
        }
        "SRV" => {
            let [priority, weight, port] = [
                fields.number(&["priority"])?,
                fields.number(&["weight"])?,
                fields.number(&["port"])?,
            ];
            Ok(format!("{priority} {weight} {port} {}", fields.name(&["target"])?))
        }
        "CAA" => {
            let flags = fields.number_or("flags", 0)?;
            Ok(format!("{flags} {} {}", fields.word("tag")?, fields.string("value")?))
        }
        "NAPTR" => Ok(format!(
            "{} {} {} {} {} {}",
            fields.number(&["order"])?,
            fields.number(&["preference"])?,
            text_string(fields.text("flags")?.to_uppercase().as_bytes()),
            fields.string("service")?,
            fields.string("regexp")?,
            fields.name(&["replacement"])?
        )),
        "SSHFP" => Ok(format!(
            "{} {} {}",
            fields.number(&["algorithm"])?,
            fields.number(&["fingerprint_type"])?,
            fields.word("fingerprint")?
        )),
        "TLSA" => Ok(format!(
            "{} {} {} {}",
            fields.number_or("certificate_usage", 0)?,
            fields.number_or("selector", 0)?,
            fields.number_or("matching_type", 0)?,
            fields.word("certificate_association_data")?
        )),
        "DS" => fields.ds(),
        "URI" => Ok(format!(
            "{} {} {}",
            fields.number(&["priority"])?,
            fields.number(&["weight"])?,
            fields.string("target")?
        )),
        "LOC" => fields.loc(),
        "SVCB" | "HTTPS" => fields.svcb(),
        "OPENPGPKEY" => fields.plain(),
        "ALIAS" => {
            let why = "DNS has no such type; where it leads to addresses, steer the name to them";
            Err((shown(), why.into()))
        }
        _ => Err((shown(), "it is of a type that octoDNS's own zone files do not have".into())),
    }
}

struct Fields<'n>(&'n Rc<Node>);

type Read<T> = Result<T, (String, String)>;

impl Fields<'_> {
    fn shown(&self) -> String {
        format!("the value {}", self.0.shown())
    }

    fn wrong<T>(&self, why: impl Into<String>) -> Read<T> {
        Err((self.shown(), why.into()))
    }

    /// The value itself, without anything that would end it.
    fn plain(&self) -> Read<String> {
        match self.0.text().map(one_word) {
            Some(Some(word)) => Ok(word),
            _ => self.wrong("it is no single word"),
        }
    }

    fn text(&self, key: &str) -> Read<String> {
        match self.0.get(key).map(|node| node.text()) {
            Some(Some(text)) => Ok(text.to_owned()),
            // An empty text is YAML's word for nothing where it has no quotes.
            None if matches!(&self.0.kind, Kind::Map(all) if all.iter().any(|(k, _)| k.text == key)) => {
                Ok(String::new())
            }
            _ => self.wrong(format!("it has no {key}")),
        }
    }

    fn word(&self, key: &str) -> Read<String> {
        let text = self.text(key)?;
        one_word(&text).map_or_else(|| self.wrong(format!("its {key} is no single word")), Ok)
    }

    fn string(&self, key: &str) -> Read<String> {
        self.text(key).map(|text| text_string(text.as_bytes()))
    }

    fn number(&self, keys: &[&str]) -> Read<u32> {
        let key = keys.iter().find(|key| self.0.get(key).is_some()).or(keys.first());
        let key = key.copied().unwrap_or_default();
        let number = self.text(key)?.parse();
        number.map_or_else(|_| self.wrong(format!("its {key} is no whole number")), Ok)
    }

    fn number_or(&self, key: &str, default: u32) -> Read<u32> {
        match self.0.get(key) {
            None => Ok(default),
            Some(_) => self.number(&[key]),
        }
    }

    fn decimal(&self, key: &str) -> Read<f64> {
        let number = self.text(key)?.parse().ok().filter(|number: &f64| number.is_finite());
        number.map_or_else(|| self.wrong(format!("its {key} is no number")), Ok)
    }

    fn name(&self, keys: &[&str]) -> Read<String> {
        let node = keys.iter().find_map(|key| self.0.get(key));
        match node {
            Some(node) => self.name_of(node),
            None => self.wrong(format!("it has no {}", keys.first().unwrap_or(&"name"))),
        }
    }

    /// A name, which octoDNS has absolute.
    fn name_of(&self, node: &Node) -> Read<String> {
        let text = node.text().unwrap_or_default();
        match text {
            "." => Ok(".".into()),
            text => match name(text, &Name::root()) {
                Ok(name) => Ok(name.to_string()),
                Err(why) => self.wrong(why),
            },
        }
    }

    /// Character strings of at most 255 bytes. octoDNS writes a semicolon as `\;`, and takes quotes
    /// round the whole away.
    fn txt(&self) -> Read<String> {
        let Some(text) = self.0.text() else { return self.wrong("it is no text") };
        let bare = match text.starts_with('"') && text.len() >= 2 {
            true => text.strip_prefix('"').map(|rest| rest.strip_suffix('"').unwrap_or(rest)),
            false => None,
        };
        let text = bare.unwrap_or(text).replace("\" \"", "").replace("\\;", ";");
        let strings: Vec<String> = text.as_bytes().chunks(255).map(text_string).collect();
        match strings.is_empty() {
            true => Ok("\"\"".into()),
            false => Ok(strings.join(" ")),
        }
    }

    fn ds(&self) -> Read<String> {
        // The names of old have other meanings.
        let is_old = self.0.get("public_key").is_some() || self.0.get("flags").is_some();
        let keys = match is_old {
            true => ["flags", "protocol", "algorithm", "public_key"],
            false => ["key_tag", "algorithm", "digest_type", "digest"],
        };
        let [tag, algorithm, kind, digest] = keys;
        Ok(format!(
            "{} {} {} {}",
            self.number(&[tag])?,
            self.number(&[algorithm])?,
            self.number(&[kind])?,
            self.word(digest)?
        ))
    }

    fn loc(&self) -> Read<String> {
        Ok(format!(
            "{} {} {} {} {} {} {} {} {}m {}m {}m {}m",
            self.number(&["lat_degrees"])?,
            self.number(&["lat_minutes"])?,
            self.decimal("lat_seconds")?,
            self.word("lat_direction")?.to_uppercase(),
            self.number(&["long_degrees"])?,
            self.number(&["long_minutes"])?,
            self.decimal("long_seconds")?,
            self.word("long_direction")?.to_uppercase(),
            self.decimal("altitude")?,
            self.decimal("size")?,
            self.decimal("precision_horz")?,
            self.decimal("precision_vert")?
        ))
    }

    fn svcb(&self) -> Read<String> {
        let mut data =
            format!("{} {}", self.number(&["svcpriority"])?, self.name(&["targetname"])?);
        let Some(params) = self.0.get("svcparams") else { return Ok(data) };
        let Kind::Map(params) = &params.kind else {
            return self.wrong("its svcparams are no mapping");
        };
        for (key, value) in params {
            let Some(key) = one_word(&key.text) else {
                return self.wrong("one of its svcparams is no single word");
            };
            data += &format!(" {key}");
            let items = value.items();
            if !items.is_empty() {
                let texts: Option<Vec<String>> =
                    items.iter().map(|item| item.text().and_then(one_word)).collect();
                let Some(texts) = texts else {
                    return self.wrong(format!("the value of {key} is no single word"));
                };
                data += &format!("={}", texts.join(","));
            }
        }
        Ok(data)
    }
}

/// A word that no master file takes for anything else.
fn one_word(text: &str) -> Option<String> {
    let good = |byte: u8| {
        byte.is_ascii_graphic() && !matches!(byte, b'"' | b'(' | b')' | b';' | b'\\' | b'$' | b'@')
    };
    (!text.is_empty() && text.bytes().all(good)).then(|| text.to_owned())
}
