//! Open connections from one process to the next: each as it is, with what was read of it and is not
//! yet answered.
//!
//! Over a socket of packets, of which each carries one connection (unix(7), `SCM_RIGHTS`). So no
//! client notices, whatever it is about to ask.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::net::{IpAddr, TcpStream as Stream};
use std::os::fd::{AsFd as _, OwnedFd};
use std::time::Duration;

use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketFlags, SocketType, recvmsg, sendmsg, socketpair,
};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

/// What stands before the bytes that were read, for an empty packet would look like the end.
const MARK: u8 = 1;
/// The most that can have been read of a connection, in bytes: less than two questions.
const MOST_BYTES: usize = 160 << 10;

/// How long a process that does not take connections may hold up one that gives them away.
const PATIENCE: Duration = Duration::from_secs(5);

/// The two ends of a socket that connections go over: where they are given, and where they are taken.
pub fn connection_channel() -> io::Result<(OwnedFd, OwnedFd)> {
    let flags = SocketFlags::CLOEXEC;
    let (ours, theirs) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?;
    set_socket_timeout(&ours, Timeout::Send, Some(PATIENCE))?;
    Ok((ours, theirs))
}

/// The process that goes on with connections.
#[derive(Debug)]
pub(in crate::server) struct Heir(OwnedFd);

/// A connection that another process has served until now.
pub(in crate::server) struct Adopted {
    pub(super) stream: TcpStream,
    pub(super) source: IpAddr,
    /// What was read of it and is not answered.
    pub(super) rest: Vec<u8>,
}

impl Heir {
    pub(in crate::server) fn new(socket: OwnedFd) -> Self {
        Self(socket)
    }

    /// Gives a connection away.
    pub(super) fn give(&self, stream: TcpStream, rest: &[u8]) -> io::Result<()> {
        let stream = stream.into_std()?;
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        let descriptors = [stream.as_fd()];
        control.push(SendAncillaryMessage::ScmRights(&descriptors));
        let parts = [IoSlice::new(&[MARK]), IoSlice::new(rest)];
        sendmsg(&self.0, &parts, &mut control, SendFlags::NOSIGNAL)?;
        Ok(())
    }
}

/// Takes connections from the process before until it has no more; to be called on a thread that may
/// wait, within the runtime that is to serve them.
pub(in crate::server) fn adopt_from(socket: &OwnedFd, adopted: &mpsc::Sender<Adopted>) {
    let mut buffer = vec![0; MOST_BYTES];
    loop {
        match next(socket, &mut buffer) {
            Ok(Some(one)) => {
                if adopted.blocking_send(one).is_err() {
                    return;
                }
            }
            Ok(None) => return,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                tracing::warn!(%error, "a TCP connection could not be taken over");
                return;
            }
        }
    }
}

fn next(socket: &OwnedFd, buffer: &mut [u8]) -> io::Result<Option<Adopted>> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut parts = [IoSliceMut::new(buffer)];
    let bytes = recvmsg(socket, &mut parts, &mut control, RecvFlags::CMSG_CLOEXEC)?.bytes;
    let mut descriptors = control.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(descriptors) => Some(descriptors),
        _ => None,
    });
    let Some(descriptor) = descriptors.by_ref().flatten().next() else {
        return if bytes == 0 { Ok(None) } else { Err(io::ErrorKind::InvalidData.into()) };
    };
    let stream = Stream::from(descriptor);
    let source = stream.peer_addr().map(|peer| peer.ip());
    stream.set_nonblocking(true)?;
    let rest = buffer.get(1..bytes).unwrap_or_default().to_vec();
    // One whose client has left meanwhile has no address: it ends with its first turn.
    let source = source.unwrap_or(IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED));
    Ok(Some(Adopted { stream: TcpStream::from_std(stream)?, source, rest }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    #[tokio::test]
    async fn a_connection_goes_over_with_what_was_read_of_it() {
        let (ours, theirs) = connection_channel().unwrap();
        let heir = Heir::new(ours);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let long = vec![7; 70_000];
        let mut clients = Vec::new();
        for rest in [&b""[..], b"half", &long] {
            clients.push(Stream::connect(listener.local_addr().unwrap()).unwrap());
            let (stream, _) = listener.accept().unwrap();
            stream.set_nonblocking(true).unwrap();
            heir.give(TcpStream::from_std(stream).unwrap(), rest).unwrap();
        }
        drop(heir);
        let (sender, mut receiver) = mpsc::channel(8);
        tokio::task::spawn_blocking(move || adopt_from(&theirs, &sender)).await.unwrap();
        for (client, rest) in clients.iter_mut().zip([&b""[..], b"half", &long]) {
            let adopted = receiver.recv().await.unwrap();
            assert_eq!(adopted.rest, rest);
            assert_eq!(adopted.source, client.local_addr().unwrap().ip());
            let mut stream = adopted.stream.into_std().unwrap();
            client.write_all(b"?").unwrap();
            stream.set_nonblocking(false).unwrap();
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            assert_eq!(&byte, b"?");
        }
        assert!(receiver.recv().await.is_none(), "the end is seen");
    }
}
