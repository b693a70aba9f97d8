//! Writes down, day by day, how everything stands and what is answered, and reports of it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use axum::http::StatusCode;
use jiff::Timestamp;
use tokio::sync::watch;
use tokio::time::Instant;

use super::background::until;
use super::running::Running;
use super::stands::stand;
use crate::admin::{Control as _, Problem};
use crate::clock;
use crate::health::{EndpointId, State};
use crate::history::{Event, What};
use crate::state::StateError;
use crate::steering::PoolState;
use crate::timestamp::to_rfc3339;
use crate::uptime::{Kind, Ledger, Period, PoolNow, Record, Report, Stand};

/// What comes within so short a time is written down together.
const TOGETHER: Duration = Duration::from_millis(100);
/// As often is looked whether a day is over, and whether something is to be written.
const LOOK: Duration = Duration::from_secs(1);
/// As often it is written down that somebody looks, if nothing else is.
const ALIVE: Duration = Duration::from_secs(60);
/// Answers of very many names are written down less often, so that they take no more than so many bytes
/// a second.
const ANSWERS_BYTES_PER_SECOND: u64 = 100;
/// Days that are kept.
const KEPT_DAYS: usize = 401;
/// Events that are read at once.
const EVENTS: usize = 1000;

type Answers = BTreeMap<(String, String), u64>;

/// What comes after what is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// More.
    None,
    /// More, by another process, or for somebody who wants to know all until now.
    Pause,
    /// Nobody looks any more.
    Stop,
}

/// What is written down of what happens, so far.
pub(super) struct Records {
    recorder: Mutex<Recorder>,
}

struct Recorder {
    /// The number of the last event that is written down.
    last: u64,
    /// The day that is written to; none before the first.
    day: Option<String>,
    /// Whether another process has handed on what it had, a moment ago.
    is_handed_on: bool,
    /// Whether something is missing, so that what is written next begins anew.
    is_behind: bool,
    /// When something was last written down.
    written: Instant,
    /// The answers that are written down, and when the next are to be.
    answers: Answers,
    answers_due: Instant,
}

impl Records {
    /// Nothing yet; `is_handed_on` says whether another process wrote until a moment ago.
    pub(super) fn new(is_handed_on: bool) -> Self {
        let now = clock::runtime_now();
        let recorder = Mutex::new(Recorder {
            last: 0,
            day: None,
            is_handed_on,
            is_behind: true,
            written: now,
            answers: Answers::new(),
            answers_due: now + ALIVE,
        });
        Self { recorder }
    }
}

impl Running {
    /// Writes down what happens until it is stopped.
    pub(super) async fn keep_records(self: Arc<Self>, stopped: watch::Receiver<bool>) {
        let mut happened = self.history.follow();
        let look = async |end| {
            let running = Arc::clone(&self);
            // Writes to disk. A panic has been reported when it happened, and must not end this.
            let _ = tokio::task::spawn_blocking(move || running.write_records(end)).await;
        };
        let stopped = until(stopped);
        tokio::pin!(stopped);
        loop {
            tokio::select! {
                () = &mut stopped => break,
                _ = happened.changed() => {}
                () = tokio::time::sleep(LOOK) => {}
            }
            tokio::select! {
                () = &mut stopped => break,
                () = tokio::time::sleep(TOGETHER) => look(End::None).await,
            }
        }
        look(End::Stop).await;
    }

    /// Writes down what there is, if it can be.
    pub(super) fn write_records(&self, end: End) {
        self.records.recorder.lock().unwrap_or_else(PoisonError::into_inner).look(self, end);
    }

    /// How available everything was, until then or until now. Takes long.
    pub(super) fn uptime(
        &self,
        since: SystemTime,
        until: Option<SystemTime>,
    ) -> Result<Report, Problem> {
        // What was answered until now is part of what was until now.
        self.write_records(End::Pause);
        let until = until.unwrap_or_else(clock::wall_now);
        let period = Period { since, until };
        let mut ledger = Ledger::new(period);
        let days = (date(period.since), date(period.until));
        self.store
            .read_days((&days.0, &days.1), |day, json| {
                // A later version may write what this one does not know; and what claims to be of a later day was
                // written while the clock was wrong.
                let record = serde_json::from_str(json).ok();
                let is_of_day =
                    |record: &Record| record.at.get(..day.len()).is_some_and(|at| at <= day);
                if let Some(record) = record.filter(is_of_day) {
                    ledger.take(record);
                }
            })
            .map_err(|error| Problem::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string()))?;
        Ok(self.with_configured(|configured| ledger.report(configured)))
    }
}

