//! Opening the sockets that questions come in by, or taking those that are handed on, with errors
//! that tell an operator what to do.

use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::os::fd::OwnedFd;
use std::time::Duration;

use socket2::{Domain, Protocol, SockRef, Socket, Type};

use super::handed::{Handed, Role};
use super::mmsg::{IntOption, set_option};

/// Room for the packets that come while a worker is busy, in bytes; the kernel may give less
/// (`net.core.rmem_max`).
pub(super) const BUFFER_BYTES: usize = 4 << 20;
/// How long a worker waits for packets at most before it looks whether it is to stop.
pub(super) const UDP_PATIENCE: Duration = Duration::from_millis(100);
/// How many TCP connections may wait to be accepted.
const BACKLOG: i32 = 1024;
/// How many ports to try for port 0, until one is free for UDP and TCP.
const PORT_TRIES: u32 = 64;
/// The key of the addresses.
const LISTEN: &str = "`listen` under [dns]";

/// Sockets that are open but not yet served; packets that come now wait in them.
#[derive(Debug)]
pub struct Bound {
    /// The addresses, with the ports that were chosen for port 0, in the order asked for.
    pub(super) addresses: Vec<SocketAddr>,
    /// For each address, one socket for each worker; or those that were handed on, which workers
    /// share where there are fewer.
    pub(super) udp: Vec<Vec<UdpSocket>>,
    /// How many workers each address is to have, at least: none of its sockets goes without.
    pub(super) workers: usize,
    /// For each address its listener.
    pub(super) tcp: Vec<TcpListener>,
}

impl Bound {
    /// The addresses in the order asked for, with real ports where port 0 was asked for.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// The same sockets again, to be handed on: whatever waits in one waits in the other.
    pub fn duplicates(&self) -> io::Result<Vec<(Role, OwnedFd)>> {
        let udp = self.udp.iter().flatten().map(|socket| Ok(socket.try_clone()?.into()));
        let tcp = self.tcp.iter().map(|listener| Ok(listener.try_clone()?.into()));
        udp.chain(tcp).map(|socket: io::Result<OwnedFd>| Ok((Role::Dns, socket?))).collect()
    }
}

/// Opens UDP and TCP on each address, for this many UDP workers each; 0 is one for each core.
///
/// For port 0 a port is chosen that is free for both. The error names the address and what can be
/// done about it.
pub fn bind(listen: &[SocketAddr], workers: usize) -> io::Result<Bound> {
    bind_or_take(listen, workers, &mut Handed::default())
}

/// The same; but what was handed on for an address is taken, and not opened.
pub fn bind_or_take(
    listen: &[SocketAddr],
    workers: usize,
    handed: &mut Handed,
) -> io::Result<Bound> {
    let workers = match workers {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        workers => workers,
    };
    let mut bound = Bound { addresses: Vec::new(), udp: Vec::new(), tcp: Vec::new(), workers };
    for &address in listen {
        let (sockets, listener) = match handed.listener(Role::Dns, address)? {
            Some(listener) => (udp_beside(&listener, workers, handed)?, listener),
            None => match take_udp(address, handed)? {
                sockets if sockets.is_empty() => bind_pair(address, workers)?,
                sockets => tcp_beside(sockets)?,
            },
        };
        bound.addresses.push(listener.local_addr()?);
        bound.tcp.push(listener);
        bound.udp.push(sockets);
    }
    Ok(bound)
}

/// The datagram sockets of a listener that was handed on.
fn udp_beside(
    listener: &TcpListener,
    workers: usize,
    handed: &mut Handed,
) -> io::Result<Vec<UdpSocket>> {
    let address = listener.local_addr()?;
    match take_udp(address, handed)? {
        sockets if sockets.is_empty() => {
            udp(address, workers).map_err(|error| explain(&error, "UDP", address, LISTEN))
        }
        sockets => Ok(sockets),
    }
}

/// The listener of datagram sockets that were handed on without one.
fn tcp_beside(sockets: Vec<UdpSocket>) -> io::Result<(Vec<UdpSocket>, TcpListener)> {
    let address = sockets.first().map(UdpSocket::local_addr).transpose()?;
    let address = address.ok_or(io::ErrorKind::NotFound)?;
    let listener = tcp(address).map_err(|error| explain(&error, "TCP", address, LISTEN))?;
    Ok((sockets, listener))
}

