//! The data of one record: text to wire form.

use std::net::{Ipv4Addr, Ipv6Addr};

use domain::base::iana::Rtype;
use domain::base::name::{Name as DomainName, ParsedName};
use domain::base::rdata::{ComposeRecordData, ParseRecordData, UnknownRecordData};
use domain::base::scan::Scanner;
use domain::dep::octseq::Parser;
use domain::rdata::ZoneRecordData;

use super::mistakes::shown;
use super::more;
use super::tokens::{Mistake, Tokens};
use crate::wire::rtype;

type Scanned = ZoneRecordData<Vec<u8>, DomainName<Vec<u8>>>;

/// Reads the rest of an entry as the data of a type: in that type's own form, or as
/// `\# LENGTH HEX`, which every type has (RFC 3597 5). It is put behind what stands in `out`, where
/// something may be left of what cannot be read.
pub(super) fn read(
    rtype: u16,
    tokens: &mut Tokens<'_, '_>,
    out: &mut Vec<u8>,
) -> Result<(), Mistake> {
    if common(rtype, tokens, out)? {
        return tokens.finish();
    }
    let data = if tokens.scan_opt_unknown_marker()? {
        generic(rtype, tokens)?
    } else if let Some(data) = more::read(rtype, tokens) {
        data?
    } else if !has_text_form(rtype) {
        return Err(tokens.take().err().unwrap_or(Mistake::Form));
    } else {
        let data = compose(&Scanned::scan(Rtype::from_int(rtype), tokens)?)?;
        // RFC 8659 4.1: a tag has at least one letter.
        if rtype == Rtype::CAA.to_int() && data.get(1) == Some(&0) {
            return Err(Mistake::Data("an empty tag"));
        }
        if matches!(rtype, rtype::NS | rtype::MX | rtype::SRV) {
            host(tokens)?;
        }
        data
    };
    if data.len() > usize::from(u16::MAX) {
        return Err(Mistake::Data("more than 65535 bytes"));
    }
    out.extend_from_slice(&data);
    tokens.finish()
}

/// Reads data as nearly all of it is written, in the types that zones are full of; says whether it
/// was of that kind. What is not so plain goes the longer way, which also has the words for
/// mistakes.
fn common(rtype: u16, tokens: &mut Tokens<'_, '_>, out: &mut Vec<u8>) -> Result<bool, Mistake> {
    let Some(token) = tokens.peek() else { return Ok(false) };
    match rtype {
        rtype::A => match token.text.parse::<Ipv4Addr>() {
            Ok(address) => out.extend_from_slice(&address.octets()),
            Err(_) => return Ok(false),
        },
        rtype::AAAA => match token.text.parse::<Ipv6Addr>() {
            Ok(address) => out.extend_from_slice(&address.octets()),
            Err(_) => return Ok(false),
        },
        rtype::NS | rtype::CNAME | rtype::PTR | rtype::DNAME if token.text != "\\#" => {
            tokens.append_name(out)?;
            if rtype == rtype::NS {
                host(tokens)?;
            }
            return Ok(true);
        }
        _ => return Ok(false),
    }
    tokens.take()?;
    Ok(true)
}

/// The name that was read last is to be resolved (RFC 1035 3.3.9, 3.3.11, RFC 2782), so what looks
/// like an address is one, in the wrong place.
fn host(tokens: &Tokens<'_, '_>) -> Result<(), Mistake> {
    let Some(token) = tokens.last() else { return Ok(()) };
    let text = token.text.strip_suffix('.').unwrap_or(token.text);
    let number = |label: &str| !label.is_empty() && label.bytes().all(|b| b.is_ascii_digit());
    let is_v4 = text.split('.').count() == 4 && text.split('.').all(number);
    if is_v4 || text.parse::<Ipv6Addr>().is_ok() {
        let found = format!("the address {}", shown(token));
        let expected = "a name, not an address; the name has an A or AAAA record of its own";
        return Err(Mistake::Other(found, expected.into()));
    }
    Ok(())
}

