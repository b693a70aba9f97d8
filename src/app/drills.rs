//! Drills: what is taken away by an override of their own comes back by its end, whatever becomes of the
//! daemon meanwhile.

use std::collections::{HashSet, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use hickory_proto::rr::RecordType;
use tokio::sync::{Notify, watch};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep};

use super::running::Running;
use super::shares::{WouldMove, said};
use crate::admin::{AddressType, Control as _, DrillError, DrillWish};
use crate::clock;
use crate::drill::{Asker, Client, Course, DrillState, Figures, Question, Report};
use crate::health::{Override, OverrideState, Target};
use crate::history::What;
use crate::state::Author;
use crate::steering::Rdata;
use crate::timestamp;

/// So many clients are asked, those that stand for most first.
const CLIENTS: usize = 500;
/// From one round of questions to the next while clients are on their way, and while they are not.
const ON_THE_WAY: Duration = Duration::from_millis(50);
const SETTLED: Duration = Duration::from_secs(1);
/// So long they may take to come back, which a failback may forbid.
const RETURNING: Duration = Duration::from_secs(60);
/// So many reports are kept.
const KEPT: usize = 100;
/// Why the override of a drill is cleared, for the audit log.
const ENDED: &str = "the drill is ended before its time";

/// Drills, past and present.
#[derive(Default)]
pub(super) struct Drills {
    /// Where the daemon answers, once it does.
    pub(super) answering: OnceLock<SocketAddr>,
    reports: Mutex<VecDeque<Report>>,
    /// Held by whoever begins one, so that there are never two.
    beginning: Mutex<()>,
    /// The next one to be watched.
    next: Mutex<Option<Begun>>,
    has_begun: Notify,
    end: Notify,
}

/// A drill that has begun.
struct Begun {
    target: Target,
    what: Override,
    by: Author,
    /// When it was taken away.
    zero: Instant,
    courses: Vec<Watched>,
    unanswered: u32,
}

/// A client, and what to ask in its name.
struct Watched {
    question: Question,
    /// What it is told of what is taken away, and of nothing else.
    old: HashSet<String>,
    course: Course,
}

impl Drills {
    fn reports(&self) -> MutexGuard<'_, VecDeque<Report>> {
        self.reports.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All reports, the latest first.
    pub(super) fn all(&self) -> Vec<Report> {
        self.reports().iter().cloned().collect()
    }

    /// Takes in the reports of earlier runs.
    pub(super) fn remember(&self, reports: Vec<Report>) {
        self.reports().extend(reports.into_iter().take(KEPT));
    }

    fn update(&self, report: Report) {
        let mut reports = self.reports();
        match reports.iter_mut().find(|known| known.id == report.id) {
            Some(known) => *known = report,
            None => reports.push_front(report),
        }
        reports.truncate(KEPT);
    }
}

impl Running {
    /// Takes in the reports of earlier runs.
    pub(super) fn remember_drills(&self) {
        let reports = self.store.drills();
        let reports = reports.iter().filter_map(|json| serde_json::from_str(json).ok());
        self.drills.remember(reports.collect());
    }

