//! Record data of types that few zones have.

use std::net::Ipv4Addr;

use domain::base::iana::Rtype;
use domain::base::scan::{Scan, Scanner};
use domain::rdata::{Ds, Txt};
use domain::utils::base64;

use super::data::compose;
use super::tokens::{Mistake, Tokens};

type Data = Result<Vec<u8>, Mistake>;

/// What reads a type, if it is one of these.
pub(super) fn reader(rtype: u16) -> Option<fn(&mut Tokens<'_, '_>) -> Data> {
    Some(match Rtype::from_int(rtype) {
        Rtype::X25 => strings::<1, 1>,
        Rtype::ISDN => strings::<1, 2>,
        Rtype::GPOS => strings::<3, 3>,
        Rtype::AVC => |tokens| compose(&Txt::scan(tokens)?),
        Rtype::DLV | Rtype::TA => |tokens| compose(&Ds::scan(tokens)?),
        Rtype::NSAP => nsap,
        Rtype::PX => px,
        Rtype::APL => apl,
        Rtype::HIP => hip,
        Rtype::NID | Rtype::L64 => number_and_groups,
        Rtype::L32 => l32,
        _ => return None,
    })
}

/// X25 and ISDN (RFC 1183), GPOS (RFC 1712): from so many to so many strings.
fn strings<const LEAST: usize, const MOST: usize>(tokens: &mut Tokens<'_, '_>) -> Data {
    let mut data = Vec::new();
    for index in 0..MOST {
        if index >= LEAST && !tokens.continues() {
            break;
        }
        let string = tokens.bytes()?;
        let length = u8::try_from(string.len());
        data.push(length.map_err(|_| Mistake::Data("a string of more than 255 bytes"))?);
        data.extend_from_slice(&string);
    }
    Ok(data)
}

/// RFC 1706 5: hex digits after `0x`, with dots wherever somebody likes them.
fn nsap(tokens: &mut Tokens<'_, '_>) -> Data {
    let text = tokens.take()?.text.replace('.', "");
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    digits.and_then(hex).ok_or(Mistake::Form)
}

/// RFC 2163 4.
fn px(tokens: &mut Tokens<'_, '_>) -> Data {
    let mut data = u16::scan(tokens)?.to_be_bytes().to_vec();
    for _ in 0..2 {
        data.extend_from_slice(tokens.name()?.as_wire());
    }
    Ok(data)
}

/// RFC 3123 5: `[!]family:address/prefix`, over and over.
fn apl(tokens: &mut Tokens<'_, '_>) -> Data {
    let mut data = Vec::new();
    while tokens.continues() {
        let item = apl_item(tokens.take()?.text).ok_or(Mistake::Form)?;
        data.extend_from_slice(&item);
    }
    Ok(data)
}

fn apl_item(text: &str) -> Option<Vec<u8>> {
    let (negation, text) = match text.strip_prefix('!') {
        Some(rest) => (0x80, rest),
        None => (0, text),
    };
    let (family, network) = text.split_once(':')?;
    let (address, prefix) = network.split_once('/')?;
    let (family, prefix): (u16, u8) = (family.parse().ok()?, prefix.parse().ok()?);
    let mut address = match family {
        1 => address.parse::<Ipv4Addr>().ok()?.octets().to_vec(),
        2 => address.parse::<std::net::Ipv6Addr>().ok()?.octets().to_vec(),
        _ => return None,
    };
    if usize::from(prefix) > address.len() * 8 {
        return None;
    }
    // Trailing zeros are left out (RFC 3123 4).
    while address.last() == Some(&0) {
        address.pop();
    }
    let length = negation | u8::try_from(address.len()).ok()?;
    let [high, low] = family.to_be_bytes();
    Some([&[high, low, prefix, length][..], &address].concat())
}

/// RFC 8005 5: algorithm, tag in hex, key in base64, and rendezvous servers.
fn hip(tokens: &mut Tokens<'_, '_>) -> Data {
    let algorithm = u8::scan(tokens)?;
    let tag = hex(tokens.take()?.text).ok_or(Mistake::Form)?;
    let key = base64::decode::<Vec<u8>>(tokens.take()?.text).map_err(|_| Mistake::Form)?;
    let tag_length = u8::try_from(tag.len()).map_err(|_| Mistake::Form)?;
    let key_length = u16::try_from(key.len()).map_err(|_| Mistake::Form)?;
    let mut data = vec![tag_length, algorithm];
    data.extend_from_slice(&key_length.to_be_bytes());
    data.extend_from_slice(&tag);
    data.extend_from_slice(&key);
    while tokens.continues() {
        data.extend_from_slice(tokens.name()?.as_wire());
    }
    Ok(data)
}

/// NID and L64 (RFC 6742 2.1, 2.3): a preference, and four groups of hex digits.
fn number_and_groups(tokens: &mut Tokens<'_, '_>) -> Data {
    let mut data = u16::scan(tokens)?.to_be_bytes().to_vec();
    let groups: Vec<&str> = tokens.take()?.text.split(':').collect();
    for group in &groups {
        let digits = (1..=4).contains(&group.len()) && group.bytes().all(|b| b.is_ascii_hexdigit());
        let number = u16::from_str_radix(group, 16).ok().filter(|_| digits);
        data.extend_from_slice(&number.ok_or(Mistake::Form)?.to_be_bytes());
    }
    if groups.len() == 4 { Ok(data) } else { Err(Mistake::Form) }
}

/// RFC 6742 2.2.
fn l32(tokens: &mut Tokens<'_, '_>) -> Data {
    let mut data = u16::scan(tokens)?.to_be_bytes().to_vec();
    let locator: Ipv4Addr = tokens.take()?.text.parse().map_err(|_| Mistake::Form)?;
    data.extend_from_slice(&locator.octets());
    Ok(data)
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    let pair = |pair: &[u8]| {
        let text = std::str::from_utf8(pair).ok()?;
        let whole = pair.len() == 2 && pair.iter().all(u8::is_ascii_hexdigit);
        u8::from_str_radix(text, 16).ok().filter(|_| whole)
    };
    pairs.map(pair).collect::<Option<Vec<u8>>>().filter(|bytes| !bytes.is_empty())
}
