mod querylog;
mod tls;
mod webhooks;

use std::time::Duration;

use super::*;
use crate::sampling::Share;

fn read_in_etc(text: &str) -> (Daemon, Vec<String>) {
    let document = Document::parse("steersman.toml", text.as_bytes()).ok().unwrap();
    let daemon = read(&document, Path::new("/etc/steersman"));
    (daemon, document.into_findings().iter().map(ToString::to_string).collect())
}

const EXAMPLE: &str = r#"
zones = "zones"
geoip = ["geoip/country.mmdb"]      # looked up in order; what one lacks, the next may give
state = "state"

[dns]
listen = ["127.0.0.1:5300", "[::1]:5300"]   # UDP and TCP on each
workers = 0                                  # UDP threads; 0 is one for each core
nsid = "ns1"                                 # optional

[admin]
listen = "127.0.0.1:8053"
token_file = "state/admin.token"    # made with mode 0600 at the first start
"#;

#[test]
fn the_example_is_the_default_but_for_the_nsid() {
    let (mut daemon, findings) = read_in_etc(EXAMPLE);
    assert_eq!(findings, [""; 0]);
    let place = |line, column| FilePosition { file: "steersman.toml".into(), line, column };
    assert_eq!(daemon.zones_position.take(), Some(place(2, 9)));
    assert_eq!(std::mem::take(&mut daemon.geoip_positions), [place(3, 10)]);
    assert_eq!(daemon.dns.nsid.take().as_deref(), Some(&b"ns1"[..]));
    assert_eq!(daemon, Daemon::defaults(Path::new("/etc/steersman")));
    assert_eq!(daemon, read_in_etc("").0);
    assert_eq!(daemon.zones, Path::new("/etc/steersman/zones"));
    assert_eq!(daemon.admin.token_file, Path::new("/etc/steersman/state/admin.token"));
}

#[test]
fn every_key_is_read() {
    let (daemon, findings) = read_in_etc(
        r#"
        zones = "z"
        geoip = ["a.mmdb", "/b.mmdb"]
        state = "/var/lib/steersman"
        [dns]
        listen = ["0.0.0.0:53"]
        workers = 3
        cookie_secret_file = "cookie.secret"
        start_timeout = "90s"
        [dns.rate_limit]
        responses_per_second = 1000
        slip = 1
        exempt = ["192.0.2.0/24"]
        [dns.tcp]
        max_connections = 7
        max_connections_per_network = 6
        idle_timeout = "300ms"
        max_lifetime = "1m"
        [monitors]
        allow_exec = true
        [admin]
        listen = "[::1]:80"
        [log]
        format = "json"
        level = "debug"
        [dnstap]
        socket = "dnstap.sock"
        queries = false
        responses = true
        sample = 0.25
        identity = "ns1"
        version = "mine"
        [decision_log]
        file = "/var/log/decisions"
        sample = 1
        per_second = 7
        "#,
    );
    assert_eq!(findings, [""; 0]);
    let place = |column, line| FilePosition { file: "steersman.toml".into(), line, column };
    let expected = Daemon {
        webhooks: Vec::new(),
        zones_position: Some(place(17, 2)),
        geoip_positions: vec![place(18, 3), place(28, 3)],
        zones: "/etc/steersman/z".into(),
        geoip: vec!["/etc/steersman/a.mmdb".into(), "/b.mmdb".into()],
        state: "/var/lib/steersman".into(),
        allow_exec: true,
        git: None,
        dns: Dns {
            listen: vec!["0.0.0.0:53".parse().unwrap()],
            workers: 3,
            start_timeout: Duration::from_secs(90),
            nsid: None,
            cookie_secret_file: Some(("/etc/steersman/cookie.secret".into(), place(30, 8))),
            rate_limit: rate_limit::Settings {
                responses_per_second: 1000,
                slip: 1,
                exempt: vec![([192, 0, 2, 0].into(), 24)],
            },
            tcp: Tcp {
                max_connections: 7,
                max_connections_per_network: 6,
                idle_timeout: Duration::from_millis(300),
                max_lifetime: Duration::from_secs(60),
            },
            tls: None,
        },
        admin: Admin {
            listen: "[::1]:80".parse().unwrap(),
            // Beside the rest of the state, unless said otherwise.
            token_file: "/var/lib/steersman/admin.token".into(),
            tls: None,
        },
        log: Log { format: LogFormat::Json, level: LogLevel::Debug },
        dnstap: Some(Dnstap {
            socket: NamedFile {
                path: "/etc/steersman/dnstap.sock".into(),
                position: place(18, 27),
            },
            queries: false,
            responses: true,
            sample: Share::new(0.25).unwrap(),
            identity: Some("ns1".into()),
            version: "mine".into(),
        }),
        decision_log: Some(DecisionLog {
            file: NamedFile { path: "/var/log/decisions".into(), position: place(16, 34) },
            sample: Share::new(1.0).unwrap(),
            per_second: 7,
        }),
    };
    assert_eq!(daemon, expected);
}

