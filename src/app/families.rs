//! What a scrape is told of endpoints, pools and probes.

use crate::health::{EndpointId, Overrides, Standing, StandingNow, State};
use crate::metrics::Family;
use crate::probe::{Histogram, Snapshot};
use crate::steering::Asked;
use crate::view::View;

/// Endpoints, pools and overrides.
pub(super) fn endpoints(view: &View, overrides: &Overrides, probes: &Snapshot) -> Vec<Family> {
    let inventory = &view.world.inventory;
    let mut up = Family::gauge("steersman_endpoint_up", "Whether probes say that it is up.");
    let mut served = Family::gauge(
        "steersman_endpoint_answerable",
        "Whether verdict and overrides together let it be answered.",
    );
    let mut held = Family::gauge(
        "steersman_endpoint_held",
        "Whether it is held down for having fallen again and again.",
    );
    let mut pools_up = Family::gauge("steersman_pool_up", "Whether a pool is up for a family.");
    let mut panics = Family::gauge(
        "steersman_pool_panics",
        "Whether so few endpoints of a pool with panic_below are up that all are answered.",
    );
    let mut held_back = Family::gauge(
        "steersman_pool_held_back",
        "Whether a failover does not return yet to a pool that is up again.",
    );
    for (pool_id, pool) in (0u32..).zip(&inventory.pools) {
        for (index, endpoint) in (0u32..).zip(&pool.endpoints) {
            let id = EndpointId { pool: pool_id, index };
            let verdict = probes.verdict(id);
            let is_held = probes.targets_of(id).any(|target| target.held_until.is_some());
            let address = endpoint.address.text();
            let labels = [("pool", pool.name.as_str()), ("endpoint", address.as_str())];
            up.push("", &labels, f64::from(u8::from(verdict.state == State::Up)));
            held.push("", &labels, f64::from(u8::from(is_held)));
            let standing = StandingNow::of(inventory, id, verdict, overrides).standing;
            served.push("", &labels, f64::from(u8::from(standing <= Standing::Up)));
        }
        let Some(state) = view.pools.get(pool_id) else { continue };
        let families = match pool.answers_hosts() {
            true => &[("cname", Asked::Alias)][..],
            false => &[("a", Asked::A), ("aaaa", Asked::Aaaa)],
        };
        for (family, asked) in families {
            if let Some(set) = state.set(*asked) {
                let labels = [("pool", pool.name.as_str()), ("family", family)];
                pools_up.push("", &labels, f64::from(u8::from(set.is_up())));
                if view.world.paces.some_held() {
                    held_back.push("", &labels, f64::from(u8::from(set.held != 0)));
                }
                if pool.panic_below.is_some() {
                    panics.push("", &labels, f64::from(u8::from(set.stands().panics)));
                }
            }
        }
    }
    let count = overrides.iter().count() as f64;
    let standing = Family::gauge("steersman_overrides", "Overrides in force.").sample(&[], count);
    vec![up, served, held, pools_up, panics, held_back, standing]
}

/// Probes by target and result, how long they take, and how late they begin.
pub(super) fn probes(snapshot: &Snapshot) -> Vec<Family> {
    let mut results = Family::counter("steersman_probes_total", "Probes by target and result.");
    let mut durations = Family::new(
        crate::metrics::Kind::Histogram,
        "steersman_probe_duration_seconds",
        "How long probes take, by target.",
    );
    let mut lateness = Family::new(
        crate::metrics::Kind::Histogram,
        "steersman_probe_lateness_seconds",
        "How long after they are due probes begin.",
    );
    for status in &snapshot.targets {
        let target: &str = &status.target.key;
        for (result, count) in &status.results {
            results.push("", &[("target", target), ("result", result)], *count as f64);
        }
        histogram(&mut durations, &[("target", target)], &status.durations);
    }
    histogram(&mut lateness, &[], &snapshot.lateness);
    let lost = Family::gauge(
        "steersman_network_lost",
        "Whether nobody is heard of any more, so that verdicts stay as they are.",
    );
    let lost = lost.sample(&[], f64::from(u8::from(snapshot.is_cut_off)));
    vec![results, durations, lateness, lost]
}

fn histogram(family: &mut Family, labels: &[(&'static str, &str)], of: &Histogram) {
    let bucket = |le: &str, count: u64, family: &mut Family| {
        let labels: Vec<(&'static str, &str)> =
            labels.iter().copied().chain([("le", le)]).collect();
        family.push("_bucket", &labels, count as f64);
    };
    for (bound, count) in of.cumulative() {
        bucket(&bound.as_secs_f64().to_string(), count, family);
    }
    bucket("+Inf", of.count(), family);
    family.push("_sum", labels, of.sum().as_secs_f64());
    family.push("_count", labels, of.count() as f64);
}
