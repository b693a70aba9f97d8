//! What a program that is started has open: those descriptors that are handed on to it, and no others.
//!
//! Alone in its process, for between fork and exec everything that is open there is open twice.

use std::fs;
use std::os::fd::AsRawFd as _;
use std::os::unix::net::UnixStream;
use std::process::Command;

use steersman::server::hand_on;

#[test]
fn what_is_handed_on_is_open_in_the_next_program_and_nothing_else_is() {
    let (mine, theirs) = UnixStream::pair().unwrap();
    let socket = |number: &str| {
        fs::read_link(format!("/proc/self/fd/{number}")).unwrap().display().to_string()
    };
    let of_mine = socket(&mine.as_raw_fd().to_string());
    let (theirs_number, of_theirs) = (theirs.as_raw_fd(), socket(&theirs.as_raw_fd().to_string()));
    let mut command = Command::new("sh");
    command.args(["-c", "echo $STEERSMAN_HANDED_ON $LISTEN_PID; ls -l /proc/self/fd"]);
    command.env("LISTEN_PID", "1");
    hand_on(&mut command, vec![("talk", theirs.into())]);
    let said = String::from_utf8(command.output().unwrap().stdout).unwrap();
    let (told, open) = said.split_once('\n').unwrap();
    assert_eq!(told, format!("{} talk={theirs_number}", std::process::id()));
    assert!(open.contains(&format!(" {theirs_number} -> {of_theirs}")), "{said}");
    assert!(!open.contains(&of_mine), "{said}");
}
