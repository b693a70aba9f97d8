//! Zones that come from a remote of git: what is pushed is served, if it is good.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use hickory_proto::rr::{DNSClass, RecordType};
use serde_json::{Value, json};

use crate::events::Events;
use crate::support::daemon::{Daemon, Start, run};
use crate::support::dns;
use crate::support::setup::{Setup, ZONE, steady, write};
use crate::support::wait::{begin, until, until_eq};
use crate::upgrade::{Process, successor};

const NAMES: &str = "www.failover = [\"main\", \"spare\"]\n";
const MAIN: &str = "192.0.2.1";

pub fn git(folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    let who = ["-c", "user.name=a", "-c", "user.email=a@example.com"];
    command.arg("-C").arg(folder).args(who).args(arguments);
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    let done = command.output().unwrap();
    assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap().trim().to_owned()
}

/// A bare repository, and a copy of it that somebody works in.
pub struct Remote {
    folder: tempfile::TempDir,
}

impl Remote {
    /// With one commit, of [`ZONE`] and two pools.
    pub fn new() -> Self {
        let remote = Self { folder: tempfile::tempdir().unwrap() };
        git(remote.folder.path(), &["init", "-q", "--bare", "-b", "main", "bare.git"]);
        git(remote.folder.path(), &["init", "-q", "-b", "main", "work"]);
        git(&remote.work(), &["remote", "add", "origin", "../bare.git"]);
        remote.write("zones/example.com.zone", ZONE);
        remote.write("zones/example.com.toml", NAMES);
        let pools = steady("main", MAIN) + &steady("spare", "198.51.100.1");
        remote.write("zones/pools.toml", pools);
        remote.push(&[]);
        remote
    }

    pub fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    pub fn bare(&self) -> PathBuf {
        self.folder.path().join("bare.git")
    }

    pub fn write(&self, name: &str, contents: impl AsRef<[u8]>) {
        write(&self.work().join(name), contents);
    }

    /// Commits all files and pushes them, whatever is there; returns the commit.
    pub fn push(&self, settings: &[&str]) -> String {
        git(&self.work(), &["add", "-A"]);
        git(&self.work(), &[settings, &["commit", "-q", "--allow-empty", "-m", "x"]].concat());
        git(&self.work(), &["push", "-q", "--force", "origin", "HEAD:main"]);
        git(&self.work(), &["rev-parse", "HEAD"])
    }

    /// Another address for `fixed`.
    pub fn push_address(&self, last: u8) -> String {
        self.write("zones/example.com.zone", zone(last));
        self.push(&[])
    }

    pub fn setup(&self, every: &str) -> Setup {
        setup(&self.bare().display().to_string(), every)
    }
}

fn setup(remote: &str, more: &str) -> Setup {
    let mut setup = Setup::new();
    fs::remove_dir_all(setup.path().join("zones")).unwrap();
    setup.zones.clear();
    setup.dns = format!("[git]\nremote = \"{remote}\"\n{more}");
    setup
}

pub const OFTEN: &str = "every = \"1s\"";
const SELDOM: &str = "every = \"1h\"";

fn zone(last: u8) -> String {
    ZONE.replace("192.0.2.99", &format!("192.0.2.{last}"))
}

fn served(daemon: &Daemon) -> Value {
    daemon.status()["git"]["commit"].clone()
}

/// What is told of the newest commit, once that is refused.
#[track_caller]
fn wait_for_refusal(daemon: &Daemon, commit: &str) -> Vec<String> {
    let why = until(&format!("{commit} to be refused"), || {
        let git = daemon.status()["git"].clone();
        let refused = git["refused"].clone();
        if refused["commit"] == commit { Ok(refused["why"].clone()) } else { Err(git.to_string()) }
    });
    why.as_array().unwrap().iter().map(|why| why.as_str().unwrap().to_owned()).collect()
}

