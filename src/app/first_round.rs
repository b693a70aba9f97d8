//! The first round of probes: nothing is answered before it, for nobody knows yet what is well.

use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::running::Running;

/// How often is looked whether it is over.
const LOOK: Duration = Duration::from_millis(10);

impl Running {
    /// Says what is waited for, if anything, and where to look meanwhile.
    pub fn announce_the_first_round(&self, admin: SocketAddr) {
        let (unprobed, longest) = (self.unprobed(), self.daemon.dns.start_timeout);
        if unprobed > 0 {
            tracing::info!(unprobed, ?longest, %admin, "probing once before the first answer");
        }
    }

    /// Until every endpoint has been probed once, or for so long, and all of it is in the view.
    pub async fn first_round(&self, longest: Duration) {
        let all = async {
            while self.unprobed() > 0 {
                sleep(LOOK).await;
            }
        };
        if timeout(longest, all).await.is_err() {
            tracing::warn!(
                unprobed = self.unprobed(),
                ?longest,
                "not every endpoint has been probed, and answers wait no longer: start_timeout"
            );
        }
        // The reports may still be on their way.
        self.refresh_pools();
    }

    /// How many targets were never probed.
    fn unprobed(&self) -> usize {
        self.beliefs.probes.board().unprobed()
    }

    /// Whether questions are answered, and every endpoint of some world has been probed; else why
    /// not.
    pub fn is_ready(&self) -> Result<(), String> {
        if !self.ongoing.is_serving.load(Ordering::Acquire) {
            return Err("the first round of probes is under way: nothing is answered yet".into());
        }
        // What a reload brings is probed in its time, and is no reason to take a server away.
        if self.ongoing.was_ready.load(Ordering::Relaxed) {
            return Ok(());
        }
        match self.unprobed() {
            0 => {
                self.ongoing.was_ready.store(true, Ordering::Relaxed);
                Ok(())
            }
            left => Err(format!("{left} probe targets were not probed yet")),
        }
    }
}
