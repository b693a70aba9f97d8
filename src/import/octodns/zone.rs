//! The records of one zone: fixed ones as they are, dynamic ones as names that are steered.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use super::OctoDns;
use super::dynamic::Dynamic;
use super::rdata;
use super::yaml::{Key, Kind, Node};
use crate::finding::Finding;
use crate::finding::words::quoted;
use crate::import::fields;
use crate::import::finish::readable;
use crate::import::join::join;
use crate::import::plan::{Plan, Policy, Record, Steered, Zone};
use crate::import::source::Place;
use crate::wire::Name;

/// The longest TTL (RFC 2181 8).
const MOST_TTL_SECONDS: u32 = i32::MAX as u32;
/// The types whose records can be dynamic.
const STEERABLE: [&str; 3] = ["A", "AAAA", "CNAME"];

/// Reads the files of one zone.
pub(super) struct ZoneReader<'a> {
    pub(super) plan: &'a mut Plan,
    pub(super) apex: Name,
    options: &'a OctoDns,
    /// The files that were read.
    files: Vec<String>,
    fixed: Vec<Record>,
    /// What each name is steered by, for each type; in the order of the names.
    steered: BTreeMap<Name, Vec<Choice>>,
    seen: HashMap<(Name, String), Place>,
}

/// What one dynamic record comes to.
struct Choice {
    rtype: String,
    policy: Policy,
    ttl_seconds: u32,
    place: Place,
}

/// One record of a file.
pub(super) struct Entry<'e> {
    pub(super) owner: &'e Name,
    pub(super) rtype: &'e str,
    pub(super) ttl_seconds: u32,
    pub(super) data: &'e Rc<Node>,
    pub(super) place: &'e Place,
}

impl<'a> ZoneReader<'a> {
    pub(super) fn new(plan: &'a mut Plan, apex: Name, options: &'a OctoDns) -> Self {
        Self {
            plan,
            apex,
            options,
            files: Vec::new(),
            fixed: Vec::new(),
            steered: BTreeMap::new(),
            seen: HashMap::new(),
        }
    }

    pub(super) fn file(&mut self, name: &str, root: &Rc<Node>) -> Result<(), Finding> {
        self.files.push(name.to_owned());
        if root.is_null() {
            return Ok(());
        }
        let Kind::Map(names) = &root.kind else {
            return Err(root.place.finding(root.shown(), "a mapping from names to records"));
        };
        for (key, value) in names {
            let owner = match self.owner(key) {
                Ok(owner) => owner,
                Err(why) => {
                    let found = format!("the name {}", quoted(&key.text));
                    self.plan.notes.push(&key.place, found, why, "its records are left out");
                    continue;
                }
            };
            for data in value.items() {
                self.record(&owner, &key.place, &data)?;
            }
        }
        Ok(())
    }

    fn owner(&mut self, key: &Key) -> Result<Name, String> {
        if key.plain && is_no_text(&key.text) {
            let found = format!("the name {} without quotes", key.text);
            let why =
                "for YAML 1.1, which octoDNS reads, this is no text, and becomes another name";
            self.plan.notes.push(&key.place, found, why, "the name as it is written");
        }
        match key.text.as_str() {
            "" => Ok(self.apex.clone()),
            "@" => Err("octoDNS writes the zone itself as ''".into()),
            text if text.ends_with('.') => Err("names are relative to the zone".into()),
            text => fields::name(text, &self.apex),
        }
    }

    fn record(&mut self, owner: &Name, place: &Place, data: &Rc<Node>) -> Result<(), Finding> {
        let Some(rtype) = data.get("type").and_then(|rtype| rtype.text()) else {
            let why = "it has no type";
            self.plan.notes.push(
                &data.place,
                format!("a record of {owner}"),
                why,
                "it is left out",
            );
            return Ok(());
        };
        let place = data.get("type").map_or(place, |node| &node.place);
        if let Some(first) = self.seen.get(&(owner.clone(), rtype.to_owned())) {
            let found = format!("{owner} {rtype} a second time");
            let why = format!("octoDNS takes each once; the first is in line {}", first.line);
            self.plan.notes.push(place, found, why, "it is left out");
            return Ok(());
        }
        self.seen.insert((owner.clone(), rtype.to_owned()), place.clone());
        if !self.is_wanted(owner, rtype, data) {
            return Ok(());
        }
        let ttl_seconds = self.ttl(owner, rtype, data);
        let entry = Entry { owner, rtype, ttl_seconds, data, place };
        if let Some(geo) = data.get("geo") {
            let why = "it is deprecated in octoDNS, and says less than dynamic does";
            let instead = "its values only; write it as dynamic, then import again";
            self.plan.notes.push(&geo.place, format!("geo of {owner} {rtype}"), why, instead);
        }
        match data.get("dynamic") {
            Some(dynamic) if STEERABLE.contains(&rtype) => self.dynamic(&entry, dynamic),
            Some(dynamic) => {
                let found = format!("dynamic at {owner} {rtype}");
                let why = "only A, AAAA and CNAME can be steered";
                self.plan.notes.push(&dynamic.place, found, why, "its values only");
                self.fixed(&entry);
                Ok(())
            }
            None => {
                self.fixed(&entry);
                Ok(())
            }
        }
    }

