//! Logs: text or JSON lines on standard error.

use std::io::{self, IsTerminal as _};

use tracing_appender::non_blocking::{NonBlocking, WorkerGuard};
use tracing_subscriber::EnvFilter;

use crate::config::LogFormat;

/// What the libraries under encrypted transports say of each client that makes no sense is silenced,
/// or any client could fill the log.
const QUIET: &str = "h2=error,quinn=error,quinn_proto=error,quinn_udp=error,rustls=error";

/// Starts logging for the whole process; what is logged last is written when the guard is dropped.
///
/// A thread of its own writes, so that a terminal that is paused, or a pipe that nobody reads,
/// holds up nothing; when too many lines wait, further ones are lost.
///
/// `level` is a level such as `info`, or a list of `target=level`; the environment's `RUST_LOG`
/// beats it, and what is silenced by default.
///
/// # Errors
///
/// The level cannot be understood, or logging was started before.
pub fn start(format: LogFormat, level: &str) -> Result<WorkerGuard, String> {
    let from_environment = std::env::var(EnvFilter::DEFAULT_ENV).ok();
    let filter = filter(from_environment.as_deref(), level)?;
    let (writer, guard) = NonBlocking::new(io::stderr());
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer);
    let started = match format {
        LogFormat::Text => builder.with_ansi(io::stderr().is_terminal()).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    started.map(|()| guard).map_err(|error| error.to_string())
}

fn filter(from_environment: Option<&str>, level: &str) -> Result<EnvFilter, String> {
    let (source, text) = match from_environment {
        Some(text) if !text.is_empty() => ("RUST_LOG", text.to_owned()),
        _ => ("log level", format!("{QUIET},{level}")),
    };
    EnvFilter::try_new(&text).map_err(|error| {
        format!("{source}: found {text:?}: {error}; expected error, warn, info, debug or trace")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_beats_the_configuration() {
        for environment in [None, Some("")] {
            let filter = filter(environment, "info").unwrap().to_string();
            let mut parts: Vec<&str> = filter.split(',').collect();
            parts.sort_unstable();
            let mut expected: Vec<&str> = QUIET.split(',').chain(["info"]).collect();
            expected.sort_unstable();
            assert_eq!(parts, expected);
        }
        assert_eq!(filter(Some("debug"), "info").unwrap().to_string(), "debug");
        assert!(filter(None, "steersman=loud").unwrap_err().contains("log level"));
        assert!(filter(Some("a=b=c"), "info").unwrap_err().contains("RUST_LOG"));
    }
}
