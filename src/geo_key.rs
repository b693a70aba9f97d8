//! The keys of a `geo` policy: `EU`, `EU-FR`, `NA-US-CA`, `203.0.113.0/24`, `AS64500`, `default`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::finding::words::quoted;
use crate::place::{Continent, Country, GeoKey, country};

const FORMS: &str =
    r#"EU, EU-FR, NA-US-CA, AS64500, "203.0.113.0/24" or default, each in this spelling"#;

/// What was found instead of a key, and what was expected.
pub(crate) type Wrong = (String, String);

/// Reads one key.
pub(crate) fn parse(text: &str) -> Result<GeoKey, Wrong> {
    if text.contains(['/', ':']) || text.parse::<IpAddr>().is_ok() {
        return network(text).map(|(address, length)| GeoKey::Network { address, length });
    }
    if let Ok(key) = place(text) {
        return Ok(key);
    }
    // Slips of case are told from other slips by what the right case would mean.
    for right in [text.to_ascii_uppercase(), text.to_ascii_lowercase()] {
        if right != text && place(&right).is_ok() {
            return Err((quoted(text), right));
        }
    }
    place(&text.to_ascii_uppercase()).map_err(|expected| (quoted(text), expected))
}

/// Reads what is no network, or says what would be right.
fn place(text: &str) -> Result<GeoKey, String> {
    if text == "default" {
        return Ok(GeoKey::Default);
    }
    if let Some(number) = text.strip_prefix("AS").filter(|rest| starts_with_digit(rest)) {
        return asn(number).map(GeoKey::Asn);
    }
    let parts: Vec<&str> = text.split('-').collect();
    match parts.as_slice() {
        [only] => continent_alone(only),
        [first, code] => match Continent::from_code(first) {
            Some(continent) => {
                known_country(continent, code, "").map(|c| GeoKey::Country(bytes(c)))
            }
            None => Err(with_continent(text, first)),
        },
        [first, code, part] => match Continent::from_code(first) {
            Some(continent) => {
                let country = known_country(continent, code, &format!("-{part}"))?;
                subdivision(country, part)
            }
            None => Err(FORMS.into()),
        },
        _ => Err(FORMS.into()),
    }
}

fn starts_with_digit(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
}

fn asn(digits: &str) -> Result<u32, String> {
    let canonical = digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
    let number = if canonical { digits.parse().ok() } else { None };
    number.ok_or_else(|| "an AS number from AS1 to AS4294967295".into())
}

fn continent_alone(text: &str) -> Result<GeoKey, String> {
    if let Some(continent) = Continent::from_code(text) {
        return Ok(GeoKey::Continent(continent));
    }
    match country(text) {
        Some(country) => Err(spelled(country, "")),
        None => Err(FORMS.into()),
    }
}

/// `FR-75` and the like: the continent is missing.
fn with_continent(text: &str, first: &str) -> String {
    match country(first) {
        Some(country) => format!("{}-{text}", country.continent.code()),
        None => "a continent first: one of AF, AN, AS, EU, NA, OC, SA".into(),
    }
}

fn known_country(continent: Continent, code: &str, rest: &str) -> Result<&'static Country, String> {
    match country(code) {
        Some(country) if country.continent == continent => Ok(country),
        Some(country) => Err(spelled(country, rest)),
        // The code that people know best and that ISO 3166-1 does not have.
        None if code == "UK" => Err(format!("EU-GB{rest}")),
        None => Err(format!("a country of ISO 3166-1 after {}", continent.code())),
    }
}

fn spelled(country: &Country, rest: &str) -> String {
    format!("{}-{}{rest}", country.continent.code(), country.code)
}

fn bytes(country: &Country) -> [u8; 2] {
    let mut code = [0; 2];
    for (to, from) in code.iter_mut().zip(country.code.bytes()) {
        *to = from;
    }
    code
}

fn subdivision(country: &Country, code: &str) -> Result<GeoKey, String> {
    let good = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit();
    if !(1..=3).contains(&code.len()) || !code.bytes().all(good) {
        let example = spelled(country, "-");
        return Err(format!("{example} and a code of ISO 3166-2, 1 to 3 letters or digits"));
    }
    Ok(GeoKey::Subdivision(bytes(country), code.into()))
}

