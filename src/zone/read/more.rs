//! Record data that `domain` does not read, or not as master files have it.

use domain::base::iana::Rtype;
use domain::base::scan::{Scan, Scanner};
use domain::rdata::dnssec::RtypeBitmap;
use domain::rdata::{Tlsa, Txt};
use domain::utils::base64;

use super::data::compose;
use super::loc;
use super::mistakes::shown;
use super::rare;
use super::time::seconds;
use super::tokens::{Mistake, Tokens};
use crate::wire::Name;

type Data = Result<Vec<u8>, Mistake>;

/// Whether [`read`] reads a type.
pub(super) fn knows(rtype: u16) -> bool {
    reader(rtype).is_some()
}

/// Reads the data of a type, if it is one of these.
pub(super) fn read(rtype: u16, tokens: &mut Tokens<'_, '_>) -> Option<Data> {
    reader(rtype).map(|reader| reader(tokens))
}

fn reader(rtype: u16) -> Option<fn(&mut Tokens<'_, '_>) -> Data> {
    Some(match Rtype::from_int(rtype) {
        Rtype::SOA => soa,
        Rtype::AFSDB | Rtype::RT | Rtype::KX | Rtype::LP => number_and_name,
        Rtype::LOC => loc::read,
        Rtype::CERT => cert,
        Rtype::DHCID => |tokens| tokens.convert_entry(base64::SymbolConverter::new()),
        Rtype::SMIMEA => |tokens| compose(&Tlsa::scan(tokens)?),
        Rtype::CSYNC => csync,
        Rtype::SPF => |tokens| compose(&Txt::scan(tokens)?),
        Rtype::EUI48 => eui::<6>,
        Rtype::EUI64 => eui::<8>,
        Rtype::URI => uri,
        _ => return rare::reader(rtype),
    })
}

/// RFC 1035 3.3.13, with times in units as every server takes them (`1h`, `2w`).
fn soa(tokens: &mut Tokens<'_, '_>) -> Data {
    let mut data = tokens.name()?.as_wire().to_vec();
    data.extend_from_slice(mailbox(tokens)?.as_wire());
    data.extend_from_slice(&u32::scan(tokens)?.to_be_bytes());
    for _ in 0..4 {
        let token = tokens.take()?;
        let time = seconds(token.text).and_then(|time| u32::try_from(time).ok());
        data.extend_from_slice(&time.ok_or(Mistake::Form)?.to_be_bytes());
    }
    Ok(data)
}

/// A mailbox as a name (RFC 1035 8): a dot stands for the at sign.
fn mailbox(tokens: &mut Tokens<'_, '_>) -> Result<Name, Mistake> {
    let name = tokens.name()?;
    let Some(token) = tokens.last().filter(|token| token.text != "@") else { return Ok(name) };
    let Some((local, domain)) = token.text.split_once('@') else { return Ok(name) };
    let local = local.trim_end_matches('\\').replace("\\.", ".").replace('.', "\\.");
    let domain = domain.trim_end_matches('.');
    let expected = format!("a mailbox with a dot in place of the @, such as {local}.{domain}.");
    Err(Mistake::Other(shown(token), expected))
}

/// AFSDB and RT (RFC 1183), KX (RFC 2230), LP (RFC 6742).
fn number_and_name(tokens: &mut Tokens<'_, '_>) -> Data {
    let mut data = u16::scan(tokens)?.to_be_bytes().to_vec();
    data.extend_from_slice(tokens.name()?.as_wire());
    Ok(data)
}

/// RFC 4398 2.
fn cert(tokens: &mut Tokens<'_, '_>) -> Data {
    const TYPES: [(&str, u16); 10] = [
        ("PKIX", 1),
        ("SPKI", 2),
        ("PGP", 3),
        ("IPKIX", 4),
        ("ISPKI", 5),
        ("IPGP", 6),
        ("ACPKIX", 7),
        ("IACPKIX", 8),
        ("URI", 253),
        ("OID", 254),
    ];
    let word = tokens.peek().map_or("", |token| token.text);
    let known = TYPES.iter().find(|(name, _)| name.eq_ignore_ascii_case(word));
    let kind = match known {
        Some((_, number)) => tokens.take().map(|_| *number)?,
        None => u16::scan(tokens)?,
    };
    let mut data = kind.to_be_bytes().to_vec();
    data.extend_from_slice(&u16::scan(tokens)?.to_be_bytes());
    data.push(u8::scan(tokens)?);
    data.extend_from_slice(&base64_data(tokens)?);
    Ok(data)
}

fn base64_data(tokens: &mut Tokens<'_, '_>) -> Data {
    if !tokens.continues() {
        return Err(Mistake::End);
    }
    tokens.convert_entry(base64::SymbolConverter::new())
}

/// RFC 7477 2.1.
fn csync(tokens: &mut Tokens<'_, '_>) -> Data {
    let mut data = u32::scan(tokens)?.to_be_bytes().to_vec();
    data.extend_from_slice(&u16::scan(tokens)?.to_be_bytes());
    data.extend_from_slice(RtypeBitmap::scan(tokens)?.as_slice());
    Ok(data)
}

/// RFC 7043: hex pairs joined by hyphens.
fn eui<const BYTES: usize>(tokens: &mut Tokens<'_, '_>) -> Data {
    let text = tokens.take()?.text;
    let pair = |pair: &str| {
        let whole = pair.len() == 2 && pair.bytes().all(|digit| digit.is_ascii_hexdigit());
        u8::from_str_radix(pair, 16).ok().filter(|_| whole)
    };
    let bytes: Option<Vec<u8>> = text.split('-').map(pair).collect();
    bytes.filter(|bytes| bytes.len() == BYTES).ok_or(Mistake::Form)
}

/// RFC 7553 4: the target is all that remains, without a length.
fn uri(tokens: &mut Tokens<'_, '_>) -> Data {
    let mut data = u16::scan(tokens)?.to_be_bytes().to_vec();
    data.extend_from_slice(&u16::scan(tokens)?.to_be_bytes());
    let target = tokens.bytes()?;
    if target.is_empty() {
        return Err(Mistake::Data("an empty target"));
    }
    data.extend_from_slice(&target);
    Ok(data)
}
