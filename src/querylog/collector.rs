//! A collector of dnstap, behind a unix socket.
//!
//! Whatever it does, or does not do, a call here ends soon after the order to stop.

use std::io::{self, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use socket2::{Domain, SockAddr, Socket, Type};

use super::worker::Stop;
use crate::clock;
use crate::dnstap::{self, Control, HEARD_BYTES};

/// How long one look at the socket waits.
const LOOK: Duration = Duration::from_millis(100);
/// How long a collector may take to say that it takes what is sent.
const HANDSHAKE: Duration = Duration::from_secs(5);
/// So many looks are left for what is under way when it is time to end.
const LAST_LOOKS: u32 = 10;

/// A collector that takes what is sent.
pub(super) struct Collector(UnixStream);

impl Collector {
    /// Connects and shakes hands; or says why not.
    pub(super) fn connect(path: &Path, stop: &Stop) -> Result<Self, String> {
        let stream = open(path).map_err(|error| match error.kind() {
            io::ErrorKind::WouldBlock => "it accepts no connections".to_owned(),
            _ => error.to_string(),
        })?;
        let mut collector = Self(stream);
        collector.send(&dnstap::ready(), stop)?;
        match collector.hear(stop)? {
            Control::Accept { dnstap: true } => {}
            Control::Accept { dnstap: false } => return Err("it does not take dnstap".into()),
            Control::Finish => return Err("it wants nothing".into()),
        }
        collector.send(&dnstap::start(), stop)?;
        Ok(collector)
    }

    /// Sends bytes, however long that takes: what is copied meanwhile waits or is dropped.
    pub(super) fn send(&mut self, mut bytes: &[u8], stop: &Stop) -> Result<(), String> {
        let mut looks = 0;
        while !bytes.is_empty() {
            match self.0.write(bytes) {
                Ok(0) => return Err("it is gone".into()),
                Ok(sent) => bytes = bytes.get(sent..).unwrap_or_default(),
                Err(error) if is_not_yet(&error) => {
                    looks += u32::from(stop.is_ordered());
                    if looks > LAST_LOOKS {
                        return Err("it has stopped reading".into());
                    }
                }
                Err(error) => return Err(error.to_string()),
            }
        }
        Ok(())
    }

    /// Looks whether it is still there; it has nothing to say before the end.
    pub(super) fn look(&mut self) -> Result<(), String> {
        self.0.set_nonblocking(true).map_err(|error| error.to_string())?;
        let read = self.0.read(&mut [0; 64]);
        self.0.set_nonblocking(false).map_err(|error| error.to_string())?;
        match read {
            Err(error) if is_not_yet(&error) => Ok(()),
            Err(error) => Err(error.to_string()),
            Ok(0) => Err("it is gone".into()),
            Ok(_) => Err("it speaks while it is not asked".into()),
        }
    }

    /// Says that this was all, and waits a moment for it to say that it has everything.
    pub(super) fn finish(mut self, stop: &Stop) {
        // An error says that it is gone.
        let _ = self.send(&dnstap::stop(), stop).and_then(|()| self.hear(stop));
    }

    /// The next thing that it says.
    fn hear(&mut self, stop: &Stop) -> Result<Control, String> {
        let since = clock::monotonic_now();
        let (mut heard, mut looks) = ([0; HEARD_BYTES], 0);
        let mut length = 0;
        loop {
            match Control::read(heard.get(..length).unwrap_or_default()) {
                Ok(Some((control, _))) => return Ok(control),
                Ok(None) => {}
                Err(nonsense) => return Err(nonsense.to_string()),
            }
            // There is room, for as many bytes have made sense or not.
            match self.0.read(heard.get_mut(length..).unwrap_or_default()) {
                Ok(0) => return Err("it has closed the connection".into()),
                Ok(read) => length += read,
                Err(error) if is_not_yet(&error) => {
                    looks += u32::from(stop.is_ordered());
                }
                Err(error) => return Err(error.to_string()),
            }
            if looks > LAST_LOOKS || clock::monotonic_now().duration_since(since) > HANDSHAKE {
                return Err("it does not answer".into());
            }
        }
    }
}

/// Connects without waiting for a collector that accepts nothing.
fn open(path: &Path) -> io::Result<UnixStream> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    socket.connect(&SockAddr::unix(path)?)?;
    socket.set_nonblocking(false)?;
    let stream = UnixStream::from(socket);
    stream.set_read_timeout(Some(LOOK))?;
    stream.set_write_timeout(Some(LOOK))?;
    Ok(stream)
}

fn is_not_yet(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted
    )
}
