//! How many files the process may have open: sockets of questions, probes and the admin endpoint
//! all count.
#![expect(unsafe_code, reason = "getrlimit and setrlimit have no safe wrapper here")]

use std::io;

/// Raises the soft limit to the hard one, which a program that serves may do by itself; returns
/// the limit that is in force.
pub fn raise_open_files() -> io::Result<u64> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` is a valid rlimit that outlives the call, which only writes to it.
    if unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) } != 0 {
        return Err(io::Error::last_os_error());
    }
    if limit.rlim_cur < limit.rlim_max {
        limit.rlim_cur = limit.rlim_max;
        // SAFETY: `limit` is a valid rlimit that outlives the call, which only reads it.
        if unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) } != 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(limit.rlim_cur)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_soft_limit_becomes_the_hard_one() {
        let raised = raise_open_files().unwrap();
        let limits = std::fs::read_to_string("/proc/self/limits").unwrap();
        let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
        let in_force: Vec<&str> = line.split_whitespace().skip(3).take(2).collect();
        let raised = raised.to_string();
        assert_eq!(in_force, [raised.as_str(), raised.as_str()]);
    }
}
