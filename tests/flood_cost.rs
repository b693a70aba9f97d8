//! What an answer costs in instructions, so that no kind of question is a cheaper way than others
//! to keep the server busy. Counted by callgrind: the same on every run, whatever else the machine
//! does. Without valgrind nothing is counted, unless `STEERSMAN_VALGRIND=required` is set.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::process::{Command, Stdio};
use std::sync::Arc;

use steersman::dns::{
    Answered, Asker, MAX_UDP_BYTES, Reason, Scratch, Transport, answer, truncate,
};
use steersman::health::Inventory;
use steersman::place::Places;
use steersman::rate_limit::{Action, Limiter, Settings};
use steersman::steering::{Draw, Pools, Turns};
use steersman::view::{CookieSecrets, View, World};
use steersman::wire::Name;
use steersman::zone::{Zones, build, read};

const SEED: u64 = 7;
const QUESTIONS: usize = 200;
const HOSTS: usize = 500;
/// Labels of one byte below the apex `e.`: 127 in all, the most that a name can have.
const DEEPEST: usize = 126;

/// Kinds of question; what each may cost of what the last one before it without a limit did, in
/// percent; and what comes of it.
const KINDS: [(&str, Option<u64>, Reason); 8] = [
    ("host", None, Reason::Static),
    ("made-up", Some(130), Reason::NxDomain),
    ("made-up-below-hosts", Some(130), Reason::NxDomain),
    ("other-zone", Some(100), Reason::Refused),
    ("limited", Some(130), Reason::Static),
    ("deep", None, Reason::Static),
    ("deep-made-up", Some(130), Reason::NxDomain),
    ("deepest-made-up", Some(130), Reason::NxDomain),
];

#[test]
fn no_question_is_a_cheap_way_to_cause_work() {
    if Command::new("valgrind").arg("--version").stdout(Stdio::null()).status().is_err() {
        let required = std::env::var("STEERSMAN_VALGRIND").is_ok_and(|value| value == "required");
        assert!(!required, "valgrind is required, and not there");
        println!("NOT COUNTED: there is no valgrind");
        return;
    }
    let (mut table, mut usual, mut wrong) = (String::new(), 0, false);
    for ((kind, most_percent, _), cost) in KINDS.into_iter().zip(costs()) {
        let Some(most_percent) = most_percent else {
            table += &format!("{kind}: {cost} instructions\n");
            usual = cost;
            continue;
        };
        let percent = cost * 100 / usual;
        table += &format!("{kind}: {cost}, {percent} %, may be {most_percent} %\n");
        wrong |= percent > most_percent;
    }
    println!("{table}");
    assert!(!wrong, "\n{table}");
}

/// Instructions for each answer, kind by kind.
fn costs() -> Vec<u64> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("counted");
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--toggle-collect=flood_cost::reply_to_one"])
        .arg("--dump-after=flood_cost::end_of_kind")
        .arg(format!("--callgrind-out-file={}", path.display()))
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "answers_of_every_kind", "--ignored"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    (1..=KINDS.len())
        .map(|part| {
            let counted = fs::read_to_string(path.with_extension(part.to_string())).unwrap();
            let total = counted.lines().find_map(|line| line.strip_prefix("totals: ")).unwrap();
            total.trim().parse::<u64>().unwrap() / QUESTIONS as u64
        })
        .collect()
}

/// What is counted, in a process of its own.
#[test]
#[ignore = "the other test runs it"]
fn answers_of_every_kind() {
    let view = view();
    let mut scratch = Scratch::new(SEED);
    let mut out = [0; MAX_UDP_BYTES as usize];
    for (kind, _, reason) in KINDS {
        let mut limiter = (kind == "limited").then(|| {
            let settings = Settings { responses_per_second: 1, ..Settings::default() };
            Limiter::new(&settings, 1, [SEED, !SEED]).unwrap()
        });
        for n in 0..QUESTIONS {
            let packet = packet(kind, n);
            let answered = reply_to_one(&view, &packet, &mut scratch, &mut limiter, &mut out);
            assert_eq!(answered.reason, reason);
            assert!(answered.length > 0);
        }
        end_of_kind();
    }
}

#[inline(never)]
fn end_of_kind() {
    black_box(());
}

#[inline(never)]
fn reply_to_one(
    view: &View,
    packet: &[u8],
    scratch: &mut Scratch,
    limiter: &mut Option<Limiter>,
    out: &mut [u8],
) -> Answered {
    let source = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
    let transport = Transport::Udp;
    let asker = Asker { source, transport, unix_seconds: 0, idle_timeout: None };
    let answered = answer(view, packet, &asker, Draw::new(0), scratch, out);
    let Some(limiter) = limiter else { return answered };
    match limiter.judge(&source, out, &answered, || 0) {
        Action::Send | Action::Drop => answered,
        Action::Slip => truncate(out, &answered),
    }
}

fn packet(kind: &str, n: usize) -> Vec<u8> {
    // Prime to their number, so that neighbours in memory are not asked in turn.
    let host = n * 7919 % HOSTS;
    let deep = |label: &str, labels| vec![label; labels].join(".");
    let owner = match kind {
        "host" | "limited" => format!("host{host}.e."),
        "made-up" => format!("none{host}.e."),
        "made-up-below-hosts" => format!("x.host{host}.e."),
        "other-zone" => format!("host{host}.f."),
        "deep" => format!("{}.e.", deep("a", DEEPEST)),
        // Not one of its labels is there; all but one are.
        "deep-made-up" => format!("{}.e.", deep("b", DEEPEST)),
        "deepest-made-up" => format!("b.{}.e.", deep("a", DEEPEST - 1)),
        other => panic!("{other} is no kind of question"),
    };
    let mut packet = vec![0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    packet.extend(name(&owner).as_wire());
    packet.extend([0, 1, 0, 1]);
    packet
}

fn name(text: &str) -> Name {
    Name::parse(text, &Name::root()).unwrap()
}

fn view() -> View {
    let mut text = "@ 60 SOA ns.net. host 1 1h 15m 2w 300\n@ 60 NS ns.net.\n$TTL 60\n".to_owned();
    for host in 0..HOSTS {
        text += &format!("host{host} A 192.0.2.1\n");
    }
    text += &format!("{} A 192.0.2.1\n", vec!["a"; DEEPEST].join("."));
    let apex = name("e.");
    let (records, findings) = read("z", text.as_bytes(), &apex, &mut |_, _| Err("none".into()));
    assert_eq!(findings, []);
    let zone = build(&apex, &records, &[], SEED).unwrap();
    let world = World {
        zones: Zones::new(vec![Arc::new(zone)], SEED),
        steered: vec![Box::default()],
        inventory: Arc::new(Inventory::default()),
        places: Arc::new(Places::unknown()),
        turns: Turns::default(),
        seed: SEED,
        revision: "test".into(),
    };
    let cookie_secrets = CookieSecrets::default();
    View { world: Arc::new(world), pools: Pools::default(), nsid: None, cookie_secrets }
}
