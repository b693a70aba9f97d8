//! Watching a drill: asking round after round until its clients have moved, and until they are back.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::Begun;
use crate::app::running::Running;
use crate::clock;
use crate::drill::{DrillState, Figures, Report};
use crate::health::{OverrideState, Target};
use crate::timestamp;

/// From one round of questions to the next while clients are on their way, and while they are not.
const ON_THE_WAY: Duration = Duration::from_millis(50);
const SETTLED: Duration = Duration::from_secs(1);
/// So long they may take to come back, which a failback may forbid.
const RETURNING: Duration = Duration::from_secs(60);

/// How it came that the override of a drill does not stand any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Over {
    /// By its time.
    Expired,
    /// A person ended the drill.
    Ended,
    /// A person took the override away by hand.
    Cleared,
    /// A person put another one in its place.
    Replaced,
}

/// A report, and the writing of its last state.
struct Noted {
    report: Report,
    keeping: Option<JoinHandle<()>>,
}

impl Running {
    /// Watches one drill after another, until the daemon ends.
    pub(in crate::app) async fn watch_drills(self: Arc<Self>, mut stopped: watch::Receiver<bool>) {
        loop {
            tokio::select! {
                () = self.drills.has_begun.notified() => {}
                _ = stopped.wait_for(|stopped| *stopped) => return,
            }
            let begun = self.drills.next.lock().unwrap_or_else(PoisonError::into_inner).take();
            let (Some(begun), Some(report)) = (begun, self.drills.all().into_iter().next()) else {
                continue;
            };
            let mut noted = Noted { report, keeping: None };
            let is_watched = tokio::select! {
                () = self.watch_drill(begun, &mut noted) => true,
                _ = stopped.wait_for(|stopped| *stopped) => false,
            };
            if !is_watched {
                // The next run finds it interrupted, with all that was measured.
                self.keep_noted(&mut noted).await;
                noted.is_kept().await;
                return;
            }
        }
    }

    async fn watch_drill(self: &Arc<Self>, mut begun: Begun, noted: &mut Noted) {
        let over = loop {
            if let Some(over) = self.over(&begun, &noted.report.id) {
                break over;
            }
            let (target, what) = (begun.target.clone(), begun.what.clone());
            let is_away = || self.beliefs.overrides().get(&target) == Some(&what);
            begun.ask_all(begun.zero, is_away).await;
            let state = match begun.have_arrived() {
                true => DrillState::Away,
                false => DrillState::Moving,
            };
            self.note_drill(noted, &begun, state).await;
            let pause = if state == DrillState::Away { SETTLED } else { ON_THE_WAY };
            tokio::select! {
                () = sleep(pause) => {}
                () = until_over(&begun) => {}
                () = self.drills.look.notified() => {}
            }
        };
        noted.report.ends = timestamp::to_rfc3339(clock::wall_now());
        begun.courses.iter_mut().for_each(|one| one.course.is_back());
        if over != Over::Replaced {
            self.watch_return(&mut begun, noted).await;
        }
        let is_still_taken_out = !begun.have_arrived() && self.is_taken_out(&begun.target);
        let state = match over {
            _ if is_still_taken_out => DrillState::Interrupted,
            Over::Expired => DrillState::Done,
            Over::Ended => DrillState::Ended,
            Over::Cleared | Over::Replaced => DrillState::Interrupted,
        };
        self.note_drill(noted, &begun, state).await;
        noted.is_kept().await;
    }

    async fn watch_return(self: &Arc<Self>, begun: &mut Begun, noted: &mut Noted) {
        let back = clock::runtime_now();
        while !begun.have_arrived() && back.elapsed() < RETURNING {
            begun.ask_all(back, || true).await;
            self.note_drill(noted, begun, DrillState::Returning).await;
            sleep(ON_THE_WAY).await;
        }
    }

    /// Whether what it took away is not away by it any more, and why.
    fn over(&self, begun: &Begun, id: &str) -> Option<Over> {
        let stands = self.beliefs.overrides().get(&begun.target).cloned();
        let ended = self.drills.ended.lock().unwrap_or_else(PoisonError::into_inner);
        let is_ended = ended.as_deref() == Some(id);
        match stands {
            Some(what) if what == begun.what => None,
            _ if is_ended => Some(Over::Ended),
            Some(_) => Some(Over::Replaced),
            None if begun.what.until.is_some_and(|until| until <= clock::wall_now()) => {
                Some(Over::Expired)
            }
            None => Some(Over::Cleared),
        }
    }

    /// Whether a person's word keeps any of it out of answers.
    fn is_taken_out(&self, target: &Target) -> bool {
        let view = self.live.load_full();
        let inventory = &view.world.inventory;
        let own = target.endpoints_in(inventory);
        let overrides = self.beliefs.overrides();
        let mut out = overrides.iter().filter(|(_, what)| what.state != OverrideState::Up);
        out.any(|(other, _)| other.endpoints_in(inventory).iter().any(|id| own.contains(id)))
    }

    /// Takes in how it stands; each change of state is told and written down.
    async fn note_drill(self: &Arc<Self>, noted: &mut Noted, begun: &Begun, state: DrillState) {
        let report = &mut noted.report;
        let is_news = report.state != state;
        report.state = state;
        report.clients = begun.courses.iter().map(|one| one.course.client().clone()).collect();
        report.figures = Figures::of(&report.clients, begun.unanswered);
        self.drills.update(report.clone());
        if is_news {
            self.tell_drill(report);
            self.keep_noted(noted).await;
        }
    }

    /// Has it written down beside the questions, which do not wait for the disk.
    async fn keep_noted(self: &Arc<Self>, noted: &mut Noted) {
        // One after the other, or the older one might be the last.
        noted.is_kept().await;
        let (running, report) = (Arc::clone(self), noted.report.clone());
        noted.keeping = Some(tokio::task::spawn_blocking(move || running.keep_drill(&report)));
    }
}

impl Noted {
    /// Waits until what was to be written down is.
    async fn is_kept(&mut self) {
        if let Some(keeping) = self.keeping.take() {
            // A panic there has been reported when it happened.
            let _ = keeping.await;
        }
    }
}

/// Until its override is over, as far as that can be foreseen.
async fn until_over(begun: &Begun) {
    let left = begun.what.until.and_then(|until| until.duration_since(clock::wall_now()).ok());
    match left {
        Some(left) => sleep(left).await,
        // It is over, but for the look that takes it away.
        None => sleep(ON_THE_WAY).await,
    }
}

impl Begun {
    fn have_arrived(&self) -> bool {
        self.courses.iter().all(|one| one.course.has_arrived())
    }

    /// A round of questions, as far as it goes while that is so which it is about: what is answered after the
    /// override's end says nothing of the time before.
    async fn ask_all(&mut self, since: Instant, is_so: impl Fn() -> bool) {
        for one in &mut self.courses {
            let answer = self.asker.ask(&one.question).await;
            if !is_so() {
                return;
            }
            match answer {
                Some(answer) => {
                    let has_it = answer.data.iter().any(|data| one.old.contains(data));
                    one.course.heard(&answer, has_it, since.elapsed().as_secs_f64());
                }
                None => self.unanswered += 1,
            }
        }
    }
}
