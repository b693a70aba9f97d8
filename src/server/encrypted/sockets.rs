//! Opening the sockets of encrypted transports.

use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};

use socket2::{Domain, Protocol, Socket, Type};

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
}

/// Opens a socket on each address. The error names the address and what can be done about it.
pub fn bind_encrypted(listen: EncryptedListen<'_>) -> io::Result<EncryptedBound> {
    let all_tcp = |addresses: &[SocketAddr], name: &str| {
        let open = |address: &SocketAddr| {
            tcp(*address).map_err(|error| explain(&error, "TCP", *address, name))
        };
        addresses.iter().map(open).collect::<io::Result<Vec<_>>>()
    };
    let open_udp = |address: &SocketAddr| {
        udp(*address).map_err(|error| explain(&error, "UDP", *address, "`doq` under [dns.tls]"))
    };
    Ok(EncryptedBound {
        dot: all_tcp(listen.dot, "`dot` under [dns.tls]")?,
        doh: all_tcp(listen.doh, "`doh` under [dns.tls]")?,
        doq: listen.doq.iter().map(open_udp).collect::<io::Result<_>>()?,
    })
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
