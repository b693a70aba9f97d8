//! Short turns on a processor, so that whoever waits for it, as answers may, does not wait long.
//!
//! When thousands of endpoints fall at once, probing has a great deal to do. A thread that goes on
//! and on is only looked at by the system at the next tick of its clock, up to 4 ms later. So it
//! asks by itself, more often, whether another one should go on; with nobody there that costs a
//! fraction of a microsecond.

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::pin;
use std::thread;
use std::time::{Duration, Instant};

use crate::clock;

/// How long a thread that probes goes on at a time.
pub const TURN: Duration = Duration::from_micros(300);

thread_local! {
    /// When this thread last let others go on.
    static LAST: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// The same future, which lets other threads go on between its steps.
pub(super) async fn in_short_turns<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    poll_fn(|context| {
        if is_over(clock::monotonic_now()) {
            thread::yield_now();
        }
        future.as_mut().poll(context)
    })
    .await
}

/// Whether this thread's turn is over; then the next one begins.
fn is_over(now: Instant) -> bool {
    let is_over = LAST.get().is_none_or(|last| now.saturating_duration_since(last) >= TURN);
    if is_over {
        LAST.set(Some(now));
    }
    is_over
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_is_over_when_its_time_is() {
        // Another test may have had this thread.
        LAST.set(None);
        let start = clock::monotonic_now();
        let over: Vec<u32> = (0..10).filter(|n| is_over(start + TURN * *n / 3)).collect();
        assert_eq!(over, [0, 3, 6, 9]);
    }

    #[tokio::test]
    async fn what_is_done_in_turns_is_done() {
        LAST.set(None);
        let twice = in_short_turns(async {
            tokio::task::yield_now().await;
            2
        });
        assert_eq!(twice.await, 2);
        assert!(LAST.get().is_some());
    }
}
