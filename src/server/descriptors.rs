//! Descriptors from one program to the next: those that this one was started with, and those that it
//! starts another one with.
//!
//! A service manager hands on by the protocol of sd_listen_fds(3). A daemon hands on to the one that
//! takes over from it by a variable of ours, for that protocol wants the numbers from 3 on, of which
//! one may be what the standard library hears the failure of exec by.
#![expect(
    unsafe_code,
    reason = "a descriptor from outside is a number, and what happens before exec has no safe wrapper"
)]

use std::collections::HashSet;
use std::io;
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd, RawFd};
use std::os::unix::process::{CommandExt as _, parent_id};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

/// What a daemon hands on to its successor: its process, then `name=descriptor` each.
const HANDED_ON: &str = "STEERSMAN_HANDED_ON";
/// The first one that a service manager hands on.
const FIRST: RawFd = 3;

/// Who handed descriptors on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Giver {
    /// Nobody did.
    #[default]
    Nobody,
    /// systemd, or whoever speaks like it.
    ServiceManager,
    /// The daemon that this one takes over from.
    Predecessor,
}

/// Descriptors that this program was started with, by name.
#[derive(Debug, Default)]
pub struct Descriptors {
    /// Who handed them on.
    pub by: Giver,
    /// They, each with its name, which may be any or none.
    pub named: Vec<(String, OwnedFd)>,
}

impl Descriptors {
    /// Takes what the environment says is handed on, once: from then on there is nothing.
    ///
    /// # Errors
    ///
    /// The environment says what is not so.
    pub fn take() -> io::Result<Self> {
        static TAKEN: AtomicBool = AtomicBool::new(false);
        if TAKEN.swap(true, Ordering::SeqCst) {
            return Ok(Self::default());
        }
        let read = |name: &str| std::env::var(name).ok();
        let (own, parent) = (std::process::id(), parent_id());
        if let Some(numbers) = of_predecessor(read(HANDED_ON).as_deref(), parent) {
            return Self::adopt(Giver::Predecessor, numbers);
        }
        let [pid, count, names] = ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"].map(read);
        match of_service_manager(pid.as_deref(), count.as_deref(), names.as_deref(), own) {
            Some(numbers) => Self::adopt(Giver::ServiceManager, numbers),
            None => Ok(Self::default()),
        }
    }

    fn adopt(by: Giver, numbers: Vec<(String, RawFd)>) -> io::Result<Self> {
        let mut seen = HashSet::new();
        let adopted = numbers.into_iter().map(|(name, number)| {
            if number < FIRST || !seen.insert(number) {
                return Err(io::Error::other(format!("descriptor {number} cannot be handed on")));
            }
            let adopted = adopt(number).map_err(|error| {
                io::Error::new(
                    error.kind(),
                    format!("descriptor {number} is said to be handed on: {error}"),
                )
            });
            Ok((name, adopted?))
        });
        Ok(Self { by, named: adopted.collect::<io::Result<_>>()? })
    }
}

/// Those of a predecessor: it is whoever started this process.
fn of_predecessor(text: Option<&str>, parent: u32) -> Option<Vec<(String, RawFd)>> {
    let mut words = text?.split(' ');
    if words.next()?.parse() != Ok(parent) {
        // Left in the environment by somebody further up.
        return None;
    }
    let named = words.map(|word| {
        let (name, number) = word.split_once('=')?;
        Some((name.to_owned(), number.parse().ok()?))
    });
    named.collect()
}

/// Those of a service manager, if it means this process: sd_listen_fds(3).
fn of_service_manager(
    pid: Option<&str>,
    count: Option<&str>,
    names: Option<&str>,
    own: u32,
) -> Option<Vec<(String, RawFd)>> {
    if pid?.parse() != Ok(own) {
        return None;
    }
    let count: u16 = count?.parse().ok()?;
    let mut names = names.unwrap_or_default().split(':');
    let next = || names.next().unwrap_or_default().to_owned();
    let names: Vec<String> = std::iter::repeat_with(next).take(count.into()).collect();
    Some(names.into_iter().zip(FIRST..).collect())
}

/// Takes over one that whoever started this process has left open for it.
fn adopt(number: RawFd) -> io::Result<OwnedFd> {
    // Programs that are started by this one are not to have it.
    // SAFETY: the call takes no pointers.
    if unsafe { libc::fcntl(number, libc::F_SETFD, libc::FD_CLOEXEC) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: it is open, as was just seen. It was opened before this process began, and by the word
    // of whoever started it this is the place to take it over; which happens once, for numbers that
    // are all different.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

/// Has a program that is about to be started take these over, as [`Descriptors::take`] does, and
/// none that were handed to this one.
pub fn hand_on(command: &mut Command, named: Vec<(&str, OwnedFd)>) {
    let mut text = std::process::id().to_string();
    for (name, descriptor) in &named {
        text.push_str(&format!(" {name}={}", descriptor.as_raw_fd()));
    }
    command.env(HANDED_ON, text);
    for name in ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PIDFDID"] {
        command.env_remove(name);
    }
    let descriptors: Vec<OwnedFd> = named.into_iter().map(|(_, descriptor)| descriptor).collect();
    let stay_open = move || {
        for descriptor in &descriptors {
            // SAFETY: the call takes no pointers.
            if unsafe { libc::fcntl(descriptor.as_raw_fd(), libc::F_SETFD, 0) } != 0 {
                return Err(io::Error::last_os_error());
            }
        }
        Ok(())
    };
    // SAFETY: between fork and exec it calls fcntl only, which may be called there
    // (signal-safety(7)), and takes neither memory nor locks.
    unsafe { command.pre_exec(stay_open) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_manager_means_one_process() {
        let read = |pid, count, names| of_service_manager(Some(pid), Some(count), names, 7);
        let one = |name: &str, number| (name.to_owned(), number);
        assert_eq!(read("7", "2", Some("dns:admin")), Some(vec![one("dns", 3), one("admin", 4)]));
        assert_eq!(read("7", "2", Some("dns")), Some(vec![one("dns", 3), one("", 4)]));
        assert_eq!(read("7", "1", None), Some(vec![one("", 3)]));
        assert_eq!(read("7", "0", None), Some(Vec::new()));
        for (pid, count) in [("8", "1"), ("", "1"), ("7", "x"), ("7", "-1")] {
            assert_eq!(read(pid, count, None), None, "{pid:?} {count:?}");
        }
        assert_eq!(of_service_manager(None, Some("1"), None, 7), None);
    }

    #[test]
    fn a_predecessor_is_the_one_that_started_us() {
        let named = of_predecessor(Some("7 talk=5 dns=12"), 7).unwrap();
        assert_eq!(named, [("talk".to_owned(), 5), ("dns".to_owned(), 12)]);
        for text in ["8 talk=5", "", "7 talk", "7 talk=x"] {
            assert_eq!(of_predecessor(Some(text), 7), None, "{text:?}");
        }
    }

    #[test]
    fn what_is_not_open_cannot_be_taken() {
        let error = Descriptors::adopt(Giver::Predecessor, vec![("dns".into(), 1_000_000)]);
        assert!(error.unwrap_err().to_string().contains("descriptor 1000000"));
        for number in [0, 2, -1] {
            assert!(Descriptors::adopt(Giver::Predecessor, vec![(String::new(), number)]).is_err());
        }
    }
}
