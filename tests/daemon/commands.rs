//! The command line, on files alone and against the running daemon.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::backend::{Backend, Manner, fresh_ip};
use crate::support::daemon::{Daemon, run};
use crate::support::mmdb::{Mmdb, Value as Field, map};
use crate::support::setup::{Setup, ZONE, pool, steady, web};

const MAIN: &str = "192.0.2.1";
const SPARE: &str = "198.51.100.1";
const NAMES: &str = "\
www.failover = [\"main\", \"spare\"]
shop.geo = { EU-FR = \"main\", default = \"spare\" }
";

/// Files that are good, with a database in which 203.0.113.0/24 is in France.
fn files() -> Setup {
    let pools = format!(
        "[regions.paris]\nlocation = [48.9, 2.4]\n{}region = \"paris\"\n{}",
        steady("main", MAIN),
        steady("spare", SPARE)
    );
    let mut setup = Setup::steering(&pools, NAMES);
    let france = map([("country_code", Field::from("FR"))]);
    setup.write("geoip/fr.mmdb", Mmdb::new(6, 24).network("203.0.113.0/24", france).bytes());
    setup.geoip = r#"["geoip/fr.mmdb"]"#.into();
    setup.write_config();
    setup
}

/// Lines that must be in a text, in this order.
#[track_caller]
fn expect_lines(text: &str, wanted: &[&str]) {
    let mut rest = text;
    for wanted in wanted {
        let at = rest.find(wanted).unwrap_or_else(|| panic!("{wanted:?} is not here in:\n{text}"));
        rest = &rest[at + wanted.len()..];
    }
}

#[test]
fn check_says_what_is_good_and_what_is_wrong() {
    let setup = files();
    let check = |format| run(setup.path(), &["check", "--format", format]);
    let (text, json) = (check("text"), check("json"));
    assert_eq!((text.code, json.code), (Some(0), Some(0)), "{text:?} {json:?}");
    assert!(text.stdout.starts_with("good: "), "{text:?}");
    assert_eq!(json.stdout, "[]\n");

    setup.write("zones/example.com.zone", format!("{ZONE}www A 192.0.2.7\nbad A 192.0.2\n"));
    setup.write("zones/example.com.toml", format!("{NAMES}api.failover = [\"mian\"]\n"));
    let (text, json) = (check("text"), check("json"));
    assert_eq!((text.code, json.code), (Some(1), Some(1)));
    assert_eq!((text.stderr.as_str(), json.stderr.as_str()), ("", ""));
    expect_lines(
        &text.stdout,
        &[
            "zones/example.com.toml:3:17: unknown pool \"mian\" (did you mean \"main\"?); expected ",
            "zones/example.com.zone:9:",
        ],
    );
    let findings: Value = serde_json::from_str(&json.stdout).unwrap();
    let findings = findings.as_array().unwrap();
    assert_eq!(findings.len(), text.stdout.lines().count());
    for (finding, line) in findings.iter().zip(text.stdout.lines()) {
        let field = |name: &str| finding[name].as_str().unwrap().to_owned();
        let at = format!("{}:{}:{}", field("file"), finding["line"], finding["column"]);
        assert_eq!(line, format!("{at}: {}; expected {}", field("found"), field("expected")));
    }
    // It opened no socket and wrote nothing.
    assert!(!setup.path().join("state").exists());
}

/// The database has a country and no AS numbers.
#[test]
fn a_key_that_no_client_matches_is_warned_of_and_stops_nothing() {
    let setup = files();
    let geo = "api.geo = { AS64500 = \"main\", EU-FR = \"main\", default = \"spare\" }\n";
    setup.write("zones/example.com.toml", format!("{NAMES}{geo}"));
    let text = run(setup.path(), &["check"]);
    assert_eq!(text.code, Some(0), "{text:?}");
    let warning = "example.com.toml:3:13: warning: \"AS64500\", which no client matches: ";
    expect_lines(&text.stdout, &[warning, "\ngood: "]);
    let json = run(setup.path(), &["check", "--format", "json"]);
    let findings: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!((json.code, findings.as_array().unwrap().len()), (Some(0), 1), "{json:?}");
    assert_eq!((&findings[0]["severity"], &findings[0]["line"]), (&"warning".into(), &3.into()));

    let daemon = setup.ready();
    assert_eq!(daemon.answer("api"), [SPARE]);
    let message = "a file is loaded, but hardly meant as it stands";
    let line = daemon.log.wait_for(message, 1);
    assert!(line["finding"].as_str().unwrap().contains("AS64500"), "{line}");
    daemon.cli_ok(&["reload"]);
    daemon.log.wait_for(message, 2);
}

/// A shell's own word for whether it can read them.
#[test]
fn shells_read_their_completions() {
    let setup = files();
    for shell in ["bash", "zsh", "fish"] {
        let said = run(setup.path(), &["completions", shell]);
        assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""));
        for word in ["failback", "reason", "live"] {
            assert!(said.stdout.contains(word), "{shell}: {word}");
        }
    }
    let script = run(setup.path(), &["completions", "bash"]).stdout;
    setup.write("steersman.bash", &script);
    let typed = "source steersman.bash; COMP_WORDS=(steersman fail); COMP_CWORD=1; \
                 _steersman steersman fail steersman; echo \"${COMPREPLY[@]}\"";
    let said = Command::new("bash").args(["-c", typed]).current_dir(setup.path()).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&said.stdout), "failback\n", "{said:?}");
}

