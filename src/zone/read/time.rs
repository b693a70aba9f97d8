//! Times in master files: seconds, or a sum of units such as `1h30m`.

/// The seconds that a text means, if it is a time; sums beyond `u64` stay at its end.
pub(crate) fn seconds(text: &str) -> Option<u64> {
    if !text.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    let (mut total, mut number, mut digits) = (0_u64, 0_u64, false);
    for byte in text.bytes() {
        if byte.is_ascii_digit() {
            number = number.saturating_mul(10).saturating_add(u64::from(byte - b'0'));
            digits = true;
            continue;
        }
        let unit = match byte.to_ascii_lowercase() {
            b's' => 1,
            b'm' => 60,
            b'h' => 3_600,
            b'd' => 86_400,
            b'w' => 604_800,
            _ => return None,
        };
        if !digits {
            return None;
        }
        total = total.saturating_add(number.saturating_mul(unit));
        (number, digits) = (0, false);
    }
    Some(total.saturating_add(number))
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn times_are_seconds_or_sums_of_units() {
        for (text, expected) in [
            ("0", Some(0)),
            ("3600", Some(3_600)),
            ("1h", Some(3_600)),
            ("1H30M", Some(5_400)),
            ("1w2d3h4m5s", Some(604_800 + 172_800 + 10_800 + 240 + 5)),
            ("1h5", Some(3_605)),
            ("99999999999999999999w", Some(u64::MAX)),
            ("", None),
            ("h", None),
            ("1hh", None),
            ("1x", None),
            ("192.0.2.1", None),
            ("-1", None),
        ] {
            assert_eq!(seconds(text), expected, "{text}");
        }
    }
}
