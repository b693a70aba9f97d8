//! A reply as text: comments, and records as a zone file has them.

use std::fmt::Write as _;

use hickory_proto::op::{Message, OpCode};
use hickory_proto::rr::rdata::opt::EdnsOption;
use hickory_proto::rr::{RData, Record, RecordType};

use super::{Reply, Transport};
use crate::wire;

/// The whole reply.
pub(super) fn reply(reply: &Reply) -> String {
    let message = &reply.message;
    let mut lines = Vec::new();
    if reply.was_truncated {
        lines.push(";; truncated over UDP, asked again over TCP".into());
    }
    header(message, &mut lines);
    edns(message, &mut lines);
    lines.push(String::new());
    lines.push(";; QUESTION".into());
    for query in &message.queries {
        let rtype = rtype_text(query.query_type);
        lines.push(format!(";{}\t{}\t{rtype}", query.name.to_ascii(), query.query_class));
    }
    section("ANSWER", &message.answers, &mut lines);
    section("AUTHORITY", &message.authorities, &mut lines);
    section("ADDITIONAL", &message.additionals, &mut lines);
    lines.push(String::new());
    lines.push(format!(
        ";; {:.1} ms, {} bytes from {} over {}",
        reply.elapsed.as_secs_f64() * 1000.0,
        reply.size_bytes,
        reply.server,
        match reply.transport {
            Transport::Udp => "UDP",
            Transport::Tcp => "TCP",
        }
    ));
    lines.join("\n") + "\n"
}

fn header(message: &Message, lines: &mut Vec<String>) {
    let head = &message.metadata;
    let opcode = match head.op_code {
        OpCode::Query => "QUERY".to_owned(),
        other => format!("{}", u8::from(other)),
    };
    let status = wire::Rcode(head.response_code.into());
    lines.push(format!(";; opcode {opcode}, status {status}, id {}", head.id));
    let flags = [
        ("qr", true),
        ("aa", head.authoritative),
        ("tc", head.truncation),
        ("rd", head.recursion_desired),
        ("ra", head.recursion_available),
        ("ad", head.authentic_data),
        ("cd", head.checking_disabled),
    ];
    let flags: Vec<&str> = flags.iter().filter(|flag| flag.1).map(|flag| flag.0).collect();
    lines.push(format!(
        ";; flags {}; question {}, answer {}, authority {}, additional {}",
        flags.join(" "),
        message.queries.len(),
        message.answers.len(),
        message.authorities.len(),
        message.additionals.len()
    ));
}

fn edns(message: &Message, lines: &mut Vec<String>) {
    let Some(edns) = &message.edns else { return };
    let mut line = format!(";; EDNS version {}, udp {}", edns.version(), edns.max_payload());
    if edns.flags().dnssec_ok {
        line.push_str(", do");
    }
    lines.push(line);
    for (_, option) in edns.options().as_ref() {
        lines.push(match option {
            EdnsOption::Subnet(subnet) => format!(
                ";; client subnet {}/{}, scope {}",
                subnet.addr(),
                subnet.source_prefix(),
                subnet.scope_prefix()
            ),
            EdnsOption::NSID(id) => format!(";; NSID {}", id.as_ref().escape_ascii()),
            EdnsOption::Unknown(code, bytes) => format!(";; option {code}: {}", hex(bytes)),
            other => format!(";; option of {} bytes", other.len()),
        });
    }
}

fn section(title: &str, records: &[Record], lines: &mut Vec<String>) {
    if records.is_empty() {
        return;
    }
    lines.push(String::new());
    lines.push(format!(";; {title}"));
    for record in records {
        lines.push(format!(
            "{}\t{}\t{}\t{}\t{}",
            record.name.to_ascii(),
            record.ttl,
            record.dns_class,
            rtype_text(record.record_type()),
            harmless(&data_text(&record.data))
        ));
    }
}

fn data_text(data: &RData) -> String {
    match data {
        RData::TXT(txt) => {
            let strings: Vec<String> = txt.txt_data.iter().map(|string| quoted(string)).collect();
            strings.join(" ")
        }
        RData::Unknown { code, rdata } => unknown_text(u16::from(*code), &rdata.anything),
        RData::NULL(null) => generic_text(&null.anything),
        // Nothing that a zone file can hold.
        RData::Update0(_) | RData::OPT(_) => generic_text(&[]),
        known => known.to_string(),
    }
}

/// Data of a type that the reader does not know.
fn unknown_text(code: u16, bytes: &[u8]) -> String {
    match wire::Name::from_wire(bytes) {
        Ok(target) if code == wire::rtype::DNAME => target.to_string(),
        _ => generic_text(bytes),
    }
}

/// Any data at all (RFC 3597 5).
fn generic_text(bytes: &[u8]) -> String {
    format!("\\# {} {}", bytes.len(), hex(bytes)).trim_end().to_owned()
}

fn quoted(string: &[u8]) -> String {
    let mut text = String::from("\"");
    for &byte in string {
        match byte {
            b'"' | b'\\' => {
                text.push('\\');
                text.push(char::from(byte));
            }
            b' '..=b'~' => text.push(char::from(byte)),
            // Writing to a string cannot fail.
            _ => drop(write!(text, "\\{byte:03}")),
        }
    }
    text.push('"');
    text
}

/// Bytes that would move a terminal's cursor, escaped.
fn harmless(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() {
            // Writing to a string cannot fail.
            let _ = write!(safe, "\\{:03}", u32::from(character));
        } else {
            safe.push(character);
        }
    }
    safe
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Mnemonics (IANA DNS parameters); the reader knows some types by number only.
fn rtype_text(rtype: RecordType) -> String {
    match u16::from(rtype) {
        wire::rtype::DNAME => "DNAME".into(),
        wire::rtype::DS => "DS".into(),
        46 => "RRSIG".into(),
        47 => "NSEC".into(),
        48 => "DNSKEY".into(),
        number => match rtype {
            RecordType::Unknown(_) => format!("TYPE{number}"),
            known => known.to_string(),
        },
    }
}
