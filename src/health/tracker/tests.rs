//! The tables, told step by step; the laws are in `laws`.

mod laws;

use super::Outcome::{Failure as F, Success as S};
use super::*;
use State::{Down, Up};

const SECOND: Duration = Duration::from_secs(1);
const RETRY: Duration = Duration::from_millis(300);
const SETTINGS: TrackerSettings = TrackerSettings {
    fall: 3,
    rise: 2,
    interval: Duration::from_secs(5),
    retry: RETRY,
    initial: Initial::Last,
    damping: None,
};

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// A tracker and the clock.
struct Run {
    tracker: Tracker,
    now: Duration,
}

impl Run {
    fn new(last: Option<State>) -> Self {
        Self { tracker: Tracker::new(SETTINGS, last, Duration::ZERO), now: Duration::ZERO }
    }

    /// Of what is settled and up, with a usual time of 10 ms.
    fn settled() -> Self {
        let mut run = Self::new(None);
        for _ in 0..20 {
            let probe = run.begin_when_due();
            run.end_after(probe, ms(10), S);
        }
        run
    }

    fn begin_when_due(&mut self) -> ProbeNumber {
        self.now = self.tracker.due().expect("one is due");
        self.tracker.begin(self.now, 1.0)
    }

    fn end_after(&mut self, probe: ProbeNumber, took: Duration, outcome: Outcome) -> Option<State> {
        self.now += took;
        self.tracker.end(probe, outcome, self.now, took, Blame::Endpoint)
    }

    /// One probe from beginning to end, which is the same moment.
    fn probe(&mut self, outcome: Outcome) -> Option<State> {
        let probe = self.begin_when_due();
        self.end_after(probe, Duration::ZERO, outcome)
    }

    /// A probe that has begun, and is slow by now.
    fn begin_slow(&mut self) -> ProbeNumber {
        let probe = self.begin_when_due();
        self.now = self.tracker.wake().expect("it will be slow");
        assert!(self.tracker.look(self.now));
        probe
    }

    fn pause(&self) -> Option<Duration> {
        self.tracker.due().map(|due| due - self.now)
    }
}

/// The table of [`super::judge`]: what is remembered, outcomes, the verdict and its doubt.
#[test]
fn outcomes_in_a_row_make_the_verdict() {
    // With 10 % of jitter.
    let (one, two) = (330, 630);
    for (last, outcomes, state, hold_ms) in [
        (None, &[][..], Up, Some(0)),
        (Some(Up), &[], Up, Some(0)),
        (Some(Down), &[], Down, Some(0)),
        (None, &[F], Down, None),
        (None, &[S], Up, None),
        (Some(Up), &[F], Up, Some(two)),
        (Some(Up), &[F, F], Up, Some(one)),
        (Some(Up), &[F, F, F], Down, None),
        (Some(Up), &[F, F, S], Up, None),
        (Some(Up), &[F, F, S, F, F], Up, Some(one)),
        (Some(Down), &[S], Down, Some(one)),
        (Some(Down), &[S, S], Up, None),
        (Some(Down), &[S, F], Down, None),
        (Some(Down), &[S, F, S], Down, Some(one)),
        (Some(Down), &[F, F, F, F], Down, None),
    ] {
        let mut run = Run::new(last);
        for outcome in outcomes {
            run.probe(*outcome);
        }
        let hold = hold_ms.map(ms);
        assert_eq!(run.tracker.verdict(), Verdict { state, hold }, "{last:?} {outcomes:?}");
    }
}

#[test]
fn only_a_change_is_reported() {
    let mut run = Run::new(None);
    assert_eq!(run.probe(S), Some(Up));
    assert_eq!(run.probe(S), None);
    assert_eq!([F, F, F, F].map(|o| run.probe(o)), [None, None, Some(Down), None]);
}

#[test]
fn probes_that_cannot_be_sent_change_nothing_but_how_soon_it_may_change() {
    for last in [None, Some(Up), Some(Down)] {
        let mut run = Run::new(last);
        let state = last.unwrap_or(Up);
        for _ in 0..3 {
            let probe = run.begin_when_due();
            run.tracker.end_in_vain(probe, run.now);
            let hold = Some(SETTINGS.interval);
            assert_eq!(run.tracker.verdict(), Verdict { state, hold }, "{last:?}");
            assert_eq!(run.pause(), Some(SETTINGS.interval.mul_f64(1.1)), "{last:?}");
        }
        run.probe(S);
        run.probe(S);
        let probe = run.begin_when_due();
        run.tracker.end_in_vain(probe, run.now);
        assert_eq!(run.tracker.verdict(), Verdict { state: Up, hold: None }, "{last:?}");
    }
}

