//! Times as people write them: `300ms`, `5s`, `1m30s`, `2h`.

use std::time::Duration;

/// Units, longest first, with their length in milliseconds.
const UNITS: [(&str, u64); 5] =
    [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];

/// Reads whole numbers with their units (`d`, `h`, `m`, `s`, `ms`), longest unit first and each
/// at most once; none if the text is anything else.
pub fn parse_duration(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut units = UNITS.iter();
    let mut milliseconds: u64 = 0;
    if text.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: u64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let unit = &rest[..rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len())];
        rest = &rest[unit.len()..];
        // Going on with the same iterator keeps the order and forbids repetition.
        let (_, length) = units.find(|(name, _)| *name == unit)?;
        milliseconds = milliseconds.checked_add(number.checked_mul(*length)?)?;
    }
    Some(Duration::from_millis(milliseconds))
}

/// A time as [`parse_duration`] reads it, down to milliseconds.
pub fn show_duration(duration: Duration) -> String {
    let mut rest = duration.as_millis();
    if rest == 0 {
        return "0s".into();
    }
    let mut shown = String::new();
    for (unit, length) in UNITS {
        let count = rest / u128::from(length);
        if count > 0 {
            shown.push_str(&format!("{count}{unit}"));
        }
        rest %= u128::from(length);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_numbers_with_units_from_long_to_short() {
        for (text, milliseconds) in [
            ("5s", Some(5000)),
            ("300ms", Some(300)),
            ("1m30s", Some(90_000)),
            ("2h", Some(7_200_000)),
            ("1d2h3m4s5ms", Some(93_784_005)),
            ("0s", Some(0)),
            ("", None),
            ("5", None),
            ("s", None),
            ("-5s", None),
            ("1.5s", None),
            ("5 s", None),
            ("30s1m", None),
            ("1s1s", None),
            ("5min", None),
            ("5ſ", None),
            ("99999999999999999999s", None),
            ("999999999999999999d", None),
        ] {
            let read = parse_duration(text);
            assert_eq!(read, milliseconds.map(Duration::from_millis), "{text}");
            if let Some(read) = read {
                assert_eq!(show_duration(read), text);
            }
        }
    }
}