/// What was told first of the remote, in order.
fn states(daemon: &Daemon, count: usize) -> Vec<String> {
    let mut events = Events::open(daemon, "?last=1000", None);
    let state = |_| events.next_of("git")["state"].as_str().unwrap().to_owned();
    (0..count).map(state).collect()
}

/// What a question in the Chaos class gets.
fn chaos(daemon: &Daemon) -> Vec<String> {
    let mut question = dns::question("x", RecordType::TXT);
    question.queries[0].set_name("commit.steersman.".parse().unwrap());
    question.queries[0].set_query_class(DNSClass::CH);
    dns::ask(daemon.dns[0], &question).data()
}

#[test]
fn what_is_pushed_is_served_and_told_everywhere() {
    let remote = Remote::new();
    let first = git(&remote.work(), &["rev-parse", "HEAD"]);
    let daemon = remote.setup(OFTEN).ready();
    assert_eq!(daemon.answer("fixed"), ["192.0.2.99"]);
    assert_eq!(daemon.answer("www"), [MAIN]);
    assert_eq!(served(&daemon), first.as_str());
    let second = remote.push_address(7);
    daemon.wait_for_answer("fixed", "192.0.2.7");
    until_eq(Value::from(second.as_str()), || served(&daemon));
    assert_eq!(chaos(&daemon), [second.as_str()]);
    let labels = format!("branch=\"main\",commit=\"{second}\"");
    let metrics = daemon.api("GET", "/metrics", "").body;
    assert!(metrics.contains(&format!("steersman_git_commit_info{{{labels}}} 1\n")), "{metrics}");
    assert!(metrics.contains("steersman_git_last_fetch_timestamp_seconds "), "{metrics}");
    assert!(metrics.contains("steersman_git_commit_refused 0\n"), "{metrics}");
    let text = daemon.cli_ok(&["status"]);
    let line = format!("commit {}, main of {}, fetched ", &second[..12], remote.bare().display());
    assert!(text.contains(&line), "{text}");
    assert_eq!(daemon.log.wait_for("serving another commit", 1)["commit"], second.as_str());
    // Only what is served is kept, and named for the next start.
    let link = fs::read_link(daemon.path("state/git/served")).unwrap();
    assert_eq!(link, Path::new("trees").join(&second));
    until_eq(1, || fs::read_dir(daemon.path("state/git/trees")).unwrap().count());
    // Nothing is loaded where nothing is new.
    assert_eq!(daemon.log.of("reloaded").len(), 1);
    let checked = daemon.cli_ok(&["check"]);
    assert!(checked.starts_with("good: 1 zone, "), "{checked}");
    assert_eq!(states(&daemon, 1), ["serving"]);
}

#[test]
fn whoever_asks_need_not_wait() {
    let remote = Remote::new();
    let daemon = remote.setup(SELDOM).ready();
    remote.push_address(7);
    let reloaded = daemon.reload();
    assert_eq!(reloaded.status, 200, "{reloaded:?}");
    assert_eq!(daemon.answer("fixed"), ["192.0.2.7"]);
    remote.push_address(8);
    daemon.cli_ok(&["reload"]);
    assert_eq!(daemon.answer("fixed"), ["192.0.2.8"]);
    remote.push_address(9);
    daemon.signal("HUP");
    daemon.wait_for_answer("fixed", "192.0.2.9");
}

