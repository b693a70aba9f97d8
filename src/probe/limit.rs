//! How many probes may be under way at once: each may hold a socket, and answering queries over
//! TCP needs some too.

/// No more than this, however many files may be open.
const MOST: usize = 1024;
/// No fewer than this, however few.
const LEAST: usize = 16;

/// Half of the files that this process may have open, within bounds.
pub(super) fn probes_at_once() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    open_files(&limits).map_or(MOST / 2, |files| (files / 2).clamp(LEAST, MOST))
}

/// The soft limit in the text of `/proc/self/limits`.
fn open_files(limits: &str) -> Option<usize> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    match line.split_whitespace().next()? {
        "unlimited" => Some(usize::MAX),
        number => number.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_soft_limit_counts() {
        let text = "Limit                     Soft Limit           Hard Limit           Units\n\
                    Max processes             63704                63704                processes\n\
                    Max open files            1024                 524288               files\n";
        assert_eq!(open_files(text), Some(1024));
        assert_eq!(open_files("Max open files  unlimited  unlimited  files"), Some(usize::MAX));
        assert_eq!(open_files(""), None);
        assert!((LEAST..=MOST).contains(&probes_at_once()));
    }
}
