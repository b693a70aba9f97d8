//! Writes down, day by day, how everything stands and what is answered, and reports of it.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
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
const KEPT: Duration = Duration::from_secs(400 * 24 * 60 * 60);
/// Events that are read at once.
const EVENTS: usize = 1000;

type Answers = BTreeMap<(String, String), u64>;

/// Who writes it down.
struct Recorder {
    running: Arc<Running>,
    /// The number of the last event that is written down.
    last: u64,
    /// The day that is written to; none before the first.
    day: Option<String>,
    /// Whether something is missing, so that what is written next begins anew.
    is_behind: bool,
    /// When something was last written down.
    written: Instant,
    /// The answers that are written down, and when the next are to be.
    answers: Answers,
    answers_due: Instant,
}

impl Running {
    /// Writes down what happens until it is stopped.
    pub(super) async fn keep_records(self: Arc<Self>, stopped: watch::Receiver<bool>) {
        let mut happened = self.history.follow();
        let recorder = Arc::new(Mutex::new(Recorder::new(self)));
        let look = async |is_last| {
            let recorder = Arc::clone(&recorder);
            // Writes to disk. A panic has been reported when it happened, and must not end this.
            let _ = tokio::task::spawn_blocking(move || {
                recorder.lock().unwrap_or_else(PoisonError::into_inner).look(is_last);
            })
            .await;
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
                () = tokio::time::sleep(TOGETHER) => look(false).await,
            }
        }
        look(true).await;
    }

    /// How available everything was.
    pub(super) fn uptime(&self, period: Period) -> Result<Report, Problem> {
        let mut ledger = Ledger::new(period);
        let days = (date(period.since), date(period.until));
        self.store
            .read_days((&days.0, &days.1), |json| {
                // A later version may write what this one does not know.
                if let Ok(record) = serde_json::from_str(json) {
                    ledger.take(record);
                }
            })
            .map_err(|error| Problem::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string()))?;
        let known = RefCell::new(HashMap::<String, HashMap<String, f64>>::new());
        Ok(ledger.report(|name, pool| {
            let mut known = known.borrow_mut();
            if !known.contains_key(name) {
                known.insert(name.to_owned(), self.configured_shares(name));
            }
            known.get(name)?.get(pool).copied()
        }))
    }
}

impl Recorder {
    fn new(running: Arc<Running>) -> Self {
        let now = clock::runtime_now();
        Self {
            running,
            last: 0,
            day: None,
            is_behind: true,
            written: now,
            answers: Answers::new(),
            answers_due: now + ALIVE,
        }
    }

    /// Writes down what there is, if it can be; the last time also that it was the last.
    fn look(&mut self, is_last: bool) {
        // What is believed before the first round is a guess.
        if self.day.is_none() && self.running.ready().is_err() {
            return;
        }
        let was_behind = self.is_behind && self.day.is_some();
        match self.write(is_last) {
            Ok(()) if was_behind => tracing::info!("what was up when is written down again"),
            Ok(()) => {}
            // That is the matter of another process now, or has been told at the start.
            Err(StateError::HandedOver | StateError::Unavailable(..)) => {}
            Err(error) => {
                if !was_behind {
                    tracing::warn!(%error, "cannot write down what is up: reports will have a gap");
                }
                self.is_behind = true;
                // Also of those that are gone nobody will hear.
                self.last = self.running.history.before_the_last(0);
            }
        }
    }

    fn write(&mut self, is_last: bool) -> Result<(), StateError> {
        let day = date(clock::wall_now());
        if self.is_behind || self.day.as_deref() != Some(&day) {
            let is_new_day = self.day.as_deref() != Some(&day);
            self.day = Some(day);
            self.snapshot(self.is_behind)?;
            self.is_behind = false;
            if is_new_day {
                let oldest = clock::wall_now().checked_sub(KEPT).map(date).unwrap_or_default();
                if let Err(error) = self.running.store.forget_days(&oldest) {
                    tracing::warn!(%error, "cannot delete what is older than 400 days");
                }
            }
        }
        self.events()?;
        let now = clock::runtime_now();
        if now >= self.answers_due || is_last {
            self.answers(now)?;
        }
        if is_last {
            self.record(clock::wall_now(), Kind::Stop)?;
        } else if now >= self.written + ALIVE {
            self.record(clock::wall_now(), Kind::Alive)?;
        }
        Ok(())
    }

