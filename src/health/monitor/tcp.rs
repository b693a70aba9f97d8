//! What a TCP monitor says and wants to hear.

use std::sync::Arc;

use super::TlsCheck;

/// A connection that opens, and perhaps a conversation on it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TcpCheck {
    /// The port, unless the endpoint's `probe` names one.
    pub port: u16,
    /// Over TLS, if any.
    pub tls: Option<TlsCheck>,
    /// What is said; none: that it opens is enough.
    pub talk: Option<Talk>,
}

/// A conversation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Talk {
    /// The operator's own words.
    Own {
        /// What is said first, if anything.
        send: Option<Arc<[u8]>>,
        /// What must be in the first 64 KiB of the answer.
        expect: Wanted,
    },
    /// That of a known protocol.
    Preset(Preset),
}

/// What is looked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Wanted {
    /// These bytes, which were written in this way.
    Bytes {
        /// What is looked for; not empty.
        bytes: Arc<[u8]>,
        /// Whether it was written in hexadecimal digits.
        hex: bool,
    },
    /// A match of this regular expression.
    Pattern(String),
}

/// Protocols whose first words are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Preset {
    /// A `PING` is answered.
    Redis,
    /// A client that introduces itself is answered.
    Postgresql,
    /// A greeting of protocol 10.
    Mysql,
    /// A greeting with the code 220.
    Smtp,
    /// A banner of version 2.
    Ssh,
}

impl Preset {
    /// All, in the order in which they are shown.
    pub const ALL: [Self; 5] = [Self::Redis, Self::Postgresql, Self::Mysql, Self::Smtp, Self::Ssh];

    /// Its name in the files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Redis => "redis",
            Self::Postgresql => "postgresql",
            Self::Mysql => "mysql",
            Self::Smtp => "smtp",
            Self::Ssh => "ssh",
        }
    }

    /// The usual port, in the clear or over TLS.
    pub fn port(self, over_tls: bool) -> u16 {
        match (self, over_tls) {
            (Self::Redis, _) => 6379,
            (Self::Postgresql, _) => 5432,
            (Self::Mysql, _) => 3306,
            (Self::Smtp, false) => 25,
            (Self::Smtp, true) => 465,
            (Self::Ssh, _) => 22,
        }
    }

    /// Whether its servers bear with a client that says nothing. The others log it, count it as an
    /// attack, and in the end refuse whoever does so.
    pub fn bears_silence(self) -> bool {
        matches!(self, Self::Redis)
    }

    /// Whether it can stand on TLS from the first byte on. The others begin in the clear.
    pub fn stands_on_tls(self) -> bool {
        matches!(self, Self::Redis | Self::Smtp)
    }
}
