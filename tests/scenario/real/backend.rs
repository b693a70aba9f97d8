//! The servers behind the endpoints: HTTP on loopback, well, broken, or waiting for the story.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::sync::Notify;

use super::admin::Admin;
use crate::scenario::probed::{Condition, Minds, Page};

/// All servers of a run.
pub struct Backends {
    runtime: Handle,
    shared: Arc<Shared>,
    /// Where each really is, by where the story has it.
    addresses: HashMap<String, SocketAddr>,
}

#[derive(Default)]
struct Shared {
    minds: Mutex<Minds>,
    /// Those that wait for an answer, by page.
    queues: Mutex<HashMap<Page, VecDeque<u64>>>,
    /// Rings when a mind has changed.
    changed: Notify,
    /// Whether a probe that had to wait for the story lost patience.
    spoilt: AtomicBool,
}

impl Shared {
    fn minds(&self) -> MutexGuard<'_, Minds> {
        self.minds.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn queues(&self) -> MutexGuard<'_, HashMap<Page, VecDeque<u64>>> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Backends {
    /// None yet.
    pub fn new(runtime: Handle) -> Self {
        Self { runtime, shared: Arc::default(), addresses: HashMap::new() }
    }

    /// Where a server of the story really is; it starts when it is first asked for.
    pub fn address(&mut self, server: &str) -> SocketAddr {
        if let Some(address) = self.addresses.get(server) {
            return *address;
        }
        let listener = self.runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        self.runtime.spawn(serve(listener, server.to_owned(), Arc::clone(&self.shared)));
        self.addresses.insert(server.to_owned(), address);
        address
    }

    /// How all pages are.
    pub fn minds(&self) -> MutexGuard<'_, Minds> {
        self.shared.minds()
    }

    /// Changes how pages are.
    pub fn change(&self, pages: &[Page], change: impl Fn(&mut crate::scenario::probed::Mind)) {
        pages.iter().for_each(|page| change(self.minds().of(page)));
        self.shared.changed.notify_waiters();
    }

    /// Time goes on for all.
    pub fn go_on(&self) {
        self.minds().go_on();
        self.shared.changed.notify_waiters();
    }

    /// Whether the daemon lost patience with a server that was waiting for the story to go on:
    /// then there was a failure that the story knows nothing of.
    pub fn are_spoilt(&self) -> bool {
        self.shared.spoilt.load(Ordering::Relaxed)
    }

    /// Whether the daemon has counted every answer of these pages, and all that was foretold has
    /// happened.
    pub fn is_taken_in(&self, pages: &[Page], admin: &Admin) -> Result<(), String> {
        for page in pages {
            let mind = self.minds().of(page).clone();
            let address = self.addresses.get(&page.server).ok_or("no such server")?;
            let target = format!("http://{address}{}", page.path);
            let counted = admin.probes(&target);
            if !mind.is_done() || counted != mind.answered {
                return Err(format!("{target}: {counted} probes counted, of {mind:?}"));
            }
        }
        Ok(())
    }
}

/// The place of a probe among those that wait for an answer of the same page: the first to come is
/// the first to be answered.
struct Turn<'s> {
    shared: &'s Shared,
    page: Page,
    number: u64,
}

impl<'s> Turn<'s> {
    fn take(shared: &'s Shared, page: Page) -> Self {
        let mut queues = shared.queues();
        let queue = queues.entry(page.clone()).or_default();
        let number = queue.back().map_or(0, |last| last + 1);
        queue.push_back(number);
        drop(queues);
        Self { shared, page, number }
    }

    /// What it comes to now, if anything.
    fn probe(&self) -> Option<bool> {
        let first = self.shared.queues().get(&self.page)?.front().copied();
        if first != Some(self.number) {
            return None;
        }
        self.shared.minds().of(&self.page).probe()
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if let Some(queue) = self.shared.queues().get_mut(&self.page) {
            queue.retain(|number| *number != self.number);
        }
        self.shared.changed.notify_waiters();
    }
}

async fn serve(listener: TcpListener, server: String, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        let (server, shared) = (server.clone(), Arc::clone(&shared));
        // A connection that breaks is one that the daemon gave up.
        tokio::spawn(async move { drop(answer(stream, server, &shared).await) });
    }
}

async fn answer(mut stream: TcpStream, server: String, shared: &Shared) -> std::io::Result<()> {
    let mut request = Vec::new();
    while !request.windows(4).any(|bytes| bytes == b"\r\n\r\n") {
        let changed = shared.changed.notified();
        tokio::select! {
            length = stream.read_buf(&mut request) => {
                if length? == 0 {
                    return Ok(());
                }
            }
            // Nobody asked yet: it is an idle connection, which ends with its process.
            () = changed => {
                if request.is_empty() && shared.minds().is_gone(&server) {
                    return Ok(());
                }
            }
        }
    }
    let request = String::from_utf8_lossy(&request).into_owned();
    let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
    let page = Page { server, path };
    let turn = Turn::take(shared, page);
    let well = loop {
        let changed = shared.changed.notified();
        tokio::pin!(changed);
        changed.as_mut().enable();
        if let Some(well) = turn.probe() {
            break well;
        }
        tokio::select! {
            () = changed => {}
            // Whoever hangs up gets no answer, and takes none from the next.
            _ = stream.read_u8() => {
                if !shared.minds().of(&turn.page).give_up() {
                    shared.spoilt.store(true, Ordering::Relaxed);
                }
                return Ok(());
            }
        }
    };
    let condition = shared.minds().of(&turn.page).condition();
    let (status, body) = match (well, condition) {
        (true, _) => ("200 OK", "ok"),
        (false, Condition::OtherBody) => ("200 OK", "no"),
        (false, Condition::Gone) => return Ok(()),
        (false, _) => ("503 Service Unavailable", "ok"),
    };
    let reply =
        format!("HTTP/1.1 {status}\r\nContent-Length: 3\r\nConnection: close\r\n\r\n{body}\n");
    stream.write_all(reply.as_bytes()).await?;
    stream.shutdown().await
}
