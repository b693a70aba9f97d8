//! Threads that give way to the others of the process.
#![expect(unsafe_code, reason = "setpriority has no safe wrapper here")]

/// How nice threads are that give way: with nothing else to do they have all of a core, beside a
/// busy thread about a tenth of it.
const NICE: i32 = 10;

/// Lets the calling thread give way from now on. Where that is not allowed, nothing changes.
///
/// Handshakes cost a thousand times what an answer over UDP costs, and whoever wants can begin one.
pub(super) fn give_way() {
    // To Linux, process 0 is the calling thread (setpriority(2), "C library/kernel differences").
    // SAFETY: the call takes no pointers.
    unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, NICE) };
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Field 19 of what the system says of the calling thread, behind the name in parentheses.
    fn niceness() -> String {
        let stat = std::fs::read_to_string("/proc/thread-self/stat").unwrap();
        let fields = stat.rsplit_once(") ").unwrap().1;
        fields.split(' ').nth(16).unwrap().to_owned()
    }

    #[test]
    fn one_thread_gives_way_and_no_other() {
        let before = niceness();
        let nice = std::thread::spawn(|| {
            give_way();
            niceness()
        });
        assert_eq!((nice.join().unwrap(), niceness()), ("10".into(), before));
    }
}
