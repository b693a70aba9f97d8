//! The daemon put together: started, run, reloaded, stopped.
//!
//! Everything here is wiring. What is believed and overridden lives in `beliefs`; what changes it
//! is in `running`, for files and time, in `reports`, for probes, and in `control`, for people.

mod alarm;
mod background;
mod beliefs;
mod comebacks;
mod control;
mod drills;
mod events;
mod families;
mod first_round;
mod floods;
mod follow;
mod git;
mod handover;
mod handshakes;
mod limits;
mod maintenance;
mod moment;
mod panics;
mod passing;
mod predecessor;
mod reasons;
mod reloads;
mod reports;
mod rules;
mod running;
mod runtime;
mod shares;
mod signals;
mod sockets;
mod stands;
mod successor;
mod surroundings;
mod upgrade;
mod uptime;
mod watchdog;
mod webhooks;

use std::ffi::OsString;
use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use self::drills::Drills;
use self::git::Git;
use self::maintenance::Maintenance;
use self::shares::Counted;
use self::uptime::Records;
use crate::admin::Access;
use crate::clock;
use crate::config::Daemon;
use crate::dns::Transport;
use crate::finding::Finding;
use crate::history::History;
use crate::live::Live;
use crate::metrics::Metrics;
use crate::probe::{Kit, Plan, Probes, Report, question_of};
use crate::querylog::QueryLogs;
use crate::reload::{self, Loaded, Seen, Watch};
use crate::server::{self, Bound, Encrypted, EncryptedBound, Identity, Limits, Role, Server};
use crate::state::{Remembered, Store, Token};
use crate::steering::Returns;
use crate::view::{View, World};

pub use runtime::runtime;
pub use surroundings::Surroundings;

use alarm::Alarm;
use background::Background;
use beliefs::Beliefs;
use handover::Legacy;
use limits::{encrypted_limits, tcp_limits};
use running::{Ongoing, Running};
use signals::{Signals, Wish};
use sockets::{Sockets, open_sockets};
use surroundings::Inheritance;
use upgrade::Upgraded;
use webhooks::Webhooks;

/// Reports that may wait to be taken in; probes wait when there are more.
const REPORTS_WAITING: usize = 4096;

/// What loading the files at the start may take, as a service manager is told.
const LOADING: Duration = Duration::from_secs(600);
/// What a start may take beside the first round of probes, as a service manager is told.
const BESIDE_FIRST_ROUND: Duration = Duration::from_secs(90);

/// Why the daemon did not start.
#[derive(Debug)]
pub enum StartError {
    /// The files are wrong.
    Files(Vec<Finding>),
    /// Something else is, said in words.
    Other(String),
    /// Somebody ended it before it had answered anything.
    Stopped,
}

/// The running daemon.
pub struct App {
    running: Arc<Running>,
    server: Server,
    /// None without a certificate.
    encrypted: Option<Encrypted>,
    signals: Signals,
    background: Background,
    /// All sockets that it answers on, to be handed on.
    sockets: Vec<(Role, OwnedFd)>,
    /// What starts another one; none if nothing does.
    command: Option<Vec<OsString>>,
}

impl App {
    /// Loads the files, opens the sockets, probes everything once and serves; to be called within
    /// a tokio runtime.
    pub async fn start(daemon: Daemon) -> Result<Self, StartError> {
        Self::start_in(daemon, Surroundings::default()).await
    }