/// The table at the top of the module, without a probe under way.
#[test]
fn doubt_is_asked_about_sooner() {
    let mut run = Run::settled();
    let probe = run.begin_when_due();
    run.end_after(probe, ms(50), S);
    assert_eq!(run.pause(), Some(SETTINGS.interval - ms(50)), "from when the last one began");
    let probe = run.begin_when_due();
    run.end_after(probe, ms(50), F);
    assert_eq!(run.pause(), Some(ms(330)), "from when the last one ended");
    run.probe(S);
    assert_eq!(run.pause(), Some(SETTINGS.interval));
}

#[test]
fn doubt_is_never_asked_about_later_than_certainty() {
    let settings = TrackerSettings { interval: ms(100), ..SETTINGS };
    let tracker = Tracker::new(settings, Some(Up), Duration::ZERO);
    let mut run = Run { tracker, now: Duration::ZERO };
    run.probe(F);
    assert_eq!(run.pause(), Some(ms(110)));
    assert_eq!(run.tracker.verdict().hold, Some(ms(210)));
}

/// What hangs is found when the third probe runs into its timeout, and that began after two
/// pauses and not after two timeouts.
#[test]
fn what_hangs_is_asked_again_before_it_has_timed_out() {
    let (timeout, slow) = (2 * SECOND, ms(110));
    let mut run = Run::settled();
    let first = run.begin_when_due();
    let fault = run.now;
    assert_eq!(run.tracker.due(), None, "as far as anybody knows, all is well");
    let wake = run.tracker.wake().expect("it will be slow");
    assert!(wake >= fault + slow && wake < fault + 2 * slow, "{wake:?}");
    assert!(!run.tracker.look(wake - ms(1)));
    assert!(run.tracker.look(wake));
    assert!(!run.tracker.look(wake), "it moved already");
    let verdict = run.tracker.verdict();
    assert_eq!(verdict.state, Up);
    assert!(verdict.hold.is_some_and(|hold| hold > RETRY && hold < 2 * RETRY), "{verdict:?}");
    let second = run.begin_when_due();
    assert_eq!(run.now, fault + ms(330));
    let third = run.begin_when_due();
    assert_eq!(run.now, fault + ms(660));
    assert_eq!(run.tracker.due(), None, "no more than could change the verdict");
    let mut end = |probe, at: Duration| run.tracker.end(probe, F, at, timeout, Blame::Endpoint);
    assert_eq!(end(first, fault + timeout), None);
    assert_eq!(end(second, fault + ms(330) + timeout), None);
    assert_eq!(end(third, fault + ms(630) + timeout), Some(Down));
}

/// A packet was lost: the probe that waits for it is slow, and the next one is answered.
#[test]
fn a_success_outdates_the_probes_that_began_before_it() {
    let mut run = Run::settled();
    let lost = run.begin_slow();
    let next = run.begin_when_due();
    run.end_after(next, ms(10), S);
    assert_eq!(run.tracker.verdict(), Verdict::SETTLED_UP);
    assert_eq!(run.pause(), Some(SETTINGS.interval - ms(10)));
    let due = run.tracker.due();
    run.end_after(lost, SECOND, F);
    assert_eq!((run.tracker.verdict(), run.tracker.due()), (Verdict::SETTLED_UP, due));
}

/// It answered, however late.
#[test]
fn a_slow_success_settles_what_is_up() {
    let mut run = Run::settled();
    let slow = run.begin_slow();
    run.end_after(slow, SECOND, S);
    assert_eq!(run.tracker.verdict(), Verdict::SETTLED_UP);
}

#[test]
fn what_is_down_is_not_doubted_for_being_slow() {
    let mut run = Run::new(Some(Down));
    run.probe(F);
    run.begin_when_due();
    assert_eq!(run.tracker.wake(), None);
    assert!(!run.tracker.look(run.now + 2 * SECOND));
    assert_eq!(run.tracker.due(), None);
}

