//! Drills: a region, pool or endpoint is taken away on purpose, and the real sockets are asked, as clients of
//! the world's networks would, when the last of them is sent elsewhere.
//!
//! This room asks and reports; who takes away and puts back is `app`.

mod ask;
mod course;
mod markdown;
mod plot;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use self::ask::{Answer, Asker, Question};
pub use self::course::Course;
pub use self::markdown::markdown;
pub use self::plot::plot;

/// A drill, under way or over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = DrillReport)]
pub struct Report {
    /// By which it is found again.
    pub id: String,
    /// What was taken away: `region:…`, `pool:…` or `endpoint:…`.
    pub target: String,
    /// Who asked for it.
    pub by: String,
    /// Why, in their words.
    pub reason: String,
    /// How far it is.
    pub state: DrillState,
    /// What was served.
    pub revision: String,
    /// When it was taken away.
    pub began: String,
    /// When it comes back, or came back; of one that was interrupted, when its override ends or ended.
    pub ends: String,
    /// The name and type of each question, and whose it was.
    pub clients: Vec<Client>,
    /// How many there would have been, had all been asked.
    pub clients_in_all: usize,
    /// What it comes to.
    pub figures: Figures,
}

/// How far a drill is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DrillState {
    /// Clients are on their way elsewhere.
    Moving,
    /// All of them have moved, and it is still away.
    Away,
    /// It is back, and clients are on their way to it.
    Returning,
    /// Its time was over, and it is back.
    Done,
    /// It was ended before its time.
    Ended,
    /// Somebody else decided over it by an override, or the daemon ended, before it was over: how things
    /// stand says the status.
    Interrupted,
}

impl DrillState {
    /// Whether nothing more will happen.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Done | Self::Ended | Self::Interrupted)
    }
}

/// One client: what was asked in its name, and what became of the answer. Times are in seconds since the
/// moment at which it was taken away.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = DrillClient)]
pub struct Client {
    /// The name that is asked.
    pub name: String,
    /// `A` or `AAAA`.
    pub r#type: String,
    /// The client's network, for which the question is asked (RFC 7871).
    pub network: String,
    /// The share of the name's clients that it stands for, from 0 to 1.
    pub share: f64,
    /// What was answered before.
    pub before: Vec<String>,
    /// What was answered afterwards.
    pub after: Vec<String>,
    /// When the first answer came without what was taken away.
    pub moved_s: Option<f64>,
    /// When the last answer came with it, before that; none where there was none.
    pub last_old_s: Option<f64>,
    /// How long a resolver may go on giving that one: the TTL that it came with.
    pub last_old_ttl_s: u32,
    /// How many later answers had it again, while it was away.
    pub strays: u32,
    /// When it was answered again, counted from the moment at which it came back.
    pub returned_s: Option<f64>,
}

/// What a drill comes to. Times are in seconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = DrillFigures)]
pub struct Figures {
    /// From taking it away to the last first answer without it.
    pub last_moved_s: Option<f64>,
    /// The recovery time: until no resolver gives an answer with it any more, at the latest.
    pub recovery_s: Option<f64>,
    /// From its return to the last first answer with it.
    pub last_returned_s: Option<f64>,
    /// Clients that were asked and have moved.
    pub moved: usize,
    /// Clients that were asked and have not.
    pub not_moved: usize,
    /// Clients that were asked and have not been answered with it again.
    #[serde(default)]
    pub not_returned: usize,
    /// Answers with it while it was away, after the client had moved.
    pub strays: u32,
    /// Questions without an answer: no reply, an error, or nothing in it.
    pub unanswered: u32,
}

impl Figures {
    /// Of some clients.
    pub fn of(clients: &[Client], unanswered: u32) -> Self {
        let all_moved = clients.iter().all(|client| client.moved_s.is_some());
        let last = |times: &mut dyn Iterator<Item = f64>| times.reduce(f64::max);
        let gone = |client: &Client| {
            client.last_old_s.map_or(0.0, |at| at + f64::from(client.last_old_ttl_s))
        };
        let moved = clients.iter().filter(|client| client.moved_s.is_some()).count();
        let returned = clients.iter().filter(|client| client.returned_s.is_some()).count();
        Self {
            last_moved_s: last(&mut clients.iter().filter_map(|c| c.moved_s)).filter(|_| all_moved),
            recovery_s: last(&mut clients.iter().map(gone)).filter(|_| all_moved),
            last_returned_s: last(&mut clients.iter().filter_map(|c| c.returned_s))
                .filter(|_| returned == clients.len()),
            moved,
            not_moved: clients.len() - moved,
            not_returned: clients.len() - returned,
            strays: clients.iter().map(|client| client.strays).sum(),
            unanswered,
        }
    }
}
