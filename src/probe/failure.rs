//! Why a probe failed, in an operator's words.

use std::error::Error;
use std::fmt;
use std::io;
use std::time::Duration;

/// Why a probe failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Nothing, or not everything, came within the timeout.
    TimedOut(Duration),
    /// The same, and this is what came.
    Unfinished(Duration, String),
    /// The same, and nothing at all came from there.
    Unanswered(Duration),
    /// No heartbeat came for so long.
    NoHeartbeat(Duration),
    /// Nothing listens on the port.
    Refused,
    /// There is no way to there.
    Unreachable(String),
    /// The network, or the other host, said something else.
    Network(String),
    /// What answered is not HTTP, or it hung up before it had answered.
    NoHttp(String),
    /// The wrong status.
    Status {
        /// The status of the response.
        got: u16,
        /// The statuses that are well.
        wanted: String,
    },
    /// It was told to ask elsewhere, and does not; the text says where.
    Redirect(String),
    /// The body, as far as it is read, lacks this text.
    BodyLacks(String),
    /// The body, as far as it is read, does not match this regular expression.
    BodyUnlike(String),
    /// The body ended before its end.
    BodyBroken(String),
    /// What was answered is not what was wanted; the text says how it differs.
    Answer(String),
    /// What answered is not DNS, or answered something else.
    NoDns(String),
    /// The wrong response code.
    Rcode {
        /// That of the answer.
        got: String,
        /// That which is well.
        wanted: String,
    },
    /// What answered is not gRPC.
    NoGrpc(String),
    /// The call failed: the status of gRPC, and its message.
    GrpcStatus(String),
    /// The service says that it is in this state, and not that it serves.
    NotServing(String),
    /// TLS did not come about.
    Tls(String),
    /// The certificate is not good; the text says in what way.
    Certificate(String),
    /// A command did not end well; the text says how it ended and what it said.
    Command(String),
    /// This host may not send echo requests; the text says what to set.
    IcmpDenied(String),
    /// This host lacks what a probe needs, such as file descriptors.
    Exhausted(String),
    /// The question makes no sense, so that nobody was asked.
    Unaskable(String),
}

impl Failure {
    /// A short word for counters: one of a closed set.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::TimedOut(_) | Self::Unfinished(..) | Self::Unanswered(_) => "timeout",
            Self::NoHeartbeat(_) => "heartbeat",
            Self::Refused => "refused",
            Self::Unreachable(_) | Self::Network(_) => "network",
            Self::NoHttp(_) => "no_http",
            Self::Status { .. } => "status",
            Self::Redirect(_) => "redirect",
            Self::BodyLacks(_) | Self::BodyUnlike(_) | Self::BodyBroken(_) => "body",
            Self::Answer(_) => "answer",
            Self::NoDns(_) => "no_dns",
            Self::Rcode { .. } => "rcode",
            Self::NoGrpc(_) => "no_grpc",
            Self::GrpcStatus(_) => "grpc_status",
            Self::NotServing(_) => "serving",
            Self::Tls(_) => "tls",
            Self::Certificate(_) => "certificate",
            Self::Command(_) => "exec",
            Self::IcmpDenied(_) => "icmp_denied",
            Self::Exhausted(_) => "exhausted",
            Self::Unaskable(_) => "unaskable",
        }
    }

    /// Whether nothing was heard from there, which may be the fault of any network between.
    pub fn is_silence(&self) -> bool {
        matches!(self, Self::Unanswered(_) | Self::Unreachable(_))
    }

    /// Whether the fault is here: then the endpoint was not asked and nothing is known of it, so
    /// that its verdict must stay as it is.
    pub fn is_ours(&self) -> bool {
        matches!(self, Self::IcmpDenied(_) | Self::Exhausted(_) | Self::Unaskable(_))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimedOut(limit) => write!(f, "timed out after {limit:?}"),
            Self::Unfinished(limit, said) => {
                write!(f, "timed out after {limit:?}: the answer so far is {said}")
            }
            Self::Unanswered(limit) => write!(f, "timed out after {limit:?}: nobody answers"),
            Self::NoHeartbeat(time) => write!(f, "no heartbeat for {time:?}"),
            Self::Refused => f.write_str("connect refused"),
            Self::Unreachable(text) | Self::Network(text) => f.write_str(text),
            Self::NoHttp(text) => write!(f, "no HTTP answer: {text}"),
            Self::Status { got, wanted } => write!(f, "status {got}, wanted {wanted}"),
            Self::Redirect(text) => write!(f, "redirected {text}"),
            Self::BodyLacks(text) => write!(f, "body lacks {text:?}"),
            Self::BodyUnlike(pattern) => write!(f, "body does not match {pattern:?}"),
            Self::BodyBroken(text) => write!(f, "body broken off: {text}"),
            Self::Answer(text) => write!(f, "answer {text}"),
            Self::NoDns(text) => write!(f, "no DNS answer: {text}"),
            Self::Rcode { got, wanted } => write!(f, "rcode {got}, wanted {wanted}"),
            Self::NoGrpc(text) => write!(f, "no gRPC answer: {text}"),
            Self::GrpcStatus(text) => write!(f, "grpc-status {text}"),
            Self::NotServing(state) => write!(f, "{state}, wanted SERVING"),
            Self::Tls(text) => write!(f, "TLS failed: {text}"),
            Self::Certificate(text) => write!(f, "certificate {text}"),
            Self::Command(text) => write!(f, "command {text}"),
            Self::IcmpDenied(text) => write!(f, "no permission for ICMP: {text}"),
            Self::Exhausted(text) => write!(f, "this host cannot probe: {text}"),
            Self::Unaskable(text) => write!(f, "cannot be asked: {text}"),
        }
    }
}

