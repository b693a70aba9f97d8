//! Host names and addresses as operators write them: what is good enough to answer or to probe.

use std::net::IpAddr;

use crate::wire::Name;

/// Reads a host name, with or without its final dot, into lower case.
///
/// Labels are of letters, digits, hyphens and underscores: what stands in certificates, URLs and
/// the targets of aliases. Anything else would be a slip of the hand.
pub(crate) fn host_name(text: &str) -> Result<Name, String> {
    let name = Name::parse(text, &Name::root()).map_err(|error| error.to_string())?;
    if name.is_root() || text == "@" {
        return Err("no host name".into());
    }
    let good = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let mut last: &[u8] = &[];
    for label in name.labels() {
        if !label.iter().all(good) {
            return Err("a character other than letters, digits, \"-\" and \"_\"".into());
        }
        if label.starts_with(b"-") || label.ends_with(b"-") {
            return Err("a label that begins or ends with \"-\"".into());
        }
        last = label;
    }
    // No top-level domain is a number, so this is an address gone wrong (RFC 3696 2).
    if last.iter().all(u8::is_ascii_digit) {
        return Err("an address, or part of one".into());
    }
    Ok(name.to_lowercase())
}

/// Why an address can be neither answered nor probed.
pub(crate) fn unusable(address: IpAddr) -> Option<String> {
    let kind = match address {
        IpAddr::V4(ip) if ip.is_broadcast() => "the broadcast address",
        _ if address.is_unspecified() => "the unspecified address",
        _ if address.is_multicast() => "a multicast address",
        IpAddr::V6(ip) => {
            let mapped = ip.to_ipv4_mapped()?;
            return Some(format!("an IPv4 address within an IPv6 one (write \"{mapped}\")"));
        }
        IpAddr::V4(_) => return None,
    };
    Some(kind.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_names_are_of_letters_digits_hyphens_and_underscores() {
        for (text, name) in [
            ("customer.cdn.example.net.", "customer.cdn.example.net."),
            ("WWW.Example.com", "www.example.com."),
            ("_x.a-b.example", "_x.a-b.example."),
            ("localhost", "localhost."),
        ] {
            assert_eq!(host_name(text).map(|name| name.to_string()), Ok(name.into()), "{text}");
        }
        for text in ["", ".", "@", "a..b", "*.a", "a b", "ä.de", "-a.b", "192.0.2.1", "a.7."] {
            assert!(host_name(text).is_err(), "{text}");
        }
    }

    #[test]
    fn only_addresses_of_one_host_can_be_used() {
        for (address, usable) in [
            ("192.0.2.1", true),
            ("127.0.0.1", true),
            ("::1", true),
            ("0.0.0.0", false),
            ("255.255.255.255", false),
            ("224.0.0.1", false),
            ("::", false),
            ("ff02::1", false),
            ("::ffff:192.0.2.1", false),
        ] {
            assert_eq!(unusable(address.parse().unwrap()).is_none(), usable, "{address}");
        }
    }
}
