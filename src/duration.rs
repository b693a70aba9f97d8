//! Lengths of time as people write them: `300ms`, `30s`, `90m`, `2h`, `1d`, `1h30m`.

use std::fmt::Write as _;
use std::time::Duration;

const EXPECTED: &str =
    "expected a whole number and a unit (ms, s, m, h, d), such as \"30s\", \"90m\" or \"1h30m\"";

/// The units, each with its length in milliseconds, longest first.
const UNITS: [(&str, u64); 5] =
    [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// Reads one or more numbers, each with its unit, and adds them up.
///
/// # Errors
///
/// Says what was expected where `text` is something else, or is too long for any clock.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let mut rest = text;
    let mut total_ms: u64 = 0;
    let mut last_unit_ms = u64::MAX;
    loop {
        let (number, after) = split_where(rest, |c| !c.is_ascii_digit());
        let (unit, after) = split_where(after, |c| c.is_ascii_digit());
        let unit_ms = UNITS.iter().find(|(name, _)| *name == unit).ok_or(EXPECTED)?.1;
        if number.is_empty() {
            return Err(EXPECTED.into());
        }
        if unit_ms >= last_unit_ms {
            return Err("expected long units first, and each at most once".into());
        }
        last_unit_ms = unit_ms;
        // Only digits: what fails is too large.
        let part_ms = number.parse::<u64>().ok().and_then(|n| n.checked_mul(unit_ms));
        total_ms = part_ms
            .and_then(|part| total_ms.checked_add(part))
            .ok_or("expected a shorter time: this one is beyond all clocks")?;
        if after.is_empty() {
            return Ok(Duration::from_millis(total_ms));
        }
        rest = after;
    }
}

/// Writes a length of time with the fewest units; less than a millisecond is left out.
pub fn format_duration(duration: Duration) -> String {
    let mut rest = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    if rest == 0 {
        return "0s".into();
    }
    let mut text = String::new();
    for (name, unit_ms) in UNITS {
        if rest >= unit_ms {
            // Writing to a string cannot fail.
            let _ = write!(text, "{}{name}", rest / unit_ms);
            rest %= unit_ms;
        }
    }
    text
}

fn split_where(text: &str, is_end: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(is_end).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_is_read_and_written_back() {
        for (text, ms, written) in [
            ("300ms", 300, "300ms"),
            ("30s", 30_000, "30s"),
            ("90m", 5_400_000, "1h30m"),
            ("2h", 7_200_000, "2h"),
            ("1d", 86_400_000, "1d"),
            ("1h30m", 5_400_000, "1h30m"),
            ("1m30s", 90_000, "1m30s"),
            ("1500ms", 1_500, "1s500ms"),
            ("0s", 0, "0s"),
            ("25h", 90_000_000, "1d1h"),
        ] {
            let duration = parse_duration(text).unwrap();
            assert_eq!(duration, Duration::from_millis(ms), "{text}");
            assert_eq!(format_duration(duration), written, "{text}");
            assert_eq!(parse_duration(written), Ok(duration), "{written}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in
            ["", "2", "h", "2 h", " 2h", "2h ", "-2h", "+2h", "1.5h", "2x", "2H", "2hh", "２h"]
        {
            assert_eq!(parse_duration(text), Err(EXPECTED.into()), "{text}");
        }
        for text in ["1h1h", "1s1m", "5s5s", "1m2h", "1ms1s", "1h2m3h"] {
            assert!(parse_duration(text).unwrap_err().contains("long units first"), "{text}");
        }
        for text in ["99999999999999999999s", "18446744073709551615s", "213503982334d15h"] {
            assert!(parse_duration(text).unwrap_err().contains("beyond all clocks"), "{text}");
        }
    }
}
