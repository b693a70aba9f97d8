//! Sockets that whoever started the daemon has opened for it: each is taken by the address and the
//! kind that are configured, and none may be left over.

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::os::fd::OwnedFd;

use socket2::{Socket, Type};

/// What a socket is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// DNS over UDP or TCP.
    Dns,
    /// DNS over TLS.
    Tls,
    /// DNS over HTTPS.
    Https,
    /// DNS over QUIC.
    Quic,
    /// The admin endpoint.
    Admin,
}

impl Role {
    const ALL: [Self; 5] = [Self::Dns, Self::Tls, Self::Https, Self::Quic, Self::Admin];

    /// What a socket for it may be called when it is handed on.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Tls => "dot",
            Self::Https => "doh",
            Self::Quic => "doq",
            Self::Admin => "admin",
        }
    }
}

/// How a socket carries what it carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Udp,
    Tcp,
}

/// Sockets that were handed on and are not yet taken.
#[derive(Debug, Default)]
pub struct Handed {
    sockets: Vec<HandedSocket>,
}

#[derive(Debug)]
struct HandedSocket {
    /// None if its name says nothing of it: it may be any.
    role: Option<Role>,
    kind: Kind,
    address: SocketAddr,
    socket: Socket,
}

impl Handed {
    /// Looks at what was handed on, by name.
    ///
    /// # Errors
    ///
    /// One is no socket that could be served; says which, and what it is.
    pub fn read(named: Vec<(String, OwnedFd)>) -> io::Result<Self> {
        let sockets =
            named.into_iter().map(|(name, descriptor)| HandedSocket::read(&name, descriptor));
        Ok(Self { sockets: sockets.collect::<io::Result<_>>()? })
    }

    /// The listener for an address; none if none was handed on.
    ///
    /// # Errors
    ///
    /// It cannot be used as it is.
    pub fn listener(&mut self, role: Role, address: SocketAddr) -> io::Result<Option<TcpListener>> {
        let Some(index) = self.position(role, Kind::Tcp, address) else { return Ok(None) };
        let taken = self.sockets.remove(index);
        taken.check()?;
        taken.socket.set_nonblocking(true)?;
        Ok(Some(taken.socket.into()))
    }

    /// All datagram sockets for an address: several where they share its port.
    pub(super) fn datagrams(
        &mut self,
        role: Role,
        address: SocketAddr,
    ) -> io::Result<Vec<UdpSocket>> {
        let Some(first) = self.datagram(role, address)? else { return Ok(Vec::new()) };
        // Of port 0, that of the first: others may be for another time.
        let address = first.local_addr()?;
        let mut taken = vec![first];
        while let Some(socket) = self.datagram(role, address)? {
            taken.push(socket);
        }
        Ok(taken)
    }

    /// One datagram socket for an address.
    pub(super) fn datagram(
        &mut self,
        role: Role,
        address: SocketAddr,
    ) -> io::Result<Option<UdpSocket>> {
        let Some(index) = self.position(role, Kind::Udp, address) else { return Ok(None) };
        let taken = self.sockets.remove(index);
        taken.check()?;
        Ok(Some(taken.socket.into()))
    }

    fn position(&self, role: Role, kind: Kind, address: SocketAddr) -> Option<usize> {
        let fits = |handed: &HandedSocket| {
            handed.kind == kind
                && handed.role.is_none_or(|its| its == role)
                && handed.address.ip() == address.ip()
                && (address.port() == 0 || handed.address.port() == address.port())
        };
        self.sockets.iter().position(fits)
    }

    /// Whoever opened a socket for nothing has meant something.
    ///
    /// # Errors
    ///
    /// Some are left; says which.
    pub fn nothing_left(self) -> io::Result<()> {
        if self.sockets.is_empty() {
            return Ok(());
        }
        let left: Vec<String> = self.sockets.iter().map(ToString::to_string).collect();
        Err(io::Error::other(format!(
            "handed on to this daemon, but not configured: {}; list each in steersman.toml \
             (`listen` under [dns] takes UDP and TCP, `dot`, `doh` and `doq` under [dns.tls], `listen` under \
             [admin]), or take it out of the socket unit",
            left.join(", ")
        )))
    }
}

