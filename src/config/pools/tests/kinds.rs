//! Mistakes in what the kinds of monitor ask.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::*;

#[test]
fn mistakes_in_http_requests_are_said() {
    let method = r#"expected a method in upper case, such as "GET", "HEAD" or "POST""#;
    let line = "expected a text of one line, without spaces around it";
    let pattern = r#"expected a regular expression, such as "status: *ok""#;
    let other = r#"expected another method, such as method = "GET""#;
    for (settings, expected) in [
        ("method = 'get'", &[&*format!("19: \"get\"; {method}")][..]),
        ("method = 'CONNECT'", &[&format!("19: \"CONNECT\"; {method}")]),
        ("version = '1.0'", &["20: \"1.0\"; expected \"1.1\" or \"2\""]),
        ("version = 2", &["20: 2; expected \"1.1\" or \"2\""]),
        ("follow_redirects = 11", &["29: 11; expected a number of redirects from 0 to 10"]),
        (
            "request_body = 'x'",
            &[
                "10: a request body beside the method GET; expected a method that has one, such as method = \"POST\"",
            ],
        ),
        ("method = 'POST', request_body = 'x'", &[]),
        (
            "method = 'HEAD', body = 'x', body_regex = 'x'",
            &[
                &format!("27: body beside the method HEAD, whose answer has no body; {other}"),
                &format!(
                    "39: body_regex beside the method HEAD, whose answer has no body; {other}"
                ),
            ],
        ),
        (
            "body_regex = 'a(b'",
            &[&format!("23: a pattern that does not compile: unclosed group; {pattern}")],
        ),
        (
            "body_regex = '(a{1000}){1000}'",
            &[&format!(
                "23: a pattern that does not compile: it is too large once compiled; {pattern}"
            )],
        ),
        (
            "headers = { Host = 'x', Connection = 'x', 'a b' = 'x', A = 'x', a = 'x' }",
            &[
                "22: the header Host; expected the key host, beside headers",
                "34: the header Connection, which the connection itself decides on; expected another header",
                "52: the header \"a b\"; expected the name of a header",
                "74: the header \"a\" a second time; expected each header once, whatever its case",
            ],
        ),
        ("headers = { a = 1 }", &[&format!("26: 1; {line}")]),
        ("headers = { a = ' x' }", &[&format!("26: \" x\"; {line}")]),
        (
            "headers = 'a: b'",
            &[
                "20: \"a: b\"; expected a table of headers, such as { Authorization = \"Bearer …\" }",
            ],
        ),
    ] {
        let text = format!("[monitors.m]\nhttp = {{ {settings} }}");
        let expected: Vec<String> = expected.iter().map(|f| format!("pools.toml:2:{f}")).collect();
        assert_eq!(read_all(&text).1, expected, "{settings}");
    }
}

