//! What is told of questions and answers: dnstap, read by programs that others wrote, and the decision
//! log. Whatever becomes of those who are told, questions are answered.

mod collector;
mod decisions;
mod dnstap;

use crate::support::daemon::Daemon;
use crate::support::wait::until;

/// Waits until a metric has at least this value.
#[track_caller]
fn wait_for_metric(daemon: &Daemon, name: &str, labels: &[&str], least: f64) {
    until(&format!("{name} {labels:?} to be {least}"), || {
        let metrics = daemon.metrics();
        let sum = metrics.sum(name, labels);
        if sum >= least { Ok(()) } else { Err(sum.to_string()) }
    });
}
