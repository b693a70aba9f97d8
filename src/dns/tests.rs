//! What [`super::answer`] says, read back by hickory-proto.

mod chains;
mod clients;
mod edns;
mod faults;
mod limits;
mod random;
mod static_answers;
mod steered;
mod support;
