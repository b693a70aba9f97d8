//! What the admin endpoint can ask of the daemon: the one seam between the two.

use std::sync::Arc;
use std::time::SystemTime;

use axum::http::StatusCode;

use super::drills::{DrillEndError, DrillError, DrillWish};
use super::maintenance::PlanError;
use super::problem::Problem;
use super::shares::{AddressType, NameList, NameMap, NamesRequest, Preview};
use super::silences::{SilenceError, TestError, Tested};
use super::status::{EndpointList, MaintenanceStatus, Overview, Status, WebhookStatus};
use crate::drill::Report;
use crate::explain::Explanation;
use crate::finding::Finding;
use crate::finding::words::{closest, one_of};
use crate::health::{Family, Override, OverrideState, Overrides, Target};
use crate::history::History;
use crate::maintenance::WindowText;
use crate::notice::{Pattern, Silence, SilenceText};
use crate::question::ClientNetwork;
use crate::safety::{Broken, in_words};
use crate::state::{Author, Part, Role, StateError, Token, Trail};
use crate::uptime;
use crate::wire::Name;

/// A question to explain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExplainRequest {
    /// The name.
    pub name: Name,
    /// The record type.
    pub rtype: u16,
    /// The client; none: whoever asks the admin endpoint.
    pub from: Option<ClientNetwork>,
}

/// The daemon as the admin endpoint knows it.
///
/// All of it is called on threads that may block.
pub trait Control: Send + Sync + 'static {
    /// Whether every endpoint was probed once and all sockets are open; if not, what is missing.
    fn ready(&self) -> Result<(), String>;

    /// All counters in the text format of Prometheus.
    fn metrics(&self) -> String;

    /// How everything stands.
    fn status(&self) -> Status;

    /// The same in short: of endpoints only how many stand how, and those that are not well.
    fn overview(&self) -> Overview;

    /// The endpoints of some pools, with how their last probes went.
    fn endpoints(&self, pools: &[String]) -> EndpointList;

    /// The answer to a question and each step that led to it.
    fn explain(&self, question: &ExplainRequest) -> Result<Explanation, Problem>;

    /// The steered names, and what their clients are told.
    fn names(&self, wanted: &NamesRequest) -> NameList;

    /// What the clients of each country are told by a steered name; none if it is not steered.
    fn map(&self, name: &Name, rtype: AddressType) -> Option<NameMap>;

    /// What would move if an override were set, or cleared where there is no state.
    fn preview(
        &self,
        target: &Target,
        state: Option<OverrideState>,
    ) -> Result<Preview, OverrideError>;

    /// How available everything was, until then or until now.
    fn uptime(
        &self,
        since: SystemTime,
        until: Option<SystemTime>,
    ) -> Result<uptime::Report, Problem>;

    /// The overrides in force.
    fn overrides(&self) -> Overrides;

    /// Sets an override for `by`, durably, in place of what stood on the target; returns what
    /// stood there. It is in force in the next answer.
    fn set_override(
        &self,
        target: Target,
        what: Override,
        by: &Author,
    ) -> Result<Option<Override>, OverrideError>;

    /// Takes an override away for `by`, durably, and lets come up again what is held down there
    /// for having fallen again and again.
    fn clear(&self, target: &Target, by: &Author) -> Result<Cleared, OverrideError>;

    /// Takes something away for `by`, for a time, and watches when clients move; called within a runtime.
    fn begin_drill(&self, wish: DrillWish, by: &Author) -> Result<Report, DrillError>;

    /// Reports of drills, the latest first.
    fn drills(&self) -> Vec<Report>;

    /// Ends a drill before its time for `by`, durably.
    fn end_drill(&self, id: &str, by: &Author) -> Result<(), DrillEndError>;

    /// Planned maintenance that is to come or under way.
    fn maintenance(&self) -> Vec<MaintenanceStatus>;

    /// Plans maintenance for `by`, durably, in place of what had the name; returns how it stands since.
    fn plan(
        &self,
        name: &str,
        window: WindowText,
        by: &Author,
    ) -> Result<MaintenanceStatus, PlanError>;

    /// Calls maintenance off for `by`, durably.
    fn call_off(&self, name: &str, by: &Author) -> Result<(), PlanError>;

    /// Webhooks, in the order of the file.
    fn webhooks(&self) -> Vec<WebhookStatus>;

    /// Sends a message to a webhook right now; called within a runtime.
    fn try_webhook(&self, name: &str) -> Result<Tested, TestError>;

    /// The silences in force.
    fn silences(&self) -> Vec<SilenceText>;

    /// Silences something for `by`, durably; returns whether there was a silence of it.
    fn silence(&self, about: Pattern, silence: Silence, by: &Author) -> Result<bool, SilenceError>;

    /// How many regions, pools, endpoints and steered names a pattern is about at present.
    fn covered(&self, by: &Pattern) -> usize;

    /// Takes a silence away for `by`, durably.
    fn unsilence(&self, about: &Pattern, by: &Author) -> Result<(), SilenceError>;

    /// Returns for `by`, durably, to a pool that failback holds back; says for which families. It
    /// is answered by the next answer.
    fn failback(&self, pool: &str, by: &Author) -> Result<Vec<Family>, OverrideError>;

    /// An endpoint, `POOL/ADDRESS`, says of itself that it is well.
    fn beat(&self, endpoint: &str) -> Result<(), Problem>;

    /// Loads all files anew for `by`; returns the revision that is served now.
    fn reload(&self, by: &Author) -> Result<String, Vec<Finding>>;

    /// What happens.
    fn history(&self) -> Arc<History>;

    /// Makes a token that is good until then, or until it is taken back, for `by`, durably, in place of what had the name. It is shown to whoever asked,
    /// and to nobody ever again.
    fn grant(
        &self,
        name: &str,
        role: Role,
        until: Option<SystemTime>,
        by: &Author,
    ) -> Result<Token, StateError>;

    /// Takes a token back for `by`, durably; false if there is none of that name.
    fn revoke(&self, name: &str, by: &Author) -> Result<bool, StateError>;

    /// A part of the audit log.
    fn audit(&self, part: Part) -> Result<Trail, StateError>;
}

