//! The other end of a webhook: takes requests, answers as it is told, and keeps what came.

use std::io::{self, BufRead as _, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use data_encoding::BASE64;
use ring::hmac;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::Value;

use crate::support::wait::until;

/// Where messages go, which is nobody else's business.
pub const PATH: &str = "/T0/very-secret";

/// As often one that hangs looks whether it is to do something else.
const PAUSE: Duration = Duration::from_millis(20);

/// One request.
#[derive(Clone, Debug)]
pub struct Received {
    head: String,
    pub body: Vec<u8>,
    /// With what it was answered.
    status: u16,
}

impl Received {
    /// A header, empty without one.
    pub fn header(&self, name: &str) -> String {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let found = lines.into_iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// A field that is a text.
    pub fn text(&self, field: &str) -> String {
        self.json()[field].as_str().unwrap_or_default().to_owned()
    }
}

/// What it does with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    Answer(u16),
    /// Nothing any more.
    Hang,
    /// Closes the connection at once.
    HangUp,
    Flood(Flood),
}

/// Of what there is no end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flood {
    /// `100 Continue`.
    Continue,
    /// A header.
    Head,
    /// The body of an answer with a status.
    Body(u16),
}

impl Flood {
    /// How it begins, and what comes again and again.
    fn parts(self) -> (String, String) {
        match self {
            Self::Continue => (String::new(), "HTTP/1.1 100 Continue\r\n\r\n".repeat(1000)),
            Self::Head => ("HTTP/1.1 200 X\r\nX: ".into(), "x".repeat(64 * 1024)),
            Self::Body(status) => {
                let chunk = format!("{:x}\r\n{}\r\n", 1 << 16, "x".repeat(1 << 16));
                (format!("HTTP/1.1 {status} X\r\nTransfer-Encoding: chunked\r\n\r\n"), chunk)
            }
        }
    }
}

/// A server for one webhook.
pub struct Receiver {
    address: SocketAddr,
    scheme: &'static str,
    told: Arc<Told>,
}

struct Told {
    manner: Mutex<Manner>,
    received: Mutex<Vec<Received>>,
    /// How much was sent in floods.
    poured_bytes: AtomicU64,
}

impl Receiver {
    pub fn start() -> Self {
        Self::begin(None)
    }

    /// Over TLS.
    pub fn over_tls(config: Arc<ServerConfig>) -> Self {
        Self::begin(Some(config))
    }

    fn begin(tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let told = Arc::new(Told {
            manner: Mutex::new(Manner::Answer(200)),
            received: Mutex::default(),
            poured_bytes: AtomicU64::default(),
        });
        let (serving, scheme) = (Arc::clone(&told), if tls.is_some() { "https" } else { "http" });
        // It ends with the process of the test.
        thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                let told = Arc::clone(&serving);
                let tls = tls.clone();
                // Errors are the client's, which went away or did not trust us.
                thread::spawn(move || {
                    drop(match tls {
                        None => told.serve(stream),
                        Some(tls) => ServerConnection::new(tls)
                            .map_err(io::Error::other)
                            .and_then(|tls| told.serve(StreamOwned::new(tls, stream))),
                    });
                });
            }
        });
        Self { address, scheme, told }
    }

    pub fn url(&self) -> String {
        format!("{}://{}{PATH}", self.scheme, self.address)
    }

    /// Answers with this from the next request on.
    pub fn answer(&self, status: u16) {
        self.be(Manner::Answer(status));
    }

    /// Answers nothing any more.
    pub fn hang(&self) {
        self.be(Manner::Hang);
    }

    /// Is as good as not there, until it answers.
    pub fn hang_up(&self) {
        self.be(Manner::HangUp);
    }

    /// Answers without end.
    pub fn flood(&self, flood: Flood) {
        self.be(Manner::Flood(flood));
    }

    fn be(&self, manner: Manner) {
        *self.told.manner.lock().unwrap() = manner;
    }

    /// How much was sent in floods, as far as it was taken.
    pub fn poured_bytes(&self) -> u64 {
        self.told.poured_bytes.load(Ordering::SeqCst)
    }

    /// All that came, in order.
    pub fn all(&self) -> Vec<Received> {
        self.told.received.lock().unwrap().clone()
    }

    pub fn count(&self) -> usize {
        self.all().len()
    }

    /// All that was taken.
    pub fn taken(&self) -> Vec<Received> {
        let mut all = self.all();
        all.retain(|received| received.status == 200);
        all
    }

    /// Those taken with this value of a field.
    pub fn of(&self, field: &str, value: &str) -> Vec<Received> {
        let mut all = self.taken();
        all.retain(|received| received.text(field) == value);
        all
    }

    /// Waits for so many of these in all, and returns the last.
    #[track_caller]
    pub fn wait_for(&self, field: &str, value: &str, count: usize) -> Received {
        until(&format!("{count} messages with the {field} {value}"), || {
            let found = self.of(field, value);
            found.get(count - 1).cloned().ok_or_else(|| format!("{:?}", self.titles()))
        })
    }

    /// Waits for so many that are taken, and returns the last.
    #[track_caller]
    pub fn wait_taken(&self, count: usize) -> Received {
        until(&format!("{count} messages"), || {
            self.taken().get(count - 1).cloned().ok_or_else(|| format!("{:?}", self.titles()))
        })
    }

    fn titles(&self) -> Vec<String> {
        self.all().iter().map(|one| format!("{} {}", one.status, one.text("title"))).collect()
    }
}

