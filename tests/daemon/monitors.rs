//! The kinds of monitor, and when they ask.

use hickory_proto::rr::RecordType;

use serde_json::Value;

use crate::support::backend::{Backend, Manner, WELL};
use crate::support::certificates;
use crate::support::setup::{QUICK, Setup, pool, steady, web};
use crate::support::wait::until_eq;

const MAIN: &str = "192.0.2.1";
const SPARE: &str = "198.51.100.1";

/// A name `www` that fails over from the pool `main` to one that is always up.
fn www(monitors: &str, main: &str) -> Setup {
    let pools = format!("{monitors}{main}{}", steady("spare", SPARE));
    Setup::steering(&pools, "www.failover = [\"main\", \"spare\"]\n")
}

#[test]
fn a_tcp_monitor_wants_a_port_that_opens() {
    let mut server = Backend::http();
    // That it never says anything is all the same.
    server.be(Manner::Hang);
    let monitors = format!("[monitors.port]\ntcp = {{}}\n{QUICK}");
    let daemon = www(&monitors, &pool("main", "port", MAIN, server.address)).ready();
    daemon.wait_for_answer("www", MAIN);
    server.kill();
    daemon.wait_for_answer("www", SPARE);
    assert_eq!(daemon.endpoint("main")["last_error"], "connect refused");
    server.revive();
    daemon.wait_for_answer("www", MAIN);
}

/// Whether this process may ping depends on the machine; in either case the operator is told.
#[test]
fn an_icmp_monitor_pings_or_says_what_to_set() {
    let monitors = format!("[monitors.ping]\nicmp = {{}}\n{QUICK}");
    let main = "[pools.main]\nmonitor = \"ping\"\nendpoints = [\"127.0.0.1\"]\n";
    let daemon = www(&monitors, main).ready();
    daemon.wait_for_answer("www", "127.0.0.1");
    let endpoint = daemon.endpoint("main");
    assert_eq!(endpoint["verdict"], "up");
    let check = daemon.cli(&["check"]);
    match endpoint["last_error"].as_str() {
        None => assert_eq!(check.code, Some(0), "{check:?}"),
        Some(error) => {
            assert!(error.contains("net.ipv4.ping_group_range"), "{error}");
            let line = "zones/pools.toml:2:8: a monitor that this user may not run: no permission";
            assert!(check.stdout.contains(line) && check.code == Some(1), "{check:?}");
        }
    }
}

#[test]
fn a_pool_with_several_monitors_wants_all_of_them() {
    let server = Backend::http();
    let monitors = format!("{}[monitors.port]\ntcp = {{}}\n{QUICK}", web());
    let main = pool("main", "web", MAIN, server.address).replace("\"web\"", "[\"web\", \"port\"]");
    let daemon = www(&monitors, &main).ready();
    daemon.wait_for_answer("www", MAIN);
    server.be(Manner::Answer("503 No", "ok"));
    daemon.wait_for_answer("www", SPARE);
    server.be(WELL);
    daemon.wait_for_answer("www", MAIN);
}

/// Pools of host names are answered as CNAME, and probed where they say.
#[test]
fn a_host_name_fails_over_too() {
    let mut server = Backend::http();
    let main = format!(
        "[pools.main]\nmonitor = \"web\"\n\
         endpoints = [{{ cname = \"a.cdn.example.net.\", probe = \"{}\" }}]\n\
         [pools.other]\nendpoints = [{{ cname = \"b.cdn.example.net.\" }}]\n",
        server.address
    );
    let setup = www(&web(), &main);
    setup.write("zones/example.com.toml", "cdn.failover = [\"main\", \"other\"]\n");
    let daemon = setup.ready();
    daemon.wait_for_answer("cdn", "a.cdn.example.net.");
    assert_eq!(daemon.ask("cdn", RecordType::AAAA).data(), ["a.cdn.example.net."]);
    server.kill();
    daemon.wait_for_answer("cdn", "b.cdn.example.net.");
}

/// Two pools and two monitors that ask the same of the same address make one target, which is
/// asked from the start on and though nobody ever asks us.
#[test]
fn the_same_question_is_asked_once_and_without_any_query() {
    let server = Backend::http();
    let mut pools = web() + &web().replace("monitors.web", "monitors.again");
    pools += &pool("one", "web", MAIN, server.address);
    pools += &pool("two", "again", SPARE, server.address);
    let daemon = Setup::steering(&pools, "www.failover = [\"one\", \"two\"]\n").ready();
    let probes = || {
        let metrics = daemon.metrics();
        let targets = metrics.0.keys().filter(|name| name.starts_with("steersman_probes_total{"));
        assert_eq!(targets.count(), 1, "{metrics:?}");
        metrics.sum("steersman_probes_total", &[]) as usize
    };
    until_eq(true, || probes() >= 3);
    // One may be under way at either side.
    let (said, came) = (probes(), server.requests());
    assert!(came.abs_diff(said) <= 1, "{said} said, {came} came");

    server.be(Manner::Answer("500 No", ""));
    let changed = daemon.log.wait_for("verdict changed", 2);
    assert_eq!((&changed["verdict"], &changed["pools"]), (&"down".into(), &"one two".into()));
    server.be(WELL);
    let changed = daemon.log.wait_for("verdict changed", 3);
    assert_eq!((&changed["verdict"], &changed["pools"]), (&"up".into(), &"one two".into()));
    assert_eq!(daemon.metrics().sum("steersman_answers_total", &[]), 0.0);
}