#[test]
fn every_command_has_a_page() {
    let setup = files();
    let said = run(setup.path(), &["man", "share/man1"]);
    assert_eq!((said.code, said.stdout.as_str()), (Some(0), ""), "{said:?}");
    let help = run(setup.path(), &["help"]).stdout;
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let commands: Vec<&str> = commands
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .filter(|command| *command != "help")
        .collect();
    assert!(commands.contains(&"explain"), "{help}");
    let page =
        |name: &str| fs::read_to_string(setup.path().join(format!("share/man1/{name}.1"))).unwrap();
    let whole = page("steersman");
    for command in commands {
        assert!(whole.contains(&format!("steersman\\-{command}(1)")), "{command}: {whole}");
        assert!(page(&format!("steersman-{command}")).contains(".TH"), "{command}");
    }
    assert!(page("steersman-token-add").contains("viewer, operator or admin"));
    setup.write("file", "");
    let refused = run(setup.path(), &["man", "file/man1"]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.stderr.starts_with("cannot write manual pages to file/man1: "), "{refused:?}");
}

#[test]
fn exit_codes_tell_findings_from_wrong_usage() {
    let setup = files();
    for (line, code, wanted) in [
        ("check --config nowhere.toml", 1, "nowhere.toml:1:1: "),
        ("check --format xml", 2, "[possible values: text, json]"),
        ("chek", 2, "a similar subcommand exists: 'check'"),
        ("", 2, "Usage: "),
        ("explain", 2, "<NAME>"),
        ("explain www.example.com NONSENSE", 2, "NONSENSE"),
        ("explain a..b", 1, "is no name"),
        ("explain www.example.com --down nobody", 1, "expected one of main, main/192.0.2.1"),
        ("explain www.example.com --from 192.0.2.0/33", 2, "at most 32"),
        ("drain www --reason x", 2, "region:NAME, pool:NAME or endpoint:POOL/ADDRESS"),
        ("drain pool:main --reason x --for soon", 2, "and a unit"),
        ("drain pool:main --reason x --for 0s", 2, "more than nothing"),
        ("ask www.example.com --server nowhere", 2, "with a port or without"),
        ("explain www.example.com --down spaer", 1, "(did you mean spare?)"),
        ("status", 1, "has `steersman serve` run"),
        ("ask www.example.com --server 127.0.0.1:1", 1, "no reply from 127.0.0.1:1"),
        ("--version", 0, env!("CARGO_PKG_VERSION")),
        ("help", 0, "explain"),
    ] {
        let said = run(setup.path(), &line.split_whitespace().collect::<Vec<_>>());
        assert_eq!(said.code, Some(code), "{line}: {said:?}");
        assert!(format!("{}{}", said.stdout, said.stderr).contains(wanted), "{line}: {said:?}");
    }
}