/// What was handed on is shared by the workers as it is. None is opened beside it: on a restart what
/// waits in one of ours would be lost, and what waits in those that were handed on is not.
fn take_udp(address: SocketAddr, handed: &mut Handed) -> io::Result<Vec<UdpSocket>> {
    let sockets = handed.datagrams(Role::Dns, address)?;
    for socket in &sockets {
        socket.set_nonblocking(false)?;
        set_up(SockRef::from(socket), address)?;
    }
    Ok(sockets)
}

fn bind_pair(address: SocketAddr, workers: usize) -> io::Result<(Vec<UdpSocket>, TcpListener)> {
    let mut tries_left = if address.port() == 0 { PORT_TRIES } else { 1 };
    loop {
        tries_left -= 1;
        let listener = tcp(address).map_err(|error| explain(&error, "TCP", address, LISTEN))?;
        let chosen = listener.local_addr()?;
        match udp(chosen, workers) {
            Ok(sockets) => return Ok((sockets, listener)),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && tries_left > 0 => {}
            Err(error) => return Err(explain(&error, "UDP", chosen, LISTEN)),
        }
    }
}

pub(super) fn tcp(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // A restart must not wait for the last connections of the process before.
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

fn udp(address: SocketAddr, workers: usize) -> io::Result<Vec<UdpSocket>> {
    // The first one is bound alone, so that another program on this port is an error and not a
    // silent sharing of its packets; the others then join it.
    let first = udp_socket(address)?;
    first.bind(&address.into())?;
    if workers > 1 {
        first.set_reuse_port(true)?;
    }
    let mut sockets = vec![first.into()];
    for _ in 1..workers {
        let socket = udp_socket(address)?;
        socket.set_reuse_port(true)?;
        socket.bind(&address.into())?;
        sockets.push(socket.into());
    }
    Ok(sockets)
}

fn udp_socket(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    set_up(SockRef::from(&socket), address)?;
    Ok(socket)
}

fn set_up(socket: SockRef<'_>, address: SocketAddr) -> io::Result<()> {
    socket.set_read_timeout(Some(UDP_PATIENCE))?;
    socket.set_recv_buffer_size(BUFFER_BYTES)?;
    socket.set_send_buffer_size(BUFFER_BYTES)?;
    let (omit_path_mtu, packet_info) = if address.is_ipv6() {
        (IntOption::OmitPathMtuV6, IntOption::PacketInfoV6)
    } else {
        (IntOption::OmitPathMtuV4, IntOption::PacketInfoV4)
    };
    // A guard against forged fragments that some sandboxed kernels lack; replies are short enough
    // to be sent whole without it.
    let _ = set_option(&*socket, omit_path_mtu);
    if address.ip().is_unspecified() {
        set_option(&*socket, packet_info)?;
    }
    Ok(())
}

/// Says which address it was and what can be done; `key` is where addresses are configured.
pub(super) fn explain(
    error: &io::Error,
    protocol: &str,
    address: SocketAddr,
    key: &str,
) -> io::Error {
    let port = address.port();
    let advice = match error.kind() {
        io::ErrorKind::AddrInUse => {
            let flag = if protocol == "UDP" { 'u' } else { 't' };
            format!(
                "something else listens there, perhaps on a wildcard address: \
                 `ss -l{flag}np sport = :{port}` shows what"
            )
        }
        io::ErrorKind::PermissionDenied => format!(
            "ports below 1024 need the capability CAP_NET_BIND_SERVICE \
             (systemd: AmbientCapabilities=CAP_NET_BIND_SERVICE), \
             or net.ipv4.ip_unprivileged_port_start at most {port}"
        ),
        io::ErrorKind::AddrNotAvailable => {
            "no interface of this machine has this address: `ip address` shows those that there are"
                .to_owned()
        }
        _ => format!("see {key}"),
    };
    let text = format!("cannot listen on {address} ({protocol}): {error}; {advice}");
    io::Error::new(error.kind(), text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loopback() -> SocketAddr {
        ([127, 0, 0, 1], 0).into()
    }

    #[test]
    fn port_0_is_one_port_for_both_and_for_every_worker() {
        let bound = bind(&[loopback(), loopback()], 3).unwrap();
        assert_eq!(bound.udp.len(), 2);
        for (index, address) in bound.addresses().iter().enumerate() {
            assert_ne!(address.port(), 0);
            assert_eq!(bound.tcp[index].local_addr().unwrap(), *address);
            assert_eq!(bound.udp[index].len(), 3);
            for socket in &bound.udp[index] {
                assert_eq!(socket.local_addr().unwrap(), *address);
            }
        }
    }

    #[test]
    fn clients_are_spread_over_the_workers() {
        let bound = bind(&[loopback()], 2).unwrap();
        let clients: Vec<_> = (0..64).map(|_| UdpSocket::bind(loopback()).unwrap()).collect();
        for client in &clients {
            client.send_to(&[1], bound.addresses()[0]).unwrap();
        }
        // That one of the two gets none of 64 is less likely than a broken machine.
        for socket in &bound.udp[0] {
            assert_eq!(socket.recv(&mut [0; 8]).unwrap(), 1);
        }
    }

    /// A single one is shared by all workers; what is not handed on is opened beside it.
    #[test]
    fn what_is_handed_on_is_taken_and_the_rest_is_opened() {
        // Addresses that no other test uses, so that the other port of the same number is free.
        let own = |last| SocketAddr::from(([127, 53, 0, last], 0));
        let (udp, tcp) = (UdpSocket::bind(own(2)).unwrap(), TcpListener::bind(own(3)).unwrap());
        let listen = [udp.local_addr().unwrap(), tcp.local_addr().unwrap(), loopback()];
        let named = vec![(String::new(), udp.into()), ("dns".into(), tcp.into())];
        let mut handed = Handed::read(named).unwrap();
        let bound = bind_or_take(&listen, 3, &mut handed).unwrap();
        handed.nothing_left().unwrap();
        assert_eq!(bound.addresses()[..2], listen[..2]);
        assert_eq!(bound.udp.iter().map(Vec::len).collect::<Vec<_>>(), [1, 3, 3]);
        assert_eq!(bound.duplicates().unwrap().len(), 7 + 3);
    }

    #[test]
    fn no_workers_are_one_for_each_core() {
        let cores = std::thread::available_parallelism().unwrap().get();
        assert_eq!(bind(&[loopback()], 0).unwrap().udp[0].len(), cores);
    }

    #[test]
    fn an_address_in_use_is_named_and_never_shared() {
        let first = bind(&[loopback()], 2).unwrap();
        let address = first.addresses()[0];
        let error = bind(&[address], 2).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        let text = error.to_string();
        assert!(text.contains(&format!("cannot listen on {address} (TCP)")), "{text}");
        assert!(text.contains("`ss -ltnp sport = :"), "{text}");
    }

    #[test]
    fn a_udp_port_in_use_is_named() {
        // Even one that would be shared with whoever asks. An address that no other test uses,
        // so that the TCP port of the same number is free.
        let own = SocketAddr::from(([127, 53, 0, 1], 0));
        let taken = udp_socket(own).unwrap();
        taken.set_reuse_port(true).unwrap();
        taken.bind(&own.into()).unwrap();
        let address = taken.local_addr().unwrap().as_socket().unwrap();
        let error = bind(&[address], 2).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        assert!(error.to_string().contains("(UDP)"), "{error}");
        assert!(error.to_string().contains("`ss -lunp sport = :"), "{error}");
    }

    #[test]
    fn an_address_of_nobody_is_named() {
        let error = bind(&[([203, 0, 113, 77], 0).into()], 1).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrNotAvailable);
        assert!(error.to_string().contains("cannot listen on 203.0.113.77:0"), "{error}");
    }

    #[test]
    fn a_forbidden_port_says_what_is_needed() {
        let error = io::Error::from(io::ErrorKind::PermissionDenied);
        let text = explain(&error, "UDP", ([127, 0, 0, 1], 53).into(), LISTEN).to_string();
        assert!(text.contains("CAP_NET_BIND_SERVICE"), "{text}");
    }
}
