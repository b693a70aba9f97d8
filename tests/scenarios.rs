//! Stories, each played twice: on the pure core with simulated time, and on the real daemon.
//!
//! The stories and how they are written: `tests/scenarios/README.md`.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[expect(dead_code, reason = "stories do not need all that a database can hold")]
#[path = "support/mmdb.rs"]
mod mmdb;
mod scenario;

macro_rules! stories {
    ($($name:ident)*) => {
        const STORIES: &[&str] = &[$(stringify!($name)),*];

        $(mod $name {
            #[test]
            fn on_the_pure_core() {
                crate::scenario::on_the_pure_core(stringify!($name));
            }

            #[test]
            fn on_the_real_daemon() {
                crate::scenario::on_the_real_daemon(stringify!($name));
            }
        })*
    };
}

stories! {
    all_down
    all_monitors_must_pass
    apex_and_wildcard
    doubt_shortens_ttl
    falls_again_and_again
    failback_after_a_time
    failback_by_hand
    families
    fault_answers_503
    fault_hangs
    fault_host_gone
    fault_process_gone
    fault_wrong_body
    flapping_within_fall
    geo_falls_back
    host_names
    last_resort_order
    min_healthy
    monitors_over_monitors
    nearest
    nested_policies
    one_bad_moment
    one_endpoint_by_weight
    override_beats_verdict
    panic_below
    primary_dies_and_returns
    ramp
    reload_keeps_verdicts
    restart_moves_nobody
    requires
    rise_takes_several
    round_robin_turns
    scope
    shared_server
    sticky_keeps_its_pool
    ttl_is_never_zero
    weighted_shares
    what_hangs_is_asked_again
    wrong_files_change_nothing
}

#[test]
fn every_story_is_played() {
    let entries = std::fs::read_dir(scenario::folder()).unwrap();
    let mut files: Vec<String> = entries
        .filter_map(|entry| entry.unwrap().file_name().into_string().ok())
        .filter_map(|name| name.strip_suffix(".scenario").map(str::to_owned))
        .collect();
    files.sort();
    let mut listed: Vec<&str> = STORIES.to_vec();
    listed.sort_unstable();
    assert_eq!(files, listed, "the files in tests/scenarios, and the list in tests/scenarios.rs");
}
