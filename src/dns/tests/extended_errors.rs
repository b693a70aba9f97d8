//! Extended errors (RFC 8914): the table of `docs/answers.md`.

use super::support::{Packet, Setup, ask, pool};
use crate::health::Standing;
use crate::steering::AllDown;
use crate::view::View;

fn setup() -> Setup {
    Setup::default()
        .pool(&["192.0.2.11"])
        .pool(&["192.0.2.12"])
        .stand(0, 0, Standing::Down, None)
        .zone("example.", "www A 192.0.2.1\ncut NS ns.cut\nns.cut A 192.0.2.2\nto CNAME serve")
        .steer("serve.example.", pool(0), AllDown::Serve)
        .steer("nodata.example.", pool(0), AllDown::NoData)
        .steer("fail.example.", pool(0), AllDown::ServFail)
        .steer("last.example.", pool(0), AllDown::Policy(pool(1)))
        .steer("up.example.", pool(1), AllDown::Serve)
}

fn view() -> View {
    setup().view()
}

#[test]
fn what_is_told_of_which_reply() {
    for (question, rcode, error) in [
        ("www.example. A", "NOERROR", None),
        ("www.example. MX", "NOERROR", None),
        ("nope.example. A", "NXDOMAIN", None),
        ("x.cut.example. A", "NOERROR", None),
        ("up.example. A", "NOERROR", None),
        ("up.example. AAAA", "NOERROR", None),
        ("serve.example. A", "NOERROR", Some("0 all pools down")),
        ("to.example. A", "NOERROR", Some("0 all pools down")),
        ("nodata.example. A", "NOERROR", Some("0 all pools down")),
        ("fail.example. A", "SERVFAIL", Some("0 all pools down")),
        ("last.example. A", "NOERROR", Some("0 all pools down")),
        ("elsewhere. A", "REFUSED", Some("20")),
        ("example. AXFR", "REFUSED", Some("21 no zone transfers")),
        ("elsewhere. AXFR", "NOTAUTH", Some("20")),
        ("example. TYPE251", "REFUSED", Some("21 no zone transfers")),
        ("www.example. TYPE253", "NOTIMP", Some("21")),
        ("www.example. TYPE254", "NOTIMP", Some("21")),
        ("www.example. TYPE41", "FORMERR", Some("30")),
        ("www.example. TYPE249", "FORMERR", Some("30")),
        ("www.example. TYPE128", "FORMERR", Some("30")),
        ("www.example. TYPE250", "FORMERR", Some("30")),
    ] {
        for transport in [Packet::clone, |packet: &Packet| packet.clone().tcp()] {
            let reply = transport(&ask(question).edns(1232, &[])).of(&view());
            assert_eq!(reply.message().metadata.response_code.to_string(), code(rcode));
            assert_eq!(reply.extended_error().as_deref(), error, "{question}");
            assert!(transport(&ask(question)).of(&view()).opt().is_none(), "{question}");
        }
    }
    let mut chaos = ask("www.example. A").edns(1232, &[]);
    chaos.questions[0].2 = 3;
    assert_eq!(chaos.of(&view()).extended_error().unwrap(), "21");
    let notify = ask("example. SOA").flags(4 << 11).edns(1232, &[]).of(&view());
    assert_eq!((notify.text(), notify.extended_error().unwrap()), ("NOTIMP".into(), "21".into()));
    let twice = ask("www.example. A").edns(1232, &[]).edns(1232, &[]).of(&view());
    assert_eq!((twice.text(), twice.extended_error()), ("FORMERR".into(), None));
}

/// As hickory writes it.
fn code(rcode: &str) -> &str {
    match rcode {
        "NOERROR" => "No Error",
        "NXDOMAIN" => "Non-Existent Domain",
        "REFUSED" => "Query Refused",
        "SERVFAIL" => "Server Failure",
        "NOTIMP" => "Not Implemented",
        "FORMERR" => "Form Error",
        "NOTAUTH" => "Not authorized",
        other => panic!("{other}"),
    }
}

/// Beside every other option.
#[test]
fn it_stands_after_what_was_asked_for() {
    let view = setup().nsid(b"ns1").cookies(&[[1; 16]]).view();
    let options: &[(u16, &[u8])] =
        &[(10, b"12345678"), (11, b""), (3, b""), (8, &[0, 1, 24, 0, 10, 1, 2])];
    let reply = ask("serve.example. A").tcp().edns(1232, options).of(&view);
    let codes: Vec<u16> = reply.opt().unwrap().2.iter().map(|(code, _)| *code).collect();
    assert_eq!(codes, [8, 3, 10, 11, 15]);
    assert_eq!(reply.message().answers.len(), 1);
}

/// It takes what room is left, and none from the answer.
#[test]
fn it_gives_way_to_data() {
    let addresses: Vec<String> = (0..40).map(|n| format!("192.0.2.{n}")).collect();
    let addresses: Vec<&str> = addresses.iter().map(|text| &**text).collect();
    let mut setup = Setup::default();
    // 12 + 15 + 11 + 16 for each address, and 20 for the error.
    for count in [28, 29, 30] {
        setup = setup.pool(&addresses[..count]);
        let id = (count - 28) as u32;
        for index in 0..count as u32 {
            setup = setup.stand(id, index, Standing::Down, None);
        }
    }
    setup = setup.zone("example.", "");
    for (id, owner) in [(0, "a.example."), (1, "b.example."), (2, "c.example.")] {
        setup = setup.steer(owner, pool(id), AllDown::Serve);
    }
    let view = setup.view();
    for (question, size, count, has_error) in [
        ("a.example. A", 512, 28, true),
        ("b.example. A", 512, 29, false),
        ("b.example. A", 521, 29, false),
        ("b.example. A", 522, 29, true),
        ("c.example. A", 512, 0, true),
    ] {
        let reply = ask(question).edns(size, &[]).of(&view);
        let message = reply.message();
        assert_eq!(message.answers.len(), count, "{question} {size}");
        assert_eq!(message.metadata.truncation, count == 0, "{question} {size}");
        assert_eq!(reply.extended_error().is_some(), has_error, "{question} {size}");
        assert!(reply.bytes.len() <= usize::from(size), "{question} {size}");
    }
}
