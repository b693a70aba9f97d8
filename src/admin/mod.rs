//! The admin endpoint: how everything stands, what people say of it, over HTTP.
//!
//! It knows the daemon only through [`Control`]; who may ask is [`Access`]. Errors are
//! `application/problem+json` (RFC 9457).

mod access;
mod answers;
mod asked;
mod change;
mod control;
mod crowd;
mod drills;
mod events;
mod kept;
mod look;
mod maintenance;
mod openapi;
mod page;
mod patience;
mod problem;
mod routes;
mod server;
mod sessions;
mod shares;
mod signing;
mod silences;
pub mod status;
mod tls;
mod turns;
mod uptime;

#[cfg(test)]
pub(crate) mod tests;

pub use access::Access;
pub use answers::{
    AuditPage, NewToken, OverrideList, Reloaded, ReturnedTo, TokenList, TokenStatus,
};
pub use change::{Change, TokenWish, USER_HEADER, Why};
pub use control::{Cleared, Control, ExplainRequest, OverrideError};
pub use drills::{DrillEndError, DrillError, DrillList, DrillText, DrillWish};
pub use maintenance::{MaintenanceList, PlanError};
pub use openapi::text as description;
pub use problem::{FileError, Problem};
pub use server::{Limits, serve};
pub use shares::{
    AddressType, MOST_NAMES, Moved, NameChange, NameList, NameMap, NameStatus, NamesRequest,
    Preview, PreviewWish, Share,
};
pub use signing::{SessionStatus, SignIn};
pub use silences::{
    SilenceError, SilenceList, SilenceWish, Silenced, TestError, Tested, WebhookList,
};
pub use tls::Tls;
