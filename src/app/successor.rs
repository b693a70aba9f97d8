//! A new process in place of this one: started beside it, and given everything as soon as it can
//! answer. What goes wrong before leaves this one as it is.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command};
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::handover::{FromNext, FromRunning, Legacy, Talk};
use super::running::Running;
use super::surroundings::{CONNECTIONS, LOCK, TALK};
use crate::clock;
use crate::server::{self, Role};
use crate::state::Remembered;

/// How long loading the files may take.
const LOADING: Duration = Duration::from_secs(600);
/// How long it may take from there to the first answer; meanwhile nothing is written down.
const TAKING_OVER: Duration = Duration::from_secs(20);

/// A process that is to take over.
pub(super) struct Successor {
    child: Child,
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
    /// Starts it, with all sockets.
    pub(super) fn start(
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
        for (role, socket) in sockets {
            named.push((role.name(), socket.try_clone().map_err(no)?));
        }
        let talk = Talk::new(stream.try_clone().map_err(no)?);
        let mut next = Command::new(program);
        next.args(arguments).env_remove("WATCHDOG_PID");
        server::hand_on(&mut next, named);
        let child = next.spawn().map_err(no)?;
        Ok(Self { child, talk, stream, connections })
    }

    /// Its process.
    pub(super) fn process(&self) -> u32 {
        self.child.id()
    }

    /// What lets somebody else end the wait for it.
    pub(super) fn stream(&self) -> std::io::Result<UnixStream> {
        self.stream.try_clone()
    }

    /// Waits until it has taken over; to be called on a thread that may wait.
    pub(super) fn take_over(mut self, running: &Running) -> Result<Handover, String> {
        let taken =
            self.wait_for(&FromNext::Loaded, LOADING).and_then(|()| self.hand_state_over(running));
        match taken {
            Ok(()) => Ok(Handover {
                process: self.child.id(),
                connections: self.connections,
                talk: self.talk,
            }),
            Err(why) => {
                self.end();
                Err(why)
            }
        }
    }

    fn hand_state_over(&mut self, running: &Running) -> Result<(), String> {
        if running.drills.all().iter().any(|report| !report.state.is_over()) {
            return Err(
                "a drill is under way, which would not be put back; try again after it".into()
            );
        }
        running.write_down_comebacks();
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
                running.manager.main_process_is(self.process());
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
                    Ok(None) => {}
                    Err(error) => tracing::error!(
                        %error,
                        "the state folder cannot be read after a process that did not take over; going on with what is known"
                    ),
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
        self.end();
        match self.child.wait() {
            Ok(status) => format!("it ended ({status}) before it answered; it may have said why"),
            Err(error) => format!("it ended before it answered: {error}"),
        }
    }

    /// Ends it, if it has not ended yet. Nothing that it was given ends with it.
    fn end(&mut self) {
        // An error says that it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Running {
    /// Takes in what a process has left behind that was to take over.
    fn believe_again(&self, remembered: Remembered) {
        *self.beliefs.overrides() = remembered.overrides;
        *self.access.named_mut() = remembered.tokens;
        self.maintenance.plan_anew(remembered.plans);
        self.maintenance.expect(&self.live.load().world);
        self.pass_maintenance(clock::wall_now());
    }
}