/// Reads a network: its first address and its length in bits.
pub(crate) fn network(text: &str) -> Result<(IpAddr, u8), Wrong> {
    let wrong = |expected: String| (quoted(text), expected);
    let (address, length) = text.split_once('/').unwrap_or((text, ""));
    let Ok(address) = address.parse::<IpAddr>() else {
        return Err(wrong(r#"a network, such as "203.0.113.0/24" or "2001:db8::/32""#.into()));
    };
    let bits = if address.is_ipv4() { 32 } else { 128 };
    let digits = !length.is_empty() && length.bytes().all(|b| b.is_ascii_digit());
    let length: u8 = match length.parse() {
        Ok(length) if digits && length <= bits => length,
        _ => return Err(wrong(format!("a length from 0 to {bits}, such as \"{address}/{bits}\""))),
    };
    let first = first_address(address, length);
    if first != address {
        return Err((
            format!("{}, which has bits beyond its length", quoted(text)),
            format!("\"{first}/{length}\""),
        ));
    }
    if let (IpAddr::V6(v6), 96..) = (address, length)
        && let Some(v4) = v6.to_ipv4_mapped()
    {
        return Err(wrong(format!("\"{v4}/{}\"", length - 96)));
    }
    Ok((address, length))
}

fn first_address(address: IpAddr, length: u8) -> IpAddr {
    let host_bits = |bits: u32| bits.saturating_sub(u32::from(length));
    match address {
        IpAddr::V4(ip) => {
            let mask = u32::MAX.checked_shl(host_bits(32)).unwrap_or(0);
            Ipv4Addr::from_bits(ip.to_bits() & mask).into()
        }
        IpAddr::V6(ip) => {
            let mask = u128::MAX.checked_shl(host_bits(128)).unwrap_or(0);
            Ipv6Addr::from_bits(ip.to_bits() & mask).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read() {
        let network =
            |address: &str, length| GeoKey::Network { address: address.parse().unwrap(), length };
        for (text, key) in [
            ("default", GeoKey::Default),
            ("AS", GeoKey::Continent(Continent::Asia)),
            ("EU", GeoKey::Continent(Continent::Europe)),
            ("AS64500", GeoKey::Asn(64500)),
            ("AS4294967295", GeoKey::Asn(u32::MAX)),
            ("AS-JP", GeoKey::Country(*b"JP")),
            ("EU-FR", GeoKey::Country(*b"FR")),
            ("NA-US-CA", GeoKey::Subdivision(*b"US", "CA".into())),
            ("EU-GB-ENG", GeoKey::Subdivision(*b"GB", "ENG".into())),
            ("203.0.113.0/24", network("203.0.113.0", 24)),
            ("0.0.0.0/0", network("0.0.0.0", 0)),
            ("192.0.2.1/32", network("192.0.2.1", 32)),
            ("2001:DB8::/32", network("2001:db8::", 32)),
            ("::/0", network("::", 0)),
        ] {
            assert_eq!(parse(text), Ok(key), "{text}");
        }
    }

    #[test]
    fn wrong_keys_show_the_right_ones() {
        let countries = "a country of ISO 3166-1 after EU";
        let network = r#"a network, such as "203.0.113.0/24" or "2001:db8::/32""#;
        let asn = "an AS number from AS1 to AS4294967295";
        for (text, expected) in [
            ("FR", "EU-FR"),
            ("fr", "EU-FR"),
            ("eu", "EU"),
            ("eu-fr", "EU-FR"),
            ("na-us-ca", "NA-US-CA"),
            ("as64500", "AS64500"),
            ("Default", "default"),
            ("AS-FR", "EU-FR"),
            ("AS-US-CA", "NA-US-CA"),
            ("FR-75", "EU-FR-75"),
            ("EU-XX", countries),
            ("EU-UK", "EU-GB"),
            ("XX-FR", "a continent first: one of AF, AN, AS, EU, NA, OC, SA"),
            ("EU-FR-", "EU-FR- and a code of ISO 3166-2, 1 to 3 letters or digits"),
            ("NA-US-CALI", "NA-US- and a code of ISO 3166-2, 1 to 3 letters or digits"),
            ("XX", FORMS),
            ("", FORMS),
            ("EU-FR-A-B", FORMS),
            ("AS0", asn),
            ("AS007", asn),
            ("AS1x", asn),
            ("AS4294967296", asn),
            ("203.0.113.5/24", "\"203.0.113.0/24\""),
            ("2001:db8::1/32", "\"2001:db8::/32\""),
            ("203.0.113.5", "a length from 0 to 32, such as \"203.0.113.5/32\""),
            ("203.0.113.0/33", "a length from 0 to 32, such as \"203.0.113.0/32\""),
            ("203.0.113.0/+1", "a length from 0 to 32, such as \"203.0.113.0/32\""),
            ("203.0.113/24", network),
            ("a:b", network),
            ("::ffff:203.0.113.0/120", "\"203.0.113.0/24\""),
        ] {
            assert_eq!(parse(text).map_err(|(_, expected)| expected), Err(expected.into()));
        }
    }
}
