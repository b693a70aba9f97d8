//! `[dnstap]` and `[decision_log]`

use super::*;

#[test]
fn what_is_not_said_has_a_default() {
    let (daemon, findings) = read_in_etc(
        "[dns]\nnsid = 'ns1'\n[dnstap]\nsocket = '/run/d.sock'\n[decision_log]\nfile = 'log'",
    );
    assert_eq!(findings, [""; 0]);
    let dnstap = daemon.dnstap.unwrap();
    assert_eq!((dnstap.queries, dnstap.responses), (true, true));
    assert_eq!(dnstap.sample, Share::new(1.0).unwrap());
    assert_eq!(dnstap.identity.as_deref(), Some("ns1"));
    assert_eq!(dnstap.version, concat!("steersman ", env!("CARGO_PKG_VERSION")));
    let decisions = daemon.decision_log.unwrap();
    assert_eq!(decisions.file.path, Path::new("/etc/steersman/log"));
    assert_eq!((decisions.sample, decisions.per_second), (Share::new(0.001).unwrap(), 100));
}

#[test]
fn a_folder_that_is_not_there_is_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let text = "[dnstap]\nsocket = 'd.sock'\n[decision_log]\nfile = 'no/such/log'";
    let document = Document::parse("steersman.toml", text.as_bytes()).ok().unwrap();
    let daemon = read(&document, folder.path());
    let said: Vec<String> = querylog_warnings(&daemon).iter().map(ToString::to_string).collect();
    let wanted = format!(
        "steersman.toml:4:8: warning: {}/no/such/log, in a folder that is not there; expected a file in one that is",
        folder.path().display()
    );
    assert_eq!(said, [wanted]);
    // The folder that a command is in has no name.
    let here = read(&Document::parse("s", b"[dnstap]\nsocket = 'd'").ok().unwrap(), Path::new(""));
    assert_eq!(querylog_warnings(&here), []);
}

#[test]
fn what_nobody_could_be_told_is_a_finding() {
    let share = "expected a share of all questions, above 0 and up to 1, such as 0.01";
    let long = format!("/{}", "x".repeat(107));
    for (text, findings) in [
        (
            "[dnstap]",
            vec![r#"1:2: no socket; expected socket = "/run/steersman/dnstap.sock""#.into()],
        ),
        (
            "[decision_log]",
            vec![r#"1:2: no file; expected file = "/var/log/steersman/decisions.jsonl""#.into()],
        ),
        (
            "[dnstap]\nsocket = 'x'\nqueries = false\nresponses = false\nsample = 0\nidentity = ''",
            vec![
                "3:1: queries and responses both false; expected one of them, or no [dnstap]"
                    .into(),
                format!("5:10: 0; {share}"),
                "6:12: a text of 0 bytes; expected a text of 1 to 255 bytes".into(),
            ],
        ),
        (
            &format!("[dnstap]\nsocket = '{long}'"),
            vec!["2:10: a path of 108 bytes; expected at most 107, as sockets have it".into()],
        ),
        (
            "[decision_log]\nfile = 'x'\nsample = 1.5\nper_second = 0",
            vec![
                format!("3:10: 1.5; {share}"),
                "4:14: 0; expected a number of lines from 1 to 10000".into(),
            ],
        ),
    ] {
        let (_, said) = read_in_etc(text);
        let wanted: Vec<String> = findings.iter().map(|f| format!("steersman.toml:{f}")).collect();
        assert_eq!(said, wanted, "{text}");
    }
}
