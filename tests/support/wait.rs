//! Waiting for conditions, never for a time.

use std::thread;
use std::time::{Duration, Instant};

/// What takes longer has failed, however busy the machine is.
pub const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(20);

/// Looks until there is something to see; `look` says what is seen instead.
#[track_caller]
pub fn until<T>(what: &str, mut look: impl FnMut() -> Result<T, String>) -> T {
    let since = begin();
    loop {
        match look() {
            Ok(found) => return found,
            Err(seen) if since.elapsed() > PATIENCE => {
                panic!("waited {PATIENCE:?} for {what}; last seen: {seen}")
            }
            Err(_) => thread::sleep(PAUSE),
        }
    }
}

/// Waits until `look` sees what is expected.
#[track_caller]
pub fn until_eq<T: PartialEq + std::fmt::Debug>(expected: T, mut look: impl FnMut() -> T) {
    until(&format!("{expected:?}"), || {
        let seen = look();
        if seen == expected { Ok(()) } else { Err(format!("{seen:?}")) }
    });
}

/// The beginning of a wait.
#[expect(clippy::disallowed_methods, reason = "tests of the real daemon wait in real time")]
pub fn begin() -> Instant {
    Instant::now()
}
