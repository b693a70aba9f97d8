//! Opening the sockets of encrypted transports.

use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::os::fd::OwnedFd;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::sync::watch;

use crate::server::handed::{Handed, Role};
use crate::server::sockets::{BUFFER_BYTES, explain, tcp};

/// Where to answer over what.
#[derive(Clone, Copy, Debug, Default)]
pub struct EncryptedListen<'l> {
    /// DNS over TLS.
    pub dot: &'l [SocketAddr],
    /// DNS over HTTPS.
    pub doh: &'l [SocketAddr],
    /// DNS over QUIC.
    pub doq: &'l [SocketAddr],
}

/// Sockets that are open but not yet served.
#[derive(Debug)]
pub struct EncryptedBound {
    pub(super) dot: Vec<TcpListener>,
    pub(super) doh: Vec<TcpListener>,
    pub(super) doq: Vec<UdpSocket>,
    pub(super) quic_after: Option<watch::Receiver<bool>>,
}

impl EncryptedBound {
    /// Has QUIC begin only once this is true, or nobody is there to say so: until then another process
    /// reads the same sockets, and packets of its connections would get lost here.
    pub fn quic_after(&mut self, after: watch::Receiver<bool>) {
        self.quic_after = Some(after);
    }

    /// The same sockets again, to be handed on: whatever waits in one waits in the other.
    pub fn duplicates(&self) -> io::Result<Vec<(Role, OwnedFd)>> {
        let all_tcp = [(Role::Tls, &self.dot), (Role::Https, &self.doh)];
        let all_tcp =
            all_tcp.into_iter().flat_map(|(role, all)| all.iter().map(move |one| (role, one)));
        let all_tcp = all_tcp.map(|(role, one)| Ok((role, one.try_clone()?.into())));
        let all_udp = self.doq.iter().map(|one| Ok((Role::Quic, one.try_clone()?.into())));
        all_tcp.chain(all_udp).collect()
    }
}

/// Opens a socket on each address, or takes the one that was handed on for it. The error names the
/// address and what can be done about it.
pub fn bind_encrypted(
    listen: EncryptedListen<'_>,
    handed: &mut Handed,
) -> io::Result<EncryptedBound> {
    let mut all_tcp = |addresses: &[SocketAddr], role, key: &str| {
        let open = |address: &SocketAddr| match handed.listener(role, *address)? {
            Some(listener) => Ok(listener),
            None => tcp(*address).map_err(|error| explain(&error, "TCP", *address, key)),
        };
        addresses.iter().map(open).collect::<io::Result<Vec<_>>>()
    };
    let dot = all_tcp(listen.dot, Role::Tls, "`dot` under [dns.tls]")?;
    let doh = all_tcp(listen.doh, Role::Https, "`doh` under [dns.tls]")?;
    let open_udp = |address: &SocketAddr| match handed.datagram(Role::Quic, *address)? {
        Some(socket) => {
            socket.set_nonblocking(true)?;
            Ok(socket)
        }
        None => {
            udp(*address).map_err(|error| explain(&error, "UDP", *address, "`doq` under [dns.tls]"))
        }
    };
    let doq = listen.doq.iter().map(open_udp).collect::<io::Result<_>>()?;
    Ok(EncryptedBound { dot, doh, doq, quic_after: None })
}

/// QUIC sets the rest of the options itself.
fn udp(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_nonblocking(true)?;
    socket.set_recv_buffer_size(BUFFER_BYTES)?;
    socket.set_send_buffer_size(BUFFER_BYTES)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.bind(&address.into())?;
    Ok(socket.into())
}
