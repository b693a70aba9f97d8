//! Words on a connection, of bounded length.

use std::time::Duration;

use regex::bytes::Regex;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::probe::cause;
use crate::probe::dial::Connection;
use crate::probe::failure::Failure;
use crate::probe::steps;

/// How much is heard, in octets.
pub(super) const MOST_HEARD: usize = 64 * 1024;
/// How long a server may take to part in peace.
const FAREWELL: Duration = Duration::from_secs(1);
/// They take files beyond those of probes, so that there are only so many at a time.
static FAREWELLS: Semaphore = Semaphore::const_new(512);
/// Whoever says nothing for so long may have said all.
const LULL: Duration = Duration::from_millis(10);
/// How much of what was heard is shown.
const SHOWN: usize = 80;

/// A connection, and all that was heard on it.
pub(super) struct Conversation {
    connection: Connection,
    heard: Vec<u8>,
}

impl Conversation {
    pub(super) fn new(connection: Connection) -> Self {
        Self { connection, heard: Vec::new() }
    }

    /// All that was heard so far.
    pub(super) fn heard(&self) -> &[u8] {
        &self.heard
    }

    pub(super) async fn say(&mut self, words: &[u8]) -> Result<(), Failure> {
        let said = self.connection.write_all(words).await;
        said.map_err(|error| cause::of_io(&error))?;
        self.connection.flush().await.map_err(|error| cause::of_io(&error))?;
        steps::did(|| format!("sent {} bytes", words.len()));
        Ok(())
    }

    /// Hears more; false where there is no more, or was enough.
    async fn hear(&mut self) -> Result<bool, Failure> {
        let mut piece = [0; 4096];
        let room = (MOST_HEARD - self.heard.len()).min(piece.len());
        if room == 0 {
            return Ok(false);
        }
        let heard = self.connection.read(&mut piece[..room]).await;
        let length = heard.map_err(|error| cause::of_io(&error))?;
        self.heard.extend_from_slice(&piece[..length]);
        steps::heard(|| format!("received {length} bytes"));
        steps::said(|| shown(&self.heard));
        Ok(length > 0)
    }

    /// Hears until all of it is as wanted; false if it never is.
    pub(super) async fn hear_until(
        &mut self,
        good: impl Fn(&[u8]) -> bool,
    ) -> Result<bool, Failure> {
        while !good(&self.heard) {
            if !self.hear().await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Hears until a pattern matches; false if it never does. What comes in crumbs is not searched
    /// anew for each of them.
    pub(super) async fn hear_like(&mut self, pattern: &Regex) -> Result<bool, Failure> {
        let mut is_over = false;
        while !pattern.is_match(&self.heard) {
            if is_over {
                return Ok(false);
            }
            let enough = self.heard.len() + self.heard.len() / 8;
            is_over = !self.hear().await?;
            while !is_over && self.heard.len() < enough {
                match timeout(LULL, self.hear()).await {
                    Ok(more) => is_over = !more?,
                    Err(_) => break,
                }
            }
        }
        Ok(true)
    }

    /// Hears until these bytes are in it; false if they never are.
    pub(super) async fn hear_bytes(&mut self, wanted: &[u8]) -> Result<bool, Failure> {
        let mut searched = 0;
        loop {
            let new = self.heard.get(searched..).unwrap_or_default();
            if new.windows(wanted.len().max(1)).any(|window| window == wanted) {
                return Ok(true);
            }
            // They may have begun.
            searched = (self.heard.len() + 1).saturating_sub(wanted.len());
            if !self.hear().await? {
                return Ok(false);
            }
        }
    }

    /// Hears so many octets from `from` on, or says what came in their place.
    pub(super) async fn hear_octets(
        &mut self,
        from: usize,
        count: usize,
        wanted: &str,
    ) -> Result<&[u8], Failure> {
        let end = from.saturating_add(count);
        if self.hear_until(|heard| heard.len() >= end).await? {
            return Ok(self.heard.get(from..end).unwrap_or_default());
        }
        Err(self.unlike(wanted))
    }

    /// Hears a line from `from` on: its text without its end, and where the next one begins.
    pub(super) async fn hear_line(
        &mut self,
        from: usize,
        wanted: &str,
    ) -> Result<(String, usize), Failure> {
        let end = |heard: &[u8]| heard.iter().skip(from).position(|octet| *octet == b'\n');
        if !self.hear_until(|heard| end(heard).is_some()).await? {
            return Err(self.unlike(wanted));
        }
        let length = end(&self.heard).unwrap_or_default();
        let line = self.heard.get(from..from + length).unwrap_or_default();
        Ok((String::from_utf8_lossy(line).trim_end().into(), from + length + 1))
    }

    /// What was heard is not what was wanted.
    pub(super) fn unlike(&self, wanted: &str) -> Failure {
        match self.heard.is_empty() {
            true => Failure::Network("connection closed".into()),
            false => Failure::Answer(format!("is {}, wanted {wanted}", shown(&self.heard))),
        }
    }

    /// Says good-bye, and lets the server part first, so that it does not take us for one who got
    /// lost.
    pub(super) fn leave(mut self, words: &'static [u8]) {
        take_leave(async move {
            self.say(words).await?;
            self.until_closed().await;
            Ok(())
        });
    }

    /// Hears on and keeps nothing of it.
    pub(super) async fn until_closed(&mut self) {
        let mut rest = [0; 512];
        while self.connection.read(&mut rest).await.is_ok_and(|length| length > 0) {}
    }
}

/// Last words, which nobody waits for. What comes of them is nobody's concern; where very many are
/// spoken, the connection is closed without.
pub(super) fn take_leave(words: impl Future<Output = Result<(), Failure>> + Send + 'static) {
    let Ok(permit) = FAREWELLS.try_acquire() else { return };
    tokio::spawn(async move {
        let _ = timeout(FAREWELL, words).await;
        drop(permit);
    });
}

/// The beginning of some bytes, as text.
pub(super) fn shown(bytes: &[u8]) -> String {
    let beginning = bytes.get(..SHOWN).unwrap_or(bytes);
    let more = if beginning.len() < bytes.len() { "…" } else { "" };
    format!("\"{}\"{more}", beginning.escape_ascii())
}

/// The same, as digits.
pub(super) fn shown_hex(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "empty".into();
    }
    let beginning = bytes.get(..SHOWN / 4).unwrap_or(bytes);
    let more = if beginning.len() < bytes.len() { " …" } else { "" };
    let digits: Vec<String> = beginning.iter().map(|byte| format!("{byte:02x}")).collect();
    digits.join(" ") + more
}
