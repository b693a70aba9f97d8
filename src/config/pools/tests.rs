mod files;
mod kinds;
mod mistakes;

use std::time::Duration;

use super::*;
use crate::health::{
    ExecCheck, HttpCheck, HttpVersion, Initial, ProbeAt, StatusRange, TcpCheck, TlsCheck,
};

fn read_all(text: &str) -> (Inventory, Vec<String>) {
    let document = Document::parse("pools.toml", text.as_bytes()).ok().unwrap();
    let inventory = read(&document, &Beside::default());
    (inventory, document.into_findings().iter().map(ToString::to_string).collect())
}

fn good(text: &str) -> Inventory {
    let (inventory, findings) = read_all(text);
    assert_eq!(findings, [""; 0], "{text}");
    inventory
}

const EXAMPLE: &str = r#"
[regions.us-east]
location = [39.04, -77.49]          # latitude, longitude in degrees

[regions.eu-west]

[monitors.web]
http = { path = "/healthz", port = 80, host = "www.example.com", status = [200], body = "ok" }
interval = "5s"
timeout = "2s"
fall = 3                            # this many failures in a row: down
rise = 2                            # this many successes in a row: up again
retry = "300ms"                     # the pause before the next probe while the verdict is in doubt

[pools.us-east]
region = "us-east"
monitor = "web"                     # a name, or a list: all must pass; none: always up
endpoints = ["192.0.2.10", "192.0.2.11", "2001:db8::10"]
min_healthy = 1                     # the pool is up while this many endpoints of the asked family are

[pools.eu-west]
region = "eu-west"
monitor = "web"
endpoints = [                       # the long form
  { address = "198.51.100.10", weight = 3 },
  { address = "198.51.100.11", weight = 1, probe = "10.8.0.11:8080" },   # probed elsewhere than answered
]
answers = 1                         # answer one endpoint, drawn by weight; "all" (default) answers every healthy one

[pools.cdn]
endpoints = [{ cname = "customer.cdn.example.net.", probe = "203.0.113.5:443" }]
"#;

fn plain(address: &str) -> Endpoint {
    let address = EndpointAddress::Ip(address.parse().unwrap());
    Endpoint { address, weight: 1, probe: None }
}

#[test]
fn the_example_is_read() {
    let inventory = good(EXAMPLE);
    let names: Vec<&str> = inventory.pools.iter().map(|pool| pool.name.as_str()).collect();
    assert_eq!(names, ["us-east", "eu-west", "cdn"]);
    assert_eq!(
        inventory.regions[0].location,
        Some(Location { latitude: 39.04, longitude: -77.49 })
    );
    let [us, eu, cdn] = inventory.pools.as_slice() else { panic!() };
    assert_eq!(us.endpoints, ["192.0.2.10", "192.0.2.11", "2001:db8::10"].map(plain));
    assert_eq!((us.region, us.monitors.as_slice()), (Some(0), &[0][..]));
    assert_eq!((us.min_healthy, us.answers), (1, Answers::All));
    let address = Some("10.8.0.11".parse().unwrap());
    let probe = ProbeAt { address, port: Some(8080), ..ProbeAt::default() };
    assert_eq!(
        eu.endpoints,
        [
            Endpoint { weight: 3, ..plain("198.51.100.10") },
            Endpoint { probe: Some(probe), ..plain("198.51.100.11") },
        ]
    );
    assert_eq!((eu.region, eu.answers), (Some(1), Answers::One));
    assert_eq!(cdn.endpoint_name(0), "cdn/customer.cdn.example.net.");
    assert_eq!((cdn.region, cdn.monitors.len(), cdn.answers), (None, 0, Answers::One));
}

#[test]
fn the_settings_of_the_example_are_the_defaults() {
    let monitors = good("monitors.a.http = {}\nmonitors.b.https = {}").monitors;
    let check = HttpCheck::default();
    let monitor = Monitor {
        name: "a".into(),
        kind: MonitorKind::Http(check.clone()),
        interval: Duration::from_secs(5),
        timeout: Duration::from_secs(2),
        fall: 3,
        rise: 2,
        retry: Duration::from_millis(300),
        watch: true,
        initial: Initial::Last,
        damping: None,
    };
    assert_eq!(monitors[0], monitor);
    assert_eq!(monitors[1].kind, MonitorKind::Https(HttpCheck { port: 443, ..check }));
    let web = good(EXAMPLE).monitors.remove(0);
    assert_eq!(Monitor { name: "a".into(), kind: monitor.kind.clone(), ..web }, monitor);
}