    /// Looks at what is said to octoDNS of the record.
    fn is_wanted(&mut self, owner: &Name, rtype: &str, data: &Node) -> bool {
        let Some(octodns) = data.get("octodns") else { return true };
        if octodns.get("ignored").and_then(|ignored| ignored.text()).is_some_and(is_true) {
            // octoDNS leaves it out, and so it is left out here.
            return false;
        }
        let Kind::Map(entries) = &octodns.kind else { return true };
        for (key, _) in entries {
            let why = match key.text.as_str() {
                "healthcheck" | "lenient" | "ignored" | "auto_arpa_priority" => continue,
                "excluded" | "included" => "which providers have a record says nothing here",
                _ => "it is a setting of one provider",
            };
            let found = format!("octodns.{} of {owner} {rtype}", key.text);
            let instead = match key.text.as_str() {
                "excluded" | "included" => "the record is served",
                _ => "nothing; look at [monitors] in pools.toml",
            };
            self.plan.notes.push(&key.place, found, why, instead);
        }
        true
    }

    fn ttl(&mut self, owner: &Name, rtype: &str, data: &Node) -> u32 {
        let default = self.options.default_ttl_seconds;
        let Some(node) = data.get("ttl") else { return default };
        let ttl = node.text().and_then(|text| text.parse().ok());
        ttl.filter(|ttl| *ttl <= MOST_TTL_SECONDS).unwrap_or_else(|| {
            let found = format!("the TTL {} of {owner} {rtype}", node.shown());
            let why = "a TTL is a number of seconds up to 2147483647";
            self.plan.notes.push(&node.place, found, why, format!("{default}"));
            default
        })
    }

    fn fixed(&mut self, entry: &Entry<'_>) {
        let Entry { owner, rtype, ttl_seconds, place, .. } = *entry;
        for value in values(entry.data) {
            let data = match rdata::data(rtype, &value) {
                Ok(data) => data,
                Err((found, why)) => {
                    let found = format!("{found} of {owner} {rtype}");
                    self.plan.notes.push(&value.place, found, why, "it is left out");
                    continue;
                }
            };
            let record = Record {
                owner: owner.clone(),
                ttl_seconds,
                rtype: rtype.to_owned(),
                data,
                place: value.place.clone(),
                above: Vec::new(),
                behind: None,
            };
            self.fixed.extend(readable(self.plan, &self.apex, record));
        }
        if values(entry.data).is_empty() {
            let found = format!("{owner} {rtype}");
            self.plan.notes.push(place, found, "it has no values", "it is left out");
        }
    }

    fn dynamic(&mut self, entry: &Entry<'_>, dynamic: &Rc<Node>) -> Result<(), Finding> {
        let Some(policy) = Dynamic::new(self.plan, entry, dynamic).policy()? else {
            let found = format!("{} {}", entry.owner, entry.rtype);
            let why = "nothing of it can be answered";
            self.plan.notes.push(entry.place, found, why, "it is left out");
            return Ok(());
        };
        let (rtype, place) = (entry.rtype.to_owned(), entry.place.clone());
        let choice = Choice { rtype, policy, ttl_seconds: entry.ttl_seconds, place };
        self.steered.entry(entry.owner.clone()).or_default().push(choice);
        Ok(())
    }

    /// The zone, once all of its files are read.
    pub(super) fn finish(mut self) -> Result<Zone, Finding> {
        self.take_in_the_other_family();
        let mut steered = Vec::new();
        for (owner, choices) in std::mem::take(&mut self.steered) {
            steered.push(self.one_of(owner, choices));
        }
        let files = self.files.join(", ");
        let head = vec![format!("Made by steersman import octodns from {files}.")];
        let mut records = self.apex_records();
        let zone_head = vec!["octoDNS leaves the SOA to each provider: this one is new.".into()];
        self.fixed.sort_by_key(|record| (record.owner != self.apex, record.place.line));
        records.append(&mut self.fixed);
        Ok(Zone { apex: self.apex, head, zone_head, records, steered })
    }

    /// A steered name has all of its addresses from pools: fixed ones of the family that is not
    /// dynamic become a pool that is always up.
    fn take_in_the_other_family(&mut self) {
        let fixed = std::mem::take(&mut self.fixed);
        let mut taken: BTreeMap<(Name, String), Vec<Record>> = BTreeMap::new();
        for record in fixed {
            let by_address = self.steered.get(&record.owner).is_some_and(|choices| {
                choices.iter().any(|choice| choice.rtype != "CNAME" && choice.rtype != record.rtype)
            });
            match record.rtype.as_str() {
                "A" | "AAAA" if by_address => {
                    let key = (record.owner.clone(), record.rtype.clone());
                    taken.entry(key).or_default().push(record);
                }
                _ => self.fixed.push(record),
            }
        }
        for ((owner, rtype), records) in taken {
            let Some(first) = records.first().cloned() else { continue };
            let addresses = records.iter().filter_map(|record| record.data.parse().ok());
            let name = owner.to_string();
            let base = name.trim_end_matches('.');
            let pool =
                Dynamic::fixed_pool(self.plan, &[base, &format!("{base}-{rtype}")], addresses);
            let Some(pool) = pool else { continue };
            let (policy, ttl_seconds) = (Policy::Pool(pool), first.ttl_seconds);
            let choice = Choice { rtype, policy, ttl_seconds, place: first.place };
            self.steered.entry(owner).or_default().push(choice);
        }
    }

