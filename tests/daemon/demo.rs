//! `steersman demo`, as a newcomer meets it.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use hickory_proto::rr::RecordType;

use crate::support::daemon::{PROGRAM, run};
use crate::support::dns;
use crate::support::log::Log;
use crate::support::wait::{until, until_eq};

const EAST: &str = "192.0.2.10";
const WEST: &str = "198.51.100.10";

/// The demo, in a folder for temporary files of its own.
struct Demo {
    child: Child,
    said: Log,
    logged: Log,
    temporary: tempfile::TempDir,
}

impl Demo {
    fn start() -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let mut command = Command::new(PROGRAM);
        command.arg("demo").env("TMPDIR", temporary.path()).env_remove("RUST_LOG");
        command.current_dir(temporary.path()).stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let said = Log::gather(child.stdout.take().unwrap());
        let logged = Log::gather(child.stderr.take().unwrap());
        Self { child, said, logged, temporary }
    }

    #[track_caller]
    fn wait_for_line(&mut self, wanted: &[&str]) {
        until(&format!("a line with {wanted:?}"), || {
            if self.child.try_wait().unwrap().is_some() && self.logged.has_ended() {
                // Most likely somebody has its ports.
                panic!("the demo has ended by itself: {}", self.logged.text());
            }
            let text = self.said.text();
            let found = text.lines().any(|line| wanted.iter().all(|wanted| line.contains(wanted)));
            if found { Ok(()) } else { Err(text) }
        });
    }

    fn left_behind(&self) -> Vec<PathBuf> {
        fs::read_dir(self.temporary.path()).unwrap().map(|entry| entry.unwrap().path()).collect()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The demo's ports are fixed, so that what it prints can be typed; one test at a time has them.
#[test]
fn the_demo_shows_how_answers_move() {
    // Another user's file can be locked too, if only opened for reading.
    let lock = std::env::temp_dir().join("steersman-demo-test.lock");
    let lock = File::open(&lock).or_else(|_| File::create(&lock)).unwrap();
    lock.lock().unwrap();
    let server: SocketAddr = "127.0.0.1:5300".parse().unwrap();
    let mut demo = Demo::start();
    demo.wait_for_line(&[
        "dig @127.0.0.1 -p 5300 www.example.com +short",
        "steersman ask www.example.com",
    ]);
    demo.wait_for_line(&["steersman demo --break us-east"]);
    demo.wait_for_line(&["www.example.com.", EAST]);
    let answer = || dns::ask(server, &dns::question("www", RecordType::A)).data();
    assert_eq!(answer(), [EAST]);

    // Its three commands, as printed.
    let here = demo.temporary.path().to_owned();
    let ok = |arguments: &[&str]| {
        let said = run(&here, arguments);
        assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""), "{arguments:?}");
        said.stdout
    };
    assert!(ok(&["ask", "www.example.com"]).contains(EAST));
    ok(&["demo", "--break", "us-east"]);
    until_eq(true, || ok(&["ask", "www.example.com"]).contains(WEST));
    demo.wait_for_line(&["www.example.com.", WEST]);
    ok(&["demo", "--mend", "us-east"]);
    until_eq(vec![EAST.to_owned()], answer);

    // The other names, by the shipped database.
    for (name, network, address) in [
        ("shop", "81.2.69.0/24", WEST),
        ("shop", "8.8.8.0/24", EAST),
        ("@", "81.2.69.0/24", WEST),
        ("@", "14.139.0.0/24", "203.0.113.10"),
    ] {
        let reply = dns::ask(server, &dns::question_from(name, RecordType::A, network));
        assert_eq!(reply.data(), [address], "{name} from {network}");
    }
    assert_eq!(run(&here, &["demo", "--break", "atlantis"]).code, Some(1));
    let second = run(&here, &["demo"]);
    assert_eq!(second.code, Some(1));
    assert!(second.stderr.contains("is another demo running?"), "{second:?}");

    let id = demo.child.id().to_string();
    assert!(Command::new("sh").args(["-c", "kill -s INT \"$0\"", &id]).status().unwrap().success());
    let status = until("the demo to end", || demo.child.try_wait().unwrap().ok_or(String::new()));
    assert_eq!(status.code(), Some(0));
    assert_eq!(demo.left_behind(), Vec::<PathBuf>::new());
}
