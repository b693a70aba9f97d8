//! The times that policies give to pools which come back, each known by a small number.
//!
//! No clock is looked at while answering. Whoever sums the pools says for each of these times
//! whether it has passed, in a few bits; a policy knows its bit.

use std::time::{Duration, SystemTime};

/// In how many steps a ramp reaches the whole. The first is there at once, the last when the time
/// has passed, the others in equal times between.
pub const RAMP_STEPS: u8 = 10;

/// When a failover returns to a better branch that had failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failback {
    /// When it has been up for so long.
    After(Duration),
    /// When a person says so.
    Manual,
}

/// How a weighted policy lets those come back that were out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ramp {
    /// How long it takes to the whole share.
    pub time: Duration,
    index: u8,
}

/// All times in use, those of `failback` and those of `ramp`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Paces {
    failbacks: Vec<Duration>,
    /// Whether some failover returns by hand only.
    manual: bool,
    ramps: Vec<Duration>,
}

/// Which of a pool's comebacks policies wait for: a bit for each time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Waits {
    pub(super) failbacks: u16,
    pub(super) ramps: u16,
}

/// The bit of [`Failback::Manual`].
const MANUAL: u16 = 1 << Paces::MOST;

/// A pool that is back since a while, as answers see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Back {
    /// Since when.
    pub since: SystemTime,
    /// The bits of those for which it is still held back.
    pub held: u16,
    /// How many steps of each ramp it has gone.
    steps: [u8; Paces::MOST],
}

impl Paces {
    /// So many different times there can be of each kind.
    pub const MOST: usize = 15;

    /// The bit of a failback, which is in use from now on; none where there are too many.
    pub fn failback(&mut self, failback: Failback) -> Option<u16> {
        match failback {
            Failback::Manual => {
                self.manual = true;
                Some(MANUAL)
            }
            Failback::After(time) => place(&mut self.failbacks, time).map(|index| 1 << index),
        }
    }

    /// A ramp over a time, which is in use from now on; none where there are too many.
    pub fn ramp(&mut self, time: Duration) -> Option<Ramp> {
        // There are fewer than 256.
        place(&mut self.ramps, time).map(|index| Ramp { time, index: index as u8 })
    }

    /// Whether any failover holds anything back.
    pub fn some_held(&self) -> bool {
        self.manual || !self.failbacks.is_empty()
    }

    /// The failbacks of these bits.
    pub fn failbacks_in(&self, bits: u16) -> impl Iterator<Item = Failback> {
        let timed = self.failbacks.iter().enumerate();
        let timed = timed.filter(move |(index, _)| bits >> index & 1 == 1);
        let manual = (bits & MANUAL != 0).then_some(Failback::Manual);
        timed.map(|(_, time)| Failback::After(*time)).chain(manual)
    }

    /// Each ramp that is not over for a pool, and how many steps of it the pool has gone.
    pub fn ramps_of(&self, back: &Back) -> impl Iterator<Item = (Ramp, u8)> {
        let ramps = (0..).zip(&self.ramps).map(|(index, time)| Ramp { time: *time, index });
        let steps = ramps.map(|ramp| (ramp, back.step(ramp)));
        steps.filter(|(_, step)| *step < RAMP_STEPS)
    }

    /// How one that is back since then is seen now, and when that changes; none where it is back
    /// for good. Only what has `failed` is held back.
    pub(super) fn back(
        &self,
        waits: Waits,
        since: SystemTime,
        failed: bool,
        now: SystemTime,
    ) -> (Option<Back>, Option<SystemTime>) {
        let elapsed = now.duration_since(since).unwrap_or_default();
        let mut back = Back { since, held: 0, steps: [RAMP_STEPS; Self::MOST] };
        let mut next: Option<Duration> = None;
        let mut wait_until = |time: Duration| next = Some(next.map_or(time, |next| next.min(time)));
        if failed {
            back.held = waits.failbacks & MANUAL;
            for (index, time) in self.failbacks.iter().enumerate() {
                if waits.failbacks >> index & 1 == 1 && elapsed < *time {
                    back.held |= 1 << index;
                    wait_until(*time);
                }
            }
        }
        for (index, time) in self.ramps.iter().enumerate() {
            if waits.ramps >> index & 1 == 1 && elapsed < *time {
                let step = step_at(elapsed, *time);
                back.steps[index] = step;
                wait_until(step_begins(step + 1, *time));
            }
        }
        let is_over = back.held == 0 && back.steps == [RAMP_STEPS; Self::MOST];
        ((!is_over).then_some(back), next.and_then(|next| since.checked_add(next)))
    }
}

impl Back {
    /// How many steps of a ramp it has gone.
    pub fn step(&self, ramp: Ramp) -> u8 {
        self.steps.get(usize::from(ramp.index)).copied().unwrap_or(RAMP_STEPS)
    }
}

impl Ramp {
    /// Its bit in [`Waits::ramps`].
    pub(super) fn bit(self) -> u16 {
        1 << self.index
    }
}

