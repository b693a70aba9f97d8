//! Certificates are replaced while the daemon runs; a wrong pair never takes the place of a good
//! one.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};

use super::clients::{Doh, Doq, Dot, Pair};
use super::{at, question, secured, write_pair};
use crate::support::daemon::{Daemon, run};
use crate::support::setup::Setup;
use crate::support::wait::{until, until_eq};

/// Which transports show the certificate of a pair, in alphabetical order.
fn shown(daemon: &Daemon, pair: &Pair) -> Vec<&'static str> {
    let doh = Doh::open(at(daemon, "doh"), pair).is_ok();
    let doq = Doq::open(at(daemon, "doq"), pair).is_ok();
    let dot = Dot::open(at(daemon, "dot"), pair).is_ok();
    let all = [(doh, "doh"), (doq, "doq"), (dot, "dot")];
    all.into_iter().filter(|(shows, _)| *shows).map(|(_, name)| name).collect()
}

const ALL: [&str; 3] = ["doh", "doq", "dot"];

#[test]
fn handshakes_show_the_new_certificate_and_old_connections_live_on() {
    let [old, new] = [Pair::new(), Pair::new()];
    let daemon = secured(Setup::new(), &old, "").ready();
    let mut dot = Dot::open(at(&daemon, "dot"), &old).unwrap();
    let mut doh = Doh::open(at(&daemon, "doh"), &old).unwrap();
    let doq = Doq::open(at(&daemon, "doq"), &old).unwrap();
    let expected = dot.ask(&question()).unwrap();
    // Nobody calls for a reload.
    write_pair(&daemon, &new);
    daemon.log.wait_for("another certificate is shown from now on", 1);
    assert_eq!((shown(&daemon, &new), shown(&daemon, &old)), (ALL.to_vec(), vec![]));
    assert_eq!(dot.ask(&question()).unwrap(), expected);
    assert_eq!(doh.post(&question()).unwrap().body, expected);
    assert_eq!(doq.ask(&question()).unwrap(), expected);
}

#[test]
fn every_way_to_reload_shows_the_new_certificate() {
    let mut pair = Pair::new();
    let daemon = secured(Setup::new(), &pair, "").ready();
    for way in ["HUP", "the API"] {
        pair = Pair::new();
        write_pair(&daemon, &pair);
        match way {
            "HUP" => daemon.signal("HUP"),
            _ => assert_eq!(daemon.reload().status, 200),
        }
        until_eq(ALL.to_vec(), || shown(&daemon, &pair));
    }
    // What is as it was is no news.
    let before = daemon.log.of("another certificate is shown from now on").len();
    assert_eq!(daemon.reload().status, 200);
    daemon.write("zones/example.com.zone", crate::support::setup::ZONE.replace(".99", ".98"));
    daemon.wait_for_answer("fixed", "192.0.2.98");
    assert_eq!(daemon.log.of("another certificate is shown from now on").len(), before);
}

/// A renewal replaces one file after the other, perhaps with a long pause between them.
#[test]
fn half_a_renewal_changes_nothing() {
    let [old, new] = [Pair::new(), Pair::new()];
    for (first, second) in [("fullchain", "key"), ("key", "fullchain")] {
        let daemon = secured(Setup::new(), &old, "").ready();
        let write = |which: &str| {
            let contents = if which == "key" { &new.key } else { &new.certificate };
            daemon.write(&format!("tls/{which}.pem"), contents);
        };
        write(first);
        let line = daemon.log.wait_for("a file is wrong", 1);
        let finding = line["finding"].as_str().unwrap();
        let expected = "steersman.toml:16:7: tls/key.pem, a key of another certificate than \
                        tls/fullchain.pem; expected the key that the certificate was made for";
        assert_eq!((finding, line["level"].as_str()), (expected, Some("ERROR")));
        // Not by being asked either, though the zones are good.
        daemon.write("zones/example.com.zone", crate::support::setup::ZONE.replace(".99", ".98"));
        let refused = daemon.reload();
        assert_eq!(refused.status, 422, "{refused:?}");
        assert!(refused.body.contains("a key of another certificate"), "{refused:?}");
        assert_eq!(daemon.answer("fixed"), ["192.0.2.99"]);
        assert_eq!((shown(&daemon, &old), shown(&daemon, &new)), (ALL.to_vec(), vec![]));
        write(second);
        until_eq(ALL.to_vec(), || shown(&daemon, &new));
        daemon.wait_for_answer("fixed", "192.0.2.98");
    }
}

