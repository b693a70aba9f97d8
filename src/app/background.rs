//! What runs beside the answering: the admin endpoint, what takes in what probes report, and what
//! looks at files, counters and the clock.

use std::net::SocketAddr;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use super::handshakes::Handshakes;
use super::passing::{self, Passing};
use super::reloads::Wanted;
use super::running::Running;
use super::{StartError, floods, follow, other, webhooks};
use crate::admin;
use crate::probe::Report;
use crate::reload::Watch;

/// For so long the end waits for messages that are under way.
const LAST_MESSAGES: Duration = Duration::from_secs(3);
/// What has ended in a panic begins anew after this.
const AFTER_A_PANIC: Duration = Duration::from_secs(1);

/// All of it, running.
pub(super) struct Background {
    /// Where the admin endpoint is.
    pub admin_address: SocketAddr,
    admin: JoinHandle<()>,
    /// Held, not used: they end with it.
    _handshakes: Handshakes,
    /// Looks at the clock.
    passing: Passing,
    /// Takes in what probes report.
    verdicts: thread::JoinHandle<()>,
    /// Makes messages of what happens; none where nobody is told.
    telling: Option<thread::JoinHandle<()>>,
    /// Send them, one for each webhook.
    sending: Vec<thread::JoinHandle<()>>,
    /// What looks at files and counters, and what writes down.
    looking: Vec<JoinHandle<()>>,
    stop: watch::Sender<bool>,
}

impl Background {
    /// Starts it, on the runtime that this is called from.
    pub fn start(
        running: &Arc<Running>,
        admin_listener: TcpListener,
        reports: mpsc::Receiver<Report>,
        files: Watch,
    ) -> Result<Self, StartError> {
        let admin_address = admin_listener.local_addr().map_err(other("admin endpoint"))?;
        let (handshakes, tls) = Handshakes::start(running)?;
        let verdicts = take_reports(running, reports)?;
        let passing = Passing::start(running).map_err(other("cannot start a thread"))?;
        let (stop, stopped) = watch::channel(false);
        let admin = tokio::spawn(admin::serve(
            admin_listener,
            tls,
            running.access.clone(),
            Arc::clone(running) as Arc<dyn admin::Control>,
            admin::Limits::default(),
            until(stopped.clone()),
        ));
        let looking = look(running, files, &stopped);
        let _handshakes = handshakes;
        Ok(Self {
            admin_address,
            admin,
            passing,
            _handshakes,
            verdicts,
            telling: None,
            sending: Vec::new(),
            looking,
            stop,
        })
    }

    /// Begins to tell elsewhere of what happens.
    pub fn tell(&mut self, running: &Arc<Running>) {
        let count = running.webhooks.hooks.len();
        if count == 0 {
            return;
        }
        let stopped = || self.stop.subscribe();
        let (runtime, telling, stop) = (Handle::current(), Arc::clone(running), stopped());
        // A panic has been reported when it happened. Whoever is told of nothing any more would not know.
        let tell = move || {
            let tell = || runtime.block_on(webhooks::tell(Arc::clone(&telling), stop.clone()));
            while panic::catch_unwind(AssertUnwindSafe(tell)).is_err() {
                telling.metrics.panicked();
                thread::sleep(AFTER_A_PANIC);
            }
        };
        let thread = thread::Builder::new().name("webhooks".into());
        match thread.spawn(tell) {
            Ok(telling) => self.telling = Some(telling),
            Err(error) => {
                tracing::error!(%error, "cannot start a thread: NO WEBHOOK IS TOLD of anything")
            }
        }
        for number in 0..count {
            let sending = webhooks::send(Arc::clone(running), number, stopped());
            // On a thread of its own: what the other end makes of it may keep a thread busy for as long as it likes.
            let sent = thread::Builder::new()
                .name("webhook".into())
                .spawn(move || webhooks::alone(sending));
            match sent {
                Ok(thread) => self.sending.push(thread),
                Err(error) => {
                    tracing::error!(%error, "cannot start a thread: A WEBHOOK IS TOLD of nothing");
                }
            }
        }
    }

    /// Ends it, and with it all probes.
    pub async fn stop(self, running: &Running) {
        // An error says that nobody listens any more.
        let _ = self.stop.send(true);
        if let Some(git) = &running.git {
            git.stop();
        }
        running.beliefs.probes.shutdown();
        let _ = self.admin.await;
        for task in self.looking {
            let _ = task.await;
        }
        let sending = self.sending;
        let sent = tokio::task::spawn_blocking(move || {
            sending.into_iter().for_each(|thread| drop(thread.join()));
        });
        // One that another end keeps busy ends with the process.
        let _ = tokio::time::timeout(LAST_MESSAGES, sent).await;
        let (passing, verdicts, telling) = (self.passing, self.verdicts, self.telling);
        // It ends with the last probe. A panic has been reported when it happened.
        let join = move || {
            passing.stop();
            drop(verdicts.join());
            telling.map(thread::JoinHandle::join)
        };
        let _ = tokio::task::spawn_blocking(join).await;
        running.write_down();
        running.store.catch_up();
    }
}

/// Begins to take in what probes report.
fn take_reports(
    running: &Arc<Running>,
    reports: mpsc::Receiver<Report>,
) -> Result<thread::JoinHandle<()>, StartError> {
    let running = Arc::clone(running);
    thread::Builder::new()
        .name("verdicts".into())
        .spawn(move || running.take_reports(reports))
        .map_err(other("cannot start a thread"))
}

/// Begins to look at files and counters, and to write down what has ended.
fn look(
    running: &Arc<Running>,
    watch: Watch,
    stopped: &watch::Receiver<bool>,
) -> Vec<JoinHandle<()>> {
    let mut looking = vec![
        tokio::spawn(passing::write_down(Arc::clone(running), stopped.clone())),
        tokio::spawn(reload_on_change(Arc::clone(running), watch, stopped.clone())),
        tokio::spawn(floods::watch(Arc::clone(running), stopped.clone())),
        tokio::spawn(Arc::clone(running).watch_drills(stopped.clone())),
        tokio::spawn(Arc::clone(running).keep_records(stopped.clone())),
    ];
    if running.git.is_some() {
        looking.push(tokio::spawn(follow::follow(Arc::clone(running), stopped.clone())));
    }
    looking
}

pub(super) async fn until(mut stopped: watch::Receiver<bool>) {
    // An error says that the daemon is gone, which is as good as stopped.
    let _ = stopped.wait_for(|stop| *stop).await;
}

async fn reload_on_change(running: Arc<Running>, mut watch: Watch, stopped: watch::Receiver<bool>) {
    let stopped = until(stopped);
    tokio::pin!(stopped);
    loop {
        tokio::select! {
            () = &mut stopped => return,
            () = watch.changed() => running.reload_in_background("a file has changed", Wanted::Served).await,
        }
    }
}