/// Where a time stands among those in use, at their end if it is new.
fn place(times: &mut Vec<Duration>, time: Duration) -> Option<usize> {
    if let Some(at) = times.iter().position(|other| *other == time) {
        return Some(at);
    }
    (times.len() < Paces::MOST).then(|| {
        times.push(time);
        times.len() - 1
    })
}

/// From one step to the next there is a ninth of the time.
const BETWEEN: u128 = RAMP_STEPS as u128 - 1;

/// The step that is reached when `elapsed` of `time` has passed, which is not all of it.
fn step_at(elapsed: Duration, time: Duration) -> u8 {
    // Less than the number of steps.
    1 + (elapsed.as_nanos() * BETWEEN / time.as_nanos().max(1)) as u8
}

/// How much of `time` passes before a step.
fn step_begins(step: u8, time: Duration) -> Duration {
    let nanos = (time.as_nanos() * u128::from(step - 1)).div_ceil(BETWEEN);
    // No more than the time itself, which counts seconds in 64 bits.
    Duration::new((nanos / 1_000_000_000) as u64, (nanos % 1_000_000_000) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn equal_times_are_one_and_there_are_not_many() {
        let mut paces = Paces::default();
        for n in 0..Paces::MOST as u32 {
            for _ in 0..2 {
                let time = SECOND * (n + 1);
                assert_eq!(paces.failback(Failback::After(time)), Some(1 << n));
                assert_eq!(paces.ramp(time).map(Ramp::bit), Some(1 << n));
            }
        }
        assert_eq!(paces.failback(Failback::After(SECOND * 100)), None);
        assert_eq!(paces.ramp(SECOND * 100), None);
        assert_eq!(paces.failback(Failback::Manual), Some(1 << 15));
        let some: Vec<_> = paces.failbacks_in(1 << 15 | 1 << 2).collect();
        assert_eq!(some, [Failback::After(SECOND * 3), Failback::Manual]);
    }

    /// Each bit, until its time has passed and not a moment longer.
    #[test]
    fn what_has_failed_is_held_back_for_each_time_by_itself() {
        let mut paces = Paces::default();
        let ten = paces.failback(Failback::After(SECOND * 10)).unwrap();
        let sixty = paces.failback(Failback::After(SECOND * 60)).unwrap();
        let other = paces.failback(Failback::After(SECOND * 1000)).unwrap();
        let waits = |failbacks| Waits { failbacks, ramps: 0 };
        for (failbacks, now, held, next) in [
            (ten | sixty, 100, ten | sixty, Some(110)),
            (ten | sixty, 109, ten | sixty, Some(110)),
            (ten | sixty, 110, sixty, Some(160)),
            (ten | sixty, 160, 0, None),
            (ten | sixty | MANUAL, 160, MANUAL, None),
            (ten | MANUAL, 100, ten | MANUAL, Some(110)),
            (MANUAL, 1_000_000, MANUAL, None),
            // The clock was set back.
            (ten, 5, ten, Some(110)),
            (other, 160, other, Some(1100)),
            (0, 100, 0, None),
        ] {
            let (back, change) = paces.back(waits(failbacks), at(100), true, at(now));
            assert_eq!(back.map_or(0, |back| back.held), held, "{failbacks:b} {now}");
            assert_eq!(change, next.map(at), "{failbacks:b} {now}");
            let (back, change) = paces.back(waits(failbacks), at(100), false, at(now));
            assert_eq!((back, change), (None, None), "it has not failed");
        }
    }

    /// From a tenth at once to all of it when the time has passed.
    #[test]
    fn a_ramp_goes_up_step_by_step() {
        let mut paces = Paces::default();
        let (ramp, other) = (paces.ramp(SECOND * 90).unwrap(), paces.ramp(SECOND * 7).unwrap());
        let waits = Waits { failbacks: 0, ramps: ramp.bit() };
        let mut now = at(100);
        for step in 1..RAMP_STEPS {
            let (back, next) = paces.back(waits, at(100), false, now);
            let back = back.unwrap();
            assert_eq!((back.step(ramp), back.step(other)), (step, RAMP_STEPS));
            assert_eq!(paces.ramps_of(&back).collect::<Vec<_>>(), [(ramp, step)]);
            assert_eq!(next, Some(at(100 + 10 * u64::from(step))));
            let (just_before, _) = paces.back(waits, at(100), false, next.unwrap() - SECOND / 1000);
            assert_eq!(just_before.unwrap().step(ramp), step);
            now = next.unwrap();
        }
        assert_eq!(now, at(190));
        assert_eq!(paces.back(waits, at(100), false, now), (None, None));
    }

    /// No step is ever due before it is reached, or it would be due for ever.
    #[test]
    fn steps_begin_when_they_are_reached() {
        for nanos in [1, 2, 7, 8, 9, 10, 1_000_000_007, u64::MAX] {
            let time = Duration::from_nanos(nanos);
            for step in 2..RAMP_STEPS {
                let begins = step_begins(step, time);
                if begins < time {
                    assert!(step_at(begins, time) >= step, "{step} of {nanos}");
                }
            }
            assert_eq!(step_begins(RAMP_STEPS, time), time);
        }
    }
}
