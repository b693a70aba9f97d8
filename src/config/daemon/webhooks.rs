//! `[webhooks.NAME]`: who is told elsewhere of what happens.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use url::Url;

use super::{Daemon, FilePosition, NamedFile, named, word};
use crate::config::document::{Item, Table};
use crate::finding::words::{did_you_mean, one_of, plain_name, quoted};
use crate::notice::{Form, Kind, Pattern};

const KEYS: [&str; 10] = [
    "url",
    "url_file",
    "form",
    "secret_file",
    "routing_key_file",
    "events",
    "targets",
    "group",
    "timeout",
    "ca_file",
];

/// Each has a task and a queue of its own.
const MOST: usize = 32;
const GROUP: Duration = Duration::from_secs(5);
const LONGEST_GROUP: Duration = Duration::from_secs(600);
const TIMEOUT: Duration = Duration::from_secs(10);
const LEAST_TIMEOUT: Duration = Duration::from_millis(100);
const LONGEST_TIMEOUT: Duration = Duration::from_secs(60);
const PAGERDUTY: &str = "https://events.pagerduty.com/v2/enqueue";
const URL: &str = r#"an http or https address, such as "https://hooks.example.com/dns""#;

/// One webhook.
#[derive(Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Its name.
    pub name: String,
    /// Where to.
    pub to: Address,
    /// In which form.
    pub form: Form,
    /// The file of secrets to sign with; none: nothing is signed.
    pub secrets: Option<NamedFile>,
    /// The file of PagerDuty's routing key.
    pub routing_key: Option<NamedFile>,
    /// What is told.
    pub events: BTreeSet<Kind>,
    /// Of what, and where each is written; none: of everything.
    pub targets: Vec<(Pattern, FilePosition)>,
    /// How long is waited for more of the same. Default 5 s.
    pub group: Duration,
    /// How long one attempt may take. Default 10 s.
    pub timeout: Duration,
    /// Authorities in place of those that browsers trust.
    pub authorities: Option<NamedFile>,
}

/// Where messages go. It may be a secret, so nothing shows all of it.
#[derive(Clone, PartialEq, Eq)]
pub enum Address {
    /// As `steersman.toml` has it.
    Written(Url),
    /// As this file has it.
    InFile(NamedFile),
}

impl std::fmt::Debug for Webhook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Webhook").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Reads all of them.
pub(super) fn read(tables: &Table<'_>, folder: &Path, daemon: &mut Daemon) {
    if tables.entries().count() > MOST {
        tables.finding(format!("{} webhooks", tables.entries().count()), format!("at most {MOST}"));
    }
    for (name, item) in tables.entries().take(MOST) {
        let Some(table) = item.table("a table, [webhooks.NAME]") else { continue };
        table.expect_keys_of_named(&KEYS);
        if let Err(expected) = plain_name(name) {
            item.key_finding(quoted(name), format!("a name of {expected}"));
            continue;
        }
        daemon.webhooks.extend(webhook(name, &table, folder));
    }
}

fn webhook(name: &str, table: &Table<'_>, folder: &Path) -> Option<Webhook> {
    let forms = Form::ALL.map(|form| (form.name(), form));
    let form = table.get("form").map_or(Some(Form::Json), |item| word(&item, &forms));
    let file = |key: &str| {
        let (path, position) = named(&table.get(key)?, folder)?;
        Some(NamedFile { path, position })
    };
    let (secrets, routing_key) = (file("secret_file"), file("routing_key_file"));
    let time = |key: &str, least, most| table.get(key).and_then(|item| item.duration(least..=most));
    let group = time("group", Duration::ZERO, LONGEST_GROUP).unwrap_or(GROUP);
    let timeout = time("timeout", LEAST_TIMEOUT, LONGEST_TIMEOUT).unwrap_or(TIMEOUT);
    let targets = table.get("targets").map(|item| targets(&item)).unwrap_or_default();
    let form = form?;
    let events = match table.get("events") {
        Some(item) => kinds(&item, form),
        None => Kind::ALL.into_iter().filter(|kind| is_told(form, *kind)).collect(),
    };
    let has = |key: &str| table.get(key).is_some();
    if form == Form::PagerDuty && !has("routing_key_file") {
        let expected =
            r#"routing_key_file = "pagerduty.key", a file with the integration key of the service"#;
        table.finding("no routing_key_file", expected);
    }
    for (key, wanted) in [("routing_key_file", Form::PagerDuty), ("secret_file", Form::Json)] {
        if let Some(item) = table.get(key).filter(|_| form != wanted) {
            let found = format!("{key} with form = {}", quoted(form.name()));
            item.key_finding(found, format!("it with form = {} only", quoted(wanted.name())));
        }
    }
    Some(Webhook {
        name: name.to_owned(),
        to: address(table, folder, form)?,
        form,
        secrets,
        routing_key,
        events,
        targets,
        group,
        timeout,
        authorities: file("ca_file"),
    })
}

