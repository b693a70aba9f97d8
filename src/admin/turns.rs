//! Turns of those who ask for what takes long: so few at a time that they never take the threads of those who
//! change something, nor the memory of the whole.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::problem::Problem;

/// What takes long. Whoever waits for one does not wait for the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Long {
    /// A report of availability, which reads the files of many days.
    Report,
    /// The audit log, which is read whole.
    Audit,
    /// What would move, or what whom is told: all names for all clients.
    Shares,
}

/// The turns that are left.
#[derive(Clone)]
pub(super) struct Turns {
    report: Arc<Semaphore>,
    audit: Arc<Semaphore>,
    shares: Arc<Semaphore>,
    /// So long it is waited for one.
    patience: Duration,
}

impl Turns {
    /// All; for one that long is waited.
    pub(super) fn new(patience: Duration) -> Self {
        let [report, audit, shares] = [1, 2, 4].map(|turns| Arc::new(Semaphore::new(turns)));
        Self { report, audit, shares, patience }
    }

    /// Waits for a turn, which ends when it is dropped.
    ///
    /// # Errors
    ///
    /// All turns of that kind take long.
    pub(super) async fn wait(&self, what: Long) -> Result<OwnedSemaphorePermit, Problem> {
        let turns = match what {
            Long::Report => &self.report,
            Long::Audit => &self.audit,
            Long::Shares => &self.shares,
        };
        match timeout(self.patience, Arc::clone(turns).acquire_owned()).await {
            Ok(Ok(turn)) => Ok(turn),
            _ => Err(self.busy()),
        }
    }

    fn busy(&self) -> Problem {
        let wait_s = self.patience.as_secs().max(1);
        let detail = format!("others ask for the same, and it takes long; try again in {wait_s} s");
        Problem {
            retry_after_s: Some(wait_s),
            ..Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail)
        }
    }
}
