//! Real replies on simulated time.

use super::*;
use crate::dns::tests::support::{Packet, Reply, Setup, ask, opt, pool};
use crate::steering::AllDown;
use crate::view::View;

const ME: &str = "192.0.2.1";
const SEED: [u64; 2] = [0x0123_4567_89ab_cdef, 0x9e37_79b9_7f4a_7c15];

fn view() -> View {
    let zone = "\
www A 192.0.2.1
other A 192.0.2.2
*.wild A 192.0.2.3
to CNAME nope
*.alias CNAME nope
cut NS ns.cut
cut2 NS ns.cut2
ns.cut A 192.0.2.4";
    Setup::default()
        .pool(&["192.0.2.1"])
        .zone("example.", zone)
        .steer("steered.example.", pool(0), AllDown::Serve)
        .zone("sub.net.", "")
        .view()
}

fn settings(responses_per_second: u32, slip: u32) -> Settings {
    Settings { responses_per_second, slip, exempt: Vec::new() }
}

fn limiter(responses_per_second: u32) -> Limiter {
    Limiter::new(&settings(responses_per_second, 0), 1, SEED).unwrap()
}

impl Limiter {
    fn sends(&mut self, source: &str, reply: &Reply, now_ms: u64) -> bool {
        let source = source.parse().unwrap();
        self.judge(&source, &reply.bytes, &reply.answered, || now_ms) == Action::Send
    }

    /// Takes all that there is at the beginning.
    fn exhaust(&mut self, source: &str, reply: &Reply) {
        while self.sends(source, reply, 0) {}
    }

    /// How many of so many replies in a second are sent, over some seconds.
    fn sent(&mut self, replies: &[Reply], per_second: u64, seconds: u64) -> u64 {
        let mut replies = replies.iter().cycle();
        let each = |n| (n * 1000 / per_second, replies.next().unwrap());
        let times = (0..per_second * seconds).map(each);
        times.map(|(at_ms, reply)| u64::from(self.sends(ME, reply, at_ms))).sum()
    }
}

fn www() -> Reply {
    ask("www.example. A").of(&view())
}

fn replies(questions: impl Iterator<Item = String>) -> Vec<Reply> {
    let view = view();
    questions.map(|question| ask(&question).of(&view)).collect()
}

/// A second's worth at once, and then the rate.
#[test]
fn a_network_gets_the_rate_however_much_is_asked() {
    for (asked, seconds, sent) in
        [(100, 60, 6000), (200, 60, 12_000), (400, 1, 399), (1_000, 10, 2_199), (20_000, 10, 2_199)]
    {
        assert_eq!(limiter(200).sent(&[www()], asked, seconds), sent, "{asked}/s");
    }
}

#[test]
fn threads_share_the_rate() {
    for threads in [1, 2, 3, 16] {
        let mut sent = 0;
        for _ in 0..threads {
            let mut limiter = Limiter::new(&settings(640, 0), threads, SEED).unwrap();
            sent += limiter.sent(&[www()], 2_000, 10);
        }
        // In each thread, the last of them may be due a little too late.
        let all = 640 * 11;
        assert!((all - 2 * threads as u64..=all).contains(&sent), "{threads} threads: {sent}");
    }
}

