//! A handshake of TLS, and for how long the certificate is still good.

use std::net::{IpAddr, SocketAddr};

use super::dial;
use super::failure::Failure;
use super::target::TlsRequest;
use super::tls::{Speaks, Tls};
use super::tools::Tools;

/// One question, ready to be asked again and again.
pub(super) struct HandshakeProbe {
    at: SocketAddr,
    tls: Tls,
}

impl HandshakeProbe {
    pub(super) fn new(
        tools: &Tools,
        address: IpAddr,
        request: &TlsRequest,
    ) -> Result<Self, Failure> {
        let TlsRequest { port, tls, days } = request;
        let tls = tools.tls.prepare_lasting(tls, Speaks::Other, *days)?;
        Ok(Self { at: SocketAddr::new(address, *port), tls })
    }

    /// Asks once, without a limit of time.
    pub(super) async fn ask(&self) -> Result<(), Failure> {
        dial::connect(self.at, Some(&self.tls)).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rustls::ServerConfig;
    use tokio::io::AsyncReadExt as _;
    use tokio::net::TcpListener;
    use tokio_rustls::TlsAcceptor;

    use super::*;
    use crate::probe::target::TlsSettings;
    use crate::probe::tests::certificates::certificates;

    const HOUR: u32 = 3600;
    const DAY: u32 = 24 * HOUR;

    async fn ask(config: Arc<ServerConfig>, name: &str, days: u32) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            if let Ok(mut stream) = TlsAcceptor::from(config).accept(stream).await {
                let _ = stream.read_u8().await;
            }
        });
        let roots = Some(certificates().authorities());
        let tls = TlsSettings { name: name.into(), verify: true, roots, client: None };
        let request = TlsRequest { port: address.port(), tls, days };
        let probe = HandshakeProbe::new(&Tools::new(&[]).unwrap(), address.ip(), &request).unwrap();
        let outcome = probe.ask().await;
        server.await.unwrap();
        outcome.map_or_else(|failure| failure.to_string(), |()| "well".into())
    }

    #[tokio::test]
    async fn a_certificate_must_be_good_for_the_name_and_for_so_many_days() {
        let certificates = certificates();
        for (config, name, days, wanted) in [
            (certificates.good(), "www.example.com", 0, "well"),
            (certificates.good(), "www.example.com", 3650, "well"),
            (
                certificates.good(),
                "www.example.org",
                0,
                "certificate is for www.example.com, 127.0.0.1, wanted www.example.org",
            ),
            (certificates.expiring_in(15 * DAY), "www.example.com", 14, "well"),
            (
                certificates.expiring_in(5 * DAY + HOUR),
                "www.example.com",
                14,
                "certificate expires in 5 days, wanted 14",
            ),
            (
                certificates.expiring_in(3 * HOUR + HOUR / 2),
                "www.example.com",
                1,
                "certificate expires in 3 hours, wanted 1 days",
            ),
            (certificates.expiring_in(HOUR), "www.example.com", 0, "well"),
        ] {
            assert_eq!(ask(config, name, days).await, wanted, "{name} {days}");
        }
    }
}
