//! `service_types` to monitors.

use std::collections::HashMap;

use super::vscf::Value;
use crate::finding::words::quoted;
use crate::import::fields::{host_header, http_path};
use crate::import::plan::{Monitor, MonitorKind, Pace, Plan};

/// The most failures or successes in a row that a monitor waits for.
const MOST_IN_A_ROW: u32 = 1000;

/// What is known of a type of service.
#[derive(Clone, Copy, Debug)]
pub(super) enum Service {
    /// Always up, or nothing that could be probed here.
    Up,
    /// The index of its monitor.
    Monitor(usize),
}

/// All types of service, by their names.
pub(super) struct Services(HashMap<String, Service>);

impl Services {
    pub(super) fn read(plan: &mut Plan, types: Option<&Value>) -> Self {
        let mut services = HashMap::from([
            ("up".to_owned(), Service::Up),
            ("default".to_owned(), Service::Up),
            ("down".to_owned(), down(plan)),
        ]);
        for (key, value) in types.map(Value::entries).unwrap_or_default() {
            let service = Type { plan, name: &key.text, value }.read();
            services.insert(key.text.clone(), service);
        }
        Self(services)
    }

    pub(super) fn get(&self, name: &str) -> Option<Service> {
        self.0.get(name).copied()
    }
}

/// What is always down: a monitor that waits for heartbeats which nobody sends.
fn down(plan: &mut Plan) -> Service {
    let comment = "Always down, as gdnsd's service type \"down\": nobody sends this heartbeat.";
    let (name, comments) = ("down".into(), vec![comment.into()]);
    let monitor = Monitor { name, comments, kind: MonitorKind::Down, pace: None };
    Service::Monitor(plan.monitor(monitor))
}

struct Type<'t> {
    plan: &'t mut Plan,
    name: &'t str,
    value: &'t Value,
}

