//! Threads that give way to the others of the process, which answer.
#![expect(unsafe_code, reason = "setpriority has no safe wrapper here")]

/// What is done beside the answering, by how much of a processor that has no rest it is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beside {
    /// A tenth of it: a handshake costs a thousand times what an answer over UDP costs, and whoever
    /// wants can begin one.
    Handshakes,
    /// The same: what has happened is told when there is time for it.
    Telling,
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
            Self::Loading => 19,
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs something on a thread of its own, and says how nice that is then: field 19 of what the
    /// system says of it, behind the name in parentheses.
    fn niceness_after(what: impl FnOnce() + Send + 'static) -> String {
        let thread = std::thread::spawn(move || {
            what();
            let stat = std::fs::read_to_string("/proc/thread-self/stat").unwrap();
            let fields = stat.rsplit_once(") ").unwrap().1;
            fields.split(' ').nth(16).unwrap().to_owned()
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

    /// So a load reads all its files in the background.
    #[test]
    fn what_it_begins_gives_way_too() {
        let nice = std::thread::spawn(|| {
            give_way(Beside::Loading);
            niceness_after(|| {})
        });
        assert_eq!(nice.join().unwrap(), "19");
    }
}
