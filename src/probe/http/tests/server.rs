//! A server on loopback that does what it is told after each request, and certificates for it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

pub(super) const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// One thing that a server does.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// Sends all at once.
    Send(String),
    /// Sends one octet at a time, with pauses.
    Drip(String, Duration),
    /// Does nothing more, and keeps the connection open.
    Hang,
}

/// What came on one connection.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) request: String,
    pub(super) sni: Option<String>,
}

pub(super) struct Server {
    pub(super) address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    config: Arc<Mutex<Option<Arc<ServerConfig>>>>,
    task: JoinHandle<()>,
}

impl Server {
    /// Takes these steps after each request.
    pub(super) async fn clear(bind: &str, steps: Vec<Step>) -> Self {
        Self::start(bind, None, steps, true).await
    }

    /// The same over TLS.
    pub(super) async fn tls(config: Arc<ServerConfig>, steps: Vec<Step>) -> Self {
        Self::start("127.0.0.1:0", Some(config), steps, true).await
    }

    /// Takes a step before anything was asked.
    pub(super) async fn greeting(step: Step) -> Self {
        Self::start("127.0.0.1:0", None, vec![step, Step::Hang], false).await
    }

    async fn start(
        bind: &str,
        config: Option<Arc<ServerConfig>>,
        steps: Vec<Step>,
        listens_first: bool,
    ) -> Self {
        let listener = TcpListener::bind(bind).await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let config = Arc::new(Mutex::new(config));
        let (sink, current) = (Arc::clone(&seen), Arc::clone(&config));
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (sink, steps) = (Arc::clone(&sink), steps.clone());
                let config = current.lock().unwrap().clone();
                tokio::spawn(async move {
                    let Some(config) = config else {
                        return serve(stream, None, &steps, listens_first, &sink).await;
                    };
                    let Ok(stream) = TlsAcceptor::from(config).accept(stream).await else {
                        return;
                    };
                    let sni = stream.get_ref().1.server_name().map(Into::into);
                    serve(stream, sni, &steps, listens_first, &sink).await;
                });
            }
        });
        Self { address, seen, config, task }
    }

    /// The requests that came so far.
    pub(super) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// Shows another certificate from the next connection on.
    pub(super) fn present(&self, config: Arc<ServerConfig>) {
        *self.config.lock().unwrap() = Some(config);
    }

    /// Closes the port.
    pub(super) async fn stop(self) {
        self.task.abort();
        let _ = self.task.await;
    }
}

async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    sni: Option<String>,
    steps: &[Step],
    listens_first: bool,
    sink: &Mutex<Vec<Seen>>,
) {
    if listens_first {
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            let Ok(octet) = stream.read_u8().await else { return };
            request.push(octet);
        }
        let request = String::from_utf8(request).unwrap();
        sink.lock().unwrap().push(Seen { request, sni });
    }
    for step in steps {
        let sent = match step {
            Step::Send(text) => stream.write_all(text.as_bytes()).await,
            Step::Drip(text, pause) => drip(&mut stream, text, *pause).await,
            Step::Hang => std::future::pending().await,
        };
        if sent.is_err() {
            return; // The probe has heard enough.
        }
    }
    let _ = stream.shutdown().await;
}

async fn drip(
    stream: &mut (impl AsyncWrite + Unpin),
    text: &str,
    pause: Duration,
) -> std::io::Result<()> {
    for octet in text.bytes() {
        stream.write_u8(octet).await?;
        stream.flush().await?;
        tokio::time::sleep(pause).await;
    }
    Ok(())
}

/// An authority, and the certificates that it gives.
pub(super) struct Certificates(CertifiedIssuer<'static, KeyPair>);

pub(super) fn certificates() -> &'static Certificates {
    static CERTIFICATES: OnceLock<Certificates> = OnceLock::new();
    CERTIFICATES.get_or_init(|| {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "an authority");
        let key = KeyPair::generate().unwrap();
        Certificates(CertifiedIssuer::self_signed(params, key).unwrap())
    })
}

impl Certificates {
    pub(super) fn root(&self) -> CertificateDer<'static> {
        self.0.der().clone()
    }

    pub(super) fn good(&self) -> Arc<ServerConfig> {
        self.signed(params())
    }

    pub(super) fn expired(&self) -> Arc<ServerConfig> {
        self.valid_in(2019, 2020)
    }

    pub(super) fn too_young(&self) -> Arc<ServerConfig> {
        self.valid_in(2999, 3000)
    }

    fn valid_in(&self, first_year: i32, last_year: i32) -> Arc<ServerConfig> {
        let mut params = params();
        params.not_before = date_time_ymd(first_year, 1, 1);
        params.not_after = date_time_ymd(last_year, 1, 1);
        self.signed(params)
    }

    /// With `IsCa` as OpenSSL sets it where nobody says otherwise, or without.
    pub(super) fn self_signed(&self, is_ca: IsCa) -> Arc<ServerConfig> {
        let key = KeyPair::generate().unwrap();
        let mut params = params();
        params.is_ca = is_ca;
        let certificate = params.self_signed(&key).unwrap();
        config(certificate.der().clone(), &key)
    }

    fn signed(&self, params: CertificateParams) -> Arc<ServerConfig> {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        config(certificate.der().clone(), &key)
    }
}

fn params() -> CertificateParams {
    CertificateParams::new(["www.example.com".into(), "127.0.0.1".into()]).unwrap()
}

fn config(certificate: CertificateDer<'static>, key: &KeyPair) -> Arc<ServerConfig> {
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    Arc::new(config)
}
