//! What a server says of itself in the Chaos class: the commit that it serves, and nothing else.

use super::answer::Incoming;
use super::reply::{Full, Reply};
use crate::wire::{HEADER_BYTES, QName, rtype};

/// `commit.steersman.` in wire form.
const COMMIT: &[u8] = b"\x06commit\x09steersman\0";

/// Answers with the commit, if that is asked for and there is one; says whether it did.
pub(super) fn answer(incoming: &Incoming<'_>, name: &QName, reply: &mut Reply<'_>) -> bool {
    let question = incoming.question;
    let is_asked = question.fault.is_none()
        && (question.qclass, question.qtype) == (rtype::CH, rtype::TXT)
        && name.suffix(0) == COMMIT;
    let commit = incoming.view.world.commit.as_deref().filter(|_| is_asked);
    commit.is_some_and(|commit| put(reply, commit.as_bytes()).is_ok())
}

/// One string, which is not to be kept by anybody.
fn put(reply: &mut Reply<'_>, text: &[u8]) -> Result<(), Full> {
    let mut data = [0; 256];
    data[0] = u8::try_from(text.len()).map_err(|_| Full)?;
    data[1..=text.len()].copy_from_slice(text);
    reply.put_chaos(HEADER_BYTES as u16, (rtype::TXT, 0), &data[..=text.len()])
}