#[test]
fn every_kind_of_monitor_is_read() {
    let text = r#"
        [monitors.s]
        https = { path = "/a?b=c", port = 8443, host = "h:1", sni = "s.example", verify = false, status = [200, "301-399"], body = "ok" }
        [monitors.t]
        tcp = { port = 25 }
        [monitors.i]
        icmp = {}
        [pools.p]
        monitor = ["i", "t"]
        endpoints = ["::1"]
    "#;
    let inventory = good(text);
    let check = HttpCheck {
        path: "/a?b=c".into(),
        port: 8443,
        host: Some("h:1".into()),
        status: vec![StatusRange { first: 200, last: 200 }, StatusRange { first: 301, last: 399 }],
        body: Some("ok".into()),
        tls: TlsCheck { sni: Some("s.example".into()), verify: false, ..TlsCheck::default() },
        ..HttpCheck::default()
    };
    let kinds: Vec<MonitorKind> = inventory.monitors.into_iter().map(|m| m.kind).collect();
    assert_eq!(
        kinds,
        [
            MonitorKind::Https(check),
            MonitorKind::Tcp(TcpCheck { port: 25, tls: None, talk: None }),
            MonitorKind::Icmp
        ]
    );
    assert_eq!(inventory.pools[0].monitors, [2, 1]);
}

#[test]
fn an_http_monitor_is_read_in_full() {
    let text = r#"
        [monitors.h]
        https = { method = "POST", request_body = "{}", version = "2", follow_redirects = 3, body_regex = "(?i)ok", headers = { X-B = "2", Authorization = "Bearer x" } }
        [pools.p]
        monitor = "h"
        endpoints = [{ address = "::1", host = "a.example", sni = "b.example" }]
    "#;
    let inventory = good(text);
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let check = HttpCheck {
        method: "POST".into(),
        request_body: Some("{}".into()),
        version: HttpVersion::Http2,
        follow_redirects: 3,
        body_regex: Some("(?i)ok".into()),
        headers: vec![header("authorization", "Bearer x"), header("x-b", "2")],
        port: 443,
        ..HttpCheck::default()
    };
    assert_eq!(inventory.monitors[0].kind, MonitorKind::Https(check));
    let (host, sni) = (Some("a.example".into()), Some("b.example".into()));
    let probe = ProbeAt { host, sni, ..ProbeAt::default() };
    assert_eq!(inventory.pools[0].endpoints[0].probe, Some(probe));
}

#[test]
fn a_tcp_monitor_needs_no_port_where_every_probe_names_one() {
    good(
        "[monitors.t]\ntcp = {}\n[pools.p]\nmonitor = 't'\n\
         endpoints = [{ cname = 'a.example', probe = '[::1]:25' }]",
    );
}

#[test]
fn a_share_is_a_number_or_in_per_cent() {
    for (written, shown) in [
        ("0.5", Some("50%")),
        ("1", Some("100%")),
        ("0.125", Some("12.5%")),
        ("'50%'", Some("50%")),
        ("'12.5%'", Some("12.5%")),
        ("'100%'", Some("100%")),
    ] {
        let pool = format!("[pools.p]\nendpoints = ['::1']\npanic_below = {written}");
        let share = good(&pool).pools[0].panic_below.map(|share| share.to_string());
        assert_eq!(share.as_deref(), shown, "{written}");
    }
    assert_eq!(good("[pools.p]\nendpoints = ['::1']").pools[0].panic_below, None);
}

#[test]
fn pools_require_others_by_name_wherever_these_stand() {
    let pool = |name: &str, more: &str| format!("[pools.{name}]\nendpoints = ['::1']\n{more}\n");
    let text = pool("app", "requires = ['db', 'cache']")
        + &pool("db", "")
        + &pool("cache", "requires = 'db'");
    let requires = good(&text).pools.into_iter().map(|pool| pool.requires);
    assert_eq!(requires.collect::<Vec<_>>(), [vec![1, 2], vec![], vec![1]]);
}

#[test]
fn whoever_asks_often_waits_less_long_by_default() {
    for (interval, timeout) in [
        ("1m", 2000),
        ("5s", 2000),
        ("4s", 2000),
        ("3s", 1500),
        ("2s", 1000),
        ("1s", 1000),
        ("300ms", 300),
        ("10ms", 10),
    ] {
        let inventory = good(&format!("[monitors.m]\nhttp = {{}}\ninterval = '{interval}'"));
        assert_eq!(inventory.monitors[0].timeout, Duration::from_millis(timeout), "{interval}");
    }
}
