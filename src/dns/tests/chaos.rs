//! Questions about the server itself.

use super::support::{Packet, Setup, ask, name};
use crate::view::View;

const COMMIT: &str = "4f2a91c04f2a91c04f2a91c04f2a91c04f2a91c0";

fn view(commit: Option<&str>) -> View {
    Setup::default().commit(commit).zone("steersman.", "commit TXT in").view()
}

fn chaos(owner: &str, rtype: u16) -> Packet {
    let mut packet = ask("x. TXT");
    packet.questions[0] = (name(owner).as_wire().to_vec(), rtype, 3);
    packet
}

#[test]
fn the_commit_is_told() {
    let question = chaos("Commit.STEERSMAN.", 16);
    for packet in [question.clone(), question.clone().tcp(), question.clone().edns(1232, &[])] {
        let reply = packet.of(&view(Some(COMMIT)));
        let message = reply.message();
        assert!(message.metadata.authoritative && message.answers.len() == 1, "{message:?}");
        let record = &message.answers[0];
        assert_eq!(record.dns_class.to_string(), "CH");
        assert_eq!((record.ttl, record.data.to_string()), (0, COMMIT.into()));
        assert_eq!(reply.extended_error(), None);
    }
}

#[test]
fn nothing_else_is() {
    let refused = |packet: &Packet, commit| {
        let reply = packet.of(&view(commit));
        assert_eq!(reply.text(), "REFUSED");
    };
    refused(&chaos("commit.steersman.", 16), None);
    for (owner, rtype) in [
        ("commit.steersman.", 1),
        ("commit.steersman.", 255),
        ("version.bind.", 16),
        ("id.server.", 16),
        ("steersman.", 16),
        ("a.commit.steersman.", 16),
    ] {
        refused(&chaos(owner, rtype), Some(COMMIT));
    }
    let mut other = chaos("commit.steersman.", 16);
    other.questions[0].2 = 4;
    refused(&other, Some(COMMIT));
    // In the Internet class it is a name like any other.
    let text = ask("commit.steersman. TXT").of(&view(Some(COMMIT))).text();
    assert!(text.contains("in") && !text.contains(COMMIT), "{text}");
}
