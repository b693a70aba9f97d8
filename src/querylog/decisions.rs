//! The decision log: for some questions a line of JSON that says why they were answered so.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::Tally;
use super::file::Appended;
use super::worker::Stop;
use crate::clock;
use crate::config::DecisionLog;
use crate::explain::Decision;
use crate::live::Replaced;
use crate::metrics::transport_label;
use crate::sampling::{Reader, Sample};
use crate::view::View;

/// How often what was copied is taken out.
const PAUSE: Duration = Duration::from_millis(50);
/// Copies that are taken out before lines are written.
const MOST_AT_ONCE: usize = 10_000;
/// The pause after a failed try to write.
const RETRY: Duration = Duration::from_secs(1);

/// What writes it.
pub(super) struct Writer {
    reader: Reader,
    replaced: Replaced,
    tally: Arc<Tally>,
    allowance: Allowance,
    file: Appended,
    /// The next try, after one that failed.
    next_try: Option<Instant>,
    /// Lines to be written, and how many.
    lines: Vec<u8>,
    count: u64,
}

/// How many lines there may still be: as many as in a second at most.
struct Allowance {
    per_second: f64,
    left: f64,
    since: Instant,
}

impl Allowance {
    fn new(per_second: u32, now: Instant) -> Self {
        Self { per_second: per_second.into(), left: per_second.into(), since: now }
    }

    fn refill(&mut self, now: Instant) {
        let more = now.duration_since(self.since).as_secs_f64() * self.per_second;
        self.left = (self.left + more).min(self.per_second);
        self.since = now;
    }

    /// Takes one, if there is one left.
    fn take(&mut self) -> bool {
        let is_left = self.left >= 1.0;
        self.left -= if is_left { 1.0 } else { 0.0 };
        is_left
    }
}

impl Writer {
    pub(super) fn new(
        settings: &DecisionLog,
        reader: Reader,
        replaced: Replaced,
        tally: Arc<Tally>,
    ) -> Self {
        Self {
            reader,
            replaced,
            tally,
            allowance: Allowance::new(settings.per_second, clock::monotonic_now()),
            file: Appended::new(settings.file.path.clone()),
            next_try: None,
            lines: Vec::new(),
            count: 0,
        }
    }

    pub(super) fn run(mut self, stop: &Stop) {
        // That it cannot be written is to be known before there is anything to write.
        self.write();
        loop {
            let is_last = stop.is_ordered();
            while self.explain_some() {
                self.write();
            }
            // Nothing finds room on a full disk, so only a line shows whether it can be written again.
            if self.count > 0 {
                self.write();
            }
            if is_last {
                return;
            }
            self.replaced.pass();
            thread::sleep(PAUSE);
        }
    }

    /// Puts copies into lines; says whether there may be more of them.
    fn explain_some(&mut self) -> bool {
        let Self { reader, replaced, tally, allowance, lines, count, .. } = self;
        reader.look();
        allowance.refill(clock::monotonic_now());
        for _ in 0..MOST_AT_ONCE {
            let Some(sample) = reader.take() else { return false };
            if !allowance.take() {
                Tally::add(&tally.beyond, 1);
                continue;
            }
            // The system looks at who waits for a processor at its next tick only, up to 4 ms later.
            thread::yield_now();
            let decision = explain(replaced, &sample);
            let before = lines.len();
            let written = decision.and_then(|decision| {
                serde_json::to_writer(&mut *lines, &decision).map_err(|error| error.to_string())
            });
            match written {
                Ok(()) => {
                    lines.push(b'\n');
                    *count += 1;
                }
                Err(error) => {
                    lines.truncate(before);
                    Tally::add(&tally.lost, 1);
                    tracing::debug!(error, "a decision cannot be told");
                }
            }
        }
        true
    }

    /// Writes the lines, or drops them.
    fn write(&mut self) {
        let now = clock::monotonic_now();
        let waits = self.next_try.is_some_and(|next| now < next);
        let done = if waits { None } else { Some(self.file.append(&self.lines)) };
        match done {
            Some(Ok(())) => {
                Tally::add(&self.tally.told, self.count);
                if self.tally.now_works() && self.next_try.is_some() {
                    tracing::info!("the decision log is written again");
                }
                self.next_try = None;
            }
            Some(Err(error)) => {
                Tally::add(&self.tally.lost, self.count);
                self.next_try = Some(now + RETRY);
                if self.tally.now_fails(&error.to_string()) {
                    tracing::error!(%error, "cannot write the decision log: its lines are dropped until that works again");
                }
            }
            None => Tally::add(&self.tally.lost, self.count),
        }
        self.count = 0;
        self.lines.clear();
    }
}

/// Explains a question by the view that it was answered from, or else by the present one.
fn explain(replaced: &mut Replaced, sample: &Sample<'_>) -> Result<Decision, String> {
    let by = |view: &View| Decision::new(view, sample, transport_label(sample.transport));
    let mut first = None;
    for view in replaced.numbered(sample.view) {
        let decision = by(&view)?;
        if decision.exact {
            return Ok(decision);
        }
        first.get_or_insert(decision);
    }
    first.map_or_else(|| by(&replaced.present()), Ok)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_no_more_lines_than_in_a_second() {
        let begin = clock::monotonic_now();
        let at = |ms| begin + Duration::from_millis(ms);
        let mut allowance = Allowance::new(10, begin);
        let mut taken = |ms, wanted| {
            allowance.refill(at(ms));
            (0..wanted).filter(|_| allowance.take()).count()
        };
        assert_eq!(taken(0, 25), 10);
        assert_eq!(taken(250, 25), 2);
        assert_eq!(taken(350, 1), 1);
        assert_eq!(taken(60_000, 25), 10);
    }
}
