//! What becomes of a message by how it was answered, and when it is tried again.
//!
//! | answer | fate |
//! |---|---|
//! | 200 to 299 | delivered |
//! | 408, 425, 429, 500 to 599, or none | tried again |
//! | any other | refused: the same would be said to the same message again |

use std::time::Duration;

/// So long a message is tried.
pub const LONGEST_RETRYING: Duration = Duration::from_secs(24 * 3600);
/// From the first attempt to the second, at most.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// From one attempt to the next, at most.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
/// Whoever asks for more patience gets this.
const LONGEST_WISH: Duration = Duration::from_secs(3600);

/// What becomes of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It has arrived.
    Delivered,
    /// It is tried again.
    Again,
    /// It is not wanted.
    Refused,
}

/// What becomes of a message that is answered with this status.
pub fn fate(status: u16) -> Fate {
    match status {
        200..=299 => Fate::Delivered,
        408 | 425 | 429 | 500..=599 => Fate::Again,
        _ => Fate::Refused,
    }
}

/// How long to wait after so many attempts that failed (from 1 on): twice as long each time, between half of it
/// and all of it by chance, so that many do not come back together; but as long as the other end asks for,
/// within bounds.
pub fn pause(failed: u32, draw: u64, wish: Option<Duration>) -> Duration {
    let doublings = failed.saturating_sub(1).min(20);
    let longest = FIRST_PAUSE.saturating_mul(1 << doublings).min(LONGEST_PAUSE);
    // 53 bits are what a float can hold.
    let chance = (draw >> 11) as f64 / (1_u64 << 53) as f64;
    let pause = longest.mul_f64(0.5 + chance / 2.0);
    wish.map_or(pause, |wish| wish.min(LONGEST_WISH).max(pause))
}

/// The seconds of a `Retry-After`; a date is passed over.
pub fn retry_after(value: &str) -> Option<Duration> {
    value.trim().parse().ok().map(Duration::from_secs)
}
