//! A connection that opens.

use std::net::SocketAddr;

use tokio::net::TcpStream;

use super::failure::Failure;

/// Opens a connection and closes it.
pub(super) async fn ask(address: SocketAddr) -> Result<(), Failure> {
    match TcpStream::connect(address).await {
        Ok(_) => Ok(()),
        Err(error) => Err(Failure::from(&error)),
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn an_open_port_is_well_on_both_families_and_a_closed_one_refuses() {
        // Nobody else uses the first, and few the second: nobody takes the port once closed.
        for loopback in ["127.0.83.2:0", "[::1]:0"] {
            let listener = TcpListener::bind(loopback).await.unwrap();
            let address = listener.local_addr().unwrap();
            assert_eq!(ask(address).await, Ok(()));
            drop(listener);
            assert_eq!(ask(address).await, Err(Failure::Refused));
        }
    }
}
