//! What cannot be answered from any zone: what is malformed, and what is not served.

use super::answer::{Incoming, Reason};
use super::edns::ReplyOpt;
use super::query::{Fault, Question};
use crate::wire::{QName, Rcode, rtype};

/// What is said instead of an answer, if no zone can have one.
pub(super) fn unanswerable(
    incoming: &Incoming<'_>,
    opt: Option<&ReplyOpt<'_>>,
    name: &QName,
) -> Option<(Rcode, Reason)> {
    let &Question { qtype, qclass, fault, .. } = incoming.question;
    let ordinary = fault.is_none() && qclass == rtype::IN && !rtype::is_meta(qtype);
    (!ordinary).then(|| refusal(incoming, opt, name)).flatten()
}

#[cold]
fn refusal(
    incoming: &Incoming<'_>,
    opt: Option<&ReplyOpt<'_>>,
    name: &QName,
) -> Option<(Rcode, Reason)> {
    let question = incoming.question;
    if let Some(fault) = question.fault {
        let cookie = opt.filter(|_| fault == Fault::NoQuestion).and_then(ReplyOpt::cookie_rcode);
        return Some(cookie.map_or_else(|| fault_reply(fault), |rcode| (rcode, Reason::Cookie)));
    }
    match question.qtype {
        // These are never asked for (RFC 6895 3.1, RFC 9824).
        rtype::OPT | rtype::NXNAME | rtype::TKEY | rtype::TSIG => {
            Some((Rcode::FORMERR, Reason::Malformed))
        }
        rtype::MAILB | rtype::MAILA => Some((Rcode::NOTIMP, Reason::NotImplemented)),
        _ if question.qclass != rtype::IN => Some((Rcode::REFUSED, Reason::Refused)),
        rtype::AXFR | rtype::IXFR => {
            let zone = incoming.view.world.zones.find(name, question.qtype);
            let is_apex = zone
                .is_some_and(|(_, zone)| zone.apex.as_wire().len() == usize::from(name.length()));
            // RFC 5936 2.2.1.
            let rcode = if is_apex { Rcode::REFUSED } else { Rcode::NOTAUTH };
            Some((rcode, Reason::Refused))
        }
        _ => None,
    }
}

fn fault_reply(fault: Fault) -> (Rcode, Reason) {
    match fault {
        Fault::Malformed | Fault::NoQuestion | Fault::Option(_) => {
            (Rcode::FORMERR, Reason::Malformed)
        }
        Fault::Operation => (Rcode::NOTIMP, Reason::NotImplemented),
        Fault::EdnsVersion => (Rcode::BADVERS, Reason::BadVersion),
    }
}