/// Whether a type has a text form of its own.
fn has_text_form(rtype: u16) -> bool {
    let listed = matches!(
        Rtype::from_int(rtype),
        Rtype::A
            | Rtype::AAAA
            | Rtype::CAA
            | Rtype::CDNSKEY
            | Rtype::CDS
            | Rtype::CNAME
            | Rtype::DNAME
            | Rtype::DNSKEY
            | Rtype::DS
            | Rtype::HINFO
            | Rtype::HTTPS
            | Rtype::IPSECKEY
            | Rtype::MB
            | Rtype::MD
            | Rtype::MF
            | Rtype::MG
            | Rtype::MINFO
            | Rtype::MR
            | Rtype::MX
            | Rtype::NAPTR
            | Rtype::NS
            | Rtype::NSEC
            | Rtype::NSEC3
            | Rtype::NSEC3PARAM
            | Rtype::OPENPGPKEY
            | Rtype::PTR
            | Rtype::RP
            | Rtype::RRSIG
            | Rtype::SRV
            | Rtype::SSHFP
            | Rtype::SVCB
            | Rtype::TLSA
            | Rtype::TXT
            | Rtype::ZONEMD
    );
    listed || more::knows(rtype)
}

fn generic(rtype: u16, tokens: &mut Tokens<'_, '_>) -> Result<Vec<u8>, Mistake> {
    let rtype = Rtype::from_int(rtype);
    let data = UnknownRecordData::scan_without_marker(rtype, tokens)?.data().clone();
    // What is written out must be what that type would be read as, names not compressed.
    let mut parser = Parser::from_ref(data.as_slice());
    type Parsed<'a> = ZoneRecordData<&'a [u8], ParsedName<&'a [u8]>>;
    let parsed = Parsed::parse_rdata(rtype, &mut parser).ok().flatten();
    match parsed {
        Some(parsed) if parser.remaining() == 0 && compose(&parsed)? == data => Ok(data),
        _ => Err(Mistake::Other(
            format!("bytes that are no {rtype} data"),
            format!("\\# LENGTH HEX with the wire form of {rtype}, names not compressed"),
        )),
    }
}

/// The uncompressed wire form.
pub(super) fn compose(data: &impl ComposeRecordData) -> Result<Vec<u8>, Mistake> {
    let mut out = Vec::new();
    data.compose_rdata(&mut out).map_err(|_| Mistake::Data("too much data"))?;
    Ok(out)
}

/// The mnemonic of a type, or TYPEnnn.
pub(crate) fn type_name(rtype: u16) -> String {
    Rtype::from_int(rtype).to_string()
}

/// What the data of a type looks like, for those who got it wrong.
pub(super) fn form(rtype: u16) -> String {
    let form = match Rtype::from_int(rtype) {
        Rtype::A => "an IPv4 address",
        Rtype::AAAA => "an IPv6 address",
        Rtype::NS | Rtype::CNAME | Rtype::PTR | Rtype::DNAME => "one name",
        Rtype::MX => "a preference and a name",
        Rtype::SOA => "primary server, mailbox, serial, refresh, retry, expire and negative TTL",
        Rtype::TXT | Rtype::SPF => "one or more strings of at most 255 bytes",
        Rtype::SRV => "priority, weight, port and a name",
        Rtype::CAA => "flags, a tag and a value",
        Rtype::HINFO => "two strings",
        Rtype::NAPTR => "order, preference, flags, services, regexp and a name",
        Rtype::SVCB | Rtype::HTTPS => "a priority, a name and key=value parameters",
        Rtype::TLSA | Rtype::SMIMEA => "usage, selector, matching type and hex digits",
        Rtype::DS | Rtype::CDS => "key tag, algorithm, digest type and hex digits",
        Rtype::DNSKEY | Rtype::CDNSKEY => "flags, protocol, algorithm and a base64 key",
        Rtype::SSHFP => "algorithm, fingerprint type and hex digits",
        Rtype::LOC => "latitude, longitude, altitude and precision as in RFC 1876",
        Rtype::URI => "priority, weight and a quoted target",
        Rtype::CERT => "a type, a key tag, an algorithm and a base64 certificate",
        Rtype::CSYNC => "a serial, flags and types",
        _ if has_text_form(rtype) => "data in the form that its RFC gives",
        _ => {
            return format!(
                "the RFC 3597 form \\# LENGTH HEX; {} has no other here",
                type_name(rtype)
            );
        }
    };
    form.into()
}
