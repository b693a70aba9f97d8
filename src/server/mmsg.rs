//! The system calls that no safe crate offers: many packets with one call, and the socket options
//! of the addresses that packets were sent to.
//!
//! All unsafe code of receiving and sending is here. Nothing here knows what a packet says.
#![expect(unsafe_code, reason = "recvmmsg, sendmmsg, poll and setsockopt have no safe wrapper")]

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::AsRawFd;

use crate::dns::MAX_UDP_BYTES;

/// The most packets of one system call.
pub(super) const BATCH: usize = 32;
/// A call has room for twice as many packets as the one before took, and for so many at least.
const LEAST_ROOM: usize = 4;
/// The most bytes that are read of a packet; no question needs a tenth of it.
pub(super) const PACKET_BYTES: usize = 4096;
/// The most bytes of a reply: what passes unfragmented everywhere (DNS flag day 2020).
pub(super) const REPLY_BYTES: usize = MAX_UDP_BYTES as usize;

/// Room for one control message that holds a packet info of either family.
const CONTROL_BYTES: usize = 64;
/// How long a full send buffer may hold up a batch before the rest of it is given up.
const SEND_PATIENCE_MS: libc::c_int = 10;

/// What a C library takes for a length of control messages.
#[cfg(target_env = "musl")]
type ControlLength = libc::socklen_t;
/// What a C library takes for a length of control messages.
#[cfg(not(target_env = "musl"))]
type ControlLength = libc::size_t;

/// Bytes aligned as control messages must be.
#[derive(Clone, Copy)]
#[repr(C, align(8))]
struct Control([u8; CONTROL_BYTES]);

/// What the kernel said of one packet.
#[derive(Clone, Copy, Default)]
struct Envelope {
    bytes: usize,
    peer_bytes: libc::socklen_t,
    control_bytes: ControlLength,
}

/// Whether to wait for the first packet of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    /// Only what is there.
    Not,
    /// As long as the socket's own timeout says.
    UntilTimeout,
}

/// Memory for a batch of packets and their replies, used again and again.
pub(super) struct Batch {
    packets: Box<[[u8; PACKET_BYTES]]>,
    replies: Box<[[u8; REPLY_BYTES]]>,
    reply_bytes: [usize; BATCH],
    envelopes: [Envelope; BATCH],
    peers: Box<[libc::sockaddr_storage]>,
    controls: Box<[Control]>,
    parts: Box<[libc::iovec]>,
    headers: Box<[libc::mmsghdr]>,
    /// How many packets the last call took.
    count: usize,
}

impl Batch {
    /// An empty batch.
    pub(super) fn new() -> Self {
        // SAFETY: all three are plain C structs of integers and pointers, for which zeros are
        // valid; every pointer is set anew before each call that reads it.
        let (peer, part, header) =
            unsafe { (std::mem::zeroed(), std::mem::zeroed(), std::mem::zeroed()) };
        Self {
            packets: vec![[0; PACKET_BYTES]; BATCH].into(),
            replies: vec![[0; REPLY_BYTES]; BATCH].into(),
            reply_bytes: [0; BATCH],
            envelopes: [Envelope::default(); BATCH],
            peers: vec![peer; BATCH].into(),
            controls: vec![Control([0; CONTROL_BYTES]); BATCH].into(),
            parts: vec![part; BATCH].into(),
            headers: vec![header; BATCH].into(),
            count: 0,
        }
    }

    /// Takes what waits at a socket, at most [`BATCH`] packets; says how many there are. Of a
    /// packet longer than [`PACKET_BYTES`] only the beginning is kept.
    pub(super) fn receive(&mut self, socket: &impl AsRawFd, wait: Wait) -> io::Result<usize> {
        // Room has to be prepared, and under little load most of it would be for nothing.
        let room = (2 * self.count).clamp(LEAST_ROOM, BATCH);
        self.count = 0;
        for (index, header) in self.headers.iter_mut().take(room).enumerate() {
            let part = &mut self.parts[index];
            let packet = &mut self.packets[index];
            *part = libc::iovec { iov_base: packet.as_mut_ptr().cast(), iov_len: PACKET_BYTES };
            let header = &mut header.msg_hdr;
            header.msg_iov = part;
            header.msg_iovlen = 1;
            header.msg_name = (&raw mut self.peers[index]).cast();
            header.msg_namelen = size_of::<libc::sockaddr_storage>() as libc::socklen_t;
            header.msg_control = self.controls[index].0.as_mut_ptr().cast();
            header.msg_controllen = CONTROL_BYTES as _;
            header.msg_flags = 0;
        }
        let flags = match wait {
            Wait::Not => libc::MSG_DONTWAIT,
            Wait::UntilTimeout => libc::MSG_WAITFORONE,
        };
        // SAFETY: each of the first `room` headers points to one part, and names, parts and control
        // bytes all live in boxes of `self`, which stays borrowed until the call is over.
        let received = unsafe {
            libc::recvmmsg(
                socket.as_raw_fd(),
                self.headers.as_mut_ptr(),
                room as libc::c_uint,
                flags as _,
                std::ptr::null_mut(),
            )
        };
        self.count = usize::try_from(received).map_err(|_| io::Error::last_os_error())?;
        for (index, header) in self.headers[..self.count].iter_mut().enumerate() {
            turn_round(&mut header.msg_hdr);
            self.envelopes[index] = Envelope {
                bytes: (header.msg_len as usize).min(PACKET_BYTES),
                peer_bytes: header.msg_hdr.msg_namelen,
                control_bytes: header.msg_hdr.msg_controllen,
            };
            self.reply_bytes[index] = 0;
        }
        Ok(self.count)
    }

