use super::*;
use crate::notice::{Form, Kind};

fn found(text: &str) -> Vec<String> {
    read_in_etc(text).1
}

#[test]
fn every_key_is_read() {
    let (daemon, findings) = read_in_etc(
        r#"
        [webhooks.ops]
        url = "https://hooks.example.com/dns"
        secret_file = "ops.secret"
        events = ["verdict", "git"]
        targets = ["region:us-*", "name:www.example.com"]
        group = "0s"
        timeout = "3s"
        ca_file = "ca.pem"
        [webhooks.pager]
        form = "pagerduty"
        routing_key_file = "/key"
        [webhooks."a.b-c_D"]
        form = "slack"
        url_file = "chat.url"
        "#,
    );
    assert_eq!(findings, [""; 0]);
    let [ops, pager, chat] = &daemon.webhooks[..] else { panic!("{:?}", daemon.webhooks) };
    assert_eq!((ops.form, ops.name.as_str()), (Form::Json, "ops"));
    assert!(matches!(&ops.to, Address::Written(url) if url.path() == "/dns"));
    assert_eq!(ops.secrets.as_ref().unwrap().path, Path::new("/etc/steersman/ops.secret"));
    assert_eq!(ops.authorities.as_ref().unwrap().path, Path::new("/etc/steersman/ca.pem"));
    assert_eq!(ops.events, [Kind::Verdict, Kind::Git].into());
    let targets: Vec<String> = ops.targets.iter().map(|(target, _)| target.to_string()).collect();
    assert_eq!(targets, ["region:us-*", "name:www.example.com."]);
    assert_eq!((ops.group, ops.timeout), (Duration::ZERO, Duration::from_secs(3)));
    assert_eq!((pager.group, pager.timeout), (Duration::from_secs(5), Duration::from_secs(10)));
    assert!(
        matches!(&pager.to, Address::Written(url) if url.host_str() == Some("events.pagerduty.com"))
    );
    assert!(pager.events.iter().all(|kind| kind.is_trouble()), "{:?}", pager.events);
    assert_eq!((chat.events.len(), chat.name.as_str()), (Kind::ALL.len(), "a.b-c_D"));
    // It may be a secret.
    assert!(!format!("{daemon:?}").contains("/dns"));
}

#[test]
fn mistakes_are_said_and_addresses_are_not() {
    let url = "an http or https address, such as \"https://hooks.example.com/dns\"";
    let kinds = "one of verdict, degraded, panic, git, reload, network";
    for (text, wanted) in [
        ("[webhooks.a]", format!("1:11: no url; expected url, {url}, or url_file, a file with it")),
        ("[webhooks.a]\nurl = \"hunter2\"", format!("2:7: a text that is no address; expected {url}")),
        ("[webhooks.a]\nurl = \"ftp://x/hunter2\"", format!("2:7: an address of another kind; expected {url}")),
        ("[webhooks.a]\nurl = \"https://hunter2@x/\"", format!("2:7: an address with a user or password in it; expected {url}")),
        ("[webhooks.a]\nurl = \"https://x/\"\nurl_file = \"f\"", "3:1: url_file beside url; expected one of both".into()),
        ("[webhooks.a]\nurl = \"https://x/\"\nform = \"teams\"", "3:8: \"teams\"; expected one of json, slack, pagerduty".into()),
        ("[webhooks.a]\nform = \"pagerduty\"", "1:11: no routing_key_file; expected routing_key_file = \"pagerduty.key\", a file with the integration key of the service".into()),
        ("[webhooks.a]\nurl = \"https://x/\"\nform = \"slack\"\nsecret_file = \"s\"", "4:1: secret_file with form = \"slack\"; expected it with form = \"json\" only".into()),
        ("[webhooks.a]\nrouting_key_file = \"k\"\nform = \"pagerduty\"\nevents = [\"override\"]", format!("4:11: \"override\", which PagerDuty has no way to say; expected what begins and ends: {kinds}")),
        ("[webhooks.a]\nurl = \"https://x/\"\nevents = [\"verdicts\"]", "3:11: \"verdicts\" (did you mean \"verdict\"?); expected one of verdict, degraded, panic, override, maintenance, drill, git, reload, network".into()),
        ("[webhooks.a]\nurl = \"https://x/\"\ntargets = [\"us-east\"]", "3:12: \"us-east\"; expected region:NAME, pool:NAME, endpoint:POOL/ADDRESS or name:NAME, with * for anything within, or * for everything".into()),
        ("[webhooks.a]\nurl = \"https://x/\"\ngroup = \"1h\"", "3:9: \"1h\"; expected a time from \"0s\" to \"10m\"".into()),
        ("[webhooks.\"a b\"]\nurl = \"https://x/\"", "1:11: \"a b\"; expected a name of 1 to 64 letters, digits, dots, hyphens and underscores".into()),
    ] {
        let findings = found(text);
        assert_eq!(findings, [format!("steersman.toml:{wanted}")], "{text}");
    }
    let nothing = found("[webhooks.a]\nurl = \"https://x/\"\nevents = []");
    assert!(
        nothing[0].starts_with("steersman.toml:3:10: an empty list; expected kinds of events: "),
        "{nothing:?}"
    );
    let unknown = found("[webhooks.a]\nurl = \"https://x/\"\nsecret = \"hunter2\"");
    assert!(unknown[0].starts_with("steersman.toml:3:1: unknown key \"secret\""), "{unknown:?}");
    assert!(!unknown[0].contains("hunter2"), "{unknown:?}");
}
