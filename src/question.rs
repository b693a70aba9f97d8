//! Parts of a question as people write them: record types and client networks.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// Reads a record type: a mnemonic such as `AAAA`, or `TYPE64` (RFC 3597 5).
///
/// # Errors
///
/// Says what was found and what was expected.
pub fn parse_rtype(text: &str) -> Result<u16, String> {
    let upper = text.to_ascii_uppercase();
    if let Some(number) = upper.strip_prefix("TYPE").and_then(|digits| digits.parse().ok()) {
        return Ok(number);
    }
    domain::base::iana::Rtype::from_mnemonic(upper.as_bytes())
        .map(|rtype| rtype.to_int())
        .ok_or_else(|| format!("found {text:?}; expected a record type such as A, AAAA or TYPE64"))
}

/// A network of clients, or one client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientNetwork {
    /// Its first address: the bits after `length` are 0 (RFC 7871 6).
    pub address: IpAddr,
    /// Its length in bits.
    pub length: u8,
}

impl FromStr for ClientNetwork {
    type Err = String;

    /// Reads `ADDRESS` or `ADDRESS/LENGTH`; host bits are cleared.
    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || format!("found {text:?}; expected ADDRESS or ADDRESS/LENGTH");
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| expected())?;
        let bits = if address.is_ipv4() { 32 } else { 128 };
        let length = match length {
            None => bits,
            Some(length) => length.parse().map_err(|_| expected())?,
        };
        if length > bits {
            return Err(format!("found /{length}; expected a length of at most {bits}"));
        }
        Ok(Self { address: first_address(address, length), length })
    }
}

impl fmt::Display for ClientNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.length)
    }
}

fn first_address(address: IpAddr, length: u8) -> IpAddr {
    let length = u32::from(length);
    match address {
        IpAddr::V4(ip) => {
            let host_bits = u32::MAX.checked_shr(length).unwrap_or(0);
            IpAddr::V4((ip.to_bits() & !host_bits).into())
        }
        IpAddr::V6(ip) => {
            let host_bits = u128::MAX.checked_shr(length).unwrap_or(0);
            IpAddr::V6((ip.to_bits() & !host_bits).into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_by_name_and_by_number() {
        for (text, number) in [
            ("a", 1),
            ("AAAA", 28),
            ("https", 65),
            ("loc", 29),
            ("DNAME", 39),
            ("ANY", 255),
            ("type65400", 65400),
        ] {
            assert_eq!(parse_rtype(text), Ok(number), "{text}");
        }
        for text in ["", "AAAAA", "TYPE", "TYPE65536", "1"] {
            assert!(parse_rtype(text).is_err(), "{text}");
        }
    }

    #[test]
    fn networks_lose_their_host_bits() {
        for (text, written) in [
            ("192.0.2.7", "192.0.2.7/32"),
            ("192.0.2.7/24", "192.0.2.0/24"),
            ("192.0.2.7/0", "0.0.0.0/0"),
            ("2001:db8::1/56", "2001:db8::/56"),
            ("::1", "::1/128"),
            ("2001:db8::1/0", "::/0"),
        ] {
            assert_eq!(text.parse::<ClientNetwork>().unwrap().to_string(), written);
        }
        for text in ["", "x", "192.0.2.7/", "192.0.2.7/33", "::1/129", "192.0.2.7/-1", "/24"] {
            assert!(text.parse::<ClientNetwork>().is_err(), "{text}");
        }
    }
}
