//! What everything runs on but the answers.

use std::io;

use tokio::runtime::{Builder, Runtime};

use crate::probe::TURN;
use crate::server::{give_memory_back, take_turns};

/// The runtime of the program, made once, before it does anything that takes memory.
///
/// # Errors
///
/// Where the system has no more threads or files to give.
pub fn runtime() -> io::Result<Runtime> {
    give_memory_back();
    Builder::new_multi_thread().enable_all().on_thread_start(|| take_turns(TURN)).build()
}
