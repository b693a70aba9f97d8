//! Those in monitors.

use super::*;

const TIME: &str = r#"a time with its unit, such as "300ms", "5s" or "1m30s""#;

#[test]
fn mistakes_in_monitors_are_said() {
    let bound = r#"expected a time from "10ms" to "1d""#;
    let range = r#"expected a status from 100 to 599, or a range such as "200-299""#;
    let path = r##"expected a path that begins with "/", in ASCII, without spaces and "#""##;
    let host = r#"expected a host name, such as "www.example.com" or "www.example.com:8080""#;
    let longer = "expected an interval that is at least as long as the timeout";
    assert_findings(&[
        (
            "[monitors.m]",
            &[
                "1:11: monitor \"m\" without a kind; expected one of http, https, tcp, tls, dns, grpc, exec, icmp, heartbeat, all, any, at_least, not",
            ],
        ),
        (
            "[monitors.m]\nicmp = {}\ntcp = { port = 1 }",
            &[
                "3:1: a second kind, \"tcp\", beside \"icmp\"; expected one kind for each monitor; a pool may have several monitors",
            ],
        ),
        ("[monitors.m]\nhttp = 80", &["2:8: 80; expected a table, such as http = {}"]),
        (
            "[monitors.m]\nicmp = {}\nintervall = '5s'",
            &[&format!(
                "3:1: unknown key \"intervall\" (did you mean \"interval\"?); expected {MONITOR_KEYS}"
            )],
        ),
        (
            "[monitors.m]\nhttp = { sni = 'x' }",
            &[
                "2:10: unknown key \"sni\"; expected one of path, port, host, status, body, body_regex, method, headers, request_body, version, follow_redirects",
            ],
        ),
        (
            "[monitors.m]\nicmp = { port = 1 }",
            &["2:10: unknown key \"port\"; expected no key at all"],
        ),
        (
            "[monitors.m]\nicmp = {}\ninterval = '1s'\ntimeout = '2s'",
            &[&format!("3:12: an interval of 1s, shorter than the timeout of 2s; {longer}")],
        ),
        (
            "[monitors.m]\nicmp = {}\ntimeout = '6s'",
            &[&format!(
                "3:11: an interval of 5s (the default), shorter than the timeout of 6s; {longer}"
            )],
        ),
        (
            "[monitors.m]\nicmp = {}\ninterval = '9s'\ntimeout = '10s'",
            &[&format!("3:12: an interval of 9s, shorter than the timeout of 10s; {longer}")],
        ),
        (
            "[monitors.m]\nicmp = {}\ninterval = '0s'\nretry = '2d'\ntimeout = '0s'",
            &[
                &format!("3:12: \"0s\"; {bound}"),
                &format!("4:9: \"2d\"; {bound}"),
                "5:11: \"0s\"; expected a time from \"1ms\" to \"1d\"",
            ],
        ),
        (
            "[monitors.m]\nicmp = {}\ninterval = 5\nretry = '-1s'",
            &[&format!("3:12: 5; expected {TIME}"), &format!("4:9: \"-1s\"; expected {TIME}")],
        ),
        (
            "[monitors.m]\nicmp = {}\nfall = 0\nrise = '2'",
            &[
                "3:8: 0; expected a number from 1 to 1000",
                "4:8: \"2\"; expected a number from 1 to 1000",
            ],
        ),
        ("[monitors.m]\nhttp = { path = 'x' }", &[&format!("2:17: \"x\"; {path}")]),
        ("[monitors.m]\nhttp = { path = '/a b' }", &[&format!("2:17: \"/a b\"; {path}")]),
        ("[monitors.m]\nhttp = { path = \"/\\r\" }", &[&format!("2:17: \"/\\r\"; {path}")]),
        ("[monitors.m]\nhttp = { host = \"a\\nb\" }", &[&format!("2:17: \"a\\nb\"; {host}")]),
        ("[monitors.m]\nhttp = { host = '' }", &[&format!("2:17: \"\"; {host}")]),
        ("[monitors.m]\ntcp = { port = 0 }", &["2:16: 0; expected a port from 1 to 65535"]),
        ("[monitors.m]\ntcp = { port = 65536 }", &["2:16: 65536; expected a port from 1 to 65535"]),
        (
            "[monitors.m]\nhttps = { sni = 'a b', verify = 1 }",
            &[
                "2:17: \"a b\"; expected the host name or address that the certificate must be for",
                "2:33: 1; expected true or false",
            ],
        ),
        (
            "[monitors.m]\nhttp = { body = '' }",
            &["2:17: \"\"; expected a text of 1 to 65536 bytes that the body must contain"],
        ),
        (
            "[monitors.m]\nhttp = { status = [] }",
            &[
                "2:19: an empty list; expected a list of statuses and ranges, such as [200, \"300-399\"]",
            ],
        ),
        (
            "[monitors.m]\nhttp = { status = [99, '299-200', '2xx'] }",
            &[
                &format!("2:20: 99; {range}"),
                &format!("2:24: \"299-200\"; {range}"),
                &format!("2:35: \"2xx\"; {range}"),
            ],
        ),
    ]);
}

