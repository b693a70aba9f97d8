//! A connection of HTTP moves only while somebody waits for it.

use std::pin::pin;

/// How much of a body is read, in octets.
pub(super) const BODY_BOUND: usize = 64 * 1024;

/// Does the work on a connection, and ends the connection with it. What the connection says when it
/// ends, the work hears too.
pub(super) async fn run<T, E>(
    work: impl Future<Output = T>,
    connection: impl Future<Output = E>,
) -> T {
    let (mut work, mut connection) = (pin!(work), pin!(connection));
    tokio::select! {
        done = &mut work => return done,
        _ = &mut connection => {}
    }
    work.await
}
