//! Which threads of the process come first: those that answer over UDP, at once, and before those
//! that read files or make handshakes.
#![expect(unsafe_code, reason = "setpriority and sched_setattr have no safe wrapper here")]

use std::io;

/// How nice threads are that give way: with nothing else to do they have all of a core, beside a
/// busy thread about a tenth of it.
const NICE: i32 = 10;
/// The shortest turn that there is. Whoever asks for shorter turns than the thread that is running
/// does not wait for the end of its turn, which is milliseconds.
const TURN_NANOSECONDS: u64 = 100_000;
/// Bytes of the first form of `sched_attr`, which every kernel knows.
const ATTRIBUTE_BYTES: u32 = size_of::<libc::sched_attr>() as u32;

/// Lets the calling thread, and those that it begins, give way from now on. Where that is not
/// allowed, nothing changes.
///
/// Handshakes cost a thousand times what an answer over UDP costs, and whoever wants can begin one;
/// loading a large zone takes seconds.
pub fn give_way() {
    // To Linux, process 0 is the calling thread (setpriority(2), "C library/kernel differences").
    // SAFETY: the call takes no pointers.
    unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, NICE) };
}

/// Lets the calling thread, which seldom has much to do at once, begin as soon as it has. Linux does
/// so since 6.12; an older one refuses or takes no notice, and nothing is lost.
pub(super) fn begin_at_once() {
    if let Ok(mut attributes) = attributes()
        && attributes.sched_policy == libc::SCHED_OTHER as u32
    {
        attributes.sched_runtime = TURN_NANOSECONDS;
        // SAFETY: thread 0 is the calling one, and the attributes, whose size is told within,
        // outlive the call.
        unsafe { libc::syscall(libc::SYS_sched_setattr, 0, &raw const attributes, 0) };
    }
}

/// How the calling thread has its turns.
fn attributes() -> io::Result<libc::sched_attr> {
    // SAFETY: a plain C struct of integers, for which zeros are valid.
    let mut attributes: libc::sched_attr = unsafe { std::mem::zeroed() };
    let place = &raw mut attributes;
    // SAFETY: thread 0 is the calling one, and there is room for as many bytes as are told.
    let result = unsafe { libc::syscall(libc::SYS_sched_getattr, 0, place, ATTRIBUTE_BYTES, 0) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(attributes) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs something on a thread of its own, and says what became of that.
    fn after(what: fn()) -> libc::sched_attr {
        let thread = std::thread::spawn(move || {
            what();
            attributes().unwrap()
        });
        thread.join().unwrap()
    }

    #[test]
    fn one_thread_gives_way_and_no_other() {
        let before = attributes().unwrap().sched_nice;
        assert_eq!(after(give_way).sched_nice, NICE);
        assert_eq!(attributes().unwrap().sched_nice, before);
    }

    /// What a thread begins has what the thread has: so a load reads all its files in the background.
    #[test]
    fn those_that_it_begins_give_way_too() {
        let nice = std::thread::spawn(|| {
            give_way();
            after(|| {}).sched_nice
        });
        assert_eq!(nice.join().unwrap(), NICE);
    }

    #[test]
    fn short_turns_make_nobody_nicer() {
        let nice = attributes().unwrap().sched_nice;
        let short = after(begin_at_once);
        assert_eq!((short.sched_nice, short.sched_policy), (nice, libc::SCHED_OTHER as u32));
        // An older kernel keeps no such time.
        let usual = attributes().unwrap().sched_runtime;
        assert!([TURN_NANOSECONDS, usual].contains(&short.sched_runtime), "{short:?}");
    }
}
