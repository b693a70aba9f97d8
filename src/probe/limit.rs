//! How many sockets probing may hold: answering queries over TCP needs some too.

/// So many of each, at least, however few files may be open.
const LEAST: usize = 8;

/// Shares of the files that this process may have open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limits {
    /// Probes of targets that have none under way.
    pub(super) first_probes: usize,
    /// Probes beside others of the same target: kept apart, so that a thousand targets which hang
    /// hold up no probe of those that do not.
    pub(super) more_probes: usize,
    /// Idle connections.
    pub(super) watches: usize,
}

impl Limits {
    /// Those of this process.
    pub(super) fn of_this_process() -> Self {
        let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
        Self::of(open_files(&limits).unwrap_or(1024))
    }

    /// An eighth of the files for each, for connections of clients may have three quarters; and no
    /// more than a daemon can make use of.
    fn of(files: usize) -> Self {
        Self {
            first_probes: (files / 8).clamp(LEAST, 8192),
            more_probes: (files / 8).clamp(LEAST, 8192),
            watches: (files / 8).clamp(LEAST, 65_536),
        }
    }
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
    }

    #[test]
    fn each_has_an_eighth() {
        for (files, probes, watches) in
            [(16, 8, 8), (1024, 128, 128), (100_000, 8192, 12_500), (usize::MAX, 8192, 65_536)]
        {
            let limits = Limits { first_probes: probes, more_probes: probes, watches };
            assert_eq!(Limits::of(files), limits);
        }
    }
}
