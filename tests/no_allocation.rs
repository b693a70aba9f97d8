//! Between receiving a packet and sending its reply nothing is allocated, whatever is asked.
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use steersman::dns::{
    Answered, Asker, MAX_UDP_BYTES, Reason, Scratch, Transport, answer, truncate,
};
use steersman::health::{
    Answers, Endpoint, EndpointAddress, Inventory, Pool, Standing, StandingNow,
};
use steersman::place::{GeoKey, Places, geo_map};
use steersman::rate_limit::{Limiter, Settings, Verdict};
use steersman::steering::{
    AllDown, Branch, Draw, Leaf, Placed, PlacedBy, Policy, Pools, RoundRobin, SteeredName, Turns,
    Weighted,
};
use steersman::view::{CookieSecrets, View, World};
use steersman::wire::Name;
use steersman::zone::{Steered, SteeredTypes, Zones, build, read};

/// Counts what the present thread allocates.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

#[expect(unsafe_code, reason = "an allocator can be written in no other way")]
// SAFETY: everything is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller keeps to the same contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the pointer came from `System.alloc` above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const SEED: u64 = 7;

const ZONE: &str = "\
@ 3600 SOA ns host 1 1h 15m 2w 300
@ 3600 NS ns.net.
$TTL 600
www A 192.0.2.1
big TXT \"0123456789012345678901234567890123456789012345678901234567890123456789\"
*.wild A 192.0.2.2
c CNAME steered
s CNAME www
l CNAME l2
l2 CNAME l
d DNAME wild
grow DNAME grow.grow
cut NS ns.cut
ns.cut A 192.0.2.3
";

fn name(text: &str) -> Name {
    Name::parse(text, &Name::root()).expect("a name")
}

fn pool(addresses: &[EndpointAddress], answers: Answers) -> Pool {
    let endpoint =
        |address: &EndpointAddress| Endpoint { address: address.clone(), weight: 1, probe: None };
    Pool {
        name: "pool".into(),
        region: None,
        monitors: Vec::new(),
        endpoints: addresses.iter().map(endpoint).collect(),
        min_healthy: 1,
        answers,
    }
}

fn ip(text: &str) -> EndpointAddress {
    EndpointAddress::Ip(text.parse().expect("an address"))
}

fn leaf(pool: u32) -> Policy {
    Policy::Pool(Leaf { pool, slot: pool as u16 })
}

/// Pool 0 is down, pool 1 up, pool 2 of host names.
fn inventory() -> Inventory {
    let host = EndpointAddress::Host {
        wire: name("www.example.").as_wire().into(),
        text: "www.example.".into(),
    };
    Inventory {
        pools: vec![
            pool(&[ip("192.0.2.10"), ip("2001:db8::10")], Answers::All),
            pool(&[ip("192.0.2.20"), ip("192.0.2.21"), ip("2001:db8::20")], Answers::One),
            pool(&[host], Answers::All),
        ],
        ..Inventory::default()
    }
}

fn policies() -> Vec<(&'static str, Policy, AllDown)> {
    let both = || -> Box<[Policy]> { [leaf(0), leaf(1)].into() };
    let branches = || both().into_iter().map(|policy| Branch { weight: 1, policy }).collect();
    let keys = [GeoKey::Network { address: [10, 0, 0, 0].into(), length: 8 }, GeoKey::Default];
    let map = Arc::new(geo_map(&Places::unknown(), &keys));
    let by = PlacedBy::Geo(Box::default()).into();
    vec![
        ("steered.example.", Policy::Failover(both()), AllDown::Serve),
        (
            "weighted.example.",
            Policy::Weighted(Weighted::new(branches(), None).expect("weights")),
            AllDown::Serve,
        ),
        (
            "sticky.example.",
            Policy::Weighted(Weighted::new(branches(), Some(1)).expect("weights")),
            AllDown::Serve,
        ),
        (
            "robin.example.",
            Policy::RoundRobin(RoundRobin { branches: both(), turn: 0 }),
            AllDown::Serve,
        ),
        ("geo.example.", Policy::Placed(Placed { map, branches: both(), by }), AllDown::Serve),
        ("alias.example.", leaf(2), AllDown::Serve),
        ("serve.example.", leaf(0), AllDown::Serve),
        ("nodata.example.", leaf(0), AllDown::NoData),
        ("fail.example.", leaf(0), AllDown::ServFail),
        ("last.example.", leaf(0), AllDown::Policy(leaf(1))),
    ]
}