    /// Takes something away; to be called on a thread of the runtime that may block.
    pub(super) fn begin_drill(&self, wish: DrillWish, by: &Author) -> Result<Report, DrillError> {
        let DrillWish { target, lifetime, reason } = wish;
        let server = *self.drills.answering.get().ok_or(DrillError::NotAnswering)?;
        let _beginning = self.drills.beginning.lock().unwrap_or_else(PoisonError::into_inner);
        if self.drills.reports().iter().any(|report| !report.state.is_over()) {
            return Err(DrillError::AnotherOne);
        }
        if self.beliefs.overrides().get(&target).is_some() {
            return Err(DrillError::Overridden);
        }
        let (would_move, degraded) = self.who_would_move(&target, OverrideState::Drain)?;
        if degraded > 0 && !by.forces {
            return Err(DrillError::NothingLeft { names: degraded });
        }
        if would_move.is_empty() {
            return Err(DrillError::NobodyMoves);
        }
        let clients_in_all = would_move.len();
        let mut courses: Vec<Watched> = would_move.into_iter().take(CLIENTS).map(watched).collect();
        let runtime = tokio::runtime::Handle::current();
        let mut unanswered = 0;
        let asker = runtime.block_on(Asker::new(server)).map_err(|_| DrillError::NotAnswering)?;
        for one in &mut courses {
            match runtime.block_on(asker.ask(&one.question)) {
                Some(answer) => {
                    one.course.begins_as(&answer);
                }
                None => unanswered += 1,
            }
        }
        let began = clock::wall_now();
        let what =
            Override::new(OverrideState::Drain, format!("drill: {reason}"), began, Some(lifetime));
        let zero = clock::runtime_now();
        self.set_override(target.clone(), what.clone(), by)?;
        let acknowledged_s = zero.elapsed().as_secs_f64();
        courses.iter_mut().for_each(|one| one.course.is_away_since(acknowledged_s));
        let id = id(&target, began);
        let report = Report {
            id: id.clone(),
            target: target.to_string(),
            by: by.by.clone(),
            reason,
            state: DrillState::Moving,
            revision: self.live.load().world.revision.clone(),
            began: timestamp::to_rfc3339(began),
            ends: what.until.map(timestamp::to_rfc3339).unwrap_or_default(),
            clients: courses.iter().map(|one| one.course.client().clone()).collect(),
            clients_in_all,
            figures: Figures::default(),
        };
        self.tell_drill(&report);
        let begun = Begun { target, what, by: by.clone(), zero, courses, unanswered };
        *self.drills.next.lock().unwrap_or_else(PoisonError::into_inner) = Some(begun);
        self.drills.has_begun.notify_one();
        Ok(report)
    }

    /// Ends the drill of this number before its time; false if it is not under way.
    pub(super) fn end_drill(&self, id: &str) -> bool {
        let is_under_way = self.drills.reports().iter().any(|r| r.id == id && !r.state.is_over());
        if is_under_way {
            self.drills.end.notify_one();
        }
        is_under_way
    }

    /// Watches one drill after another, until the daemon ends.
    pub(super) async fn watch_drills(self: Arc<Self>, mut stopped: watch::Receiver<bool>) {
        loop {
            tokio::select! {
                () = self.drills.has_begun.notified() => {}
                _ = stopped.wait_for(|stopped| *stopped) => return,
            }
            let begun = self.drills.next.lock().unwrap_or_else(PoisonError::into_inner).take();
            let (Some(begun), Some(server)) = (begun, self.drills.answering.get()) else {
                continue;
            };
            tokio::select! {
                () = self.watch_drill(begun, *server) => {}
                _ = stopped.wait_for(|stopped| *stopped) => return,
            }
        }
    }

    async fn watch_drill(self: &Arc<Self>, mut begun: Begun, server: SocketAddr) {
        let Some(mut report) = self.drills.all().into_iter().next() else { return };
        let Ok(asker) = Asker::new(server).await else { return };
        let mut was_ended = false;
        loop {
            let is_away = self.beliefs.overrides().get(&begun.target) == Some(&begun.what);
            if !is_away {
                break;
            }
            begun.ask_all(&asker, begun.zero).await;
            let state = match begun.have_arrived() {
                true => DrillState::Away,
                false => DrillState::Moving,
            };
            self.note_drill(&mut report, &begun, state);
            let pause = if state == DrillState::Away { SETTLED } else { ON_THE_WAY };
            tokio::select! {
                () = sleep(pause) => {}
                () = self.until_over(&begun) => {}
                () = self.drills.end.notified() => {
                    was_ended = true;
                    let (running, target, by) = (Arc::clone(self), begun.target.clone(), begun.by.clone());
                    let by = Author { reason: Some(ENDED.into()), ..by };
                    // Waits for the disk. A panic has been reported when it happened.
                    let cleared = spawn_blocking(move || running.clear(&target, &by)).await;
                    // If the disk refuses, the override ends by its time.
                    if let Ok(Err(error)) = cleared {
                        tracing::error!(drill = report.id, ?error, "the drill cannot be ended; it ends by its time");
                    }
                }
            }
        }
        let back = clock::runtime_now();
        report.ends = timestamp::to_rfc3339(clock::wall_now());
        begun.courses.iter_mut().for_each(|one| one.course.is_back());
        while !begun.have_arrived() && back.elapsed() < RETURNING {
            begun.ask_all(&asker, back).await;
            self.note_drill(&mut report, &begun, DrillState::Returning);
            sleep(ON_THE_WAY).await;
        }
        let state = if was_ended { DrillState::Ended } else { DrillState::Done };
        self.note_drill(&mut report, &begun, state);
        let running = Arc::clone(self);
        let keep = move || {
            if let Ok(json) = serde_json::to_string(&report)
                && let Err(error) = running.store.keep_drill(&report.id, &json)
            {
                tracing::warn!(%error, drill = report.id, "the report is kept in memory only");
            }
        };
        // As above.
        let _ = spawn_blocking(keep).await;
    }

