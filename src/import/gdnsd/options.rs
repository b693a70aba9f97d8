//! `options`: what zone files need of them, and where the rest belongs.

use super::vscf::Value;
use crate::finding::words::quoted;
use crate::import::plan::Plan;

/// What changes the TTLs of records, in seconds.
pub(super) struct Options {
    pub(super) default_ttl: u32,
    pub(super) min_ttl: u32,
    pub(super) max_ttl: u32,
    /// The longest time that negative answers are kept.
    pub(super) max_negative_ttl: u32,
    /// That of names that begin with `_acme-challenge`.
    pub(super) acme_ttl: u32,
}

impl Options {
    pub(super) fn read(plan: &mut Plan, options: Option<&Value>) -> Self {
        let mut read = Self {
            default_ttl: 86_400,
            min_ttl: 5,
            max_ttl: 3_600_000,
            max_negative_ttl: 10_800,
            acme_ttl: 0,
        };
        for (key, value) in options.map(Value::entries).unwrap_or_default() {
            let slot = match key.text.as_str() {
                "zones_default_ttl" => &mut read.default_ttl,
                "min_ttl" => &mut read.min_ttl,
                "max_ttl" => &mut read.max_ttl,
                "max_ncache_ttl" => &mut read.max_negative_ttl,
                "acme_challenge_dns_ttl" => &mut read.acme_ttl,
                other => {
                    let (why, instead) = elsewhere(other, value);
                    plan.notes.push(&key.place, format!("the option {other}"), why, instead);
                    continue;
                }
            };
            match value.text().and_then(|text| text.parse().ok()) {
                Some(seconds) if seconds <= i32::MAX as u32 => *slot = seconds,
                _ => {
                    let found = format!("{} as {}", value.shown(), key.text);
                    let why = "it is a number of seconds";
                    plan.notes.push(&value.place, found, why, format!("{slot}"));
                }
            }
        }
        read.min_ttl = read.min_ttl.min(read.max_ttl);
        read
    }

    /// What a TTL of a zone file becomes.
    pub(super) fn clamp(&self, ttl_seconds: u32) -> u32 {
        ttl_seconds.clamp(self.min_ttl, self.max_ttl)
    }
}

/// Where what an option says belongs, or why nowhere.
fn elsewhere(key: &str, value: &Value) -> (&'static str, String) {
    let daemon = "it is about the daemon, not about what is answered";
    let instead = match key {
        "listen" | "dns_port" => "dns.listen in steersman.toml",
        "udp_threads" => "dns.workers in steersman.toml, if the default does not do",
        "nsid_ascii" => {
            let nsid = value.text().unwrap_or_default();
            return (daemon, format!("dns.nsid = {} in steersman.toml", quoted(nsid)));
        }
        "nsid" => "dns.nsid in steersman.toml",
        "cookie_key_file" => "dns.cookie_secret_file in steersman.toml, with secrets of RFC 9018",
        "tcp_timeout" => "dns.tcp.idle_timeout in steersman.toml",
        "tcp_clients_per_thread" => "dns.tcp.max_connections in steersman.toml",
        "run_dir" | "state_dir" => "state in steersman.toml",
        "edns_client_subnet" => {
            return ("the client subnet is always heeded", "nothing".into());
        }
        "experimental_no_chain" => {
            return ("aliases are always followed within the zones here", "nothing".into());
        }
        _ => return ("there is no such option here", "nothing".into()),
    };
    (daemon, instead.into())
}
