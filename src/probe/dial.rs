//! Connections to what is probed, in the clear or over TLS. A new one each time, to a fixed address:
//! nothing is ever resolved.

use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::failure::Failure;
use super::steps;
use super::tls::Tls;

/// What can be read from and written to.
pub(super) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// An open connection.
pub(super) type Connection = Box<dyn Duplex>;

/// Opens a connection.
pub(super) async fn connect(at: SocketAddr, tls: Option<&Tls>) -> Result<Connection, Failure> {
    let stream = TcpStream::connect(at).await.map_err(|error| Failure::from(&error))?;
    steps::heard(|| format!("connected to {at}"));
    // Each message is waited for. Where it cannot be set, it is only slower.
    let _ = stream.set_nodelay(true);
    match tls {
        None => Ok(Box::new(stream)),
        Some(tls) => {
            let stream = tls.connect(stream).await?;
            steps::heard(|| "shook hands by TLS".into());
            Ok(Box::new(stream))
        }
    }
}
