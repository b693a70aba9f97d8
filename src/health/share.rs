//! A share of a whole, kept exactly.

use std::fmt;

/// More than nothing, and at most all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    millionths: u32,
}

const WHOLE: u32 = 1_000_000;

impl Share {
    /// To the nearest millionth; none unless that is above 0 and at most 1.
    pub fn new(share: f64) -> Option<Self> {
        let millionths = (share * f64::from(WHOLE)).round();
        // Within the range a cast to whole numbers loses nothing.
        (1.0..=f64::from(WHOLE))
            .contains(&millionths)
            .then_some(Self { millionths: millionths as u32 })
    }

    /// Whether `some` of `all` are less than this share.
    pub fn is_missed_by(self, some: u32, all: u32) -> bool {
        u64::from(some) * u64::from(WHOLE) < u64::from(self.millionths) * u64::from(all)
    }
}

/// In per cent.
impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.millionths / 10_000, self.millionths % 10_000);
        let rest = format!("{rest:04}");
        match rest.trim_end_matches('0') {
            "" => write!(f, "{whole}%"),
            rest => write!(f, "{whole}.{rest}%"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_exact_where_fractions_of_two_are_not() {
        for percent in 1..=100 {
            let share = Share::new(f64::from(percent) / 100.0).unwrap();
            assert_eq!(share.to_string(), format!("{percent}%"));
            for some in 0..=100 {
                assert_eq!(share.is_missed_by(some, 100), some < percent, "{some} of {percent}%");
            }
        }
        let third = Share::new(1.0 / 3.0).unwrap();
        assert_eq!(third.to_string(), "33.3333%");
        assert!(third.is_missed_by(0, 3) && !third.is_missed_by(1, 3));
    }

    #[test]
    fn nothing_and_more_than_all_are_no_shares() {
        for share in [0.0, 0.000_000_1, -0.5, 1.000_001, f64::NAN, f64::INFINITY] {
            assert_eq!(Share::new(share), None, "{share}");
        }
    }
}
