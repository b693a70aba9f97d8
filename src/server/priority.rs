//! Threads that give way to the others of the process, which answer.
#![expect(unsafe_code, reason = "setpriority has no safe wrapper here")]

/// How nice threads are that give way: with nothing else to do they have all of a core, beside a
/// busy thread about a tenth of it.
const NICE: i32 = 10;

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

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs something on a thread of its own, and says how nice that is then: field 19 of what the
    /// system says of it, behind the name in parentheses.
    fn niceness_after(what: fn()) -> String {
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
        assert_eq!((niceness_after(give_way), niceness_after(|| {})), ("10".into(), before));
    }

    /// So a load reads all its files in the background.
    #[test]
    fn what_it_begins_gives_way_too() {
        let nice = std::thread::spawn(|| {
            give_way();
            niceness_after(|| {})
        });
        assert_eq!(nice.join().unwrap(), "10");
    }
}
