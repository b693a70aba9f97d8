//! Collectors of dnstap: `fstrm_capture`, and the reader `dnstap`.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::support::packages::miss;
use crate::support::wait::until;

/// Whether both are there, as they must be in CI.
pub fn are_installed() -> bool {
    let there = |program: &str, package| {
        let is_there = Command::new(program).arg("-h").stderr(Stdio::null()).output().is_ok();
        if !is_there {
            miss("tried", package);
        }
        is_there
    };
    let both = [
        there("fstrm_capture", "fstrm-bin"),
        there("dnstap", "golang-github-dnstap-golang-dnstap-cli"),
    ];
    both == [true; 2]
}

/// `fstrm_capture`, which writes frames to a file as they are; it ends with this value.
pub struct Collector(Child);

impl Collector {
    pub fn start(socket: &Path, file: &Path) -> Self {
        let mut command = Command::new("fstrm_capture");
        command.args(["-t", "protobuf:dnstap.Dnstap"]).arg("-u").arg(socket).arg("-w").arg(file);
        command.stderr(Stdio::null()).stdout(Stdio::null());
        let collector = Self(command.spawn().unwrap());
        until(
            "the collector to listen",
            || if socket.exists() { Ok(()) } else { Err("not".into()) },
        );
        collector
    }

    pub fn signal(&self, name: &str) {
        let id = self.0.id().to_string();
        let sent = Command::new("sh").args(["-c", "kill -s \"$0\" \"$1\"", name, &id]).status();
        assert!(sent.unwrap().success());
    }

    /// Ends it, with all that it has in its file.
    pub fn end(mut self) {
        self.signal("TERM");
        self.0.wait().unwrap();
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The messages of a file, as others read them.
#[track_caller]
pub fn messages(file: &Path) -> Vec<Value> {
    let output = Command::new("dnstap").arg("-r").arg(file).arg("-j").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{errors}");
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