impl Recorder {
    fn look(&mut self, running: &Running, end: End) {
        // What is believed before the first round is a guess.
        if self.day.is_none() && running.ready().is_err() {
            return;
        }
        let was_behind = self.is_behind && self.day.is_some();
        match self.write(running, end) {
            Ok(()) if was_behind => tracing::info!("what was up when is written down again"),
            Ok(()) => {}
            // That is the matter of another process now, or has been told at the start.
            Err(StateError::HandedOver | StateError::Unavailable(..)) => {}
            Err(error) => {
                if !was_behind {
                    tracing::warn!(%error, "cannot write down what is up: reports will have a gap");
                }
                self.is_behind = true;
            }
        }
    }

    fn write(&mut self, running: &Running, end: End) -> Result<(), StateError> {
        let day = date(clock::wall_now());
        if self.is_behind || self.day.as_deref() != Some(&day) {
            let is_new_day = self.day.as_deref() != Some(&day);
            if self.is_behind {
                // What happens from here on comes after the snapshot, even if it is in it already.
                self.last = running.history.before_the_last(0);
            } else {
                // What happened before midnight is in the file of that day.
                self.events(running)?;
            }
            self.day = Some(day);
            let is_start = self.is_behind && !self.is_handed_on;
            self.snapshot(running, is_start)?;
            (self.is_behind, self.is_handed_on) = (false, false);
            if is_new_day && let Err(error) = running.store.forget_days(KEPT_DAYS) {
                tracing::warn!(%error, "cannot delete the oldest days of what is written down");
            }
        }
        self.events(running)?;
        let now = clock::runtime_now();
        if now >= self.answers_due || end != End::None {
            self.answers(running, now)?;
        }
        let last = match end {
            End::Stop => Some(Kind::Stop),
            End::Pause => Some(Kind::Alive),
            End::None => (now >= self.written + ALIVE).then_some(Kind::Alive),
        };
        last.map(|kind| self.record(running, clock::wall_now(), kind)).transpose()?;
        Ok(())
    }

    fn events(&mut self, running: &Running) -> Result<(), StateError> {
        loop {
            let following = running.history.after(self.last, EVENTS);
            let mut is_out_of_date = following.are_missing;
            for event in &following.events {
                is_out_of_date |= matches!(event.what, What::Reload { errors: None, .. });
                if let Some(kind) = kind_of(event) {
                    self.record_at(running, event.at.clone(), kind)?;
                }
            }
            self.last = following.last;
            if is_out_of_date {
                self.snapshot(running, false)?;
            }
            if following.events.len() < EVENTS {
                return Ok(());
            }
        }
    }

    fn snapshot(&mut self, running: &Running, start: bool) -> Result<(), StateError> {
        let pools = {
            let _turn = running.turn();
            pools_now(running)
        };
        self.record(running, clock::wall_now(), Kind::Snapshot { start, pools })?;
        Ok(())
    }

    fn answers(&mut self, running: &Running, now: Instant) -> Result<(), StateError> {
        let all = running.metrics.steered_answers();
        let mut names = BTreeMap::<String, BTreeMap<String, u64>>::new();
        for (key @ (name, pool), count) in &all {
            let before = self.answers.get(key).copied().unwrap_or(0);
            if *count > before {
                names.entry(name.clone()).or_default().insert(pool.clone(), count - before);
            }
        }
        let written = match names.is_empty() {
            true => 0,
            false => self.record(running, clock::wall_now(), Kind::Answers { names })?,
        };
        self.answers = all;
        self.answers_due = now + answers_pause(written);
        Ok(())
    }

    fn record(&mut self, running: &Running, at: SystemTime, kind: Kind) -> Result<u64, StateError> {
        self.record_at(running, to_rfc3339(at), kind)
    }

