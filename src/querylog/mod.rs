//! Who is told of questions and answers: a collector of dnstap, and the decision log.
//!
//! Threads of their own take copies out of rings ([`crate::sampling`]) and see them off. They give way to those
//! that answer, and nobody waits for them: whatever holds them up, a collector that has stopped or a
//! disk that is full, costs copies, which are counted. Each process has its own connection and appends
//! to the same file.

mod collector;
mod decisions;
mod dnstap;
mod file;
mod worker;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::config::{DecisionLog, Dnstap};
use crate::live::Live;
use crate::metrics::Family;
use crate::sampling::{Sink, Sinks};
use worker::Worker;

/// What each thread that answers has for copies, in bytes: at the most that a thread answers, for
/// some hundredths of a second.
const DNSTAP_RING: usize = 1 << 20;
/// The same where only some are copied.
const DECISIONS_RING: usize = 256 << 10;

/// All who tell; nobody by default.
#[derive(Default)]
pub struct QueryLogs {
    dnstap: Option<QueryLog>,
    decisions: Option<QueryLog>,
}

/// One who tells, and what came of it so far.
struct QueryLog {
    /// The socket or file.
    place: String,
    sink: Arc<Sink>,
    tally: Arc<Tally>,
    worker: Worker,
}

/// What came of copies, and how it stands.
#[derive(Default)]
struct Tally {
    told: AtomicU64,
    /// Could not be told: the collector was not there, or the file could not be written.
    lost: AtomicU64,
    /// Were more than may be told in a second.
    beyond: AtomicU64,
    /// Whether they can be told.
    works: AtomicBool,
    /// Why not.
    trouble: Mutex<Option<String>>,
}

/// How it stands with one who tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryLogState {
    /// The socket or file.
    pub place: String,
    /// Whether they can be told: the collector is there, the file is written.
    pub works: bool,
    /// Why not, if that is known.
    pub trouble: Option<String>,
    /// Copies that were told.
    pub told: u64,
    /// Copies for which there was no room.
    pub full: u64,
    /// Copies that could not be told.
    pub lost: u64,
    /// Copies that were more than may be told in a second.
    pub beyond: u64,
}

impl Tally {
    fn add(counter: &AtomicU64, count: u64) {
        counter.fetch_add(count, Ordering::Relaxed);
    }

    /// It can be told from now on; says whether that is news.
    fn now_works(&self) -> bool {
        *self.trouble() = None;
        !self.works.swap(true, Ordering::Relaxed)
    }

    /// It cannot; says whether that is news.
    fn now_fails(&self, why: &str) -> bool {
        let before = self.trouble().replace(why.to_owned());
        self.works.swap(false, Ordering::Relaxed) || before.is_none()
    }

    fn trouble(&self) -> std::sync::MutexGuard<'_, Option<String>> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl QueryLogs {
    /// Begins with what is configured.
    ///
    /// # Errors
    ///
    /// The system has no thread to give.
    pub fn start(
        dnstap: Option<&Dnstap>,
        decisions: Option<&DecisionLog>,
        live: &Arc<Live>,
    ) -> io::Result<Self> {
        let dnstap = dnstap.map(|settings| {
            let (sink, reader) = Sink::new(settings.sample, DNSTAP_RING);
            let tally = Arc::new(Tally::default());
            let sender = dnstap::Sender::new(settings, reader, Arc::clone(&tally));
            let worker = Worker::start("dnstap", move |stop| sender.run(&stop))?;
            let place = settings.socket.path.display().to_string();
            Ok::<_, io::Error>(QueryLog { place, sink, tally, worker })
        });
        let replaced = decisions.and_then(|_| live.keep_replaced());
        let decisions = decisions.zip(replaced).map(|(settings, replaced)| {
            let (sink, reader) = Sink::new(settings.sample, DECISIONS_RING);
            let tally = Arc::new(Tally::default());
            let writer = decisions::Writer::new(settings, reader, replaced, Arc::clone(&tally));
            let worker = Worker::start("decisions", move |stop| writer.run(&stop))?;
            let place = settings.file.path.display().to_string();
            Ok::<_, io::Error>(QueryLog { place, sink, tally, worker })
        });
        Ok(Self { dnstap: dnstap.transpose()?, decisions: decisions.transpose()? })
    }

    /// Where the threads that answer put copies.
    pub fn sinks(&self) -> Sinks {
        let sink = |log: &Option<QueryLog>| log.as_ref().map(|it| Arc::clone(&it.sink));
        Sinks { dnstap: sink(&self.dnstap), decisions: sink(&self.decisions) }
    }

    /// Tells what has been copied so far, and ends; what holds that up is not waited for.
    pub fn stop(&self) {
        let logs = [&self.dnstap, &self.decisions];
        logs.iter().filter_map(|it| it.as_ref()).for_each(|it| it.worker.order_to_stop());
        logs.iter().filter_map(|it| it.as_ref()).for_each(|it| it.worker.wait());
    }

    /// How it stands with dnstap; none if there is none.
    pub fn dnstap(&self) -> Option<QueryLogState> {
        self.dnstap.as_ref().map(QueryLog::told)
    }

    /// How it stands with the decision log; none if there is none.
    pub fn decisions(&self) -> Option<QueryLogState> {
        self.decisions.as_ref().map(QueryLog::told)
    }

    /// Everything that is counted here.
    pub fn families(&self) -> Vec<Family> {
        let mut families = vec![
            Family::counter(
                "steersman_dnstap_samples_total",
                "Questions that the dnstap collector was told of, with their replies.",
            ),
            Family::counter(
                "steersman_dnstap_dropped_samples_total",
                "Questions that it was not told of, though chance wanted that.",
            ),
            Family::gauge("steersman_dnstap_connected", "Whether the dnstap collector is there."),
            Family::counter(
                "steersman_decision_log_lines_total",
                "Lines that were written to the decision log.",
            ),
            Family::counter(
                "steersman_decision_log_dropped_lines_total",
                "Lines that were not, though chance wanted that.",
            ),
            Family::gauge(
                "steersman_decision_log_works",
                "Whether the decision log could be written the last time.",
            ),
        ];
        for (told, at, reasons) in [
            (self.dnstap(), 0, &["full", "disconnected"][..]),
            (self.decisions(), 3, &["full", "unwritten", "rate"]),
        ] {
            let (Some(told), Some([sum, dropped, works])) =
                (told, families.get_mut(at..at + 3).and_then(|of| of.first_chunk_mut()))
            else {
                continue;
            };
            sum.push("", &[], told.told as f64);
            for (reason, count) in reasons.iter().zip([told.full, told.lost, told.beyond]) {
                dropped.push("", &[("reason", reason)], count as f64);
            }
            works.push("", &[], f64::from(u8::from(told.works)));
        }
        families
    }
}

impl QueryLog {
    fn told(&self) -> QueryLogState {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let Tally { told, lost, beyond, works, .. } = &*self.tally;
        QueryLogState {
            place: self.place.clone(),
            works: works.load(Ordering::Relaxed),
            trouble: self.tally.trouble().clone(),
            told: load(told),
            full: self.sink.dropped(),
            lost: load(lost),
            beyond: load(beyond),
        }
    }
}
