//! Who looks on, how much of it they want, and the two sides of it.

use std::sync::{Arc, Mutex, PoisonError};

use super::ring::{self, Ring};
use super::sample::Sample;

/// A share of all questions, above 0 and up to 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// The largest of all 64-bit numbers that are of it.
    last: u64,
}

impl Share {
    /// A share as a number; none if it is not above 0 and up to 1.
    pub fn new(share: f64) -> Option<Self> {
        let is_share = share > 0.0 && share <= 1.0;
        // So many of the 2^64 numbers, which of all of them is one more than can be told.
        let count = (share * 2_f64.powi(64)) as u64;
        let last = if share < 1.0 { count.saturating_sub(1) } else { u64::MAX };
        is_share.then_some(Self { last })
    }

    /// Whether a number of chance, uniform over all 64-bit ones, is of it.
    pub fn has(self, number: u64) -> bool {
        number <= self.last
    }
}

/// Where copies for one who looks on go.
pub struct Sink {
    share: Share,
    ring_bytes: usize,
    rings: Mutex<Vec<Arc<Ring>>>,
}

/// All who look on; nobody by default.
#[derive(Clone, Default)]
pub struct Sinks {
    /// Who gets packets as they are.
    pub dnstap: Option<Arc<Sink>>,
    /// Who writes down why they were answered so.
    pub decisions: Option<Arc<Sink>>,
}

/// The side of one thread that answers.
pub struct Writers {
    dnstap: Option<Writer>,
    decisions: Option<Writer>,
}

struct Writer {
    share: Share,
    ring: ring::Writer,
}

/// The side of the one thread that takes copies out of a sink.
pub struct Reader {
    sink: Arc<Sink>,
    rings: Vec<Arc<Ring>>,
    /// The ring that is next.
    next: usize,
    record: Vec<u64>,
    bytes: Vec<u8>,
}

impl Sink {
    /// For a share of all questions, with so much memory for each thread that answers.
    pub fn new(share: Share, ring_bytes: usize) -> (Arc<Self>, Reader) {
        let sink = Arc::new(Self { share, ring_bytes, rings: Mutex::default() });
        let reader = Reader {
            sink: Arc::clone(&sink),
            rings: Vec::new(),
            next: 0,
            record: Vec::new(),
            bytes: Vec::new(),
        };
        (sink, reader)
    }

    fn writer(&self) -> Writer {
        let ring = Ring::new(self.ring_bytes / size_of::<u64>());
        self.rings.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&ring));
        Writer { share: self.share, ring: ring::Writer::new(ring) }
    }

    /// Copies that found no room so far.
    pub fn dropped(&self) -> u64 {
        let rings = self.rings.lock().unwrap_or_else(PoisonError::into_inner);
        rings.iter().map(|ring| ring.dropped()).sum()
    }
}

impl Sinks {
    /// Whether anybody looks on.
    pub fn is_watched(&self) -> bool {
        self.dnstap.is_some() || self.decisions.is_some()
    }

    /// The side of one more thread; none if nobody looks on.
    pub fn writers(&self) -> Option<Box<Writers>> {
        let of = |sink: &Option<Arc<Sink>>| sink.as_ref().map(|sink| sink.writer());
        let writers = || Writers { dnstap: of(&self.dnstap), decisions: of(&self.decisions) };
        self.is_watched().then(|| Box::new(writers()))
    }
}

impl Writers {
    /// Whether somebody wants to know which view a question was answered from.
    pub fn want_views(&self) -> bool {
        self.decisions.is_some()
    }

    /// Copies a question for those to whom chance gives it: two numbers, uniform over all 64-bit ones.
    /// The sample is made only if it is for somebody.
    pub fn offer<'a>(&mut self, [one, other]: [u64; 2], sample: impl FnOnce() -> Sample<'a>) {
        let drawn = |writer: &Option<Writer>, number| {
            writer.as_ref().is_some_and(|writer| writer.share.has(number))
        };
        let (for_dnstap, for_decisions) = (drawn(&self.dnstap, one), drawn(&self.decisions, other));
        if !for_dnstap && !for_decisions {
            return;
        }
        let sample = sample();
        let put = |writer: &mut Option<Writer>| {
            if let Some(writer) = writer {
                writer.ring.put(sample.words(), |words| sample.write(words));
            }
        };
        if for_dnstap {
            put(&mut self.dnstap);
        }
        // Where nothing is said, nothing was decided.
        if for_decisions && !sample.reply.is_empty() {
            put(&mut self.decisions);
        }
    }
}

