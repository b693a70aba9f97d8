//! The daemon that this one takes over from, which runs until this one answers.

use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use data_encoding::HEXLOWER;
use tokio::task::spawn_blocking;

use super::StartError;
use super::handover::{FromNext, FromRunning, Legacy, Talk};
use crate::clock;
use crate::view::CookieSecrets;

/// How long it may take to write its last lines, or to see that this one is ready.
const PATIENCE: Duration = Duration::from_secs(60);

/// The daemon that runs.
#[derive(Clone)]
pub(super) struct Predecessor(Arc<Mutex<Talk>>);

impl Predecessor {
    pub(super) fn new(stream: UnixStream) -> Self {
        Self(Arc::new(Mutex::new(Talk::new(stream))))
    }

    fn talk(&self) -> MutexGuard<'_, Talk> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells it that the files are loaded, and waits until it writes no more.
    pub(super) async fn loaded(&self) -> Result<Legacy, StartError> {
        match self.exchange(FromNext::Loaded).await? {
            FromRunning::Go(legacy) => Ok(legacy),
            FromRunning::Yours => Err(confused()),
        }
    }

    /// Tells it that this one answers, and waits until it has heard that.
    pub(super) async fn ready(&self) -> Result<(), StartError> {
        match self.exchange(FromNext::Ready).await? {
            FromRunning::Yours => Ok(()),
            FromRunning::Go(_) => Err(confused()),
        }
    }

    /// Tells it why this one cannot start.
    pub(super) fn failed(&self, why: &str) {
        // It sees the end, too.
        let _ = self.talk().say(&FromNext::Failed(why.trim_end().to_owned()));
    }

    /// Resolves when it answers nothing any more.
    pub(super) async fn gone(&self) {
        let predecessor = self.clone();
        let heard = move || drop(predecessor.talk().hear::<FromRunning>(PATIENCE));
        let _ = spawn_blocking(heard).await;
    }

    async fn exchange(&self, what: FromNext) -> Result<FromRunning, StartError> {
        let predecessor = self.clone();
        let exchange = move || {
            let mut talk = predecessor.talk();
            talk.say(&what)?;
            talk.hear(PATIENCE)
        };
        match spawn_blocking(exchange).await {
            Ok(Ok(Some(answer))) => Ok(answer),
            Ok(Ok(None)) | Err(_) => Err(StartError::Other(
                "the daemon that this one was to take over from has left, or does not want it any more"
                    .into(),
            )),
            Ok(Err(error)) => Err(StartError::Other(format!(
                "the daemon that this one was to take over from does not answer: {error}"
            ))),
        }
    }
}

fn confused() -> StartError {
    StartError::Other(
        "the daemon that this one was to take over from says what makes no sense".into(),
    )
}

impl Legacy {
    pub(super) fn new(secrets: &CookieSecrets, was_ready: bool) -> Self {
        let hexadecimal = |secret: &[u8; 16]| HEXLOWER.encode(secret);
        Self { cookie_secrets: secrets.all().iter().map(hexadecimal).collect(), was_ready }
    }

    /// The secrets that were handed on; new ones where there are none.
    pub(super) fn secrets(&self) -> std::io::Result<CookieSecrets> {
        let read = |text: &String| {
            let number = u128::from_str_radix(text, 16).ok().filter(|_| text.len() == 32)?;
            Some(number.to_be_bytes())
        };
        let secrets: Vec<[u8; 16]> = self.cookie_secrets.iter().filter_map(read).collect();
        match secrets.is_empty() {
            true => Ok(CookieSecrets::new(&[clock::random_bytes()?])),
            false => Ok(CookieSecrets::new(&secrets)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_go_over_as_they_are() {
        let secrets = CookieSecrets::new(&[[0; 16], *b"0123456789abcde\xff"]);
        let json = serde_json::to_string(&Legacy::new(&secrets, true)).unwrap();
        let legacy: Legacy = serde_json::from_str(&json).unwrap();
        assert_eq!(legacy.secrets().unwrap().all(), secrets.all());
        assert!(legacy.was_ready);
        assert_eq!(Legacy::default().secrets().unwrap().all().len(), 1, "a new one");
    }
}
