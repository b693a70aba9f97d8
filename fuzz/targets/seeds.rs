//! Writes packets of every kind into a folder, for fuzzing of answers to begin with:
//! `seeds corpus/answer`. Which of them are worth keeping is for the engine to say.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::{env, fs, iter};

use libfuzzer_sys as _; // Which has the counters that the library is built with.
use steersman::wire::Name;
use steersman_fuzz::question::{Memory, ask, plain, way};
use steersman_fuzz::world::views;

/// Names that lead to each of the ways to answer.
const NAMES: &[&str] = &[
    "example.com",
    "www.example.com",
    "WwW.eXample.com",
    "api.example.com",
    "rr.example.com",
    "geo.example.com",
    "near.example.com",
    "alias.example.com",
    "one.example.com",
    "nest.example.com",
    "x.apps.example.com",
    "last.example.com",
    "c.example.com",
    "far.example.com",
    "loop.example.com",
    "to.example.com",
    "x.d.example.com",
    "x.grow.example.com",
    "wild.example.com",
    "x.y.wild.example.com",
    "*.wild.example.com",
    "a.x.middle.example.com",
    "er.empty.example.com",
    "cut.example.com",
    "x.cut.example.com",
    "bare.example.com",
    "_sip._tcp.example.com",
    "caa.example.com",
    "svc.example.com",
    "odd.example.com",
    "big.example.com",
    "n29.example.com",
    "n31.example.com",
    "n75.example.com",
    "huge.example.com",
    "nope.example.com",
    "www.sub.example.com",
    "back.sub.example.com",
    "c.x.sub.example.com",
    "com",
    "x.org",
    ".",
    "x.wild",
    "10.2.0.192.in-addr.arpa",
];
/// A, NS, CNAME, SOA, MX, TXT, AAAA, SRV, DNAME, OPT, DS, HTTPS, TSIG, IXFR, AXFR, MAILB, ANY, CAA,
/// and one of no meaning.
const TYPES: [u16; 19] =
    [1, 2, 5, 6, 15, 16, 28, 33, 39, 41, 43, 65, 250, 251, 252, 253, 255, 257, 65_280];

/// How often each name is asked for with each type.
const ROUNDS: usize = 4;

fn main() {
    let folder = PathBuf::from(env::args().nth(1).expect("a folder to write into"));
    fs::create_dir_all(&folder).expect("a folder");
    let (seeds, views, mut memory) = (seeds(), views(), Memory::default());
    let mut tally = BTreeMap::new();
    for (number, seed) in seeds.iter().enumerate() {
        fs::write(folder.join(format!("seed{number:04}")), seed).expect("a file");
        let (head, packet) = seed.split_first_chunk().expect("a head");
        let (view, way) = way(*head);
        let (answered, reply) = ask(&views[view], packet, way, &mut memory);
        let is_cut = reply.get(2).is_some_and(|flags| flags & 2 != 0);
        *tally.entry((answered.reason.name(), answered.rcode.0, is_cut)).or_insert(0) += 1;
    }
    for ((reason, rcode, is_cut), count) in tally {
        println!("{count:4} {reason}, response code {rcode}{}", if is_cut { ", cut" } else { "" });
    }
}

/// Every name with every type, each with some of the options, faults and ways.
fn seeds() -> Vec<Vec<u8>> {
    let (options, mut seeds) = (options(), Vec::new());
    let rounds = iter::repeat_n(NAMES, ROUNDS).flatten();
    for (name, rtype) in rounds.flat_map(|name| TYPES.map(|rtype| (name, rtype))) {
        let name = Name::parse(name, &Name::root()).expect("a name");
        let mut turns = mixed(seeds.len() as u64).to_le_bytes();
        let [option, fault, ref mut head @ ..] = turns;
        let mut packet = plain(name.as_wire(), rtype);
        if let Some(opt) = &options[usize::from(option) % options.len()] {
            packet[11] = 1;
            packet.extend(opt);
        }
        break_it(&mut packet, fault);
        // UDP for one in two, and the source address mostly one that cookies are made for.
        if head[3] & 1 == 0 {
            head[0] = 0;
        }
        if head[3] & 2 == 0 {
            head[2..].fill(0);
        }
        seeds.push([&head[..], &packet].concat());
    }
    seeds
}

