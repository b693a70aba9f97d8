//! PostgreSQL: a client introduces itself, and is asked for its password or let in.
//!
//! Who is let in, and by what password, is no concern of ours: a server that knows nobody of our name
//! serves others. One that is starting up, shutting down or full answers that it lets in nobody.

use super::conversation::{Conversation, shown};
use crate::probe::failure::Failure;

/// Version 3.0 of the protocol, and who we say to be.
const STARTUP: &[u8] =
    b"\0\x03\0\0user\0steersman\0database\0postgres\0application_name\0steersman\0\0";
const TERMINATE: &[u8] = b"X\0\0\0\x04";
const WANTED: &str = "that of PostgreSQL";

/// An error is of a few hundred octets.
const LONGEST: usize = 16 * 1024;

pub(super) async fn ask(mut talk: Conversation) -> Result<(), Failure> {
    // The length counts itself.
    let length = u32::try_from(STARTUP.len() + 4).unwrap_or_default();
    talk.say(&[&length.to_be_bytes(), STARTUP].concat()).await?;
    let head = talk.hear_octets(0, 5, WANTED).await?;
    let (kind, length) = match *head {
        [kind, a, b, c, d] => (kind, u32::from_be_bytes([a, b, c, d]) as usize),
        _ => return Err(talk.unlike(WANTED)),
    };
    if !(4..=LONGEST).contains(&length) {
        return Err(talk.unlike(WANTED));
    }
    let body = talk.hear_octets(5, length - 4, WANTED).await?;
    match kind {
        b'R' => {
            // To part without a word is what clients do that are asked for a password they lack.
            if body == [0; 4] {
                talk.leave(TERMINATE);
            }
            Ok(())
        }
        b'E' => judge(body),
        _ => Err(talk.unlike(WANTED)),
    }
}

/// An error about whom the server knows is no failure.
fn judge(body: &[u8]) -> Result<(), Failure> {
    let field = |kind: u8| {
        let mut fields = body.split(|octet| *octet == 0);
        fields.find_map(|field| field.strip_prefix(&[kind])).unwrap_or_default()
    };
    let code = field(b'C');
    // Invalid authorization, and a database that is not there.
    if code.starts_with(b"28") || code == b"3D000" {
        return Ok(());
    }
    let (code, message) = (code.escape_ascii(), shown(field(b'M')));
    Err(Failure::Answer(format!("is the error {message} ({code})")))
}
