//! Counters, and what a scrape is told of them.
//!
//! Each thread that answers counts in memory of its own ([`Counters`]); a scrape adds them up.
//! Nothing is ever labelled with what clients choose: all labels are of closed sets or from the
//! operator's files. Counters outlive reloads.

mod counters;
mod encrypted;
mod family;
mod tally;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use counters::{Counters, Discard, RateLimited, transport_label};
pub use encrypted::Connections;
pub use family::{Family, Kind, render};

use crate::dns::Transport;
use crate::rate_limit::Network;
use crate::view::World;
use counters::Block;
use encrypted::Encrypted;
use tally::Tally;

/// All counters of the process.
#[derive(Default)]
pub struct Metrics {
    blocks: Mutex<Vec<Arc<Block>>>,
    tally: Arc<Tally>,
    tcp_open: AtomicU64,
    tcp_evicted: [AtomicU64; 2],
    tcp_refused: [AtomicU64; 2],
    encrypted: Encrypted,
    panics: AtomicU64,
    reloads: [AtomicU64; 2],
    last_reload_failed: AtomicBool,
}

/// Why there was no room for a TCP connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// There are as many as there may be.
    Total,
    /// This client has as many as a client may have.
    Client,
}

impl Metrics {
    /// All at zero.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Counters for one more thread.
    pub fn counters(&self) -> Counters {
        let block = Arc::new(Block::default());
        lock(&self.blocks).push(Arc::clone(&block));
        Counters::new(block, Arc::clone(&self.tally))
    }

    /// Makes ready for counting by the steered names of a world that is about to be served, so
    /// that no thread that answers has to. To be called before each swap.
    pub fn expect(&self, world: &Arc<World>) {
        self.tally.expect(world);
    }

    /// Counts a reload.
    pub fn reloaded(&self, good: bool) {
        self.reloads[usize::from(good)].fetch_add(1, Ordering::Relaxed);
        self.last_reload_failed.store(!good, Ordering::Relaxed);
    }

    /// Counts a connection that opened.
    pub fn tcp_opened(&self) {
        self.tcp_open.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a connection that closed.
    pub fn tcp_closed(&self) {
        self.tcp_open.fetch_sub(1, Ordering::Relaxed);
    }

    /// Counts a connection that was closed for another.
    pub fn tcp_evicted(&self, limit: Limit) {
        self.tcp_evicted[limit as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a connection that was closed as soon as it was open.
    pub fn tcp_refused(&self, limit: Limit) {
        self.tcp_refused[limit as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// What is counted of the connections of an encrypted transport.
    pub fn encrypted(&self, transport: Transport) -> &Connections {
        &self.encrypted[transport as usize]
    }

    /// Counts a panic that was caught while answering.
    pub fn panicked(&self) {
        self.panics.fetch_add(1, Ordering::Relaxed);
    }

    /// The replies that were limited so far.
    pub fn rate_limited(&self) -> RateLimited {
        counters::rate_limited(&lock(&self.blocks))
    }

    /// Some of the networks whose replies were limited since the last call.
    pub fn take_limited_networks(&self) -> BTreeSet<Network> {
        counters::take_limited_networks(&lock(&self.blocks))
    }

    /// Answers of steered names so far, by owner name and pool, where there were any.
    pub fn steered_answers(&self) -> BTreeMap<(String, String), u64> {
        self.tally.counted()
    }

    /// Everything that is counted here; the caller appends what is known elsewhere.
    pub fn families(&self) -> Vec<Family> {
        let blocks = lock(&self.blocks).clone();
        let [answers, dropped] = counters::families(&blocks);
        let single = |family: Family, value: &AtomicU64| family.sample(&[], load(value));
        let by_limit = |family: Family, [total, client]: &[AtomicU64; 2]| {
            family
                .sample(&[("limit", "total")], load(total))
                .sample(&[("limit", "client")], load(client))
        };
        let [failed, good] = &self.reloads;
        let RateLimited { dropped: limited, slipped } = counters::rate_limited(&blocks);
        let mut families = vec![
            answers,
            dropped,
            Family::counter(
                "steersman_rate_limited_replies_total",
                "Replies over UDP beyond the rate limit: not sent at all, or sent truncated.",
            )
            .sample(&[("action", "dropped")], limited as f64)
            .sample(&[("action", "slipped")], slipped as f64),
            self.tally.family(),
            single(
                Family::gauge("steersman_tcp_connections", "Open TCP connections."),
                &self.tcp_open,
            ),
            by_limit(
                Family::counter(
                    "steersman_tcp_evicted_connections_total",
                    "Waiting TCP connections closed for a new one, by the limit that was reached.",
                ),
                &self.tcp_evicted,
            ),
            by_limit(
                Family::counter(
                    "steersman_tcp_refused_connections_total",
                    "TCP connections closed at once, by the limit that was reached.",
                ),
                &self.tcp_refused,
            ),
        ];
        families.extend(encrypted::families(&self.encrypted));
        families.extend([
            single(
                Family::counter(
                    "steersman_panics_total",
                    "Panics caught while answering; each is a bug worth reporting.",
                ),
                &self.panics,
            ),
            Family::counter("steersman_reloads_total", "Loads of the files, by result.")
                .sample(&[("result", "ok")], load(good))
                .sample(&[("result", "error")], load(failed)),
            Family::gauge(
                "steersman_last_reload_successful",
                "Whether the last load was good, so that what is served is what the files say.",
            )
            .sample(&[], f64::from(u8::from(!self.last_reload_failed.load(Ordering::Relaxed)))),
        ]);
        families
    }
}

/// What is running and what it serves.
pub fn info(revision: &str, version: &str) -> Family {
    Family::gauge("steersman_info", "Always 1: the version that runs, the revision it serves.")
        .sample(&[("revision", revision), ("version", version)], 1.0)
}

fn load(counter: &AtomicU64) -> f64 {
    // Exact up to 2^53, which is more than anything here counts in a process's life.
    counter.load(Ordering::Relaxed) as f64
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
