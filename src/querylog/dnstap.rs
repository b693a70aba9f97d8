//! Copies to a collector of dnstap.

use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::Tally;
use super::collector::Collector;
use super::worker::Stop;
use crate::clock;
use crate::config::Dnstap;
use crate::dnstap::{self, Encoder, Kind};
use crate::sampling::{Reader, Sample};

/// Pause where nothing waits: short beside the time in which a ring fills.
const PAUSE: Duration = Duration::from_millis(5);
/// After so many, which take some microseconds, others go on that wait for the processor.
const TURN_SAMPLES: u64 = 32;
/// How often a collector to which nothing is sent is looked at.
const LOOK: Duration = Duration::from_millis(200);
/// The least and the longest pause before the next try to connect.
const LEAST_RETRY: Duration = Duration::from_millis(100);
const LONGEST_RETRY: Duration = Duration::from_secs(5);
/// So much is sent at once.
const CHUNK_BYTES: usize = 64 << 10;

/// What sends them.
pub(super) struct Sender {
    socket: PathBuf,
    kinds: [bool; 2],
    reader: Reader,
    encoder: Encoder,
    tally: Arc<Tally>,
    link: Link,
    /// Frames to be sent, and of how many samples.
    frames: Vec<u8>,
    samples: u64,
}

/// How it stands with the collector.
enum Link {
    There { collector: Collector, looked: Instant },
    Gone { next_try: Instant, pause: Duration },
}

impl Sender {
    pub(super) fn new(settings: &Dnstap, reader: Reader, tally: Arc<Tally>) -> Self {
        Self {
            socket: settings.socket.path.clone(),
            kinds: [settings.queries, settings.responses],
            reader,
            encoder: Encoder::new(settings.identity.as_deref(), &settings.version),
            tally,
            link: Link::Gone { next_try: clock::monotonic_now(), pause: LEAST_RETRY },
            frames: Vec::with_capacity(2 * CHUNK_BYTES),
            samples: 0,
        }
    }

    pub(super) fn run(mut self, stop: &Stop) {
        while !stop.is_ordered() {
            self.reach(stop);
            if !self.pass_on(stop) {
                thread::sleep(PAUSE);
            }
        }
        // What was answered before the end.
        while self.pass_on(stop) {}
        if let Link::There { collector, .. } = self.link {
            collector.finish(stop);
        }
    }

    /// Connects if that is due, and sees whether the collector is still there.
    fn reach(&mut self, stop: &Stop) {
        let now = clock::monotonic_now();
        match &mut self.link {
            Link::There { collector, looked } => {
                if now.duration_since(*looked) < LOOK {
                    return;
                }
                *looked = now;
                if let Err(why) = collector.look() {
                    self.lose(&why);
                }
            }
            Link::Gone { next_try, .. } if now < *next_try => {}
            Link::Gone { pause, .. } => match Collector::connect(&self.socket, stop) {
                Ok(collector) => {
                    self.link = Link::There { collector, looked: now };
                    self.tally.now_works();
                    let socket = self.socket.display().to_string();
                    tracing::info!(socket, "connected to the dnstap collector");
                }
                Err(why) => {
                    let pause = *pause;
                    let next_try = clock::monotonic_now() + pause;
                    let pause = (2 * pause).min(LONGEST_RETRY);
                    self.link = Link::Gone { next_try, pause };
                    self.say_gone(&why);
                }
            },
        }
    }

    fn lose(&mut self, why: &str) {
        self.link =
            Link::Gone { next_try: clock::monotonic_now() + LEAST_RETRY, pause: LEAST_RETRY };
        self.say_gone(why);
    }

    fn say_gone(&self, why: &str) {
        if self.tally.now_fails(why) {
            let socket = self.socket.display().to_string();
            tracing::warn!(socket, why, "no dnstap collector, will go on trying");
        }
    }

    /// Sends what waits, up to a chunk; says whether there may be more.
    fn pass_on(&mut self, stop: &Stop) -> bool {
        self.gather();
        if self.samples == 0 {
            return false;
        }
        let sent = match &mut self.link {
            Link::There { collector, .. } => collector.send(&self.frames, stop),
            Link::Gone { .. } => {
                Tally::add(&self.tally.lost, self.samples);
                return self.frames.len() >= CHUNK_BYTES;
            }
        };
        match sent {
            Ok(()) => Tally::add(&self.tally.told, self.samples),
            Err(why) => {
                Tally::add(&self.tally.lost, self.samples);
                self.lose(&why);
            }
        }
        self.frames.len() >= CHUNK_BYTES
    }

    fn gather(&mut self) {
        let Self { reader, encoder, frames, samples, kinds, .. } = self;
        frames.clear();
        // A long reply over TCP is no reason to keep as much for ever.
        frames.shrink_to(2 * CHUNK_BYTES);
        *samples = 0;
        reader.look();
        while frames.len() < CHUNK_BYTES {
            let Some(sample) = reader.take() else { return };
            write(frames, encoder, *kinds, &sample);
            *samples += 1;
            if *samples % TURN_SAMPLES == 0 {
                // The system looks at who waits for a processor at its next tick only, up to 4 ms later.
                thread::yield_now();
            }
        }
    }
}

fn write(frames: &mut Vec<u8>, encoder: &mut Encoder, kinds: [bool; 2], sample: &Sample<'_>) {
    let [queries, responses] = kinds;
    if queries {
        dnstap::data(frames, |out| encoder.write(out, Kind::Query, sample));
    }
    if responses && !sample.reply.is_empty() {
        dnstap::data(frames, |out| encoder.write(out, Kind::Response, sample));
    }
}
