//! One message over HTTP: what is sent to a webhook, and what is answered.
//!
//! No redirect is followed, no proxy is asked, and little of an answer is read. Nothing shows the address, which may
//! be a secret.

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};

/// Of an answer, so many bytes are read, and so many characters shown.
const READ_BYTES: usize = 4096;
const SHOWN: usize = 300;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// What sends.
pub struct Poster(Client);

/// What the other end says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// When it wants to be asked again, as it says.
    pub retry_after: Option<String>,
    /// The beginning of the body, in one line.
    pub said: String,
}

impl Poster {
    /// Trusts these authorities, or without any those that browsers trust; gives each message so much time.
    ///
    /// # Errors
    ///
    /// Says why none can be made.
    pub fn new(authorities: &[CertificateDer<'static>], timeout: Duration) -> Result<Self, String> {
        let mut roots = RootCertStore::empty();
        match authorities {
            [] => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
            own => {
                for root in own {
                    roots.add(root.clone()).map_err(|error| format!("ca_file: {error}"))?;
                }
            }
        }
        let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let client = Client::builder()
            .tls_backend_preconfigured(tls)
            .no_proxy()
            // One that was kept may have ended meanwhile, and messages are rare.
            .pool_max_idle_per_host(0)
            .redirect(Policy::none())
            .connect_timeout(CONNECT_TIMEOUT.min(timeout))
            .timeout(timeout)
            .user_agent(concat!("steersman/", env!("CARGO_PKG_VERSION")))
            .build();
        client.map(Self).map_err(|error| in_words(&error))
    }

    /// Sends JSON.
    ///
    /// # Errors
    ///
    /// Says why there is no answer.
    pub async fn post(
        &self,
        url: Url,
        headers: Vec<(&'static str, String)>,
        body: Vec<u8>,
    ) -> Result<Answer, String> {
        let mut request = self.0.post(url).header("content-type", "application/json").body(body);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let mut response = request.send().await.map_err(|error| in_words(&error))?;
        let status = response.status().as_u16();
        let retry_after = response.headers().get("retry-after");
        let retry_after = retry_after.and_then(|value| value.to_str().ok()).map(str::to_owned);
        let mut read = Vec::new();
        // The status has come; whatever becomes of the body is no matter.
        while let Ok(Some(chunk)) = response.chunk().await {
            read.extend_from_slice(&chunk[..chunk.len().min(READ_BYTES - read.len())]);
            if read.len() == READ_BYTES {
                break;
            }
        }
        let said = String::from_utf8_lossy(&read);
        let said = said.trim().chars().map(|c| if c.is_control() { ' ' } else { c });
        Ok(Answer { status, retry_after, said: said.take(SHOWN).collect() })
    }
}

/// What went wrong at the bottom, without the address.
fn in_words(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".into();
    }
    let mut cause = error.source();
    let mut words = None;
    while let Some(error) = cause {
        words = Some(error.to_string());
        cause = error.source();
    }
    words.unwrap_or_else(|| "the request failed".into())
}
