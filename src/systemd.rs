//! What the service manager hears of the daemon: sd_notify(3), over the socket that it names in the
//! environment. Without one, nothing is said.

use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;
use std::{env, io};

use crate::clock;

/// A manager that does not listen holds up nobody for longer than this.
const PATIENCE: Duration = Duration::from_secs(1);

/// The service manager.
#[derive(Debug, Default)]
pub struct Manager {
    ear: Option<(UnixDatagram, SocketAddr)>,
    watchdog: Option<Duration>,
}

impl Manager {
    /// The one that the environment names; none if it names none.
    ///
    /// # Errors
    ///
    /// The name is none that a socket can have, or the system has no socket to give.
    pub fn from_environment() -> io::Result<Self> {
        let name = env::var("NOTIFY_SOCKET").ok().filter(|name| !name.is_empty());
        let ear = name.map(|name| -> io::Result<_> {
            let socket = UnixDatagram::unbound()?;
            socket.set_write_timeout(Some(PATIENCE))?;
            Ok((socket, address(&name)?))
        });
        let [interval, pid] = ["WATCHDOG_USEC", "WATCHDOG_PID"].map(|name| env::var(name).ok());
        let watchdog = watchdog(interval.as_deref(), pid.as_deref(), std::process::id());
        Ok(Self { ear: ear.transpose()?, watchdog })
    }

    /// How often it wants to hear at least that all is well.
    pub fn watchdog(&self) -> Option<Duration> {
        self.watchdog.filter(|_| self.ear.is_some())
    }

    /// The daemon starts, and may take so much longer.
    pub fn starting(&self, status: &str, at_most: Duration) {
        self.say(&format!("EXTEND_TIMEOUT_USEC={}\nSTATUS={status}", at_most.as_micros()));
    }

    /// The daemon serves: for the first time, or again after a reload.
    pub fn ready(&self, status: &str) {
        self.say(&format!("READY=1\nSTATUS={status}"));
    }

    /// The daemon loads its files anew, and says when that is over.
    pub fn reloading(&self) {
        let now = clock::monotonic_us();
        self.say(&format!("RELOADING=1\nMONOTONIC_USEC={now}\nSTATUS=Loading the files anew"));
    }

    /// This process is the daemon from now on.
    pub fn main_process_is(&self, process: u32) {
        self.say(&format!("MAINPID={process}"));
    }

    /// The daemon ends.
    pub fn stopping(&self) {
        self.say("STOPPING=1\nSTATUS=Answering what has arrived");
    }

    /// All is well.
    pub fn is_well(&self) {
        self.say("WATCHDOG=1");
    }

    fn say(&self, what: &str) {
        let Some((socket, address)) = &self.ear else { return };
        if let Err(error) = socket.send_to_addr(what.as_bytes(), address) {
            tracing::warn!(%error, "the service manager cannot be told how it is");
        }
    }
}

/// A path, or a name in the abstract space behind an `@`.
fn address(name: &str) -> io::Result<SocketAddr> {
    let address = match name.strip_prefix('@') {
        Some(name) => SocketAddr::from_abstract_name(name),
        None => SocketAddr::from_pathname(name),
    };
    address.map_err(|error| {
        io::Error::new(
            error.kind(),
            format!("NOTIFY_SOCKET is {name:?}, which is no name of a socket: {error}"),
        )
    })
}

/// The interval, if it is this process that is watched: sd_watchdog_enabled(3).
fn watchdog(interval_us: Option<&str>, pid: Option<&str>, own: u32) -> Option<Duration> {
    if pid.is_some_and(|pid| pid.parse() != Ok(own)) {
        return None;
    }
    let interval_us: u64 = interval_us?.parse().ok()?;
    (interval_us > 0).then(|| Duration::from_micros(interval_us))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_watchdog_watches_one_process() {
        let second = Some(Duration::from_secs(1));
        assert_eq!(watchdog(Some("1000000"), None, 7), second);
        assert_eq!(watchdog(Some("1000000"), Some("7"), 7), second);
        for (interval, pid) in [
            (Some("1000000"), Some("8")),
            (Some("1000000"), Some("")),
            (Some("0"), None),
            (Some("x"), None),
            (None, Some("7")),
        ] {
            assert_eq!(watchdog(interval, pid, 7), None, "{interval:?} {pid:?}");
        }
    }

    #[test]
    fn a_name_is_a_path_or_abstract() {
        assert!(address("/run/systemd/notify").unwrap().as_pathname().is_some());
        assert_eq!(address("@/x").unwrap().as_abstract_name(), Some(&b"/x"[..]));
        let long = "/x".repeat(100);
        assert!(address(&long).unwrap_err().to_string().contains("NOTIFY_SOCKET is"));
    }
}