fn view() -> View {
    let hosts = |owner: &str| owner == "alias.example.";
    let policies = policies();
    let owners: Vec<Steered> = policies
        .iter()
        .map(|(owner, ..)| Steered {
            owner: name(owner),
            types: if hosts(owner) { SteeredTypes::Hosts } else { SteeredTypes::Addresses },
            file: "t".into(),
            position: (1, 1),
        })
        .collect();
    let names: Box<[SteeredName]> = policies
        .into_iter()
        .map(|(owner, policy, all_down)| SteeredName {
            owner: name(owner),
            ttl_seconds: 30,
            policy,
            all_down,
            first_slot: 0,
            slots: [0, 1, 2].into(),
            some_hosts: hosts(owner),
        })
        .collect();
    let big: String = (0..40).map(|n| format!("{} {n}\n", "big TXT")).collect();
    let text = format!("{ZONE}{big}");
    let apex = name("example.");
    let (records, findings) = read("z", text.as_bytes(), &apex, &mut |_, _| Err("none".into()));
    assert_eq!(findings, []);
    let zone = build(&apex, &records, &owners, SEED).expect("a good zone");
    let inventory = inventory();
    let pools = Pools::new(&inventory, |id| StandingNow {
        standing: if id.pool == 0 { Standing::Down } else { Standing::Up },
        hold: None,
    });
    let world = World {
        zones: Zones::new(vec![Arc::new(zone)], SEED),
        steered: vec![names],
        inventory: Arc::new(inventory),
        places: Arc::new(Places::unknown()),
        turns: Turns::new(Turns::OF_A_POLICY),
        seed: SEED,
        revision: "test".into(),
    };
    let cookie_secrets = CookieSecrets::new(&[[1; 16], [2; 16]]);
    View { world: Arc::new(world), pools, nsid: Some(b"ns1"[..].into()), cookie_secrets }
}

const HEADER: [u8; 12] = [0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1];
/// NSID, a client subnet, keepalive, padding, and a cookie with a part of a server that is not good.
const OPTIONS: &[u8] = b"\0\x03\0\0\0\x08\0\x07\0\x01\x18\0\x0a\x01\x02\0\x0b\0\0\
    \0\x0c\0\x02\0\0\0\x0a\0\x18clientXX\x01\0\0\0\0\0\0\x07serverXX";
/// When all of them are asked: within the time of that cookie.
const NOW_SECONDS: u32 = 8;

/// An OPT record with these options.
fn opt(options: &[u8]) -> Vec<u8> {
    [&[0, 0, 41, 4, 208, 0, 0, 0, 0, 0, options.len() as u8][..], options].concat()
}

/// A question with every option that is answered.
fn packet(owner: &str, rtype: u16) -> Vec<u8> {
    let question = [name(owner).as_wire(), &rtype.to_be_bytes(), &[0, 1]].concat();
    [&HEADER[..], &question, &opt(OPTIONS)].concat()
}

/// Answers a packet, and sees to it that nothing was allocated.
#[track_caller]
fn answer_without_allocating(
    view: &View,
    packet: &[u8],
    transport: Transport,
) -> (Answered, Vec<u8>) {
    let (room, idle_timeout) = match transport {
        Transport::Udp => (usize::from(MAX_UDP_BYTES), None),
        _ => (65_535, Some(Duration::from_secs(10))),
    };
    let source = [198, 51, 100, 7].into();
    let asker = Asker { source, transport, unix_seconds: NOW_SECONDS, idle_timeout };
    let (mut scratch, mut out) = (Scratch::new(SEED), vec![0; room]);
    let before = ALLOCATIONS.get();
    let answered = answer(view, packet, &asker, Draw::new(0x1234_5678), &mut scratch, &mut out);
    assert_eq!(ALLOCATIONS.get() - before, 0, "{packet:?}");
    out.truncate(answered.length);
    (answered, out)
}