impl Type<'_> {
    fn read(&mut self) -> Service {
        let plugin = self.value.get("plugin").and_then(Value::text).unwrap_or_default();
        match plugin {
            "http_status" => self.http(),
            "tcp_connect" => self.tcp(),
            "static" => self.fixed(),
            "null" => down(self.plan),
            "extmon" => self.command(),
            "extfile" => {
                let why = "nothing reads such a file here";
                let instead = "no monitor: it is always up; whoever writes the file may send \
                               heartbeats or overrides";
                self.note("", "the plugin extfile", why, instead);
                Service::Up
            }
            other => {
                let found = format!("the plugin {}", quoted(other));
                self.note("", &found, "gdnsd has no such monitor", "no monitor: it is always up");
                Service::Up
            }
        }
    }

    fn http(&mut self) -> Service {
        let vhost = self.text("vhost");
        let host = vhost.as_deref().and_then(host_header);
        if let (Some(vhost), None) = (&vhost, &host) {
            let found = format!("vhost {}", quoted(vhost));
            let why = "a Host header is a host name or an address";
            self.note("vhost", &found, why, "the address that is probed");
        }
        let written = self.text("url_path").unwrap_or_else(|| "/".into());
        let path = http_path(&written);
        if path.as_ref() != Some(&written) {
            let found = format!("url_path {}", quoted(&written));
            let why = "a path begins with \"/\" and is in ASCII, without spaces and \"#\"";
            let instead = path.clone().unwrap_or_else(|| "/".into());
            self.note("url_path", &found, why, &instead);
        }
        let status = self.statuses();
        let port = self.port().unwrap_or(80);
        let path = path.unwrap_or_else(|| "/".into());
        let kind = MonitorKind::Http { tls: false, path, port, host, status };
        self.monitor(kind)
    }

    fn statuses(&mut self) -> Vec<u16> {
        let mut status: Vec<u16> = Vec::new();
        for item in self.value.get("ok_codes").map(Value::items).unwrap_or_default() {
            match item.text().and_then(|text| text.parse().ok()) {
                Some(code) if (100..=599).contains(&code) => status.push(code),
                _ => {
                    let found = format!("{} in ok_codes", item.shown());
                    let why = "a status is a number from 100 to 599";
                    self.note("ok_codes", &found, why, "the others");
                }
            }
        }
        status.sort_unstable();
        status.dedup();
        if status.is_empty() { vec![200] } else { status }
    }

    fn tcp(&mut self) -> Service {
        let Some(port) = self.port() else {
            let why = "it has no port";
            self.note("", "the plugin tcp_connect", why, "no monitor: it is always up");
            return Service::Up;
        };
        self.monitor(MonitorKind::Tcp { port })
    }

    fn fixed(&mut self) -> Service {
        if self.value.get("ttl").is_some() {
            let why = "a fixed verdict has no TTL of its own";
            self.note("ttl", "ttl of the plugin static", why, "the TTL of the name");
        }
        match self.text("state").is_some_and(|state| state.eq_ignore_ascii_case("down")) {
            true => down(self.plan),
            false => Service::Up,
        }
    }

    fn command(&mut self) -> Service {
        let words = self.value.get("cmd").map(Value::items).unwrap_or_default();
        let words: Vec<&str> = words.iter().filter_map(Value::text).collect();
        let found = format!("the command {}", quoted(&words.join(" ")));
        let why = "commands run only where steersman.toml allows it, and learn the address from \
                   STEERSMAN_ADDRESS";
        let instead = "no monitor: it is always up; write one with exec, and [monitors] \
                       allow_exec = true in steersman.toml";
        self.note("cmd", &found, why, instead);
        Service::Up
    }

    fn monitor(&mut self, kind: MonitorKind) -> Service {
        let pace = Some(self.pace());
        let comments = vec![
            "As gdnsd has it: the next probe comes after the whole interval, also in doubt.".into(),
        ];
        let name = self.name.to_owned();
        Service::Monitor(self.plan.monitor(Monitor { name, comments, kind, pace }))
    }

    fn pace(&mut self) -> Pace {
        let interval_seconds = self.number("interval", 10, 255);
        let timeout = self.number("timeout", (interval_seconds / 2).max(1), 255);
        if timeout > interval_seconds {
            let why = "a probe must end before the next one begins";
            self.note("timeout", &format!("timeout {timeout}"), why, &interval_seconds.to_string());
        }
        let [up, ok, down] = [("up_thresh", 20), ("ok_thresh", 10), ("down_thresh", 10)]
            .map(|(key, default)| (key, self.number(key, default, 65_535)));
        for (key, number) in [up, down].into_iter().filter(|(_, n)| *n > MOST_IN_A_ROW) {
            let why = "at most 1000 in a row are waited for";
            self.note(key, &format!("{key} {number}"), why, "1000");
        }
        if ok.1 > 1 && down.1 > 1 {
            let found = format!("ok_thresh {}", ok.1);
            let why = "gdnsd also counts failures with fewer successes than these between them";
            let instead = format!("down after {} failures in a row", down.1.min(MOST_IN_A_ROW));
            self.note("ok_thresh", &found, why, &instead);
        }
        Pace {
            interval_seconds,
            timeout_seconds: timeout.min(interval_seconds),
            fall: down.1.min(MOST_IN_A_ROW),
            rise: up.1.min(MOST_IN_A_ROW),
        }
    }

    fn number(&mut self, key: &str, default: u32, most: u32) -> u32 {
        let Some(value) = self.value.get(key) else { return default };
        let number = value.text().and_then(|text| text.parse().ok());
        number.filter(|number| (1..=most).contains(number)).unwrap_or_else(|| {
            let found = format!("{key} {}", value.shown());
            let why = format!("it is a number from 1 to {most}");
            self.note(key, &found, &why, &default.to_string());
            default
        })
    }

    fn port(&mut self) -> Option<u16> {
        let value = self.value.get("port")?;
        let port = value.text().and_then(|text| text.parse().ok()).filter(|port| *port > 0);
        if port.is_none() {
            let found = format!("port {}", value.shown());
            self.note("port", &found, "a port is a number from 1 to 65535", "the default");
        }
        port
    }

    fn text(&self, key: &str) -> Option<String> {
        self.value.get(key).and_then(Value::text).map(str::to_owned)
    }

    fn note(&mut self, key: &str, found: &str, why: &str, instead: &str) {
        let place = self.value.get(key).map_or(&self.value.place, |value| &value.place).clone();
        let found = format!("{found} of the service type {}", self.name);
        self.plan.notes.push(&place, found, why, instead);
    }
}