impl Told {
    fn manner(&self) -> Manner {
        *self.manner.lock().unwrap()
    }

    fn serve(&self, stream: impl Read + Write) -> io::Result<()> {
        let mut reader = BufReader::new(stream);
        loop {
            if self.manner() == Manner::HangUp {
                return Ok(());
            }
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") {
                if reader.read_line(&mut head)? == 0 {
                    return Ok(());
                }
            }
            assert!(head.starts_with(&format!("POST {PATH} HTTP/1.1\r\n")), "{head}");
            let manner = self.manner();
            let status = match manner {
                Manner::Answer(status) | Manner::Flood(Flood::Body(status)) => status,
                Manner::Hang | Manner::HangUp | Manner::Flood(_) => 0,
            };
            let mut received = Received { head, body: Vec::new(), status };
            let length: usize = received.header("content-length").parse().unwrap();
            received.body = vec![0; length];
            reader.read_exact(&mut received.body)?;
            self.received.lock().unwrap().push(received);
            match manner {
                Manner::Answer(_) => {}
                // Until it is to do something else, and then without an answer.
                Manner::Hang => {
                    while self.manner() == Manner::Hang {
                        thread::sleep(PAUSE);
                    }
                    return Ok(());
                }
                Manner::HangUp => return Ok(()),
                Manner::Flood(flood) => return self.pour(reader.get_mut(), flood),
            }
            let said = if status == 200 { "ok" } else { "no" };
            let stream = reader.get_mut();
            write!(stream, "HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n{said}", said.len())?;
            stream.flush()?;
        }
    }

    /// Until the other end has had enough.
    fn pour(&self, stream: &mut impl Write, flood: Flood) -> io::Result<()> {
        let (beginning, again) = flood.parts();
        stream.write_all(beginning.as_bytes())?;
        loop {
            stream.write_all(again.as_bytes())?;
            self.poured_bytes.fetch_add(again.len() as u64, Ordering::SeqCst);
        }
    }
}

/// As Standard Webhooks makes it.
pub fn signature(secret: &str, id: &str, at: u64, body: &[u8]) -> String {
    let secret = BASE64.decode(secret.strip_prefix("whsec_").unwrap().as_bytes()).unwrap();
    let key = hmac::Key::new(hmac::HMAC_SHA256, &secret);
    let signed = [format!("{id}.{at}.").as_bytes(), body].concat();
    format!("v1,{}", BASE64.encode(hmac::sign(&key, &signed).as_ref()))
}
