//! A new process in place of this one: started beside it, and given everything as soon as it can
//! answer. What goes wrong before leaves this one as it is.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, ExitStatus};
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use super::handover::{FromNext, FromRunning, Legacy, Talk};
use super::running::Running;
use super::surroundings::{CONNECTIONS, GIT_LOCK, LOCK, TALK};
use super::uptime::End;
use crate::clock;
use crate::server::{self, Role};
use crate::state::Remembered;

/// How long loading the files may take.
const LOADING: Duration = Duration::from_secs(600);
/// How long it may take from there to the first answer; meanwhile nothing is written down.
const TAKING_OVER: Duration = Duration::from_secs(20);

/// How often, and how many times, is looked whether one that has failed has ended.
const LOOK: Duration = Duration::from_millis(10);
const LAST_LOOKS: u32 = 100;

/// A process that is to take over.
pub(super) struct Successor {
    command: Command,
    /// None before it is started.
    child: Option<Child>,
    talk: Talk,
    /// For whoever wants to give it up: once this is shut down, nothing is said or heard.
    stream: UnixStream,
    /// Where open connections go.
    connections: OwnedFd,
}

/// What a process that has taken over waits for.
pub(super) struct Handover {
    /// Its process.
    pub process: u32,
    /// Where open connections go.
    pub connections: OwnedFd,
    /// To be dropped as soon as nothing reads the sockets of QUIC.
    pub talk: Talk,
}

impl Successor {
    /// Prepares it, with all sockets.
    pub(super) fn new(
        command: &[OsString],
        running: &Running,
        sockets: &[(Role, OwnedFd)],
    ) -> Result<Self, String> {
        let no = |error| format!("it cannot be started: {error}");
        let [program, arguments @ ..] = command else {
            return Err("there is no command that starts it".into());
        };
        let (stream, theirs) = UnixStream::pair().map_err(no)?;
        let (connections, their_connections) = server::connection_channel().map_err(no)?;
        let mut named = vec![(TALK, theirs.into()), (CONNECTIONS, their_connections)];
        named.extend(running.store.lock().map_err(no)?.map(|lock| (LOCK, lock.into())));
        if let Some(git) = &running.git {
            named.extend(git.mirror.lock().map_err(no)?.map(|lock| (GIT_LOCK, lock.into())));
        }
        for (role, socket) in sockets {
            named.push((role.name(), socket.try_clone().map_err(no)?));
        }
        let talk = Talk::new(stream.try_clone().map_err(no)?);
        let mut command = Command::new(program);
        command.args(arguments).env_remove("WATCHDOG_PID");
        server::hand_on(&mut command, named);
        Ok(Self { command, child: None, talk, stream, connections })
    }

    /// What lets somebody else end the wait for it.
    pub(super) fn stream(&self) -> Result<UnixStream, String> {
        self.stream.try_clone().map_err(|error| error.to_string())
    }

    /// Starts it, and waits until it has taken over; to be called on a thread that may wait.
    pub(super) fn take_over(mut self, running: &Running) -> Result<Handover, String> {
        let git = running.git.as_ref();
        // Two who fetch would be in each other's way.
        let _fetching = git.map(|git| git.fetching.lock().unwrap_or_else(PoisonError::into_inner));
        let process = self.start()?;
        tracing::info!(successor = process, "upgrading: a new process is started");
        let taken = self
            .wait_for(&FromNext::Loaded, LOADING)
            .and_then(|()| self.hand_state_over(running, process));
        if let Err(why) = taken {
            self.end();
            return Err(why);
        }
        if let Some(git) = git {
            git.stop();
        }
        Ok(Handover { process, connections: self.connections, talk: self.talk })
    }

    fn start(&mut self) -> Result<u32, String> {
        let started = self.command.spawn();
        // What is handed on is its own from here on, or nobody could see its end.
        self.command = Command::new("");
        let child = started.map_err(|error| format!("it cannot be started: {error}"))?;
        let process = child.id();
        self.child = Some(child);
        Ok(process)
    }