fn address(table: &Table<'_>, folder: &Path, form: Form) -> Option<Address> {
    match (table.get("url"), table.get("url_file")) {
        (Some(_), Some(file)) => {
            file.key_finding("url_file beside url", "one of both");
            None
        }
        (Some(item), None) => {
            let text = item.text(URL)?;
            match parse_url(text) {
                Ok(url) => Some(Address::Written(url)),
                Err(found) => {
                    item.finding(found, URL);
                    None
                }
            }
        }
        (None, Some(item)) => {
            let (path, position) = named(&item, folder)?;
            Some(Address::InFile(NamedFile { path, position }))
        }
        (None, None) if form == Form::PagerDuty => parse_url(PAGERDUTY).ok().map(Address::Written),
        (None, None) => {
            table.finding("no url", format!("url, {URL}, or url_file, a file with it"));
            None
        }
    }
}

/// Says what is wrong, and never what was read.
pub(in crate::config) fn parse_url(text: &str) -> Result<Url, &'static str> {
    let url = Url::parse(text).map_err(|_| "a text that is no address")?;
    match () {
        () if !matches!(url.scheme(), "http" | "https") => Err("an address of another kind"),
        () if url.host_str().is_none_or(str::is_empty) => Err("an address without a host"),
        () if !url.username().is_empty() || url.password().is_some() => {
            Err("an address with a user or password in it")
        }
        () => Ok(url),
    }
}

/// Whether a form has a way to say it.
fn is_told(form: Form, kind: Kind) -> bool {
    form != Form::PagerDuty || kind.is_trouble()
}

fn kinds(item: &Item<'_>, form: Form) -> BTreeSet<Kind> {
    let known = || Kind::ALL.into_iter().filter(|kind| is_told(form, *kind)).map(Kind::name);
    let expected = one_of(known());
    let items = item.list("a list of kinds of events").unwrap_or_default();
    if items.is_empty() && matches!(item.kind(), crate::config::document::Kind::List(_)) {
        item.finding(item.shown(), format!("kinds of events: {expected}"));
    }
    let mut kinds = BTreeSet::new();
    for item in items {
        let Some(text) = item.text(&expected) else { continue };
        match Kind::of(text) {
            Some(kind) if is_told(form, kind) => drop(kinds.insert(kind)),
            Some(_) => item.finding(
                format!("{}, which PagerDuty has no way to say", quoted(text)),
                format!("what begins and ends: {expected}"),
            ),
            None => {
                let meant = did_you_mean(text, known());
                item.finding(format!("{}{meant}", quoted(text)), expected.clone());
            }
        }
    }
    kinds
}

fn targets(item: &Item<'_>) -> Vec<(Pattern, FilePosition)> {
    const EXPECTED: &str =
        r#"a list of targets, such as ["region:us-east", "name:*.example.com."]"#;
    let items = item.list(EXPECTED).unwrap_or_default();
    let mut targets = Vec::new();
    for item in items {
        let Some(text) = item.text("a target") else { continue };
        match text.parse::<Pattern>() {
            Ok(pattern) => targets.push((pattern, item.position())),
            Err(why) => {
                let expected = why.split_once("expected ").map_or(EXPECTED, |(_, rest)| rest);
                item.finding(item.shown(), expected);
            }
        }
    }
    targets
}
