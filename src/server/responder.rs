//! From a packet to its reply, for one thread: the current view, chance, scratch memory and
//! counters, brought together.

use std::io;
use std::sync::Arc;

use arc_swap::Guard;

use crate::clock::{self, Draws};
use crate::dns::{Answered, Asker, Scratch, Transport};
use crate::live::Live;
use crate::metrics::{Counters, Discard, Metrics};
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
}

/// What one thread answers with.
pub(super) struct Responder {
    live: Arc<Live>,
    answer: Answer,
    scratch: Scratch,
    draws: Draws,
    counters: Counters,
}

impl Responder {
    /// Fails only if the system has no randomness to give.
    pub(super) fn new(service: &Service) -> io::Result<Self> {
        Ok(Self {
            live: Arc::clone(&service.live),
            answer: service.answer,
            scratch: Scratch::new(service.live.load().world.seed),
            draws: Draws::new()?,
            counters: service.metrics.counters(),
        })
    }

    /// Begins a batch, all of which sees one view: that of this moment, so that what changed
    /// before the packets were received is in force in their answers.
    pub(super) fn round(&mut self) -> Round<'_> {
        let view = self.live.load();
        if self.scratch.seed() != view.world.seed {
            self.scratch = Scratch::new(view.world.seed);
        }
        self.counters.enter(&view.world);
        Round { view, unix_seconds: clock::unix_seconds(), responder: self }
    }

    /// Counts packets or replies that were dropped.
    pub(super) fn discard(&mut self, transport: Transport, why: Discard, packets: usize) {
        self.counters.discard(transport, why, packets);
    }
}

/// One batch.
pub(super) struct Round<'r> {
    view: Guard<Arc<View>>,
    unix_seconds: u32,
    responder: &'r mut Responder,
}

impl Round<'_> {
    /// The time of this batch in Unix seconds.
    pub(super) fn unix_seconds(&self) -> u32 {
        self.unix_seconds
    }

    /// Writes the reply to a packet; says how many bytes it has, 0 for none.
    pub(super) fn respond(&mut self, packet: &[u8], asker: &Asker, out: &mut [u8]) -> usize {
        let Responder { answer, scratch, draws, counters, .. } = &mut *self.responder;
        let draw = Draw::new(draws.next_number());
        let answered = answer(&self.view, packet, asker, draw, scratch, out);
        counters.count(asker.transport, &answered);
        answered.length
    }

    /// Counts a packet that is not even looked at.
    pub(super) fn discard(&mut self, transport: Transport, why: Discard) {
        self.responder.discard(transport, why, 1);
    }
}