#[test]
fn mistakes_are_said() {
    let address = r#"an address with a port, such as "127.0.0.1:53" or "[::1]:53""#;
    let addresses = r#"a list of addresses with ports, such as ["192.0.2.1:53"]"#;
    for (text, findings) in [
        (
            "zone = 'x'",
            &[r#"1:1: unknown key "zone" (did you mean "zones"?); expected one of zones, geoip, state, git, dns, monitors, admin, log, webhooks, dnstap, decision_log"#[..].to_string()][..],
        ),
        (
            "[dns]\nport = 53",
            &[r#"2:1: unknown key "port"; expected one of listen, workers, start_timeout, nsid, cookie_secret_file, rate_limit, tcp, tls"#.into()],
        ),
        (
            "[admin]\ntls = 1",
            &["2:7: 1; expected a table, [admin.tls]".into()],
        ),
        (
            "[admin.tls]\ncertificate = 'x'\ncert = 'y'",
            &[
                "1:8: no key; expected key = \"tls/key.pem\", a PEM file".into(),
                r#"3:1: unknown key "cert"; expected one of certificate, key"#.into(),
            ],
        ),
        (
            "[dns]\ngeoip = []\nport = 1\n[dns.tcp]\nstate = 'x'",
            &[
                "2:1: geoip under [dns]; expected geoip above the first table, at the top of the file".into(),
                r#"3:1: unknown key "port"; expected one of listen, workers, start_timeout, nsid, cookie_secret_file, rate_limit, tcp, tls"#.into(),
                "5:1: state under [dns.tcp]; expected state above the first table, at the top of the file".into(),
            ],
        ),
        ("zones = ''", &[r#"1:9: ""; expected a path"#.into()]),
        ("geoip = 'x'", &[r#"1:9: "x"; expected a list of MMDB files"#.into()]),
        ("dns = 1", &["1:7: 1; expected a table, [dns]".into()]),
        ("[dns]\nlisten = '127.0.0.1:53'", &[format!(r#"2:10: "127.0.0.1:53"; expected {addresses}"#)]),
        ("[dns]\nlisten = []", &[format!("2:10: an empty list; expected {addresses}")]),
        (
            "[dns]\nlisten = ['127.0.0.1', 'localhost:53']",
            &[
                format!(r#"2:11: "127.0.0.1"; expected {address}"#),
                format!(r#"2:24: "localhost:53"; expected {address}"#),
            ],
        ),
        (
            "[dns]\nlisten = ['[::ffff:127.0.0.1]:53']",
            &[r#"2:11: "[::ffff:127.0.0.1]:53"; expected 127.0.0.1, which it stands for"#.into()],
        ),
        (
            "[dns]\nlisten = ['[::1]:53', '127.0.0.1:53', '[0::1]:53']",
            &["2:39: [::1]:53 a second time; expected each address once".into()],
        ),
        (
            "[dns]\nlisten = ['[::1]:53', '[::]:53', '0.0.0.0:53']",
            &["2:10: [::1]:53 and [::]:53; expected either all addresses of a port, or some".into()],
        ),
        (
            "[dns]\nworkers = -1\nnsid = ''",
            &[
                "2:11: -1; expected a number of threads from 0 to 1024".into(),
                "3:8: a text of 0 bytes; expected a text of 1 to 128 bytes".into(),
            ],
        ),
        (
            "[dns.tcp]\nmax_connections = 0\nidle_timeout = '0s'",
            &[
                "2:19: 0; expected a number from 1 to 1000000".into(),
                r#"3:16: "0s"; expected a time from "100ms" to "1h""#.into(),
            ],
        ),
        (
            "[dns.tcp]\nmax_connections_per_network = 0\nmax_lifetime = '2d'",
            &[
                "2:31: 0; expected a number from 1 to 1000000".into(),
                r#"3:16: "2d"; expected a time from "1s" to "1d""#.into(),
            ],
        ),
        (
            "[dns.rate_limit]\nresponses_per_second = -1\nslip = 101\nrate = 5",
            &[
                "2:24: -1; expected a number from 0 to 1000000".into(),
                "3:8: 101; expected a number from 0 to 100".into(),
                r#"4:1: unknown key "rate"; expected one of responses_per_second, slip, exempt"#.into(),
            ],
        ),
        (
            "[dns.rate_limit]\nexempt = '::1/128'",
            &[r#"2:10: "::1/128"; expected a list of networks, such as ["127.0.0.0/8", "::1/128"]"#.into()],
        ),
        (
            "[dns.rate_limit]\nexempt = ['10.0.0.1/8', '::1/128', 7, '192.0.2.1']",
            &[
                r#"2:11: "10.0.0.1/8", which has bits beyond its length; expected "10.0.0.0/8""#.into(),
                r#"2:36: 7; expected a network, such as "203.0.113.0/24" or "2001:db8::/32""#.into(),
                r#"2:39: "192.0.2.1"; expected a length from 0 to 32, such as "192.0.2.1/32""#.into(),
            ],
        ),
        (
            "[log]\nformat = 'xml'\nlevel = 'warning'",
            &[
                r#"2:10: "xml"; expected one of text, json"#.into(),
                r#"3:9: "warning"; expected one of error, warn, info, debug, trace"#.into(),
            ],
        ),
        (
            "[dns]\nlisten = ['0.0.0.0:53']\n[admin]\nlisten = '127.0.0.1:53'",
            &["4:10: 127.0.0.1:53 for admin, while dns listens on 0.0.0.0:53; expected another port for one of them".into()],
        ),
        (
            "[dns]\nlisten = ['127.0.0.1:8053']",
            &["2:10: 127.0.0.1:8053 for admin, while dns listens on 127.0.0.1:8053; expected another port for one of them".into()],
        ),
    ] {
        let expected: Vec<_> = findings.iter().map(|f| format!("steersman.toml:{f}")).collect();
        assert_eq!(read_in_etc(text).1, expected, "{text}");
    }
}

#[test]
fn zones_may_come_from_git() {
    let place = |column, line| FilePosition { file: "steersman.toml".into(), line, column };
    let (daemon, findings) = read_in_etc("[git]\nremote = 'git@example.com:dns.git'");
    assert_eq!(findings, [""; 0]);
    assert_eq!(daemon.zones, Path::new("/etc/steersman/state/git/served/zones"));
    let git = Git {
        remote: "git@example.com:dns.git".into(),
        position: place(10, 2),
        branch: "main".into(),
        path: "zones".into(),
        every: Duration::from_secs(30),
        timeout: Duration::from_secs(60),
        allowed_signers: None,
    };
    assert_eq!(daemon.git, Some(git.clone()));
    let (daemon, findings) = read_in_etc(
        "state = '/s'\n[git]\nremote = '../dns'\nbranch = 'live/eu'\npath = '.'\nevery = '1s'\n\
         timeout = '5s'\nallowed_signers = 'signers'",
    );
    assert_eq!(findings, [""; 0]);
    assert_eq!(daemon.zones, Path::new("/s/git/served/."));
    assert_eq!(
        daemon.git.unwrap(),
        Git {
            remote: "/etc/steersman/../dns".into(),
            position: place(10, 3),
            branch: "live/eu".into(),
            path: ".".into(),
            every: Duration::from_secs(1),
            timeout: Duration::from_secs(5),
            allowed_signers: Some(NamedFile {
                path: "/etc/steersman/signers".into(),
                position: place(19, 8),
            }),
        }
    );
    for remote in ["https://example.com/dns", "ssh://git@example.com:22/dns", "file:///srv/dns"] {
        let (daemon, findings) = read_in_etc(&format!("[git]\nremote = '{remote}'"));
        assert_eq!((daemon.git.unwrap().remote.as_str(), findings), (remote, vec![]));
    }
}

#[test]
fn what_git_could_not_follow_is_a_finding() {
    let remote = "expected what `git fetch` takes: an https, ssh, git or file address, such as \
                  \"git@git.example.com:dns.git\", or a path";
    let secret = "2:10: an address with a user or password in it, which `ps` and the log would show; \
                  expected an address without, and a credential helper of git for the daemon's user";
    for text in ["", "-x", "ext::sh -c x", "http://example.com/dns", "a\nb"] {
        let (daemon, findings) = read_in_etc(&format!("[git]\nremote = {text:?}"));
        assert_eq!(findings, [format!("steersman.toml:2:10: {text:?}; {remote}")]);
        assert_eq!(daemon.git, None);
    }
    for text in
        ["https://a:b@example.com/dns", "https://token@example.com/", "ssh://a:b@example.com/"]
    {
        let (_, findings) = read_in_etc(&format!("[git]\nremote = {text:?}"));
        assert_eq!(findings, [format!("steersman.toml:{secret}")]);
    }
    let (_, findings) =
        read_in_etc("zones = 'z'\n[git]\nevery = '10ms'\ntimeout = '2d'\nremotes = 'x'");
    assert_eq!(
        findings,
        [
            "steersman.toml:1:1: zones beside [git]; expected one of both: path under [git] names the folder".into(),
            format!("steersman.toml:2:2: no remote; expected remote, {}", &remote[9..]),
            "steersman.toml:3:9: \"10ms\"; expected a time from \"1s\" to \"1d\"".into(),
            "steersman.toml:4:11: \"2d\"; expected a time from \"1s\" to \"1d\"".into(),
            "steersman.toml:5:1: unknown key \"remotes\" (did you mean \"remote\"?); expected one of remote, branch, path, every, timeout, allowed_signers".into(),
        ]
    );
    for path in ["", "/etc", "../zones", "a/../../b"] {
        let (_, findings) = read_in_etc(&format!("[git]\nremote = 'r'\npath = {path:?}"));
        let wanted =
            "expected a folder within the repository, such as \"zones\", or \".\" for all of it";
        assert_eq!(findings, [format!("steersman.toml:3:8: {path:?}; {wanted}")]);
    }
    for branch in
        ["", "-x", "a b", "a..b", "a//b", "/a", "a/", ".a", "a/.b", "a.lock", "a.", "a:b", "a@{1}"]
    {
        let (_, findings) = read_in_etc(&format!("[git]\nremote = 'r'\nbranch = {branch:?}"));
        let wanted = "expected the name of a branch, such as \"main\"";
        assert_eq!(findings, [format!("steersman.toml:3:10: {branch:?}; {wanted}")]);
    }
}

#[test]
fn admin_overlaps_where_it_could_not_be_bound() {
    for (dns, admin, expected) in [
        ("127.0.0.1:53", "127.0.0.1:53", true),
        ("127.0.0.1:53", "127.0.0.1:54", false),
        ("127.0.0.1:53", "127.0.0.2:53", false),
        ("0.0.0.0:53", "127.0.0.2:53", true),
        ("127.0.0.2:53", "0.0.0.0:53", true),
        ("[::]:53", "[::1]:53", true),
        ("[::1]:53", "[::]:53", true),
        ("[::]:53", "127.0.0.1:53", false),
        ("127.0.0.1:53", "[::]:53", true),
        ("0.0.0.0:53", "[::1]:53", false),
        ("127.0.0.1:0", "127.0.0.1:0", false),
    ] {
        let found = conflict::overlap_admin(dns.parse().unwrap(), admin.parse().unwrap());
        assert_eq!(found, expected, "{dns} {admin}");
    }
}

#[test]
fn a_missing_or_foreign_file_is_a_finding() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("steersman.toml");
    for path in [missing.as_path(), folder.path()] {
        let findings = crate::config::daemon(path).unwrap_err();
        assert_eq!(findings.len(), 1);
        assert_eq!((findings[0].line, findings[0].column), (1, 1));
        assert!(findings[0].found.starts_with("a file that cannot be read: "), "{findings:?}");
    }
    std::fs::write(&missing, "zones = 'z'").unwrap();
    assert_eq!(crate::config::daemon(&missing).unwrap().zones, folder.path().join("z"));
    std::fs::write(&missing, "x").unwrap();
    assert_eq!(crate::config::daemon(&missing).unwrap_err().len(), 1);
}