#[test]
fn mistakes_in_settings_of_verdicts_are_said() {
    let bound = r#"expected a time from "1s" to "1d""#;
    let initial = r#"expected "last", "up" or "down""#;
    assert_findings(&[
        ("[monitors.m]\nicmp = {}\ninitial = 'no'", &[&format!("3:11: \"no\"; {initial}")]),
        ("[monitors.m]\nicmp = {}\ninitial = true", &[&format!("3:11: true; {initial}")]),
        ("[monitors.m]\nicmp = {}\ndamping = 3", &["3:11: 3; expected true or false"]),
        (
            "[monitors.m]\nicmp = {}\ndamping = '1m'",
            &["3:11: \"1m\"; expected true, false, or a table such as { falls = 3 }"],
        ),
        (
            "[monitors.m]\nicmp = {}\ndamping = { falls = 0, hold = '1ms', most = '1h' }",
            &[
                "3:21: 0; expected a number of falls from 1 to 1000",
                &format!("3:31: \"1ms\"; {bound}"),
                "3:38: unknown key \"most\"; expected one of falls, within, hold, longest",
            ],
        ),
        (
            "[monitors.m]\nicmp = {}\ndamping = { hold = '1m', longest = '30s' }",
            &[
                "3:36: \"30s\", shorter than the first hold of 1m; expected a time at least as long as hold",
            ],
        ),
    ]);
}

#[test]
fn mistakes_in_monitors_over_others_are_said() {
    let with = |text: &str| format!("[monitors.a]\nicmp = {{}}\n[monitors.b]\n{text}");
    for (text, expected) in [
        ("any = []", &["4:7: an empty list; expected a list of names of monitors"][..]),
        ("any = 'a'", &["4:7: \"a\"; expected a list of names of monitors"]),
        ("all = ['a', 'a']", &["4:13: monitor \"a\" a second time; expected each monitor once"]),
        ("all = ['c']", &["4:8: unknown monitor \"c\"; expected one of a, b"]),
        ("not = ['a']", &["4:7: a list; expected the name of a monitor"]),
        ("not = 'b'", &["4:7: monitor \"b\" within itself: b → b; expected another monitor"]),
        (
            "not = 'c'\n[monitors.c]\nany = ['a', 'b']",
            &["6:13: monitor \"b\" within itself: b → c → b; expected another monitor"],
        ),
        (
            "any = ['a']\ninterval = '1s'\nnot = 'a'",
            &[
                "5:1: unknown key \"interval\"; expected one of all, any, at_least, not",
                "6:1: \"not\" beside \"any\"; expected one of them; what is to be combined further is a monitor of its own",
            ],
        ),
        ("at_least = { of = ['a'] }", &["4:1: at_least without count; expected both count and of"]),
        ("at_least = { count = 1 }", &["4:1: at_least without of; expected both count and of"]),
        (
            "at_least = { count = 2, of = ['a'] }",
            &["4:22: 2; expected a number from 1 to 1, of the monitors under of"],
        ),
    ] {
        assert_findings(&[(&with(text), expected)]);
    }
}

