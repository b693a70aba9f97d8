//! Drills: what is taken away by an override of their own comes back by its end, whatever becomes of the
//! daemon meanwhile.

mod end;
mod keep;
mod watch;

use std::collections::{HashSet, VecDeque};
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError, TryLockError};
use std::time::SystemTime;

use hickory_proto::rr::RecordType;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::running::Running;
use super::shares::{WouldMove, said};
use crate::admin::{AddressType, DrillError, DrillWish};
use crate::clock;
use crate::drill::{Asker, Client, Course, DrillState, Figures, Question, Report};
use crate::health::{Override, OverrideState, Target};
use crate::state::Author;
use crate::steering::Rdata;
use crate::timestamp;

/// So many clients are asked, those that stand for most first.
const CLIENTS: usize = 500;
/// So many reports are kept.
const KEPT: usize = 100;

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
    /// The number of the one that a person ended last.
    ended: Mutex<Option<String>>,
    /// To look at once whether it is still away. Whoever is woken for nothing looks once more, and no more.
    look: Notify,
}

/// A drill that has begun.
struct Begun {
    target: Target,
    what: Override,
    /// When it was taken away.
    zero: Instant,
    asker: Asker,
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
    /// Sets the override of a drill, in place of none: somebody may have set one while clients were asked.
    fn begin_override(
        &self,
        target: &Target,
        what: &Override,
        by: &Author,
    ) -> Result<(), DrillError> {
        let _decision = self.decision();
        if self.beliefs.overrides().get(target).is_some() {
            return Err(DrillError::Overridden);
        }
        self.decide_override(target.clone(), what.clone(), by)?;
        Ok(())
    }

    /// Takes something away; to be called on a thread of the runtime that may block.
    pub(super) fn begin_drill(&self, wish: DrillWish, by: &Author) -> Result<Report, DrillError> {
        let DrillWish { target, lifetime, reason } = wish;
        let server = *self.drills.answering.get().ok_or(DrillError::NotAnswering)?;
        let _beginning = match self.drills.beginning.try_lock() {
            Err(TryLockError::WouldBlock) => return Err(DrillError::AnotherOne),
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Ok(beginning) => beginning,
        };
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
        let mut asker =
            runtime.block_on(Asker::new(server)).map_err(|_| DrillError::NotAnswering)?;
        for one in &mut courses {
            match runtime.block_on(asker.ask(&one.question)) {
                Some(answer) => {
                    one.course.begins_as(&answer);
                }
                None => unanswered += 1,
            }
        }
        let began = clock::wall_now();
        let what = Override::new(OverrideState::Drain, reason_of(&reason), began, Some(lifetime));
        let zero = clock::runtime_now();
        self.begin_override(&target, &what, by)?;
        let acknowledged_s = zero.elapsed().as_secs_f64();
        courses.iter_mut().for_each(|one| one.course.is_away_since(acknowledged_s));
        let id = {
            let reports = self.drills.reports();
            id(&target, began, |id| reports.iter().any(|report| report.id == id))
        };
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
        self.drills.update(report.clone());
        self.keep_drill(&report);
        self.tell_drill(&report);
        let begun = Begun { target, what, zero, asker, courses, unanswered };
        *self.drills.next.lock().unwrap_or_else(PoisonError::into_inner) = Some(begun);
        self.drills.has_begun.notify_one();
        Ok(report)
    }
}

/// By which the override of a drill is told from others.
fn reason_of(reason: &str) -> String {
    format!("drill: {reason}")
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

/// Readable, and different for each: some may begin in one second.
fn id(target: &Target, began: SystemTime, is_taken: impl Fn(&str) -> bool) -> String {
    let name: String = target
        .to_string()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' })
        .collect();
    let at: String = timestamp::to_rfc3339_seconds(began)
        .chars()
        .filter(|c| c.is_ascii_alphanumeric())
        .collect();
    let mut id = format!("{at}-{name}");
    let mut number = 1;
    while is_taken(&id) {
        number += 1;
        id = format!("{at}-{name}-{number}");
    }
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drills_of_one_second_have_numbers_of_their_own() {
        let target = Target::Pool("us east".into());
        let mut taken: Vec<String> = Vec::new();
        for expected in ["", "-2", "-3"] {
            let id = id(&target, SystemTime::UNIX_EPOCH, |id| taken.iter().any(|one| one == id));
            assert_eq!(id, format!("19700101T000000Z-pool-us-east{expected}"));
            taken.push(id);
        }
    }
}