/// Where the share of a thread is less than one reply in a second, too.
#[test]
fn the_lowest_rate_is_a_rate() {
    let mut limiter = Limiter::new(&settings(1, 0), 4, SEED).unwrap();
    let reply = www();
    let sent: Vec<u64> = (0..20_000).filter(|ms| limiter.sends(ME, &reply, *ms)).collect();
    assert_eq!(sent[..10], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assert_eq!(sent[10..], [4000, 8000, 12_000, 16_000]);
}

/// Though none of the threads may answer four in a second, and chance has it that some get more.
#[test]
fn a_rate_that_many_threads_share_is_of_use() {
    let reply = www();
    let mut threads: Vec<_> =
        (0..64).map(|_| Limiter::new(&settings(200, 0), 64, SEED).unwrap()).collect();
    let mut chance = SEED[0];
    let seconds = 60;
    let sent = (0..100 * seconds).filter(|n| {
        chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        threads[(chance >> 58) as usize].sends(ME, &reply, n * 10)
    });
    assert_eq!(sent.count(), 100 * 60);
}

#[test]
fn a_rate_of_0_is_no_limit() {
    assert!(Limiter::new(&settings(0, 2), 1, SEED).is_none());
}

#[test]
fn what_is_counted_together() {
    let subnet = |third| ask("www.example. A").subnet(&[0, 1, 24, 0, 10, 1, third]);
    let malformed = Packet { questions: Vec::new(), ..ask("www.example. A") };
    let version = ask("www.example. A").record(2, opt(1232, [0, 1, 0, 0], &[]));
    let plain = |text: &str| ask(text);
    let table = [
        // The same question.
        (plain("www.example. A"), ME, plain("www.example. A"), ME, true),
        (plain("www.example. A"), ME, plain("wWw.eXample. A"), ME, true),
        (plain("www.example. A"), ME, plain("www.example. A"), "192.0.2.255", true),
        (plain("www.example. A"), "2001:db8::1", plain("www.example. A"), "2001:db8:0:ff::", true),
        // Another client.
        (plain("www.example. A"), ME, plain("www.example. A"), "192.0.3.1", false),
        (plain("www.example. A"), ME, plain("www.example. A"), "2001:db8::1", false),
        (
            plain("www.example. A"),
            "2001:db8::1",
            plain("www.example. A"),
            "2001:db8:0:100::",
            false,
        ),
        // Another question, or for another client.
        (plain("www.example. A"), ME, plain("other.example. A"), ME, false),
        (plain("www.example. A"), ME, plain("www.example. MX"), ME, false),
        (plain("www.example. A"), ME, plain("steered.example. A"), ME, false),
        (subnet(1), ME, subnet(1), ME, true),
        (subnet(1), ME, subnet(2), ME, false),
        // Names that do not exist, by zone.
        (plain("nope.example. A"), ME, plain("no.such.name.example. MX"), ME, true),
        (plain("nope.example. A"), ME, plain("nope.EXAMPLE. A"), ME, true),
        (plain("nope.example. A"), ME, plain("nope.sub.net. A"), ME, false),
        (plain("nope.example. A"), ME, plain("www.example. A"), ME, false),
        // Behind an alias, by its name.
        (plain("to.example. A"), ME, plain("to.example. MX"), ME, true),
        (plain("to.example. A"), ME, plain("nope.example. A"), ME, false),
        (plain("a.alias.example. A"), ME, plain("b.alias.example. A"), ME, false),
        // Delegations.
        (plain("a.cut.example. A"), ME, plain("b.a.cut.example. MX"), ME, true),
        (plain("a.cut.example. A"), ME, plain("a.cut2.example. A"), ME, false),
        (plain("a.cut.example. A"), ME, plain("nope.example. A"), ME, false),
        // Errors of all kinds.
        (plain("a.other. A"), ME, plain("b.another. MX"), ME, true),
        (plain("a.other. A"), ME, malformed, ME, true),
        (plain("a.other. A"), ME, version, ME, true),
        (plain("a.other. A"), ME, plain("www.example. A").flags(0x2800), ME, true),
        (plain("a.other. A"), ME, plain("a.other. A"), "192.0.3.1", false),
        (plain("a.other. A"), ME, plain("nope.example. A"), ME, false),
    ];
    let view = view();
    for (first, from, second, from_too, together) in table {
        let limited = |seed| {
            let mut limiter = Limiter::new(&settings(1, 0), 1, [seed, !seed]).unwrap();
            limiter.exhaust(from, &first.of(&view));
            !limiter.sends(from_too, &second.of(&view), 0)
        };
        // With some seeds, two that are counted apart share a bucket by chance.
        let always = (1..=16u64).all(|n| limited(n.wrapping_mul(SEED[1])));
        assert_eq!(always, together, "{first:?} from {from}, {second:?} from {from_too}");
    }
}

/// A reply that was cut already has no record to tell its zone by.
#[test]
fn a_reply_without_records_is_of_a_kind_as_well() {
    let view = view();
    let cut = |question| {
        let mut reply = ask(question).edns(1232, &[]).of(&view);
        reply.answered = crate::dns::truncate(&mut reply.bytes, &reply.answered);
        reply
    };
    let mut limiter = limiter(1);
    limiter.exhaust(ME, &cut("nope.example. A"));
    assert!(!limiter.sends(ME, &cut("nopenope.example. A"), 0));
}

/// What a reflection attack comes to at the most: names that are made up, with and without a
/// wildcard that covers them.
#[test]
fn made_up_names_bring_no_more() {
    let flood = |limiter: &mut Limiter, name: &str| {
        let replies = replies((0..2_000).map(|n| format!("{n}x{}.{name} A", n * 7919)));
        limiter.sent(&replies, 100_000, 3)
    };
    let most = 200 * 4;
    for name in ["example.", "a.b.c.example.", "cut.example.", "other."] {
        let sent = flood(&mut limiter(200), name);
        assert!((most - 10..=most).contains(&sent), "{sent} of {name}");
    }
    let sent = flood(&mut limiter(200), "wild.example.");
    assert!((most..=most * alike::LANES).contains(&sent), "{sent}");
}

/// A resolver that asks for many names, or for many client networks, more often than any one
/// question may be asked.
#[test]
fn a_busy_resolver_is_not_limited() {
    let names = replies((0..1_000).map(|n| format!("host{n}.wild.example. A")));
    assert_eq!(limiter(200).sent(&names, 1_500, 10), 15_000);
    let subnet = |n: u16| [&[0, 1, 24, 0, 10][..], &n.to_be_bytes()].concat();
    let view = view();
    let clients: Vec<_> =
        (0..1_000).map(|n| ask("steered.example. A").subnet(&subnet(n)).of(&view)).collect();
    assert_eq!(limiter(200).sent(&clients, 1_500, 10), 15_000);
}

#[test]
fn every_so_many_th_slips() {
    for (slip, actions) in [(0, "DDDDDD"), (1, "SSSSSS"), (2, "DSDSDS"), (3, "DDSDDS")] {
        let mut limiter = Limiter::new(&settings(1, slip), 1, SEED).unwrap();
        let reply = www();
        let mut judge = || limiter.judge(&ME.parse().unwrap(), &reply.bytes, &reply.answered, || 0);
        assert!((0..10).all(|_| judge() == Action::Send));
        let found: String = (0..6)
            .map(|_| match judge() {
                Action::Send => '.',
                Action::Slip => 'S',
                Action::Drop => 'D',
            })
            .collect();
        assert_eq!(found, actions, "slip = {slip}");
    }
}

#[test]
fn exempt_networks_have_no_limit_and_need_no_time() {
    let exempt =
        ["10.0.0.0/8", "10.1.0.0/16", "192.0.2.128/25", "0.0.0.0/32", "::1/128", "2001:db8::/32"]
            .map(|text| {
                let (address, length) = text.split_once('/').unwrap();
                (address.parse().unwrap(), length.parse().unwrap())
            })
            .to_vec();
    let settings = Settings { exempt, ..settings(1, 0) };
    let mut limiter = Limiter::new(&settings, 1, SEED).unwrap();
    let reply = www();
    for (source, is_exempt) in [
        ("0.0.0.0", true),
        ("0.0.0.1", false),
        ("9.255.255.255", false),
        ("10.0.0.0", true),
        ("10.1.2.3", true),
        ("10.255.255.255", true),
        ("11.0.0.0", false),
        ("192.0.2.127", false),
        ("192.0.2.128", true),
        ("192.0.2.255", true),
        ("192.0.3.0", false),
        ("255.255.255.255", false),
        ("::", false),
        ("::1", true),
        ("::2", false),
        ("2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", false),
        ("2001:db8::", true),
        ("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", true),
        ("2001:db9::", false),
    ] {
        let source = source.parse().unwrap();
        let mut looked = false;
        for _ in 0..20 {
            limiter.judge(&source, &reply.bytes, &reply.answered, || {
                looked = true;
                0
            });
        }
        assert_eq!(!looked, is_exempt, "{source}");
    }
    let all = Settings { exempt: vec![([7, 7, 7, 7].into(), 0)], ..settings };
    let mut limiter = Limiter::new(&all, 1, SEED).unwrap();
    assert!((0..20).all(|_| limiter.sends("203.0.113.1", &reply, 0)));
}

#[test]
fn loopback_is_exempt_by_default() {
    let mut limiter = Limiter::new(&Settings::default(), 1, SEED).unwrap();
    let reply = www();
    for (source, sent) in [("127.0.0.1", 1000), ("127.9.9.9", 1000), ("::1", 1000), (ME, 200)] {
        let found = (0..1000).filter(|_| limiter.sends(source, &reply, 0)).count();
        assert_eq!(found, sent, "{source}");
    }
}

#[test]
fn silence_takes_nothing() {
    let mut limiter = limiter(1);
    let silence = ask("www.example. A").flags(0x8000).of(&view());
    assert!((0..20).all(|_| limiter.sends(ME, &silence, 0)));
    assert!(limiter.sends(ME, &www(), 0));
}

/// Far more networks than there are buckets keep nobody from its replies, and wash nobody's
/// bucket away that is empty.
#[test]
fn a_flood_of_networks_neither_blocks_nor_frees_any() {
    let (reply, mut limiter) = (www(), limiter(100));
    let mut from = |source: u32, now_ms| {
        let source = Ipv4Addr::from_bits(source).into();
        limiter.judge(&source, &reply.bytes, &reply.answered, || now_ms) == Action::Send
    };
    let victim = 0xc633_6401;
    assert_eq!((0..1000).filter(|_| from(victim, 0)).count(), 100);
    for network in 0..100_000u32 {
        // Each asks twice, as an attacker would who wants to look busy.
        assert!(from(network << 8, 0) && from(network << 8, 0), "{network}");
        if network % 1000 == 0 {
            assert!(!from(victim, 0), "after {network} networks");
        }
    }
}
