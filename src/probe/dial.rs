//! Connections to what is probed, in the clear or over TLS. A new one each time, to a fixed address:
//! nothing is ever resolved.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::failure::Failure;
use super::steps;
use super::tls::Tls;

/// What can be read from and written to.
pub(super) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// An open connection.
pub(super) type Connection = Box<dyn Duplex>;

/// The most that is read from one connection, in octets: far more than what is looked at of any
/// answer with all that comes with it, and not so much that reading it would keep anybody busy.
const MOST_READ: usize = 1024 * 1024;

/// A connection whose reading ends, whatever a server goes on to say.
struct Bounded {
    stream: TcpStream,
    left: usize,
}

impl AsyncRead for Bounded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.left == 0 {
            let text = format!("more than {} KiB came", MOST_READ / 1024);
            return Poll::Ready(Err(io::Error::other(text)));
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        self.left = self.left.saturating_sub(buffer.filled().len() - before);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Bounded {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, buffer)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// Opens a connection.
pub(super) async fn connect(at: SocketAddr, tls: Option<&Tls>) -> Result<Connection, Failure> {
    let stream = TcpStream::connect(at).await.map_err(|error| Failure::from(&error))?;
    steps::heard(|| format!("connected to {at}"));
    // Each message is waited for. Where it cannot be set, it is only slower.
    let _ = stream.set_nodelay(true);
    let stream = Bounded { stream, left: MOST_READ };
    match tls {
        None => Ok(Box::new(stream)),
        Some(tls) => {
            let stream = tls.connect(stream).await?;
            steps::heard(|| "shook hands by TLS".into());
            Ok(Box::new(stream))
        }
    }
}
