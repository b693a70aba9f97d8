//! What the daemon finds where it is started: open sockets, a daemon that it takes over from, a
//! service manager, and the command that starts it.

use std::env;
use std::ffi::OsString;
use std::fs::File;
use std::os::fd::OwnedFd;

use super::predecessor::Predecessor;
use crate::server::{Descriptors, Giver, Handed};
use crate::systemd::Manager;

/// What a daemon hands on to the next beside sockets, by name.
pub(super) const TALK: &str = "talk";
pub(super) const LOCK: &str = "lock";
pub(super) const GIT_LOCK: &str = "git-lock";
pub(super) const CONNECTIONS: &str = "connections";

/// All of it; by default there is nothing.
#[derive(Default)]
pub struct Surroundings {
    pub(super) sockets: Handed,
    pub(super) inheritance: Option<Inheritance>,
    pub(super) manager: Manager,
    /// What starts a daemon that can take over from this one: the program and what it is told.
    pub(super) command: Option<Vec<OsString>>,
}

/// What is taken over from a daemon that runs.
pub(super) struct Inheritance {
    pub predecessor: Predecessor,
    /// That of its state folder, if it has one.
    pub lock: Option<File>,
    /// That of its mirror of a remote, if it follows one.
    pub git_lock: Option<File>,
    /// By which its TCP connections come.
    pub connections: Option<OwnedFd>,
}

impl Surroundings {
    /// Takes what there is; to be called once.
    ///
    /// # Errors
    ///
    /// Something is there that makes no sense, in words.
    pub fn take() -> Result<Self, String> {
        let Descriptors { by, named } = Descriptors::take().map_err(|error| error.to_string())?;
        let mut sockets = Vec::new();
        let (mut talk, mut connections) = (None, None);
        let (mut lock, mut git_lock) = (None, None);
        for (name, descriptor) in named {
            match name.as_str() {
                TALK if by == Giver::Predecessor => talk = Some(descriptor),
                LOCK if by == Giver::Predecessor => lock = Some(descriptor.into()),
                GIT_LOCK if by == Giver::Predecessor => git_lock = Some(descriptor.into()),
                CONNECTIONS if by == Giver::Predecessor => connections = Some(descriptor),
                _ => sockets.push((name, descriptor)),
            }
        }
        let inheritance = talk.map(|talk| Inheritance {
            predecessor: Predecessor::new(talk.into()),
            lock,
            git_lock,
            connections,
        });
        let taken =
            Handed::read(sockets).and_then(|sockets| Ok((sockets, Manager::from_environment()?)));
        let (sockets, manager) = match taken {
            Ok(taken) => taken,
            Err(error) => {
                let why = error.to_string();
                if let Some(inheritance) = &inheritance {
                    inheritance.predecessor.failed(&why);
                }
                return Err(why);
            }
        };
        Ok(Self { sockets, inheritance, manager, command: Some(env::args_os().collect()) })
    }

    /// Says to the daemon that this one was to take over from why it cannot.
    pub fn on_failure(&self) -> impl FnOnce(&str) + use<> {
        let predecessor = self.inheritance.as_ref().map(|it| it.predecessor.clone());
        move |why| {
            if let Some(predecessor) = predecessor {
                predecessor.failed(why);
            }
        }
    }
}
