//! dnstap as bytes: samples as its messages (`dnstap.proto`), and the frames that carry them (Frame
//! Streams). No sockets here.

mod frames;
mod message;

pub use frames::{Control, HEARD_BYTES, Nonsense, data, ready, start, stop};
pub use message::{Encoder, Kind};
