//! Copies of some questions with their replies, from the threads that answer to those that tell of them.
//!
//! For each who looks on there is a [`Sink`]; each thread that answers has a ring of its own in it
//! (`ring`), in memory that is there from the start. Chance says which questions are copied. Putting a
//! copy in takes no lock, no allocation and no system call, and never waits: what finds no room is
//! dropped, and counted. This room knows neither clock nor chance, nor what is done with the copies.

mod ring;
mod sample;
mod sink;

pub use sample::{Ends, Sample};
pub use sink::{Reader, Share, Sink, Sinks, Writers};
