//! A master file: findings that say where and what, the same each time, or a zone that answers
//! each of its own records to whoever asks for it.
#![no_main]

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use hickory_proto::op::Message;
use libfuzzer_sys::fuzz_target;
use steersman::dns::Transport;
use steersman::finding::Finding;
use steersman::health::Inventory;
use steersman::steering::{Paces, Pools, Turns};
use steersman::view::{CookieSecrets, View, World};
use steersman::wire::{Name, Rcode};
use steersman::zone::{self, Record, Records, Zone, Zones};
use steersman_fuzz::findings;
use steersman_fuzz::folder::is_done_again;
use steersman_fuzz::question::{MOST_BYTES, Memory, Way, ask, plain};
use steersman_fuzz::world::{SEED, places};

const FILE: &str = "example.com.zone";
/// What can be included, beside the file itself.
const INCLUDED: (&str, &[u8]) = ("a.inc", b"inc A 192.0.2.1\n TXT \"included\"\n@ A 192.0.2.2\n");
/// So many records of a zone are asked for.
const MOST_ASKED: usize = 64;

thread_local! {
    static MEMORY: RefCell<Memory> = RefCell::default();
}

fuzz_target!(|text: &[u8]| {
    let apex = Name::parse("example.com.", &Name::root()).expect("a name");
    let (records, built) = read(text, &apex);
    if is_done_again(text) {
        let (again, built_again) = read(text, &apex);
        assert_eq!(records, again);
        assert_eq!(built.as_ref().err(), built_again.as_ref().err());
    }
    match built {
        Ok(zone) => MEMORY.with_borrow_mut(|memory| ask_all(zone, &records, &apex, memory)),
        Err(findings) => {
            assert!(!findings.is_empty(), "refused without a word");
            findings::check(&findings, &[(FILE, text), INCLUDED]);
        }
    }
});

fn read(text: &[u8], apex: &Name) -> (Records, Result<Zone, Vec<Finding>>) {
    let mut include = |written: &str, _: &str| match written {
        "a.inc" => Ok((written.into(), INCLUDED.1.to_vec())),
        FILE => Ok((written.into(), text.to_vec())),
        _ => Err("no such file".into()),
    };
    let (records, mut findings) = zone::read(FILE, text, apex, &mut include);
    match zone::build(apex, &records, &[], SEED) {
        Ok(zone) if findings.is_empty() => (records, Ok(zone)),
        built => {
            findings.extend(built.err().into_iter().flatten());
            findings.sort();
            (records, Err(findings))
        }
    }
}

fn ask_all(zone: Zone, records: &Records, apex: &Name, memory: &mut Memory) {
    assert_eq!(zone.records, records.len());
    let view = view(zone);
    let mut reply_to = |owner: &[u8], rtype, transport| {
        let source = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let way = Way { transport, source, draw: 0, room_bytes: MOST_BYTES };
        let (answered, reply) = ask(&view, &plain(owner, rtype), way, memory);
        let is_authoritative = reply[2] & 4 != 0;
        let answers = u16::from_be_bytes([reply[6], reply[7]]);
        (answered.rcode, is_authoritative, answers)
    };
    // What the other reader does not take by itself it would not take in a reply.
    let unreadable: BTreeSet<u16> =
        records.iter().filter(|record| !is_readable(record)).map(|record| record.rtype).collect();
    let readable = records.iter().filter(|record| !unreadable.contains(&record.rtype));
    for record in readable.take(MOST_ASKED) {
        reply_to(record.owner, record.rtype, Transport::Udp);
        let (rcode, is_authoritative, answers) =
            reply_to(record.owner, record.rtype, Transport::Tcp);
        assert_eq!(rcode, Rcode::NOERROR, "{record:?}");
        assert!(answers > 0 || !is_authoritative, "{record:?}");
        // Below it, and any type, for wildcards, delegations and DNAME.
        reply_to(&[&b"\x01x"[..], record.owner].concat()[..], 1, Transport::Udp);
    }
    assert_eq!(reply_to(apex.as_wire(), 6, Transport::Tcp), (Rcode::NOERROR, true, 1));
}

/// Whether hickory takes a record's data, of which it forbids some that is allowed, such as tags of
/// CAA with more than 15 letters (RFC 8659 4.1).
fn is_readable(record: &Record<'_>) -> bool {
    let [t1, t2] = record.rtype.to_be_bytes();
    let [l1, l2] = (record.rdata.len() as u16).to_be_bytes();
    let before = [0, 0, 0x80, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, t1, t2, 0, 1, 0, 0, 0, 0, l1, l2];
    Message::from_vec(&[&before[..], record.rdata].concat()).is_ok()
}

fn view(zone: Zone) -> View {
    let inventory = Inventory::default();
    let pools = Pools::new(&inventory, |_| unreachable!("there are no pools"));
    let world = World {
            rules: Vec::new(),
            maintenance: Vec::new(),
        zones: Zones::new(vec![Arc::new(zone)], SEED),
        steered: vec![Box::default()],
        inventory: Arc::new(inventory),
        places: Arc::new(places()),
        paces: Paces::default(),
        turns: Turns::default(),
        seed: SEED,
        revision: String::new(),
        commit: None,
    };
    let cookie_secrets = CookieSecrets::default();
    View { world: Arc::new(world), pools, nsid: None, cookie_secrets }
}
