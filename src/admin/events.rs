//! `GET /api/v1/events`: what happens, as it happens, as server-sent events.

use std::convert::Infallible;
use std::fmt::Write as _;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse as _;
use futures_util::stream;
use serde::Deserialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{Instant, sleep, sleep_until};

use super::asked::Asked;
use super::problem::Problem;
use super::routes::{Answer, Shared};
use crate::clock;
use crate::history::{Event, History, KEPT};

/// The header in which a client names the last event that it has.
const LAST_EVENT_ID: &str = "last-event-id";
/// How many streams there are at a time.
const MOST_STREAMS: usize = 256;
/// A stream ends by itself before its connection would be ended; clients come back.
const LIFETIME: Duration = Duration::from_secs(100);
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How soon clients are to come back, in milliseconds.
const RETRY: &str = "retry: 1000\n\n";
/// So many events are taken at once.
const AT_ONCE: usize = 64;

/// What all streams share.
#[derive(Clone)]
pub(super) struct Streams {
    permits: Arc<Semaphore>,
    /// Rings when the endpoint stops.
    stopped: watch::Receiver<()>,
}

impl Streams {
    pub(super) fn new(stopped: watch::Receiver<()>) -> Self {
        Self { permits: Arc::new(Semaphore::new(MOST_STREAMS)), stopped }
    }
}

/// From where on, and how fast.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct EventsQuery {
    /// Of those that are kept, so many at first.
    #[serde(default)]
    #[param(format = "uint64")]
    last: u64,
    /// No more than so many in a second: of more the last ones, behind one that says so.
    #[param(value_type = Option<u64>, minimum = 1, format = "uint64")]
    per_second: Option<NonZeroU64>,
    /// Whether it goes on with what happens from then on; default true.
    follow: Option<bool>,
}

/// What happens, as it happens
///
/// Server-sent events, each of which has one `Event` as its data, or `{"type":"missing"}` where some are not kept any
/// more. Begins after the event that the client has, or with what happens from now on. A stream ends after 100 s.
#[utoipa::path(get, path = "/api/v1/events", tag = "events",
    params(
        EventsQuery,
        ("last-event-id" = Option<String>, Header, description = "The last event that the client has."),
    ),
    responses(
        (status = 200, description = "A stream without an end.", body = String, content_type = "text/event-stream"),
        (status = 503, description = "Too many streams are open."),
    ))]
pub(super) async fn follow(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Asked(asked): Asked<EventsQuery>,
) -> Answer {
    let (history, streams) = (shared.control.history(), shared.streams);
    let Ok(permit) = streams.permits.try_acquire_owned() else {
        let detail = format!("{MOST_STREAMS} streams are open; end some first");
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail));
    };
    let news = history.follow();
    let id = headers.get(LAST_EVENT_ID).map(|id| id.to_str().unwrap_or_default());
    let (place, are_missing) = match id.map(|id| history.place(id)) {
        None => (history.before_the_last(asked.last), false),
        Some(Some(place)) => (place, false),
        Some(None) => (history.before_the_last(KEPT as u64), true),
    };
    let mut follower = Follower {
        history,
        news,
        place,
        pace: asked.per_second.map(|most| Pace::new(most.get(), asked.last)),
        waiting: RETRY.to_owned(),
        stopped: streams.stopped,
        goes_on: asked.follow != Some(false),
        ends: clock::runtime_now() + LIFETIME,
        _permit: permit,
    };
    if are_missing {
        follower.miss();
    }
    let events = stream::unfold(follower, Follower::next);
    let kind = [(header::CONTENT_TYPE, "text/event-stream")];
    Ok((kind, Body::from_stream(events)).into_response())
}

/// A client, and how far it has come.
struct Follower {
    history: Arc<History>,
    news: watch::Receiver<u64>,
    /// The number of the last event that it has, or is about to.
    place: u64,
    /// How fast it takes them, if not as they come.
    pace: Option<Pace>,
    /// What is to be sent: all that came together goes out together.
    waiting: String,
    stopped: watch::Receiver<()>,
    /// Whether it waits for what is still to happen.
    goes_on: bool,
    ends: Instant,
    _permit: OwnedSemaphorePermit,
}

impl Follower {
    /// Some events are lost to it: it has to ask how everything stands.
    fn miss(&mut self) {
        self.waiting.push_str("data: {\"type\":\"missing\"}\n\n");
    }

    /// The next events, as soon as there are any.
    async fn next(mut self) -> Option<(Result<Bytes, Infallible>, Self)> {
        loop {
            if !self.waiting.is_empty() {
                let sent = Bytes::from(std::mem::take(&mut self.waiting));
                return Some((Ok(sent), self));
            }
            // Noted before they are looked at, so that none comes in between unseen.
            self.news.borrow_and_update();
            if self.look() {
                continue;
            }
            if !self.goes_on {
                return None;
            }
            let out_of_breath = self.pace.as_ref().filter(|pace| pace.left == 0);
            let breath = out_of_breath.map(|pace| pace.until);
            tokio::select! {
                () = sleep_until(breath.unwrap_or(self.ends)), if breath.is_some() => self.breathe(),
                changed = self.news.changed(), if breath.is_none() => changed.ok()?,
                // What stands between must not take it for dead.
                () = sleep(KEEP_ALIVE) => self.waiting.push_str(":\n\n"),
                _ = self.stopped.changed() => return None,
                () = sleep_until(self.ends) => return None,
            }
        }
    }

    /// Takes what has happened since; false if there is nothing, or no more of it in this second.
    fn look(&mut self) -> bool {
        let most = self.pace.as_ref().map_or(AT_ONCE, |pace| pace.left.min(AT_ONCE));
        let following = self.history.after(self.place, most);
        self.place = following.last;
        if following.are_missing {
            self.miss();
        }
        following.events.iter().for_each(|event| send(event, &mut self.waiting));
        if let Some(pace) = &mut self.pace {
            pace.left -= following.events.len();
        }
        !self.waiting.is_empty()
    }

    /// A new second begins: what would not fit into it is left out.
    fn breathe(&mut self) {
        let Some(pace) = &mut self.pace else { return };
        *pace = Pace::new(pace.most, 0);
        let first = self.history.before_the_last(pace.most);
        if first > self.place {
            self.place = first;
            self.miss();
        }
    }
}

/// How many events may still go out within a second.
struct Pace {
    most: u64,
    left: usize,
    until: Instant,
}

impl Pace {
    /// For a second that begins with some of before.
    fn new(most: u64, first: u64) -> Self {
        let left = usize::try_from(most.max(first)).unwrap_or(usize::MAX).min(KEPT);
        Self { most, left, until: clock::runtime_now() + Duration::from_secs(1) }
    }
}

fn send(event: &Event, to: &mut String) {
    // Texts and numbers only, so that there is nothing that JSON could not hold.
    let Ok(data) = serde_json::to_string(event) else { return };
    // Writing to a string cannot fail.
    let _ = write!(to, "id: {}\ndata: {data}\n\n", event.id);
}