/// The finalizer of SplitMix64, for turns that have nothing to do with each other.
fn mixed(number: u64) -> u64 {
    let number = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

/// OPT records with everything that can stand in them.
fn options() -> Vec<Option<Vec<u8>>> {
    let opt = |size, ttl, options: &[(u16, &[u8])]| Some(opt(size, ttl, options));
    let cookie = cookie();
    vec![
        None,
        opt(1232, 0, &[]),
        opt(512, 0x8000, &[(3, b"")]),
        opt(4096, 0, &[(10, b"12345678")]),
        opt(4096, 0, &[(10, &cookie)]),
        opt(0, 0, &[(10, b"12345678abcdefghijklmnop"), (3, b"")]),
        opt(1232, 0, &[(10, b"1234567")]),
        opt(1232, 0, &[(8, &[0, 1, 24, 0, 10, 1, 2])]),
        None,
        opt(600, 0, &[(8, &[0, 1, 32, 0, 10, 33, 2, 1]), (10, b"12345678")]),
        opt(1232, 0, &[(8, &[0, 2, 56, 0, 0x20, 1, 0x0d, 0xb8, 0, 1, 2])]),
        opt(1232, 0, &[(8, &[0, 2, 128, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 10, 48, 0, 9])]),
        opt(1232, 0, &[(8, &[0, 0, 0, 0])]),
        opt(1232, 0, &[(8, &[0, 1, 0, 0])]),
        opt(1232, 0, &[(8, &[0, 1, 20, 0, 10, 1, 2])]),
        opt(1232, 0, &[(8, &[0, 1, 33, 0, 10, 1, 2, 3, 4])]),
        opt(1232, 0, &[(8, &[0, 3, 8, 0, 10])]),
        opt(1232, 0, &[(8, &[0, 1, 24, 8, 10, 1, 2])]),
        opt(1232, 0, &[(11, b"")]),
        opt(1232, 0, &[(11, b"\0\x64"), (3, b"")]),
        opt(1232, 0, &[(12, &[0; 40])]),
        opt(1232, 0, &[(65_001, b"what"), (3, b"")]),
        opt(1232, 0x0001_0000, &[]),
        opt(1232, 0x0001_8000, &[(10, &cookie)]),
        // An option that is longer than the record.
        Some([&[0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 6][..], &[0, 3, 0, 9, 1, 2]].concat()),
        // Most askers are honest.
        None,
        opt(1232, 0x8000, &[]),
        opt(4096, 0, &[]),
    ]
}

fn opt(size: u16, ttl: u32, options: &[(u16, &[u8])]) -> Vec<u8> {
    let mut data = Vec::new();
    for (code, value) in options {
        data.extend([code.to_be_bytes(), (value.len() as u16).to_be_bytes()].concat());
        data.extend(*value);
    }
    let (size, ttl, length) = (size.to_be_bytes(), ttl.to_be_bytes(), data.len() as u16);
    [&[0, 0, 41][..], &size, &ttl, &length.to_be_bytes(), &data].concat()
}

/// A cookie that is good for the first address.
fn cookie() -> Vec<u8> {
    let mut packet = plain(b"\0", 1);
    packet[11] = 1;
    packet.extend(opt(1232, 0, &[(10, b"12345678")]));
    let (view, way) = way([0; 6]);
    let mut memory = Memory::default();
    let (answered, reply) = ask(&views()[view], &packet, way, &mut memory);
    assert!(answered.opt_bytes > 28, "a reply with a cookie");
    let opt = &reply[answered.length - answered.opt_bytes..];
    opt[15..39].to_vec()
}

/// What is wrong with one packet in five.
fn break_it(packet: &mut Vec<u8>, fault: u8) {
    match fault % 60 {
        // NOTIFY, UPDATE, a response, other flags.
        0 => packet[2] |= 4 << 3,
        1 => packet[2] |= 5 << 3,
        2 => packet[2] |= 0x80,
        3 => (packet[2], packet[3]) = (0x07, 0x7f),
        // No question, two, and more records than there are.
        4 => packet[5] = 2,
        5 => packet[9] = 1,
        6 | 7 => {
            let end = 12 + packet[12..].iter().position(|byte| *byte == 0).unwrap_or(0) + 5;
            packet.drain(12..end);
            packet[5] = 0;
        }
        // A pointer where the name begins; the class CHAOS; bytes beyond the end, and too few.
        8 => packet.splice(12..13, [0xc0, 0x0c]).for_each(drop),
        9 => {
            let at = 12 + packet[12..].iter().position(|byte| *byte == 0).unwrap_or(0) + 4;
            packet[at] = 3;
        }
        10 => packet.extend(b"more"),
        11 => packet.truncate(packet.len() - 3),
        _ => {}
    }
}
