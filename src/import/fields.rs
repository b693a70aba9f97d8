//! Values of other programs' files as ours have them: names, addresses, numbers.

use std::net::IpAddr;

use crate::hosts::{host_name, unusable};
use crate::wire::Name;

/// A name in lower case, absolute, whatever script it is written in; or why it is none.
pub(super) fn name(text: &str, origin: &Name) -> Result<Name, String> {
    let ascii = match text.is_ascii() {
        true => text.to_owned(),
        false => idna::domain_to_ascii(text).map_err(|_| "no name by IDNA".to_owned())?,
    };
    if ascii == "@" || ascii.is_empty() {
        return Err("no name".into());
    }
    Name::parse(&ascii, origin).map(|name| name.to_lowercase()).map_err(|error| error.to_string())
}

/// A host name that can be answered as a CNAME.
pub(super) fn host(text: &str) -> Result<Name, String> {
    host_name(&name(text, &Name::root())?.to_string())
}

/// An address that can be answered.
pub(super) fn address(text: &str) -> Result<IpAddr, String> {
    let address: IpAddr = text.parse().map_err(|_| "no IPv4 or IPv6 address".to_owned())?;
    match unusable(address) {
        Some(why) => Err(why),
        None => Ok(address),
    }
}

/// A Host header.
pub(super) fn host_header(text: &str) -> Option<String> {
    let text = text.trim_end_matches('.');
    let is_address = text.parse::<std::net::Ipv4Addr>().is_ok();
    (is_address || host_name(text).is_ok()).then(|| text.to_owned())
}

/// The path and query of an HTTP request.
pub(super) fn http_path(text: &str) -> Option<String> {
    let good = |byte: u8| byte.is_ascii_graphic() && byte != b'#';
    (!text.is_empty() && text.bytes().all(good)).then(|| match text.starts_with('/') {
        true => text.to_owned(),
        false => format!("/{text}"),
    })
}

/// A network as a key of `geo`: written with its length, without bits beyond it; IPv4 within IPv6
/// as IPv4.
pub(super) fn network(text: &str) -> Result<String, String> {
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, Some(length)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().map_err(|_| "no network".to_owned())?;
    let bits = if address.is_ipv4() { 32 } else { 128 };
    let length: u8 = match length {
        None => bits,
        Some(length) => length.parse().ok().filter(|length| *length <= bits).ok_or("no network")?,
    };
    super::finish::geo_key(&format!("{address}/{length}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_as_our_files_have_them() {
        assert_eq!(name("WWW.Example", &Name::root()).unwrap().to_string(), "www.example.");
        assert_eq!(
            name("bücher.example.", &Name::root()).unwrap().to_string(),
            "xn--bcher-kva.example."
        );
        assert!(name("", &Name::root()).is_err() && name("a..b", &Name::root()).is_err());
        assert!(address("0.0.0.0").is_err() && address("::ffff:1.2.3.4").is_err());
        assert_eq!(http_path("_dns").as_deref(), Some("/_dns"));
        assert_eq!(http_path("/a b"), None);
        assert_eq!(network("192.0.2.1").as_deref(), Ok("192.0.2.1/32"));
        assert_eq!(network("192.0.2.1/24").as_deref(), Ok("192.0.2.0/24"));
        assert_eq!(network("::ffff:192.0.2.0/120").as_deref(), Ok("192.0.2.0/24"));
        assert!(network("192.0.2.0/33").is_err() && network("x/8").is_err());
    }
}