#[test]
fn no_answer_allocates() {
    use Reason::*;
    let view = view();
    let mut table: Vec<(Vec<u8>, Reason)> = [
        ("www.example.", 1, Static),
        ("www.example.", 255, Static),
        ("www.example.", 28, NoData),
        ("x.wild.example.", 1, Static),
        ("nope.example.", 1, NxDomain),
        ("c.example.", 1, Steered),
        ("s.example.", 1, Static),
        ("l.example.", 1, Static),
        ("a.d.example.", 1, Static),
        ("a.grow.example.", 1, Static),
        ("a.cut.example.", 1, Referral),
        ("cut.example.", 43, NoData),
        ("big.example.", 16, Static),
        ("elsewhere.", 1, Refused),
        ("example.", 252, Refused),
        ("www.example.", 41, Malformed),
        ("steered.example.", 1, Steered),
        ("steered.example.", 28, Steered),
        ("steered.example.", 255, Steered),
        ("weighted.example.", 1, Steered),
        ("sticky.example.", 1, Steered),
        ("robin.example.", 1, Steered),
        ("geo.example.", 1, Steered),
        ("alias.example.", 1, Steered),
        ("alias.example.", 15, Steered),
        ("serve.example.", 1, Degraded),
        ("nodata.example.", 1, Degraded),
        ("fail.example.", 1, ServFail),
        ("last.example.", 1, Degraded),
    ]
    .into_iter()
    .map(|(owner, rtype, reason)| (packet(owner, rtype), reason))
    .collect();
    let good = packet("www.example.", 1);
    let changed = |at: usize, byte: u8| {
        let mut packet = good.clone();
        packet[at] = byte;
        packet
    };
    let mut plain = good.clone();
    plain.truncate(good.len() - opt(OPTIONS).len());
    plain[11] = 0;
    table.extend([
        (changed(2, 0x80), Response),
        (changed(2, 0x10), NotImplemented),
        (changed(5, 2), Malformed),
        (changed(11, 2), Malformed),
        // The version of EDNS.
        (changed(good.len() - OPTIONS.len() - 5, 1), BadVersion),
        (vec![0; 11], Garbage),
        // Longer than its option.
        (changed(good.len() - 25, 25), Malformed),
        // Without an OPT record.
        (plain, Static),
        // Without a question.
        ([&[0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1][..], &opt(OPTIONS)].concat(), Cookie),
    ]);
    for (packet, reason) in &table {
        for transport in [Transport::Udp, Transport::Tcp, Transport::Tls] {
            let (answered, _) = answer_without_allocating(&view, packet, transport);
            assert_eq!(answered.reason, *reason, "{packet:?}");
            assert!(!answered.cookie_is_good, "{packet:?}");
        }
    }
    // A good cookie, as the last reply has it.
    let (_, reply) = answer_without_allocating(&view, &good, Transport::Udp);
    let at = reply.windows(8).position(|bytes| bytes == b"clientXX").expect("a cookie");
    let mut packet = good;
    let cookie_at = packet.len() - 24;
    packet[cookie_at..].copy_from_slice(&reply[at..at + 24]);
    for transport in [Transport::Udp, Transport::Tcp] {
        assert!(answer_without_allocating(&view, &packet, transport).0.cookie_is_good);
    }
    // The counter does count.
    let before = ALLOCATIONS.get();
    drop(Box::new(1));
    assert_eq!(ALLOCATIONS.get() - before, 1);
}

/// Whether a reply is sent, dropped or cut.
#[test]
fn no_limit_allocates() {
    let view = view();
    let (mut scratch, mut out) = (Scratch::new(SEED), [0; MAX_UDP_BYTES as usize]);
    let settings = Settings { responses_per_second: 5, ..Settings::default() };
    let mut limiter = Limiter::new(&settings, 1, [SEED, !SEED]).expect("a limit");
    let mut verdicts = Vec::with_capacity(100);
    for question in 0..100 {
        let owner = if question % 2 == 0 { "www.example." } else { "nope.example." };
        let packet = packet(owner, 1);
        let (source, transport) = ([198, 51, 100, 7].into(), Transport::Udp);
        let unix_seconds = NOW_SECONDS;
        let asker = Asker { source, transport, unix_seconds, idle_timeout: None };
        let before = ALLOCATIONS.get();
        let answered = answer(&view, &packet, &asker, Draw::new(0), &mut scratch, &mut out);
        let verdict = limiter.judge(&source, &out, &answered, || question);
        if verdict == Verdict::Slip {
            truncate(&mut out, &answered);
        }
        assert_eq!(ALLOCATIONS.get() - before, 0, "{verdict:?}");
        verdicts.push(verdict);
    }
    for verdict in [Verdict::Send, Verdict::Slip, Verdict::Drop] {
        assert!(verdicts.contains(&verdict), "{verdict:?}");
    }
}