#[test]
fn a_hint_lets_the_next_probe_begin_at_once() {
    let mut run = Run::settled();
    run.now += SECOND;
    run.tracker.hint(run.now);
    assert_eq!(run.pause(), Some(Duration::ZERO));
    assert_eq!(run.tracker.verdict(), Verdict::SETTLED_UP, "and says nothing");
    let probe = run.begin_when_due();
    run.end_after(probe, ms(1), S);
    assert_eq!(run.pause(), Some(SETTINGS.interval - ms(1)));
    // Even beside one that began before the hint.
    run.begin_when_due();
    assert_eq!(run.tracker.due(), None);
    run.now += ms(1);
    run.tracker.hint(run.now);
    assert_eq!(run.pause(), Some(Duration::ZERO));
}

#[test]
fn a_hint_does_not_hurry_doubt() {
    let mut run = Run::settled();
    run.probe(F);
    let pause = run.pause();
    run.tracker.hint(run.now);
    assert_eq!(run.pause(), pause);
}

#[test]
fn what_counts_as_down_before_its_first_probe_is_up_with_the_first_success() {
    for (initial, state) in [(Initial::Last, Up), (Initial::Up, Up), (Initial::Down, Down)] {
        let settings = TrackerSettings { initial, ..SETTINGS };
        let mut run = Run { tracker: Tracker::new(settings, None, Duration::ZERO), now: ms(0) };
        let verdict = Verdict { state, hold: Some(Duration::ZERO) };
        assert_eq!((run.tracker.verdict(), run.tracker.state()), (verdict, None));
        let probe = run.begin_when_due();
        run.tracker.end_in_vain(probe, run.now);
        assert_eq!(run.tracker.verdict().state, state, "nothing was learnt");
        assert_eq!(run.probe(S), Some(Up));
        let remembered = Tracker::new(settings, Some(Up), Duration::ZERO);
        assert_eq!(remembered.verdict().state, Up, "{initial:?}");
    }
}

const DAMPING: Damping = Damping {
    falls: 2,
    within: Duration::from_secs(60),
    hold: Duration::from_secs(20),
    longest: Duration::from_secs(60),
};

/// Down for the second time within a minute, and held there.
fn held() -> Run {
    let settings = TrackerSettings { damping: Some(DAMPING), ..SETTINGS };
    let mut run = Run { tracker: Tracker::new(settings, None, Duration::ZERO), now: ms(0) };
    for outcome in [S, F, F, F, S, S, F, F, F] {
        run.probe(outcome);
    }
    assert_eq!(run.tracker.verdict(), Verdict { state: Down, hold: None });
    run
}

/// It is asked at its usual pace, and comes up with the first probe after the hold.
#[test]
fn what_flaps_stays_down_until_the_hold_is_over() {
    let mut run = held();
    let until = run.now + DAMPING.hold;
    assert_eq!(run.tracker.held_until(), Some(until));
    while run.now + SETTINGS.interval < until {
        let before = run.now;
        assert_eq!(run.probe(S), None);
        assert!(run.now - before >= SETTINGS.interval, "no hurry");
        let hold = run.tracker.verdict().hold.expect("it is well, and kept from coming up");
        assert!(run.now + hold <= until && run.now + hold + SETTINGS.interval >= until);
    }
    assert_eq!(run.probe(S), Some(Up));
    assert_eq!(run.now, until);
    assert_eq!(run.tracker.held_until(), None);
}

#[test]
fn a_hold_that_is_lifted_lets_it_come_up() {
    let mut run = held();
    run.probe(S);
    run.now += ms(1);
    run.tracker.lift_hold(run.now);
    assert_eq!(run.tracker.held_until(), None);
    assert_eq!(run.pause(), Some(ms(329)), "as whatever is in doubt");
    assert_eq!(run.probe(S), Some(Up));
    // Nor are the falls counted that led to it.
    for outcome in [F, F, F] {
        run.probe(outcome);
    }
    assert_eq!(run.tracker.held_until(), None);
}

/// A command that is missing, or no file descriptor left: there is nothing to be in a hurry for.
#[test]
fn what_cannot_be_asked_after_the_hold_is_asked_no_more_often() {
    let mut run = held();
    for _ in 0..20 {
        let probe = run.begin_when_due();
        run.now += ms(1);
        run.tracker.end_in_vain(probe, run.now);
    }
    assert_eq!(run.tracker.held_until(), None);
    assert_eq!(run.pause(), Some(SETTINGS.interval - ms(1)));
}

