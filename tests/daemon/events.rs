//! What happens, as the stream of events tells it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

use crate::support::backend::Backend;
use crate::support::daemon::Daemon;
use crate::support::setup::{Setup, ZONE, pool, steady, web};

/// Events as they come.
pub struct Events(BufReader<TcpStream>);

impl Events {
    pub fn open(daemon: &Daemon, query: &str, last: Option<&str>) -> Self {
        let mut stream = TcpStream::connect(daemon.admin).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let last = last.map(|id| format!("Last-Event-ID: {id}\r\n")).unwrap_or_default();
        let request = format!(
            "GET /api/v1/events{query} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n{last}\r\n",
            daemon.token()
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut events = Self(BufReader::new(stream));
        events.until("retry: 1000");
        events
    }

    /// The next line that begins so.
    fn until(&mut self, beginning: &str) -> String {
        loop {
            let mut line = String::new();
            assert!(self.0.read_line(&mut line).unwrap() > 0, "the stream ended");
            if line.starts_with(beginning) {
                return line.trim_end().to_owned();
            }
        }
    }

    fn next(&mut self) -> Value {
        serde_json::from_str(&self.until("data: ")["data: ".len()..]).unwrap()
    }

    /// The next one of a type.
    pub fn next_of(&mut self, of: &str) -> Value {
        loop {
            let event = self.next();
            if event["type"] == of {
                return event;
            }
        }
    }
}

#[test]
fn verdicts_overrides_and_reloads_are_told_as_they_happen() {
    let mut server = Backend::http();
    let pools = web() + &pool("main", "web", "192.0.2.1", server.address);
    let names = "[www]\nfailover = [\"main\", \"spare\"]\nfailback = \"manual\"\n";
    let daemon = Setup::steering(&(pools + &steady("spare", "198.51.100.1")), names).ready();
    let mut events = Events::open(&daemon, "", None);

    server.kill();
    let down = events.next_of("verdict");
    assert_eq!((&down["verdict"], &down["pools"][0]), (&"down".into(), &"main".into()), "{down}");
    assert!(down["reason"].is_string(), "{down}");
    server.revive();
    // Before they are logged, which waits for nobody who answers.
    assert_eq!(events.next_of("held_back")["held"], true);
    daemon.cli_ok(&["failback", "main"]);
    let said = events.next_of("override");
    assert_eq!((&said["action"], &said["target"]), (&"failback".into(), &"pool:main".into()));
    assert_eq!(events.next_of("held_back")["held"], false);
    daemon.cli_ok(&["drain", "pool:main", "--for", "300ms", "--reason", "kernel"]);
    let set = events.next_of("override");
    assert_eq!(
        [&set["action"], &set["state"], &set["reason"]],
        [&Value::from("set"), &"drain".into(), &"kernel".into()]
    );
    assert!(set["by"].as_str().unwrap().starts_with("alice at 127.0.0.1:"), "{set}");
    assert_eq!(events.next_of("override")["action"], "expire");

    // The connection breaks; what happens meanwhile is told when it is back.
    let last = set["id"].as_str().unwrap();
    drop(events);
    daemon.write("zones/example.com.zone", format!("{ZONE}bad A 192.0.2\n"));
    assert_eq!(daemon.reload().status, 422);
    let mut events = Events::open(&daemon, "", Some(last));
    assert_eq!(events.next_of("override")["action"], "expire");
    let reload = events.next_of("reload");
    assert_eq!((&reload["errors"], &reload["revision"]), (&1.into(), &daemon.status()["revision"]));
}

/// Streams that nobody reads hold up neither a verdict nor the end.
#[test]
fn streams_end_with_the_daemon() {
    let mut server = Backend::http();
    let pools = web() + &pool("main", "web", "192.0.2.1", server.address);
    let names = "www.failover = [\"main\", \"spare\"]\n";
    let mut daemon = Setup::steering(&(pools + &steady("spare", "198.51.100.1")), names).ready();
    daemon.wait_for_answer("www", "192.0.2.1");
    let streams: Vec<Events> = (0..20).map(|_| Events::open(&daemon, "?last=5", None)).collect();
    server.kill();
    daemon.wait_for_answer("www", "198.51.100.1");
    server.revive();
    daemon.wait_for_answer("www", "192.0.2.1");
    daemon.signal("TERM");
    assert!(daemon.end().success());
    drop(streams);
}
