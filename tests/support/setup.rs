//! The files of a daemon before it starts.

use std::fs;
use std::net::{Ipv6Addr, SocketAddr, UdpSocket};
use std::path::Path;

use tempfile::TempDir;

use super::daemon::{Daemon, Start};

/// The fixed records of `example.com`.
pub const ZONE: &str = "\
$ORIGIN example.com.
$TTL 300
@      SOA    ns1 hostmaster 1 3600 900 604800 60
       NS     ns1
ns1    A      192.0.2.53
fixed  A      192.0.2.99
alias  CNAME  www
";

/// A monitor that is quick to tell, though not so quick that a busy machine fails it.
pub const QUICK: &str = "\
interval = \"1s\"
timeout = \"1s\"
fall = 3
rise = 2
retry = \"50ms\"
";

/// The monitor `web`: HTTP, a status from 200 to 299 and `ok` in the body.
pub fn web() -> String {
    format!("[monitors.web]\nhttp = {{ path = \"/healthz\", body = \"ok\" }}\n{QUICK}")
}

/// A pool of one endpoint, probed elsewhere than answered.
pub fn pool(name: &str, monitor: &str, address: &str, probe: SocketAddr) -> String {
    format!(
        "[pools.{name}]\nmonitor = \"{monitor}\"\n\
         endpoints = [{{ address = \"{address}\", probe = \"{probe}\" }}]\n"
    )
}

/// A pool without a monitor, which is always up.
pub fn steady(name: &str, address: &str) -> String {
    format!("[pools.{name}]\nendpoints = [\"{address}\"]\n")
}

const BOTH: &str = r#"["127.0.0.1:0", "[::1]:0"]"#;
const IPV4_TWICE: &str = r#"["127.0.0.1:0", "127.0.0.2:0"]"#;

/// Many a container has no IPv6.
pub fn has_ipv6() -> bool {
    UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)).is_ok()
}

/// A folder with all that a daemon reads.
pub struct Setup {
    pub folder: TempDir,
    /// Where zones come from: `zones`.
    pub zones: String,
    /// `dns.listen`
    pub listen: String,
    /// `admin.listen`
    pub admin: String,
    /// `geoip`
    pub geoip: String,
    /// `state`
    pub state: String,
    /// More of `steersman.toml`, within `[dns]` and below.
    pub dns: String,
}

impl Setup {
    /// Serves [`ZONE`], on ports that the system chooses.
    pub fn new() -> Self {
        let setup = Self {
            folder: tempfile::tempdir().unwrap(),
            zones: "zones = \"zones\"".into(),
            listen: if has_ipv6() { BOTH } else { IPV4_TWICE }.into(),
            admin: "127.0.0.1:0".into(),
            geoip: "[]".into(),
            state: "state".into(),
            dns: String::new(),
        };
        setup.write("zones/example.com.zone", ZONE);
        setup
    }

    /// With `zones/pools.toml` and `zones/example.com.toml`.
    pub fn steering(pools: &str, names: &str) -> Self {
        let setup = Self::new();
        setup.write("zones/pools.toml", pools);
        setup.write("zones/example.com.toml", names);
        setup
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file of the folder.
    pub fn write(&self, name: &str, contents: impl AsRef<[u8]>) {
        write(&self.path().join(name), contents);
    }

    /// Writes `steersman.toml`.
    pub fn write_config(&self) {
        let Self { zones, listen, admin, geoip, state, dns, .. } = self;
        self.write(
            "steersman.toml",
            format!(
                "{zones}\ngeoip = {geoip}\nstate = \"{state}\"\n\n\
                 [admin]\nlisten = \"{admin}\"\n\n[log]\nformat = \"json\"\n\n\
                 [dns]\nlisten = {listen}\nworkers = 2\n{dns}\n"
            ),
        );
    }

    /// Starts the daemon and waits until it serves.
    #[track_caller]
    pub fn start(self) -> Daemon {
        self.start_by(&Start::default())
    }

    /// Starts it in a special way.
    #[track_caller]
    pub fn start_by(self, start: &Start) -> Daemon {
        self.write_config();
        Daemon::start(self.folder, start)
    }

    /// Starts it, probed and all.
    #[track_caller]
    pub fn ready(self) -> Daemon {
        let daemon = self.start();
        daemon.wait_until_ready();
        daemon
    }

    /// Starts a daemon that ends by itself, and returns its exit code and what it said.
    #[track_caller]
    pub fn start_in_vain(&self) -> (Option<i32>, String) {
        self.write_config();
        Start::default().run_to_the_end(self.path())
    }
}

/// Writes a file, and the folders above it.
pub fn write(path: &Path, contents: impl AsRef<[u8]>) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, contents).unwrap();
}
