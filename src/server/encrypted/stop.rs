//! The order to stop, as connections see it.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use crate::clock;

/// How long connections are still read after the order to stop: long enough for the runtime to hear
/// of what had arrived by then.
const LAST_LOOK: Duration = Duration::from_millis(100);
/// After that, however late it comes, whatever the runtime has heard of gets to where it is waited
/// for.
const LAST_TURN: Duration = Duration::from_millis(10);

/// Gives the order.
pub(super) struct StopSender(watch::Sender<Option<Instant>>);

/// Waits for it.
#[derive(Clone)]
pub(super) struct Stop(watch::Receiver<Option<Instant>>);

pub(super) fn stop_channel() -> (StopSender, Stop) {
    let (sender, receiver) = watch::channel(None);
    (StopSender(sender), Stop(receiver))
}

impl StopSender {
    pub(super) fn stop(&self) {
        // An error says that nobody is there to be stopped.
        let _ = self.0.send(Some(clock::runtime_now() + LAST_LOOK));
    }
}

impl Stop {
    /// Resolves when the order is given, or whoever could give it is gone; says when the last look
    /// ends.
    pub(super) async fn ordered(&mut self) -> Instant {
        match self.0.wait_for(Option::is_some).await {
            Ok(end) => end.unwrap_or_else(clock::runtime_now),
            Err(_) => clock::runtime_now(),
        }
    }

    /// Resolves when what had arrived before the order has been seen by whoever looks for it first.
    pub(super) async fn last_look_is_over(&mut self) {
        let end = self.ordered().await;
        sleep_until(end).await;
        sleep(LAST_TURN).await;
    }
}
