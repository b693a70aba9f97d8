//! What is asked.

use std::collections::BTreeSet;

use hickory_proto::rr::RecordType;

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
const OPT: u16 = 41;
const HEADER_BYTES: usize = 12;
/// The most bytes of a name (RFC 1035 2.3.4).
const LONGEST: usize = 255;
pub const DNAME: RecordType = RecordType::Unknown(39);
/// The labels of zones that are made, and two that are not.
const LABELS: [&str; 9] = ["a", "b", "c", "d", "*", "ns", "\\032x", "Up", "e.f"];

impl Question {
    /// Nothing if the name is too long. Some are written in any case.
    pub fn new(name: &str, rtype: RecordType, random: &mut Random) -> Option<Self> {
        let name = if random.percent(25) { in_any_case(name, random) } else { name.into() };
        let flags = [u8::from(random.percent(30)), 0];
        let edns = random.percent(50);
        let udp_bytes = if edns { *random.pick(&[512, 900, 1232]) } else { 512 };
        let dnssec_ok = random.percent(30);
        let mut packet = random.u16().to_be_bytes().to_vec();
        packet.extend(flags);
        packet.extend([0, 1, 0, 0, 0, 0, 0, u8::from(edns)]);
        packet.extend(wire(&name)?);
        packet.extend(u16::from(rtype).to_be_bytes());
        packet.extend([0, 1]);
        let end = packet.len();
        if edns {
            let [high, low] = (udp_bytes as u16).to_be_bytes();
            packet.extend([0, 0, 41, high, low, 0, 0, u8::from(dnssec_ok) << 7, 0, 0, 0]);
        }
        let tcp = random.percent(5);
        Some(Self { name, rtype, edns, udp_bytes, tcp, packet, end })
    }

    /// The same about another name, over TCP.
    pub fn about(&self, name: &str) -> Option<Self> {
        let mut packet = self.packet[..HEADER_BYTES].to_vec();
        packet.extend(wire(name)?);
        packet.extend(&self.packet[self.end - 4..self.end]);
        let end = packet.len();
        packet.extend(&self.packet[self.end..]);
        Some(Self { name: name.into(), tcp: true, packet, end, ..*self })
    }
}

/// An absolute name as it is sent, if it is one: labels of up to 63 bytes, 255 bytes in all.
fn wire(name: &str) -> Option<Vec<u8>> {
    let (mut wire, mut label) = (Vec::new(), Vec::new());
    let mut rest = name.strip_prefix('.').unwrap_or(name).as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'.' => {
                wire.push(u8::try_from(label.len()).ok().filter(|n| (1..=63).contains(n))?);
                wire.append(&mut label);
            }
            b'\\' => match rest {
                [a @ b'0'..=b'9', b, c, after @ ..] => {
                    label.push((a - b'0') * 100 + (b - b'0') * 10 + (c - b'0'));
                    rest = after;
                }
                [byte, after @ ..] => {
                    label.push(*byte);
                    rest = after;
                }
                [] => return None,
            },
            byte => label.push(byte),
        }
    }
    wire.push(0);
    (label.is_empty() && wire.len() <= LONGEST).then_some(wire)
}

/// Every name of the zones, those around it and below it, with every type.
pub fn around(zones: &Zones, random: &mut Random) -> Vec<Question> {
    let long = format!("{}.{}", "a".repeat(63), "b".repeat(63));
    let before = ["", "nope", "*", "a.b", "foo", "WwW", &long];
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
                names.insert(longest(&name, LONGEST));
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
        let mut name = join(&labels.join("."), random.pick::<&str>(&apexes));
        if random.percent(3) {
            name = longest(&name, LONGEST - random.below(40));
        }
        let rtype = match random.percent(4) {
            true => any_type(random),
            false => *random.pick(&TYPES),
        };
        questions.extend(Question::new(&name, rtype, random));
    }
    questions
}

/// A name of so many bytes on the wire, or one less, below another one.
fn longest(name: &str, bytes: usize) -> String {
    let mut name = name.to_owned();
    // What is too long already stays so.
    while let Some(room) = wire(&name).and_then(|wire| bytes.checked_sub(wire.len() + 2)) {
        name = join(&"x".repeat((room + 1).min(63)), &name);
    }
    name
}

/// Any type that can be asked for, known or not.
fn any_type(random: &mut Random) -> RecordType {
    loop {
        let rtype = if random.percent(50) { random.below(300) as u16 } else { random.u16() };
        // Those of RFC 6895 3.1 that are no data: OPT, and what is only asked for.
        if rtype != 0 && rtype != OPT && !(128..=255).contains(&rtype) {
            return rtype.into();
        }
    }
}

fn in_any_case(name: &str, random: &mut Random) -> String {
    let mut flip = |c: char| {
        if random.percent(50) { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() }
    };
    name.chars().map(&mut flip).collect()
}
