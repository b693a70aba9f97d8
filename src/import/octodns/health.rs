//! `octodns.healthcheck`: how the values of a dynamic record are probed.

use super::yaml::Node;
use super::zone::Entry;
use crate::finding::words::quoted;
use crate::import::fields::{host_header, http_path};
use crate::import::plan::{Monitor, MonitorKind, Plan};

/// The path that octoDNS asks for unless told otherwise.
const PATH: &str = "/_dns";
/// The port, whatever the protocol.
const PORT: u16 = 443;

/// The index of the record's monitor; none if there is none like it here.
pub(super) fn monitor(plan: &mut Plan, entry: &Entry<'_>) -> Option<usize> {
    let owner = entry.owner.to_string();
    let owner = owner.trim_end_matches('.');
    let check = entry.data.get("octodns").and_then(|octodns| octodns.get("healthcheck"));
    let mut check = Check { plan, owner, node: check.map(|check| &**check) };
    let (kind, comment) = check.kind()?;
    let comments = comment.map(str::to_owned).into_iter().collect();
    Some(plan.monitor(Monitor { name: owner.into(), comments, kind, pace: None }))
}

struct Check<'c> {
    plan: &'c mut Plan,
    owner: &'c str,
    node: Option<&'c Node>,
}

impl Check<'_> {
    fn kind(&mut self) -> Option<(MonitorKind, Option<&'static str>)> {
        let protocol = self.get("protocol").and_then(|node| node.text().map(str::to_owned));
        Some(match protocol.as_deref().unwrap_or("HTTPS") {
            "HTTPS" => {
                (self.http(true), Some("octoDNS's providers do not look at the certificate."))
            }
            "HTTP" => (self.http(false), None),
            "TCP" => (MonitorKind::Tcp { port: self.port() }, None),
            "ICMP" => (MonitorKind::Icmp, None),
            other => {
                let found = format!("the health check protocol {}", quoted(other));
                let why = "there is no monitor of that kind";
                self.note("protocol", found, why, "no monitor: its values are always up");
                return None;
            }
        })
    }

    fn http(&mut self, tls: bool) -> MonitorKind {
        let host = self.text("host").unwrap_or_else(|| self.owner.to_owned());
        let header = host_header(&host);
        if header.is_none() {
            let found = format!("the Host header {}", quoted(&host));
            let why = "a Host header is a host name or an address";
            self.note("host", found, why, "the address that is probed");
        }
        let path = self.text("path").unwrap_or_else(|| PATH.into());
        let good = http_path(&path);
        if good.as_ref() != Some(&path) {
            let found = format!("the path {}", quoted(&path));
            let why = "a path begins with \"/\" and is in ASCII, without spaces and \"#\"";
            let instead = good.as_deref().unwrap_or(PATH).to_owned();
            self.note("path", found, why, &instead);
        }
        let (path, port) = (good.unwrap_or_else(|| PATH.into()), self.port());
        // All that octoDNS promises is "a 200 response".
        MonitorKind::Http { tls, path, port, host: header, status: vec![200] }
    }

    fn port(&mut self) -> u16 {
        let Some(text) = self.text("port") else { return PORT };
        text.parse().ok().filter(|port| *port > 0).unwrap_or_else(|| {
            let found = format!("the port {}", quoted(&text));
            self.note("port", found, "a port is a number from 1 to 65535", "443");
            PORT
        })
    }

    fn get(&self, key: &str) -> Option<&Node> {
        self.node.and_then(|node| node.get(key)).map(|node| &**node)
    }

    fn text(&self, key: &str) -> Option<String> {
        self.get(key).and_then(|node| node.text()).map(str::to_owned)
    }

    fn note(&mut self, key: &str, found: String, why: &str, instead: &str) {
        let place = self.get(key).or(self.node).map(|node| node.place.clone());
        if let Some(place) = place {
            self.plan.notes.push(&place, format!("{found} of {}", self.owner), why, instead);
        }
    }
}