#[test]
fn a_bad_commit_is_refused_in_words_and_the_last_good_one_stays() {
    let remote = Remote::new();
    let daemon = remote.setup(OFTEN).ready();
    let good = served(&daemon);
    remote.write("zones/example.com.toml", "www.failover = [\"main\", \"sparse\"]\n");
    let bad = remote.push(&[]);
    let why = wait_for_refusal(&daemon, &bad);
    let short = &bad[..12];
    let wanted = format!(
        "{short}:zones/example.com.toml:1:25: unknown pool \"sparse\" (did you mean \"spare\"?)"
    );
    assert!(why[0].starts_with(&wanted), "{why:?}");
    assert_eq!((why.len(), served(&daemon)), (1, good.clone()));
    assert_eq!(daemon.answer("www"), [MAIN]);
    let metrics = daemon.api("GET", "/metrics", "").body;
    assert!(metrics.contains("steersman_git_commit_refused 1\n"), "{metrics}");
    let text = daemon.cli_ok(&["status"]);
    assert!(text.contains(&format!("COMMIT {short} IS REFUSED:\n  {wanted}")), "{text}");
    let refused = daemon.reload();
    assert_eq!(refused.status, 422, "{refused:?}");
    assert!(refused.json()["errors"][0]["text"].as_str().unwrap().starts_with(&wanted));
    // Once, however often it is fetched.
    assert_eq!(daemon.log.of("a commit is refused: the last good one stays").len(), 1);
    remote.write("zones/example.com.toml", NAMES);
    let mended = remote.push_address(5);
    daemon.wait_for_answer("fixed", "192.0.2.5");
    until_eq(Value::Null, || daemon.status()["git"]["refused"].clone());
    assert_eq!(served(&daemon), mended.as_str());
    assert_eq!(states(&daemon, 2), ["refused", "serving"]);
}

#[test]
fn a_bad_commit_that_is_taken_back_leaves_nothing() {
    let remote = Remote::new();
    let daemon = remote.setup(OFTEN).ready();
    remote.write("zones/pools.toml", "[pools.main]\n");
    wait_for_refusal(&daemon, &remote.push(&[]));
    git(&remote.work(), &["reset", "-q", "--hard", "HEAD~1"]);
    git(&remote.work(), &["push", "-q", "--force", "origin", "HEAD:main"]);
    until_eq(Value::Null, || daemon.status()["git"]["refused"].clone());
    assert_eq!(daemon.answer("www"), [MAIN]);
}

#[test]
fn a_safety_rule_holds_for_commits_too() {
    let remote = Remote::new();
    let region = |name: &str, address| {
        format!("[regions.{name}]\n{}region = \"{name}\"\n", steady(name, address))
    };
    let main = region("main", MAIN) + &region("third", "203.0.113.1");
    remote.write("zones/pools.toml", main.clone() + &region("spare", "198.51.100.1"));
    remote.write("zones/rules.toml", "[rules.two]\nmin_regions = 2\n");
    remote.push(&[]);
    let daemon = remote.setup(OFTEN).ready();
    assert_eq!(daemon.set("region:third", "drain").status, 201);
    // One of the two that are left has no pool any more.
    remote.write("zones/pools.toml", main + "[regions.spare]\n");
    remote.write("zones/example.com.toml", "www.failover = [\"main\"]\n");
    let bad = remote.push(&[]);
    let why = wait_for_refusal(&daemon, &bad);
    let wanted =
        format!("{}:zones/rules.toml:1:8: rule two, which this load would break", &bad[..12]);
    assert!(why[0].starts_with(&wanted), "{why:?}");
    daemon.cli_ok(&["reload", "--force"]);
    assert_eq!(served(&daemon), bad.as_str());
    let forced = format!(", of commit:{bad}; forced against two");
    assert!(daemon.cli_ok(&["audit"]).contains(&forced), "{forced}");
}

#[test]
fn another_history_is_served_like_any() {
    let remote = Remote::new();
    let daemon = remote.setup(OFTEN).ready();
    fs::remove_dir_all(remote.work().join(".git")).unwrap();
    git(&remote.work(), &["init", "-q", "-b", "main"]);
    git(&remote.work(), &["remote", "add", "origin", "../bare.git"]);
    let commit = remote.push_address(44);
    daemon.wait_for_answer("fixed", "192.0.2.44");
    until_eq(Value::from(commit), || served(&daemon));
}

