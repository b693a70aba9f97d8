//! What holds whatever an endpoint does: outcomes, times and hints in any order.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// What the next probe comes to.
#[derive(Clone, Copy, Debug)]
struct Fate {
    took: Duration,
    outcome: Option<Outcome>,
    chance: f64,
    blame: Blame,
}

/// What happened.
#[derive(Debug)]
enum Event {
    Began,
    /// With the moment at which it began, whether it counts, and the new state, if it changed.
    Ended {
        began: Duration,
        outcome: Option<Outcome>,
        counts: bool,
        changed: Option<State>,
        blame: Blame,
    },
    /// Nothing but a look.
    Looked {
        moved: bool,
    },
}

/// What was so after it.
#[derive(Debug)]
struct Moment {
    at: Duration,
    event: Event,
    verdict: Verdict,
    /// Probes under way whose outcome counts.
    counting: usize,
}

impl Moment {
    /// Whether the verdict, and how long it holds, is of this moment.
    fn is_promise(&self) -> bool {
        matches!(self.event, Event::Ended { counts: true, .. } | Event::Looked { moved: true })
    }
}

/// A tracker from its first probe until all fates have come.
fn play(
    settings: TrackerSettings,
    last: Option<State>,
    fates: &[Fate],
    mut hints: Vec<Duration>,
) -> Vec<Moment> {
    let mut tracker = Tracker::new(settings, last, Duration::ZERO);
    let mut fates = fates.iter();
    let mut under_way: Vec<(Duration, ProbeNumber, Duration, Fate)> = Vec::new();
    let mut story = Vec::new();
    let mut now = Duration::ZERO;
    // Whether this machine is cut off, and when it was last no longer so.
    let (mut is_cut_off, mut regained) = (false, Duration::ZERO);
    hints.sort();
    hints.reverse();
    loop {
        under_way.sort_by_key(|(ends, ..)| std::cmp::Reverse(*ends));
        let end = under_way.last().map(|(ends, ..)| *ends);
        let wake = tracker.wake();
        assert!(end.is_some() || wake.is_some(), "it waits for ever: {tracker:?}");
        let hint = hints.last().copied();
        let next = end.into_iter().chain(wake).chain(hint).min().unwrap().max(now);
        now = next;
        let event = if hint.is_some_and(|hint| hint <= now) {
            hints.pop();
            tracker.hint(now);
            continue;
        } else if end.is_some_and(|end| end <= now) {
            let (_, number, began, fate) = under_way.pop().unwrap();
            let counting = tracker.course.under_way();
            if is_cut_off && fate.blame != Blame::Ourselves {
                tracker.reconnect(now);
                (is_cut_off, regained) = (false, now);
            }
            let changed = match fate.outcome {
                Some(outcome) if began >= regained => {
                    is_cut_off |= outcome == F && fate.blame == Blame::Ourselves;
                    tracker.end(number, outcome, now, fate.took, fate.blame)
                }
                _ => {
                    tracker.end_in_vain(number, now);
                    None
                }
            };
            let counts = tracker.course.under_way() < counting;
            Event::Ended { began, outcome: fate.outcome, counts, changed, blame: fate.blame }
        } else if tracker.due().is_some_and(|due| due <= now) {
            let Some(fate) = fates.next() else { return story };
            let number = tracker.begin(now, fate.chance);
            under_way.push((now + fate.took, number, now, *fate));
            Event::Began
        } else {
            Event::Looked { moved: tracker.look(now) }
        };
        let verdict = tracker.verdict();
        let counting = tracker.course.under_way();
        story.push(Moment { at: now, event, verdict, counting });
    }
}

fn any_settings() -> impl Strategy<Value = TrackerSettings> {
    (1..5_u32, 1..5_u32, 10..10_000_u64, 10..10_000_u64).prop_map(
        |(fall, rise, interval, retry)| TrackerSettings {
            fall,
            rise,
            interval: ms(interval),
            retry: ms(retry),
            ..SETTINGS
        },
    )
}

