//! Streams of events.

use std::time::{Duration, SystemTime};

use tokio::time::timeout;

use super::*;
use crate::history::{KEPT, What};

/// Whatever is to come comes within this.
const PATIENT: Duration = Duration::from_secs(20);

/// A stream, and what came on it and was not looked at.
struct Stream {
    response: Response,
    text: String,
}

impl Stream {
    async fn open(running: &Running, path: &str, last: Option<&str>) -> Self {
        let mut request = running.request(Method::GET, path).bearer_auth(TOKEN);
        if let Some(last) = last {
            request = request.header("Last-Event-ID", last);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let mut stream = Self { response, text: String::new() };
        assert_eq!(stream.next().await, "retry: 1000");
        stream
    }

    /// The next event as it stands, or the empty text at the end of the stream.
    async fn next(&mut self) -> String {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.text = rest;
                return event;
            }
            let piece = timeout(PATIENT, self.response.chunk()).await.expect("in time").unwrap();
            let Some(piece) = piece else { return String::new() };
            self.text += std::str::from_utf8(&piece).unwrap();
        }
    }
}

fn lose(running: &Running, lost: bool) {
    running.fake.history().add(SystemTime::UNIX_EPOCH, What::Network { lost });
}

fn event(number: u64, lost: bool) -> String {
    format!(
        "id: 0-{number}\ndata: {{\"id\":\"0-{number}\",\"at\":\"1970-01-01T00:00:00Z\",\
         \"type\":\"network\",\"lost\":{lost}}}"
    )
}

#[tokio::test]
async fn what_happens_is_sent_as_it_happens_and_whoever_was_away_misses_nothing() {
    let running = Running::start().await;
    lose(&running, true);
    let mut stream = Stream::open(&running, "/api/v1/events", None).await;
    lose(&running, false);
    assert_eq!(stream.next().await, event(2, false));
    drop(stream);
    lose(&running, true);
    lose(&running, false);
    let mut stream = Stream::open(&running, "/api/v1/events", Some("0-2")).await;
    assert_eq!([stream.next().await, stream.next().await], [event(3, true), event(4, false)]);
    lose(&running, true);
    assert_eq!(stream.next().await, event(5, true));
    let mut recent = Stream::open(&running, "/api/v1/events?last=2", None).await;
    assert_eq!([recent.next().await, recent.next().await], [event(4, false), event(5, true)]);
}

#[tokio::test]
async fn whoever_was_away_for_too_long_is_told() {
    let running = Running::start().await;
    lose(&running, true);
    let missing = "data: {\"type\":\"missing\"}";
    let mut stream = Stream::open(&running, "/api/v1/events", Some("123-7")).await;
    assert_eq!([stream.next().await, stream.next().await], [missing.to_owned(), event(1, true)]);
    for _ in 0..KEPT + 1 {
        lose(&running, true);
    }
    let mut stream = Stream::open(&running, "/api/v1/events", Some("0-1")).await;
    assert_eq!([stream.next().await, stream.next().await], [missing.to_owned(), event(3, true)]);
}

/// Pages cannot take ten thousand in a second, and the daemon is not to write them for hundreds.
#[tokio::test]
async fn whoever_asks_for_it_gets_so_many_in_a_second_and_the_last_ones() {
    let running = Running::start().await;
    for _ in 0..20 {
        lose(&running, true);
    }
    let path = "/api/v1/events?last=10&per_second=5";
    let mut stream = Stream::open(&running, path, None).await;
    // What is asked for at first comes at once.
    for number in 11..=20 {
        assert_eq!(stream.next().await, event(number, true));
    }
    for _ in 0..1000 {
        lose(&running, false);
    }
    let mut seen = Vec::new();
    while seen.last() != Some(&event(1020, false)) {
        seen.push(stream.next().await);
    }
    // Of the second in which they came, and of the next one.
    assert!(seen.len() <= 11, "{seen:?}");
    assert!(seen.contains(&"data: {\"type\":\"missing\"}".to_owned()), "{seen:?}");
    assert_eq!(seen[seen.len() - 5], event(1016, false));
    problem(running.get("/api/v1/events?per_second=0").await, 400).await;
}

#[tokio::test]
async fn streams_end_with_the_endpoint() {
    let running = Running::start().await;
    let mut stream = Stream::open(&running, "/api/v1/events", None).await;
    running.stop.send(()).unwrap();
    assert_eq!(stream.next().await, "");
    timeout(PATIENT, running.ended).await.expect("in time").unwrap();
}

#[tokio::test]
async fn streams_are_few_and_never_keep_others_out() {
    let running = Running::start().await;
    let mut streams = Vec::new();
    for _ in 0..256 {
        streams.push(Stream::open(&running, "/api/v1/events", None).await);
    }
    assert!(problem(running.get("/api/v1/events").await, 503).await.contains("256 streams"));
    assert_eq!(running.get("/api/v1/status").await.status(), 200);
    problem(running.get("/api/v1/events?colour=red").await, 400).await;
    streams.pop();
    timeout(PATIENT, async {
        while running.get("/api/v1/events").await.status() != 200 {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("one has ended");
}
