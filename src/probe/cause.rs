//! What lies at the bottom of the errors of libraries.

use std::error::Error;
use std::io;

use super::failure::Failure;

/// TLS or the network where either is to blame, else what `otherwise` makes of the text of the
/// innermost error.
pub(super) fn failure(
    error: &(dyn Error + 'static),
    otherwise: impl FnOnce(String) -> Failure,
) -> Failure {
    let mut error = error;
    loop {
        if let Some(tls) = error.downcast_ref::<rustls::Error>() {
            return Failure::from(tls);
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
            (None, Some(io)) => return Failure::from(io),
            (None, None) => return otherwise(error.to_string()),
        }
    }
}

/// The failure of reading or writing.
pub(super) fn of_io(error: &io::Error) -> Failure {
    match error.get_ref().is_some() && error.kind() != io::ErrorKind::UnexpectedEof {
        true => failure(error, Failure::Network),
        false => Failure::from(error),
    }
}
