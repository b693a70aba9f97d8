//! A commit that is refused stays told, whatever else is loaded meanwhile, until it is gone.

use super::*;
use crate::encrypted::clients::Pair;
use crate::encrypted::secured;
use crate::support::daemon::Daemon;
use crate::support::mmdb::{Mmdb, Value as Field, map};

const SELDOM: &str = "every = \"1h\"";

/// Tables of places in which a network is a country's.
fn places(network: &str) -> Vec<u8> {
    let france = map([("country_code", Field::from("FR"))]);
    Mmdb::new(6, 24).network(network, france).bytes()
}

/// Follows a remote, with places and a certificate beside it, which nobody need ask to be loaded.
fn following(remote: &Remote, every: &str, receiver: &Receiver, pair: &Pair) -> Daemon {
    let mut setup = remote.setup(every);
    setup.write("geoip/fr.mmdb", places("12.0.0.0/8"));
    setup.geoip = r#"["geoip/fr.mmdb"]"#.into();
    // Tables of `[dns]` come before those of others.
    let git = std::mem::take(&mut setup.dns);
    let mut setup = secured(setup, pair, "");
    setup.dns += &git;
    told(setup, receiver, "events = [\"git\", \"reload\", \"override\"]\n").ready()
}

fn push_bad(remote: &Remote) -> String {
    remote.write("zones/example.com.toml", "www.failover = [\"main\", \"sparse\"]\n");
    remote.push(&[])
}

fn take_back(remote: &Remote) {
    git(&remote.work(), &["reset", "-q", "--hard", "HEAD~1"]);
    git(&remote.work(), &["push", "-q", "--force", "origin", "HEAD:main"]);
}

/// What was told of files so far: title and incident.
fn told_of_files(receiver: &Receiver) -> Vec<(String, Value)> {
    let mut all = receiver.taken();
    all.retain(|one| one.text("subject") == "files");
    all.iter().map(|one| (one.text("title"), one.json()["incident"]["state"].clone())).collect()
}

#[test]
fn a_refused_commit_stays_told_while_other_files_are_loaded_well() {
    let (remote, receiver, pair) = (Remote::new(), Receiver::start(), Pair::new());
    let daemon = following(&remote, OFTEN, &receiver, &pair);
    let bad = push_bad(&remote);
    let open = receiver.wait_taken(1);
    assert_eq!(open.json()["incident"], json!({"key": "git/files", "state": "open"}));
    // Places, a certificate, and places that are wrong and then good again.
    let loads = || daemon.log.of("reloaded").len();
    let before = loads();
    daemon.write("geoip/fr.mmdb", places("13.0.0.0/8"));
    until_eq(true, || loads() > before);
    let new = Pair::new();
    daemon.write("tls/fullchain.pem", &new.certificate);
    daemon.write("tls/key.pem", &new.key);
    daemon.log.wait_for("another certificate is shown from now on", 1);
    // Whoever is told anything now has been told all that there was before.
    let told = |count| {
        assert!(daemon.set("pool:spare", "up").status < 300);
        receiver.wait_for("type", "override", count);
    };
    told(1);
    let [only] = &told_of_files(&receiver)[..] else { panic!("{:?}", receiver.taken()) };
    assert!(only.0.starts_with(&format!("commit {} is refused", &bad[..12])), "{only:?}");
    assert_eq!(daemon.metrics().sum("steersman_git_commit_refused", &[]), 1.0);
    let wrong = daemon.log.of("a file is wrong").len();
    daemon.write("geoip/fr.mmdb", "nonsense");
    daemon.log.wait_for("a file is wrong", wrong + 1);
    until_eq(2, || told_of_files(&receiver).len());
    let before = loads();
    daemon.write("geoip/fr.mmdb", places("14.0.0.0/8"));
    until_eq(true, || loads() > before);
    told(2);
    let all = told_of_files(&receiver);
    assert!(all.len() == 2 && all.iter().all(|(_, state)| state == "open"), "{all:?}");
    // Once it is mended, and not before, it is over.
    remote.write("zones/example.com.toml", "www.failover = [\"main\", \"spare\"]\n");
    let good = remote.push_address(7);
    until_eq(3, || told_of_files(&receiver).len());
    let over = (format!("commit {} is served", &good[..12]), json!("resolved"));
    assert_eq!(told_of_files(&receiver)[2], over);
}

/// Whoever asks for a load is not the one who follows: what they find to be gone is told of too.
#[test]
fn a_refused_commit_that_is_taken_back_is_over_by_a_reload() {
    let (remote, receiver, pair) = (Remote::new(), Receiver::start(), Pair::new());
    let good = git(&remote.work(), &["rev-parse", "HEAD"]);
    let daemon = following(&remote, SELDOM, &receiver, &pair);
    push_bad(&remote);
    assert_eq!(daemon.reload().status, 422);
    receiver.wait_taken(1);
    take_back(&remote);
    assert_eq!(daemon.reload().status, 200);
    receiver.wait_taken(2);
    let over = (format!("commit {} is served", &good[..12]), json!("resolved"));
    assert_eq!(told_of_files(&receiver)[1], over);
    assert_eq!(daemon.metrics().sum("steersman_git_commit_refused", &[]), 0.0);
}
