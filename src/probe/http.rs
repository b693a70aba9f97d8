//! HTTP requests, in the clear or over TLS, on a new connection each time.
//!
//! The address is fixed: nothing is resolved. Redirects, proxies and cookies are not followed, used
//! or kept; they would ask another question than the operator wrote.

use std::error::Error;
use std::io;
use std::net::{IpAddr, SocketAddr};

use reqwest::header::{ACCEPT, CONNECTION, HOST, HeaderMap, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder, Url};
use rustls::pki_types::{CertificateDer, ServerName};

use super::failure::Failure;
use super::target::{HttpRequest, TlsSettings};
use super::tls::TlsKit;
use crate::health::StatusRange;

/// How much of a body is read, in octets.
const BODY_BOUND: usize = 64 * 1024;

/// What all HTTP probes share.
pub(super) struct HttpKit {
    /// In the clear the URL holds the address itself, so that one client serves every target.
    clear: Client,
    tls: TlsKit,
}

impl HttpKit {
    /// Trusts the public roots and `extra_roots`.
    pub(super) fn new(extra_roots: &[CertificateDer<'_>]) -> Result<Self, Failure> {
        let tls = TlsKit::new(extra_roots)?;
        // Without settings of ours each client would load the platform's roots.
        let clear = client(Client::builder().tls_backend_preconfigured(tls.client_config(None)?))?;
        Ok(Self { clear, tls })
    }

    /// A client whose connections go to `address`, whatever its URL calls it.
    fn https(
        &self,
        address: SocketAddr,
        name: ServerName<'static>,
        verify: bool,
    ) -> Result<Client, Failure> {
        let mut builder = Client::builder();
        if let ServerName::DnsName(name) = &name {
            builder = builder.resolve_to_addrs(name.as_ref(), &[address]);
        }
        let config = self.tls.client_config(verify.then_some(name))?;
        client(builder.tls_backend_preconfigured(config))
    }
}

fn client(builder: ClientBuilder) -> Result<Client, Failure> {
    builder
        .http1_only()
        .no_proxy()
        .redirect(Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .pool_max_idle_per_host(0)
        .user_agent(concat!("steersman/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| Failure::Unaskable(innermost(&error).to_string()))
}

/// One question, ready to be asked again and again.
pub(super) struct HttpProbe {
    client: Client,
    url: Url,
    headers: HeaderMap,
    status: Vec<StatusRange>,
    body: Option<String>,
}

impl HttpProbe {
    pub(super) fn new(
        kit: &HttpKit,
        address: IpAddr,
        request: &HttpRequest,
    ) -> Result<Self, Failure> {
        let HttpRequest { port, path, host, tls, status, body } = request;
        let at = SocketAddr::new(address, *port);
        let (client, url) = match tls {
            None => (kit.clear.clone(), url(&format!("http://{at}{path}"))?),
            Some(tls) => https(kit, at, path, tls)?,
        };
        let host = HeaderValue::from_str(host)
            .map_err(|_| Failure::Unaskable(format!("{host:?} is no Host header")))?;
        let headers = HeaderMap::from_iter([
            (HOST, host),
            (ACCEPT, HeaderValue::from_static("*/*")),
            (CONNECTION, HeaderValue::from_static("close")),
        ]);
        Ok(Self { client, url, headers, status: status.clone(), body: body.clone() })
    }

    /// Asks once, without a limit of time.
    pub(super) async fn ask(&self) -> Result<(), Failure> {
        let request = self.client.get(self.url.clone()).headers(self.headers.clone());
        let response = request.send().await.map_err(|e| failure(&e, Failure::NoHttp))?;
        let got = response.status().as_u16();
        if !self.status.iter().any(|range| (range.first..=range.last).contains(&got)) {
            return Err(Failure::Status { got, wanted: ranges(&self.status) });
        }
        let body = beginning(response).await?;
        match &self.body {
            Some(wanted) if !contains(&body, wanted.as_bytes()) => {
                Err(Failure::BodyLacks(wanted.clone()))
            }
            _ => Ok(()),
        }
    }
}

/// A URL by the wanted name, which gives the SNI; an address has none and stands for itself.
fn https(
    kit: &HttpKit,
    at: SocketAddr,
    path: &str,
    tls: &TlsSettings,
) -> Result<(Client, Url), Failure> {
    let no_name = || Failure::Unaskable(format!("{:?} is neither name nor address", tls.name));
    let name = ServerName::try_from(tls.name.clone()).map_err(|_| no_name())?;
    let url = match &name {
        ServerName::DnsName(dns) => {
            let url = url(&format!("https://{}:{}{path}", dns.as_ref(), at.port()))?;
            // What URLs take for an address (such as 127.1) would be asked instead of ours.
            if url.domain() != Some(dns.as_ref()) {
                return Err(no_name());
            }
            url
        }
        _ => url(&format!("https://{at}{path}"))?,
    };
    Ok((kit.https(at, name, tls.verify)?, url))
}

fn url(text: &str) -> Result<Url, Failure> {
    Url::parse(text).map_err(|error| Failure::Unaskable(format!("{text}: {error}")))
}

/// The body up to the bound; the rest is left to the closing of the connection.
async fn beginning(mut response: reqwest::Response) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|e| failure(&e, Failure::BodyBroken))? {
        let room = BODY_BOUND - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if body.len() == BODY_BOUND {
            break;
        }
    }
    Ok(body)
}

fn contains(body: &[u8], wanted: &[u8]) -> bool {
    wanted.is_empty() || body.windows(wanted.len()).any(|window| window == wanted)
}

fn ranges(status: &[StatusRange]) -> String {
    let one = |range: &StatusRange| match range {
        StatusRange { first, last } if first == last => first.to_string(),
        StatusRange { first, last } => format!("{first}-{last}"),
    };
    status.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// What lies at the bottom of an error: TLS or the network where either is to blame, else what
/// `otherwise` makes of its text.
fn failure(error: &reqwest::Error, otherwise: fn(String) -> Failure) -> Failure {
    match innermost(error) {
        Cause::Tls(error) => Failure::from(error),
        Cause::Io(error) => Failure::from(error),
        Cause::Other(error) => otherwise(error.to_string()),
    }
}

enum Cause<'a> {
    Tls(&'a rustls::Error),
    Io(&'a io::Error),
    Other(&'a (dyn Error + 'static)),
}

impl std::fmt::Display for Cause<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Tls(error) => error.fmt(f),
            Self::Io(error) => error.fmt(f),
            Self::Other(error) => error.fmt(f),
        }
    }
}

fn innermost(error: &reqwest::Error) -> Cause<'_> {
    let mut error: &(dyn Error + 'static) = error;
    loop {
        if let Some(tls) = error.downcast_ref() {
            return Cause::Tls(tls);
        }
        let io = error.downcast_ref::<io::Error>();
        // An io::Error that wraps another one gives that one's source as its own, so that looking
        // at sources alone would pass over it.
        let within = match io {
            Some(io) => io.get_ref().map(|inner| inner as &(dyn Error + 'static)),
            None => error.source(),
        };
        match (within, io) {
            (Some(within), _) => error = within,
            (None, Some(io)) => return Cause::Io(io),
            (None, None) => return Cause::Other(error),
        }
    }
}

#[cfg(test)]
mod tests;
