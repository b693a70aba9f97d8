//! A region of the demonstration: an HTTP server that is well until it is told otherwise.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(5);
const LONGEST_REQUEST_BYTES: usize = 4096;

/// One region.
pub(super) struct Region {
    name: &'static str,
    listener: TcpListener,
    broken: AtomicBool,
}

impl Region {
    pub async fn bind(name: &'static str, address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        Ok(Self { name, listener, broken: AtomicBool::new(false) })
    }

    /// Serves for as long as the process runs.
    pub async fn serve(self: Arc<Self>) {
        loop {
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    let region = Arc::clone(&self);
                    tokio::spawn(async move {
                        // A client that goes away, or takes too long, is its own loss.
                        let _ = timeout(PATIENCE, region.answer(stream)).await;
                    });
                }
                // Too many open files, most likely: others close some.
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    }

    async fn answer(&self, mut stream: TcpStream) -> io::Result<()> {
        let mut request = Vec::new();
        while !request.windows(4).any(|bytes| bytes == b"\r\n\r\n") {
            let read = stream.read_buf(&mut request).await?;
            if read == 0 || request.len() > LONGEST_REQUEST_BYTES {
                return Ok(());
            }
        }
        if request.starts_with(b"POST /break ") {
            self.broken.store(true, Ordering::Relaxed);
        } else if request.starts_with(b"POST /mend ") {
            self.broken.store(false, Ordering::Relaxed);
        }
        let probed = request.starts_with(b"GET /healthz ");
        let (status, state) = match self.broken.load(Ordering::Relaxed) {
            true if probed => ("503 Service Unavailable", "broken"),
            true => ("200 OK", "broken"),
            false => ("200 OK", "ok"),
        };
        let body = format!("{} is {state}\n", self.name);
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(body.as_bytes()).await?;
        stream.shutdown().await
    }
}

/// Tells the region at an address to break or to be well again.
pub(super) async fn order(address: SocketAddr, broken: bool) -> io::Result<()> {
    let order = async {
        let mut stream = TcpStream::connect(address).await?;
        let path = if broken { "/break" } else { "/mend" };
        let request = format!("POST {path} HTTP/1.1\r\nHost: {address}\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut reply = Vec::new();
        stream.take(LONGEST_REQUEST_BYTES as u64).read_to_end(&mut reply).await?;
        match reply.starts_with(b"HTTP/1.1 200 ") {
            true => Ok(()),
            false => Err(io::Error::other("it is no region of the demo")),
        }
    };
    timeout(PATIENCE, order).await.map_err(io::Error::from)?
}