#[test]
fn what_still_fails_after_the_hold_is_down_as_ever() {
    let mut run = held();
    while run.tracker.held_until().is_some() {
        run.probe(F);
    }
    assert_eq!(run.tracker.verdict(), Verdict { state: Down, hold: None });
    assert_eq!(run.pause(), Some(SETTINGS.interval));
    assert_eq!([run.probe(S), run.probe(S)], [None, Some(Up)]);
}

/// Failures that are this machine's own make nothing fall, for as long as it takes.
#[test]
fn nothing_falls_while_this_machine_is_cut_off() {
    let mut run = Run::settled();
    let silence = |run: &mut Run, blame| {
        let probe = run.begin_when_due();
        run.tracker.end(probe, F, run.now, Duration::ZERO, blame)
    };
    assert_eq!([Blame::Endpoint; 2].map(|blame| silence(&mut run, blame)), [None, None]);
    assert!(run.tracker.would_fall());
    for _ in 0..10 {
        assert_eq!(silence(&mut run, Blame::Ourselves), None);
        let verdict = run.tracker.verdict();
        assert!(verdict.state == Up && verdict.hold.is_some(), "{verdict:?}");
        assert_eq!(run.pause(), Some(SETTINGS.interval), "nothing is gained by asking often");
    }
    let verdict = run.tracker.verdict();
    run.tracker.reconnect(run.now);
    assert_eq!(run.pause(), Some(Duration::ZERO), "the network is back");
    assert_eq!(run.tracker.verdict(), verdict, "as it was last said");
    let silences = [Blame::Endpoint; 3].map(|blame| silence(&mut run, blame));
    assert_eq!(silences, [None, None, Some(Down)], "what was before does not count");
}

/// Whatever may change with the next outcome has not settled, and is not answered as if it had.
#[test]
fn what_is_held_is_in_doubt_even_where_one_outcome_is_enough() {
    let settings = TrackerSettings { fall: 1, rise: 1, ..SETTINGS };
    for (last, blame) in [
        (Some(Up), Blame::Ourselves),
        (Some(Up), Blame::Unknown),
        (None, Blame::Ourselves),
        (None, Blame::Unknown),
    ] {
        let mut run =
            Run { tracker: Tracker::new(settings, last, Duration::ZERO), now: Duration::ZERO };
        let probe = run.begin_when_due();
        assert_eq!(run.tracker.end(probe, F, run.now, Duration::ZERO, blame), None);
        let verdict = run.tracker.verdict();
        assert!(verdict.state == Up && verdict.hold.is_some(), "{last:?} {blame:?}: {verdict:?}");
        let is_soon = run.pause().unwrap() <= SETTINGS.retry.mul_f64(1.1);
        assert_eq!(is_soon, blame == Blame::Unknown, "{last:?} {blame:?}: {:?}", run.pause());
        let probe = run.begin_when_due();
        assert_eq!(run.tracker.end(probe, F, run.now, Duration::ZERO, Blame::Endpoint), Some(Down));
    }
    let damping =
        Damping { falls: 1, within: SETTINGS.interval, hold: ms(60_000), longest: ms(60_000) };
    let settings = TrackerSettings { damping: Some(damping), ..settings };
    let mut run =
        Run { tracker: Tracker::new(settings, Some(Up), Duration::ZERO), now: Duration::ZERO };
    assert_eq!([run.probe(F), run.probe(S)], [Some(Down), None]);
    assert!(run.tracker.verdict().hold.is_some(), "{:?}", run.tracker.verdict());
}

/// Those that are asked seldom, and whose next outcome comes before the network is known to be back.
#[test]
fn what_is_promised_while_cut_off_holds_for_the_very_next_outcome_too() {
    let settings = TrackerSettings { fall: 2, interval: ms(10), retry: ms(10), ..SETTINGS };
    let mut run =
        Run { tracker: Tracker::new(settings, Some(Up), Duration::ZERO), now: Duration::ZERO };
    assert_eq!(run.probe(S), None);
    // The soonest that it may be asked again.
    let begin = |run: &mut Run| {
        run.now = run.tracker.due().expect("one is due");
        run.tracker.begin(run.now, 0.0)
    };
    let probe = begin(&mut run);
    assert_eq!(run.tracker.end(probe, F, run.now, Duration::ZERO, Blame::Ourselves), None);
    let until = run.now + run.tracker.verdict().hold.expect("it is in doubt");
    let probe = begin(&mut run);
    assert_eq!(run.tracker.end(probe, F, run.now, Duration::ZERO, Blame::Endpoint), Some(Down));
    assert!(until <= run.now, "{until:?} {:?}", run.now);
}
