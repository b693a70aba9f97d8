//! Questions in, answers out: [`answer`] is the one function that decides what is said.
//!
//! It reads a packet in place, asks `zone` and `steering`, and writes a reply into the caller's
//! buffer. It knows no sockets, no clock and no chance.

mod answer;
mod reply;

pub use answer::{Asker, Reason, Scratch, Transport, Verdict, answer};
