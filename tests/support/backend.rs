//! A server to be probed, which does as it is told.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::wait;

/// How a request is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Manner {
    /// With this status line and body.
    Answer(&'static str, &'static str),
    /// As if well, but so late that no monitor of these tests waits for it.
    Late,
    /// With the beginning of an answer.
    HalfAnswer,
    /// With bytes that are no HTTP.
    Nonsense,
    /// By closing the connection.
    HangUp,
    /// Not before the manner changes: then as that says.
    Hang,
}

const LATE: Duration = Duration::from_secs(2);

/// Well, in the eyes of every monitor of these tests.
pub const WELL: Manner = Manner::Answer("200 OK", "all is ok\n");

/// The server.
pub struct Backend {
    /// Where it listens. No two have the same IP address, so that nobody takes a port while it is
    /// closed.
    pub address: SocketAddr,
    told: Arc<Told>,
    listening: Option<Listening>,
}

struct Told {
    manner: Mutex<Manner>,
    changed: Condvar,
    requests: AtomicUsize,
    habit: Mutex<Habit>,
    /// Of all connections that are open.
    open: Mutex<HashMap<u64, TcpStream>>,
    /// Connections that ended without a request.
    idle_ended: AtomicUsize,
    tls: Option<Arc<ServerConfig>>,
}

/// How connections are treated on which nothing is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Habit {
    /// As many as come, and each for as long as the client likes.
    #[default]
    Patient,
    /// Ended as soon as nothing comes for a moment.
    EndsIdle,
    /// One after another: no other one is served before its end.
    OneAtATime,
}

/// A moment, for [`Habit::EndsIdle`].
const IDLE: Duration = Duration::from_millis(500);

struct Listening {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Backend {
    /// Speaks HTTP, and is well.
    pub fn http() -> Self {
        Self::start(fresh_ip(), None)
    }

    /// The same on every IPv4 address.
    pub fn http_everywhere() -> Self {
        Self::start(Ipv4Addr::UNSPECIFIED, None)
    }

    /// Speaks HTTP over TLS, and is well but for its certificate.
    pub fn https(config: Arc<ServerConfig>) -> Self {
        Self::start(fresh_ip(), Some(config))
    }

    fn start(ip: Ipv4Addr, tls: Option<Arc<ServerConfig>>) -> Self {
        let told = Told {
            manner: Mutex::new(WELL),
            changed: Condvar::new(),
            requests: AtomicUsize::new(0),
            habit: Mutex::default(),
            open: Mutex::default(),
            idle_ended: AtomicUsize::new(0),
            tls,
        };
        let listener = TcpListener::bind((ip, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let mut backend = Self { address, told: Arc::new(told), listening: None };
        backend.listen(listener);
        backend
    }

    fn listen(&mut self, listener: TcpListener) {
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, told) = (Arc::clone(&stop), Arc::clone(&self.told));
        let thread = thread::spawn(move || {
            for number in 0.. {
                let Ok((stream, _)) = listener.accept() else { return };
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                let told = Arc::clone(&told);
                match told.habit() {
                    Habit::OneAtATime => told.serve(stream, number),
                    _ => drop(thread::spawn(move || told.serve(stream, number))),
                }
            }
        });
        self.listening = Some(Listening { stop, thread });
    }

    /// From the next request on, and for those that hang.
    pub fn be(&self, manner: Manner) {
        *self.told.manner.lock().unwrap() = manner;
        self.told.changed.notify_all();
    }

    /// How many requests came so far.
    pub fn requests(&self) -> usize {
        self.told.requests.load(Ordering::SeqCst)
    }

    /// From the next connection on.
    pub fn treat_idle(&self, habit: Habit) {
        *self.told.habit.lock().unwrap() = habit;
    }

    /// How many connections are open.
    pub fn open(&self) -> usize {
        self.told.open.lock().unwrap().len()
    }

    /// How many connections ended so far on which nothing was asked.
    pub fn idle_ended(&self) -> usize {
        self.told.idle_ended.load(Ordering::SeqCst)
    }

    /// As if the process had died: connections end, and are refused from now on.
    pub fn kill(&mut self) {
        if let Some(Listening { stop, thread }) = self.listening.take() {
            stop.store(true, Ordering::SeqCst);
            for stream in self.told.open.lock().unwrap().values() {
                // One that has ended already cannot be ended again.
                let _ = stream.shutdown(Shutdown::Both);
            }
            // Wakes the thread, which then lets go of the listener.
            drop(TcpStream::connect(self.address));
            thread.join().unwrap();
        }
    }

    /// Opens the same port again.
    pub fn revive(&mut self) {
        let listener = wait::until("the port to be free again", || {
            TcpListener::bind(self.address).map_err(|error| error.to_string())
        });
        self.listen(listener);
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.be(Manner::HangUp);
        self.kill();
    }
}

impl Told {
    fn habit(&self) -> Habit {
        *self.habit.lock().unwrap()
    }

    fn serve(&self, stream: TcpStream, number: u64) {
        if self.habit() == Habit::EndsIdle {
            stream.set_read_timeout(Some(IDLE)).unwrap();
        }
        self.open.lock().unwrap().insert(number, stream.try_clone().unwrap());
        // Errors are the client's, which went away.
        let _ = match &self.tls {
            None => self.answer(stream),
            Some(config) => ServerConnection::new(Arc::clone(config))
                .map_err(io::Error::other)
                .and_then(|tls| self.answer(StreamOwned::new(tls, stream))),
        };
        self.open.lock().unwrap().remove(&number);
    }

    fn answer(&self, mut stream: impl Read + Write) -> io::Result<()> {
        let mut request = Vec::new();
        let mut octet = [0];
        while !request.ends_with(b"\r\n\r\n") {
            if let Err(error) = stream.read_exact(&mut octet) {
                if request.is_empty() {
                    self.idle_ended.fetch_add(1, Ordering::SeqCst);
                }
                return Err(error);
            }
            request.push(octet[0]);
            if !request[0].is_ascii_alphabetic() {
                return send(&mut stream, "400 Bad Request", "this is no HTTP");
            }
        }
        self.requests.fetch_add(1, Ordering::SeqCst);
        let manner = self.manner.lock().unwrap();
        let manner = self.changed.wait_while(manner, |m| *m == Manner::Hang).unwrap().clone();
        match manner {
            Manner::Answer(status, body) => send(&mut stream, status, body)?,
            Manner::Late => {
                thread::sleep(LATE);
                send(&mut stream, "200 OK", "all is ok\n")?;
            }
            Manner::HalfAnswer => {
                write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nall is ok")?;
                stream.flush()?;
                // Until the client has had enough.
                return stream.read_exact(&mut octet);
            }
            Manner::Nonsense => stream.write_all(b"220 mail.example.com ESMTP\r\n")?,
            Manner::HangUp | Manner::Hang => {}
        }
        stream.flush()
    }
}

fn send(stream: &mut impl Write, status: &str, body: &str) -> io::Result<()> {
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
}

/// An address of this machine that no other server of this or of another test process has.
pub fn fresh_ip() -> Ipv4Addr {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    assert!(number < 1 << 10, "more servers than addresses");
    // 127.64.0.0 to 127.127.255.255, away from addresses that others choose by hand.
    let process = std::process::id() & 0xfff;
    Ipv4Addr::from_bits(0x7f40_0000 | process << 10 | number)
}