#[test]
fn mistakes_in_words_over_tcp_are_said() {
    let hex = r#"expected 1 to 65536 bytes as pairs of hexadecimal digits, such as "01 00 ff""#;
    let tls = r#"expected true, or a table such as { sni = "www.example.com" }"#;
    for (settings, expected) in [
        ("port = 1, send = 'x', expect = 'y'", &[][..]),
        ("port = 1, send_hex = '0D 0a', expect_hex = '2B'", &[]),
        ("port = 1, tls = true", &[]),
        ("port = 1, tls = { sni = 'a.example', verify = false }", &[]),
        ("preset = 'redis', tls = true", &[]),
        (
            "port = 1, send = 'x'",
            &[
                "19: send without anything to expect; expected expect, expect_hex or expect_regex beside it",
            ],
        ),
        (
            "port = 1, send = 'x', send_hex = '00', expect = 'x', expect_regex = 'x'",
            &[
                "31: send_hex beside send; expected one of them",
                "62: expect_regex beside expect; expected one of them",
            ],
        ),
        (
            "port = 1, expect = ''",
            &["28: \"\"; expected a text of 1 to 65536 bytes that the answer must contain"],
        ),
        ("port = 1, expect_hex = '0'", &[&format!("32: \"0\"; {hex}")]),
        ("port = 1, expect_hex = ''", &[&format!("32: \"\"; {hex}")]),
        (
            "port = 1, expect_regex = '*'",
            &[
                "34: a pattern that does not compile: repetition operator missing expression; expected a regular expression, such as \"status: *ok\"",
            ],
        ),
        ("port = 1, tls = 'yes'", &[&format!("25: \"yes\"; {tls}")]),
        (
            "port = 1, tls = { name = 'x' }",
            &[
                "27: unknown key \"name\"; expected one of sni, verify, ca_file, client_cert_file, client_key_file",
            ],
        ),
        (
            "preset = 'postgres'",
            &[
                "18: unknown preset \"postgres\" (did you mean \"postgresql\"?); expected one of redis, postgresql, mysql, smtp, ssh",
            ],
        ),
        (
            "preset = 'ssh', tls = true, send = 'x'",
            &[
                "25: tls beside the preset ssh, which begins in the clear; expected no such key",
                "37: send beside preset = \"ssh\"; expected either a preset or words of your own",
            ],
        ),
    ] {
        let text = format!("[monitors.m]\ntcp = {{ {settings} }}");
        let expected: Vec<String> = expected.iter().map(|f| format!("pools.toml:2:{f}")).collect();
        assert_eq!(read_all(&text).1, expected, "{settings}");
    }
}

#[test]
fn presets_have_their_ports() {
    for (settings, port) in [
        ("preset = 'redis'", 6379),
        ("preset = 'postgresql'", 5432),
        ("preset = 'mysql'", 3306),
        ("preset = 'smtp'", 25),
        ("preset = 'smtp', tls = true", 465),
        ("preset = 'ssh'", 22),
        ("preset = 'ssh', port = 2222", 2222),
    ] {
        let text = format!(
            "[monitors.m]\ntcp = {{ {settings} }}\n[pools.p]\nmonitor = 'm'\nendpoints = ['::1']"
        );
        let kind = good(&text).monitors.remove(0).kind;
        assert!(matches!(&kind, MonitorKind::Tcp(check) if check.port == port), "{kind:?}");
    }
}

#[test]
fn mistakes_in_handshakes_are_said() {
    for (settings, expected) in [
        ("", &[][..]),
        ("name = 'a.example', days = 14, port = 636", &[]),
        (
            "sni = 'a.example'",
            &[
                "9: unknown key \"sni\"; expected one of name, port, days, verify, ca_file, client_cert_file, client_key_file",
            ],
        ),
        ("days = 3651", &["16: 3651; expected a number of days from 0 to 3650"]),
        (
            "days = 1, verify = false",
            &[
                "9: days beside verify = false; expected one of them: without verify no certificate is looked at",
            ],
        ),
    ] {
        let text = format!("[monitors.m]\ntls = {{ {settings} }}");
        let expected: Vec<String> = expected.iter().map(|f| format!("pools.toml:2:{f}")).collect();
        assert_eq!(read_all(&text).1, expected, "{settings}");
    }
}

