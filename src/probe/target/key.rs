//! The name of a target in what is remembered on disk.

use std::fmt::Write;
use std::net::{IpAddr, SocketAddr};

use super::{
    ExecRequest, GrpcRequest, HttpRequest, ProbeTarget, Request, TcpRequest, TlsRequest,
    TlsSettings,
};
use crate::hash::fnv1a;
use crate::health::{
    Certificates, Damping, DnsCheck, HttpVersion, Initial, StatusRange, Talk, TrackerSettings,
    Wanted,
};

/// What a person recognises, then a hash of everything, whether shown or not.
pub(super) fn of(target: &ProbeTarget) -> String {
    let mut key = shown(&target.request, target.address);
    let mut whole = key.clone();
    write_rest(target, &mut whole);
    // Writing to a String cannot fail, here and below.
    let _ = write!(key, " #{:016x}", fnv1a(whole.as_bytes()));
    key
}

/// The part of a key that a person recognises: who is asked what, by whatever settings.
pub fn question_of(key: &str) -> &str {
    key.rsplit_once(" #").map_or(key, |(question, _)| question)
}

/// The question as a person would recognise it.
fn shown(request: &Request, address: IpAddr) -> String {
    match request {
        Request::Icmp => format!("icmp {address}"),
        Request::Heartbeat(endpoint) => format!("heartbeat {endpoint}"),
        Request::Tcp(TcpRequest { port, tls, talk }) => {
            let kind = match talk {
                Some(Talk::Preset(preset)) => preset.name(),
                _ => "tcp",
            };
            let tls = tls.as_ref().map(|tls| format!(" sni={}", tls.name)).unwrap_or_default();
            format!("{kind} {}{tls}", SocketAddr::new(address, *port))
        }
        Request::Tls(TlsRequest { port, tls, .. }) => {
            format!("tls {} sni={}", SocketAddr::new(address, *port), tls.name)
        }
        Request::Dns(DnsCheck { port, name_text, rtype_text, .. }) => {
            format!("dns {} {name_text} {rtype_text}", SocketAddr::new(address, *port))
        }
        Request::Grpc(GrpcRequest { port, authority, service, tls }) => {
            let tls = tls.as_ref().map(|tls| format!(" sni={}", tls.name)).unwrap_or_default();
            let at = SocketAddr::new(address, *port);
            format!("grpc {at} authority={authority} service={service:?}{tls}")
        }
        Request::Exec(ExecRequest { command, port, .. }) => {
            let program = command.first().map(String::as_str).unwrap_or_default();
            match port {
                Some(port) => format!("exec {} {program}", SocketAddr::new(address, *port)),
                None => format!("exec {address} {program}"),
            }
        }
        Request::Http(HttpRequest { port, path, host, tls, .. }) => {
            let scheme = if tls.is_some() { "https" } else { "http" };
            let mut text = format!("{scheme}://{}{path}", SocketAddr::new(address, *port));
            let _ = write!(text, " host={host}");
            if let Some(tls) = tls {
                let _ = write!(text, " sni={}", tls.name);
            }
            text
        }
    }
}

/// Everything that is not shown. The text is hashed into keys that are remembered on disk: changing
/// it makes every verdict be forgotten once. So only what differs from the default is written of
/// settings that earlier versions did not have.
fn write_rest(target: &ProbeTarget, text: &mut String) {
    let TrackerSettings { fall, rise, interval, retry, initial, damping } = target.settings;
    let timeout = target.timeout;
    let _ = write!(
        text,
        "\ninterval={} timeout={} retry={} fall={fall} rise={rise}",
        interval.as_nanos(),
        timeout.as_nanos(),
        retry.as_nanos(),
    );
    if !target.watch {
        text.push_str("\nwatch=false");
    }
    if initial != Initial::Last {
        let _ = write!(text, "\ninitial={initial:?}");
    }
    if let Some(Damping { falls, within, hold, longest }) = damping {
        let [within, hold, longest] = [within, hold, longest].map(|time| time.as_nanos());
        let _ = write!(text, "\ndamping={falls},{within},{hold},{longest}");
    }
    match &target.request {
        Request::Http(request) => write_http(request, text),
        Request::Tcp(request) => write_tcp(request, text),
        Request::Tls(TlsRequest { tls, days, .. }) => {
            write_tls(tls, text);
            let _ = write!(text, " days={days}");
        }
        Request::Dns(DnsCheck { rtype, rcode, answers, tcp, .. }) => {
            let wire: Vec<_> = answers.iter().map(|answer| &answer.wire).collect();
            let _ = write!(text, "\ntype={rtype} rcode={rcode} tcp={tcp} answers={wire:?}");
        }
        Request::Grpc(GrpcRequest { tls: Some(tls), .. }) => write_tls(tls, text),
        Request::Exec(ExecRequest { command, host, .. }) => {
            let _ = write!(text, "\ncommand={command:?} host={host:?}");
        }
        Request::Grpc(_) | Request::Icmp | Request::Heartbeat(_) => {}
    }
}

fn write_tcp(request: &TcpRequest, text: &mut String) {
    if let Some(tls) = &request.tls {
        write_tls(tls, text);
    }
    let Some(Talk::Own { send, expect }) = &request.talk else { return };
    // In bytes, of which no two are written alike.
    let _ = match expect {
        Wanted::Bytes { bytes, .. } => write!(text, "\nsend={send:?} expect={bytes:?}"),
        Wanted::Pattern(pattern) => write!(text, "\nsend={send:?} expect_regex={pattern:?}"),
    };
}

/// All of it but the name, which is shown.
fn write_tls(tls: &TlsSettings, text: &mut String) {
    let _ = write!(text, "\nverify={}", tls.verify);
    write_files(tls, text);
}

fn write_http(request: &HttpRequest, text: &mut String) {
    let HttpRequest { tls, status, body, .. } = request;
    let _ = write!(text, "\nverify={:?} status=", tls.as_ref().map(|t| t.verify));
    for StatusRange { first, last } in status {
        let _ = write!(text, "{first}-{last},");
    }
    if request.method != "GET" {
        let _ = write!(text, "\nmethod={}", request.method);
    }
    for (name, value) in &request.headers {
        let _ = write!(text, "\nheader={name}:{value:?}");
    }
    write_text(text, "request_body", request.request_body.as_deref());
    write_text(text, "body_regex", request.body_regex.as_deref());
    if request.version == HttpVersion::Http2 {
        text.push_str("\nversion=2");
    }
    if request.follow_redirects > 0 {
        let _ = write!(text, "\nfollow_redirects={}", request.follow_redirects);
    }
    if let Some(tls) = tls {
        write_files(tls, text);
    }
    if let Some(body) = body {
        let _ = write!(text, "\nbody={body}");
    }
}

/// A text, so written that none is like two lines.
fn write_text(text: &mut String, key: &str, value: Option<&str>) {
    if let Some(value) = value {
        let _ = write!(text, "\n{key}={value:?}");
    }
}

/// What the files say, whatever they are called. A key is the one that fits its certificate.
fn write_files(tls: &TlsSettings, text: &mut String) {
    let mut write = |what: &str, certificates: &Certificates| {
        let _ = write!(text, "\n{what}=");
        for certificate in certificates.iter() {
            let _ = write!(text, "{:016x}.{},", fnv1a(certificate), certificate.len());
        }
    };
    if let Some(roots) = &tls.roots {
        write("roots", roots);
    }
    if let Some(client) = &tls.client {
        write("client", &client.chain);
    }
}
