//! Replies in one line of text.

use std::cell::RefCell;
use std::fmt::Write;
use std::net::IpAddr;
use std::time::Duration;

use hickory_proto::op::Message;
use hickory_proto::rr::{RData, Record as Rr};

use super::{NOW, SEED, ask};
use crate::dns::{Answered, Asker, Scratch, Transport, answer};
use crate::steering::Draw;
use crate::view::View;
use crate::wire::{Name, Rcode};

thread_local! {
    /// Used again and again, as a serving thread does.
    static SCRATCH: RefCell<Scratch> = RefCell::new(Scratch::new(SEED));
}

/// How long a connection may be silent.
pub const IDLE: Duration = Duration::from_millis(12_345);

/// The reply to any bytes, written over what stood in the buffer before.
pub fn reply_to(
    view: &View,
    packet: &[u8],
    transport: Transport,
    source: IpAddr,
    room: usize,
) -> Reply {
    reply_at(NOW, view, packet, transport, source, room)
}

/// The reply to any bytes that come at that time.
pub(super) fn reply_at(
    unix_seconds: u32,
    view: &View,
    packet: &[u8],
    transport: Transport,
    source: IpAddr,
    room: usize,
) -> Reply {
    let idle_timeout = (transport == Transport::Tcp).then_some(IDLE);
    let asker = Asker { source, transport, unix_seconds, idle_timeout };
    let mut out = vec![0xee; room];
    let answered = SCRATCH
        .with_borrow_mut(|scratch| answer(view, packet, &asker, Draw::new(0), scratch, &mut out));
    out.truncate(answered.length);
    Reply { bytes: out, answered, asked: Vec::new() }
}

/// Options by code, with their data.
type Options = Vec<(u16, Vec<u8>)>;

/// What came back.
pub struct Reply {
    pub bytes: Vec<u8>,
    pub answered: Answered,
    pub(super) asked: Vec<u8>,
}

impl Reply {
    pub fn message(&self) -> Message {
        Message::from_vec(&self.bytes).unwrap_or_else(|error| panic!("{error}: {:?}", self.bytes))
    }

    /// The records of the reply: response code, flags, then each record; those of the authority
    /// section after a `!`, additional ones after a `+`. `Q` stands for the name that was asked,
    /// as it was asked.
    pub fn text(&self) -> String {
        if self.bytes.is_empty() {
            return "silence".into();
        }
        let message = self.message();
        let mut text = self.rcode().to_string();
        for (flag, set) in [
            (" aa", message.metadata.authoritative),
            (" tc", message.metadata.truncation),
            (" ra", message.metadata.recursion_available),
        ] {
            text.push_str(if set { flag } else { "" });
        }
        let asked = self.question_text();
        for (mark, records) in
            [("", &message.answers), ("! ", &message.authorities), ("+ ", &message.additionals)]
        {
            for record in records {
                write!(text, "; {mark}{}", record_text(record, asked.as_deref())).unwrap();
            }
        }
        text
    }

    /// The response code with its extended bits, as the bytes have it.
    pub fn rcode(&self) -> Rcode {
        let high = self.message().edns.map_or(0, |edns| u16::from(edns.rcode_high()));
        Rcode(high << 4 | u16::from(self.bytes[3] & 0x0f))
    }

    fn question_text(&self) -> Option<String> {
        let wire = Name::from_wire(&self.asked).ok()?;
        Some(wire.to_string())
    }

    /// The OPT record of the reply: UDP size, flags' first byte and options; none without one.
    pub fn opt(&self) -> Option<(u16, bool, Options)> {
        let edns = self.message().edns?;
        assert_eq!(edns.version(), 0);
        let mut rest = &self.opt_bytes()?[11..];
        let mut options = Vec::new();
        while let [c1, c2, l1, l2, after @ ..] = rest {
            let length = usize::from(u16::from_be_bytes([*l1, *l2]));
            options.push((u16::from_be_bytes([*c1, *c2]), after[..length].to_vec()));
            rest = &after[length..];
        }
        Some((edns.max_payload(), edns.flags().dnssec_ok, options))
    }

    /// The OPT record in wire form: the last one of the reply.
    pub fn opt_bytes(&self) -> Option<&[u8]> {
        let reaches_the_end = |opt: &&[u8]| match opt {
            [0, 0, 41, _, _, _, _, _, _, l1, l2, data @ ..] => {
                data.len() == usize::from(u16::from_be_bytes([*l1, *l2]))
            }
            _ => false,
        };
        (0..self.bytes.len()).map(|at| &self.bytes[at..]).find(reaches_the_end)
    }

    /// The data of an option of the reply.
    pub fn option(&self, wanted: u16) -> Option<Vec<u8>> {
        Some(self.opt()?.2.into_iter().find(|(code, _)| *code == wanted)?.1)
    }

    /// The client subnet option of the reply.
    pub fn subnet(&self) -> Option<Vec<u8>> {
        self.option(8)
    }

    /// The extended error of the reply: its code and its text, with a space between.
    pub fn extended_error(&self) -> Option<String> {
        let data = self.option(15)?;
        let (code, text) = data.split_first_chunk().unwrap();
        let text = std::str::from_utf8(text).unwrap();
        Some(format!("{} {text}", u16::from_be_bytes(*code)).trim_end().to_owned())
    }

    /// The scope of the client subnet option.
    pub fn scope(&self) -> Option<u8> {
        self.subnet().map(|data| data[3])
    }
}

fn record_text(record: &Rr, asked: Option<&str>) -> String {
    let owner = record.name.to_ascii();
    let owner = if Some(&*owner) == asked { "Q" } else { &owner };
    let (ttl, rtype) = (record.ttl, record.record_type());
    match &record.data {
        RData::SOA(_) => format!("{owner} {ttl} SOA"),
        // hickory knows no DNAME: its data is one name, not compressed (RFC 6672 2.5).
        RData::Unknown { rdata, .. } if u16::from(rtype) == 39 => {
            format!("{owner} {ttl} DNAME {}", Name::from_wire(&rdata.anything).unwrap())
        }
        RData::Unknown { rdata, .. } => {
            let bytes: String = rdata.anything.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("{owner} {ttl} TYPE{} {bytes}", u16::from(rtype))
        }
        data => format!("{owner} {ttl} {rtype} {data}"),
    }
}

/// Asserts what each question is answered, all by one view.
pub fn check(view: &View, table: &[(&str, &str)]) {
    for (question, wanted) in table {
        assert_eq!(&ask(question).of(view).text(), wanted, "{question}");
    }
}
