//! From a packet to its reply, for one thread: the current view, chance, scratch memory, the rate
//! limit and counters, brought together.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::Guard;

use crate::clock::{self, Draws};
use crate::dns::{Answered, Asker, Scratch, Transport, truncate};
use crate::live::Live;
use crate::metrics::{Counters, Discard, Metrics};
use crate::rate_limit::{Action, Limiter, Network, Settings};
use crate::sampling::{Ends, Sample, Sinks, Writers};
use crate::steering::Draw;
use crate::view::View;

/// Who decides what is said: [`crate::dns::answer`], and something simpler in tests.
pub(super) type Answer = fn(&View, &[u8], &Asker, Draw, &mut Scratch, &mut [u8]) -> Answered;

/// What every thread answers with.
#[derive(Clone)]
pub(super) struct Service {
    pub(super) live: Arc<Live>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) answer: Answer,
    /// Who gets copies of what is asked and answered.
    pub(super) sinks: Sinks,
}

/// What one thread answers with.
pub(super) struct Responder {
    live: Arc<Live>,
    answer: Answer,
    scratch: Scratch,
    draws: Draws,
    counters: Counters,
    /// Over UDP only: whoever has made a connection has shown where it is.
    rate_limit: Option<RateLimit>,
    /// Where copies for those who look on go; none if nobody does.
    writers: Option<Box<Writers>>,
}

/// The rate limit of one thread.
struct RateLimit {
    limiter: Limiter,
    /// What its milliseconds are counted from.
    since: Instant,
}

impl Responder {
    /// Fails only if the system has no randomness to give.
    pub(super) fn new(service: &Service) -> io::Result<Self> {
        Ok(Self {
            rate_limit: None,
            live: Arc::clone(&service.live),
            answer: service.answer,
            scratch: Scratch::new(service.live.load().world.seed),
            draws: Draws::new()?,
            counters: service.metrics.counters(),
            writers: service.sinks.writers(),
        })
    }

    /// With its part of a limit that so many threads share.
    pub(super) fn limited(self, settings: &Settings, threads: usize) -> io::Result<Self> {
        let [one, other] = [clock::random_bytes()?, clock::random_bytes()?];
        let seed = [u64::from_le_bytes(one), u64::from_le_bytes(other)];
        let rate_limit = Limiter::new(settings, threads, seed)
            .map(|limiter| RateLimit { limiter, since: clock::monotonic_now() });
        Ok(Self { rate_limit, ..self })
    }

    /// Begins a batch, all of which sees one view: that of this moment, so that what changed
    /// before the packets were received is in force in their answers.
    pub(super) fn round(&mut self) -> Round<'_> {
        let (view, number) = match &self.writers {
            Some(writers) if writers.want_views() => self.live.load_numbered(),
            _ => (self.live.load(), 0),
        };
        if self.scratch.seed() != view.world.seed {
            self.scratch = Scratch::new(view.world.seed);
        }
        self.counters.enter(&view.world);
        Round { view, number, begun: clock::unix_time(), responder: self, now_ms: None }
    }

    /// Counts packets or replies that were dropped.
    pub(super) fn discard(&mut self, transport: Transport, why: Discard, packets: usize) {
        self.counters.discard(transport, why, packets);
    }
}

/// One batch.
pub(super) struct Round<'r> {
    view: Guard<Arc<View>>,
    /// The number of the view, if somebody wants to know it.
    number: u64,
    /// When it began, since the beginning of 1970.
    begun: Duration,
    responder: &'r mut Responder,
    /// The time of the whole batch, once somebody has asked for it.
    now_ms: Option<u64>,
}

impl Round<'_> {
    /// The time of this batch in Unix seconds.
    pub(super) fn unix_seconds(&self) -> u32 {
        // In 32 bits, which begin anew in 2106.
        self.begun.as_secs() as u32
    }

    /// Writes the reply to a packet; says how many bytes it has, 0 for none. `ends` is for those who look
    /// on.
    pub(super) fn respond(
        &mut self,
        packet: &[u8],
        asker: &Asker,
        ends: impl FnOnce() -> Ends,
        out: &mut [u8],
    ) -> usize {
        let Responder { answer, scratch, draws, counters, rate_limit, .. } = &mut *self.responder;
        let number = draws.next_number();
        let mut answered = answer(&self.view, packet, asker, Draw::new(number), scratch, out);
        if let Some(RateLimit { limiter, since }) = rate_limit {
            let now_ms = || *self.now_ms.get_or_insert_with(|| milliseconds_since(*since));
            match limiter.judge(&asker.source, out, &answered, now_ms) {
                Action::Send => counters.count(asker.transport, &answered),
                Action::Slip => {
                    counters.rate_limited(Network::of(asker.source), true);
                    answered = truncate(out, &answered);
                    counters.count(asker.transport, &answered);
                }
                Action::Drop => {
                    counters.rate_limited(Network::of(asker.source), false);
                    answered.length = 0;
                }
            }
        } else {
            counters.count(asker.transport, &answered);
        }
        if self.responder.writers.is_some() {
            let reply = out.get(..answered.length).unwrap_or_default();
            self.copy(packet, reply, number, asker, ends);
        }
        answered.length
    }

    /// Copies what was asked and answered, if chance wants that.
    #[inline(never)]
    fn copy(
        &mut self,
        query: &[u8],
        reply: &[u8],
        draw: u64,
        asker: &Asker,
        ends: impl FnOnce() -> Ends,
    ) {
        let &mut Self { number, begun, ref mut responder, .. } = self;
        let Responder { writers: Some(writers), draws, .. } = &mut **responder else { return };
        // Not the draw of the answer, or those that were drawn so would be told of more often.
        let chances = [draws.next_number(), draws.next_number()];
        writers.offer(chances, || Sample {
            view: number,
            draw,
            asked_at: begun,
            answered_at: clock::unix_time(),
            ends: ends(),
            transport: asker.transport,
            idle_timeout: asker.idle_timeout,
            query,
            reply,
        });
    }

    /// Counts a packet that is not even looked at.
    pub(super) fn discard(&mut self, transport: Transport, why: Discard) {
        self.responder.discard(transport, why, 1);
    }
}

fn milliseconds_since(moment: Instant) -> u64 {
    // More than any process lives to see.
    clock::monotonic_now().duration_since(moment).as_millis() as u64
}
