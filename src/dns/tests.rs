//! What [`super::answer`] says, read back by hickory-proto.

mod amplification;
mod chains;
mod chaos;
mod clients;
mod cookies;
mod edns;
mod extended_errors;
mod faults;
mod keepalive;
mod limits;
mod padding;
mod random;
mod rfc8906;
mod static_answers;
mod steered;
pub(crate) mod support;
mod truncated;