#[test]
fn a_bad_pair_never_replaces_a_good_one() {
    let pair = Pair::new();
    let other = Pair::new();
    let daemon = secured(Setup::new(), &pair, "").ready();
    let cut = &pair.certificate[..pair.certificate.len() / 2];
    for (file, contents, wanted) in [
        ("fullchain", "", "a file without a certificate"),
        ("fullchain", cut, "a section CERTIFICATE that does not end"),
        ("fullchain", &other.certificate, "a key of another certificate"),
        ("key", "", "a file without a private key"),
        ("key", &other.certificate, "a file without a private key"),
        ("key", &other.key, "a key of another certificate"),
    ] {
        daemon.write(&format!("tls/{file}.pem"), contents);
        let refused = daemon.reload();
        assert_eq!(refused.status, 422, "{wanted}: {refused:?}");
        assert!(refused.body.contains(wanted), "{wanted}: {refused:?}");
        let check = daemon.cli(&["check"]);
        assert!(check.code == Some(1) && check.stdout.contains(wanted), "{wanted}: {check:?}");
        assert_eq!(shown(&daemon, &pair), ALL, "{wanted}");
        write_pair(&daemon, &pair);
        assert_eq!(daemon.reload().status, 200, "{wanted}");
    }
    fs::remove_file(daemon.path("tls/key.pem")).unwrap();
    assert!(daemon.reload().body.contains("tls/key.pem, a file that cannot be read"));
    assert_eq!(shown(&daemon, &pair), ALL);
}

/// As certbot renews: what is named are links, which it turns to the new files.
#[test]
fn turned_links_are_seen() {
    let [old, new] = [Pair::new(), Pair::new()];
    let setup = secured(Setup::new(), &old, "");
    let tls = setup.path().join("tls");
    for name in ["fullchain", "key"] {
        setup.write(
            &format!("archive/{name}2.pem"),
            if name == "key" { &new.key } else { &new.certificate },
        );
        let first = setup.path().join(format!("archive/{name}1.pem"));
        fs::rename(tls.join(format!("{name}.pem")), first).unwrap();
        symlink(format!("../archive/{name}1.pem"), tls.join(format!("{name}.pem"))).unwrap();
    }
    let daemon = setup.ready();
    assert_eq!(shown(&daemon, &old), ALL);
    for name in ["fullchain", "key"] {
        symlink(format!("../archive/{name}2.pem"), daemon.path("tls/.new")).unwrap();
        fs::rename(daemon.path("tls/.new"), daemon.path(&format!("tls/{name}.pem"))).unwrap();
    }
    daemon.log.wait_for("another certificate is shown from now on", 1);
    assert_eq!(shown(&daemon, &new), ALL);
}

#[test]
fn the_daemon_does_not_start_with_a_bad_pair_and_says_why() {
    let [pair, other] = [Pair::new(), Pair::new()];
    let setup = secured(Setup::new(), &pair, "");
    setup.write("tls/key.pem", &other.key);
    let (code, said) = setup.start_in_vain();
    assert_eq!(code, Some(1), "{said}");
    let wanted = "steersman.toml:16:7: tls/key.pem, a key of another certificate";
    assert!(said.contains(wanted), "{said}");
    let check = run(setup.path(), &["check"]);
    assert!(check.code == Some(1) && check.stdout.contains(wanted), "{check:?}");
}

#[test]
fn a_key_that_everybody_can_read_is_a_warning() {
    let setup = secured(Setup::new(), &Pair::new(), "");
    let key = setup.path().join("tls/key.pem");
    setup.write_config();
    for (mode, warns) in [(0o600, false), (0o640, false), (0o604, true), (0o644, true)] {
        fs::set_permissions(&key, Permissions::from_mode(mode)).unwrap();
        let check = run(setup.path(), &["check"]);
        assert_eq!(check.code, Some(0), "{check:?}");
        let warning = format!(
            "steersman.toml:16:7: warning: tls/key.pem, a key that every user of this machine can \
             read (mode {mode:04o})"
        );
        assert_eq!(check.stdout.contains(&warning), warns, "{mode:o}: {check:?}");
    }
    let daemon = setup.start();
    let line = "a file is loaded, but hardly meant as it stands";
    let warned = daemon.log.wait_for(line, 1);
    assert!(warned["finding"].as_str().unwrap().contains("tls/key.pem"), "{warned}");
}

/// Without addresses of its own, each transport takes its usual port; an empty list takes none.
#[test]
fn a_port_in_use_is_named() {
    let pair = Pair::new();
    let daemon = secured(Setup::new(), &pair, "").start();
    for (transport, protocol) in [("dot", "TCP"), ("doh", "TCP"), ("doq", "UDP")] {
        let taken = at(&daemon, transport);
        let mut setup = secured(Setup::new(), &pair, "");
        let free = format!("{transport} = [\"127.0.0.1:0\"]");
        setup.dns = setup.dns.replace(&free, &format!("{transport} = [\"{taken}\"]"));
        let (code, said) = setup.start_in_vain();
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains(&format!("cannot listen on {taken} ({protocol})")), "{said}");
    }
    let mut setup = secured(Setup::new(), &pair, "");
    setup.dns = setup.dns.replace("dot = [\"127.0.0.1:0\"]", "dot = []");
    let daemon = setup.start();
    let serving = daemon.log.wait_for("serving", 1);
    assert!(serving["dot"].is_null() && serving["doh"].is_string(), "{serving}");
    until("an answer", || {
        let doq = Doq::open(at(&daemon, "doq"), &pair).map_err(|error| error.to_string())?;
        doq.ask(&question()).map_err(|error| error.to_string())
    });
}
