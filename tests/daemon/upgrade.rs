//! A new process takes over from the running one: no question goes without its answer, and nothing
//! that anybody said or saw is forgotten.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};

use hickory_proto::rr::RecordType;

use crate::support::backend::{Backend, Manner};
use crate::support::daemon::{Daemon, Start};
use crate::support::dns::{self, Connection, Reply};
use crate::support::setup::{Setup, pool, steady, web};
use crate::support::wait::{until, until_eq};

const MAIN: &str = "192.0.2.1";
const SPARE: &str = "198.51.100.1";
const HANDED_OVER: &str = "handed over";
const NOT_UPGRADED: &str = "not upgraded: this process goes on serving";

/// A process that is nobody's child any more; it ends with this value.
pub struct Process(u32);

impl Process {
    pub fn id(&self) -> u32 {
        self.0
    }

    pub fn signal(&self, name: &str) {
        let id = self.0.to_string();
        let sent = Command::new("sh").args(["-c", "kill -s \"$0\" \"$1\"", name, &id]).status();
        assert!(sent.unwrap().success());
    }

    pub fn has_ended(&self) -> bool {
        // Nobody may be there to wait for it.
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.0));
        stat.map_or(true, |stat| stat.rsplit_once(") ").unwrap().1.starts_with('Z'))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if !self.has_ended() {
            self.signal("KILL");
        }
    }
}

/// Waits for so many upgrades in all; returns the process that serves since.
pub fn successor(daemon: &Daemon, count: usize) -> Process {
    let line = daemon.log.wait_for(HANDED_OVER, count);
    Process(u32::try_from(line["successor"].as_u64().unwrap()).unwrap())
}

/// Asks one question after the other until it is told to stop, and wants each answer to be right.
pub struct Clients {
    stop: Arc<AtomicBool>,
    answers: Arc<AtomicUsize>,
    threads: Vec<JoinHandle<()>>,
}

/// What is asked, and what is right.
const RIGHT: [(&str, &str); 3] = [("fixed", "192.0.2.99"), ("www", SPARE), ("probed", SPARE)];

impl Clients {
    pub fn start(servers: &[SocketAddr]) -> Self {
        let stop = Arc::<AtomicBool>::default();
        let mut clients = Self { stop, answers: Arc::default(), threads: Vec::new() };
        for server in servers.iter().copied() {
            for _ in 0..3 {
                // Several may be open, so that some always wait in the socket.
                clients.begin(move |asked| {
                    let socket = dns::udp_to(server);
                    asked.pipelined(
                        8,
                        |packet| assert_eq!(socket.send(packet).unwrap(), packet.len()),
                        || {
                            let mut buffer = [0; 1500];
                            let length = socket.recv(&mut buffer).expect("an answer over UDP");
                            buffer[..length].to_vec()
                        },
                    );
                });
            }
            clients.begin(move |asked| {
                let mut connection = Connection::open(server);
                asked.one_by_one(|packet| connection.ask(packet).expect("an answer over TCP"));
            });
            clients.begin(move |asked| {
                asked.one_by_one(|packet| {
                    Connection::open(server).ask(packet).expect("an answer on a new connection")
                });
            });
        }
        clients
    }

    fn begin(&mut self, client: impl FnOnce(Asked) + Send + 'static) {
        let asked = Asked { stop: Arc::clone(&self.stop), answers: Arc::clone(&self.answers) };
        self.threads.push(thread::spawn(move || client(asked)));
    }

    /// Waits until all of them have had many more answers.
    pub fn go_on(&self) {
        let before = self.answers.load(Ordering::Relaxed);
        until("more answers", || {
            assert!(!self.threads.iter().any(JoinHandle::is_finished), "a client has failed");
            let more = self.answers.load(Ordering::Relaxed) - before;
            if more > 500 { Ok(()) } else { Err(more.to_string()) }
        });
    }

    pub fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads {
            thread.join().expect("every question is answered, and rightly");
        }
    }
}

struct Asked {
    stop: Arc<AtomicBool>,
    answers: Arc<AtomicUsize>,
}

