//! What a probe has done so far: shown by `steersman probe`, and the way to know whether a probe that
//! timed out had been heard of by then.
//!
//! Noted by whatever takes a step, wherever it is called from; who asks need not hand it down.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::failure::Failure;
use super::kit::Ask;
use crate::clock;

tokio::task_local! {
    static STEPS: Arc<Steps>;
}

/// A step, and how long after the beginning of the probe it was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// How long after.
    pub after: Duration,
    /// In words.
    pub what: String,
}

struct Steps {
    began: Instant,
    taken: Mutex<Taken>,
}

struct Taken {
    /// When the other side was last heard of.
    heard: Option<Instant>,
    /// What it has said so far, where its words are what is waited for.
    said: Option<String>,
    /// None where nobody wants to see them.
    steps: Option<Vec<Step>>,
}

/// The other side was heard of: something came from there.
pub(super) fn heard(what: impl FnOnce() -> String) {
    take(what, true);
}

/// This side has done something.
pub(super) fn did(what: impl FnOnce() -> String) {
    take(what, false);
}

/// All that the other side has said, of which more is waited for.
pub(super) fn said(words: impl FnOnce() -> String) {
    note(|taken, _| taken.said = Some(words()));
}

fn take(what: impl FnOnce() -> String, is_heard_of: bool) {
    note(|taken, began| {
        let now = clock::runtime_now();
        let after = now.duration_since(began);
        if is_heard_of {
            taken.heard = Some(now);
        }
        if let Some(all) = &mut taken.steps {
            all.push(Step { after, what: what() });
        }
    });
}

fn note(note: impl FnOnce(&mut Taken, Instant)) {
    // An error says that this is no probe of the schedule, but of a test.
    let _ = STEPS.try_with(|steps| {
        let mut taken = steps.taken.lock().unwrap_or_else(PoisonError::into_inner);
        note(&mut taken, steps.began);
    });
}

/// What came of asking once.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) result: Result<(), Failure>,
    /// When the other side was last heard of, if that was noted.
    pub(super) heard: Option<Instant>,
}

/// Asks once, within the limit of time.
pub(super) async fn once(ask: &Ask, limit: Duration) -> Asked {
    ask_noting(ask, limit, None).await.0
}

/// Asks once, and tells each step.
pub async fn step_by_step(ask: &Ask, limit: Duration) -> (Result<(), Failure>, Vec<Step>) {
    let (asked, steps) = ask_noting(ask, limit, Some(Vec::new())).await;
    (asked.result, steps)
}

async fn ask_noting(ask: &Ask, limit: Duration, noted: Option<Vec<Step>>) -> (Asked, Vec<Step>) {
    let taken = Mutex::new(Taken { heard: None, said: None, steps: noted });
    let began = clock::runtime_now();
    let steps = Arc::new(Steps { began, taken });
    let answer = STEPS.scope(Arc::clone(&steps), timeout(limit, ask())).await;
    let took = began.elapsed();
    let mut taken = steps.taken.lock().unwrap_or_else(PoisonError::into_inner);
    let said = taken.said.take();
    let result = answer.unwrap_or(Err(match taken.heard {
        // An answer may have come, and nobody was there to read it.
        _ if took > limit + STALL => Failure::Exhausted(format!("it stood still for {took:?}")),
        Some(_) => said.map_or(Failure::TimedOut(limit), |said| Failure::Unfinished(limit, said)),
        None => Failure::Unanswered(limit),
    }));
    let heard = taken.heard;
    (Asked { result, heard }, taken.steps.take().unwrap_or_default())
}

/// Whoever notices the end of a timeout so much later did not run meanwhile.
const STALL: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(2);

    #[tokio::test(start_paused = true)]
    async fn steps_are_told_in_order_with_their_time() {
        let ask: Ask = Box::new(|| {
            Box::pin(async {
                did(|| "sent".into());
                tokio::time::sleep(Duration::from_millis(30)).await;
                heard(|| "answered".into());
                Ok(())
            })
        });
        let step = |milliseconds, what: &str| Step {
            after: Duration::from_millis(milliseconds),
            what: what.into(),
        };
        let steps = vec![step(0, "sent"), step(30, "answered")];
        assert_eq!(step_by_step(&ask, LIMIT).await, (Ok(()), steps));
        assert_eq!(once(&ask, LIMIT).await.result, Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_was_heard_of_is_not_silent() {
        for is_heard_of in [false, true] {
            let ask: Ask = Box::new(move || {
                Box::pin(async move {
                    did(|| "sent".into());
                    if is_heard_of {
                        heard(|| "connected".into());
                    }
                    std::future::pending().await
                })
            });
            let failure = once(&ask, LIMIT).await.result.unwrap_err();
            assert_eq!(failure.is_silence(), !is_heard_of);
            assert_eq!(failure.reason(), "timeout");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_said_something_else_is_quoted() {
        let ask: Ask = Box::new(|| {
            Box::pin(async {
                for words in ["-LOADING", "-LOADING still"] {
                    heard(|| "received".into());
                    said(|| words.into());
                }
                std::future::pending().await
            })
        });
        let failure = once(&ask, LIMIT).await.result.unwrap_err();
        assert_eq!(failure, Failure::Unfinished(LIMIT, "-LOADING still".into()));
    }
}