    /// Hands over each packet with its sender, what it was sent to, and the place for its reply, and
    /// keeps how many bytes of reply there are; 0 for none.
    pub(super) fn reply_to_each(
        &mut self,
        mut reply: impl FnMut(&[u8], SocketAddr, SentTo<'_>, &mut [u8]) -> usize,
    ) {
        for index in 0..self.count {
            // The kernel always gives the sender of a packet; what it cannot name gets no reply.
            let Some(sender) = socket_address(&self.peers[index]) else { continue };
            let packet = &self.packets[index][..self.envelopes[index].bytes];
            let sent_to = SentTo(&self.headers[index].msg_hdr);
            let bytes = reply(packet, sender, sent_to, &mut self.replies[index]);
            self.reply_bytes[index] = bytes.min(REPLY_BYTES);
        }
    }

    /// Sends the replies, each from the address that its packet was sent to; says how many could
    /// not be sent.
    pub(super) fn send(&mut self, socket: &impl AsRawFd) -> usize {
        let total = self.prepare_replies();
        let (mut next, mut failed, mut waited) = (0, 0, false);
        while next < total {
            let rest = &mut self.headers[next..total];
            // SAFETY: `prepare_replies` has set all of these headers to point into boxes of
            // `self`, which has not been moved or changed since.
            let sent = unsafe {
                libc::sendmmsg(
                    socket.as_raw_fd(),
                    rest.as_mut_ptr(),
                    rest.len() as libc::c_uint,
                    libc::MSG_DONTWAIT as _,
                )
            };
            if let Ok(sent) = usize::try_from(sent) {
                next += sent;
                waited = false;
                continue;
            }
            match io::Error::last_os_error().kind() {
                io::ErrorKind::Interrupted => {}
                io::ErrorKind::WouldBlock if !waited => {
                    waited = true;
                    wait_until_writable(socket);
                }
                io::ErrorKind::WouldBlock => return failed + (total - next),
                // The error is that of the first message: the others may well go out.
                _ => {
                    failed += 1;
                    next += 1;
                }
            }
        }
        failed
    }

    /// Fills the headers with the replies that there are; says how many.
    fn prepare_replies(&mut self) -> usize {
        let mut total = 0;
        for index in 0..self.count {
            let bytes = self.reply_bytes[index];
            if bytes == 0 {
                continue;
            }
            let part = &mut self.parts[total];
            *part =
                libc::iovec { iov_base: self.replies[index].as_mut_ptr().cast(), iov_len: bytes };
            let envelope = &self.envelopes[index];
            let header = &mut self.headers[total].msg_hdr;
            header.msg_iov = part;
            header.msg_iovlen = 1;
            header.msg_name = (&raw mut self.peers[index]).cast();
            header.msg_namelen = envelope.peer_bytes;
            header.msg_control = self.controls[index].0.as_mut_ptr().cast();
            header.msg_controllen = envelope.control_bytes;
            header.msg_flags = 0;
            total += 1;
        }
        total
    }
}

/// What a packet was sent to.
#[derive(Clone, Copy)]
pub(super) struct SentTo<'b>(&'b libc::msghdr);

impl SentTo<'_> {
    /// The address; none where the system was not asked to tell it.
    pub(super) fn ip(self) -> Option<IpAddr> {
        // SAFETY: the header is as `receive` left it, and points into boxes of the same batch, which
        // stays borrowed; its control bytes are aligned.
        let control = unsafe { libc::CMSG_FIRSTHDR(self.0) };
        if control.is_null() {
            return None;
        }
        // SAFETY: not null, so a whole control header is there; and these two kinds of it carry these
        // two structs, whole (see `turn_round`).
        unsafe {
            match ((*control).cmsg_level, (*control).cmsg_type) {
                (libc::IPPROTO_IP, libc::IP_PKTINFO) => {
                    let info = libc::CMSG_DATA(control).cast::<libc::in_pktinfo>();
                    let address = info.read_unaligned().ipi_addr.s_addr;
                    Some(IpAddr::V4(u32::from_be(address).into()))
                }
                (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO) => {
                    let info = libc::CMSG_DATA(control).cast::<libc::in6_pktinfo>();
                    Some(IpAddr::V6(info.read_unaligned().ipi6_addr.s6_addr.into()))
                }
                _ => None,
            }
        }
    }
}

