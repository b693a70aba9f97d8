//! Echo requests: one socket for each family, shared by all probes, and one task that hands each
//! reply to the probe that waits for it.
//!
//! An unprivileged datagram socket is tried first, then a raw one.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::UdpSocket;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::echo::{Family, Mark};
use super::failure::Failure;
use super::steps;
use crate::clock;

/// Asks with echo requests; opens its sockets when they are first needed.
#[derive(Default)]
pub(super) struct Pinger {
    v4: Mutex<Option<Open>>,
    v6: Mutex<Option<Open>>,
}

/// An open socket and the task that reads from it.
struct Open {
    line: Arc<Line>,
    reader: JoinHandle<()>,
}

/// What the probes of one family and their reader share.
struct Line {
    /// Not UDP, but the same system calls: send to, receive from.
    socket: UdpSocket,
    family: Family,
    raw: bool,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    sequence: u16,
    replies: HashMap<Mark, (IpAddr, oneshot::Sender<()>)>,
}

/// Whether this process may send echo requests to an address; if not, what to set.
///
/// # Errors
///
/// If it may not.
pub fn may_ping(address: IpAddr) -> Result<(), Failure> {
    socket(Family::of(address)).map(drop)
}

impl Pinger {
    /// Sends one request and waits for its reply, without a limit of time.
    pub(super) async fn ask(&self, address: IpAddr) -> Result<(), Failure> {
        let line = self.line(Family::of(address))?;
        let (mark, reply) = line.expect_reply(address)?;
        // When this probe ends in whatever way, nobody waits any more.
        let _forget = Forget { line: &line, mark };
        // Only raw sockets keep the identifier; nothing depends on it.
        let request = line.family.request((mark.nonce >> 112) as u16, mark);
        let sent = line.socket.send_to(&request, SocketAddr::new(address, 0)).await;
        sent.map_err(|error| Failure::from(&error))?;
        steps::did(|| format!("sent an echo request to {address}"));
        reply.await.map_err(|_| Failure::Network("the ICMP socket broke".into()))?;
        steps::heard(|| "received the reply".into());
        Ok(())
    }

    /// The open socket of a family; a new one if there is none or it broke.
    fn line(&self, family: Family) -> Result<Arc<Line>, Failure> {
        let mut slot = locked(match family {
            Family::V4 => &self.v4,
            Family::V6 => &self.v6,
        });
        if let Some(open) = slot.as_ref().filter(|open| !open.reader.is_finished()) {
            return Ok(Arc::clone(&open.line));
        }
        let line = Arc::new(Line::open(family)?);
        let reader = tokio::spawn(Arc::clone(&line).read());
        *slot = Some(Open { line: Arc::clone(&line), reader });
        Ok(line)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

impl Line {
    fn open(family: Family) -> Result<Self, Failure> {
        let (socket, raw) = socket(family)?;
        let socket = UdpSocket::from_std(socket.into()).map_err(|e| Failure::from(&e))?;
        Ok(Self { socket, family, raw, waiting: Mutex::default() })
    }

    fn expect_reply(&self, from: IpAddr) -> Result<(Mark, oneshot::Receiver<()>), Failure> {
        let nonce = clock::random_bytes().map_err(|e| Failure::from(&e))?;
        let (sender, receiver) = oneshot::channel();
        let mut waiting = locked(&self.waiting);
        waiting.sequence = waiting.sequence.wrapping_add(1);
        let mark = Mark { sequence: waiting.sequence, nonce: u128::from_be_bytes(nonce) };
        waiting.replies.insert(mark, (from, sender));
        Ok((mark, receiver))
    }

    /// Hands out replies until the socket breaks; then nobody waits any more.
    async fn read(self: Arc<Self>) {
        let mut packet = [0; 256];
        while let Ok((length, from)) = self.socket.recv_from(&mut packet).await {
            let Some(mark) = self.family.reply(self.raw, &packet[..length]) else { continue };
            let mut waiting = locked(&self.waiting);
            if waiting.replies.get(&mark).is_some_and(|(address, _)| *address == from.ip())
                && let Some((_, sender)) = waiting.replies.remove(&mark)
            {
                // The probe may just have timed out.
                let _ = sender.send(());
            }
        }
        locked(&self.waiting).replies.clear();
    }
}

struct Forget<'a> {
    line: &'a Line,
    mark: Mark,
}

impl Drop for Forget<'_> {
    fn drop(&mut self) {
        locked(&self.line.waiting).replies.remove(&self.mark);
    }
}

