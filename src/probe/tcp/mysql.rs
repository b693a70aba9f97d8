//! MySQL and MariaDB: the server speaks first, and says the version of its protocol.
//!
//! A client that leaves without an answer counts as one that broke off, and after
//! `max_connect_errors` of them the server refuses the whole host. So we introduce ourselves and are
//! refused, which counts as nothing.

use super::conversation::{Conversation, shown, take_leave};
use crate::probe::failure::Failure;

const WANTED: &str = "a greeting of MySQL";
/// The one that all servers since 3.21 speak.
const PROTOCOL: u8 = 10;
const ERROR: u8 = 0xff;
/// A server that wants to know the password in another way than we began with.
const ANOTHER_WAY: u8 = 0xfe;
/// A server that lets in whoever comes.
const LET_IN: u8 = 0;
const QUIT: &[u8] = b"\x01\0\0\0\x01";
/// A greeting is of less than a hundred octets, an error of at most some hundreds.
const LONGEST: usize = 16 * 1024;

/// Capabilities (protocol 4.1, authentication with a length), the largest packet, the character set
/// (utf8), 23 octets of nothing, the name, and no password; behind its length and number.
const RESPONSE: &[u8] = b"\x2b\0\0\x01\x01\x82\0\0\0\0\0\x01\x21\
    \0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0steersman\0\0";

pub(super) async fn ask(mut talk: Conversation) -> Result<(), Failure> {
    let head = talk.hear_octets(0, 4, WANTED).await?;
    let length = match *head {
        [a, b, c, 0] => u32::from_le_bytes([a, b, c, 0]) as usize,
        _ => return Err(talk.unlike(WANTED)),
    };
    if !(1..=LONGEST).contains(&length) {
        return Err(talk.unlike(WANTED));
    }
    let body = talk.hear_octets(4, length, WANTED).await?;
    match *body {
        [PROTOCOL, ..] => {
            take_leave(be_refused(talk, 4 + length));
            Ok(())
        }
        [ERROR, low, high, ref message @ ..] => {
            let code = u16::from_le_bytes([low, high]);
            let message = shown(message);
            Err(Failure::Answer(format!("is the error {message} ({code}), wanted {WANTED}")))
        }
        [other, ..] => Err(Failure::Answer(format!("is of protocol {other}, wanted {PROTOCOL}"))),
        [] => Err(talk.unlike(WANTED)),
    }
}

/// Introduces ourselves, and hears the answers, the first of which begins at `from`.
async fn be_refused(mut talk: Conversation, mut from: usize) -> Result<(), Failure> {
    talk.say(RESPONSE).await?;
    loop {
        let [a, b, c, number, kind] = *talk.hear_octets(from, 5, WANTED).await? else { break };
        from += 4 + u32::from_le_bytes([a, b, c, 0]) as usize;
        match kind {
            // A message of nothing, for we have no password there either.
            ANOTHER_WAY => talk.say(&[0, 0, 0, number.wrapping_add(1)]).await?,
            LET_IN => break talk.say(QUIT).await?,
            _ => break,
        }
    }
    talk.until_closed().await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_response_is_as_long_as_it_says() {
        assert_eq!(usize::from(RESPONSE[0]), RESPONSE.len() - 4);
        assert_eq!(RESPONSE[4 + 32..], *b"steersman\0\0");
    }
}