/// What leads to very many monitors, or very deep, is refused before it takes long.
#[test]
fn monitors_over_others_are_bounded() {
    let name = |n: usize| if n == 0 { "a".to_owned() } else { format!("x{n}") };
    let mut text = "[monitors.a]\nicmp = {}\n".to_owned();
    for n in 1..=40 {
        let (this, below) = (name(n), name(n - 1));
        text += &format!("[monitors.{this}]\nnot = '{below}'\n");
    }
    let deeper = "monitors nested deeper than 16; expected at most 16 within each other";
    let findings = read_all(&text).1;
    assert!(findings[0].ends_with(deeper), "{findings:?}");
    let deep = (1..=40).rev().map(|n| format!("[monitors.{}]\nnot = '{}'\n", name(n), name(n - 1)));
    let text = deep.collect::<String>() + "[monitors.a]\nicmp = {}\n";
    let findings = read_all(&text).1;
    assert!(findings[0].ends_with(deeper), "the other way round: {findings:?}");

    let mut text = "[monitors.a]\nicmp = {}\n[monitors.b]\nicmp = {}\n".to_owned();
    text += "[monitors.x1]\nall = ['a', 'b']\n[monitors.y1]\nany = ['a', 'b']\n";
    for n in 2..=12 {
        let m = n - 1;
        text += &format!(
            "[monitors.x{n}]\nall = ['x{m}', 'y{m}']\n[monitors.y{n}]\nany = ['x{m}', 'y{m}']\n"
        );
    }
    let findings = read_all(&text).1;
    let many = "1024 monitors in one; expected at most 1000, counted as often as named";
    assert!(findings[0].ends_with(many), "{findings:?}");
}

#[test]
fn mistakes_in_heartbeats_are_said() {
    let expected = "interval, fall and rise: each interval without a heartbeat is a failure";
    assert_findings(&[
        (
            "[monitors.m]\nheartbeat = { within = '1m' }",
            &["2:15: unknown key \"within\"; expected no key at all"],
        ),
        (
            "[monitors.m]\nheartbeat = {}\ntimeout = '9s'\nretry = '1s'\nwatch = false",
            &[
                &format!("3:1: timeout beside heartbeat; expected {expected}"),
                &format!("4:1: retry beside heartbeat; expected {expected}"),
                &format!("5:1: watch beside heartbeat; expected {expected}"),
            ],
        ),
        (
            "[monitors.m]\nheartbeat = {}\n[monitors.i]\nicmp = {}\n[pools.p]\nmonitor = ['m', 'i']\nendpoints = [{ cname = 'a.example' }]",
            &[
                "7:14: the host name a.example. to be monitored, but names are not resolved; expected probe = \"ADDR:PORT\" beside it, or no monitor for the pool",
            ],
        ),
    ]);
}

/// What could never be asked is found when files are loaded, and not by the first probe.
#[test]
fn hosts_that_no_request_can_name_are_said() {
    let expected = r#"expected a host name, such as "www.example.com" or "www.example.com:8080""#;
    for host in
        ["foo..bar", "foo_bar-.com", "a:b:c", "[::1", "[::1]x", "a:0", "a:65536", "a b", "::1"]
    {
        let text = format!("[monitors.m]\nhttp = {{ host = '{host}' }}");
        assert_findings(&[(&text, &[&format!("2:17: \"{host}\"; {expected}")])]);
    }
    for host in ["a", "_x.a-b.example.", "192.0.2.1", "192.0.2.1:80", "[::1]", "[::1]:8080", "h:1"]
    {
        let text = format!("[monitors.m]\nhttp = {{ host = '{host}' }}");
        assert_findings(&[(&text, &[])]);
    }
}

#[test]
fn patterns_that_silence_matches_are_said() {
    let expected = "expected a pattern of what the server says when it is well";
    for pattern in [".*", "^[^-]*$", "(OK)?"] {
        let text = format!("[monitors.m]\ntcp = {{ port = 1, expect_regex = '{pattern}' }}");
        let finding =
            format!("2:34: \"{pattern}\", a pattern that nothing at all matches, too; {expected}");
        assert_findings(&[(&text, &[&finding])]);
    }
}

/// Each level has all of the one below, again and again.
#[test]
fn monitors_over_monitors_do_not_grow_without_end() {
    let mut text = String::from("[monitors.m]\nicmp = {}\n");
    for level in 1..=14 {
        for n in 0..10 {
            let below = (0..10).map(|below| match level {
                1 => "'m'".to_owned(),
                _ => format!("'l{}_{below}'", level - 1),
            });
            let below: Vec<String> = below.take(if level == 1 { 1 } else { 10 }).collect();
            text += &format!("[monitors.l{level}_{n}]\nany = [{}]\n", below.join(", "));
        }
    }
    let (_, findings) = read_all(&text);
    assert!(!findings.is_empty() && findings.len() <= 50, "{} findings", findings.len());
    assert!(findings[0].contains("monitors in one"), "{findings:?}");
}