impl Error for Failure {}

impl From<&io::Error> for Failure {
    fn from(error: &io::Error) -> Self {
        match error.raw_os_error() {
            Some(
                libc::EMFILE | libc::ENFILE | libc::ENOBUFS | libc::ENOMEM
                // No port is left, or no local address fits.
                | libc::EADDRNOTAVAIL | libc::EADDRINUSE | libc::EAGAIN,
            ) => return Self::Exhausted(plain(error)),
            // A firewall of this machine says so, or it knows no IPv6.
            Some(libc::EPERM | libc::EAFNOSUPPORT) => return Self::Unaskable(plain(error)),
            // So ICMPv6 does that says "administratively prohibited", from wherever it comes.
            Some(libc::EACCES) => return Self::Unreachable(plain(error)),
            _ => {}
        }
        match error.kind() {
            io::ErrorKind::ConnectionRefused => Self::Refused,
            // Such as a link-local address, which would need an interface.
            io::ErrorKind::InvalidInput => Self::Unaskable(plain(error)),
            io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::NetworkDown
            | io::ErrorKind::TimedOut => Self::Unreachable(plain(error)),
            io::ErrorKind::ConnectionReset => Self::Network("connection reset".into()),
            io::ErrorKind::UnexpectedEof => Self::Network("connection closed".into()),
            _ => Self::Network(plain(error)),
        }
    }
}

/// The error's text as the middle of a sentence, without its number.
fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_lowercase().chain(letters).collect(),
        None => "unknown error".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_read_as_an_operator_would_say_them() {
        for (failure, text) in [
            (Failure::TimedOut(Duration::from_secs(2)), "timed out after 2s"),
            (Failure::TimedOut(Duration::from_millis(300)), "timed out after 300ms"),
            (
                Failure::Unfinished(Duration::from_secs(2), "\"-LOADING\"".into()),
                "timed out after 2s: the answer so far is \"-LOADING\"",
            ),
            (Failure::Refused, "connect refused"),
            (Failure::Status { got: 503, wanted: "200-299".into() }, "status 503, wanted 200-299"),
            (Failure::BodyLacks("ok".into()), "body lacks \"ok\""),
            (Failure::Certificate("expired".into()), "certificate expired"),
            (Failure::from(&io::Error::from_raw_os_error(libc::ECONNREFUSED)), "connect refused"),
            (
                Failure::from(&io::Error::from_raw_os_error(libc::ENETUNREACH)),
                "network is unreachable",
            ),
            (
                Failure::from(&io::Error::from_raw_os_error(libc::EMFILE)),
                "this host cannot probe: too many open files",
            ),
        ] {
            assert_eq!(failure.to_string(), text);
        }
    }

    /// Whoever adds a reason adds a line there.
    #[test]
    fn every_reason_stands_in_the_documentation() {
        let page = include_str!("../../docs/monitors.md");
        let text = String::new;
        for failure in [
            Failure::TimedOut(Duration::ZERO),
            Failure::Unfinished(Duration::ZERO, text()),
            Failure::NoHeartbeat(Duration::ZERO),
            Failure::Refused,
            Failure::Unanswered(Duration::ZERO),
            Failure::Unreachable(text()),
            Failure::Network(text()),
            Failure::NoHttp(text()),
            Failure::Status { got: 500, wanted: text() },
            Failure::Redirect(text()),
            Failure::BodyLacks(text()),
            Failure::BodyUnlike(text()),
            Failure::BodyBroken(text()),
            Failure::Answer(text()),
            Failure::NoDns(text()),
            Failure::Rcode { got: text(), wanted: text() },
            Failure::NoGrpc(text()),
            Failure::GrpcStatus(text()),
            Failure::NotServing(text()),
            Failure::Tls(text()),
            Failure::Certificate(text()),
            Failure::Command(text()),
            Failure::IcmpDenied(text()),
            Failure::Exhausted(text()),
            Failure::Unaskable(text()),
        ] {
            // One that is new here is to be in the list above, too.
            match &failure {
                Failure::TimedOut(_) | Failure::Unfinished(..) | Failure::Unanswered(_) => {}
                Failure::NoHeartbeat(_) => {}
                Failure::Refused | Failure::Unreachable(_) | Failure::Network(_) => {}
                Failure::NoHttp(_) | Failure::Status { .. } | Failure::Redirect(_) => {}
                Failure::BodyLacks(_) | Failure::BodyUnlike(_) | Failure::BodyBroken(_) => {}
                Failure::Answer(_) | Failure::NoDns(_) | Failure::Rcode { .. } => {}
                Failure::NoGrpc(_) | Failure::GrpcStatus(_) | Failure::NotServing(_) => {}
                Failure::Tls(_) | Failure::Certificate(_) | Failure::Command(_) => {}
                Failure::IcmpDenied(_) | Failure::Exhausted(_) | Failure::Unaskable(_) => {}
            }
            let reason = failure.reason();
            assert!(page.contains(&format!("\n| `{reason}` | ")), "{reason}");
        }
    }

    #[test]
    fn what_is_wrong_here_says_nothing_of_an_endpoint() {
        assert!(Failure::from(&io::Error::from_raw_os_error(libc::EMFILE)).is_ours());
        assert!(Failure::IcmpDenied(String::new()).is_ours());
        assert!(Failure::from(&io::Error::from_raw_os_error(libc::EINVAL)).is_ours());
        assert!(!Failure::Refused.is_ours());
        assert!(!Failure::from(&io::Error::from_raw_os_error(libc::EHOSTUNREACH)).is_ours());
    }
}
