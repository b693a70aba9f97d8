//! What one answer costs in our own code, in instructions: the same on every run and machine.
//!
//! Run by `benches/instructions`, which counts with callgrind what happens within `one_answer`,
//! `one_verdict` and `one_copy`. Some kinds of question are those of a flood: none may be a cheap way to keep
//! the server busy.
//! Called by itself it answers the questions of one kind and counts the answers.
#![expect(clippy::expect_used, clippy::panic, reason = "a benchmark fails by panicking")]

use std::fmt::Write as _;
use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;
use std::time::Duration;

use steersman::dns::{
    Answered, Asker, MAX_UDP_BYTES, Reason, Scratch, Transport, answer, truncate,
};
use steersman::health::{Standing, StandingNow};
use steersman::rate_limit::{Action, Limiter, Settings};
use steersman::reload;
use steersman::sampling::{Ends, Sample, Share, Sink, Sinks, Writers};
use steersman::steering::{Draw, Pools};
use steersman::view::{CookieSecrets, View};
use steersman::wire::Name;

/// Names of the zone, and of each policy.
const FIXED: usize = 10_000;
const STEERED: usize = 1_000;
/// Labels of one byte below the apex that 255 bytes have room for.
const DEEPEST: usize = 121;
const SEED: u64 = 7;
/// Enough for each name to be asked a few times, and few enough for callgrind.
const QUESTIONS: usize = 20_000;

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let kind = arguments.next().unwrap_or_else(|| "static".into());
    let folder = tempfile::tempdir().expect("a folder");
    write_files(folder.path());
    let view = view(folder.path());
    let packets: Vec<Vec<u8>> = (0..QUESTIONS).map(|n| packet(&kind, n)).collect();
    let source = match kind.as_str() {
        "limited" | "dropped" => Ipv4Addr::new(192, 0, 2, 1),
        _ => Ipv4Addr::LOCALHOST,
    };
    let mut thread = Thread {
        asker: Asker {
            source: source.into(),
            transport: Transport::Udp,
            unix_seconds: 0,
            idle_timeout: None,
        },
        scratch: Scratch::new(SEED),
        limiter: settings(&kind).and_then(|settings| Limiter::new(&settings, 1, [SEED, !SEED])),
        out: [0; MAX_UDP_BYTES as usize],
        answered: Answered::silence(Reason::Garbage),
    };
    let mut copies = (kind == "copied").then(|| {
        let (sink, reader) = Sink::new(Share::new(1.0).expect("a share"), 1 << 20);
        let sinks = Sinks { dnstap: Some(sink), decisions: None };
        (sinks.writers().expect("somebody who looks on"), reader)
    });
    let (mut replies, mut limited) = (0, 0);
    for (n, packet) in packets.iter().enumerate() {
        // Odd, so that all draws are met.
        let draw = Draw::new((n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        one_answer(&view, packet, draw, &mut thread);
        assert_eq!(thread.answered.reason, reason(&kind));
        replies += usize::from(thread.answered.length > 0);
        if let Some((writers, reader)) = &mut copies {
            one_copy(writers, n as u64, packet, &thread);
            reader.look();
            assert_eq!(reader.take().map(|sample| sample.draw), Some(n as u64));
        }
        let Thread { asker, limiter: Some(limiter), out, answered, .. } = &mut thread else {
            continue;
        };
        // All in one moment, or 10 ms apart, which is below the rate.
        let now_ms = if kind == "dropped" { 0 } else { n as u64 * 10 };
        limited += usize::from(one_verdict(limiter, asker, out, answered, now_ms) != Action::Send);
    }
    match kind.as_str() {
        "dropped" => assert!(limited > QUESTIONS * 99 / 100),
        _ => assert_eq!(limited, 0),
    }
    println!("{replies}");
}

/// What a thread that answers has of its own.
struct Thread {
    asker: Asker,
    scratch: Scratch,
    limiter: Option<Limiter>,
    out: [u8; MAX_UDP_BYTES as usize],
    answered: Answered,
}

#[inline(never)]
fn one_answer(view: &View, packet: &[u8], draw: Draw, thread: &mut Thread) {
    let Thread { asker, scratch, out, .. } = thread;
    thread.answered = answer(view, packet, asker, draw, scratch, out);
}

/// What the rate limit adds.
#[inline(never)]
fn one_verdict(
    limiter: &mut Limiter,
    asker: &Asker,
    out: &mut [u8],
    answered: &mut Answered,
    now_ms: u64,
) -> Action {
    let action = limiter.judge(&asker.source, out, answered, || now_ms);
    if action == Action::Slip {
        *answered = truncate(out, answered);
    }
    action
}

/// What a copy for dnstap adds, but for the time that is read.
#[inline(never)]
fn one_copy(writers: &mut Writers, draw: u64, packet: &[u8], thread: &Thread) {
    let Thread { asker, out, answered, .. } = thread;
    writers.offer([draw; 2], || Sample {
        view: 0,
        draw,
        asked_at: Duration::ZERO,
        answered_at: Duration::ZERO,
        ends: Ends { peer: (asker.source, 53).into(), local: Some((asker.source, 53).into()) },
        transport: asker.transport,
        idle_timeout: None,
        query: packet,
        reply: &out[..answered.length],
    });
}

/// The rate limit of a kind.
fn settings(kind: &str) -> Option<Settings> {
    match kind {
        "limited" | "exempt" => Some(Settings::default()),
        "dropped" => Some(Settings { responses_per_second: 1, ..Settings::default() }),
        _ => None,
    }
}

/// What comes of a question of a kind.
fn reason(kind: &str) -> Reason {
    match kind {
        "nxdomain" | "made-up-below-hosts" | "deep-nxdomain" | "deepest-made-up" => {
            Reason::NxDomain
        }
        "other-zone" => Reason::Refused,
        "failover" | "weighted" | "geo" | "geo-subnet" => Reason::Steered,
        _ => Reason::Static,
    }
}

/// A question of a kind, as the n-th.
fn packet(kind: &str, n: usize) -> Vec<u8> {
    // A step that is prime to both counts, so that neighbours in memory are not asked in turn.
    let step = n * 7919;
    let owner = match kind {
        "static" | "static-opt" | "static-cookie" | "copied" | "limited" | "exempt" | "dropped"
        | "other-zone" => {
            format!("host{}", step % FIXED)
        }
        "nxdomain" => format!("nx{step}"),
        "made-up-below-hosts" => format!("x.host{}", step % FIXED),
        "deep" => deep("a"),
        // Nothing of it is there.
        "deep-nxdomain" => deep("b"),
        // All but its first label is there.
        "deepest-made-up" => format!("b{}", &deep("a")[1..]),
        "failover" => format!("fo{}", step % STEERED),
        "weighted" => format!("wt{}", step % STEERED),
        "geo" | "geo-subnet" => format!("geo{}", step % STEERED),
        other => panic!("{other:?} is no kind of question"),
    };
    let apex = if kind == "other-zone" { "example.org" } else { "example.com" };
    let owner = Name::parse(&format!("{owner}.{apex}."), &Name::root()).expect("a name");
    let options: Option<Vec<u8>> = match kind {
        "static-opt" => Some(Vec::new()),
        // Only the client's part: a new cookie is made.
        "static-cookie" => Some(b"\0\x0a\0\x08clientXX".to_vec()),
        "geo-subnet" => {
            let [a, b, c, _] = (step as u32).wrapping_mul(2_654_435_761).to_be_bytes();
            Some(vec![0, 8, 0, 7, 0, 1, 24, 0, a, b, c])
        }
        _ => None,
    };
    let mut packet = vec![0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, u8::from(options.is_some())];
    packet.extend(owner.as_wire());
    packet.extend([0, 1, 0, 1]);
    if let Some(options) = options {
        packet.extend([0, 0, 41, 4, 208, 0, 0, 0, 0, 0, options.len() as u8]);
        packet.extend(options);
    }
    packet
}

/// The deepest name that there can be in the zone.
fn deep(label: &str) -> String {
    vec![label; DEEPEST].join(".")
}

/// The zone that `benches/peers` gives to every server, and one name more.
fn write_files(folder: &Path) {
    let mut zone = String::from(
        "$ORIGIN example.com.\n$TTL 300\n@ SOA ns1 hostmaster 1 7200 3600 604800 300\n\
         @ NS ns1\n@ NS ns2\nns1 A 192.0.2.1\nns2 A 192.0.2.2\n",
    );
    for n in 0..FIXED {
        let [_, a, b, c] = (n as u32).to_be_bytes();
        let _ = writeln!(zone, "host{n} A 10.{a}.{b}.{c}");
    }
    let _ = writeln!(zone, "{} A 192.0.2.3", deep("a"));
    let (mut pools, mut names) = (String::new(), String::new());
    for n in 0..STEERED {
        let (high, low) = (n / 256, n % 256);
        for (pool, net) in [("us", 1), ("eu", 2), ("ap", 3)] {
            let _ = writeln!(pools, "[pools.{pool}{n}]\nendpoints = [\"10.{net}.{high}.{low}\"]");
        }
        let _ = write!(
            names,
            "[fo{n}]\nttl = 60\nfailover = [\"us{n}\", \"eu{n}\"]\n\
             [wt{n}]\nttl = 60\nweighted = {{ us{n} = 7, eu{n} = 3 }}\n\
             [geo{n}]\nttl = 60\n\
             geo = {{ EU = [\"eu{n}\", \"us{n}\"], AS = [\"ap{n}\", \"us{n}\"], NA = [\"us{n}\", \"eu{n}\"], \
             default = \"us{n}\" }}\n"
        );
    }
    let database = Path::new(env!("CARGO_MANIFEST_DIR")).join("geoip/country.mmdb");
    let config = format!("zones = \"zones\"\ngeoip = [{:?}]\nstate = \"state\"\n", database);
    fs::create_dir(folder.join("zones")).expect("a folder");
    for (file, text) in [
        ("steersman.toml", config),
        ("zones/example.com.zone", zone),
        ("zones/pools.toml", pools),
        ("zones/example.com.toml", names),
    ] {
        fs::write(folder.join(file), text).expect("a file");
    }
}

fn view(folder: &Path) -> View {
    let world = reload::load_from(&folder.join("steersman.toml"), SEED).expect("good files").world;
    let up = StandingNow { standing: Standing::Up, hold: None };
    let pools = Pools::new(&world.inventory, |_| up);
    View { world: world.into(), pools, nsid: None, cookie_secrets: CookieSecrets::new(&[[7; 16]]) }
}
