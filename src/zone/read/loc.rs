//! Where a host stands on Earth: the LOC record (RFC 1876).

use super::tokens::{Mistake, Tokens};

/// The equator and the prime meridian (RFC 1876 2).
const MIDDLE: i64 = 1 << 31;
/// Altitudes count from 100 km below the WGS 84 spheroid.
const GROUND_CM: i64 = 10_000_000;

/// Reads `d [m [s]] N|S  d [m [s]] E|W  altitude [size [horizontal [vertical]]]`.
pub(super) fn read(tokens: &mut Tokens<'_, '_>) -> Result<Vec<u8>, Mistake> {
    let latitude = angle(tokens, 90, "N", "S")?;
    let longitude = angle(tokens, 180, "E", "W")?;
    let altitude = metres(tokens.take()?.text)
        .and_then(|cm| u32::try_from(cm + GROUND_CM).ok())
        .ok_or(Mistake::Data("altitudes go from -100000.00m to 42849672.95m"))?;
    // The defaults are 1 m, 10 km and 10 m.
    let mut sizes = [0x12, 0x16, 0x13];
    for size in &mut sizes {
        if let Some(token) = tokens.peek() {
            tokens.take()?;
            *size = metres(token.text)
                .and_then(power_of_ten)
                .ok_or(Mistake::Data("sizes go from 0m to 90000000m"))?;
        }
    }
    let mut data = vec![0];
    data.extend_from_slice(&sizes);
    for word in [latitude, longitude, altitude] {
        data.extend_from_slice(&word.to_be_bytes());
    }
    Ok(data)
}

/// Degrees, minutes, seconds and a direction to thousandths of a second from [`MIDDLE`].
fn angle(
    tokens: &mut Tokens<'_, '_>,
    most_degrees: i64,
    positive: &str,
    negative: &str,
) -> Result<u32, Mistake> {
    const WRONG: Mistake = Mistake::Form;
    let mut thousandths = 0;
    for (unit, limit, decimals) in [(3_600_000, most_degrees, 0), (60_000, 59, 0), (1, 59_999, 3)] {
        let text = tokens.take()?.text;
        let sign = [(positive, 1), (negative, -1)]
            .into_iter()
            .find(|(direction, _)| direction.eq_ignore_ascii_case(text));
        if let Some((_, sign)) = sign.filter(|_| unit != 3_600_000) {
            return turn(thousandths * sign, most_degrees).ok_or(WRONG);
        }
        let number = decimal(text, decimals).filter(|number| *number <= limit).ok_or(WRONG)?;
        thousandths += number * unit;
    }
    match tokens.take()?.text {
        text if text.eq_ignore_ascii_case(positive) => turn(thousandths, most_degrees),
        text if text.eq_ignore_ascii_case(negative) => turn(-thousandths, most_degrees),
        _ => None,
    }
    .ok_or(WRONG)
}

fn turn(thousandths: i64, most_degrees: i64) -> Option<u32> {
    let fits = thousandths.abs() <= most_degrees * 3_600_000;
    u32::try_from(MIDDLE + thousandths).ok().filter(|_| fits)
}

/// Centimetres of a text such as `-24m` or `10.5`.
fn metres(text: &str) -> Option<i64> {
    let number = text.strip_suffix(['m', 'M']).unwrap_or(text);
    match number.strip_prefix('-') {
        Some(number) => decimal(number, 2).map(|cm| -cm),
        None => decimal(number, 2),
    }
}

/// A number scaled by ten to the power of `decimals`, which is also the most decimals it has.
fn decimal(text: &str, decimals: usize) -> Option<i64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = whole.bytes().chain(part.bytes()).all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits || part.len() > decimals || whole.len() > 9 {
        return None;
    }
    format!("{whole}{part:0<decimals$}").parse().ok()
}

/// One digit of mantissa, one of exponent, in centimetres (RFC 1876 2); what is finer is cut off.
fn power_of_ten(cm: i64) -> Option<u8> {
    let (mut mantissa, mut exponent) = (u64::try_from(cm).ok()?, 0);
    while mantissa > 9 {
        mantissa /= 10;
        exponent += 1;
    }
    (exponent <= 9).then_some((mantissa as u8) << 4 | exponent)
}
