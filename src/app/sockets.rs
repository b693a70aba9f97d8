//! The sockets of the daemon: taken where they were handed on, else opened.

use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;

use tokio::net::TcpListener;

use super::{StartError, other};
use crate::config::Daemon;
use crate::server::{self, Bound, EncryptedBound, EncryptedListen, Handed, Role};

/// All of them, and the same again for whoever takes over.
pub(super) struct Sockets {
    pub bound: Bound,
    pub encrypted: EncryptedBound,
    pub admin: TcpListener,
    /// To be handed on.
    pub again: Vec<(Role, OwnedFd)>,
}

/// The sockets of answering and of the admin endpoint: those that were handed on, and the others
/// opened.
pub(super) fn open_sockets(daemon: &Daemon, mut handed: Handed) -> Result<Sockets, StartError> {
    let in_words = |error: io::Error| StartError::Other(error.to_string());
    let bound = server::bind_or_take(&daemon.dns.listen, daemon.dns.workers, &mut handed)
        .map_err(in_words)?;
    let tls = daemon.dns.tls.as_ref();
    let listen = tls.map(|tls| EncryptedListen { dot: &tls.dot, doh: &tls.doh, doq: &tls.doq });
    let encrypted =
        server::bind_encrypted(listen.unwrap_or_default(), &mut handed).map_err(in_words)?;
    let listen = daemon.admin.listen;
    let admin = match handed.listener(Role::Admin, listen).map_err(in_words)? {
        Some(listener) => listener,
        None => open_admin(listen)
            .map_err(other(&format!("cannot listen on {listen} for the admin endpoint")))?,
    };
    handed.nothing_left().map_err(in_words)?;
    let again = || {
        let mut again = bound.duplicates()?;
        again.extend(encrypted.duplicates()?);
        again.push((Role::Admin, admin.try_clone()?.into()));
        Ok(again)
    };
    let again = again().map_err(other("cannot keep the sockets for an upgrade"))?;
    let admin = TcpListener::from_std(admin).map_err(other("admin endpoint"))?;
    Ok(Sockets { bound, encrypted, admin, again })
}

fn open_admin(listen: SocketAddr) -> io::Result<std::net::TcpListener> {
    let listener = std::net::TcpListener::bind(listen)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}
