//! Which threads come first where there are more of them than processors: those that answer.
#![expect(
    unsafe_code,
    reason = "what the system knows of a thread's turn has no safe wrapper here"
)]

use std::mem;
use std::time::Duration;

/// How long an answering thread goes on at a time: a few answers, and the least that Linux takes.
pub(super) const ANSWERING_TURN: Duration = Duration::from_micros(100);

/// What is done beside the answering, by how much of a processor that has no rest it is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beside {
    /// A tenth of it: a handshake costs a thousand times what an answer over UDP costs, and whoever
    /// wants can begin one.
    Handshakes,
    /// The same: what has happened is told when there is time for it.
    Telling,
    /// A seventieth of it, in short turns: copies of what was answered, which may be as many as the answers. Where
    /// these leave no rest, copies are dropped, and not answers held up.
    Copies,
    /// A seventieth of it: a large zone takes seconds. The system pays what it owes a thread in
    /// whole ticks of its clock, 4 ms of it, in which a thread on the same processor answers nobody.
    /// Not `SCHED_IDLE`, which no thread may leave again: where answers leave no rest at all, it
    /// would never load.
    Loading,
}

impl Beside {
    fn niceness(self) -> i32 {
        match self {
            Self::Handshakes | Self::Telling => 10,
            Self::Copies | Self::Loading => 19,
        }
    }
}

/// Lets the calling thread, and those that it begins, give way to the others from now on. Where that
/// is not allowed, nothing changes.
pub fn give_way(beside: Beside) {
    // To Linux, process 0 is the calling thread (setpriority(2), "C library/kernel differences").
    // SAFETY: the call takes no pointers.
    unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, beside.niceness()) };
}

/// Asks for turns of a length on a processor that others want, too, for the calling thread: short
/// ones come sooner (sched_setattr(2), heeded since Linux 6.12), and how much of the processor it gets is the same.
/// Where the system knows of no such thing, nothing changes.
pub fn take_turns(length: Duration) {
    // SAFETY: `sched_attr` is numbers only, for all of which zero is a value.
    let mut attributes: libc::sched_attr = unsafe { mem::zeroed() };
    let bytes = size_of_val(&attributes) as libc::c_uint;
    // SAFETY: the pointer is to a value of as many bytes as are told, which outlives the call.
    let read = unsafe { libc::syscall(libc::SYS_sched_getattr, 0, &raw mut attributes, bytes, 0) };
    let is_shared = attributes.sched_policy == libc::SCHED_OTHER as u32;
    if read == 0 && is_shared {
        attributes.sched_runtime = length.as_nanos() as u64;
        // SAFETY: the pointer is to a value that says how many bytes it has, and outlives the call.
        unsafe { libc::syscall(libc::SYS_sched_setattr, 0, &raw const attributes, 0) };
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, io, thread};

    use super::*;

    /// Runs something on a thread of its own, and says how nice that is then: field 19 of what the
    /// system says of it, behind the name in parentheses.
    fn niceness_after(what: impl FnOnce() + Send + 'static) -> String {
        let stat = read_after(what, "/proc/thread-self/stat").unwrap();
        let fields = stat.rsplit_once(") ").unwrap().1;
        fields.split(' ').nth(16).unwrap().to_owned()
    }

    /// What the system says in a file of a thread that has run something.
    fn read_after(what: impl FnOnce() + Send + 'static, file: &'static str) -> io::Result<String> {
        let thread = thread::spawn(move || {
            what();
            fs::read_to_string(file)
        });
        thread.join().unwrap()
    }

    #[test]
    fn one_thread_gives_way_and_no_other() {
        let before = niceness_after(|| {});
        assert_eq!(niceness_after(|| give_way(Beside::Handshakes)), "10");
        assert_eq!(niceness_after(|| give_way(Beside::Loading)), "19");
        assert_eq!(niceness_after(|| {}), before);
    }

    #[test]
    fn short_turns_leave_a_thread_as_nice_as_it_was() {
        let prompt = || {
            give_way(Beside::Handshakes);
            take_turns(ANSWERING_TURN);
        };
        assert_eq!(niceness_after(prompt), "10");
        // Linux has a choice of turns since 6.12; whether it tells depends on how it was built.
        let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
        let mut numbers = release.split('.').map_while(|part| part.parse::<u32>().ok());
        let has_choice = (numbers.next(), numbers.next()) >= (Some(6), Some(12));
        if let Ok(told) = read_after(prompt, "/proc/thread-self/sched")
            && let Some(slice) = told.lines().find(|line| line.starts_with("se.slice"))
            && has_choice
        {
            assert_eq!(
                slice.split_whitespace().last().unwrap(),
                ANSWERING_TURN.as_nanos().to_string()
            );
        }
    }

    /// So a load reads all its files in the background.
    #[test]
    fn what_it_begins_gives_way_too() {
        let nice = thread::spawn(|| {
            give_way(Beside::Loading);
            niceness_after(|| {})
        });
        assert_eq!(nice.join().unwrap(), "19");
    }
}
