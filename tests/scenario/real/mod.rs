//! The real stage: a daemon of its own, started as `serve` starts it, over real sockets.
//!
//! Its endpoints are probed at real servers on loopback, its location database is a real file,
//! people speak through the admin endpoint, and questions are asked over UDP.

mod admin;
mod backend;
mod rewrite;

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use steersman::app::App;
use steersman::health::{Inventory, OverrideState};
use steersman::{clock, config};
use tokio::runtime::Runtime;

use super::Stage;
use super::ask::{self, Reply};
use super::expect::{Expectation, What, count};
use super::files::Files;
use super::places;
use super::probed::{meant, pages};
use super::story::{Act, Asked, Story};
use admin::Admin;
use backend::Backends;

/// Whatever a story waits for comes within this, however busy the machine is.
const PATIENCE: Duration = Duration::from_secs(20);
/// From one look to the next.
const PAUSE: Duration = Duration::from_millis(5);
/// How long one reply is waited for before the question is asked again.
const REPLY: Duration = Duration::from_millis(300);

/// A failure tells this many of the last things that were seen.
const SEEN: usize = 20;

const CONFIG: &str = "steersman.toml";
const DATABASE: &str = "places.mmdb";
const POOLS: &str = "pools.toml";

/// The stage.
pub struct Real {
    /// What the files mean before they are rewritten.
    original: Files,
    inventory: Arc<Inventory>,
    files: Files,
    backends: Backends,
    runtime: Runtime,
    app: Option<App>,
    begun: Instant,
    question: Option<Asked>,
}

impl Real {
    /// Starts the daemon and waits until it is ready.
    pub fn new(story: &Story) -> Self {
        let original = Files::new(story);
        let world = original.load(places::by_hand(&story.places));
        let inventory = world.unwrap_or_else(|findings| panic!("{findings:?}")).inventory;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let files = Files::new(story);
        let mut stage = Self {
            original,
            inventory,
            files,
            backends: Backends::new(runtime.handle().clone()),
            runtime,
            app: None,
            begun: clock::monotonic_now(),
            question: None,
        };
        story.files.iter().for_each(|(name, text)| stage.write(name, text));
        let geoip = if story.places.is_empty() { String::new() } else { format!("{DATABASE:?}") };
        stage.files.put(DATABASE, &places::database(&story.places));
        let config = format!(
            "geoip = [{geoip}]\n[dns]\nlisten = [\"127.0.0.1:0\"]\nworkers = 1\n\
             [admin]\nlisten = \"127.0.0.1:0\"\n"
        );
        stage.files.put(CONFIG, config.as_bytes());
        stage.start();
        stage
    }

    fn start(&mut self) {
        let daemon = config::daemon(&self.files.path().join(CONFIG)).unwrap();
        let app = self.runtime.block_on(App::start(daemon));
        self.app = Some(app.unwrap_or_else(|error| panic!("did not start: {error:?}")));
        self.wait_for(|| self.admin().is_ready()).unwrap();
    }

    /// Stops the daemon.
    pub fn stop(&mut self) {
        if let Some(app) = self.app.take() {
            self.runtime.block_on(app.stop());
        }
    }

    /// Whether something happened that no story tells, since the machine was too slow.
    pub fn is_spoilt(&self) -> bool {
        self.backends.are_spoilt()
    }

    /// Looks again and again until something is so, or tells what was seen instead.
    fn wait_for(&self, mut look: impl FnMut() -> Result<(), String>) -> Result<(), String> {
        let begun = clock::monotonic_now();
        let mut seen: Vec<String> = Vec::new();
        let mut last = String::new();
        while let Err(why) = look() {
            let waited = begun.elapsed();
            if why != last {
                seen.push(format!("after {:.3} s {why}", waited.as_secs_f64()));
                last = why;
            }
            if self.is_spoilt() || waited > PATIENCE {
                return Err(seen[seen.len().saturating_sub(SEEN)..].join("\n  "));
            }
            thread::sleep(PAUSE);
        }
        Ok(())
    }

    fn app(&self) -> &App {
        self.app.as_ref().expect("it runs between start and stop")
    }

    fn admin(&self) -> Admin {
        Admin::new(self.app().admin_address(), &self.files.path().join("state/admin.token"))
    }

    /// Puts a file where the daemon reads it, with the servers to probe that there really are.
    fn write(&mut self, name: &str, text: &str) {
        self.original.write(name, text);
        match name {
            POOLS => self.files.write(name, rewrite::pools(text, |at| self.backends.address(at))),
            _ => self.files.write(name, text),
        }
    }

    fn reload(&mut self, refused_with: Option<&String>) -> Result<(), String> {
        let reply = self.admin().request("POST", "/api/v1/reload", "");
        let findings = reply.findings();
        match (reply.status, refused_with) {
            (200, None) => {
                // Places make no difference to what is probed.
                let world = self.original.load(places::by_hand(&[]));
                self.inventory = world.map_err(|findings| format!("{findings:?}"))?.inventory;
                Ok(())
            }
            (422, Some(text)) if findings.iter().any(|f| f.contains(text)) => Ok(()),
            (status, _) => Err(format!("{status} {findings:?}")),
        }
    }

