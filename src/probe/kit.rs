//! The tools of probing: from a target to something that asks it.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;

use super::failure::Failure;
use super::http::{HttpKit, HttpProbe};
use super::icmp::Pinger;
use super::target::{ProbeTarget, Question};
use super::tcp;

/// A question under way.
pub type Asking = Pin<Box<dyn Future<Output = Result<(), Failure>> + Send>>;
/// Asks the same question anew whenever it is called, without a limit of time.
pub type Ask = Box<dyn Fn() -> Asking + Send + Sync>;

/// Makes of a target something that asks it.
pub trait Prepare: Send + Sync + 'static {
    /// Called once for each target.
    fn prepare(&self, target: &ProbeTarget) -> Ask;
}

/// Asks over the network.
pub struct Kit {
    http: HttpKit,
    pinger: Arc<Pinger>,
}

impl Kit {
    /// Tools that trust the public certificate roots and `extra_roots`.
    ///
    /// # Errors
    ///
    /// If one of the extra roots is no certificate.
    pub fn new(extra_roots: &[CertificateDer<'_>]) -> Result<Self, Failure> {
        Ok(Self { http: HttpKit::new(extra_roots)?, pinger: Arc::default() })
    }
}

impl Prepare for Kit {
    fn prepare(&self, target: &ProbeTarget) -> Ask {
        let address = target.address;
        match &target.question {
            Question::Icmp => {
                let pinger = Arc::clone(&self.pinger);
                Box::new(move || {
                    let pinger = Arc::clone(&pinger);
                    Box::pin(async move { pinger.ask(address).await })
                })
            }
            Question::Tcp { port } => {
                let at = SocketAddr::new(address, *port);
                Box::new(move || Box::pin(tcp::ask(at)))
            }
            Question::Http(question) => match HttpProbe::new(&self.http, address, question) {
                Ok(probe) => {
                    let probe = Arc::new(probe);
                    Box::new(move || {
                        let probe = Arc::clone(&probe);
                        Box::pin(async move { probe.ask().await })
                    })
                }
                Err(failure) => Box::new(move || {
                    let failure = failure.clone();
                    Box::pin(async move { Err(failure) })
                }),
            },
        }
    }
}
