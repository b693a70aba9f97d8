//! Wall-clock times as text: RFC 3339 in UTC, as the journals, the API and the command line
//! write them.

use std::time::SystemTime;

use jiff::Timestamp;

/// Writes a time to the nanosecond. Times that RFC 3339 cannot write (years beyond 9999) become
/// the last that it can.
pub fn to_rfc3339(time: SystemTime) -> String {
    Timestamp::try_from(time).unwrap_or(Timestamp::MAX).to_string()
}

/// Writes a time to the second.
pub fn to_rfc3339_seconds(time: SystemTime) -> String {
    format!("{:.0}", Timestamp::try_from(time).unwrap_or(Timestamp::MAX))
}

/// Whether RFC 3339 can write a time.
pub fn is_writable(time: SystemTime) -> bool {
    Timestamp::try_from(time).is_ok()
}

/// Reads an RFC 3339 time.
///
/// # Errors
///
/// Says what is wrong with it.
pub fn from_rfc3339(text: &str) -> Result<SystemTime, String> {
    let time: Timestamp = text.parse().map_err(|error: jiff::Error| error.to_string())?;
    Ok(SystemTime::from(time))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn times_go_round_to_the_nanosecond() {
        let time = SystemTime::UNIX_EPOCH + Duration::new(1_700_000_000, 123_456_789);
        assert_eq!(to_rfc3339(time), "2023-11-14T22:13:20.123456789Z");
        assert_eq!(from_rfc3339(&to_rfc3339(time)), Ok(time));
        assert_eq!(to_rfc3339_seconds(time), "2023-11-14T22:13:20Z");
        assert!(from_rfc3339("yesterday").is_err());
    }

    #[test]
    fn times_beyond_all_calendars_do_not_panic() {
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 50);
        assert!(!is_writable(time));
        assert!(to_rfc3339(time).starts_with("9999-12-"));
    }
}