impl Reader {
    /// The next copy of any thread, each in turn; none if nothing waits.
    pub fn take(&mut self) -> Option<Sample<'_>> {
        for _ in 0..self.rings.len() {
            let ring = self.rings.get(self.next)?;
            self.next = (self.next + 1) % self.rings.len();
            if ring.take(&mut self.record) {
                return Sample::read(&self.record, &mut self.bytes);
            }
        }
        None
    }

    /// Sees the threads that have begun to answer since.
    pub fn look(&mut self) {
        let rings = self.sink.rings.lock().unwrap_or_else(PoisonError::into_inner);
        self.rings.extend(rings.iter().skip(self.rings.len()).cloned());
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::dns::Transport;
    use crate::sampling::Ends;

    fn sample(view: u64, reply: &[u8]) -> Sample<'_> {
        Sample {
            view,
            draw: 0,
            asked_at: Duration::ZERO,
            answered_at: Duration::ZERO,
            ends: Ends { peer: ([192, 0, 2, 1], 5).into(), local: None },
            transport: Transport::Udp,
            idle_timeout: None,
            query: b"question",
            reply,
        }
    }

    /// Over all numbers, as far as they can be gone through: by their beginnings.
    #[test]
    fn a_share_is_that_part_of_all_numbers() {
        for (share, wanted) in [(1.0, 1 << 20), (0.5, 1 << 19), (0.25, 1 << 18), (0.001, 1049)] {
            let share = Share::new(share).unwrap();
            let numbers = (0_u64..1 << 20).map(|beginning| beginning << 44);
            assert_eq!(numbers.filter(|number| share.has(*number)).count(), wanted, "{share:?}");
        }
        assert!(Share::new(1.0).unwrap().has(u64::MAX));
        assert!(Share::new(1e-30).unwrap().has(0) && !Share::new(1e-30).unwrap().has(1));
        for none in [0.0, -0.5, 1.1, f64::NAN] {
            assert_eq!(Share::new(none), None, "{none}");
        }
    }

    #[test]
    fn each_thread_has_its_turn_and_each_sink_its_chance() {
        let (dnstap, mut packets) = Sink::new(Share::new(0.5).unwrap(), 4096);
        let (decisions, mut reasons) = Sink::new(Share::new(1.0).unwrap(), 4096);
        let sinks = Sinks { dnstap: Some(dnstap), decisions: Some(decisions) };
        let mut threads = [sinks.writers().unwrap(), sinks.writers().unwrap()];
        for (thread, number, view) in [(0, 0, 1), (0, 1, 2), (0, u64::MAX, 3), (1, 0, 4)] {
            threads[thread].offer([number, u64::MAX], || sample(view, b"reply"));
        }
        threads[1].offer([0, 0], || sample(5, b""));
        let views = |reader: &mut Reader| {
            assert_eq!(reader.take(), None, "before it has looked");
            reader.look();
            let mut views = Vec::new();
            while let Some(sample) = reader.take() {
                views.push(sample.view);
            }
            views
        };
        assert_eq!(views(&mut packets), [1, 4, 2, 5]);
        assert_eq!(views(&mut reasons), [1, 4, 2, 3]);
    }

    #[test]
    fn nobody_looks_on_by_default() {
        assert!(Sinks::default().writers().is_none());
    }

    #[test]
    fn what_finds_no_room_is_counted() {
        let (sink, mut reader) = Sink::new(Share::new(1.0).unwrap(), 1024);
        let sinks = Sinks { dnstap: Some(Arc::clone(&sink)), decisions: None };
        let mut writers = sinks.writers().unwrap();
        let reply = [7; 300];
        for view in 0..10 {
            writers.offer([0, 0], || sample(view, &reply));
        }
        reader.look();
        let mut taken = 0;
        while let Some(sample) = reader.take() {
            assert_eq!((sample.view, sample.reply), (taken, &reply[..]));
            taken += 1;
        }
        assert_eq!(taken + sink.dropped(), 10);
        assert!(taken >= 2, "{taken}");
    }
}
