//! Cookies (RFC 7873), made and checked as RFC 9018 says.

use super::support::{NOW, Packet, Reply, Setup, ask};
use crate::dns::Reason;
use crate::view::View;

const SECRET: [u8; 16] = 0xe5e973e5a6b2a43f48e7dc849e37bfcf_u128.to_be_bytes();
const CLIENT: [u8; 8] = *b"12345678";
const ANSWER: &str = "NOERROR aa; Q 600 A 192.0.2.1";

fn view_with(secrets: &[[u8; 16]]) -> View {
    Setup::default().zone("example.", "www A 192.0.2.1").nsid(b"ns1").cookies(secrets).view()
}

fn view() -> View {
    view_with(&[SECRET])
}

/// A question with a cookie.
fn www(cookie: &[u8]) -> Packet {
    ask("www.example. A").edns(1232, &[(10, cookie)])
}

fn hex(text: &str) -> Vec<u8> {
    let byte = |at| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(byte).collect()
}

/// The cookie of a reply, which has every reply to a cookie that is not malformed.
#[track_caller]
fn cookie(reply: &Reply) -> Vec<u8> {
    reply.option(10).expect("a cookie")
}

/// The examples of RFC 9018 appendix A, to the bit.
#[test]
fn the_examples_of_the_rfc() {
    let old: [u8; 16] = 0xdd3bdf9344b678b185a6f5cb60fca715_u128.to_be_bytes();
    let new: [u8; 16] = 0x445536bcd2513298075a5d379663c962_u128.to_be_bytes();
    for (section, secrets, source, now, sent, replied, is_good) in [
        (
            "A.1: learning a cookie",
            &[SECRET][..],
            "198.51.100.100",
            1_559_731_985,
            "2464c4abcf10c957",
            "2464c4abcf10c957010000005cf79f111f8130c3eee29480",
            false,
        ),
        (
            "A.2: a renewed one",
            &[SECRET],
            "198.51.100.100",
            1_559_734_385,
            "2464c4abcf10c957010000005cf79f111f8130c3eee29480",
            "2464c4abcf10c957010000005cf7a871d4a564a1442aca77",
            true,
        ),
        (
            // It is nearly two hours old, more than the hour of section 4.3.
            "A.3: another client, with reserved bytes",
            &[SECRET],
            "203.0.113.203",
            1_559_734_700,
            "fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5",
            "fc93fc62807ddb86010000005cf7a9acf73a7810aca2381e",
            false,
        ),
        (
            "A.3, within the hour",
            &[SECRET],
            "203.0.113.203",
            1_559_727_985 + 1800,
            "fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5",
            "fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5",
            true,
        ),
        (
            "A.4: IPv6, and a secret that has been rolled over",
            &[new, old],
            "2001:db8:220:1:59de:d0f4:8769:82b8",
            1_559_741_961,
            "22681ab97d52c298010000005cf7c57926556bd0934c72f8",
            "22681ab97d52c298010000005cf7c609a6bb79d16625507a",
            true,
        ),
    ] {
        let reply = www(&hex(sent)).from(source).at(now).of(&view_with(secrets));
        assert_eq!(cookie(&reply), hex(replied), "{section}");
        assert_eq!(reply.answered.cookie_is_good, is_good, "{section}");
        assert_eq!(reply.text(), ANSWER, "{section}");
    }
}

/// RFC 9018 4.3: good for an hour and five minutes ahead, renewed after half an hour; in serial
/// numbers, so also where the 32 bits of the time begin anew.
#[test]
fn cookies_age() {
    let view = view();
    for made in [NOW, 0, u32::MAX, u32::MAX - 1700] {
        let first = cookie(&www(&CLIENT).at(made).of(&view));
        assert_eq!(first[8..16], [&[1, 0, 0, 0], &made.to_be_bytes()[..]].concat());
        for (age, is_good, is_kept) in [
            (0, true, true),
            (1, true, true),
            (1800, true, true),
            (1801, true, false),
            (3600, true, false),
            (3601, false, false),
            (i32::MAX, false, false),
            (i32::MIN, false, false),
            (-1, true, true),
            (-300, true, true),
            (-301, false, false),
        ] {
            let now = made.wrapping_add_signed(age);
            let reply = www(&first).at(now).of(&view);
            assert_eq!(reply.answered.cookie_is_good, is_good, "{made} {age}");
            assert_eq!(cookie(&reply) == first, is_kept, "{made} {age}");
            if !is_kept {
                assert_eq!(cookie(&reply)[12..16], now.to_be_bytes());
                let renewed = www(&cookie(&reply)).at(now).of(&view);
                assert!(renewed.answered.cookie_is_good);
            }
            assert_eq!(reply.text(), ANSWER);
        }
    }
}