    fn hand_state_over(&mut self, running: &Running, process: u32) -> Result<(), String> {
        if running.drills.all().iter().any(|report| !report.state.is_over()) {
            return Err(
                "a drill is under way, which would not be put back; try again after it".into()
            );
        }
        running.write_down();
        running.write_records(End::Pause);
        // What is not told yet is on disk, and the next process tells it.
        running.webhooks.pause();
        running.collect(true);
        let closed = running.store.close();
        let believed = running.beliefs.probes.board().remembered();
        let believed = believed.iter().filter_map(|(key, last)| Some((&**key, (*last)?)));
        if let Err(error) = closed.record_verdicts(believed) {
            tracing::warn!(%error, "the next process does not know all verdicts");
        }
        let was_ready = running.ongoing.was_ready.load(Ordering::Relaxed);
        let legacy = Legacy::new(&running.live.load().cookie_secrets, was_ready);
        let taken = self
            .say(&FromRunning::Go(legacy))
            .and_then(|()| self.wait_for(&FromNext::Ready, TAKING_OVER))
            .and_then(|()| {
                // Known to the service manager before it hears of its own.
                running.manager.main_process_is(process);
                self.say(&FromRunning::Yours)
            });
        match taken {
            Ok(()) => {
                closed.hand_over();
                Ok(())
            }
            Err(why) => {
                // Or two would write.
                self.end();
                running.manager.main_process_is(std::process::id());
                match closed.take_back(clock::wall_now()) {
                    Ok(Some(remembered)) => running.believe_again(remembered),
                    Ok(None) => running.webhooks.resume(None),
                    Err(error) => {
                        tracing::error!(
                            %error,
                            "the state folder cannot be read after a process that did not take over; going on with what is known"
                        );
                        running.webhooks.resume(None);
                    }
                }
                Err(why)
            }
        }
    }

    fn say(&mut self, what: &FromRunning) -> Result<(), String> {
        self.talk.say(what).map_err(|_| self.how_it_ended())
    }

    fn wait_for(&mut self, what: &FromNext, within: Duration) -> Result<(), String> {
        match self.talk.hear(within) {
            Ok(Some(FromNext::Failed(why))) => Err(why),
            Ok(Some(said)) if std::mem::discriminant(&said) == std::mem::discriminant(what) => {
                Ok(())
            }
            Ok(Some(said)) => Err(format!("it says {said:?}, which makes no sense now")),
            Ok(None) => Err(self.how_it_ended()),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                Err(format!("{within:?} are over, and it does not say {what:?}"))
            }
            Err(error) => Err(error.to_string()),
        }
    }

    /// For one that says nothing any more.
    fn how_it_ended(&mut self) -> String {
        match self.end() {
            Some(status) => format!("it ended ({status}) before it answered; it may have said why"),
            None => "it ended before it answered".into(),
        }
    }

    /// Ends it, if it does not end by itself. Nothing that it was given ends with it.
    fn end(&mut self) -> Option<ExitStatus> {
        // It has its last words to say.
        let _ = self.stream.shutdown(Shutdown::Both);
        let child = self.child.as_mut()?;
        for _ in 0..LAST_LOOKS {
            if let Ok(Some(status)) = child.try_wait() {
                return Some(status);
            }
            thread::sleep(LOOK);
        }
        // An error says that it has ended already.
        let _ = child.kill();
        child.wait().ok()
    }
}

impl Running {
    /// Takes in what a process has left behind that was to take over.
    fn believe_again(&self, remembered: Remembered) {
        *self.beliefs.overrides() = remembered.overrides;
        *self.access.named_mut() = remembered.tokens;
        *self.webhooks.silences() = remembered.silences;
        self.webhooks.resume(Some(remembered.queues));
        self.maintenance.plan_anew(remembered.plans);
        self.maintenance.expect(&self.live.load().world);
        self.pass_maintenance(clock::wall_now);
    }
}