    fn events(&mut self) -> Result<(), StateError> {
        loop {
            let following = self.running.history.after(self.last, EVENTS);
            let mut is_out_of_date = following.are_missing;
            for event in &following.events {
                is_out_of_date |= matches!(event.what, What::Reload { errors: None, .. });
                if let Some(kind) = kind_of(event) {
                    self.record_at(event.at.clone(), kind)?;
                }
            }
            self.last = following.last;
            if is_out_of_date {
                self.snapshot(false)?;
            }
            if following.events.len() < EVENTS {
                return Ok(());
            }
        }
    }

    fn snapshot(&mut self, start: bool) -> Result<(), StateError> {
        let running = Arc::clone(&self.running);
        if start {
            // What happens from here on comes after it, even if it is in it already.
            self.last = running.history.before_the_last(0);
        }
        let pools = {
            let _turn = running.turn();
            pools_now(&running)
        };
        self.record(clock::wall_now(), Kind::Snapshot { start, pools })?;
        Ok(())
    }

    fn answers(&mut self, now: Instant) -> Result<(), StateError> {
        let all = self.running.metrics.steered_answers();
        let mut names = BTreeMap::<String, BTreeMap<String, u64>>::new();
        for ((name, pool), count) in &all {
            let before = self.answers.get(&(name.clone(), pool.clone())).copied().unwrap_or(0);
            if *count > before {
                names.entry(name.clone()).or_default().insert(pool.clone(), count - before);
            }
        }
        let written = match names.is_empty() {
            true => 0,
            false => self.record(clock::wall_now(), Kind::Answers { names })?,
        };
        self.answers = all;
        let pause = Duration::from_secs(written / ANSWERS_BYTES_PER_SECOND).max(ALIVE);
        self.answers_due = now + pause;
        Ok(())
    }

    fn record(&mut self, at: SystemTime, kind: Kind) -> Result<u64, StateError> {
        self.record_at(to_rfc3339(at), kind)
    }

    /// Returns how many bytes it took.
    fn record_at(&mut self, at: String, kind: Kind) -> Result<u64, StateError> {
        let store = &self.running.store;
        let json = serde_json::to_string(&Record { at, kind })
            .map_err(|error| StateError::Io("uptime".into(), error.into()))?;
        store.record_day(self.day.as_deref().unwrap_or_default(), &json)?;
        self.written = clock::runtime_now();
        Ok(json.len() as u64)
    }
}

/// What is to be written down of an event.
fn kind_of(event: &Event) -> Option<Kind> {
    match event.what.clone() {
        What::Endpoint { endpoint, verdict, reason, last_good } => {
            let stand = if verdict == "up" { Stand::Up } else { Stand::Down };
            Some(Kind::Endpoint { endpoint, stand, reason, last_good })
        }
        What::Pool { pool, family, stand } => Some(Kind::Pool { pool, family, stand }),
        What::Override { action, target, state, reason, by, .. } => {
            let is_away = action == "set" && state.as_deref().is_some_and(|state| state != "up");
            let why = || {
                let (state, reason) = (state.unwrap_or_default(), reason.unwrap_or_default());
                format!("{state} by {by}: {reason}")
            };
            Some(Kind::Wish { target, why: is_away.then(why) })
        }
        What::Maintenance { name, target, stage, reason, .. } => {
            let is_away = matches!(&*stage, "leaving" | "away");
            let why = || format!("maintenance {name}: {reason}");
            let is_over = stage == "returning";
            (is_away || is_over).then(|| Kind::Wish { target, why: is_away.then(why) })
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
