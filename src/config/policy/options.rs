//! Keys beside a policy that say more of it, each of one policy only.

use std::time::Duration;

use super::Reader;
use crate::config::document::{Item, Kind, Table};
use crate::duration::parse_duration;
use crate::steering::{Failback, HeldFailover, Paces, Policy, Ramp, Ramped, Weighted};

/// These keys.
pub(in crate::config) const OPTIONS: [&str; 3] = ["sticky", "failback", "ramp"];

const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(7 * 24 * 3600);
const TIMES: &str = r#"a time from "1s" to "7d""#;

/// What stands beside a policy.
#[derive(Clone, Copy, Default)]
pub(super) struct Options {
    /// Whether the client's network decides.
    pub(super) sticky: bool,
    failback: Option<(Failback, u16)>,
    ramp: Option<Ramp>,
}

impl Options {
    /// A failover that returns as is said here.
    pub(super) fn failover(self, branches: Box<[Policy]>) -> Policy {
        match self.failback {
            Some((failback, bit)) => {
                Policy::HeldFailover(HeldFailover { branches, failback, bit }.into())
            }
            None => Policy::Failover(branches),
        }
    }

    /// A weighted policy that lets come back as is said here.
    pub(super) fn weighted(self, weighted: Weighted) -> Policy {
        match self.ramp {
            Some(ramp) => Policy::Ramped(Ramped { weighted, ramp }.into()),
            None => Policy::Weighted(weighted),
        }
    }
}

impl Reader<'_, '_> {
    /// Reads what stands beside the key of a policy.
    pub(super) fn options(&mut self, table: &Table<'_>, policy: &str) -> Options {
        let beside = |key: &str, wanted: &str| {
            let item = table.get(key)?;
            if policy != wanted {
                let expected = format!("{key} beside {wanted} only");
                item.key_finding(format!("{key} beside {policy}"), expected);
            }
            Some(item)
        };
        let sticky = beside("sticky", "weighted").and_then(|item| item.boolean());
        let failback = beside("failback", "failover").and_then(|item| self.failback(&item));
        let ramp = beside("ramp", "weighted").and_then(|item| self.ramp(&item));
        Options { sticky: sticky.unwrap_or(false), failback, ramp }
    }

    /// None also for `auto`.
    fn failback(&mut self, item: &Item<'_>) -> Option<(Failback, u16)> {
        let failback = match item.kind() {
            Kind::Text("auto") => return None,
            Kind::Text("manual") => Failback::Manual,
            Kind::Text(text) if time(text).is_some() => Failback::After(time(text)?),
            _ => {
                item.finding(item.shown(), format!(r#""auto", "manual", or {TIMES}"#));
                return None;
            }
        };
        let bit = self.shared.paces.failback(failback);
        if bit.is_none() {
            too_many(item, "failback");
        }
        Some((failback, bit?))
    }

    fn ramp(&mut self, item: &Item<'_>) -> Option<Ramp> {
        let ramp = self.shared.paces.ramp(item.duration(SHORTEST..=LONGEST)?);
        if ramp.is_none() {
            too_many(item, "ramp");
        }
        ramp
    }
}

fn time(text: &str) -> Option<Duration> {
    parse_duration(text).ok().filter(|time| (SHORTEST..=LONGEST).contains(time))
}

fn too_many(item: &Item<'_>, key: &str) {
    let most = Paces::MOST;
    item.finding(
        format!("{}, one more time of {key}", item.shown()),
        format!("at most {most} different times in all files"),
    );
}