    /// Returns how many bytes it took.
    fn record_at(&mut self, running: &Running, at: String, kind: Kind) -> Result<u64, StateError> {
        let store = &running.store;
        let json = serde_json::to_string(&Record { at, kind })
            .map_err(|error| StateError::Io("uptime".into(), error.into()))?;
        store.record_day(self.day.as_deref().unwrap_or_default(), &json)?;
        self.written = clock::runtime_now();
        Ok(json.len() as u64)
    }
}

/// From answers that took so many bytes to the next that are written down.
fn answers_pause(written_bytes: u64) -> Duration {
    Duration::from_secs(written_bytes / ANSWERS_BYTES_PER_SECOND).max(ALIVE)
}

/// What is to be written down of an event.
fn kind_of(event: &Event) -> Option<Kind> {
    match event.what.clone() {
        What::Endpoint { endpoint, verdict, reason, last_good } => {
            let stand = if verdict == "up" { Stand::Up } else { Stand::Down };
            Some(Kind::Endpoint { endpoint, stand, reason, last_good })
        }
        What::Pool { pool, family, stand } => Some(Kind::Pool { pool, family, stand }),
        // To return to a pool, or to end a hold, leaves overrides as they are.
        What::Override { action, .. } if !matches!(&*action, "set" | "clear" | "expire") => None,
        What::Override { action, target, state, reason, by, .. } => {
            let is_away = action == "set" && state.as_deref().is_some_and(|state| state != "up");
            let why = || {
                let (state, reason) = (state.unwrap_or_default(), reason.unwrap_or_default());
                format!("{state} by {by}: {reason}")
            };
            Some(Kind::Wish { target, planned: false, why: is_away.then(why) })
        }
        What::Maintenance { name, target, stage, reason, .. } => {
            let is_away = matches!(&*stage, "leaving" | "away");
            let why = || format!("maintenance {name}: {reason}");
            let is_over = matches!(&*stage, "returning" | "called_off");
            (is_away || is_over).then(|| Kind::Wish {
                target,
                planned: true,
                why: is_away.then(why),
            })
        }
        _ => None,
    }
}

/// How all pools stand now, by probes and people, and all endpoints, by probes alone.
fn pools_now(running: &Running) -> BTreeMap<String, PoolNow> {
    let view = running.live.load();
    let (inventory, board) = (&view.world.inventory, running.beliefs.probes.board());
    let verdicts = board.verdicts();
    let pool_now = |(id, pool): (u32, &crate::health::Pool)| {
        let unheard = board.unheard(id);
        let stand_of = |EndpointId { index, .. }: EndpointId| {
            let verdict = verdicts.get(id as usize).and_then(|pool| pool.get(index as usize));
            match verdict.map(|verdict| verdict.state) {
                _ if unheard.get(index as usize) == Some(&true) => Stand::Unknown,
                Some(State::Down) => Stand::Down,
                _ => Stand::Up,
            }
        };
        let endpoints = (0..).zip(&pool.endpoints).map(|(index, endpoint)| {
            (endpoint.address.text(), stand_of(EndpointId { pool: id, index }))
        });
        let sets = view.pools.get(id).into_iter().flat_map(PoolState::sets);
        let now = PoolNow {
            region: pool
                .region
                .and_then(|id| inventory.regions.get(id as usize))
                .map(|r| r.name.clone()),
            families: sets.map(|set| (set.family().to_string(), stand(set))).collect(),
            endpoints: endpoints.collect(),
        };
        (pool.name.clone(), now)
    };
    (0..).zip(&inventory.pools).map(pool_now).collect()
}

/// The day of a time in UTC, as files are named by it.
fn date(time: SystemTime) -> String {
    let time = Timestamp::try_from(time).unwrap_or(Timestamp::MAX);
    time.strftime("%Y-%m-%d").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A minute, or as long as it takes at 100 bytes a second.
    #[test]
    fn answers_of_very_many_names_are_written_down_less_often() {
        for (written_bytes, pause_s) in
            [(0, 60), (6_000, 60), (6_099, 60), (6_100, 61), (1_000_000, 10_000)]
        {
            assert_eq!(
                answers_pause(written_bytes),
                Duration::from_secs(pause_s),
                "{written_bytes}"
            );
        }
    }
}
