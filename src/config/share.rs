//! A share, as a number up to 1 or in per cent.

use crate::config::document::{Item, Kind};
use crate::health::Share;

const EXPECTED: &str = r#"a share above 0 and up to 1, such as 0.5, or "50%""#;

/// Reads a share of the endpoints of a pool.
pub(super) fn read(item: &Item<'_>) -> Option<Share> {
    let share = match item.kind() {
        Kind::Text(text) => per_cent(text).and_then(|per_cent| Share::new(per_cent / 100.0)),
        // What is no number has been noted.
        _ => Share::new(item.number(0.0..=1.0, EXPECTED)?),
    };
    if share.is_none() {
        item.finding(item.shown(), EXPECTED);
    }
    share
}

/// Digits, perhaps a fraction, and the sign.
fn per_cent(text: &str) -> Option<f64> {
    let number = text.strip_suffix('%')?;
    let is_plain = number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    number.parse().ok().filter(|_| is_plain)
}
