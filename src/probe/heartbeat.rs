//! Heartbeats: nobody is asked; the endpoint says of itself that it is well, again and again.
//!
//! | what comes | it counts as |
//! |---|---|
//! | a heartbeat | a success, at once |
//! | none for an interval | a failure; and again after each further interval |

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::timeout;

use super::board::{Board, Ended};
use super::failure::Failure;
use super::report::Report;
use super::target::ProbeTarget;
use crate::clock;

/// The life of a target that is not asked.
pub(super) async fn listen(
    board: Arc<Board>,
    target: Arc<ProbeTarget>,
    reports: mpsc::Sender<Report>,
) {
    let Some(beat) = board.beats(&target.key) else { return };
    let interval = target.settings.interval;
    loop {
        // One that comes while the last one is taken in is kept.
        let came = timeout(interval, beat.notified()).await;
        let result = came.map_err(|_| Failure::NoHeartbeat(interval));
        let Some(report) = take(&board, &target.key, result) else { return };
        // Without a receiver nobody wants reports, but the board is still read.
        let _ = reports.send(report).await;
    }
}

fn take(board: &Board, key: &str, result: Result<(), Failure>) -> Option<Report> {
    let now = clock::runtime_now();
    let number = board.begin(key, now, 0.5)?;
    let at = clock::wall_now();
    let ended = Ended { number, result, round_trip: Duration::ZERO, at, heard: None };
    board.end(key, now, ended)
}
