//! A reply as text: comments, and records as a zone file has them.

use std::fmt::Write as _;

use data_encoding::HEXLOWER;
use domain::base::iana::ExtendedErrorCode;
use hickory_proto::op::{Message, OpCode};
use hickory_proto::rr::Record;
use hickory_proto::rr::rdata::opt::{EdnsCode, EdnsOption};
use hickory_proto::serialize::binary::BinEncodable as _;
use serde_json::{Value, json};

use super::{Reply, Transport};
use crate::presentation::{data_text, rtype_text};
use crate::wire;

/// The option of RFC 8914, which hickory has no name for.
const EXTENDED_ERROR: u16 = 15;

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
        let rtype = rtype_text(query.query_type.into());
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
        transport(reply)
    ));
    lines.join("\n") + "\n"
}

/// The same as JSON.
pub(super) fn json(reply: &Reply) -> Value {
    let message = &reply.message;
    let head = &message.metadata;
    let records = |section: &[Record]| -> Vec<Value> { section.iter().map(record).collect() };
    let question = message.queries.iter().map(|query| {
        json!({ "name": query.name.to_ascii(), "type": rtype_text(query.query_type.into()) })
    });
    json!({
        "status": wire::Rcode(head.response_code.into()).to_string(),
        "id": head.id,
        "flags": flags(message),
        "edns": message.edns.as_ref().map(|edns| json!({
            "version": edns.version(),
            "udp_bytes": edns.max_payload(),
            "options": edns.options().as_ref().iter().map(|(_, option)| {
                option_text(option).trim_start_matches(";; ").to_owned()
            }).collect::<Vec<_>>(),
        })),
        "question": question.collect::<Vec<_>>(),
        "answer": records(&message.answers),
        "authority": records(&message.authorities),
        "additional": records(&message.additionals),
        "took_ms": reply.elapsed.as_secs_f64() * 1000.0,
        "bytes": reply.size_bytes,
        "server": reply.server.to_string(),
        "transport": transport(reply).to_lowercase(),
        "was_truncated": reply.was_truncated,
    })
}

fn record(record: &Record) -> Value {
    json!({
        "name": record.name.to_ascii(),
        "ttl_seconds": record.ttl,
        "type": rtype_text(record.record_type().into()),
        "data": data(record),
    })
}

fn transport(reply: &Reply) -> &'static str {
    match reply.transport {
        Transport::Udp => "UDP",
        Transport::Tcp => "TCP",
    }
}

fn header(message: &Message, lines: &mut Vec<String>) {
    let head = &message.metadata;
    let opcode = match head.op_code {
        OpCode::Query => "QUERY".to_owned(),
        other => format!("{}", u8::from(other)),
    };
    let status = wire::Rcode(head.response_code.into());
    lines.push(format!(";; opcode {opcode}, status {status}, id {}", head.id));
    lines.push(format!(
        ";; flags {}; question {}, answer {}, authority {}, additional {}",
        flags(message).join(" "),
        message.queries.len(),
        message.answers.len(),
        message.authorities.len(),
        message.additionals.len()
    ));
}

fn flags(message: &Message) -> Vec<&'static str> {
    let head = &message.metadata;
    let flags = [
        ("qr", true),
        ("aa", head.authoritative),
        ("tc", head.truncation),
        ("rd", head.recursion_desired),
        ("ra", head.recursion_available),
        ("ad", head.authentic_data),
        ("cd", head.checking_disabled),
    ];
    flags.iter().filter(|flag| flag.1).map(|flag| flag.0).collect()
}

fn edns(message: &Message, lines: &mut Vec<String>) {
    let Some(edns) = &message.edns else { return };
    let mut line = format!(";; EDNS version {}, udp {}", edns.version(), edns.max_payload());
    if edns.flags().dnssec_ok {
        line.push_str(", do");
    }
    lines.push(line);
    lines.extend(edns.options().as_ref().iter().map(|(_, option)| option_text(option)));
}

fn option_text(option: &EdnsOption) -> String {
    match option {
        EdnsOption::Subnet(subnet) => format!(
            ";; client subnet {}/{}, scope {}",
            subnet.addr(),
            subnet.source_prefix(),
            subnet.scope_prefix()
        ),
        EdnsOption::NSID(id) => format!(";; NSID {}", id.as_ref().escape_ascii()),
        EdnsOption::Unknown(code, data) => told(EdnsCode::from(*code), data)
            .unwrap_or_else(|| format!(";; option {code}: {}", HEXLOWER.encode(data))),
        other => format!(";; option of {} bytes", other.len()),
    }
}

/// What an option says that hickory leaves to us; none if it is malformed or unknown.
fn told(code: EdnsCode, data: &[u8]) -> Option<String> {
    match code {
        EdnsCode::Cookie => {
            let (client, server) = data.split_at_checked(8).filter(|(_, rest)| !rest.is_empty())?;
            Some(format!(
                ";; cookie {}, server {}",
                HEXLOWER.encode(client),
                HEXLOWER.encode(server)
            ))
        }
        EdnsCode::Keepalive => {
            let tenths = u16::from_be_bytes(data.try_into().ok()?);
            Some(format!(";; keepalive {} s", f64::from(tenths) / 10.0))
        }
        EdnsCode::Unknown(EXTENDED_ERROR) => {
            let (code, text) = data.split_first_chunk()?;
            let error = ExtendedErrorCode::from_int(u16::from_be_bytes(*code));
            let name = error.to_mnemonic_str().unwrap_or("unknown");
            let mut line = format!(";; extended error {} ({name})", error.to_int());
            if !text.is_empty() {
                line = format!("{line}: {}", harmless(&String::from_utf8_lossy(text)));
            }
            Some(line)
        }
        _ => None,
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
            rtype_text(record.record_type().into()),
            harmless(&data(record))
        ));
    }
}

fn data(record: &Record) -> String {
    // What was just read can be written again.
    let bytes = record.data.to_bytes().unwrap_or_default();
    data_text(record.record_type().into(), &bytes)
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