/// Makes the packet info of a packet that of its reply: the address stays, the interface is left
/// to the routing table, except where IPv6 addresses mean nothing without one.
fn turn_round(header: &mut libc::msghdr) {
    // SAFETY: `header` has just been filled by the kernel, and its control bytes are aligned.
    let control = unsafe { libc::CMSG_FIRSTHDR(header) };
    if control.is_null() {
        return;
    }
    // SAFETY: not null, so a whole control header is there.
    let (level, kind) = unsafe { ((*control).cmsg_level, (*control).cmsg_type) };
    // SAFETY: these two kinds of control message carry these two structs, whole: their room is
    // CONTROL_BYTES, more than either needs. Neither read nor write needs alignment.
    unsafe {
        match (level, kind) {
            (libc::IPPROTO_IP, libc::IP_PKTINFO) => {
                let place = libc::CMSG_DATA(control).cast::<libc::in_pktinfo>();
                let mut info = place.read_unaligned();
                info.ipi_ifindex = 0;
                place.write_unaligned(info);
            }
            (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO) => {
                let place = libc::CMSG_DATA(control).cast::<libc::in6_pktinfo>();
                let mut info = place.read_unaligned();
                if !Ipv6Addr::from(info.ipi6_addr.s6_addr).is_unicast_link_local() {
                    info.ipi6_ifindex = 0;
                }
                place.write_unaligned(info);
            }
            _ => header.msg_controllen = 0,
        }
    }
}

fn socket_address(storage: &libc::sockaddr_storage) -> Option<SocketAddr> {
    match libc::c_int::from(storage.ss_family) {
        libc::AF_INET => {
            // SAFETY: of this family, so it holds a sockaddr_in; storage is aligned for all.
            let v4 = unsafe { &*(&raw const *storage).cast::<libc::sockaddr_in>() };
            let address = Ipv4Addr::from(u32::from_be(v4.sin_addr.s_addr));
            Some(SocketAddrV4::new(address, u16::from_be(v4.sin_port)).into())
        }
        libc::AF_INET6 => {
            // SAFETY: of this family, so it holds a sockaddr_in6; storage is aligned for all.
            let v6 = unsafe { &*(&raw const *storage).cast::<libc::sockaddr_in6>() };
            let address = Ipv6Addr::from(v6.sin6_addr.s6_addr);
            let port = u16::from_be(v6.sin6_port);
            Some(SocketAddrV6::new(address, port, 0, v6.sin6_scope_id).into())
        }
        _ => None,
    }
}

fn wait_until_writable(socket: &impl AsRawFd) {
    let mut entry = libc::pollfd { fd: socket.as_raw_fd(), events: libc::POLLOUT, revents: 0 };
    // Whatever comes of it, the caller tries once more.
    // SAFETY: the one entry outlives the call.
    unsafe { libc::poll(&raw mut entry, 1, SEND_PATIENCE_MS) };
}

/// An integer option of a socket that no crate offers.
#[derive(Clone, Copy, Debug)]
pub(super) enum IntOption {
    /// Tells for each packet the IPv4 address it was sent to.
    PacketInfoV4,
    /// Tells for each packet the IPv6 address it was sent to.
    PacketInfoV6,
    /// Ignores what forged ICMP messages say of the path, and never sets "don't fragment"
    /// (IPv4).
    OmitPathMtuV4,
    /// The same for IPv6.
    OmitPathMtuV6,
}