#[test]
fn a_remote_may_go_and_come_back_and_a_start_needs_none() {
    let remote = Remote::new();
    let mut daemon = remote.setup(OFTEN).ready();
    let away = remote.folder.path().join("away");
    fs::rename(remote.bare(), &away).unwrap();
    let git_status = |daemon: &Daemon| daemon.status()["git"].clone();
    let unreachable = |daemon: &Daemon| git_status(daemon)["unreachable"].is_string();
    until_eq(true, || unreachable(&daemon));
    let refused = daemon.reload();
    assert_eq!(refused.status, 422, "{refused:?}");
    let text = refused.json()["errors"][0]["text"].as_str().unwrap().to_owned();
    assert!(text.contains(", whose branch main cannot be fetched: git: "), "{text}");
    assert!(text.starts_with("steersman.toml:"), "{text}");
    assert_eq!(daemon.answer("fixed"), ["192.0.2.99"]);
    daemon.signal("TERM");
    assert!(daemon.end().success());
    let daemon = daemon.start_again();
    assert_eq!(daemon.answer("fixed"), ["192.0.2.99"]);
    until_eq(true, || unreachable(&daemon));
    assert_eq!(git_status(&daemon)["fetched"], Value::Null);
    fs::rename(&away, remote.bare()).unwrap();
    remote.push_address(6);
    daemon.wait_for_answer("fixed", "192.0.2.6");
    assert!(!unreachable(&daemon));
    daemon.log.wait_for("the remote can be fetched again", 1);
    assert_eq!(states(&daemon, 3), ["unreachable", "reachable", "serving"]);
}

#[test]
fn a_folder_that_cannot_be_written_is_served_from() {
    let remote = Remote::new();
    let mut daemon = remote.setup(OFTEN).ready();
    daemon.signal("TERM");
    assert!(daemon.end().success());
    let lock = daemon.path("state/git/lock");
    fs::remove_file(&lock).unwrap();
    fs::create_dir(&lock).unwrap();
    let daemon = daemon.start_again();
    assert_eq!(daemon.answer("fixed"), ["192.0.2.99"]);
    let why = until("the reason", || {
        let git = daemon.status()["git"].clone();
        git["unreachable"].as_str().map(str::to_owned).ok_or_else(|| git.to_string())
    });
    assert!(why.contains("state/git: Is a directory"), "{why}");
}

/// As a fetch leaves it that was killed, or a disk that bites.
#[test]
fn a_broken_mirror_is_made_anew() {
    let remote = Remote::new();
    let daemon = remote.setup(SELDOM).ready();
    let mirror = daemon.path("state/git/mirror");
    let damages: [&dyn Fn(); 3] = [
        &|| write(&mirror.join("refs/steersman/fetched.lock"), ""),
        &|| fs::remove_dir_all(mirror.join("objects")).unwrap(),
        &|| fs::write(mirror.join("HEAD"), "nonsense").unwrap(),
    ];
    for (last, damage) in (10..).zip(damages) {
        damage();
        remote.push_address(last);
        let reloaded = daemon.reload();
        assert_eq!(reloaded.status, 200, "{last}: {reloaded:?}");
        assert_eq!(daemon.answer("fixed"), [format!("192.0.2.{last}")]);
    }
}

#[test]
fn a_start_without_anything_says_what_it_lacks() {
    let setup = setup("/nowhere/dns.git", SELDOM);
    let (code, said) = setup.start_in_vain();
    assert_eq!(code, Some(1), "{said}");
    let wanted = "/nowhere/dns.git, whose branch main cannot be fetched: git: fatal: ";
    assert!(said.contains(wanted), "{said}");
    let checked = run(setup.path(), &["check"]);
    assert_eq!(checked.code, Some(0), "{checked:?}");
    assert!(
        checked.stdout.starts_with(
            "good, as far as it is here: the zones come from main of /nowhere/dns.git"
        ),
        "{checked:?}"
    );
    let remote = Remote::new();
    let setup = remote.setup("path = \"other\"");
    let (code, said) = setup.start_in_vain();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains(":other, a folder that cannot be read: No such file"), "{said}");
    remote.write("zones/example.com.toml", "www.failover = [\"nobody\"]\n");
    let bad = remote.push(&[]);
    let (_, said) = remote.setup("").start_in_vain();
    assert!(said.contains(&format!("{}:zones/example.com.toml:1:17: ", &bad[..12])), "{said}");
}

