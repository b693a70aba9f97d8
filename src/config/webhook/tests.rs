use std::fs;

use super::*;
use crate::config;
use crate::place::Places;

/// What is wrong with a webhook whose file has this text.
fn wrong(key: &str, form: &str, text: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let url = if key == "url_file" { "" } else { "url = \"https://example.com/\"\n" };
    let config = folder.path().join("steersman.toml");
    fs::write(&config, format!("[webhooks.a]\nform = \"{form}\"\n{url}{key} = \"f\"\n")).unwrap();
    if text != "missing" {
        fs::write(folder.path().join("f"), text).unwrap();
    }
    let daemon = config::daemon(&config).unwrap();
    let findings = credentials(&daemon.webhooks[0]).err().unwrap_or_default();
    let shown = format!("{}/", folder.path().display());
    findings.iter().map(|finding| finding.to_string().replace(&shown, "")).collect()
}

#[test]
fn files_that_everybody_can_read_are_warned_of() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("steersman.toml");
    let text = "[webhooks.a]\nurl_file = \"u\"\nsecret_file = \"s\"\n";
    fs::write(&config, text).unwrap();
    for (file, mode) in [("u", 0o600), ("s", 0o604)] {
        fs::write(folder.path().join(file), "").unwrap();
        fs::set_permissions(folder.path().join(file), fs::Permissions::from_mode(mode)).unwrap();
    }
    let found = warnings(&config::daemon(&config).unwrap().webhooks[0], &world(folder.path()));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].to_string().contains("s:1:1: warning: mode 0604, with which"), "{found:?}");
}

/// One region, pool, endpoint and steered name.
fn world(folder: &Path) -> World {
    let zones = folder.join("zones");
    fs::create_dir(&zones).unwrap();
    let pools = "[regions.us]\n[pools.web]\nregion = \"us\"\nendpoints = [\"192.0.2.1\"]\n";
    fs::write(zones.join("pools.toml"), pools).unwrap();
    let zone = "@ 60 SOA ns host 1 1h 15m 2w 30\n@ 60 NS ns.net.\n";
    fs::write(zones.join("a.example.zone"), zone).unwrap();
    fs::write(zones.join("a.example.toml"), "[www]\nfailover = [\"web\"]\n").unwrap();
    config::load(&zones, Places::unknown().into(), "", 7).unwrap().world
}

#[test]
fn targets_of_which_there_are_none_are_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("steersman.toml");
    let text = "[webhooks.a]\nurl = \"https://example.com/\"\n\
        targets = [\"region:us\", \"pool:w*\", \"endpoint:web/192.0.2.1\", \"name:www.a.example\", \"*\",\n\
        \"region:usa\", \"name:*.example.com\"]\n";
    fs::write(&config, text).unwrap();
    let found = warnings(&config::daemon(&config).unwrap().webhooks[0], &world(folder.path()));
    let said: Vec<String> = found.iter().map(ToString::to_string).collect();
    let expected = "as nothing of the files is called; expected a region, pool, endpoint or steered name that there is";
    let at = config.display();
    assert_eq!(
        said,
        [
            format!("{at}:4:1: warning: \"region:usa\", {expected}"),
            format!("{at}:4:15: warning: \"name:*.example.com.\", {expected}")
        ]
    );
}

#[test]
fn good_files_are_read() {
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let none: [String; 0] = [];
    assert_eq!(wrong("secret_file", "json", &format!("# a\n{secret}\n\n{secret}\n")), none);
    assert_eq!(wrong("routing_key_file", "pagerduty", " 0123abc\n"), none);
    assert_eq!(wrong("url_file", "slack", "# chat\nhttps://example.com/x\n"), none);
}

#[test]
fn mistakes_are_said_and_secrets_are_not() {
    for (key, form, text, wanted) in [
        ("secret_file", "json", "missing", "steersman.toml:4:15: f, a file that cannot be read: "),
        ("secret_file", "json", "\n", "f:1:1: no secret; expected whsec_ and base64 of 24"),
        ("secret_file", "json", "\nhunter2", "f:2:1: a line that does not begin with whsec_; "),
        ("routing_key_file", "pagerduty", "", "f:1:1: no key; expected an integration key"),
        ("routing_key_file", "pagerduty", "hunter2\nhunter2", "f:2:1: something else; "),
        ("routing_key_file", "pagerduty", "hunter2 x", "f:1:1: something else; "),
        ("url_file", "slack", "hunter2", "f:1:1: a text that is no address; expected an http"),
        ("url_file", "slack", "file:///hunter2", "f:1:1: an address of another kind; "),
        ("url_file", "slack", "https://a/\nhunter2", "f:2:1: one more line; "),
        ("ca_file", "json", "hunter2", "steersman.toml:4:11: f, which has no certificate in it"),
    ] {
        let found = wrong(key, form, text);
        assert!(found.len() == 1 && found[0].starts_with(wanted), "{key} {text:?}: {found:?}");
        assert!(!found[0].contains("hunter2"), "{found:?}");
    }
    let many = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n".repeat(5);
    assert_eq!(
        wrong("secret_file", "json", &many),
        ["f:5:1: one more secret; expected at most 4 secrets"]
    );
}