    /// The same with what was found at the start: sockets that are open are taken, and a daemon that
    /// runs is taken over from, as soon as this one can answer.
    pub async fn start_in(daemon: Daemon, found: Surroundings) -> Result<Self, StartError> {
        let Surroundings { sockets: handed, mut inheritance, manager, command } = found;
        // First of all: whoever sends one while the files are loaded must not end the process.
        let mut signals = Signals::new().map_err(other("cannot wait for signals"))?;
        let open_files = server::raise_open_files().unwrap_or_else(|error| {
            tracing::warn!(%error, "cannot raise the limit of open files");
            u64::MAX
        });
        if inheritance.is_none() {
            manager.starting("Loading the files", LOADING);
        }
        let seed = u64::from_le_bytes(clock::random_bytes().map_err(other("no randomness"))?);
        let seen = Arc::new(Seen::now(&daemon));
        let watch = Watch::new(&daemon, Arc::clone(&seen));
        let git_lock = inheritance.as_mut().and_then(|it| it.git_lock.take());
        let (git, loaded) = match Git::open(&daemon, git_lock)? {
            None => (None, reload::load(&daemon, seed).map_err(StartError::Files)?),
            Some(git) => {
                let (git, loaded) = git::begin(git, &daemon, seed, &mut signals).await?;
                (Some(git), loaded)
            }
        };
        let Loaded { world, certificate, admin_certificate, cookie_secrets, warnings, .. } = loaded;
        alarm::tell_warnings(&warnings);
        let world = Arc::new(world);
        let Sockets { bound, encrypted: encrypted_bound, admin, again } =
            open_sockets(&daemon, handed)?;
        let legacy = legacy_of(&inheritance, &mut signals).await?;
        let cookie_secrets = match cookie_secrets {
            Some(secrets) => secrets,
            None => legacy.secrets().map_err(other("no randomness"))?,
        };
        let started = clock::wall_now();
        let lock = inheritance.as_mut().and_then(|it| it.lock.take());
        let (store, mut remembered) = Store::open_with(&daemon.state, started, lock)
            .map_err(|error| StartError::Other(error.to_string()))?;
        let plans = std::mem::take(&mut remembered.plans);
        let queues = std::mem::take(&mut remembered.queues);
        let silences = std::mem::take(&mut remembered.silences);
        let webhooks = Webhooks::new(&daemon, silences, queues);
        let access = Access::new(token(&daemon), std::mem::take(&mut remembered.tokens));
        let (beliefs, reports) = start_probes(&world, remembered)?;
        let metrics = Metrics::new();
        metrics.expect(&world);
        let pools = beliefs.pools(&world.inventory);
        let nsid = daemon.dns.nsid.clone().map(Arc::from);
        let live = Arc::new(Live::new(View { world, pools, nsid, cookie_secrets }));
        let [identity, admin_identity] = [certificate, admin_certificate]
            .map(|pair| pair.map(|pair| Arc::new(Identity::new(pair))));
        let querylogs =
            QueryLogs::start(daemon.dnstap.as_ref(), daemon.decision_log.as_ref(), &live)
                .map_err(other("cannot start a thread"))?;
        let running = Arc::new(Running {
            daemon,
            seed,
            started,
            live,
            identity,
            admin_identity,
            beliefs,
            store,
            access,
            history: Arc::new(History::new(started)),
            metrics,
            querylogs,
            alarm: Alarm::default(),
            seen,
            ongoing: Ongoing::default(),
            counted: Counted::default(),
            drills: Drills::default(),
            maintenance: Maintenance::new(plans),
            records: Records::new(inheritance.is_some()),
            manager,
            git,
            webhooks,
        });
        running.ongoing.was_ready.store(legacy.was_ready, Ordering::Relaxed);

        running.remember();
        running.remember_drills();
        running.maintenance.expect(&running.live.load().world);
        running.pass_maintenance(|| started);
        let mut background = Background::start(&running, admin, reports, watch)?;
        if inheritance.is_none() {
            running.announce_the_first_round(background.admin_address);
        }
        let answering = tokio::select! {
            biased;
            // Reloads are heeded meanwhile, too.
            () = signals.stopped(&running, "nothing is answered yet") => Err(StartError::Stopped),
            answering = answer(&running, (bound, encrypted_bound), inheritance, open_files) => answering,
        };
        let (server, encrypted) = match answering {
            Ok(answering) => answering,
            Err(error) => {
                background.stop(&running).await;
                return Err(error);
            }
        };
        if let Some(address) = server.addresses().first() {
            // This is the only place that sets it.
            let _ = running.drills.answering.set(*address);
        }
        // Whoever ran before has left that to this process by now.
        background.tell(&running);
        let app = Self { running, server, encrypted, signals, background, sockets: again, command };
        app.announce();
        app.running.manager.ready(&app.running.status_sentence());
        alarm::tell_all(None, &app.running.live.load(), &app.running.history);
        Ok(app)
    }

    fn announce(&self) {
        let view = self.running.live.load();
        let over = |transport| {
            let addresses = self.encrypted.as_ref()?.addresses(transport);
            Some(joined(addresses)).filter(|addresses| !addresses.is_empty())
        };
        tracing::info!(
            dns = joined(self.server.addresses().iter().copied()),
            dot = over(Transport::Tls),
            doh = over(Transport::Https),
            doq = over(Transport::Quic),
            admin = %self.background.admin_address,
            zones = view.world.zones.all().len(),
            revision = view.world.revision,
            "serving"
        );
    }

    /// Where DNS is answered, in the order of the configuration.
    pub fn dns_addresses(&self) -> &[SocketAddr] {
        self.server.addresses()
    }

    /// Where the admin endpoint is.
    pub fn admin_address(&self) -> SocketAddr {
        self.background.admin_address
    }

    /// Runs until SIGTERM or SIGINT, and reloads on SIGHUP; then stops. On SIGUSR2 a new process takes
    /// over, if it can, and this one ends.
    pub async fn run(mut self) {
        loop {
            let wish = tokio::select! {
                wish = self.signals.wait(&self.running) => wish,
                never = watchdog::watch(&self.running, &self.server) => match never {},
            };
            match wish {
                Wish::Stop => return self.stop().await,
                Wish::Upgrade => match self.upgrade().await {
                    Upgraded::Yes(handover) => return self.hand_over(handover).await,
                    Upgraded::No => {}
                    Upgraded::Stopped => return self.stop().await,
                },
            }
        }
    }

