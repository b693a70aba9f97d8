//! The same answers as NSD, Knot and BIND give, question by question.
//!
//! The four servers load the same zones, one set written by hand and others made from a seed, and
//! are asked the same questions. Where the three agree, so must we. Where they do not, we must
//! agree with one of them, and what the others do is one of those things that `quirks.rs` names; or
//! the difference to all is one of those that `choices.rs` names.
//!
//! The three come from Debian's packages `nsd`, `knot` and `bind9`. Where one is missing the tests
//! say so and pass, unless `STEERSMAN_PEERS=required` is set, as in CI. `STEERSMAN_SEED` chooses
//! other zones and questions.
//!
//! `gdnsd` compares what was imported from gdnsd with gdnsd itself (package `gdnsd`).
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod choices;
mod edns;
mod gdnsd;
mod made;
mod peers;
mod questions;
mod quirks;
mod random;
mod reply;
#[expect(dead_code, reason = "the tests of the daemon use the rest")]
#[path = "../support/mod.rs"]
mod support;
mod tally;
mod types;
mod written;
mod zones;

use peers::Servers;
use random::Random;
use tally::Tally;
use zones::Zones;

/// Questions for each set of zones that is made.
const QUESTIONS: usize = 13_000;
const _: () = assert!(4 * QUESTIONS >= 50_000, "what a run asks at least");
/// Families of zones in one such set.
const FAMILIES: usize = 12;

#[test]
fn zones_written_by_hand() {
    let zones = written::zones();
    let questions = questions::around(&zones, &mut Random::new(0));
    compare("by hand", &zones, &questions);
}

#[test]
fn records_of_every_type() {
    let questions = types::questions(&mut Random::new(0));
    compare("types", &types::zones(), &questions);
}

#[test]
fn zones_made_from_seeds() {
    for seed in seeds(1) {
        let mut random = Random::new(seed);
        let zones = made::families(FAMILIES, &mut random);
        let questions = questions::among(&zones, QUESTIONS, &mut random);
        compare(&format!("seed {seed}"), &zones, &questions);
    }
}

/// The root is a zone too, and then there is nothing outside of all zones.
#[test]
fn zones_below_a_root_of_our_own() {
    for seed in seeds(101) {
        let mut random = Random::new(seed);
        let zones = made::under_a_root(&mut random);
        let questions = questions::among(&zones, QUESTIONS, &mut random);
        compare(&format!("seed {seed}"), &zones, &questions);
    }
}

/// A cookie of one is good for the others (RFC 9018); and where they differ.
#[test]
fn options_of_edns() {
    let mut zones = Zones::default();
    zones.add("example.", "@ SOA ns host 1 1h 15m 2w 300\n@ NS ns.net.\n".into());
    let Some(mut servers) = Servers::start(&zones) else { return };
    edns::compare_cookies(&mut servers);
    edns::compare_oddities(&mut servers);
}

fn seeds(first: u64) -> std::ops::Range<u64> {
    let first = match std::env::var("STEERSMAN_SEED") {
        Ok(seed) => seed.parse().expect("STEERSMAN_SEED is a number"),
        Err(_) => first,
    };
    first..first + 2
}

#[track_caller]
fn compare(what: &str, zones: &Zones, questions: &[questions::Question]) {
    let Some(mut servers) = Servers::start(zones) else { return };
    let mut tally = Tally::new(what, zones);
    for question in questions {
        tally.ask(question, &mut servers);
    }
    tally.finish();
}
