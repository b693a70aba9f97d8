//! What is left of a reply that is cut.

use super::support::{Packet, Reply, Setup, ask, pool};
use crate::dns::{Reason, truncate};
use crate::steering::AllDown;
use crate::view::View;

fn view() -> View {
    let many: String = (0..40).map(|n| format!("many A 10.0.0.{n}\n")).collect();
    Setup::default()
        .pool(&["192.0.2.1"])
        .zone("example.", &format!("www A 192.0.2.1\ncut NS ns.cut\nns.cut A 192.0.2.2\n{many}"))
        .steer("steered.example.", pool(0), AllDown::Serve)
        .nsid(b"ns1")
        .view()
}

fn cut(packet: &Packet, view: &View) -> (Reply, Reply) {
    let whole = packet.of(view);
    let mut cut = packet.of(view);
    cut.answered = truncate(&mut cut.bytes, &whole.answered);
    cut.bytes.truncate(cut.answered.length);
    (whole, cut)
}

#[test]
fn the_header_the_question_and_opt_are_left() {
    let view = view();
    for (question, left) in [
        ("www.example. A", "NOERROR aa tc"),
        ("wWw.eXample. A", "NOERROR aa tc"),
        ("many.example. A", "NOERROR aa tc"),
        ("www.example. MX", "NOERROR aa tc"),
        ("steered.example. A", "NOERROR aa tc"),
        ("x.cut.example. A", "NOERROR tc"),
        ("nope.example. A", "NXDOMAIN aa tc"),
        ("elsewhere. A", "REFUSED tc"),
        (". A", "REFUSED tc"),
    ] {
        let subnet: &[u8] = &[0, 1, 24, 0, 192, 0, 2];
        for (packet, options) in [
            (ask(question), None),
            (ask(question).edns(1232, &[]), Some(0)),
            (ask(question).edns(1232, &[(3, b""), (8, subnet)]), Some(2)),
        ] {
            let (whole, cut) = cut(&packet, &view);
            assert_eq!(cut.text(), left, "{question}");
            assert_eq!(cut.opt(), whole.opt(), "{question}");
            // REFUSED says why, too (RFC 8914).
            let options = options.map(|count| count + usize::from(left.starts_with("REFUSED")));
            assert_eq!(cut.opt().map(|opt| opt.2.len()), options, "{question}");
            assert_eq!(cut.message().queries, whole.message().queries, "{question}");
            assert_eq!(cut.answered.reason, whole.answered.reason, "{question}");
            // What was chosen is not told.
            assert_eq!(cut.answered.slot, None, "{question}");
        }
    }
}

#[test]
fn an_extended_response_code_stays() {
    let packet = ask("www.example. A").record(2, super::support::opt(1232, [0, 1, 0, 0], &[]));
    let (_, cut) = cut(&packet, &view());
    assert_eq!((cut.text(), cut.answered.reason), ("BADVERS tc".into(), Reason::BadVersion));
}

#[test]
fn silence_stays_silence() {
    let (_, cut) = cut(&ask("www.example. A").flags(0x8000), &view());
    assert!(cut.bytes.is_empty());
}
