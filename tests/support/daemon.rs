//! The running daemon, and everything that can be asked of it.

use std::fs;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;

use hickory_proto::rr::RecordType;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::dns::{self, Reply};
use super::http::{self, Response};
use super::log::Log;
use super::metrics::Metrics;
use super::setup;
use super::wait::{until, until_eq};

/// The program under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_steersman");

/// How a daemon is started.
#[derive(Default)]
pub struct Start {
    /// What a shell does before it becomes the daemon.
    pub before: Option<&'static str>,
    /// What it has for standard input and output.
    pub handed: Option<[OwnedFd; 2]>,
}

impl Start {
    /// Begins it, without waiting for anything.
    pub fn begin(&self, folder: &Path) -> (Child, Log) {
        let mut child = self.spawn(folder);
        let log = Log::gather(child.stderr.take().unwrap());
        (child, log)
    }

    fn spawn(&self, folder: &Path) -> Child {
        let mut command = match self.before {
            None => Command::new(PROGRAM),
            Some(before) => {
                let mut shell = Command::new("sh");
                shell.args(["-c", &format!("{before}; exec \"$0\" \"$@\""), PROGRAM]);
                shell
            }
        };
        command.args(["serve", "--config", "steersman.toml"]).current_dir(folder);
        command.env_remove("RUST_LOG").stdin(Stdio::null()).stdout(Stdio::null());
        if let Some(handed) = &self.handed {
            let [stdin, stdout] = handed.each_ref().map(|one| one.try_clone().unwrap());
            command.stdin(stdin).stdout(stdout);
        }
        command.stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Runs one that ends by itself.
    #[track_caller]
    pub fn run_to_the_end(&self, folder: &Path) -> (Option<i32>, String) {
        let (mut child, log) = self.begin(folder);
        let status = wait_for_end(&mut child, &log);
        until_eq(true, || log.has_ended());
        (status.code(), log.text())
    }
}

#[track_caller]
fn wait_for_end(child: &mut Child, log: &Log) -> ExitStatus {
    until("the daemon to end", || child.try_wait().unwrap().ok_or_else(|| log.text()))
}

/// What a command of the command line said.
#[derive(Debug)]
pub struct Said {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// Runs a command of the command line in a folder.
pub fn run(folder: &Path, arguments: &[&str]) -> Said {
    let mut command = Command::new(PROGRAM);
    command.args(arguments).current_dir(folder).stdin(Stdio::null());
    command.env_remove("RUST_LOG").env_remove("SUDO_USER").env("USER", "alice");
    let output = command.output().unwrap();
    Said {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// The daemon; it ends with this value.
pub struct Daemon {
    folder: TempDir,
    child: Child,
    pub log: Log,
    /// Where it answers, in the order of the configuration.
    pub dns: Vec<SocketAddr>,
    /// Its admin endpoint.
    pub admin: SocketAddr,
}

impl Daemon {
    #[track_caller]
    pub fn start(folder: TempDir, start: &Start) -> Self {
        let (mut child, log) = start.begin(folder.path());
        let serving = until("the daemon to serve", || {
            if child.try_wait().unwrap().is_some() {
                panic!("the daemon has ended:\n{}", log.text());
            }
            log.of("serving").pop().ok_or_else(|| log.text())
        });
        let text = |field: &str| serving[field].as_str().unwrap().to_owned();
        let dns = text("dns").split(' ').map(|address| address.parse().unwrap()).collect();
        let admin: SocketAddr = text("admin").parse().unwrap();
        // The command line reads the port from a file, and the daemon's own file says 0.
        let config = fs::read_to_string(folder.path().join("steersman.toml")).unwrap();
        let config =
            config.replace("[admin]\nlisten = \"127.0.0.1:0\"", "[admin]\nlisten = \"ADMIN\"");
        let config = config.replace("ADMIN", &admin.to_string());
        setup::write(&folder.path().join("running.toml"), config);
        Self { folder, child, log, dns, admin }
    }

    /// Starts another one in the same folder, once this one has ended.
    #[track_caller]
    pub fn start_again(mut self) -> Self {
        assert!(self.child.try_wait().unwrap().is_some(), "still running");
        let folder = std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap());
        Self::start(folder, &Start::default())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file of its folder.
    pub fn write(&self, name: &str, contents: impl AsRef<[u8]>) {
        setup::write(&self.path(name), contents);
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal, by its name without SIG.
    #[track_caller]
    pub fn signal(&self, name: &str) {
        let id = self.id().to_string();
        let sent = Command::new("sh").args(["-c", "kill -s \"$0\" \"$1\"", name, &id]).status();
        assert!(sent.unwrap().success());
    }

    /// Makes it stand still until it gets SIGCONT. On a busy machine its threads go on for a while
    /// after the signal is sent.
    #[track_caller]
    pub fn halt(&self) {
        self.signal("STOP");
        let threads = format!("/proc/{}/task", self.id());
        until("all threads to stand still", || {
            let threads = fs::read_dir(&threads).unwrap().map(|thread| thread.unwrap().path());
            let moving = threads.filter(|thread| !stands_still(thread)).count();
            if moving == 0 { Ok(()) } else { Err(format!("{moving} that do not")) }
        });
    }

    /// Ends it as a crash would.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits until it ends by itself.
    #[track_caller]
    pub fn end(&mut self) -> ExitStatus {
        wait_for_end(&mut self.child, &self.log)
    }

    // DNS

    /// Asks over UDP for a name below `example.com`.
    #[track_caller]
    pub fn ask(&self, name: &str, rtype: RecordType) -> Reply {
        dns::ask(self.dns[0], &dns::question(name, rtype))
    }

    /// The addresses (or other data) that an A question gets, in order.
    #[track_caller]
    pub fn answer(&self, name: &str) -> Vec<String> {
        self.ask(name, RecordType::A).data()
    }

    /// Waits until an A question gets this one address.
    #[track_caller]
    pub fn wait_for_answer(&self, name: &str, address: &str) {
        until(&format!("{name} to be answered with {address}"), || {
            let seen = self.answer(name);
            if seen == [address] { Ok(()) } else { Err(format!("{seen:?}")) }
        });
    }

    /// Waits until the last error of a pool's first endpoint begins with a text; on a busy machine
    /// a probe may time out before it fails as it should.
    #[track_caller]
    pub fn wait_for_error(&self, pool: &str, why: &str) {
        until(&format!("{pool} to fail with {why:?}"), || {
            let error = self.endpoint(pool)["last_error"].clone();
            let fits = error.as_str().is_some_and(|error| error.starts_with(why));
            if fits { Ok(()) } else { Err(error.to_string()) }
        });
    }

    // The admin endpoint

    /// The admin token.
    pub fn token(&self) -> String {
        fs::read_to_string(self.path("state/admin.token")).unwrap().trim().to_owned()
    }

    /// A request with the token.
    #[track_caller]
    pub fn api(&self, method: &str, path: &str, body: &str) -> Response {
        let token = self.token();
        let response = http::request(self.admin, method, path, Some(&token), body);
        response.unwrap_or_else(|error| panic!("{method} {path}: {error}\n{}", self.log.text()))
    }

    /// Sets an override, until it is cleared.
    #[track_caller]
    pub fn set(&self, target: &str, state: &str) -> Response {
        let body = json!({ "state": state, "reason": "a test" }).to_string();
        self.api("PUT", &override_path(target), &body)
    }

    /// Clears an override.
    #[track_caller]
    pub fn clear(&self, target: &str) -> Response {
        self.api("DELETE", &override_path(target), "")
    }

    #[track_caller]
    pub fn reload(&self) -> Response {
        self.api("POST", "/api/v1/reload", "")
    }

    #[track_caller]
    pub fn status(&self) -> Value {
        self.api("GET", "/api/v1/status", "").json()
    }

    /// What the status says of the first endpoint of a pool.
    #[track_caller]
    pub fn endpoint(&self, pool: &str) -> Value {
        let status = self.status();
        let mut pools = status["pools"].as_array().unwrap().iter();
        let pool = pools.find(|p| p["name"] == pool).expect("no such pool in the status");
        pool["endpoints"][0].clone()
    }

    #[track_caller]
    pub fn metrics(&self) -> Metrics {
        Metrics::read(&self.api("GET", "/metrics", "").body)
    }

    /// The status of a check that needs no token.
    #[track_caller]
    pub fn check(&self, path: &str) -> u16 {
        http::request(self.admin, "GET", path, None, "").unwrap().status
    }

    #[track_caller]
    pub fn wait_until_ready(&self) {
        until_eq(200, || self.check("/readyz"));
    }

    // The command line

    /// Runs a command that finds this daemon.
    pub fn cli(&self, arguments: &[&str]) -> Said {
        run(self.folder.path(), &[arguments, &["--config", "running.toml"]].concat())
    }

    /// Runs one that must succeed, and returns what it said.
    #[track_caller]
    pub fn cli_ok(&self, arguments: &[&str]) -> String {
        let said = self.cli(arguments);
        assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""), "{arguments:?}: {said:?}");
        said.stdout
    }
}

/// Whether a thread has stopped, by the field behind its name, or has ended meanwhile.
fn stands_still(thread: &Path) -> bool {
    let stat = fs::read_to_string(thread.join("stat"));
    stat.map_or(true, |stat| stat.rsplit_once(") ").unwrap().1.starts_with('T'))
}

/// The path of `region:NAME`, `pool:NAME` or `endpoint:POOL/ADDRESS`.
fn override_path(target: &str) -> String {
    let (kind, name) = target.split_once(':').unwrap();
    format!("/api/v1/overrides/{kind}/{name}")
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("the daemon's log:\n{}", self.log.text());
        }
    }
}
