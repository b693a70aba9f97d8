//! Where handshakes of the admin endpoint are made: on a thread that gives way to those that answer, for whoever
//! wants can begin one.

use std::sync::Arc;

use tokio::runtime::{Builder, Runtime};

use super::running::Running;
use super::{StartError, other};
use crate::admin;
use crate::server::{Beside, give_way, tls_config};

/// One request goes on each connection, for which this is enough.
const PROTOCOL: &[u8] = b"http/1.1";

/// The thread, if there is anything to show; it ends with this value.
pub(super) struct Handshakes(Option<Runtime>);

impl Handshakes {
    /// Starts it, and says what the admin endpoint is to speak TLS by.
    pub fn start(running: &Running) -> Result<(Self, Option<admin::Tls>), StartError> {
        let Some(identity) = &running.admin_identity else { return Ok((Self(None), None)) };
        let failed = other("cannot serve the admin endpoint over TLS");
        let config = tls_config(Arc::clone(identity), PROTOCOL).map_err(&failed)?;
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("handshakes")
            .on_thread_start(|| give_way(Beside::Handshakes))
            .build()
            .map_err(&failed)?;
        let tls = admin::Tls::new(Arc::new(config), runtime.handle().clone());
        Ok((Self(Some(runtime)), Some(tls)))
    }
}

impl Drop for Handshakes {
    fn drop(&mut self) {
        // Not waited for, since that must not be done where other tasks run.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