    fn one_of(&mut self, owner: Name, mut choices: Vec<Choice>) -> Steered {
        choices.sort_by(|a, b| a.rtype.cmp(&b.rtype));
        let types: Vec<&str> = choices.iter().map(|choice| choice.rtype.as_str()).collect();
        let comment = format!("{owner} {}", types.join(" and "));
        let places: Vec<(Place, u32)> =
            choices.iter().map(|choice| (choice.place.clone(), choice.ttl_seconds)).collect();
        let least = places.iter().map(|(_, ttl)| *ttl).min().unwrap_or(0);
        let ttl_seconds = least.max(1);
        for (place, ttl) in places.iter().filter(|(_, ttl)| *ttl != ttl_seconds) {
            let why = match least {
                0 => "a steered name has a TTL of at least 1 s",
                _ => "a steered name has one TTL for all of its types",
            };
            let found = format!("the TTL {ttl} of {owner}");
            self.plan.notes.push(place, found, why, format!("{ttl_seconds}"));
        }
        let place = places.into_iter().next().map(|(place, _)| place);
        let mut policies = choices.into_iter().map(|choice| choice.policy);
        let first = policies.next().unwrap_or(Policy::Failover(Vec::new()));
        let policy = policies.fold(first, |one, other| join(self.plan, one, other));
        let place = place.unwrap_or_else(|| Place::new(&"".into(), (1, 1)));
        let comments = vec![format!("{comment}, from {}:{}", place.file, place.line)];
        Steered { owner, ttl_seconds, policy, place, comments }
    }

    /// The SOA, and NS records where the files have none.
    fn apex_records(&mut self) -> Vec<Record> {
        let file: Rc<str> = self.files.first().map_or("", String::as_str).into();
        let place = Place::new(&file, (1, 1));
        let apex = self.apex.clone();
        let record = |rtype: &str, data: String| Record {
            owner: apex.clone(),
            ttl_seconds: 3600,
            rtype: rtype.into(),
            data,
            place: place.clone(),
            above: Vec::new(),
            behind: None,
        };
        let is_ns = |record: &&Record| record.rtype == "NS" && record.owner == self.apex;
        let mut servers: Vec<String> =
            self.fixed.iter().filter(is_ns).map(|record| record.data.clone()).collect();
        let mut records = Vec::new();
        if servers.is_empty() {
            servers = self.name_servers(&place);
            records.extend(servers.iter().map(|server| record("NS", server.clone())));
        }
        let primary = servers.into_iter().next().unwrap_or_else(|| ".".into());
        let mailbox = Name::parse("hostmaster", &self.apex).unwrap_or_else(|_| Name::root());
        let soa = record("SOA", format!("{primary} {mailbox} 1 3600 900 1209600 300"));
        records.insert(0, soa);
        records
    }

    fn name_servers(&mut self, place: &Place) -> Vec<String> {
        let given = self.options.name_servers.iter();
        let given: Vec<String> = given
            .filter_map(|server| fields::name(server, &self.apex).ok())
            .map(|server| server.to_string())
            .collect();
        if !given.is_empty() {
            return given;
        }
        let made_up = Name::parse("ns1", &self.apex).unwrap_or_else(|_| Name::root()).to_string();
        let found = format!("{} without NS records", self.apex);
        let why = "octoDNS leaves them to each provider, and a zone has them";
        let instead = format!("{made_up}; say --name-server NAME, or write your own into the file");
        self.plan.notes.push(place, found, why, instead);
        vec![made_up]
    }
}

/// The values of a record: of `values`, else of `value`.
pub(super) fn values(data: &Rc<Node>) -> Vec<Rc<Node>> {
    let node = data.get("values").or_else(|| data.get("value"));
    node.map(|node| node.items()).unwrap_or_default()
}

pub(super) fn is_true(text: &str) -> bool {
    matches!(text.to_ascii_lowercase().as_str(), "true" | "yes" | "on")
}

/// Whether YAML 1.1 takes a plain word for anything but a text whose letters are those of the word.
fn is_no_text(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let is_number = text.starts_with(|c: char| c.is_ascii_digit())
        && text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'_' | b':'))
        && text.matches('.').count() < 2;
    let is_date = text.len() >= 8 && text.split('-').count() == 3 && text.split('-').all(digits);
    // A number that is written as it is read is the same name.
    let is_same = digits(text) && (!text.starts_with('0') || text == "0");
    matches!(lower.as_str(), "true" | "false" | "yes" | "no" | "on" | "off" | "null" | "~")
        || ((is_number || is_date) && !is_same)
}