    /// Until its override is over, as far as that can be foreseen.
    async fn until_over(&self, begun: &Begun) {
        let left = begun.what.until.and_then(|until| until.duration_since(clock::wall_now()).ok());
        match left {
            Some(left) => sleep(left).await,
            // It is over, but for the look that takes it away.
            None => sleep(ON_THE_WAY).await,
        }
    }

    fn note_drill(&self, report: &mut Report, begun: &Begun, state: DrillState) {
        let is_news = report.state != state;
        report.state = state;
        report.clients = begun.courses.iter().map(|one| one.course.client().clone()).collect();
        report.figures = Figures::of(&report.clients, begun.unanswered);
        self.drills.update(report.clone());
        if is_news {
            self.tell_drill(report);
        }
    }

    fn tell_drill(&self, report: &Report) {
        let Report { id, target, state, by, .. } = report;
        tracing::info!(drill = id, target_name = target, ?state, by, "drill");
        self.drills.update(report.clone());
        let (drill, target, state) = (id.clone(), target.clone(), *state);
        self.history.add(clock::wall_now(), What::Drill { drill, target, state });
    }
}

impl Begun {
    fn have_arrived(&self) -> bool {
        self.courses.iter().all(|one| one.course.has_arrived())
    }

    async fn ask_all(&mut self, asker: &Asker, since: Instant) {
        for one in &mut self.courses {
            match asker.ask(&one.question).await {
                Some(answer) => {
                    let has_it = answer.data.iter().any(|data| one.old.contains(data));
                    one.course.heard(&answer, has_it, since.elapsed().as_secs_f64());
                }
                None => self.unanswered += 1,
            }
        }
    }
}

fn watched(one: WouldMove) -> Watched {
    let WouldMove { name, rtype, client, share, before, after } = one;
    let data = |rdata: Option<&Rdata>| -> HashSet<String> { rdata.map(said).unwrap_or_default() };
    let (before, after) = (data(before.as_ref()), data(after.as_ref()));
    let rtype = match rtype {
        AddressType::A => RecordType::A,
        AddressType::Aaaa => RecordType::AAAA,
    };
    let question = Question::of(name.clone(), rtype, client);
    let (address, length) = question.network;
    let client = Client {
        name,
        r#type: rtype.to_string(),
        network: format!("{address}/{length}"),
        share,
        before: Vec::new(),
        after: Vec::new(),
        moved_s: None,
        last_old_s: None,
        last_old_ttl_s: 0,
        strays: 0,
        returned_s: None,
    };
    let old = before.difference(&after).cloned().collect();
    Watched { question, old, course: Course::new(client) }
}

/// Readable, and different for each.
fn id(target: &Target, began: SystemTime) -> String {
    let name: String = target
        .to_string()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' })
        .collect();
    let at: String = timestamp::to_rfc3339_seconds(began)
        .chars()
        .filter(|c| c.is_ascii_alphanumeric())
        .collect();
    format!("{at}-{name}")
}
