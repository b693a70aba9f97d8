//! Answers that many pages ask for every second: each is made once for all of them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use flate2::Compression;

use super::page;
use super::problem::Problem;
use crate::clock;

/// For so long an answer is good for whoever asks next.
const GOOD_FOR: Duration = Duration::from_millis(500);
/// And for so many times as long as it took to make, so that each takes a fifth of a core at most.
const TIMES: u32 = 4;
/// What is shorter is sent as it is.
const WORTH_PACKING: usize = 4096;
/// So many are kept,
const MOST: usize = 64;
/// as long as they take no more than this all together: else they are made anew.
const MOST_BYTES: usize = 32 << 20;

/// The answers of the last moment, by what was asked for.
#[derive(Default)]
pub(super) struct Kept {
    answers: Mutex<HashMap<String, Arc<Slot>>>,
    /// Counts the changes that people made: whoever made one sees it.
    changes: AtomicU64,
}

#[derive(Default)]
struct Slot {
    /// Whoever asks while one is made waits for it.
    made: tokio::sync::Mutex<Option<Made>>,
    /// What it takes.
    bytes: AtomicUsize,
}

struct Made {
    body: Bytes,
    gzip: Option<Bytes>,
    tag: String,
    until: Instant,
    changes: u64,
}

impl Kept {
    /// A person has changed something: nothing that was made before is good any more.
    pub(super) fn forget(&self) {
        self.changes.fetch_add(1, Ordering::AcqRel);
    }

    /// The answer to what was asked for, made by `make` if there is none of this moment; or that
    /// it is what the client has.
    pub(super) async fn answer(
        &self,
        asked: &str,
        headers: &HeaderMap,
        make: impl Future<Output = Result<Vec<u8>, Problem>>,
    ) -> Result<Response, Problem> {
        let place = self.slot(asked);
        let mut slot = place.made.lock().await;
        let changes = self.changes.load(Ordering::Acquire);
        let is_good = |made: &&Made| made.changes == changes && clock::monotonic_now() < made.until;
        let made = if let Some(made) = slot.as_ref().filter(is_good) {
            made
        } else {
            let began = clock::monotonic_now();
            let body = make.await?;
            let (body, gzip, tag) = tokio::task::spawn_blocking(move || packed(body))
                .await
                .map_err(|_| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "see the log"))?;
            let bytes = body.len() + gzip.as_ref().map_or(0, Bytes::len);
            place.bytes.store(bytes, Ordering::Relaxed);
            let now = clock::monotonic_now();
            let until = now + GOOD_FOR.max(now.saturating_duration_since(began) * TIMES);
            slot.insert(Made { body, gzip, tag, until, changes })
        };
        Ok(made.to(headers))
    }

    fn slot(&self, asked: &str) -> Arc<Slot> {
        // Each change is one insertion, or all gone.
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes: usize = answers.values().map(|slot| slot.bytes.load(Ordering::Relaxed)).sum();
        if bytes > MOST_BYTES || (answers.len() >= MOST && !answers.contains_key(asked)) {
            answers.clear();
        }
        Arc::clone(answers.entry(asked.to_owned()).or_default())
    }
}

/// A body, the same packed where that is worth it, and its tag.
fn packed(body: Vec<u8>) -> (Bytes, Option<Bytes>, String) {
    let gzip = (body.len() >= WORTH_PACKING).then(|| page::gzip(&body, Compression::fast()).into());
    let tag = page::tag(&body);
    (body.into(), gzip, tag)
}

impl Made {
    fn to(&self, headers: &HeaderMap) -> Response {
        let known = headers.get(header::IF_NONE_MATCH).map(HeaderValue::as_bytes);
        let json = (header::CONTENT_TYPE, "application/json");
        let gzip = self.gzip.as_ref().filter(|_| page::takes_gzip(headers));
        let mut response = match (known == Some(self.tag.as_bytes()), gzip) {
            (true, _) => StatusCode::NOT_MODIFIED.into_response(),
            (false, Some(gzip)) => {
                let packed = (header::CONTENT_ENCODING, "gzip");
                ([json, packed], gzip.clone()).into_response()
            }
            (false, None) => ([json], self.body.clone()).into_response(),
        };
        response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        if let Ok(tag) = HeaderValue::from_str(&self.tag) {
            response.headers_mut().insert(header::ETAG, tag);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn ask(kept: &Kept, tag: Option<&str>, body: &str) -> (u16, String) {
        let mut headers = HeaderMap::new();
        if let Some(tag) = tag {
            headers.insert(header::IF_NONE_MATCH, tag.parse().unwrap());
        }
        let make = async { Ok(body.as_bytes().to_vec()) };
        let response = kept.answer("/a", &headers, make).await.unwrap();
        let tag = response.headers()[header::ETAG].to_str().unwrap().to_owned();
        (response.status().as_u16(), tag)
    }

    #[tokio::test]
    async fn an_answer_is_made_once_until_somebody_changes_something() {
        let kept = Kept::default();
        let (status, first) = ask(&kept, None, "one").await;
        assert_eq!(status, 200);
        kept.forget();
        let (status, second) = ask(&kept, Some(&first), "two").await;
        assert_eq!(status, 200);
        assert_ne!(first, second);
        assert_eq!(ask(&kept, Some(&second), "two").await, (304, second));
        for number in 0..3 * MOST {
            kept.slot(&number.to_string());
        }
        assert!(kept.answers.lock().unwrap().len() <= MOST);
        kept.slot("large").bytes.store(MOST_BYTES + 1, Ordering::Relaxed);
        kept.slot("next");
        assert_eq!(kept.answers.lock().unwrap().len(), 1);
    }
}
