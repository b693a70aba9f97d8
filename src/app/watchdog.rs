//! Tells the service manager that all is well, for as long as it is: threads that answer have their
//! turns, and so has what looks at the time.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::running::Running;
use crate::server::Server;

/// It is said so often within the time that the manager waits.
const TIMES: u32 = 3;

/// Goes on until it is dropped. Where no manager wants to hear of it, that is all that happens.
pub(super) async fn watch(running: &Arc<Running>, server: &Server) -> Infallible {
    let Some(interval) = running.manager.watchdog() else { return std::future::pending().await };
    let pause = interval / TIMES;
    loop {
        sleep(pause).await;
        if is_well(running, server, pause).await {
            running.manager.is_well();
        }
    }
}

async fn is_well(running: &Running, server: &Server, patience: Duration) -> bool {
    let has_looked = running.ongoing.has_looked.swap(false, Ordering::Relaxed);
    let udp = server.udp_is_alive();
    let tcp = timeout(patience, server.tcp_is_alive()).await.is_ok();
    if !(has_looked && udp && tcp) {
        tracing::warn!(
            has_looked,
            udp,
            tcp,
            "not everything has had its turn: the watchdog is not told"
        );
    }
    has_looked && udp && tcp
}