impl HandedSocket {
    fn read(name: &str, descriptor: OwnedFd) -> io::Result<Self> {
        let what = || if name.is_empty() { "a descriptor".to_owned() } else { format!("{name:?}") };
        let unfit = |why: String| {
            io::Error::other(format!(
                "{} was handed on to this daemon, and is {why}; expected sockets of UDP, and of TCP that listen",
                what()
            ))
        };
        let socket = Socket::from(descriptor);
        let of_type = socket.r#type().map_err(|error| unfit(format!("no socket ({error})")))?;
        let address = socket.local_addr()?.as_socket();
        let address = address.ok_or_else(|| unfit("a socket of neither IPv4 nor IPv6".into()))?;
        let kind = match of_type {
            Type::DGRAM => Kind::Udp,
            Type::STREAM if socket.is_listener()? => Kind::Tcp,
            Type::STREAM => {
                return Err(unfit(format!(
                    "a connection at {address} (a socket unit with Accept=yes hands on those)"
                )));
            }
            _ => return Err(unfit(format!("neither UDP nor TCP, at {address}"))),
        };
        let role = Role::ALL.into_iter().find(|role| role.name() == name);
        Ok(Self { role, kind, address, socket })
    }

    /// One that takes IPv4 too would show clients under addresses that no file means.
    fn check(&self) -> io::Result<()> {
        let takes_both = self.address.is_ipv6()
            && self.address.ip().is_unspecified()
            && !self.socket.only_v6()?;
        match takes_both {
            false => Ok(()),
            true => Err(io::Error::other(format!(
                "{self} was handed on to this daemon, and takes IPv4 too; set BindIPv6Only=ipv6-only \
                 in the socket unit, and list IPv4 addresses of their own"
            ))),
        }
    }
}

impl fmt::Display for HandedSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            Kind::Udp => "UDP",
            Kind::Tcp => "TCP",
        };
        write!(f, "{} ({kind}", self.address)?;
        match self.role {
            Some(role) => write!(f, ", for {})", role.name()),
            None => f.write_str(")"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixStream;

    fn tcp() -> (TcpListener, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        (listener, address)
    }

    #[test]
    fn a_socket_is_taken_by_address_kind_and_role() {
        let ((named, named_at), (any, any_at)) = (tcp(), tcp());
        let datagram = UdpSocket::bind(any_at).unwrap();
        let sockets = vec![
            ("admin".into(), named.into()),
            ("steersman.socket".into(), any.into()),
            (String::new(), datagram.into()),
        ];
        let mut handed = Handed::read(sockets).unwrap();
        assert!(handed.listener(Role::Dns, named_at).unwrap().is_none(), "it is for another role");
        assert!(handed.datagrams(Role::Dns, named_at).unwrap().is_empty());
        assert!(handed.listener(Role::Admin, named_at).unwrap().is_some());
        assert!(handed.listener(Role::Admin, named_at).unwrap().is_none(), "taken already");
        // Port 0 is any port.
        let taken = handed.listener(Role::Dns, "127.0.0.1:0".parse().unwrap()).unwrap().unwrap();
        assert_eq!(taken.local_addr().unwrap(), any_at);
        assert_eq!(handed.datagrams(Role::Quic, any_at).unwrap().len(), 1);
        handed.nothing_left().unwrap();
    }

    #[test]
    fn what_is_left_is_named() {
        let (listener, address) = tcp();
        let handed = Handed::read(vec![("dot".into(), listener.into())]).unwrap();
        let text = handed.nothing_left().unwrap_err().to_string();
        assert!(text.contains(&format!("not configured: {address} (TCP, for dot);")), "{text}");
    }

    #[test]
    fn what_cannot_be_served_is_refused_in_words() {
        let refuse = |descriptor: OwnedFd| {
            Handed::read(vec![("x".into(), descriptor)]).unwrap_err().to_string()
        };
        let file = std::fs::File::open("/dev/null").unwrap();
        assert!(refuse(file.into()).contains("is no socket"));
        assert!(refuse(UnixStream::pair().unwrap().0.into()).contains("neither IPv4 nor IPv6"));
        let (_listener, address) = tcp();
        let connection = std::net::TcpStream::connect(address).unwrap();
        assert!(refuse(connection.into()).contains("Accept=yes"));
    }
}
