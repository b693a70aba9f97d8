//! Record types and data as zone files write them (RFC 1035 5.1, RFC 3597 5).

use domain::base::iana::Rtype;
use domain::base::name::ParsedName;
use domain::base::rdata::ParseAnyRecordData as _;
use domain::base::zonefile_fmt::{DisplayKind, ZonefileFmt as _};
use domain::dep::octseq::Parser;
use domain::rdata::AllRecordData;

/// The mnemonic of a record type, or `TYPE` and its number.
pub fn rtype_text(rtype: u16) -> String {
    Rtype::from_int(rtype).to_string()
}

/// The data of a record as text; what cannot be read as its type says is written byte by byte.
pub fn data_text(rtype: u16, rdata: &[u8]) -> String {
    type Data<'a> = AllRecordData<&'a [u8], ParsedName<&'a [u8]>>;
    let mut parser = Parser::from_ref(rdata);
    match Data::parse_any_rdata(Rtype::from_int(rtype), &mut parser) {
        // The first is nothing that a zone file can hold.
        Ok(AllRecordData::Opt(_) | AllRecordData::Unknown(_)) | Err(_) => bytes_text(rdata),
        Ok(_) if parser.remaining() > 0 => bytes_text(rdata),
        Ok(data) => data.display_zonefile(DisplayKind::Simple).to_string(),
    }
}

/// Data of any type.
fn bytes_text(rdata: &[u8]) -> String {
    let hex: String = rdata.iter().map(|byte| format!("{byte:02X}")).collect();
    format!("\\# {} {hex}", rdata.len()).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_have_names_or_numbers() {
        let texts = [1, 39, 43, 46, 65, 65_400].map(rtype_text);
        assert_eq!(texts, ["A", "DNAME", "DS", "RRSIG", "HTTPS", "TYPE65400"]);
    }

    #[test]
    fn data_is_written_as_a_zone_file_would() {
        for (rtype, rdata, text) in [
            (1, &[192, 0, 2, 1][..], "192.0.2.1"),
            (5, b"\x03www\x07example\x00", "www.example."),
            (39, b"\x01a\x02b.\x00", "a.b\\.."),
            (15, b"\x00\x0a\x04mail\x00", "10 mail."),
            (16, b"\x03a b\x01c\x02\"\x07", "\"a b\" \"c\" \"\\\"\\007\""),
            (65, b"\x00\x01\x00\x00\x01\x00\x03\x02h2", "1 . alpn=h2"),
            (257, b"\x00\x05issueca.net", "0 issue \"ca.net\""),
            (65_400, &[10, 0, 0, 1], "\\# 4 0A000001"),
            (65_400, &[], "\\# 0"),
            // Not what its type says.
            (1, &[192, 0, 2], "\\# 3 C00002"),
            (1, &[192, 0, 2, 1, 9], "\\# 5 C000020109"),
        ] {
            assert_eq!(data_text(rtype, rdata), text, "{rtype}");
        }
    }
}
