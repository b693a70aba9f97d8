//! Running git.

use std::ffi::OsStr;
use std::io::{self, Read, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use std::{env, fmt, thread};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::clock;

/// How often a child is looked at while it runs.
const LOOK: Duration = Duration::from_millis(10);
/// How long a pipe may stay open after git has ended, in the hands of somebody who left its group.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// How much is heard of what git gives; the list of all files of a repository is less.
const MOST_GIVEN_BYTES: usize = 64 << 20;
/// How much is heard of what it complains of.
const MOST_WORDS_BYTES: usize = 16 << 10;
/// How much of that is told.
const MOST_TOLD: usize = 500;

/// What of our environment git gets where it runs alone: how to find programs, keys and the way
/// out, all of which are the operator's.
const KEPT: [&str; 8] = [
    "PATH",
    "HOME",
    "SSH_AUTH_SOCK",
    "TMPDIR",
    "https_proxy",
    "HTTPS_PROXY",
    "no_proxy",
    "NO_PROXY",
];
/// No questions, no settings of the system's, no ways to run a command but ssh, and nothing of it
/// shared with other connections, which would outlive it.
const ALONE: [(&str, &str); 8] = [
    ("GIT_TERMINAL_PROMPT", "0"),
    ("GIT_CONFIG_NOSYSTEM", "1"),
    ("GIT_ATTR_NOSYSTEM", "1"),
    ("GIT_ALLOW_PROTOCOL", "https:ssh:file:git"),
    ("GIT_NO_REPLACE_OBJECTS", "1"),
    ("GIT_NO_LAZY_FETCH", "1"),
    ("GIT_SSH_COMMAND", "ssh -oBatchMode=yes -oControlMaster=no -oControlPath=none"),
    ("LC_ALL", "C"),
];

/// Why git did not do what it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// It could not be run.
    NotRun(String),
    /// It said so, in these words, if any.
    Refused(String),
    /// It took longer than this, and was ended.
    TimedOut(Duration),
    /// Nobody wants to know any more, and it was ended.
    Stopped,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotRun(why) => f.write_str(why),
            Self::Refused(words) => write!(f, "git: {words}"),
            Self::TimedOut(limit) => write!(f, "git: not done within {} s", limit.as_secs_f64()),
            Self::Stopped => f.write_str("git: stopped"),
        }
    }
}

/// In whose way git is run.
#[derive(Clone, Copy)]
pub(super) enum Manner<'m> {
    /// As its user would.
    AsUser,
    /// With nobody there: in a group of its own that is ended when its time is over, and by
    /// nobody's settings, unless the user's are wanted.
    Alone { limit: Duration, stop: &'m AtomicBool, user_settings: bool },
}

/// Where and how git is run.
pub(super) struct Call<'c> {
    pub folder: &'c Path,
    pub variables: &'c [(&'c str, &'c OsStr)],
    pub input: Option<Vec<u8>>,
    pub manner: Manner<'c>,
}

/// Runs git, and returns what it gives.
pub(super) fn run<S: AsRef<OsStr>>(
    call: Call<'_>,
    arguments: impl IntoIterator<Item = S>,
) -> Result<Vec<u8>, Failure> {
    let mut command = Command::new("git");
    command.arg("-C").arg(call.folder).args(arguments);
    match call.manner {
        // What is said is read by people only, and must not depend on whose terminal this is.
        Manner::AsUser => command.env("GIT_TERMINAL_PROMPT", "0").env("LC_ALL", "C"),
        Manner::Alone { user_settings, .. } => alone(&mut command, user_settings),
    };
    command.envs(call.variables.iter().copied());
    let stdin = if call.input.is_some() { Stdio::piped() } else { Stdio::null() };
    command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(not_run)?;
    if let Some((mut stdin, input)) = child.stdin.take().zip(call.input) {
        // A git that does not read all says why.
        thread::spawn(move || stdin.write_all(&input));
    }
    let given = Heard::of(child.stdout.take(), MOST_GIVEN_BYTES);
    let words = Heard::of(child.stderr.take(), MOST_WORDS_BYTES);
    let status = match call.manner {
        Manner::AsUser => child.wait().map_err(not_run)?,
        Manner::Alone { limit, stop, .. } => wait(&mut child, limit, stop)?,
    };
    match status.success() {
        true => Ok(given.all()),
        false => Err(Failure::Refused(told(&words.all()))),
    }
}

