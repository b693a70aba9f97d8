//! What the daemon logs: each line a JSON object.

use std::io::{BufRead as _, BufReader, Read};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::Value;

/// The lines so far.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Lines>>);

#[derive(Default)]
struct Lines {
    all: Vec<String>,
    ended: bool,
}

impl Log {
    /// Gathers lines until there are no more.
    pub fn gather(source: impl Read + Send + 'static) -> Self {
        let log = Self::default();
        let gathered = log.clone();
        thread::spawn(move || {
            for line in BufReader::new(source).lines().map_while(Result::ok) {
                gathered.0.lock().unwrap().all.push(line);
            }
            gathered.0.lock().unwrap().ended = true;
        });
        log
    }

    /// Whether the daemon will say no more.
    pub fn has_ended(&self) -> bool {
        self.0.lock().unwrap().ended
    }

    /// All of it, for people.
    pub fn text(&self) -> String {
        self.0.lock().unwrap().all.join("\n")
    }

    /// The lines that are JSON, which all are once the daemon has begun to log.
    pub fn lines(&self) -> Vec<Value> {
        let lines = self.0.lock().unwrap();
        lines.all.iter().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// The lines with a message.
    pub fn of(&self, message: &str) -> Vec<Value> {
        let mut lines = self.lines();
        lines.retain(|line| line["message"] == message);
        lines
    }

    /// Waits for so many lines with a message, and returns the last.
    #[track_caller]
    pub fn wait_for(&self, message: &str, count: usize) -> Value {
        super::wait::until(&format!("{count} lines {message:?} in the log"), || {
            let lines = self.of(message);
            if lines.len() >= count {
                return Ok(lines.last().expect("at least one").clone());
            }
            Err(self.text())
        })
    }
}
