//! The only door to time and chance.
#![expect(clippy::disallowed_methods, reason = "this is the door")]

use std::time::{Duration, Instant, SystemTime};

/// A point on the monotonic clock.
pub fn monotonic_now() -> Instant {
    Instant::now()
}

/// A point on the runtime's clock: the monotonic one, save in tests that wind it forward.
pub fn runtime_now() -> tokio::time::Instant {
    tokio::time::Instant::now()
}

/// The wall clock.
pub fn wall_now() -> SystemTime {
    SystemTime::now()
}

/// The wall clock as the time since the beginning of 1970.
pub fn unix_time() -> Duration {
    // Before 1970 no clock is right, and cookies need not be either.
    wall_now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

/// The monotonic clock of the system in microseconds, as service managers tell it.
pub fn monotonic_us() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    // It is never negative.
    now.tv_sec as u64 * 1_000_000 + now.tv_nsec as u64 / 1000
}

/// The wall clock in Unix seconds: in 32 bits, which begin anew in 2106.
pub fn unix_seconds() -> u32 {
    unix_time().as_secs() as u32
}

/// Bytes from the system's random source.
pub fn random_bytes<const N: usize>() -> std::io::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(std::io::Error::other)?;
    Ok(bytes)
}

/// A fast generator of draws for one thread (SplitMix64), seeded by the system.
pub struct Draws(u64);

impl Draws {
    /// Seeded from the system's random source.
    pub fn new() -> std::io::Result<Self> {
        Ok(Self(u64::from_le_bytes(random_bytes()?)))
    }

    /// The next number, uniform over all of `u64`.
    pub fn next_number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