fn any_damping() -> impl Strategy<Value = Damping> {
    (1..4_u32, 1..60_000_u64, 1..30_000_u64, 1..4_u32).prop_map(|(falls, within, hold, longest)| {
        Damping { falls, within: ms(within), hold: ms(hold), longest: ms(hold) * longest }
    })
}

/// With damping or without.
fn any_damped_settings() -> impl Strategy<Value = TrackerSettings> {
    (any_settings(), proptest::option::of(any_damping()))
        .prop_map(|(settings, damping)| TrackerSettings { damping, ..settings })
}

/// Quick, slow, or as long as the timeout; and as an endpoint that fails is wont to, in runs.
fn any_fates() -> impl Strategy<Value = Vec<Fate>> {
    let outcome = prop_oneof![5 => Just(Some(S)), 5 => Just(Some(F)), 1 => Just(None)];
    let took = prop_oneof![0..20_u64, 0..2000_u64, Just(2000_u64)];
    let run = (outcome, took, 1..6_usize, 0.0..1.0).prop_map(|(outcome, took, times, chance)| {
        vec![Fate { took: ms(took), outcome, chance, blame: Blame::Endpoint }; times]
    });
    vec(run, 1..40).prop_map(|runs| runs.concat())
}

/// The same, and whose fault the failures are, in runs too.
fn any_blamed_fates() -> impl Strategy<Value = Vec<Fate>> {
    let blame = prop_oneof![
        4 => Just(Blame::Endpoint),
        1 => Just(Blame::Unknown),
        1 => Just(Blame::Ourselves)
    ];
    let run = (any_fates(), blame).prop_map(|(mut fates, blame)| {
        fates.truncate(8);
        fates.iter_mut().for_each(|fate| fate.blame = blame);
        fates
    });
    vec(run, 1..12).prop_map(|runs| runs.concat())
}

fn any_hints() -> impl Strategy<Value = Vec<Duration>> {
    vec((0..300_000_u64).prop_map(ms), 0..60)
}

fn changes(story: &[Moment]) -> impl Iterator<Item = (usize, State)> + '_ {
    story.iter().enumerate().filter_map(|(index, moment)| match moment.event {
        Event::Ended { changed: Some(state), .. } => Some((index, state)),
        _ => None,
    })
}