#[test]
fn the_daemon_does_not_start_with_files_that_are_wrong() {
    let setup = files();
    setup.write("zones/pools.toml", "[pools.main]\nendpoints = []\n");
    let (code, said) = setup.start_in_vain();
    assert_eq!(code, Some(1));
    // All of it at once, in each file.
    expect_lines(&said, &["zones/example.com.toml:1:25: unknown pool", "zones/pools.toml:2:13: "]);
    setup.write("steersman.toml", "zone = \"zones\"\n");
    let said = run(setup.path(), &["serve"]);
    assert_eq!(said.code, Some(1));
    assert!(said.stderr.starts_with("steersman.toml:1:1: unknown key \"zone\""), "{said:?}");
}

#[test]
fn explain_tells_each_step_from_the_files_alone() {
    let setup = files();
    for (line, wanted) in [
        ("www.example.com", &["www.example.com. is steered", "steered, scope /0", MAIN][..]),
        ("www.example.com --down main", &["pool main: down", "pool spare: up", SPARE]),
        ("www.example.com --down region:paris", &["pool main: down", SPARE]),
        ("www.example.com --down endpoint:main/192.0.2.1", &["pool main: down", SPARE]),
        ("www.example.com --down main --down spare", &["degraded", MAIN]),
        ("shop.example.com --from 203.0.113.9", &["from 203.0.113.9/32 (EU-FR", "EU-FR", MAIN]),
        ("shop.example.com --from 192.0.2.0/24", &["default", SPARE]),
        ("alias.example.com", &["CNAME www.example.com.", MAIN]),
        ("fixed.example.com", &["static", "fixed.example.com. 300 IN A 192.0.2.99"]),
        ("nowhere.example.com AAAA", &["AAAA", "NXDOMAIN", "SOA"]),
        ("example.org", &["REFUSED"]),
    ] {
        let said =
            run(setup.path(), &[&["explain"], &*line.split(' ').collect::<Vec<_>>()].concat());
        assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""), "{line}");
        expect_lines(&said.stdout, wanted);
    }
}

/// A daemon whose pool `main` is dead, and `last` drained.
fn half_dead() -> Daemon {
    let mut server = Backend::http();
    server.kill();
    let pools = format!(
        "[regions.paris]\n{}{}region = \"paris\"\n{}{}",
        web(),
        pool("main", "web", MAIN, server.address),
        steady("last", "203.0.113.1"),
        steady("spare", SPARE)
    );
    let names = "www.failover = [\"main\", \"last\", \"spare\"]\n";
    let daemon = Setup::steering(&pools, names).ready();
    daemon.cli_ok(&["drain", "pool:last", "--for", "2h", "--reason", "kernel update"]);
    daemon
}

#[test]
fn explain_live_is_what_the_daemon_answers_and_counts_nothing() {
    let daemon = half_dead();
    let counted = daemon.metrics().sum("steersman_answers_total", &[]);
    let said = daemon.cli_ok(&["explain", "www.example.com", "--live"]);
    expect_lines(&said, &["pool main: down", "pool last: down", "pool spare: up", SPARE]);
    assert_eq!(daemon.metrics().sum("steersman_answers_total", &[]), counted);
    assert_eq!(daemon.answer("www"), [SPARE]);
    let path = "/api/v1/explain?name=www.example.com&type=A&from=192.0.2.0/24";
    let explained = daemon.api("GET", path, "").json();
    assert_eq!((&explained["rcode"], &explained["reason"]), (&"NOERROR".into(), &"steered".into()));
    assert_eq!(explained["client"], "192.0.2.0/24");
    for (query, status) in [("", 400), ("name=", 400), ("name=a..b", 400), ("name=a&type=X", 400)] {
        let response = daemon.api("GET", &format!("/api/v1/explain?{query}"), "");
        assert_eq!(response.status, status, "{query}: {response:?}");
    }
}