    /// Takes no new work, answers what has arrived, writes down the last verdicts, and ends: then
    /// nothing runs any more, and the state folder is free for the next.
    pub async fn stop(self) {
        tracing::info!("stopping: answering what has arrived");
        self.running.manager.stopping();
        // Or whoever comes now would wait for nobody.
        drop(self.sockets);
        let encrypted = async {
            if let Some(encrypted) = self.encrypted {
                encrypted.stop().await;
            }
        };
        tokio::join!(self.server.stop(), encrypted, self.background.stop(&self.running));
        self.running.tell_the_last().await;
        tracing::info!("stopped");
    }
}

/// What the daemon before hands on beside files and sockets, once it writes no more; nothing without
/// one.
async fn legacy_of(
    inheritance: &Option<Inheritance>,
    signals: &mut Signals,
) -> Result<Legacy, StartError> {
    let Some(Inheritance { predecessor, .. }) = inheritance else { return Ok(Legacy::default()) };
    tokio::select! {
        legacy = predecessor.loaded() => legacy,
        () = signals.end() => Err(StartError::Stopped),
    }
}

/// Probes from now on, beginning with what an earlier run left behind.
fn start_probes(
    world: &World,
    remembered: Remembered,
) -> Result<(Beliefs, mpsc::Receiver<Report>), StartError> {
    let kit = Kit::new(&[]).map_err(|error| StartError::Other(error.to_string()))?;
    let memory = |key: &str| {
        // By other settings too, for they may have changed meanwhile.
        let question = question_of(key);
        let mut alike = remembered.verdicts.range(format!("{question} #")..);
        let alike = alike.next().filter(|(other, _)| question_of(other) == question);
        remembered.verdicts.get(key).or(alike.map(|(_, last)| last)).copied()
    };
    let (reports_in, reports) = mpsc::channel(REPORTS_WAITING);
    let probes = Probes::start(Plan::new(&world.inventory), kit, &memory, reports_in)
        .map_err(other("cannot start to probe"))?;
    let mut returns = Returns::default();
    remembered.comebacks.into_iter().for_each(|comeback| returns.remember(comeback));
    returns.expect(&world.inventory, &world.steered, &world.paces);
    Ok((Beliefs::new(remembered.overrides, returns, probes), reports))
}

/// Answers as soon as every endpoint has been probed once, or the time for that is over; at once where
/// another daemon knows what is well.
async fn answer(
    running: &Running,
    (bound, mut encrypted_bound): (Bound, EncryptedBound),
    inheritance: Option<Inheritance>,
    open_files: u64,
) -> Result<(Server, Option<Encrypted>), StartError> {
    let Running { daemon, live, metrics, identity, manager, querylogs, .. } = running;
    if inheritance.is_none() {
        let longest = daemon.dns.start_timeout;
        manager.starting("Probing once before the first answer", longest + BESIDE_FIRST_ROUND);
        running.first_round(longest).await;
    }
    let (free, after) = watch::channel(false);
    if inheritance.is_some() {
        encrypted_bound.quic_after(after);
    }
    let tcp = tcp_limits(&daemon.dns.tcp, open_files);
    let limits = Limits { rate: daemon.dns.rate_limit.clone(), tcp };
    let (view, counters) = (|| Arc::clone(live), || Arc::clone(metrics));
    let mut server = Server::start_watched(bound, view(), counters(), &limits, querylogs.sinks())
        .map_err(other("cannot start to serve"))?;
    let encrypted = (identity.as_ref().zip(daemon.dns.tls.as_ref())).map(|(identity, tls)| {
        let limits = encrypted_limits(tls, open_files);
        let sinks = querylogs.sinks();
        Encrypted::start(encrypted_bound, identity, view(), counters(), limits, sinks)
    });
    let encrypted = encrypted.transpose().map_err(other("cannot start to serve over TLS"))?;
    running.ongoing.is_serving.store(true, Ordering::Release);
    if let Some(Inheritance { predecessor, connections, .. }) = inheritance {
        let adopted = connections.map(|connections| server.adopt(connections)).transpose();
        adopted.map_err(other("cannot take over connections"))?;
        predecessor.ready().await?;
        tokio::spawn(async move {
            predecessor.gone().await;
            // An error says that there is no QUIC.
            let _ = free.send(true);
        });
    }
    Ok((server, encrypted))
}

fn joined(addresses: impl Iterator<Item = SocketAddr>) -> String {
    addresses.map(|address| address.to_string()).collect::<Vec<_>>().join(" ")
}

fn other(what: &str) -> impl Fn(io::Error) -> StartError {
    move |error| StartError::Other(format!("{what}: {error}"))
}

/// Without one DNS goes on, and only those who have another token are let in.
fn token(daemon: &Daemon) -> Result<Token, String> {
    Token::read_or_make(&daemon.admin.token_file).map_err(|error| {
        tracing::error!(%error, "no admin token: the admin endpoint lets in nobody by it");
        error.to_string()
    })
}
