//! Tells the operator that replies are limited: as soon as it begins, and while it lasts once in a
//! while.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::running::Running;
use crate::clock;
use crate::metrics::RateLimited;
use crate::rate_limit::Network;

const LOOK_EVERY: Duration = Duration::from_secs(1);
const TELL_EVERY: Duration = Duration::from_secs(60);
/// How many networks one line names.
const NETWORKS_NAMED: usize = 8;

/// Looks and tells until the stop.
pub(super) async fn watch(running: Arc<Running>, stopped: watch::Receiver<bool>) {
    let stopped = super::background::until(stopped);
    tokio::pin!(stopped);
    let mut told = Told::default();
    loop {
        tokio::select! {
            () = &mut stopped => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        let metrics = &running.metrics;
        let (total, networks) = (metrics.rate_limited(), metrics.take_limited_networks());
        if let Some(News { since_then, networks }) =
            told.news(clock::runtime_now(), total, networks)
        {
            tracing::warn!(
                dropped = since_then.dropped,
                slipped = since_then.slipped,
                networks,
                "replies are limited: these networks, or whoever forges their addresses, ask for \
                 more than dns.rate_limit allows"
            );
        }
    }
}

/// What has been told, and what is waiting to be.
#[derive(Default)]
struct Told {
    total: RateLimited,
    at: Option<Instant>,
    /// Networks since then.
    networks: BTreeSet<Network>,
}

#[derive(Debug, PartialEq, Eq)]
struct News {
    since_then: RateLimited,
    networks: String,
}

impl Told {
    /// What there is to tell now.
    fn news(
        &mut self,
        now: Instant,
        total: RateLimited,
        networks: BTreeSet<Network>,
    ) -> Option<News> {
        let room = NETWORKS_NAMED - self.networks.len();
        self.networks.extend(networks.into_iter().take(room));
        let waits = self.at.is_some_and(|at| now < at + TELL_EVERY);
        if waits || total == self.total {
            return None;
        }
        let since_then = RateLimited {
            dropped: total.dropped - self.total.dropped,
            slipped: total.slipped - self.total.slipped,
        };
        let networks: Vec<String> =
            std::mem::take(&mut self.networks).iter().map(Network::to_string).collect();
        (self.total, self.at) = (total, Some(now));
        Some(News { since_then, networks: networks.join(" ") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn networks(thirds: std::ops::Range<u8>) -> BTreeSet<Network> {
        thirds.map(|third| Network::of([192, 0, third, 1].into())).collect()
    }

    #[test]
    fn a_flood_is_told_at_once_and_then_once_a_minute() {
        let start = clock::runtime_now();
        let mut told = Told::default();
        let mut news = |second, dropped, slipped, networks| {
            let now = start + Duration::from_secs(second);
            told.news(now, RateLimited { dropped, slipped }, networks)
        };
        let line = |dropped, slipped, networks: &str| {
            let since_then = RateLimited { dropped, slipped };
            Some(News { since_then, networks: networks.into() })
        };
        assert_eq!(news(0, 0, 0, networks(0..0)), None);
        assert_eq!(news(1, 5, 5, networks(2..3)), line(5, 5, "192.0.2.0/24"));
        assert_eq!(news(2, 7, 6, networks(2..3)), None);
        assert_eq!(news(60, 9, 8, networks(3..4)), None);
        assert_eq!(news(61, 9, 9, networks(0..0)), line(4, 4, "192.0.2.0/24 192.0.3.0/24"));
        // It was over.
        assert_eq!(news(200, 9, 9, networks(0..0)), None);
        assert_eq!(news(201, 9, 10, networks(7..8)), line(0, 1, "192.0.7.0/24"));
    }

    #[test]
    fn a_line_does_not_grow_without_end() {
        let start = clock::runtime_now();
        let mut told = Told::default();
        let total = RateLimited { dropped: 1, slipped: 0 };
        assert!(told.news(start, total, networks(0..1)).is_some());
        for third in 1..20 {
            assert_eq!(told.news(start, total, networks(third..third + 2)), None);
        }
        let more = RateLimited { dropped: 2, slipped: 0 };
        let News { networks, .. } = told.news(start + TELL_EVERY, more, networks(0..3)).unwrap();
        assert_eq!(networks.split(' ').count(), NETWORKS_NAMED, "{networks}");
    }
}