#[test]
fn status_shows_it_all_at_a_glance() {
    let daemon = half_dead();
    let said = daemon.cli_ok(&["status"]);
    let revision = daemon.status()["revision"].as_str().unwrap().to_owned();
    expect_lines(
        &said,
        &[
            &format!("revision {revision}, up for "),
            ", ready\n",
            "region paris\n",
            "  pool main       A DOWN   monitor web\n",
            "    192.0.2.1     down     ",
            "probes: down for ",
            "connect refused",
            "no region\n",
            "  pool last       A DOWN   no monitor; override drain until 20",
            "(kernel update)\n",
            "drained",
            "  pool spare      A up     no monitor",
        ],
    );
    let json: Value = serde_json::from_str(&daemon.cli_ok(&["status", "--json"])).unwrap();
    assert_eq!(json["pools"][0]["up"]["a"], false);
    assert_eq!(json["overrides"][0]["target"], "pool:last");
}

#[test]
fn ask_is_a_small_dig() {
    let setup = files();
    let daemon = setup.ready();
    let [v4, v6] = [daemon.dns[0].to_string(), daemon.dns[1].to_string()];
    for (line, wanted) in [
        ("www.example.com", &["NOERROR", MAIN][..]),
        ("www.example.com A --tcp", &["NOERROR", MAIN, "TCP"]),
        ("shop.example.com --subnet 203.0.113.0/24", &["203.0.113.0/24", MAIN]),
        ("shop.example.com --subnet 192.0.2.0/24", &["192.0.2.0/24", SPARE]),
        ("example.com MX", &["NOERROR", "SOA"]),
        ("nowhere.example.com AAAA", &["NXDOMAIN", "SOA"]),
    ] {
        for server in [&v4, &v6] {
            let line =
                [&["ask"], &*line.split(' ').collect::<Vec<_>>(), &["--server", server]].concat();
            let said = run(&daemon.path("."), &line);
            assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""), "{line:?}");
            let lower = said.stdout.to_lowercase();
            for wanted in wanted {
                assert!(lower.contains(&wanted.to_lowercase()), "{line:?}: {}", said.stdout);
            }
        }
    }
}

/// The backend is told to hang so that the daemon could not know: a command still gets its answer.
#[test]
fn commands_work_while_probes_hang() {
    let server = Backend::http();
    server.be(Manner::Hang);
    let pools = web() + &pool("main", "web", MAIN, server.address) + &steady("spare", SPARE);
    let daemon = Setup::steering(&pools, "www.failover = [\"main\", \"spare\"]\n").start();
    daemon.cli_ok(&["status"]);
    daemon.cli_ok(&["reload"]);
    daemon.cli_ok(&["down", "pool:main", "--reason", "x"]);
    assert_eq!(daemon.answer("www"), [SPARE]);
}

