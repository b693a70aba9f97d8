//! Clients of each encrypted transport, which send and receive bytes as they are.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::{Arc, mpsc};

use bytes::Bytes;
use h2::client::SendRequest;
use http::{HeaderMap, Request, StatusCode};
use quinn::crypto::rustls::QuicClientConfig;
use rcgen::{CertificateParams, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use tokio::runtime::Runtime;
use tokio_rustls::TlsConnector;

use crate::support::dns::{Framed, framed};
use crate::support::wait::PATIENCE;

/// The name in all certificates.
pub const NAME: &str = "ns1.example.com";

/// A certificate and its key.
pub struct Pair {
    pub certificate: String,
    pub key: String,
    pub der: CertificateDer<'static>,
}

impl Pair {
    pub fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new([NAME.to_owned()]).unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Self {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
            der: certificate.der().clone(),
        }
    }

    /// A client that trusts this certificate and no other.
    pub fn client(&self, protocol: &[u8]) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        roots.add(self.der.clone()).unwrap();
        let provider = Arc::new(ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![protocol.to_vec()];
        config
    }
}

fn name() -> ServerName<'static> {
    ServerName::try_from(NAME).unwrap()
}

fn runtime() -> Runtime {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(1).enable_all().build().unwrap()
}

/// Does something while the runtime of a connection can send nothing: all of it goes out together,
/// after that.
pub fn together<T>(runtime: &Runtime, work: impl Future<Output = T>) -> T {
    let (begun, has_begun) = mpsc::channel();
    let (release, is_released) = mpsc::channel::<()>();
    // On the only thread that there is for whatever is in the background.
    runtime.spawn(async move {
        begun.send(()).unwrap();
        // An error says that it is released.
        let _ = is_released.recv();
    });
    has_begun.recv().unwrap();
    let done = runtime.block_on(work);
    drop(release);
    done
}

/// A connection over TLS, with the frames of TCP.
pub type Dot = Framed<StreamOwned<ClientConnection, TcpStream>>;

impl Dot {
    /// Opens one, handshake and all.
    pub fn open(server: SocketAddr, pair: &Pair) -> io::Result<Self> {
        Self::open_with(server, pair.client(b"dot"))
    }

    pub fn open_with(server: SocketAddr, config: ClientConfig) -> io::Result<Self> {
        let stream = TcpStream::connect(server)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        let session = ClientConnection::new(Arc::new(config), name()).unwrap();
        let mut connection = Self(StreamOwned::new(session, stream));
        while connection.0.conn.is_handshaking() {
            connection.0.conn.complete_io(&mut connection.0.sock)?;
        }
        Ok(connection)
    }
}

/// What came back over HTTPS.
#[derive(Debug)]
pub struct Response {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

/// A connection over HTTPS.
pub struct Doh {
    pub runtime: Runtime,
    pub requests: SendRequest<Bytes>,
}

impl Doh {
    pub fn open(server: SocketAddr, pair: &Pair) -> io::Result<Self> {
        Self::open_with(server, pair, 65_535)
    }

    /// With a window of so many bytes for each answer, until some are taken.
    pub fn open_with(server: SocketAddr, pair: &Pair, window: u32) -> io::Result<Self> {
        let runtime = runtime();
        let connector = TlsConnector::from(Arc::new(pair.client(b"h2")));
        let requests = runtime.block_on(async {
            let stream = tokio::net::TcpStream::connect(server).await?;
            let stream = connector.connect(name(), stream).await?;
            let mut builder = h2::client::Builder::new();
            builder.initial_window_size(window);
            let (requests, connection) =
                builder.handshake(stream).await.map_err(io::Error::other)?;
            tokio::spawn(connection);
            Ok::<_, io::Error>(requests)
        })?;
        Ok(Self { runtime, requests })
    }

    /// Sends a request, with a body if there is any.
    pub fn exchange(&mut self, head: Request<()>, body: &[u8]) -> Result<Response, h2::Error> {
        let requests = self.requests.clone();
        let body = Bytes::copy_from_slice(body);
        self.runtime.block_on(async {
            let mut requests = requests.ready().await?;
            let (response, mut stream) = requests.send_request(head, body.is_empty())?;
            if !body.is_empty() {
                // An error says that the server has heard enough.
                let _ = stream.send_data(body, true);
            }
            let (head, mut pieces) = response.await?.into_parts();
            let mut body = Vec::new();
            while let Some(piece) = pieces.data().await {
                let piece = piece?;
                let _ = pieces.flow_control().release_capacity(piece.len());
                body.extend_from_slice(&piece);
            }
            Ok(Response { status: head.status, headers: head.headers, body })
        })
    }

    pub fn post(&mut self, question: &[u8]) -> Result<Response, h2::Error> {
        let head = Request::post("https://ns1.example.com/dns-query");
        let head = head.header("content-type", "application/dns-message").body(()).unwrap();
        self.exchange(head, question)
    }

    pub fn get(&mut self, question: &[u8]) -> Result<Response, h2::Error> {
        let question = data_encoding::BASE64URL_NOPAD.encode(question);
        let head = Request::get(format!("https://ns1.example.com/dns-query?dns={question}"));
        self.exchange(head.body(()).unwrap(), &[])
    }
}

/// A connection over QUIC.
pub struct Doq {
    pub runtime: Runtime,
    pub connection: quinn::Connection,
}

impl Doq {
    pub fn open(server: SocketAddr, pair: &Pair) -> io::Result<Self> {
        Self::open_with(server, pair, 65_537)
    }

    /// With a window of so many bytes for all answers, until some are taken.
    pub fn open_with(server: SocketAddr, pair: &Pair, window: u32) -> io::Result<Self> {
        let runtime = runtime();
        let crypto = QuicClientConfig::try_from(pair.client(b"doq")).unwrap();
        let mut config = quinn::ClientConfig::new(Arc::new(crypto));
        let mut transport = quinn::TransportConfig::default();
        transport.stream_receive_window(window.into());
        config.transport_config(Arc::new(transport));
        let connection = runtime.block_on(async {
            let mut endpoint = quinn::Endpoint::client((Ipv4Addr::LOCALHOST, 0).into())?;
            endpoint.set_default_client_config(config);
            endpoint.connect(server, NAME).unwrap().await.map_err(io::Error::other)
        })?;
        Ok(Self { runtime, connection })
    }

    /// Sends bytes on a stream of their own, and returns all that comes back on it.
    pub fn exchange(&self, bytes: &[u8]) -> io::Result<Vec<u8>> {
        self.runtime.block_on(async {
            let (mut send, mut receive) = self.connection.open_bi().await?;
            send.write_all(bytes).await?;
            let _ = send.finish();
            receive.read_to_end(2 + 65_535).await.map_err(io::Error::other)
        })
    }

    pub fn ask(&self, question: &[u8]) -> io::Result<Vec<u8>> {
        let reply = self.exchange(&framed(question))?;
        let (length, reply) = reply.split_at_checked(2).ok_or(io::ErrorKind::UnexpectedEof)?;
        assert_eq!(usize::from(u16::from_be_bytes([length[0], length[1]])), reply.len());
        Ok(reply.to_vec())
    }
}