impl Asked {
    fn one_by_one(&self, mut ask: impl FnMut(&[u8]) -> Vec<u8>) {
        for (name, right) in RIGHT.iter().cycle() {
            if self.stop.load(Ordering::Relaxed) {
                return;
            }
            let question = dns::question(name, RecordType::A);
            let reply = ask(&question.to_vec().unwrap());
            assert_eq!(Reply::read(&reply, &question).data(), [*right], "{name}");
            self.answers.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// So many questions at a time, whose answers may come in any order.
    fn pipelined(&self, at_a_time: usize, send: impl Fn(&[u8]), receive: impl Fn() -> Vec<u8>) {
        while !self.stop.load(Ordering::Relaxed) {
            let asked: Vec<_> = RIGHT.iter().cycle().take(at_a_time).collect();
            let mut open: Vec<_> = asked
                .into_iter()
                .map(|(name, right)| (dns::question(name, RecordType::A), *right))
                .collect();
            open.iter().for_each(|(question, _)| send(&question.to_vec().unwrap()));
            while !open.is_empty() {
                let reply = receive();
                let id = u16::from_be_bytes([reply[0], reply[1]]);
                let index = open.iter().position(|(question, _)| question.metadata.id == id);
                let (question, right) = open.remove(index.expect("an answer to what was asked"));
                assert_eq!(Reply::read(&reply, &question).data(), [right]);
                self.answers.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

/// A pool that a person drained, one that its probes took down, and neither can be known otherwise:
/// from now on the probed server says nothing for longer than the test takes.
fn setup(server: &Backend) -> Daemon {
    let pools = web().replace("\"1s\"", "\"1m\"")
        + &pool("bad", "web", "203.0.113.1", server.address)
        + &steady("main", MAIN)
        + &steady("spare", SPARE);
    let names = "www.failover = [\"main\", \"spare\"]\nprobed.failover = [\"bad\", \"spare\"]\n";
    server.be(Manner::Answer("500 No", ""));
    let daemon = Setup::steering(&pools, names).ready();
    daemon.wait_for_answer("probed", SPARE);
    server.be(Manner::Hang);
    daemon.cli_ok(&["drain", "pool:main", "--reason", "before the upgrade"]);
    daemon
}

#[test]
fn no_question_is_lost_and_no_answer_wrong_while_processes_take_over_from_each_other() {
    const UPGRADES: usize = 4;
    let server = Backend::http();
    let mut daemon = setup(&server);
    let since = daemon.endpoint("bad")["since"].clone();
    let clients = Clients::start(&daemon.dns);
    clients.go_on();
    let mut serving: Option<Process> = None;
    for count in 1..=UPGRADES {
        match &serving {
            None => daemon.signal("USR2"),
            Some(process) => process.signal("USR2"),
        }
        let next = successor(&daemon, count);
        match &serving {
            None => assert_eq!(daemon.end().code(), Some(0)),
            Some(before) => until_eq(true, || before.has_ended()),
        }
        serving = Some(next);
        clients.go_on();
        assert_eq!(daemon.check("/readyz"), 200, "it is as ready as the one before");
        assert_eq!(daemon.endpoint("bad")["verdict"], "down");
        assert_eq!(daemon.endpoint("bad")["since"], since);
        assert_eq!(daemon.ask("probed", RecordType::A).ttl(), 1, "it was not yet probed anew");
        // What is said to one is known to the next.
        let target = format!("pool:{}", if count % 2 == 0 { "bad" } else { "spare" });
        let state = if count % 2 == 0 { "down" } else { "up" };
        assert!(daemon.set(&target, state).status < 300, "{target}");
        assert!(daemon.clear(&target).status < 300, "{target}");
    }
    clients.stop();
    let overrides = daemon.api("GET", "/api/v1/overrides", "").json();
    assert_eq!(overrides["overrides"].as_array().unwrap().len(), 1, "{overrides}");
    assert_eq!(overrides["overrides"][0]["reason"], "before the upgrade");
    // One chain, written by five processes.
    let audit = daemon.cli_ok(&["audit"]);
    assert!(audit.contains("drain"), "{audit}");
    let lines = fs::read_to_string(daemon.path("state/audit.jsonl")).unwrap();
    assert_eq!(lines.lines().count(), 1 + 2 * UPGRADES, "{lines}");
    for message in ["a TCP connection could not be handed over, and is closed", NOT_UPGRADED] {
        assert_eq!(daemon.log.of(message).len(), 0, "{message}");
    }
    let last = serving.unwrap();
    last.signal("TERM");
    until_eq(true, || last.has_ended());
}

/// A question of which the first half came before the upgrade, and the second after it.
#[test]
fn a_connection_goes_over_in_the_middle_of_a_question() {
    use std::io::Write as _;
    let daemon = Setup::new().ready();
    let mut connection = Connection::open(daemon.dns[0]);
    let first = dns::question("fixed", RecordType::A);
    connection.ask(&first.to_vec().unwrap()).unwrap();
    let question = dns::question("fixed", RecordType::A);
    let framed = dns::framed(&question.to_vec().unwrap());
    let (half, rest) = framed.split_at(9);
    connection.0.write_all(half).unwrap();
    daemon.signal("USR2");
    let next = successor(&daemon, 1);
    connection.0.write_all(rest).unwrap();
    let reply = connection.receive().unwrap();
    assert_eq!(Reply::read(&reply, &question).data(), ["192.0.2.99"]);
    // It is a connection like any other: the order to stop answers what has arrived, and closes.
    next.signal("TERM");
    assert!(connection.receive().is_err());
}

#[test]
fn a_new_process_that_cannot_start_leaves_the_old_one_serving() {
    let server = Backend::http();
    let daemon = setup(&server);
    let clients = Clients::start(&daemon.dns);
    clients.go_on();
    let config = fs::read_to_string(daemon.path("steersman.toml")).unwrap();
    let wrong = [
        (config.replace("[log]", "[lgo]"), "steersman.toml:"),
        // A socket is handed on that nobody would serve.
        (config.replace("127.0.0.1:0\", ", "127.0.0.3:0\", "), "not configured: 127.0.0.1:"),
    ];
    for (count, (text, why)) in (1..).zip(wrong) {
        daemon.write("steersman.toml", &text);
        daemon.signal("USR2");
        let line = daemon.log.wait_for(NOT_UPGRADED, count);
        assert!(line["why"].as_str().unwrap().contains(why), "{line}");
        clients.go_on();
        assert!(daemon.set("pool:spare", "up").status < 300);
        assert!(daemon.clear("pool:spare").status < 300);
    }
    // Once that is mended, it goes on from there.
    daemon.write("steersman.toml", &config);
    daemon.signal("USR2");
    let _next = successor(&daemon, 1);
    clients.go_on();
    clients.stop();
    daemon.cli_ok(&["audit"]);
}

/// How a script speaks to the process that it is to take over from.
pub const TALK: &str = "for word in $STEERSMAN_HANDED_ON; do case $word in talk=*) talk=${word#talk=};; esac; done\n\
     say() { echo \"$1\" >&$talk; }; hear() { read -r said <&$talk; }\n";

/// Replaces the program of a daemon that was started by [`by_link`].
pub fn replace_program(daemon: &Daemon, script: &str) {
    let (path, beside) = (daemon.path("steersman"), daemon.path("steersman.new"));
    fs::write(&beside, format!("#!/bin/bash\n{script}\n")).unwrap();
    fs::set_permissions(&beside, fs::Permissions::from_mode(0o755)).unwrap();
    fs::rename(beside, path).unwrap();
}

/// Starts the program by a name of its own in the folder.
pub fn by_link() -> Start {
    Start { before: Some("ln -s \"$0\" steersman; exec ./steersman \"$@\""), handed: None }
}

/// The program is looked for by the name that it was started by, and may be anything by then.
#[test]
fn whatever_the_new_program_does_before_it_answers_nothing_is_lost() {
    let daemon = Setup::steering(
        &(steady("main", MAIN) + &steady("spare", SPARE)),
        "www.failover = [\"main\", \"spare\"]\n",
    )
    .start_by(&by_link());
    assert!(daemon.set("pool:main", "down").status < 300);
    let damage = "echo junk >> state/verdicts.jsonl; rm state/comebacks.jsonl";
    let programs = [
        ("exit 3".to_owned(), "exit status: 3"),
        (format!("{TALK} say nonsense"), "expected"),
        (format!("{TALK} say '{{\"failed\":\"no luck\"}}'"), "no luck"),
        (format!("{TALK} say '\"ready\"'"), "makes no sense now"),
        // From here on the state is its own.
        (format!("{TALK} say '\"loaded\"'; hear; {damage}; exit 4"), "exit status: 4"),
        (format!("{TALK} say '\"loaded\"'; hear; say '{{\"failed\":\"too late\"}}'"), "too late"),
    ];
    for (count, (program, why)) in (1..).zip(programs) {
        replace_program(&daemon, &program);
        daemon.signal("USR2");
        let line = daemon.log.wait_for(NOT_UPGRADED, count);
        assert!(line["why"].as_str().unwrap().contains(why), "{why}: {line}");
        assert_eq!(daemon.answer("www"), [SPARE]);
        assert!(daemon.set("pool:spare", "up").status < 300);
    }
    fs::remove_file(daemon.path("steersman")).unwrap();
    daemon.signal("USR2");
    let line = daemon.log.wait_for(NOT_UPGRADED, 7);
    assert!(line["why"].as_str().unwrap().contains("cannot be started"), "{line}");
    std::os::unix::fs::symlink(
        Path::new(crate::support::daemon::PROGRAM),
        daemon.path("steersman"),
    )
    .unwrap();
    daemon.signal("USR2");
    let _next = successor(&daemon, 1);
    assert_eq!(daemon.answer("www"), [SPARE]);
    daemon.cli_ok(&["audit"]);
}

/// The order to stop is heeded while another process is about to take over, and both end.
#[test]
fn the_order_to_stop_ends_an_upgrade_too() {
    let mut daemon = Setup::new().start_by(&by_link());
    let program = "echo $$ > started; exec sleep 600";
    replace_program(&daemon, program);
    daemon.signal("USR2");
    let started = until("the program to start", || {
        let text = fs::read_to_string(daemon.path("started")).unwrap_or_default();
        text.trim().parse().map_err(|_| text)
    });
    let next = Process(started);
    daemon.signal("USR2");
    daemon.log.wait_for("SIGUSR2 is passed over: an upgrade is under way", 1);
    daemon.signal("TERM");
    assert_eq!(daemon.end().code(), Some(0));
    until_eq(true, || next.has_ended());
}