/// By the files alone, and by each monitor: what leads to a verdict is shown with every step.
#[test]
fn probe_shows_each_step() {
    let server = Backend::http();
    let monitors =
        web() + "[monitors.most]\nany = [\"web\", \"shut\"]\n[monitors.shut]\ntcp = {}\n";
    // Nobody ever listens on port 1 of an address of this one's own.
    let shut = format!("{}:1", fresh_ip()).parse().unwrap();
    let pools = monitors
        + &pool("main", "web", MAIN, server.address)
        + &pool("spare", "most", SPARE, server.address)
        + &pool("gone", "most", MAIN, shut)
        + &steady("calm", MAIN);
    let setup = Setup::steering(&pools, NAMES);
    setup.write_config();
    let probe = |endpoint| run(setup.path(), &["probe", endpoint]);
    let connected = format!("ms  connected to {}\n", server.address);
    let well = probe("main/192.0.2.1");
    assert_eq!((well.code, &*well.stderr), (Some(0), ""));
    let answered = "ms  answered with status 200\n";
    let end = ["ms  read 10 bytes of the body\n", "ms  well\n", "main/192.0.2.1 passes\n"];
    expect_lines(
        &well.stdout,
        &["monitor web: http://", &connected, answered, end[0], end[1], end[2]],
    );

    server.be(Manner::Answer("503 No", "all is ok\n"));
    let ill = probe("main/192.0.2.1");
    assert_eq!((ill.code, &*ill.stderr), (Some(1), ""));
    let why = "ms  FAILED: status 503, wanted 200-299\n";
    let end = "main/192.0.2.1 does NOT pass\n";
    expect_lines(&ill.stdout, &[&connected, "ms  answered with status 503\n", why, end]);

    // One of two is enough there.
    let most = probe("spare/198.51.100.1");
    let [web, shut] = ["monitor web: ", "monitor shut: "];
    expect_lines(&most.stdout, &[web, why, shut, "ms  well\n", "198.51.100.1 passes\n"]);
    let gone = probe("gone/192.0.2.1");
    expect_lines(&gone.stdout, &[web, "FAILED: connect refused", shut, "refused", "NOT pass"]);
    assert_eq!((most.code, gone.code), (Some(0), Some(1)));

    assert_eq!(probe("calm/192.0.2.1").stdout, "calm/192.0.2.1: no monitor, so it is always up\n");
    let unknown = probe("main/192.0.2.2");
    assert_eq!((unknown.code, &*unknown.stdout), (Some(1), ""));
    expect_lines(
        &unknown.stderr,
        &["unknown endpoint \"main/192.0.2.2\"", "did you mean", "calm/"],
    );
}

/// As in a small container, which has none.
#[test]
fn the_command_line_needs_no_authorities_of_the_system() {
    let daemon = files().ready();
    let mut command = Command::new(env!("CARGO_BIN_EXE_steersman"));
    command.args(["status", "--config", "running.toml"]).current_dir(daemon.path("."));
    command.env("SSL_CERT_FILE", "/nowhere").env("SSL_CERT_DIR", "/nowhere");
    let said = command.output().unwrap();
    assert!(said.status.success(), "{said:?}");
}

/// Whatever a command has to tell, it tells scripts as JSON, with the same exit code.
#[test]
fn what_cannot_be_written_is_no_success() {
    let full = fs::File::create("/dev/full").unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_steersman"));
    let said = command.arg("openapi").stdout(full).stderr(Stdio::piped()).output().unwrap();
    let words = String::from_utf8(said.stderr).unwrap();
    assert_eq!(said.status.code(), Some(1), "{words}");
    assert!(words.starts_with("cannot write to standard output: "), "{words}");
}