/// Sets an option.
pub(super) fn set_option(socket: &impl AsRawFd, option: IntOption) -> io::Result<()> {
    let (level, name, value) = match option {
        IntOption::PacketInfoV4 => (libc::IPPROTO_IP, libc::IP_PKTINFO, 1),
        IntOption::PacketInfoV6 => (libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO, 1),
        IntOption::OmitPathMtuV4 => {
            (libc::IPPROTO_IP, libc::IP_MTU_DISCOVER, libc::IP_PMTUDISC_OMIT)
        }
        IntOption::OmitPathMtuV6 => {
            (libc::IPPROTO_IPV6, libc::IPV6_MTU_DISCOVER, libc::IPV6_PMTUDISC_OMIT)
        }
    };
    let value: libc::c_int = value;
    // SAFETY: the value is an int that outlives the call, and its size is told.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            level,
            name,
            (&raw const value).cast(),
            size_of::<libc::c_int>() as libc::socklen_t,
        )
    };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::UdpSocket;
    use std::time::Duration;

    #[test]
    fn a_reply_that_cannot_be_sent_holds_up_no_other() {
        let server = UdpSocket::bind(("127.0.0.1", 0)).unwrap();
        let clients: Vec<_> = (0..3).map(|_| UdpSocket::bind(("127.0.0.1", 0)).unwrap()).collect();
        for client in &clients {
            client.connect(server.local_addr().unwrap()).unwrap();
            client.send(&[1]).unwrap();
        }
        let mut batch = Batch::new();
        // On loopback a packet has arrived when its sending is over.
        assert_eq!(batch.receive(&server, Wait::Not).unwrap(), clients.len());
        batch.reply_to_each(|_, sender, _, out| {
            out[..2].copy_from_slice(&sender.port().to_be_bytes());
            2
        });
        batch.envelopes[1].peer_bytes = 1;
        assert_eq!(batch.send(&server), 1);
        for client in [&clients[0], &clients[2]] {
            let mut port = [0; 2];
            assert_eq!(client.recv(&mut port).unwrap(), 2);
            assert_eq!(u16::from_be_bytes(port), client.local_addr().unwrap().port());
        }
    }

    #[test]
    fn a_packet_tells_what_it_was_sent_to() {
        for (any, one, option) in [
            ("0.0.0.0", "127.0.0.3", IntOption::PacketInfoV4),
            ("::", "::1", IntOption::PacketInfoV6),
        ] {
            // A machine without IPv6 has no such socket.
            let Ok(server) = UdpSocket::bind((any, 0)) else { continue };
            set_option(&server, option).unwrap();
            let client = UdpSocket::bind((any, 0)).unwrap();
            client.send_to(&[1], (one, server.local_addr().unwrap().port())).unwrap();
            let mut batch = Batch::new();
            assert_eq!(batch.receive(&server, Wait::Not).unwrap(), 1);
            let mut told = None;
            batch.reply_to_each(|_, _, sent_to, _| {
                told = sent_to.ip();
                0
            });
            assert_eq!(told, Some(one.parse().unwrap()));
        }
    }

    #[test]
    fn room_grows_with_what_comes_and_shrinks_again() {
        let server = UdpSocket::bind(("127.0.0.1", 0)).unwrap();
        let client = UdpSocket::bind(("127.0.0.1", 0)).unwrap();
        let send = |count| {
            for _ in 0..count {
                client.send_to(&[1], server.local_addr().unwrap()).unwrap();
            }
        };
        let mut batch = Batch::new();
        let mut receive = || batch.receive(&server, Wait::UntilTimeout).unwrap();
        send(4 + 8 + 16 + BATCH + 9);
        let wanted = [4, 8, 16, BATCH, 9];
        assert_eq!(wanted.map(|_| receive()), wanted);
        send(1);
        assert_eq!(receive(), 1);
        send(5);
        assert_eq!([receive(), receive()], [LEAST_ROOM, 1]);
    }

    #[test]
    fn silence_sends_nothing_and_long_packets_are_cut() {
        let server = UdpSocket::bind(("::1", 0)).unwrap_or_else(|_| {
            // A machine without IPv6.
            UdpSocket::bind(("127.0.0.1", 0)).unwrap()
        });
        let client = UdpSocket::bind((server.local_addr().unwrap().ip(), 0)).unwrap();
        for length in [0, PACKET_BYTES, PACKET_BYTES + 1, 20_000] {
            client.send_to(&vec![7; length], server.local_addr().unwrap()).unwrap();
        }
        let mut batch = Batch::new();
        assert_eq!(batch.receive(&server, Wait::Not).unwrap(), 4);
        let mut lengths = Vec::new();
        batch.reply_to_each(|packet, sender, sent_to, _| {
            assert_eq!(sent_to.ip(), None, "nobody asked for it");
            assert_eq!(sender, client.local_addr().unwrap());
            lengths.push(packet.len());
            0
        });
        assert_eq!(lengths, [0, PACKET_BYTES, PACKET_BYTES, PACKET_BYTES]);
        assert_eq!(batch.send(&server), 0);
        server.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
        for wait in [Wait::Not, Wait::UntilTimeout] {
            let error = batch.receive(&server, wait).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::WouldBlock, "{wait:?}");
        }
        client.set_nonblocking(true).unwrap();
        assert_eq!(client.recv(&mut [0]).unwrap_err().kind(), io::ErrorKind::WouldBlock);
    }
}