/// No certificate of ours is good by the public roots; without `verify` any will do.
#[test]
fn https_refuses_certificates_that_are_not_good_and_says_why() {
    let servers = [
        Backend::https(certificates::self_signed("www.example.com")),
        Backend::https(certificates::self_signed("www.example.com")),
        Backend::https(certificates::self_signed("www.example.net")),
        Backend::https(certificates::expired("www.example.com")),
        Backend::http(),
    ];
    let cases = [
        ("unverified", "any", None),
        ("selfsigned", "good", Some("certificate self-signed")),
        ("othername", "good", Some("certificate ")),
        ("expired", "good", Some("certificate expired ")),
        ("plain", "any", Some("TLS failed: the answer is not TLS")),
    ];
    let mut pools = steady("spare", SPARE);
    for (monitor, more) in [("any", ", verify = false"), ("good", "")] {
        let https = format!("https = {{ host = \"www.example.com\", body = \"ok\"{more} }}");
        pools += &format!("[monitors.{monitor}]\n{https}\n{QUICK}");
    }
    let mut names = String::new();
    for ((name, monitor, _), server) in cases.iter().zip(&servers) {
        pools += &pool(name, monitor, MAIN, server.address);
        names += &format!("[{name}]\nfailover = [\"{name}\", \"spare\"]\n");
    }
    let daemon = Setup::steering(&pools, &names).ready();
    for (name, _, wanted) in cases {
        match wanted {
            None => daemon.wait_for_answer(name, MAIN),
            Some(wanted) => {
                daemon.wait_for_error(name, wanted);
                daemon.wait_for_answer(name, SPARE);
            }
        }
    }
}

/// An authority that is put in place of another makes another question of it, which is asked at once.
#[test]
fn an_authority_of_ones_own_is_read_again_when_it_changes() {
    let (good, authority) = certificates::self_signed_and_shown("www.example.com");
    let (_, other) = certificates::self_signed_and_shown("www.example.com");
    let server = Backend::https(good);
    let monitors = format!(
        "[monitors.web]\nhttps = {{ host = \"www.example.com\", ca_file = \"tls/ca.pem\" }}\n{QUICK}"
    );
    let setup = www(&monitors, &pool("main", "web", MAIN, server.address));
    setup.write("zones/tls/ca.pem", other);
    let daemon = setup.ready();
    // They have the same name, and not the same key.
    daemon.wait_for_error("main", "certificate not signed by the issuer that it names");
    daemon.wait_for_answer("www", SPARE);
    daemon.write("zones/tls/ca.pem", authority);
    daemon.wait_for_answer("www", MAIN);
}

#[test]
fn a_command_decides_where_it_is_allowed() {
    let monitors = |folder: &std::path::Path| {
        let flag = folder.join("well").display().to_string();
        format!(
            "[monitors.flag]\nexec = {{ command = [\"/usr/bin/test\", \"-e\", \"{flag}\"] }}\n{QUICK}"
        )
    };
    let main = format!("[pools.main]\nmonitor = \"flag\"\nendpoints = [\"{MAIN}\"]\n");
    let mut setup = www("", "");
    let pools = format!("{}{main}{}", monitors(setup.path()), steady("spare", SPARE));
    setup.write("zones/pools.toml", pools);
    setup.write("well", "");
    let (code, said) = setup.start_in_vain();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("a command, which steersman.toml does not allow"), "{said}");
    setup.dns += "[monitors]\nallow_exec = true\n";
    let daemon = setup.ready();
    daemon.wait_for_answer("www", MAIN);
    std::fs::remove_file(daemon.path("well")).unwrap();
    daemon.wait_for_error("main", "command exited with 1");
    daemon.wait_for_answer("www", SPARE);
    daemon.write("well", "");
    daemon.wait_for_answer("www", MAIN);
}

/// What a monitor of several says is no news by itself; what they come to is, with its reason.
#[test]
fn monitors_over_others_say_by_which_of_them_an_endpoint_is_down() {
    let server = Backend::http();
    let mut setup = Setup::new();
    let flag = setup.path().join("maintenance");
    let pools = format!(
        "{}[monitors.maintenance]\nexec = {{ command = [\"/usr/bin/test\", \"-e\", {flag:?}] }}\n{QUICK}\
         [monitors.working]\nnot = \"maintenance\"\n[monitors.both]\nall = [\"web\", \"working\"]\n{}",
        web(),
        pool("main", "both", "192.0.2.1", server.address)
    );
    setup.write("zones/pools.toml", pools + &steady("spare", "198.51.100.1"));
    setup.write("zones/example.com.toml", "www.failover = [\"main\", \"spare\"]\n");
    setup.dns += "[monitors]\nallow_exec = true\n";
    let daemon = setup.ready();
    assert_eq!(daemon.answer("www"), ["192.0.2.1"]);
    let endpoint = daemon.endpoint("main");
    assert_eq!((&endpoint["failing"], &endpoint["last_error"]), (&false.into(), &Value::Null));
    std::fs::write(&flag, "").unwrap();
    let line = daemon.log.wait_for("an endpoint is down", 1);
    assert_eq!(line["endpoint"], "main/192.0.2.1");
    assert_eq!(line["reason"], "maintenance passes, and must not");
    daemon.wait_for_answer("www", "198.51.100.1");
    assert_eq!(daemon.endpoint("main")["last_error"], line["reason"]);
    server.be(Manner::Answer("503 No", ""));
    until_eq("web: status 503, wanted 200-299; maintenance passes, and must not".into(), || {
        daemon.endpoint("main")["last_error"].clone()
    });
    server.be(WELL);
    std::fs::remove_file(&flag).unwrap();
    daemon.log.wait_for("an endpoint is up", 1);
    let warnings = daemon.log.lines();
    let warnings = warnings.iter().filter(|line| line["level"] == "WARN");
    assert_eq!(warnings.count(), 1, "{}", daemon.log.text());
}