fn key(folder: &Path, name: &str) -> String {
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-C", name, "-f"])
        .arg(folder.join(name))
        .status();
    assert!(made.unwrap().success());
    fs::read_to_string(folder.join(format!("{name}.pub"))).unwrap()
}

#[test]
fn only_signed_commits_are_served_where_signatures_are_wanted() {
    let remote = Remote::new();
    let keys = tempfile::tempdir().unwrap();
    let alice = key(keys.path(), "alice");
    let mallory = key(keys.path(), "mallory");
    let signed = |by: &str| {
        let key = format!("user.signingkey={}", keys.path().join(by).display());
        ["-c", "gpg.format=ssh", "-c", &key, "-c", "commit.gpgsign=true"].map(str::to_owned)
    };
    let push = |last, by: &str| {
        remote.write("zones/example.com.zone", zone(last));
        remote.push(&signed(by).each_ref().map(String::as_str))
    };
    let setup = remote.setup(&format!("{OFTEN}\nallowed_signers = \"signers\""));
    setup.write("signers", "# Nobody\n");
    let (_, said) = setup.start_in_vain();
    assert!(said.contains("signers:1:1: no signer; expected who and their key"), "{said}");
    setup.write("signers", format!("alice@example.com namespaces=\"git\" {alice}"));
    let (_, said) = setup.start_in_vain();
    assert!(
        said.contains(", which is not signed; expected a signature by ssh of one of "),
        "{said}"
    );
    let good = push(2, "alice");
    let mut daemon = setup.ready();
    assert_eq!(daemon.answer("fixed"), ["192.0.2.2"]);
    let why = wait_for_refusal(&daemon, &push(3, "mallory"));
    assert!(why[0].contains(", whose signature is not good: git: "), "{why:?}");
    assert!(why[0].contains("No principal matched"), "{why:?}");
    let why = wait_for_refusal(&daemon, &remote.push_address(4));
    assert!(why[0].contains(", which is not signed; expected "), "{why:?}");
    assert_eq!((daemon.answer("fixed"), served(&daemon)), (vec!["192.0.2.2".into()], good.into()));
    let last = push(5, "alice");
    daemon.wait_for_answer("fixed", "192.0.2.5");
    // What is served was signed by somebody who may not sign any more: it stays, and that is told, also by whoever
    // starts with it.
    daemon.write("signers", format!("mallory@example.com namespaces=\"git\" {mallory}"));
    for _ in 0..2 {
        let why = wait_for_refusal(&daemon, &last);
        assert!(why[0].contains(", whose signature is not good: git: "), "{why:?}");
        assert_eq!(
            (daemon.answer("fixed"), served(&daemon)),
            (vec!["192.0.2.5".into()], json!(last))
        );
        daemon.kill();
        daemon = daemon.start_again();
        daemon.wait_until_ready();
    }
    push(6, "mallory");
    daemon.wait_for_answer("fixed", "192.0.2.6");
    until_eq(Value::Null, || daemon.status()["git"]["refused"].clone());
}

/// Who leaves the repository by a link would have the daemon read any file.
#[test]
fn links_out_of_the_repository_are_refused() {
    let remote = Remote::new();
    let daemon = remote.setup(OFTEN).ready();
    std::os::unix::fs::symlink("/etc/hostname", remote.work().join("zones/a.example.zone"))
        .unwrap();
    let why = wait_for_refusal(&daemon, &remote.push(&[]));
    assert!(
        why[0].contains("zones/a.example.zone: a link that leads out of the repository"),
        "{why:?}"
    );
}

