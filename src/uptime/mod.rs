//! How available everything was: records of what changed, day by day, and the report that they come to.
//!
//! Pure: where records are kept, and what time it is, is the matter of others.

mod course;
mod ledger;
mod outs;
mod record;
mod report;
mod text;

#[cfg(test)]
mod tests;

pub use course::Period;
pub use ledger::Ledger;
pub use record::{Kind, PoolNow, Record, Stand};
pub use report::{
    EndpointUptime, Failover, Gap, NameAnswers, PoolShare, PoolUptime, RegionUptime, Report, Times,
};
pub use text::{markdown, text};