/// A socket, and whether it is a raw one.
fn socket(family: Family) -> Result<(Socket, bool), Failure> {
    match open_socket(family, Type::DGRAM) {
        Ok(socket) => Ok((socket, false)),
        Err(unprivileged) => match open_socket(family, Type::RAW) {
            Ok(socket) => Ok((socket, true)),
            Err(privileged) => Err(denied(&unprivileged, &privileged)),
        },
    }
}

fn open_socket(family: Family, kind: Type) -> io::Result<Socket> {
    let (domain, protocol) = match family {
        Family::V4 => (Domain::IPV4, Protocol::ICMPV4),
        Family::V6 => (Domain::IPV6, Protocol::ICMPV6),
    };
    let socket = Socket::new(domain, kind, Some(protocol))?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// What to set so that one of the two kinds of socket can be opened.
fn denied(unprivileged: &io::Error, privileged: &io::Error) -> Failure {
    let not_allowed = |error: &io::Error| error.kind() == io::ErrorKind::PermissionDenied;
    if not_allowed(privileged) {
        return Failure::IcmpDenied(
            "set net.ipv4.ping_group_range to include this process's group, or give it CAP_NET_RAW"
                .into(),
        );
    }
    Failure::from(if not_allowed(unprivileged) { privileged } else { unprivileged })
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Loopback answers. Where neither kind of socket may be opened, the failure must say what to
    /// set, and nothing else will do.
    #[tokio::test]
    async fn loopback_answers_on_both_families_or_the_failure_says_what_to_set() {
        let pinger = Pinger::default();
        for loopback in ["127.0.0.1", "::1"] {
            let asking = pinger.ask(loopback.parse().unwrap());
            match tokio::time::timeout(Duration::from_secs(10), asking).await.unwrap() {
                Ok(()) => assert!(can_open(loopback)),
                Err(failure) => {
                    assert!(!can_open(loopback), "{loopback}: {failure}");
                    let text = failure.to_string();
                    assert!(text.contains("ping_group_range"), "{text}");
                    assert!(text.contains("CAP_NET_RAW"), "{text}");
                }
            }
        }
    }

    fn can_open(address: &str) -> bool {
        let family = Family::of(address.parse().unwrap());
        [Type::DGRAM, Type::RAW].into_iter().any(|kind| open_socket(family, kind).is_ok())
    }

    #[tokio::test]
    async fn many_probes_share_the_socket_and_each_gets_its_own_reply() {
        if !can_open("127.0.0.1") {
            return; // The other test holds the failure to its text.
        }
        let pinger = Arc::new(Pinger::default());
        let probes: Vec<_> = (1..=50)
            .map(|host| {
                let pinger = Arc::clone(&pinger);
                tokio::spawn(async move { pinger.ask([127, 0, 0, host].into()).await })
            })
            .collect();
        for probe in probes {
            let ended = tokio::time::timeout(Duration::from_secs(10), probe).await;
            assert_eq!(ended.unwrap().unwrap(), Ok(()));
        }
        let slot = locked(&pinger.v4);
        let line = &slot.as_ref().unwrap().line;
        assert!(locked(&line.waiting).replies.is_empty(), "nothing is left behind");
    }

    #[test]
    fn a_denied_socket_says_what_to_set() {
        let error = io::Error::from_raw_os_error;
        let text = denied(&error(libc::EACCES), &error(libc::EPERM)).to_string();
        assert_eq!(
            text,
            "no permission for ICMP: set net.ipv4.ping_group_range to include this process's \
             group, or give it CAP_NET_RAW"
        );
        let exhausted = denied(&error(libc::EACCES), &error(libc::EMFILE));
        assert_eq!(exhausted.reason(), "exhausted");
    }
}