fn not_run(error: io::Error) -> Failure {
    Failure::NotRun(match error.kind() {
        io::ErrorKind::NotFound => "git is not installed, or not in PATH".to_owned(),
        _ => format!("git cannot be run: {error}"),
    })
}

fn alone(command: &mut Command, user_settings: bool) -> &mut Command {
    command.env_clear().envs(ALONE).process_group(0);
    command.envs(KEPT.iter().filter_map(|name| Some((name, env::var_os(name)?))));
    if !user_settings {
        command.env("GIT_CONFIG_GLOBAL", "/dev/null");
    }
    command
}

/// Waits until it ends, or ends it.
fn wait(child: &mut Child, limit: Duration, stop: &AtomicBool) -> Result<ExitStatus, Failure> {
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let begun = clock::monotonic_now();
    let ended = loop {
        match child.try_wait() {
            Ok(Some(status)) => break Ok(status),
            Err(error) => break Err(not_run(error)),
            Ok(None) if stop.load(Ordering::Acquire) => break Err(Failure::Stopped),
            Ok(None) if clock::monotonic_now() - begun >= limit => {
                break Err(Failure::TimedOut(limit));
            }
            Ok(None) => thread::sleep(LOOK),
        }
    };
    if let Some(group) = group {
        // Whoever it left behind ends with it. Fails where there is nobody, as there seldom is.
        let _ = kill_process_group(group, Signal::KILL);
    }
    if ended.is_err() {
        // So that none stays behind as a zombie.
        let _ = child.wait();
    }
    ended
}

/// What comes out of a pipe.
struct Heard {
    bytes: Arc<Mutex<Vec<u8>>>,
    /// Ends with the pipe.
    end: mpsc::Receiver<()>,
}

impl Heard {
    /// Hears so much, and reads on, so that nobody gets stuck who says more.
    fn of(pipe: Option<impl Read + Send + 'static>, most: usize) -> Self {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let (hearing, end) = mpsc::channel();
        let kept = Arc::clone(&bytes);
        thread::spawn(move || {
            let _hearing: mpsc::Sender<()> = hearing;
            let Some(mut pipe) = pipe else { return };
            let mut piece = vec![0; 64 << 10];
            loop {
                match pipe.read(&mut piece) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Ok(0) | Err(_) => return,
                    Ok(length) => {
                        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                        let room = most.saturating_sub(kept.len()).min(length);
                        kept.extend_from_slice(&piece[..room]);
                    }
                }
            }
        });
        Self { bytes, end }
    }

    /// All of it, once git has ended.
    fn all(self) -> Vec<u8> {
        // Where the time runs out, somebody else holds the pipe; git's own words have arrived.
        let _ = self.end.recv_timeout(LAST_WORDS);
        std::mem::take(&mut self.bytes.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What git complained of, as one line: the last of it says what matters.
fn told(words: &[u8]) -> String {
    let words = String::from_utf8_lossy(words);
    let lines = words.lines().map(str::trim).filter(|line| !line.is_empty());
    let text = lines.collect::<Vec<_>>().join("; ");
    let skipped = text.chars().count().saturating_sub(MOST_TOLD);
    text.chars().filter(|c| !c.is_control()).skip(skipped).collect()
}

/// The first line of what git gives.
pub(super) fn line(given: &[u8]) -> String {
    String::from_utf8_lossy(given).trim_end_matches('\n').to_owned()
}
