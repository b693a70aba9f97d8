//! A connection that opens, and what is said there.

mod conversation;
mod mysql;
mod postgresql;
mod presets;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use regex::bytes::Regex;

use super::dial;
use super::failure::Failure;
use super::target::TcpRequest;
use super::tls::{Speaks, Tls};
use super::tools::Tools;
use crate::health::{Talk, Wanted};
use conversation::{Conversation, shown, shown_hex};

/// One question, ready to be asked again and again.
pub(super) struct TcpProbe {
    at: SocketAddr,
    tls: Option<Tls>,
    talk: Option<Talk>,
    pattern: Option<Arc<Regex>>,
}

impl TcpProbe {
    pub(super) fn new(
        tools: &Tools,
        address: IpAddr,
        request: &TcpRequest,
    ) -> Result<Self, Failure> {
        let TcpRequest { port, tls, talk } = request;
        let tls = tls.as_ref().map(|tls| tools.tls.prepare(tls, Speaks::Other));
        let pattern = match talk {
            Some(Talk::Own { expect: Wanted::Pattern(pattern), .. }) => {
                Some(tools.pattern(pattern)?)
            }
            _ => None,
        };
        let at = SocketAddr::new(address, *port);
        Ok(Self { at, tls: tls.transpose()?, talk: talk.clone(), pattern })
    }

    /// Asks once, without a limit of time.
    pub(super) async fn ask(&self) -> Result<(), Failure> {
        let connection = dial::connect(self.at, self.tls.as_ref()).await?;
        let talk = Conversation::new(connection);
        match &self.talk {
            None => Ok(()),
            Some(Talk::Preset(preset)) => presets::ask(*preset, talk).await,
            Some(Talk::Own { send, expect }) => self.own(talk, send.as_deref(), expect).await,
        }
    }

    async fn own(
        &self,
        mut talk: Conversation,
        send: Option<&[u8]>,
        expect: &Wanted,
    ) -> Result<(), Failure> {
        if let Some(send) = send {
            talk.say(send).await?;
        }
        let found = match (expect, &self.pattern) {
            (Wanted::Bytes { bytes, .. }, _) => talk.hear_bytes(bytes).await?,
            (_, Some(pattern)) => talk.hear_like(pattern).await?,
            (_, None) => false,
        };
        if found {
            return Ok(());
        }
        let lacks = match expect {
            Wanted::Bytes { bytes, hex: true } => format!("lacks {}", shown_hex(bytes)),
            Wanted::Bytes { bytes, hex: false } => format!("lacks {}", shown(bytes)),
            Wanted::Pattern(pattern) => format!("does not match {pattern:?}"),
        };
        let hex = matches!(expect, Wanted::Bytes { hex: true, .. });
        let heard = if hex { shown_hex(talk.heard()) } else { shown(talk.heard()) };
        Err(Failure::Answer(format!("{lacks}, but is {heard}")))
    }
}

#[cfg(test)]
mod tests;
