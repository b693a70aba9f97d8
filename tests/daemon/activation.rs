//! Under a service manager: sockets that it opened, and what it hears of the daemon.

use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Command, Stdio};

use hickory_proto::rr::RecordType;

use super::upgrade::successor;
use crate::support::backend::{Backend, Manner, fresh_ip};
use crate::support::daemon::{PROGRAM, Start};
use crate::support::dns::{self, Connection, Reply};
use crate::support::log::Log;
use crate::support::packages;
use crate::support::setup::{Setup, pool, web};
use crate::support::wait::{PATIENCE, until};

/// Hands standard input and output on, as a service manager would.
const HAND_ON: &str = "exec 3<&0 4<&1 </dev/null >/dev/null; export LISTEN_PID=$$ LISTEN_FDS=2";

pub fn sockets(ip: std::net::Ipv4Addr) -> (UdpSocket, TcpListener, SocketAddr) {
    let listener = TcpListener::bind((ip, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    (UdpSocket::bind(address).unwrap(), listener, address)
}

pub fn handed(udp: UdpSocket, tcp: TcpListener) -> Start {
    Start { before: Some(HAND_ON), handed: Some([udp.into(), tcp.into()]) }
}

/// What came before the daemon ran waits in the sockets, and is answered by both of its workers, who
/// share the one of UDP; and so it is after an upgrade.
#[test]
fn sockets_that_are_handed_on_are_served() {
    let (udp, tcp, address) = sockets(fresh_ip());
    let question = dns::question("fixed", RecordType::A);
    let packet = question.to_vec().unwrap();
    let early = dns::udp_to(address);
    early.set_read_timeout(Some(PATIENCE)).unwrap();
    early.send(&packet).unwrap();
    let mut connection = Connection::open(address);
    connection.send(&packet).unwrap();
    let mut setup = Setup::new();
    setup.listen = format!("[\"{address}\"]");
    let daemon = setup.start_by(&handed(udp, tcp));
    assert_eq!(daemon.dns, [address]);
    let mut buffer = [0; 512];
    let length = early.recv(&mut buffer).unwrap();
    let replies = [buffer[..length].to_vec(), connection.receive().unwrap()];
    for reply in replies {
        assert_eq!(Reply::read(&reply, &question).data(), ["192.0.2.99"]);
    }
    daemon.signal("USR2");
    let _next = successor(&daemon, 1);
    for _ in 0..20 {
        assert_eq!(daemon.answer("fixed"), ["192.0.2.99"]);
    }
    let reply = connection.ask(&packet).unwrap();
    assert_eq!(Reply::read(&reply, &question).data(), ["192.0.2.99"]);
}

/// One that is handed on and one that is not: the other is opened.
#[test]
fn what_is_not_handed_on_is_opened() {
    let (udp, tcp, address) = sockets(fresh_ip());
    drop(tcp);
    let admin = TcpListener::bind((fresh_ip(), 0)).unwrap();
    let mut setup = Setup::new();
    setup.listen = format!("[\"{address}\"]");
    setup.admin = admin.local_addr().unwrap().to_string();
    let daemon = setup.start_by(&handed(udp, admin));
    assert_eq!(daemon.check("/healthz"), 200);
    assert_eq!(daemon.answer("fixed"), ["192.0.2.99"]);
    let reply = dns::ask_tcp(address, &dns::question("fixed", RecordType::A));
    assert_eq!(reply.data(), ["192.0.2.99"]);
}

#[test]
fn a_socket_that_is_not_configured_is_an_error_in_words() {
    let (udp, tcp, address) = sockets(fresh_ip());
    let setup = Setup::new();
    setup.write_config();
    let (code, said) = handed(udp, tcp).run_to_the_end(setup.path());
    assert_eq!(code, Some(1), "{said}");
    let expected = format!("not configured: {address} (UDP), {address} (TCP);");
    assert!(said.contains(&expected), "{said}");
    // A descriptor that is no socket is told from one.
    let null = || std::fs::File::open("/dev/null").unwrap().into();
    let start = Start { before: Some(HAND_ON), handed: Some([null(), null()]) };
    let (code, said) = start.run_to_the_end(setup.path());
    assert!(code == Some(1) && said.contains("is no socket"), "{said}");
}

/// Debian's own tool, which starts the daemon when somebody connects.
#[test]
fn the_first_connection_starts_the_daemon() {
    if Command::new("systemd-socket-activate").arg("--version").output().is_err() {
        return packages::miss("tried with systemd-socket-activate", "systemd");
    }
    let address = SocketAddr::from((fresh_ip(), 5300));
    let mut setup = Setup::new();
    setup.listen = format!("[\"{address}\"]");
    setup.write_config();
    let mut command = Command::new("systemd-socket-activate");
    command.args(["-l", &address.to_string(), "--fdname=dns", PROGRAM, "serve"]);
    command.current_dir(setup.path()).stdin(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let log = Log::gather(child.stderr.take().unwrap());
    let connection = until("it to listen", || {
        std::net::TcpStream::connect(address).map_err(|error| error.to_string())
    });
    connection.set_read_timeout(Some(PATIENCE)).unwrap();
    let question = dns::question("fixed", RecordType::A);
    let reply = dns::Framed(connection).ask(&question.to_vec().unwrap());
    child.kill().unwrap();
    child.wait().unwrap();
    let reply = reply.unwrap_or_else(|error| panic!("{error}\n{}", log.text()));
    assert_eq!(Reply::read(&reply, &question).data(), ["192.0.2.99"]);
}

/// A service manager, as far as it listens.
struct Manager(UnixDatagram);

impl Manager {
    fn new(folder: &Path) -> Self {
        let socket = UnixDatagram::bind(folder.join("notify")).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Self(socket)
    }

    /// The next message that begins so; others may come before, but none of these.
    #[track_caller]
    fn hear(&self, beginning: &str, but_no: &[&str]) -> Vec<String> {
        loop {
            let mut buffer = [0; 4096];
            let length = self.0.recv(&mut buffer).unwrap_or_else(|e| panic!("{beginning}: {e}"));
            let text = String::from_utf8(buffer[..length].to_vec()).unwrap();
            if text.starts_with(beginning) {
                return text.lines().map(str::to_owned).collect();
            }
            assert!(!but_no.iter().any(|one| text.contains(one)), "{text:?} before {beginning}");
        }
    }
}

const NOTIFY: &str = "export NOTIFY_SOCKET=\"$PWD/notify\" WATCHDOG_USEC=900000 WATCHDOG_PID=$$";

fn start() -> Start {
    Start { before: Some(NOTIFY), handed: None }
}

/// The monotonic clock, as it stands for the whole machine.
fn monotonic_us() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    now.tv_sec as u64 * 1_000_000 + now.tv_nsec as u64 / 1000
}

#[test]
fn a_service_manager_hears_how_it_is() {
    let setup = Setup::new();
    let manager = Manager::new(setup.path());
    let mut daemon = setup.start_by(&start());
    let ready = manager.hear("READY=1", &["WATCHDOG", "STOPPING"]);
    assert!(ready[1].starts_with("STATUS=Serving 1 zone (revision "), "{ready:?}");
    assert_eq!(daemon.answer("fixed"), ["192.0.2.99"], "whoever is ready answers");
    for _ in 0..2 {
        manager.hear("WATCHDOG=1", &["RELOADING"]);
    }

    for (contents, status) in [("nonsense", "the last load was refused"), ("", "Serving 1 zone")] {
        daemon.write("zones/pools.toml", contents);
        let before = monotonic_us();
        daemon.signal("HUP");
        let reloading = manager.hear("RELOADING=1", &["READY"]);
        let at: u64 = reloading[1].strip_prefix("MONOTONIC_USEC=").unwrap().parse().unwrap();
        assert!((before..=monotonic_us()).contains(&at), "{at} {before}");
        until("the status", || {
            let ready = manager.hear("READY=1", &["STOPPING"]);
            if ready[1].contains(status) { Ok(()) } else { Err(format!("{ready:?}")) }
        });
    }

    daemon.signal("TERM");
    manager.hear("STOPPING=1", &[]);
    assert_eq!(daemon.end().code(), Some(0));
}

/// It is ready not before it answers; a new process says who it is, and that it is ready in turn.
#[test]
fn a_service_manager_hears_of_the_first_round_and_of_an_upgrade() {
    let server = Backend::http();
    server.be(Manner::Hang);
    let patient = web().replace("\"1s\"", "\"1m\"");
    let mut setup = Setup::steering(
        &(patient + &pool("main", "web", "192.0.2.1", server.address)),
        "www.failover = [\"main\"]\n",
    );
    setup.dns = "start_timeout = \"500ms\"".into();
    let manager = Manager::new(setup.path());
    let mut daemon = setup.start_by(&start());
    let starting = manager.hear("EXTEND_TIMEOUT_USEC=90500000", &["READY"]);
    assert_eq!(starting[1], "STATUS=Probing once before the first answer");
    manager.hear("READY=1", &[]);
    daemon.signal("USR2");
    let next = manager.hear("MAINPID=", &["READY", "STOPPING"]);
    let next: u32 = next[0].strip_prefix("MAINPID=").unwrap().parse().unwrap();
    manager.hear("READY=1", &["STOPPING", "EXTEND_TIMEOUT"]);
    let process = successor(&daemon, 1);
    assert_eq!(daemon.end().code(), Some(0));
    // The watchdog goes on, by whoever is the daemon now.
    manager.hear("WATCHDOG=1", &["STOPPING"]);
    assert_eq!(process.id(), next);
    process.signal("TERM");
    manager.hear("STOPPING=1", &[]);
}
