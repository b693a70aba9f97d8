//! The health service of gRPC (`grpc.health.v1`), whose messages are of a few octets.

mod message;

use std::net::{IpAddr, SocketAddr};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, TE, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, Uri, Version};

use super::dial;
use super::failure::Failure;
use super::http2::{self, Reply};
use super::target::GrpcRequest;
use super::tls::{Speaks, Tls};
use super::tools::Tools;

const CONTENT: &str = "application/grpc";
const GRPC_STATUS: &str = "grpc-status";
const GRPC_MESSAGE: &str = "grpc-message";
/// How much of what a server says is shown.
const SHOWN: usize = 200;

/// The states of a call, by their numbers.
const STATUS: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];
/// The states of a service, by their numbers.
const SERVING: [&str; 4] = ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"];

/// One question, ready to be asked again and again.
pub(super) struct GrpcProbe {
    at: SocketAddr,
    tls: Option<Tls>,
    uri: Uri,
    question: Bytes,
}

impl GrpcProbe {
    pub(super) fn new(
        tools: &Tools,
        address: IpAddr,
        request: &GrpcRequest,
    ) -> Result<Self, Failure> {
        let GrpcRequest { port, authority, service, tls } = request;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let uri = format!("{scheme}://{authority}/grpc.health.v1.Health/Check").parse();
        let tls = tls.as_ref().map(|tls| tools.tls.prepare(tls, Speaks::Http2));
        Ok(Self {
            at: SocketAddr::new(address, *port),
            tls: tls.transpose()?,
            uri: uri.map_err(|why| Failure::Unaskable(format!("{authority:?}: {why}")))?,
            question: message::question(service).into(),
        })
    }

    /// Asks once, without a limit of time.
    pub(super) async fn ask(&self) -> Result<(), Failure> {
        let mut request = http::Request::new(());
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.uri.clone();
        *request.version_mut() = Version::HTTP_2;
        let agent = HeaderValue::from_static(concat!("steersman/", env!("CARGO_PKG_VERSION")));
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(CONTENT));
        request.headers_mut().insert(TE, HeaderValue::from_static("trailers"));
        request.headers_mut().insert(USER_AGENT, agent);
        let connection = dial::connect(self.at, self.tls.as_ref()).await?;
        let (question, all) = (self.question.clone(), |_: &_| true);
        judge(&http2::exchange(connection, request, question, all, Failure::NoGrpc).await?)
    }
}

fn judge(reply: &Reply) -> Result<(), Failure> {
    let got = reply.parts.status.as_u16();
    if got != 200 {
        return Err(Failure::Status { got, wanted: "200".into() });
    }
    let content = text(&reply.parts.headers, CONTENT_TYPE.as_str()).unwrap_or_default();
    if !content.starts_with(CONTENT) {
        return Err(Failure::NoGrpc(format!("its content type is {content:?}")));
    }
    // A call that fails at once has its status among the headers.
    let ends = [Some(&reply.parts.headers), reply.trailers.as_ref()];
    let end = ends.into_iter().flatten().find(|headers| headers.contains_key(GRPC_STATUS));
    let Some(end) = end else {
        return Err(Failure::NoGrpc("it ended without a status".into()));
    };
    let status = text(end, GRPC_STATUS).unwrap_or_default();
    if status != "0" {
        return Err(Failure::GrpcStatus(call_failed(&status, end)));
    }
    match message::state(&reply.body) {
        Some(1) => Ok(()),
        Some(state) => {
            let known = usize::try_from(state).ok().and_then(|state| SERVING.get(state));
            let state = known.map_or_else(|| format!("state {state}"), |name| (*name).into());
            Err(Failure::NotServing(state))
        }
        None => Err(Failure::NoGrpc("its message cannot be read".into())),
    }
}

/// The status of a call in words.
fn call_failed(status: &str, headers: &HeaderMap) -> String {
    let known = status.parse().ok().and_then(|number: usize| STATUS.get(number));
    let name = known.map_or(status, |name| name);
    match text(headers, GRPC_MESSAGE) {
        Some(message) if !message.is_empty() => format!("{name}: {message}"),
        _ => name.into(),
    }
}

/// The beginning of a header's value, whose odd octets are written as `%0A`.
fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    let value = headers.get(name)?.as_bytes();
    let text = message::decoded(value.get(..SHOWN).unwrap_or(value));
    Some(text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect())
}

#[cfg(test)]
mod tests;
