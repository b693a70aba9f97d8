//! Protocols whose first words are known, each asked so that its server takes no offence.

use super::conversation::{Conversation, shown};
use super::{mysql, postgresql};
use crate::health::Preset;
use crate::probe::failure::Failure;

pub(super) async fn ask(preset: Preset, talk: Conversation) -> Result<(), Failure> {
    match preset {
        Preset::Redis => redis(talk).await,
        Preset::Postgresql => postgresql::ask(talk).await,
        Preset::Mysql => mysql::ask(talk).await,
        Preset::Smtp => smtp(talk).await,
        Preset::Ssh => ssh(talk).await,
    }
}

fn unlike(line: &str, wanted: &str) -> Failure {
    Failure::Answer(format!("is {}, wanted {wanted}", shown(line.as_bytes())))
}

/// Whoever wants to know who asks is alive, too. Not so a server that is loading its data, or is cut
/// off from its master: it would refuse others as well.
async fn redis(mut talk: Conversation) -> Result<(), Failure> {
    talk.say(b"PING\r\n").await?;
    let (line, _) = talk.hear_line(0, "+PONG").await?;
    let error = line.split(' ').next().unwrap_or_default();
    if line != "+PONG" && !matches!(error, "-NOAUTH" | "-NOPERM") {
        return Err(unlike(&line, "+PONG"));
    }
    talk.leave(b"QUIT\r\n");
    Ok(())
}

/// A greeting may have several lines (RFC 5321 4.2.1). Nothing is said before its last one: who speaks
/// too soon is taken for a sender of spam.
async fn smtp(mut talk: Conversation) -> Result<(), Failure> {
    let wanted = "a greeting with 220";
    let mut from = 0;
    loop {
        let (line, next) = talk.hear_line(from, wanted).await?;
        let Some(rest) = line.strip_prefix("220") else { return Err(unlike(&line, wanted)) };
        match rest.bytes().next() {
            Some(b'-') => from = next,
            None | Some(b' ') => break,
            Some(_) => return Err(unlike(&line, wanted)),
        }
    }
    talk.leave(b"QUIT\r\n");
    Ok(())
}

/// Other lines may come before the banner (RFC 4253 4.2), and 1.99 speaks 2.0 too (5.1).
async fn ssh(mut talk: Conversation) -> Result<(), Failure> {
    let wanted = "a banner with SSH-2.0";
    let mut from = 0;
    loop {
        let (line, next) = talk.hear_line(from, wanted).await?;
        if line.starts_with("SSH-2.0-") || line.starts_with("SSH-1.99-") {
            return Ok(());
        }
        if line.starts_with("SSH-") {
            return Err(unlike(&line, wanted));
        }
        from = next;
    }
}
