//! A command of the operator, which ends by 0 where the endpoint is well.
//!
//! It runs in a process group of its own, which is killed as a whole when the command has ended, or
//! has not in time; it knows nothing of our environment, and is heard only so far.

use std::io;
use std::net::IpAddr;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::Command;
use tokio::time::timeout;

use super::failure::Failure;
use super::steps;
use super::target::ExecRequest;

/// Where programs are looked for by the command itself, whoever started us.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// How much of its output is kept; the rest is read, and passed over.
const MOST_KEPT: usize = 4096;
/// How much of that is shown.
const SHOWN: usize = 200;
/// How long a pipe may stay open after the command and its group have ended, in the hands of
/// somebody who left the group.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// One question, ready to be asked again and again.
pub(super) struct CommandProbe {
    request: ExecRequest,
    environment: Vec<(&'static str, String)>,
}

impl CommandProbe {
    pub(super) fn new(address: IpAddr, request: &ExecRequest, limit: Duration) -> Self {
        let mut environment = vec![
            ("PATH", PATH.to_owned()),
            ("STEERSMAN_ADDRESS", address.to_string()),
            ("STEERSMAN_TIMEOUT_MS", limit.as_millis().to_string()),
        ];
        environment.extend(request.port.map(|port| ("STEERSMAN_PORT", port.to_string())));
        environment.extend(request.host.clone().map(|host| ("STEERSMAN_HOST", host)));
        Self { request: request.clone(), environment }
    }

    /// Asks once, without a limit of time; whoever stops asking stops the command.
    pub(super) async fn ask(&self) -> Result<(), Failure> {
        let [program, arguments @ ..] = &*self.request.command else {
            return Err(Failure::Unaskable("there is no command".into()));
        };
        let mut child = Command::new(program)
            .args(arguments)
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            // So that it is waited for, too: none stays behind as a zombie.
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| not_started(program, &error))?;
        // A command that hangs is no silence of the network.
        steps::heard(|| format!("started {program}"));
        let group = Group(child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)));
        let (mut said, mut complained) = (Vec::new(), Vec::new());
        let status = {
            let (out, err) = (child.stdout.take(), child.stderr.take());
            let hearing = async { tokio::join!(hear(out, &mut said), hear(err, &mut complained)) };
            tokio::pin!(hearing);
            let (status, all_heard) = tokio::select! {
                status = child.wait() => (status, false),
                // It closed both, and may still be at work.
                _ = &mut hearing => (child.wait().await, true),
            };
            // What it left behind ends with it, and lets go of the pipes.
            drop(group);
            if !all_heard {
                let _ = timeout(LAST_WORDS, &mut hearing).await;
            }
            status
        };
        let status = status.map_err(|error| Failure::from(&error))?;
        steps::heard(|| format!("ended: {status}"));
        match status.success() {
            true => Ok(()),
            false => Err(Failure::Command(ended(status, &said, &complained))),
        }
    }
}

/// A group of processes, which ends with this value.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(leader) = self.0 {
            // Fails where all of them have ended, as most do. A new group could only have the number
            // once all others had been given out since the leader ended, a moment ago.
            let _ = kill_process_group(leader, Signal::KILL);
        }
    }
}

/// Keeps the beginning, and reads on, so that nobody gets stuck who says more.
async fn hear(pipe: Option<impl AsyncRead + Unpin>, kept: &mut Vec<u8>) {
    let Some(mut pipe) = pipe else { return };
    let mut piece = [0; 4096];
    while let Ok(length) = pipe.read(&mut piece).await {
        if length == 0 {
            return;
        }
        let room = (MOST_KEPT - kept.len()).min(length);
        kept.extend_from_slice(&piece[..room]);
    }
}

fn not_started(program: &str, error: &io::Error) -> Failure {
    match Failure::from(error) {
        exhausted @ Failure::Exhausted(_) => exhausted,
        _ if error.kind() == io::ErrorKind::WouldBlock => {
            Failure::Exhausted(format!("no process more for {program}"))
        }
        other => Failure::Unaskable(format!("{program}: {other}")),
    }
}

/// How a command ended, and the first line of what it said.
fn ended(status: ExitStatus, said: &[u8], complained: &[u8]) -> String {
    let how = match (status.code(), status.signal()) {
        (Some(code), _) => format!("exited with {code}"),
        (None, Some(signal)) => format!("killed by signal {signal}"),
        (None, None) => "ended".into(),
    };
    let line = [said, complained].into_iter().map(first_line).find(|line| !line.is_empty());
    match line {
        Some(line) => format!("{how}: {line}"),
        None => how,
    }
}

fn first_line(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    line.chars().filter(|c| !c.is_control()).take(SHOWN).collect()
}

#[cfg(test)]
mod tests;