#[test]
fn a_remote_that_hangs_blocks_nothing_and_is_given_up() {
    let remote = Remote::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    // It takes connections and says nothing, ever.
    thread::spawn(move || listener.incoming().collect::<Vec<_>>());
    let mut daemon = remote.setup(OFTEN).ready();
    daemon.signal("TERM");
    assert!(daemon.end().success());
    let config = fs::read_to_string(daemon.path("steersman.toml")).unwrap();
    let hanging = format!("git://{address}/dns.git");
    let config = config.replace(&remote.bare().display().to_string(), &hanging);
    daemon.write("steersman.toml", config.replace(OFTEN, "every = \"1s\"\ntimeout = \"2s\""));
    let mut daemon = daemon.start_again();
    assert_eq!(daemon.answer("fixed"), ["192.0.2.99"]);
    let why = until("the fetch to be given up", || {
        let git = daemon.status()["git"].clone();
        git["unreachable"].as_str().map(str::to_owned).ok_or_else(|| git.to_string())
    });
    assert_eq!(why, "git: not done within 2 s");
    // No git stays behind, and another may be under way.
    until_eq(true, || children(daemon.id()) <= 1);
    let config = fs::read_to_string(daemon.path("steersman.toml")).unwrap();
    daemon.write("steersman.toml", config.replace("timeout = \"2s\"", "timeout = \"1h\""));
    daemon.signal("TERM");
    assert!(daemon.end().success());
    let mut daemon = daemon.start_again();
    until_eq(1, || children(daemon.id()));
    assert_eq!(daemon.answer("fixed"), ["192.0.2.99"]);
    // Whoever waits for it ends with the daemon.
    let since = begin();
    daemon.signal("TERM");
    assert!(daemon.end().success());
    assert!(since.elapsed() < Duration::from_secs(20), "{:?}", since.elapsed());
}

/// A first start that hangs can be ended too.
#[test]
fn a_start_that_hangs_can_be_ended() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let setup = setup(&format!("git://{}/x", listener.local_addr().unwrap()), SELDOM);
    setup.write_config();
    let (mut child, log) = Start::default().begin(setup.path());
    let _connection = listener.accept().unwrap();
    let killed = Command::new("kill").arg(child.id().to_string()).status().unwrap();
    assert!(killed.success());
    let status = until("the daemon to end", || child.try_wait().unwrap().ok_or_else(|| log.text()));
    assert!(status.success(), "{status}: {}", log.text());
}

#[test]
fn two_daemons_do_not_share_what_they_fetch() {
    let remote = Remote::new();
    let daemon = remote.setup(SELDOM).ready();
    let (code, said) = Start::default().run_to_the_end(&daemon.path(""));
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("state/git: another daemon follows a remote here"), "{said}");
}

/// How many processes a process has begun that are still there.
fn children(of: u32) -> usize {
    let tasks = fs::read_dir(format!("/proc/{of}/task")).unwrap();
    let children =
        tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("children")).ok());
    children.map(|ids| ids.split_whitespace().count()).sum()
}

/// A new process takes the mirror over with the rest, and goes on following.
#[test]
fn a_new_process_goes_on_following() {
    let remote = Remote::new();
    let daemon = remote.setup(OFTEN).ready();
    let mut processes = Vec::new();
    for last in [7, 8] {
        match processes.last() {
            None => daemon.signal("USR2"),
            Some(process) => Process::signal(process, "USR2"),
        }
        processes.push(successor(&daemon, processes.len() + 1));
        let commit = remote.push_address(last);
        daemon.wait_for_answer("fixed", &format!("192.0.2.{last}"));
        until_eq(Value::from(commit.as_str()), || served(&daemon));
    }
}
