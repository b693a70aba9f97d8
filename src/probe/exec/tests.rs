//! Commands of the shell, which every system has.

use std::fs;
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;
use tokio::time::{sleep, timeout};

use super::*;
use crate::probe::kit::Ask;
use crate::probe::steps::once;

/// Longer than anything takes that is to happen.
const PATIENT: Duration = Duration::from_secs(30);

fn shell(script: &str) -> ExecRequest {
    let command: Vec<String> = ["/bin/sh", "-c", script].map(Into::into).to_vec();
    ExecRequest { command: command.into(), port: None, host: None }
}

async fn ask_within(request: &ExecRequest, limit: Duration) -> Result<(), Failure> {
    let probe = CommandProbe::new([192, 0, 2, 1].into(), request, limit);
    let probe = std::sync::Arc::new(probe);
    let ask: Ask = Box::new(move || {
        let probe = std::sync::Arc::clone(&probe);
        Box::pin(async move { probe.ask().await })
    });
    once(&ask, limit).await.result
}

async fn text_of(script: &str) -> String {
    let outcome = ask_within(&shell(script), PATIENT).await;
    outcome.map_or_else(|failure| failure.to_string(), |()| "well".into())
}

#[tokio::test]
async fn the_end_of_a_command_decides_and_its_first_line_says_why() {
    let long = format!("echo {}; exit 1", "x".repeat(300));
    let shown = format!("command exited with 1: {}", "x".repeat(200));
    for (script, wanted) in [
        ("exit 0", "well"),
        ("echo all is well", "well"),
        ("exit 2", "command exited with 2"),
        ("echo; echo '  disk full '; echo more; exit 2", "command exited with 2: disk full"),
        ("echo trouble >&2; exit 1", "command exited with 1: trouble"),
        ("echo trouble >&2; echo said; exit 1", "command exited with 1: said"),
        ("printf 'a\\033[1mb\\n'; exit 1", "command exited with 1: a[1mb"),
        ("kill -9 $$", "command killed by signal 9"),
        ("exec /no/such/program 2>/dev/null", "command exited with 127"),
        // It goes on after nobody can hear it.
        ("exec >&- 2>&-; exit 3", "command exited with 3"),
        ("cat; exit 4", "command exited with 4"),
        (&long, &shown),
    ] {
        assert_eq!(text_of(script).await, wanted, "{script}");
    }
}

#[tokio::test]
async fn a_command_that_says_very_much_does_not_get_stuck() {
    let script = "echo first; head -c 5000000 /dev/zero; head -c 5000000 /dev/zero >&2; exit 3";
    assert_eq!(text_of(script).await, "command exited with 3: first");
}

#[tokio::test]
async fn a_command_knows_what_it_is_told_and_nothing_else() {
    let script = "echo $STEERSMAN_ADDRESS $STEERSMAN_PORT $STEERSMAN_HOST $STEERSMAN_TIMEOUT_MS \
                  $PATH ${HOME-none} ${CARGO_MANIFEST_DIR-none} $PWD; exit 1";
    let request = ExecRequest { port: Some(81), host: Some("a.example".into()), ..shell(script) };
    let failure = ask_within(&request, PATIENT).await.unwrap_err();
    let wanted = format!("command exited with 1: 192.0.2.1 81 a.example 30000 {PATH} none none /");
    assert_eq!(failure.to_string(), wanted);
}

/// Whether a process is there, and no zombie.
fn is_running(id: &str) -> bool {
    let stat = fs::read_to_string(Path::new("/proc").join(id).join("stat")).unwrap_or_default();
    stat.rsplit(')').next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with(" Z"))
}

/// The numbers of processes that a command has written.
async fn numbers(folder: &TempDir, count: usize) -> Vec<String> {
    loop {
        let text = fs::read_to_string(folder.path().join("ids")).unwrap_or_default();
        let ids: Vec<String> = text.lines().map(Into::into).collect();
        if ids.len() == count && text.ends_with('\n') {
            return ids;
        }
        sleep(Duration::from_millis(10)).await;
    }
}

async fn until_ended(ids: &[String]) {
    until(|| !ids.iter().any(|id| is_running(id))).await;
}

async fn until(so: impl Fn() -> bool) {
    let looking = async {
        while !so() {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENT, looking).await.unwrap();
}

#[tokio::test]
async fn at_the_timeout_all_of_its_processes_end_and_it_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let ids = folder.path().join("ids");
    let script = format!(
        "trap '' TERM; sleep 1000 & echo $! >{0}; echo $$ >>{0}; wait; sleep 1000",
        ids.display()
    );
    let request = shell(&script);
    // Stopped once all of it runs, as a timeout would.
    let asking = ask_within(&request, PATIENT);
    let ids = tokio::select! {
        outcome = asking => panic!("{outcome:?}"),
        ids = numbers(&folder, 2) => ids,
    };
    until_ended(&ids).await;
    // The shell was ours, and is no zombie either; the other is nobody's of ours.
    until(|| !Path::new("/proc").join(&ids[1]).exists()).await;
    let short = Duration::from_millis(200);
    let outcome = ask_within(&shell("sleep 1000"), short).await;
    assert_eq!(outcome, Err(Failure::TimedOut(short)));
}

#[tokio::test]
async fn what_a_command_leaves_behind_ends_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let ids = folder.path().join("ids");
    // It holds on to the pipes, too.
    let script = format!("sleep 1000 & echo $! >{}; exit 0", ids.display());
    assert_eq!(text_of(&script).await, "well");
    until_ended(&numbers(&folder, 1).await).await;
}

#[tokio::test]
async fn what_cannot_be_started_says_nothing_of_the_endpoint() {
    for program in ["/no/such/program", "/etc/passwd", "/"] {
        let command = [program.to_owned()][..].into();
        let request = ExecRequest { command, port: None, host: None };
        let failure = ask_within(&request, PATIENT).await.unwrap_err();
        assert!(failure.is_ours(), "{failure}");
        assert_eq!(failure.reason(), "unaskable", "{failure}");
        assert!(failure.to_string().contains(program), "{failure}");
    }
}
