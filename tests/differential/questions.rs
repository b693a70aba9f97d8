//! What is asked.

use std::collections::BTreeSet;

use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query};
use hickory_proto::rr::{Name, RecordType};

use crate::random::Random;
use crate::zones::{Zones, join};

/// One question, as it is sent.
pub struct Question {
    /// Its name as text, as it was asked.
    pub name: String,
    pub rtype: RecordType,
    pub edns: bool,
    /// The most bytes that a reply over UDP may have.
    pub udp_bytes: usize,
    /// Over TCP only; otherwise over UDP first.
    pub tcp: bool,
    pub packet: Vec<u8>,
    /// Where the question ends in the packet.
    pub end: usize,
}

const TYPES: [RecordType; 12] = [
    RecordType::A,
    RecordType::AAAA,
    RecordType::NS,
    RecordType::DS,
    RecordType::CNAME,
    RecordType::SOA,
    RecordType::MX,
    RecordType::TXT,
    RecordType::ANY,
    DNAME,
    RecordType::Unknown(65_400),
    RecordType::Unknown(62_222),
];
pub const DNAME: RecordType = RecordType::Unknown(39);
/// The labels of zones that are made, and two that are not.
const LABELS: [&str; 9] = ["a", "b", "c", "d", "*", "ns", "\\032x", "Up", "e.f"];

impl Question {
    /// Nothing if the name is too long.
    pub fn new(name: &str, rtype: RecordType, random: &mut Random) -> Option<Self> {
        let asked = match Name::from_ascii(name) {
            Ok(asked) if asked.len() <= 255 => asked,
            _ => return None,
        };
        let mut message = Message::new(random.u16(), MessageType::Query, OpCode::Query);
        message.metadata.recursion_desired = random.percent(30);
        message.add_query(Query::query(asked, rtype));
        let end = message.to_vec().ok()?.len();
        let edns = random.percent(50);
        let udp_bytes = if edns { *random.pick(&[512, 900, 1232]) } else { 512 };
        if edns {
            let mut option = Edns::new();
            option.set_max_payload(udp_bytes as u16);
            message.set_edns(option);
        }
        let packet = message.to_vec().ok()?;
        Some(Self {
            name: name.into(),
            rtype,
            edns,
            udp_bytes,
            tcp: random.percent(5),
            packet,
            end,
        })
    }
}

/// Every name of the zones, those around it and below it, with every type.
pub fn around(zones: &Zones, random: &mut Random) -> Vec<Question> {
    let longest = format!("{}.{}", "a".repeat(63), "b".repeat(63));
    let before = ["", "nope", "*", "a.b", "foo", "WwW", &longest];
    let mut names =
        BTreeSet::from([".", "com.", "test.", "child.test.", "EXAMPLE."].map(str::to_owned));
    for zone in &zones.0 {
        for line in zone.text.lines().filter(|line| !line.is_empty()) {
            let owner = line.split(' ').next().unwrap();
            let mut name = match owner {
                "@" => zone.apex.clone(),
                owner => join(owner, &zone.apex),
            };
            while !name.is_empty() {
                names.extend(before.map(|before| join(before, &name)));
                name = match name.split_once('.') {
                    Some((_, above)) => above.to_owned(),
                    None => String::new(),
                };
            }
        }
    }
    let mut questions = Vec::new();
    for name in &names {
        questions.extend(TYPES.iter().filter_map(|rtype| Question::new(name, *rtype, random)));
    }
    questions
}

/// So many questions for names that such zones may have.
pub fn among(zones: &Zones, count: usize, random: &mut Random) -> Vec<Question> {
    let mut apexes: Vec<&str> = zones.0.iter().map(|zone| zone.apex.as_str()).collect();
    apexes.push("zz.");
    let mut questions = Vec::with_capacity(count);
    while questions.len() < count {
        let depth = *random.pick(&[0, 1, 1, 2, 2, 2, 3, 3, 4]);
        let labels: Vec<&str> = (0..depth).map(|_| *random.pick(&LABELS)).collect();
        let name = join(&labels.join("."), random.pick::<&str>(&apexes));
        let rtype = *random.pick(&TYPES);
        questions.extend(Question::new(&name, rtype, random));
    }
    questions
}
