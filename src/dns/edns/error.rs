//! Extended errors (RFC 8914): why an answer is what it is, for whoever looks into it.
//!
//! Only where that tells more than the response code does, and with a text only where the error
//! leaves something open. `docs/answers.md` has the table.

use super::BadOption;
use crate::dns::Reason;
use crate::dns::chain::Conclusion;
use crate::dns::query::{Fault, Question};
use crate::wire::{Rcode, rtype};

/// An extended error: its code in two bytes, and its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExtendedError(&'static [u8]);

/// Code 0, "Other Error".
const ALL_DOWN: ExtendedError = ExtendedError(b"\0\0all pools down");
const TOO_LONG: ExtendedError = ExtendedError(b"\0\0answer over 64 KiB");
const CUT_OFF: ExtendedError = ExtendedError(b"\0\0options cut off");
const BAD_SUBNET: ExtendedError = ExtendedError(b"\0\0bad client subnet");
const BAD_COOKIE: ExtendedError = ExtendedError(b"\0\0bad cookie length");
const BAD_KEEPALIVE: ExtendedError = ExtendedError(b"\0\0bad keepalive length");
/// Code 20, "Not Authoritative".
const NOT_AUTHORITATIVE: ExtendedError = ExtendedError(b"\0\x14");
/// Code 21, "Not Supported".
const NOT_SUPPORTED: ExtendedError = ExtendedError(b"\0\x15");
const NO_TRANSFERS: ExtendedError = ExtendedError(b"\0\x15no zone transfers");
/// Code 30, "Invalid Query Type".
const INVALID_QUERY_TYPE: ExtendedError = ExtendedError(b"\0\x1e");

impl ExtendedError {
    /// What there is to tell of a reply that says this to that question.
    pub fn of(question: &Question<'_>, said: &Conclusion) -> Option<Self> {
        match said.reason {
            Reason::Degraded | Reason::ServFail => Some(ALL_DOWN),
            Reason::Refused => Some(match question.qtype {
                _ if question.qclass != rtype::IN => NOT_SUPPORTED,
                rtype::AXFR | rtype::IXFR if said.rcode == Rcode::REFUSED => NO_TRANSFERS,
                _ => NOT_AUTHORITATIVE,
            }),
            Reason::NotImplemented => Some(NOT_SUPPORTED),
            Reason::Malformed => match question.fault {
                Some(Fault::Option(BadOption::CutOff)) => Some(CUT_OFF),
                Some(Fault::Option(BadOption::Subnet)) => Some(BAD_SUBNET),
                Some(Fault::Option(BadOption::Cookie)) => Some(BAD_COOKIE),
                Some(Fault::Option(BadOption::Keepalive)) => Some(BAD_KEEPALIVE),
                Some(_) => None,
                // Nothing is wrong with it but what it asks for.
                None => Some(INVALID_QUERY_TYPE),
            },
            // Where there is data, only its length can make an answer fail.
            _ if said.rcode == Rcode::SERVFAIL => Some(TOO_LONG),
            _ => None,
        }
    }

    /// The option's data.
    pub(super) fn data(self) -> &'static [u8] {
        self.0
    }

    /// Bytes that it takes in an OPT record.
    pub fn bytes(self) -> usize {
        super::OPTION_BYTES + self.0.len()
    }
}
