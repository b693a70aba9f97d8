//! A server on loopback that does what it is told after each request.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::ServerConfig;
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
    /// Sends all at once, if this path was asked for.
    At(&'static str, String),
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
    let mut path = String::new();
    if listens_first {
        let Some(request) = request(&mut stream).await else { return };
        path = request.split(' ').nth(1).unwrap_or_default().into();
        sink.lock().unwrap().push(Seen { request, sni });
    }
    for step in steps {
        let sent = match step {
            Step::Send(text) => stream.write_all(text.as_bytes()).await,
            Step::At(at, text) if *at == path => stream.write_all(text.as_bytes()).await,
            Step::At(..) => Ok(()),
            Step::Drip(text, pause) => drip(&mut stream, text, *pause).await,
            Step::Hang => std::future::pending().await,
        };
        if sent.is_err() {
            return; // The probe has heard enough.
        }
    }
    let _ = stream.shutdown().await;
}

/// A request with its body.
async fn request(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(request).unwrap();
    let length = head.to_lowercase();
    let length = length.split_once("content-length: ").map_or("0", |(_, rest)| rest);
    let length = length.split("\r\n").next().unwrap().parse().unwrap();
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some(head + &String::from_utf8(body).unwrap())
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
