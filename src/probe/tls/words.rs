//! What is wrong with a certificate, or with TLS, in an operator's words.

use std::fmt;
use std::time::Duration;

use rustls::pki_types::UnixTime;
use rustls::{AlertDescription, CertificateError, Error, OtherError};

use super::DAY_SECONDS;
use crate::probe::failure::Failure;

/// The server agrees to something else, or to nothing.
pub(super) fn no_http2() -> Failure {
    Failure::Tls("the server does not offer HTTP/2".into())
}

/// A certificate that is good, but not for long.
#[derive(Debug)]
pub(super) struct ExpiresSoon {
    pub(super) left: Duration,
    pub(super) days: u32,
}

impl fmt::Display for ExpiresSoon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = if self.left.as_secs() < DAY_SECONDS { " days" } else { "" };
        write!(f, "expires in {}, wanted {}{unit}", roughly(self.left), self.days)
    }
}

impl std::error::Error for ExpiresSoon {}

impl From<&Error> for Failure {
    fn from(error: &Error) -> Self {
        match error {
            Error::InvalidCertificate(problem) => Self::Certificate(certificate_text(problem)),
            Error::NoCertificatesPresented => Self::Certificate("missing".into()),
            Error::InvalidMessage(_) => Self::Tls("the answer is not TLS".into()),
            // HTTP/2 is all that is ever asked for.
            Error::AlertReceived(AlertDescription::NoApplicationProtocol) => no_http2(),
            Error::AlertReceived(alert) => Self::Tls(format!("alert {alert:?} received")),
            other => Self::Tls(other.to_string()),
        }
    }
}

/// The first of very many, perhaps, that the endpoint chose.
fn some_names(presented: &[String]) -> String {
    let shown = |name: &String| {
        let name = bare_name(name).chars().filter(|letter| !letter.is_control());
        name.take(NAME_SHOWN).collect::<String>()
    };
    let mut names: Vec<String> = presented.iter().take(NAMES_SHOWN).map(shown).collect();
    if presented.len() > NAMES_SHOWN {
        names.push(format!("and {} more", presented.len() - NAMES_SHOWN));
    }
    if names.is_empty() { "no name".into() } else { names.join(", ") }
}

/// So many names of a certificate are shown, and so much of each.
const NAMES_SHOWN: usize = 4;
const NAME_SHOWN: usize = 80;

/// The rest of a sentence that begins with "certificate".
fn certificate_text(problem: &CertificateError) -> String {
    match problem {
        CertificateError::Expired => "expired".into(),
        CertificateError::ExpiredContext { time, not_after } => {
            format!("expired {} ago", roughly(between(*not_after, *time)))
        }
        CertificateError::NotValidYet => "not valid yet".into(),
        CertificateError::NotValidYetContext { not_before, .. } => {
            format!("not valid before {}", date(*not_before))
        }
        CertificateError::NotValidForNameContext { expected, presented } => {
            format!("is for {}, wanted {}", some_names(presented), expected.to_str())
        }
        CertificateError::UnknownIssuer => "self-signed or of an unknown issuer".into(),
        CertificateError::Other(OtherError(other)) if other.is::<ExpiresSoon>() => {
            other.to_string()
        }
        // Only by name: the type behind it is that of a crate which rustls does not re-export.
        CertificateError::Other(other) if other.to_string() == "CaUsedAsEndEntity" => {
            "is an authority's own (CA:TRUE), which no server may show: make one with CA:FALSE"
                .into()
        }
        CertificateError::BadSignature => "not signed by the issuer that it names".into(),
        CertificateError::Revoked => "revoked".into(),
        other => format!("not good: {other}"),
    }
}

/// Nothing where the first comes last.
pub(super) fn between(first: UnixTime, last: UnixTime) -> Duration {
    Duration::from_secs(last.as_secs().saturating_sub(first.as_secs()))
}

/// In the longest unit that fits, rounded down: `2 days`.
fn roughly(time: Duration) -> String {
    let seconds = time.as_secs();
    let (number, unit) = match seconds {
        DAY_SECONDS.. => (seconds / DAY_SECONDS, "day"),
        3600.. => (seconds / 3600, "hour"),
        60.. => (seconds / 60, "minute"),
        _ => (seconds, "second"),
    };
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}

fn date(time: UnixTime) -> String {
    let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    jiff::Timestamp::from_second(seconds).map_or_else(|_| "?".into(), |stamp| stamp.to_string())
}

/// rustls names a subject `DnsName("www.example.com")` or `IpAddress(192.0.2.1)`.
fn bare_name(subject: &str) -> &str {
    let inside = subject.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
    inside.unwrap_or(subject).trim_matches('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_long_ago_is_said_in_one_unit() {
        for (seconds, text) in [
            (0, "0 seconds"),
            (1, "1 second"),
            (119, "1 minute"),
            (7200, "2 hours"),
            (86_399, "23 hours"),
            (86_400, "1 day"),
            (3 * 86_400 - 1, "2 days"),
        ] {
            assert_eq!(roughly(Duration::from_secs(seconds)), text);
        }
    }

    #[test]
    fn an_expired_certificate_is_said_to_be_so_since_when() {
        let at = |seconds| UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        let problem =
            CertificateError::ExpiredContext { time: at(1_000_000), not_after: at(810_000) };
        let failure = Failure::from(&Error::InvalidCertificate(problem));
        assert_eq!(failure.to_string(), "certificate expired 2 days ago");
    }
}
