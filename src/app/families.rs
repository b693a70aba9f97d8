//! What a scrape is told of endpoints, pools and probes.

use std::fs;
use std::time::SystemTime;

use rustix::process::{Resource, getrlimit};

use super::beliefs::Planned;
use crate::admin::status::{GitStatus, MaintenanceStatus};
use crate::health::{EndpointId, Overrides, Standing, StandingNow, State};
use crate::metrics::Family;
use crate::probe::{Failure, Histogram, Snapshot, TargetStatus};
use crate::view::View;

/// Endpoints, pools and overrides.
pub(super) fn endpoints(
    view: &View,
    (overrides, planned): (&Overrides, &Planned),
    probes: &Snapshot,
) -> Vec<Family> {
    let inventory = &view.world.inventory;
    let mut up = Family::gauge("steersman_endpoint_up", "Whether probes say that it is up.");
    let mut served = Family::gauge(
        "steersman_endpoint_answerable",
        "Whether verdict and overrides together let it be answered.",
    );
    let mut asked = Family::gauge(
        "steersman_endpoint_target_info",
        "Always 1: by which target each monitor asks each endpoint.",
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
            let monitors =
                pool.monitors.iter().filter_map(|id| inventory.monitors.get(*id as usize));
            for (monitor, target) in monitors.zip(probes.targets_of(id)) {
                let more = [("monitor", monitor.name.as_str()), ("target", &*target.target.key)];
                asked.push("", &[labels, more].concat(), 1.0);
            }
            up.push("", &labels, f64::from(u8::from(verdict.state == State::Up)));
            held.push("", &labels, f64::from(u8::from(is_held)));
            let now = StandingNow::of(inventory, id, verdict, overrides);
            let is_away = planned.get(&pool_id) == Some(&0);
            let standing = if is_away { now.away() } else { now }.standing;
            served.push("", &labels, f64::from(u8::from(standing <= Standing::Up)));
        }
        let Some(state) = view.pools.get(pool_id) else { continue };
        for set in state.sets() {
            let family = set.family().to_string();
            let labels = [("pool", pool.name.as_str()), ("family", family.as_str())];
            pools_up.push("", &labels, f64::from(u8::from(set.is_up())));
            if view.world.paces.some_held() {
                held_back.push("", &labels, f64::from(u8::from(set.held != 0)));
            }
            if pool.panic_below.is_some() {
                panics.push("", &labels, f64::from(u8::from(set.stands().panics)));
            }
        }
    }
    let count = overrides.iter().count() as f64;
    let standing = Family::gauge("steersman_overrides", "Overrides in force.").sample(&[], count);
    vec![up, served, asked, held, pools_up, panics, held_back, standing]
}

/// Planned maintenance.
pub(super) fn maintenance(windows: &[MaintenanceStatus]) -> Vec<Family> {
    let mut share = Family::gauge(
        "steersman_maintenance_clients_ratio",
        "Which part of its clients maintenance leaves to a region or pool, from 0 to 1.",
    );
    let mut refused = Family::gauge(
        "steersman_maintenance_refused",
        "Whether a safety rule keeps a window of maintenance from beginning.",
    );
    for window in windows {
        let labels = [("maintenance", window.name.as_str()), ("target", window.target.as_str())];
        share.push("", &labels, f64::from(window.percent) / 100.0);
        refused.push("", &labels, f64::from(u8::from(window.stage == "refused")));
    }
    vec![share, refused]
}

/// The remote that the zones come from.
pub(super) fn git(followed: Option<(&GitStatus, Option<SystemTime>)>) -> Vec<Family> {
    let mut info =
        Family::gauge("steersman_git_commit_info", "Always 1: the commit that is served.");
    let mut fetched = Family::gauge(
        "steersman_git_last_fetch_timestamp_seconds",
        "When the branch was last fetched; 0 until it has been since the start.",
    );
    let mut refused = Family::gauge(
        "steersman_git_commit_refused",
        "Whether the newest commit is refused, and an older one served.",
    );
    let mut unreachable = Family::gauge(
        "steersman_git_remote_unreachable",
        "Whether the branch cannot be fetched, and what is served may be old.",
    );
    if let Some((status, last_fetch)) = followed {
        unreachable.push("", &[], f64::from(u8::from(status.unreachable.is_some())));
        if let Some(commit) = &status.commit {
            info.push("", &[("branch", &status.branch), ("commit", commit)], 1.0);
        }
        fetched.push("", &[], last_fetch.map_or(0.0, unix_seconds));
        refused.push("", &[], f64::from(u8::from(status.refused.is_some())));
    }
    vec![info, fetched, refused, unreachable]
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
    let mut targets = Targets::new();
    for status in &snapshot.targets {
        let target: &str = &status.target.key;
        targets.push(snapshot, status);
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
    let Targets { up, since, changed, in_a_row, next } = targets;
    vec![results, durations, lateness, lost, up, since, changed, in_a_row, next]
}

/// How targets stand.
struct Targets {
    up: Family,
    since: Family,
    changed: Family,
    in_a_row: Family,
    next: Family,
}

impl Targets {
    fn new() -> Self {
        Self {
            up: Family::gauge(
                "steersman_target_up",
                "Whether probes of a target say that it is up.",
            ),
            since: Family::gauge(
                "steersman_target_since_timestamp_seconds",
                "Since when they say what they say.",
            ),
            changed: Family::gauge(
                "steersman_target_changed_timestamp_seconds",
                "When that last changed since the start, and by which result.",
            ),
            in_a_row: Family::gauge(
                "steersman_target_in_a_row",
                "How many of the last probes in a row have succeeded, or failed.",
            ),
            next: Family::gauge(
                "steersman_target_next_probe_timestamp_seconds",
                "When the next probe begins.",
            ),
        }
    }

    fn push(&mut self, snapshot: &Snapshot, status: &TargetStatus) {
        let labels = [("target", &*status.target.key)];
        let is_up = status.verdict().state == State::Up;
        self.up.push("", &labels, f64::from(u8::from(is_up)));
        if let Some(since) = status.since {
            self.since.push("", &labels, unix_seconds(since));
        }
        if let Some(change) = &status.change {
            let result = change.why.as_ref().map_or("ok", Failure::reason);
            self.changed.push("", &[labels[0], ("result", result)], unix_seconds(change.at));
        }
        for (result, count) in [("ok", status.successes), ("failed", status.failures)] {
            self.in_a_row.push("", &[labels[0], ("result", result)], f64::from(count));
        }
        if let Some(next) = snapshot.next_probe(status) {
            self.next.push("", &labels, unix_seconds(next));
        }
    }
}

fn unix_seconds(at: SystemTime) -> f64 {
    at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

/// Open files, by the names that Prometheus has for them; what the system does not tell is left out.
pub(super) fn open_files() -> Vec<Family> {
    // One of them is the folder itself, while it is read.
    let open = fs::read_dir("/proc/self/fd").ok().map(|files| files.count().saturating_sub(1));
    let most = getrlimit(Resource::Nofile).current;
    let mut families = Vec::new();
    if let Some(open) = open {
        let family = Family::gauge("process_open_fds", "Number of open file descriptors.");
        families.push(family.sample(&[], open as f64));
    }
    if let Some(most) = most {
        let family = Family::gauge("process_max_fds", "Maximum number of open file descriptors.");
        families.push(family.sample(&[], most as f64));
    }
    families
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
