//! The tools of probing: from a target to something that asks it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};
use std::pin::Pin;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;

use super::dns::DnsProbe;
use super::exec::CommandProbe;
use super::failure::Failure;
use super::grpc::GrpcProbe;
use super::handshake::HandshakeProbe;
use super::http::HttpProbe;
use super::icmp::Pinger;
use super::target::{ProbeTarget, Request};
use super::tcp::TcpProbe;
use super::tools::Tools;

/// A question under way.
pub type Asking = Pin<Box<dyn Future<Output = Result<(), Failure>> + Send>>;
/// Asks the same question anew whenever it is called, without a limit of time.
pub type Ask = Box<dyn Fn() -> Asking + Send + Sync>;

/// Makes of a target something that asks it.
pub trait Prepare: Send + Sync + 'static {
    /// Called once for each target.
    fn prepare(&self, target: &ProbeTarget) -> Ask;

    /// Whether an address is one of this machine's own, so that its answers say nothing of the
    /// network.
    fn is_local(&self, address: IpAddr) -> bool {
        address.is_loopback()
    }
}

/// Asks over the network.
pub struct Kit {
    tools: Tools,
    pinger: Arc<Pinger>,
}

impl Kit {
    /// Tools that trust the public certificate roots and `extra_roots`.
    ///
    /// # Errors
    ///
    /// If one of the extra roots is no certificate.
    pub fn new(extra_roots: &[CertificateDer<'_>]) -> Result<Self, Failure> {
        Ok(Self { tools: Tools::new(extra_roots)?, pinger: Arc::default() })
    }
}

/// A port as good as any other (RFC 863).
const DISCARD: u16 = 9;

impl Prepare for Kit {
    /// Nothing is sent to find out.
    fn is_local(&self, address: IpAddr) -> bool {
        let any: IpAddr = match address {
            IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        let own = UdpSocket::bind((any, 0)).and_then(|socket| {
            socket.connect((address, DISCARD))?;
            socket.local_addr()
        });
        // Without a way to there it is elsewhere.
        address.is_loopback() || own.is_ok_and(|own| own.ip() == address)
    }

    fn prepare(&self, target: &ProbeTarget) -> Ask {
        let address = target.address;
        match &target.request {
            // It is listened to, and never asked.
            Request::Heartbeat(_) => again(
                Err::<Arc<()>, _>(Failure::Unaskable("a heartbeat comes by itself".into())),
                |_| async { Ok(()) },
            ),
            Request::Icmp => {
                let pinger = Arc::clone(&self.pinger);
                again(Ok(pinger), move |pinger| async move { pinger.ask(address).await })
            }
            Request::Tcp(request) => again(
                TcpProbe::new(&self.tools, address, request).map(Arc::new),
                |probe| async move { probe.ask().await },
            ),
            Request::Dns(request) => {
                again(DnsProbe::new(address, request).map(Arc::new), |probe| async move {
                    probe.ask().await
                })
            }
            Request::Grpc(request) => again(
                GrpcProbe::new(&self.tools, address, request).map(Arc::new),
                |probe| async move { probe.ask().await },
            ),
            Request::Exec(request) => again(
                Ok(Arc::new(CommandProbe::new(address, request, target.timeout))),
                |probe| async move { probe.ask().await },
            ),
            Request::Tls(request) => again(
                HandshakeProbe::new(&self.tools, address, request).map(Arc::new),
                |probe| async move { probe.ask().await },
            ),
            Request::Http(request) => again(
                HttpProbe::new(&self.tools, address, request).map(Arc::new),
                |probe| async move { probe.ask().await },
            ),
        }
    }
}

/// Asks by a probe as often as wanted; one that could not be made says so each time.
fn again<P, A>(
    probe: Result<Arc<P>, Failure>,
    ask: impl Fn(Arc<P>) -> A + Send + Sync + 'static,
) -> Ask
where
    P: Send + Sync + 'static,
    A: Future<Output = Result<(), Failure>> + Send + 'static,
{
    match probe {
        Ok(probe) => Box::new(move || Box::pin(ask(Arc::clone(&probe)))),
        Err(failure) => Box::new(move || Box::pin(std::future::ready(Err(failure.clone())))),
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::time::Duration;

    use tokio::net::TcpListener;
    use tokio::sync::mpsc;

    use super::*;
    use crate::health::{Condition, Initial, State, TrackerSettings};
    use crate::probe::{Plan, Probes, Report, TcpRequest};

    /// An address that no other test uses, so that nobody takes the port while it is closed.
    const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 83, 1));

    fn plan(port: u16) -> Plan {
        let pause = Duration::from_millis(20);
        let settings = TrackerSettings {
            fall: 3,
            rise: 2,
            interval: pause,
            retry: pause,
            initial: Initial::Last,
            damping: None,
        };
        let request = Request::Tcp(TcpRequest { port, tls: None, talk: None });
        let timeout = Duration::from_secs(10);
        let target = ProbeTarget {
            key: "tcp".into(),
            address: LOOPBACK,
            request,
            timeout,
            settings,
            watch: false,
        };
        Plan {
            targets: vec![Arc::new(target)],
            pools: vec![[0].into()],
            domains: vec![0],
            conditions: vec![Condition::all(vec![Condition::Monitor(0)])],
            endpoints: vec![vec![[0].into()]],
        }
    }

    async fn next_change(reports: &mut mpsc::Receiver<Report>) -> Report {
        loop {
            let report = reports.recv().await.unwrap();
            if report.changed.is_some() {
                return report;
            }
        }
    }

    /// The whole room on real sockets and in real time.
    #[tokio::test]
    async fn a_port_that_closes_and_opens_again_goes_down_and_up() {
        let listener = TcpListener::bind((LOOPBACK, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, mut reports) = mpsc::channel(100);
        let kit = Kit::new(&[]).unwrap();
        let probes = Probes::start(plan(port), kit, &|_| None, sender).unwrap();
        assert_eq!(next_change(&mut reports).await.changed, Some(State::Up));
        drop(listener);
        let down = next_change(&mut reports).await;
        assert_eq!((down.changed, down.failure()), (Some(State::Down), Some(&Failure::Refused)));
        let status = &probes.board().snapshot().targets[0];
        assert_eq!(status.since, Some(down.at));
        let _again = TcpListener::bind((LOOPBACK, port)).await.unwrap();
        assert_eq!(next_change(&mut reports).await.changed, Some(State::Up));
    }
}