/// What was cleared: at least one of both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cleared {
    /// The override.
    pub overridden: Option<Override>,
    /// How many targets of probes were held down.
    pub holds: usize,
}

/// Why an override was neither set nor cleared, or a pool not returned to. Nothing has changed.
#[derive(Debug)]
pub enum OverrideError {
    /// The files have no such target; `known` are those of its kind that they have.
    UnknownTarget {
        /// Names as targets have them, without the kind.
        known: Vec<String>,
    },
    /// There is no override on that very target, and nothing is held down there.
    NothingToClear,
    /// No failback holds that pool back.
    NotHeldBack,
    /// It would break safety rules.
    Breaks(Vec<Broken>),
    /// It could not be made durable.
    NotDurable(StateError),
}

impl OverrideError {
    /// The refusal as the client sees it.
    pub fn problem(self, target: &Target) -> Problem {
        match self {
            Self::UnknownTarget { known } if known.is_empty() => Problem::new(
                StatusCode::NOT_FOUND,
                format!("unknown target {target}: the files have none of that kind"),
            ),
            Self::UnknownTarget { known } => {
                let known = || known.iter().map(String::as_str);
                let text = target.to_string();
                let (kind, name) = text.split_once(':').unwrap_or(("", &text));
                let meant = match closest(name, known()) {
                    Some(close) => format!(" (did you mean {kind}:{close}?)"),
                    None => String::new(),
                };
                let expected = one_of(known());
                let detail = format!("unknown target {target}{meant}; expected {expected}");
                Problem::new(StatusCode::NOT_FOUND, detail)
            }
            Self::NothingToClear => {
                Problem::new(StatusCode::NOT_FOUND, format!("no override on {target}"))
            }
            Self::NotHeldBack => Problem::new(
                StatusCode::CONFLICT,
                format!(
                    "no failback holds {target} back: it is down, or it was never down, or it has \
                     been returned to"
                ),
            ),
            Self::Breaks(rules) => {
                let broken = in_words(&rules);
                let detail = format!(
                    "nothing has changed, since it would break {broken}; an admin can force it"
                );
                Problem::new(StatusCode::CONFLICT, detail).forcible()
            }
            Self::NotDurable(error) => not_durable(&error),
        }
    }
}

/// What could not be written down has not happened.
pub(super) fn not_durable(error: &StateError) -> Problem {
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        format!("nothing has changed, since it could not be made durable: {error}"),
    )
}
