//! The plan as texts that people like to read.

mod pools;
mod steering;
mod toml;
mod zone;

pub(super) use pools::pools;
pub(super) use steering::steering;
pub(super) use zone::{relative, text_string, zone};