#[test]
fn mistakes_in_questions_of_dns_are_said() {
    let a = "the data of a record of type A, as in a zone file";
    for (settings, expected) in [
        ("name = 'a.example', type = 'txt', answer = '\"a b\" c'", &[][..]),
        ("name = 'a.example.', rcode = 'nxdomain', tcp = true", &[]),
        ("name = '_x._tcp.a.example', type = 'SRV', answer = ['0 5 5060 a.example']", &[]),
        ("", &["1: a question without a name; expected name = \"www.example.com\""]),
        (
            "name = 'a..b'",
            &["16: \"a..b\": an empty label; expected a name, such as \"www.example.com\""],
        ),
        (
            "name = 'a', type = 'AXFR'",
            &["28: \"AXFR\"; expected a record type, such as \"A\", \"AAAA\" or \"TYPE64\""],
        ),
        (
            "name = 'a', rcode = 'OK'",
            &[
                "29: \"OK\"; expected one of NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED, YXDOMAIN, YXRRSET, NXRRSET, NOTAUTH, NOTZONE",
            ],
        ),
        ("name = 'a', answer = []", &["30: a list of 0; expected 1 to 64 records"]),
        (
            "name = 'a', type = 'TXT', answer = 'v=DMARC1; p=none'",
            &[
                "44: \"v=DMARC1; p=none\", of which a ; leaves only a part; expected the text of TXT between quotes: answer = '\"v=DMARC1; p=none\"'",
            ],
        ),
        (
            "name = 'a', type = 'TXT', answer = 'v=spf1 -all'",
            &[
                "44: \"v=spf1 -all\", which is several texts; expected the text of TXT between quotes: answer = '\"v=DMARC1; p=none\"'",
            ],
        ),
        ("name = 'a', type = 'TXT', answer = '\"v=DMARC1; p=none\" a\\;b'", &[]),
        ("name = 'a', answer = ''", &[&*format!("30: \"\"; expected {a}")]),
        ("name = 'a', answer = \"::1\\n\"", &[&format!("30: \"::1\\n\"; expected {a}")]),
        (
            "name = 'a', rcode = 'REFUSED', answer = '192.0.2.1'",
            &["40: an answer beside an rcode that is an error; expected no such key"],
        ),
        (
            "name = 'a', type = 'ANY', answer = '192.0.2.1'",
            &["35: an answer beside the type ANY; expected no such key"],
        ),
    ] {
        let text = format!("[monitors.m]\ndns = {{ {settings} }}");
        let expected: Vec<String> = expected.iter().map(|f| format!("pools.toml:2:{f}")).collect();
        assert_eq!(read_all(&text).1, expected, "{settings}");
    }
    let (_, findings) = read_all("[monitors.m]\ndns = { name = 'a', answer = '192.0.2' }");
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert!(findings[0].starts_with("pools.toml:2:30: \"192.0.2\": "), "{findings:?}");
    let (_, findings) = read_all("[monitors.m]\ndns = { name = 'a' }\nwatch = true");
    let watch = "pools.toml:3:9: a watch without a connection; expected watch = false, or no such key, beside dns";
    assert_eq!(findings, [watch]);
    let (_, findings) = read_all("[monitors.m]\ntcp = { preset = 'mysql' }\nwatch = true");
    let watch = "pools.toml:3:9: a watch where servers refuse whoever says nothing; expected watch = false, or no such key, beside mysql";
    assert_eq!(findings, [watch]);
    good("[monitors.m]\ntcp = { preset = 'redis' }\nwatch = true");
}

#[test]
fn mistakes_in_questions_of_grpc_are_said() {
    for (settings, expected) in [
        ("port = 1, service = 'a.B', tls = { sni = 'a.example' }", &[][..]),
        (
            "services = 'a'",
            &[
                "10: unknown key \"services\" (did you mean \"service\"?); expected one of port, service, tls",
            ],
        ),
        (
            "service = \"a\\n\"",
            &["20: \"a\\n\"; expected the name of a service, such as \"shop.v1.Orders\""],
        ),
    ] {
        let text = format!("[monitors.m]\ngrpc = {{ {settings} }}");
        let expected: Vec<String> = expected.iter().map(|f| format!("pools.toml:2:{f}")).collect();
        assert_eq!(read_all(&text).1, expected, "{settings}");
    }
    let text = "[monitors.m]\ngrpc = {}\n[pools.a]\nmonitor = 'm'\nendpoints = ['::1']";
    let port = "pools.toml:3:8: no port to probe ::1 of pool \"a\" by monitor \"m\"; expected grpc = { port = … }, or probe = \"ADDR:PORT\" for each endpoint";
    assert_eq!(read_all(text).1, [port]);
}

const PROGRAM: &str = "expected the absolute path of a program that can be run";