proptest! {
    /// Resolvers live by it: it is the TTL that answers have.
    #[test]
    fn a_verdict_never_changes_sooner_than_it_has_promised(
        settings in any_damped_settings(), last in any_state(), fates in any_blamed_fates(),
        hints in any_hints(),
    ) {
        let story = play(settings, last, &fates, hints);
        // The first outcome may say what was believed anyway.
        let is_other = |index: &usize| story[*index].verdict.state != story[*index - 1].verdict.state;
        for index in changes(&story).map(|(index, _)| index).filter(is_other) {
            // What was settled has promised nothing.
            let doubt = story[..index].iter().rev().take_while(|m| m.verdict.hold.is_some());
            for before in doubt.filter(|moment| moment.is_promise()) {
                let until = before.at + before.verdict.hold.unwrap();
                prop_assert!(until <= story[index].at, "{:?} … {:?}", before, story[index]);
            }
        }
    }

    #[test]
    fn nothing_goes_down_by_what_may_be_this_machines_fault(
        settings in any_damped_settings(), last in any_state(), fates in any_blamed_fates(),
        hints in any_hints(),
    ) {
        let story = play(settings, last, &fates, hints);
        for moment in &story {
            if let Event::Ended { changed: Some(Down), blame, .. } = moment.event {
                prop_assert_eq!(blame, Blame::Endpoint, "{:?}", moment);
            }
        }
    }

    /// It takes as many outcomes in a row as the settings say; those of probes that began before
    /// one that has succeeded do not count.
    #[test]
    fn no_change_takes_less_than_the_settings_say(
        settings in any_settings(), last in any_state(), fates in any_fates(),
    ) {
        let story = play(settings, last, &fates, Vec::new());
        let (mut state, mut in_a_row, mut newest_success) = (last, 0, None);
        for moment in &story {
            let Event::Ended { began, outcome: Some(outcome), counts, changed, .. } = moment.event else {
                continue;
            };
            prop_assert_eq!(counts, newest_success <= Some(began), "{:?}", moment);
            if !counts {
                prop_assert_eq!(changed, None);
                continue;
            }
            if outcome == S {
                newest_success = Some(began);
            }
            let seen = if outcome == S { Up } else { Down };
            in_a_row = if state == Some(seen) { 0 } else { in_a_row + 1 };
            let needed = match state {
                None => 1,
                Some(Up) => settings.fall,
                Some(Down) => settings.rise,
            };
            if in_a_row == needed {
                (state, in_a_row) = (Some(seen), 0);
                prop_assert_eq!(changed, state, "{:?}", moment);
            } else {
                prop_assert_eq!(changed, None, "{:?}", moment);
            }
        }
    }

    /// By falls counted anew: those that come no later than `within` after a rise.
    #[test]
    fn what_flaps_is_down_for_as_long_as_the_settings_say(
        settings in any_settings(), damping in any_damping(), last in any_state(),
        fates in any_fates(), hints in any_hints(),
    ) {
        let settings = TrackerSettings { damping: Some(damping), ..settings };
        let story = play(settings, last, &fates, hints);
        let (mut rose, mut falls, mut held_until) = (None, 0_u32, Duration::ZERO);
        for (index, state) in changes(&story) {
            let at = story[index].at;
            if state == Up {
                prop_assert!(at >= held_until, "up at {:?}, held until {:?}", at, held_until);
                rose = Some(at);
            } else {
                let soon = rose.is_some_and(|rose| at - rose <= damping.within);
                falls = if soon { falls + 1 } else { 1 };
                let doublings = falls.saturating_sub(damping.falls);
                let hold = (0..doublings).fold(damping.hold, |hold, _| (hold * 2).min(damping.longest));
                held_until = if falls >= damping.falls { at + hold } else { at };
            }
        }
    }

    /// But for the one at the end of a hold, of which there is one.
    #[test]
    fn probes_keep_apart_and_are_never_more_than_could_matter(
        settings in any_settings(), last in any_state(), fates in any_fates(),
    ) {
        let story = play(settings, last, &fates, Vec::new());
        let begins: Vec<_> = story.iter().filter(|m| matches!(m.event, Event::Began)).collect();
        let least = settings.doubt_pause().mul_f64(0.9);
        // The second one is anywhere within an interval.
        for pair in begins.windows(2).skip(1) {
            prop_assert!(pair[1].at - pair[0].at >= least, "{:?}", pair);
        }
        let most = settings.fall.max(settings.rise) as usize;
        prop_assert!(story.iter().all(|moment| moment.counting <= most));
    }

    /// However often connections end, an endpoint is not asked much more than its interval says.
    #[test]
    fn hints_are_few(hints in vec((0..300_000_u64).prop_map(ms), 0..1000)) {
        let fate = Fate { took: ms(10), outcome: Some(S), chance: 0.5, blame: Blame::Endpoint };
        let story = play(SETTINGS, None, &[fate; 200], hints);
        let begins: Vec<_> =
            story.iter().filter(|m| matches!(m.event, Event::Began)).map(|m| m.at).collect();
        for window in begins.windows(7) {
            prop_assert!(window[6] - window[0] >= 2 * SETTINGS.interval, "{:?}", window);
        }
    }
}

fn any_state() -> impl Strategy<Value = Option<State>> {
    prop_oneof![Just(None), Just(Some(Up)), Just(Some(Down))]
}
