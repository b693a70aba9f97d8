//! Questions in, answers out: [`answer`] is the one function that decides what is said.
//!
//! It reads a packet in place, asks `zone` and `steering`, and writes a reply into the caller's
//! buffer. It knows no sockets, no clock and no chance.

mod answer;
mod chain;
mod chaos;
mod edns;
mod query;
mod refusal;
mod reply;
#[cfg(test)]
pub(crate) mod tests;
mod trace;
mod truncate;

pub use answer::{
    Answered, Asker, MAX_UDP_BYTES, Reason, Scratch, Transport, answer, answer_traced,
};
pub use trace::{Link, Trace};
pub use truncate::truncate;