    /// Until the daemon believes of every endpoint what its server is, without doubt.
    fn settle(&self) -> Result<(), String> {
        let admin = self.admin();
        let wanted = |name: &str| {
            let minds = self.backends.minds();
            let mut of_endpoint = pages(&self.inventory).into_iter().filter(|(id, _, _)| {
                self.inventory.pools[id.pool as usize].endpoint_name(id.index as usize) == name
            });
            of_endpoint.all(|(_, _, page)| minds.is_well(&page))
        };
        self.wait_for(|| {
            let endpoints = admin.endpoints();
            let other = endpoints.iter().find(|e| e.up != wanted(&e.name) || e.in_doubt);
            other.map_or(Ok(()), |other| Err(format!("not settled: {other:?}")))
        })
    }

    fn ask(&self) -> Result<Reply, String> {
        let asked = self.question.as_ref().ok_or("nothing was asked")?;
        let server = *self.app().dns_addresses().first().ok_or("no address")?;
        exchange(asked, server)
    }

    fn check(&self, expectation: &Expectation) -> Result<(), String> {
        if let What::Shares { shares, draws } = &expectation.what {
            return self.check_shares(shares, *draws);
        }
        self.wait_for(|| {
            let reply = self.ask()?;
            if expectation.fits(&reply) { Ok(()) } else { Err(format!("came: {reply}")) }
        })
    }

    /// How often each comes is proved on the pure core. Here: whoever has a share comes, if asked
    /// often enough, and nobody else does.
    fn check_shares(&self, shares: &[(String, u64)], draws: u64) -> Result<(), String> {
        let wanted: Vec<&str> =
            shares.iter().filter(|(_, share)| *share > 0).map(|(pool, _)| &**pool).collect();
        let mut replies = Vec::new();
        self.wait_for(|| {
            replies.push(self.ask()?);
            let counted = count(&replies, &self.inventory)?;
            let all = wanted.iter().all(|pool| counted.iter().any(|(name, _)| name == pool));
            if counted.iter().any(|(name, _)| !wanted.contains(&name.as_str())) {
                // From before the last step; or, if it comes for ever, wrong.
                replies.clear();
            } else if all && replies.len() as u64 >= draws {
                return Ok(());
            }
            Err(format!("came: {counted:?}"))
        })
    }
}

/// Asks over UDP until there is a reply.
fn exchange(asked: &Asked, server: SocketAddr) -> Result<Reply, String> {
    let error = |error: std::io::Error| error.to_string();
    let socket = UdpSocket::bind((asked.from, 0)).map_err(error)?;
    socket.connect(server).map_err(error)?;
    socket.set_read_timeout(Some(REPLY)).map_err(error)?;
    let id = socket.local_addr().map_err(error)?.port();
    let mut buffer = [0; 1500];
    socket.send(&ask::packet(asked, id)).map_err(error)?;
    let length = socket.recv(&mut buffer).map_err(error)?;
    ask::reply(&buffer[..length], id).ok_or_else(|| "a reply that cannot be read".into())
}

impl Stage for Real {
    fn play(&mut self, act: &Act) -> Result<(), String> {
        match act {
            Act::Write { name, text } => self.write(name, text),
            Act::Remove { name } => {
                self.original.remove(name);
                self.files.remove(name);
            }
            Act::Places(places) => self.files.put(DATABASE, &places::database(places)),
            Act::Become { who, condition } => {
                self.backends.change(&meant(&self.inventory, who)?, |m| m.turn(*condition));
            }
            Act::Probe { who, well, times } => {
                let pages = meant(&self.inventory, who)?;
                self.backends.change(&pages, |mind| mind.foretell(*well, *times));
                let admin = self.admin();
                self.wait_for(|| self.backends.is_taken_in(&pages, &admin))?;
            }
            // What is expected next is waited for.
            Act::After(_) => self.backends.go_on(),
            Act::Settle => {
                self.backends.go_on();
                self.settle()?;
            }
            Act::Override { state, target, lifetime, reason } => {
                let state = match state {
                    OverrideState::Up => "up",
                    OverrideState::Down => "down",
                    OverrideState::Drain => "drain",
                };
                self.admin().set_override(target, state, *lifetime, reason)?;
            }
            Act::Clear(target) => self.admin().clear_override(target)?,
            Act::Failback { pool, refused } => self.admin().failback(pool, *refused)?,
            Act::Reload { refused_with } => self.reload(refused_with.as_ref())?,
            Act::Restart => {
                self.backends.go_on();
                self.stop();
                self.start();
            }
            Act::Ask(asked) => self.question = Some(asked.clone()),
            Act::Expect(expectation) => self.check(expectation)?,
        }
        Ok(())
    }

    fn clock(&self) -> String {
        format!("{:.3} s", self.begun.elapsed().as_secs_f64())
    }
}