#[test]
fn every_command_speaks_json() {
    let server = Backend::http();
    let pools = web()
        + "[regions.paris]\n"
        + &pool("main", "web", MAIN, server.address)
        + "region = \"paris\"\n"
        + &steady("spare", SPARE);
    let daemon = Setup::steering(&pools, "[www]\nfailover = [\"main\", \"spare\"]\n").ready();
    let dns = daemon.dns[0].to_string();
    let start = ["--start", "2030-01-01T00:00", "--end", "2030-01-01T01:00", "--reason", "x"];
    let plan = [&["maintenance", "plan", "p", "region:paris"][..], &start].concat();
    for (arguments, key, value) in [
        (&["check"][..], "", Value::from(0)),
        (&["explain", "www.example.com"], "rcode", "NOERROR".into()),
        (&["explain", "www.example.com", "--live"], "rcode", "NOERROR".into()),
        (&["diff", "zones", "zones"], "compared", 1.into()),
        (&["status"], "ready", true.into()),
        (&["names", "www"], "count", 1.into()),
        (&["preview", "drain", "pool:main"], "names", 1.into()),
        (&["drain", "pool:main", "--for", "1h", "--reason", "x"], "state", "drain".into()),
        (&["preview", "clear", "pool:main"], "names", 1.into()),
        (&["events", "--last", "1"], "type", "pool".into()),
        (&["clear", "pool:main"], "target", "pool:main".into()),
        (&plan, "target", "region:paris".into()),
        (&["maintenance", "list"], "", 0.into()),
        (&["maintenance", "call-off", "p"], "name", "p".into()),
        (
            &["drill", "pool:main", "--for", "1s", "--reason", "x", "--report", "drill"],
            "state",
            "done".into(),
        ),
        (&["drill", "list"], "", 0.into()),
        // The drill before it has asked for it.
        (&["report", "--since", "1h"], "names_in_all", 1.into()),
        (
            &["silence", "add", "pool:main", "--for", "1h", "--reason", "x"],
            "target",
            "pool:main".into(),
        ),
        (&["silence", "list"], "", 0.into()),
        (&["silence", "remove", "pool:main"], "target", "pool:main".into()),
        (&["webhook", "list"], "webhooks", Value::Array(vec![])),
        (&["reload"], "revision", daemon.status()["revision"].clone()),
        (&["audit"], "wrong", Value::Array(vec![])),
        (&["token", "add", "ci", "--role", "viewer"], "name", "ci".into()),
        (&["token", "list"], "", 0.into()),
        (&["token", "revoke", "ci"], "name", "ci".into()),
        (&["probe", "main/192.0.2.1"], "verdict", "yes".into()),
        (&["ask", "www.example.com", "--server", &dns], "status", "NOERROR".into()),
    ] {
        let said = daemon.cli(&[arguments, &["--json"]].concat());
        assert_eq!(said.code, Some(0), "{arguments:?}: {said:?}");
        let json: Value = serde_json::from_str(&said.stdout)
            .unwrap_or_else(|error| panic!("{arguments:?}: {error}: {said:?}"));
        if !key.is_empty() {
            assert_eq!(json[key], value, "{arguments:?}: {json}");
        }
    }
    let failed = daemon.cli(&["--json", "failback", "main"]);
    assert_eq!((failed.code, failed.stdout.as_str()), (Some(1), ""), "{failed:?}");
}

/// What the page and the API tell is told by command, too.
#[test]
fn names_previews_and_events_are_told_in_words() {
    let pools = steady("main", MAIN) + &steady("spare", SPARE);
    let daemon = Setup::steering(&pools, "[www]\nfailover = [\"main\", \"spare\"]\n").ready();
    assert_eq!(daemon.answer("www"), [MAIN]);
    let names = daemon.cli_ok(&["names"]);
    assert_eq!(
        names,
        "www.example.com. (ttl 30 s, 1 answer)\n  configured  main 100 %\n  now         main 100 %\n  achieved    main 100 %\n"
    );
    assert_eq!(daemon.cli_ok(&["names", "no.such"]), "no such name is steered\n");
    let preview = daemon.cli_ok(&["preview", "down", "pool:main"]);
    assert!(
        preview.starts_with("www.example.com. A: 100 % of its clients\n  100 % main -> spare: ")
            && preview.ends_with("\nclients of 1 of 1 names would be told something else\n"),
        "{preview}"
    );
    assert_eq!(daemon.answer("www"), [MAIN], "nothing is changed");
    let none = daemon.cli_ok(&["preview", "down", "pool:spare"]);
    assert_eq!(none, "nobody would be told anything else, of 1 names\n");

    daemon.set("pool:main", "drain");
    let mut follow = Command::new(env!("CARGO_BIN_EXE_steersman"));
    follow.args(["events", "--last", "1", "--follow", "--config", "running.toml"]);
    follow.current_dir(daemon.path(".")).stdout(Stdio::piped());
    let mut follow = follow.spawn().unwrap();
    let mut lines = BufReader::new(follow.stdout.take().unwrap()).lines().map(Result::unwrap);
    // It follows once it has told what was last.
    let first = lines.next().unwrap();
    assert!(first.contains("  pool ") && first.contains("stand=away"), "{first}");
    daemon.clear("pool:main");
    let next = lines.next().unwrap();
    assert!(next.contains("  override ") && next.contains("action=clear"), "{next}");
    follow.kill().unwrap();
    follow.wait().unwrap();
    let last = daemon.cli_ok(&["events"]);
    assert!(last.contains("action=clear") && last.contains("target=pool:main"), "{last}");
}