/// What becomes of the settings of an exec monitor.
fn read_allowing(settings: &str, allows_exec: bool) -> (MonitorKind, Vec<String>) {
    let text = format!("[monitors.m]\nexec = {{ {settings} }}");
    let document = Document::parse("pools.toml", text.as_bytes()).ok().unwrap();
    let mut files = crate::config::folder::Files::new(Path::new("/")).unwrap();
    let beside = Beside::new(Path::new("/"), &mut files, allows_exec);
    let kind = read(&document, &beside).monitors.remove(0).kind;
    (kind, document.into_findings().iter().map(ToString::to_string).collect())
}

#[test]
fn a_script_has_an_interpreter_that_can_be_run() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("check");
    for (text, wanted) in [
        ("#!/bin/sh\nexit 0\n", None),
        ("#! /usr/bin/env python3\n", None),
        (
            "#!/no/such -x\n",
            Some("its interpreter \"/no/such\": No such file or directory (os error 2)"),
        ),
        // As editors of other systems leave it, and the kernel takes it.
        (
            "#!/bin/sh\r\n",
            Some("its interpreter \"/bin/sh\\r\": No such file or directory (os error 2)"),
        ),
        ("#!/bin\n", Some("its interpreter \"/bin\": it is not a plain file")),
        ("#!", Some("it names no interpreter after #!")),
        ("#! \t\n", Some("it names no interpreter after #!")),
        ("#", Some("it is neither a program nor a script that begins with #!")),
        ("", Some("it is neither a program nor a script that begins with #!")),
        ("\u{7f}ELF", None),
        (
            "#!/etc/passwd\n",
            Some("its interpreter \"/etc/passwd\": it is not executable (mode 0644)"),
        ),
    ] {
        fs::write(&script, text).unwrap();
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
        let path = script.to_str().unwrap();
        let found = read_allowing(&format!("command = ['{path}']"), true).1;
        let wanted = wanted.map(|why| format!("pools.toml:2:21: \"{path}\": {why}; {PROGRAM}"));
        assert_eq!(found, wanted.into_iter().collect::<Vec<_>>(), "{text:?}");
    }
}

#[test]
fn commands_are_allowed_elsewhere_and_must_be_there() {
    let (kind, findings) = read_allowing("command = ['/bin/sh', '-c', 'true']", true);
    let command = ["/bin/sh", "-c", "true"].map(String::from).into();
    assert_eq!((kind, findings), (MonitorKind::Exec(ExecCheck { command }), vec![]));
    let not_allowed = "1: a command, which steersman.toml does not allow; expected allow_exec = true under [monitors] of steersman.toml, or another kind";
    let a_command = r#"a command and its arguments, such as ["/usr/lib/steersman/check", "-v"]"#;
    for (settings, allows_exec, expected) in [
        ("command = ['/bin/sh']", false, vec![not_allowed.to_owned()]),
        ("", true, vec![format!("1: exec without a command; expected command = {a_command}")]),
        ("command = '/bin/sh'", true, vec![format!("20: \"/bin/sh\"; expected {a_command}")]),
        ("command = []", true, vec![format!("20: a list of 0; expected {a_command}")]),
        ("command = ['sh']", true, vec![format!("21: \"sh\"; {PROGRAM}")]),
        (
            "command = ['/bin/sh', 1]",
            true,
            vec!["32: 1; expected a text of at most 4096 bytes".into()],
        ),
        (
            "command = ['/no/such']",
            true,
            vec![format!("21: \"/no/such\": No such file or directory (os error 2); {PROGRAM}")],
        ),
        (
            "command = ['/bin']",
            true,
            vec![format!("21: \"/bin\": it is not a plain file; {PROGRAM}")],
        ),
        (
            "command = ['/etc/passwd']",
            true,
            vec![format!("21: \"/etc/passwd\": it is not executable (mode 0644); {PROGRAM}")],
        ),
    ] {
        let expected: Vec<String> = expected.iter().map(|f| format!("pools.toml:2:{f}")).collect();
        assert_eq!(read_allowing(settings, allows_exec).1, expected, "{settings}");
    }
}