/// RFC 9018 5: a secret is known everywhere before it makes cookies, and good for as long as those
/// that it made.
#[test]
fn secrets_roll_over() {
    let (a, b) = (SECRET, [7; 16]);
    let by_a = cookie(&www(&CLIENT).of(&view_with(&[a])));
    let by_b = cookie(&www(&CLIENT).of(&view_with(&[b])));
    assert_ne!(by_a, by_b);
    for (secrets, makes, good) in [
        (&[a][..], &by_a, &[&by_a][..]),
        (&[a, b], &by_a, &[&by_a, &by_b]),
        (&[b, a], &by_b, &[&by_a, &by_b]),
        (&[b], &by_b, &[&by_b]),
        (&[[1; 16], [2; 16], b, a], &by_b, &[&by_a, &by_b]),
    ] {
        let view = view_with(secrets);
        for sent in [&by_a, &by_b] {
            let reply = www(sent).of(&view);
            assert_eq!(reply.answered.cookie_is_good, good.contains(&sent), "{secrets:?}");
            // Whatever the first secret did not make is made anew.
            let expected = cookie(&www(&CLIENT).of(&view));
            assert_eq!(cookie(&reply), expected, "{secrets:?}");
            if secrets.len() < 4 {
                assert_eq!(&expected, makes, "{secrets:?}");
            }
        }
    }
}

/// Whoever has another address, client cookie or byte has not got the cookie from us.
#[test]
fn nobody_else_can_use_a_cookie() {
    let view = view();
    let good = cookie(&www(&CLIENT).of(&view));
    for at in 0..good.len() {
        for bit in 0..8 {
            let mut forged = good.clone();
            forged[at] ^= 1 << bit;
            let reply = www(&forged).of(&view);
            assert!(!reply.answered.cookie_is_good, "{at} {bit}");
            assert_eq!(reply.text(), ANSWER);
            assert_eq!(cookie(&reply)[..8], forged[..8]);
        }
    }
    for source in ["198.51.100.8", "::c633:6407", "::ffff:198.51.100.7"] {
        assert!(!www(&good).from(source).of(&view).answered.cookie_is_good, "{source}");
    }
    let v6 = cookie(&www(&CLIENT).from("2001:db8::1").of(&view));
    assert!(www(&v6).from("2001:db8::1").of(&view).answered.cookie_is_good);
    assert!(!www(&v6).from("2001:db8::2").of(&view).answered.cookie_is_good);
    // Over TCP the same.
    assert!(www(&good).tcp().of(&view).answered.cookie_is_good);
}

/// RFC 7873 5.2.2: a client cookie has 8 bytes, one of the server from 8 to 32.
#[test]
fn lengths() {
    for length in 0..=80 {
        let reply = www(&vec![7; length]).of(&view());
        let is_malformed = !matches!(length, 8 | 16..=40);
        if is_malformed {
            assert_eq!(reply.text(), "FORMERR", "{length}");
            assert_eq!(reply.extended_error().unwrap(), "0 bad cookie length");
            assert_eq!(reply.option(10), None);
        } else {
            // Neither the missing nor the bad cookie costs the answer (RFC 7873 5.2.3, 5.2.4).
            assert_eq!(reply.text(), ANSWER, "{length}");
            assert_eq!(cookie(&reply).len(), 24, "{length}");
            assert_eq!(cookie(&reply)[..8], [7; 8]);
        }
        assert!(!reply.answered.cookie_is_good);
    }
}

/// RFC 7873 5: only the first one counts.
#[test]
fn more_than_one() {
    let good = cookie(&www(&CLIENT).of(&view()));
    for second in [&b"another1"[..], b"", &[0; 41]] {
        let options = [(10, &good[..]), (10, second)];
        let reply = ask("www.example. A").edns(1232, &options).of(&view());
        assert_eq!(reply.text(), ANSWER);
        assert!(reply.answered.cookie_is_good);
        assert_eq!(reply.opt().unwrap().2, [(10, good.clone())]);
    }
}

