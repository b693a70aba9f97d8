//! How many connections there may be.

use crate::config::{Tcp, Tls};
use crate::server::ConnectionLimits;

/// At most half of the files that may be open: the rest is for probes, people and the disk.
pub(super) fn tcp_limits(tcp: &Tcp, open_files: u64) -> ConnectionLimits {
    let connections =
        within_files("dns.tcp.max_connections", tcp.max_connections, ("half", 2), open_files);
    ConnectionLimits {
        connections,
        connections_per_network: tcp.max_connections_per_network,
        idle: tcp.idle_timeout,
        lifetime: tcp.max_lifetime,
        ..ConnectionLimits::default()
    }
}

/// At most a quarter of them.
pub(super) fn encrypted_limits(tls: &Tls, open_files: u64) -> ConnectionLimits {
    let wanted = tls.max_connections;
    let connections = within_files("dns.tls.max_connections", wanted, ("a quarter", 4), open_files);
    ConnectionLimits {
        connections,
        idle: tls.idle_timeout,
        lifetime: tls.max_lifetime,
        ..ConnectionLimits::default()
    }
}

/// As many connections as wanted, or as files there are for them.
fn within_files(key: &str, wanted: usize, share: (&str, u64), open_files: u64) -> usize {
    let (share, divisor) = share;
    let most = usize::try_from(open_files / divisor).unwrap_or(usize::MAX);
    if wanted > most {
        tracing::warn!(
            open_files,
            max_connections = wanted,
            "{key} is more than {share} of the files that may be open; taking {share} of them \
             for it. Raise the limit (LimitNOFILE=, ulimit -n)"
        );
    }
    wanted.min(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_files_leave_open_is_what_the_server_takes_by_itself() {
        assert_eq!(tcp_limits(&Tcp::default(), u64::MAX), ConnectionLimits::default());
    }

    #[test]
    fn connections_leave_files_for_others() {
        let limits = |open_files| tcp_limits(&Tcp::default(), open_files).connections;
        assert_eq!([2048, 2047, 100].map(limits), [1024, 1023, 50]);
    }
}