/// With every reply that is about the question, whatever it says.
#[test]
fn every_kind_of_reply_has_a_cookie() {
    let good = cookie(&www(&CLIENT).of(&view()));
    for (question, flags, rcode) in [
        ("www.example. A", 0, "NOERROR aa"),
        ("www.example. MX", 0, "NOERROR aa"),
        ("nope.example. A", 0, "NXDOMAIN aa"),
        ("elsewhere. A", 0, "REFUSED"),
        ("example. AXFR", 0, "REFUSED"),
        ("www.example. TYPE41", 0, "FORMERR"),
        ("www.example. A", 2 << 11, "NOTIMP"),
    ] {
        let packet = ask(question).flags(flags).edns(1232, &[(10, &good), (3, b"")]);
        for packet in [packet.clone(), packet.tcp()] {
            let reply = packet.of(&view());
            assert!(reply.text().starts_with(rcode), "{question}: {}", reply.text());
            assert_eq!(reply.option(10).as_ref(), Some(&good), "{question}");
            assert_eq!(reply.option(3), Some(b"ns1".to_vec()));
            assert!(reply.answered.cookie_is_good, "{question}");
        }
    }
    // What another version of EDNS would mean by it is not known.
    let version_1 = super::support::opt(1232, [0, 1, 0, 0], &[0, 10, 0, 1, 7]);
    let reply = ask("www.example. A").record(2, version_1).of(&view());
    assert_eq!((reply.text(), reply.option(10)), ("BADVERS".into(), None));
}

/// RFC 7873 5.4: no question, to get a cookie or to try one.
#[test]
fn a_cookie_without_a_question() {
    let good = cookie(&www(&CLIENT).of(&view()));
    let mut bad = good.clone();
    bad[23] ^= 1;
    let asked = |cookie: &[u8], options: &[(u16, &[u8])]| {
        let mut packet = www(cookie);
        packet.questions.clear();
        packet.records[2].clear();
        packet.edns(1232, &[&[(10, cookie)], options].concat())
    };
    for (sent, rcode, is_good) in [
        (&CLIENT[..], "NOERROR", false),
        (&good, "NOERROR", true),
        (&bad, "BADCOOKIE", false),
        (&good[..16], "BADCOOKIE", false),
    ] {
        for packet in [asked(sent, &[]), asked(sent, &[]).tcp()] {
            let reply = packet.of(&view());
            assert_eq!(reply.text(), rcode);
            assert_eq!(reply.answered.reason, Reason::Cookie);
            assert_eq!(reply.answered.rcode, reply.rcode());
            assert_eq!(reply.answered.cookie_is_good, is_good);
            assert_eq!(cookie(&reply), good);
            assert_eq!(reply.bytes.len(), 12 + 11 + 28);
            assert_eq!(reply.bytes[4..12], [0, 0, 0, 0, 0, 0, 0, 1]);
        }
    }
    let with_identity = asked(&CLIENT, &[(3, b"")]).of(&view());
    assert_eq!(with_identity.option(3), Some(b"ns1".to_vec()));
    // No cookie, none that can be read, none served; a question after all; another operation.
    let without = asked(&CLIENT, &[]);
    for (packet, view, rcode) in [
        (asked(&[7; 9], &[]), view(), "FORMERR"),
        (asked(&CLIENT, &[(8, b"")]), view(), "FORMERR"),
        (without.clone(), view_with(&[]), "FORMERR"),
        (without.clone().record(2, b"\0\0\x29".to_vec()), view(), "FORMERR"),
        (without.clone().flags(4 << 11), view(), "NOTIMP"),
    ] {
        let reply = packet.of(&view);
        assert_eq!(reply.text(), rcode);
        assert_ne!(reply.answered.reason, Reason::Cookie);
    }
}

/// Without secrets an option as unknown as others.
#[test]
fn no_secrets_no_cookies() {
    let reply = www(&CLIENT).of(&view_with(&[]));
    assert_eq!((reply.text(), reply.option(10)), (ANSWER.into(), None));
    assert!(!reply.answered.cookie_is_good);
    assert!(!format!("{:?}", view()).contains("e5"));
    assert!(format!("{:?}", view()).contains("CookieSecrets(1)"));
}
