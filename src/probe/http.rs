//! HTTP requests, in the clear or over TLS, on a new connection each time.
//!
//! The address is fixed: nothing is resolved, and redirects, if they are followed at all, do not
//! leave it. Proxies and cookies are not used or kept; they would ask another question than the
//! operator wrote.

mod http1;
mod place;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use http::header::{ACCEPT, CONNECTION, CONTENT_LENGTH, HOST, USER_AGENT};
use http::response::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Uri, Version};
use http_body_util::Full;
use regex::bytes::Regex;

use super::dial;
use super::failure::Failure;
use super::http2;
use super::target::{HttpRequest, TlsSettings};
use super::tls::{Speaks, Tls};
use super::tools::Tools;
use crate::health::{HttpVersion, StatusRange};
use place::Place;

/// One question, ready to be asked again and again.
pub(super) struct HttpProbe {
    address: IpAddr,
    request: HttpRequest,
    first: Place,
    /// What the first request needs, and what a redirect to TLS would.
    tls: Option<Tls>,
    headers: HeaderMap,
    pattern: Option<Arc<Regex>>,
}

/// An answer, with the beginning of its body if its status is well.
type Answer = (Parts, Vec<u8>);

impl HttpProbe {
    pub(super) fn new(
        tools: &Tools,
        address: IpAddr,
        request: &HttpRequest,
    ) -> Result<Self, Failure> {
        let speaks = match request.version {
            HttpVersion::Http1 => Speaks::Other,
            HttpVersion::Http2 => Speaks::Http2,
        };
        let later = (request.follow_redirects > 0).then(|| TlsSettings::of_host(&request.host));
        let tls = request.tls.as_ref().or(later.as_ref());
        let pattern = request.body_regex.as_ref();
        let probe = Self {
            address,
            request: request.clone(),
            first: Place::first(request)?,
            tls: tls.map(|tls| tools.tls.prepare(tls, speaks)).transpose()?,
            headers: headers(&request.headers)?,
            pattern: pattern.map(|pattern| tools.pattern(pattern)).transpose()?,
        };
        // What cannot be asked is known before anybody is.
        probe.head(&probe.first)?;
        Ok(probe)
    }

    /// Asks once, without a limit of time.
    pub(super) async fn ask(&self) -> Result<(), Failure> {
        let most = self.request.follow_redirects;
        let mut place = self.first.clone();
        for followed in 0..=most {
            let answer = self.exchange(&place).await?;
            if most == 0 || !place::is_redirect(&answer.0) {
                return self.judge(&answer);
            }
            if followed < most {
                place = place.after(&answer.0, &self.first)?;
            }
        }
        Err(Failure::Redirect(format!("once more than follow_redirects = {most} allows")))
    }

    async fn exchange(&self, place: &Place) -> Result<Answer, Failure> {
        let tls = self.tls.as_ref().filter(|_| place.over_tls);
        let connection = dial::connect(SocketAddr::new(self.address, place.port), tls).await?;
        let body = self.request.request_body.as_ref().filter(|_| place.sends_body);
        let body = body.map_or_else(Bytes::new, |body| Bytes::copy_from_slice(body.as_bytes()));
        let request = self.head(place)?;
        let wants_body = |answer: &Parts| self.is_well(answer.status.as_u16());
        match self.request.version {
            HttpVersion::Http1 => {
                let request = request.map(|()| Full::new(body));
                http1::exchange(connection, request, wants_body).await
            }
            HttpVersion::Http2 => {
                let otherwise = Failure::NoHttp;
                let reply =
                    http2::exchange(connection, request, body, wants_body, otherwise).await?;
                Ok((reply.parts, reply.body))
            }
        }
    }

    /// Everything of a request but its body.
    fn head(&self, place: &Place) -> Result<http::Request<()>, Failure> {
        // What an operator sends to one port is not for whoever listens on another.
        let mut headers = match place.is_beside(&self.first) {
            true => self.headers.clone(),
            false => headers(&[])?,
        };
        let (uri, version) = match self.request.version {
            HttpVersion::Http1 => {
                let host = HeaderValue::from_str(&place.host);
                headers.insert(HOST, host.map_err(|_| no_host(&place.host))?);
                headers.insert(CONNECTION, HeaderValue::from_static("close"));
                (place.path.parse(), Version::HTTP_11)
            }
            HttpVersion::Http2 => {
                if let Some(body) = self.request.request_body.as_ref().filter(|_| place.sends_body)
                {
                    headers.insert(CONTENT_LENGTH, body.len().into());
                }
                let scheme = if place.over_tls { "https" } else { "http" };
                (format!("{scheme}://{}{}", place.host, place.path).parse(), Version::HTTP_2)
            }
        };
        let uri: Uri =
            uri.map_err(|error| Failure::Unaskable(format!("{:?}: {error}", place.path)))?;
        let mut request = http::Request::new(());
        *request.method_mut() = place.method.clone();
        *request.uri_mut() = uri;
        *request.version_mut() = version;
        *request.headers_mut() = headers;
        Ok(request)
    }

    fn is_well(&self, status: u16) -> bool {
        self.request.status.iter().any(|range| (range.first..=range.last).contains(&status))
    }

    fn judge(&self, (answer, body): &Answer) -> Result<(), Failure> {
        let got = answer.status.as_u16();
        if !self.is_well(got) {
            return Err(Failure::Status { got, wanted: ranges(&self.request.status) });
        }
        if let Some(wanted) = &self.request.body
            && !contains(body, wanted.as_bytes())
        {
            return Err(Failure::BodyLacks(wanted.clone()));
        }
        match &self.pattern {
            Some(pattern) if !pattern.is_match(body) => {
                Err(Failure::BodyUnlike(pattern.as_str().into()))
            }
            _ => Ok(()),
        }
    }
}

fn no_host(host: &str) -> Failure {
    Failure::Unaskable(format!("{host:?} is no Host header"))
}

/// What goes with every request; the operator's own words win.
fn headers(own: &[(String, String)]) -> Result<HeaderMap, Failure> {
    let agent = HeaderValue::from_static(concat!("steersman/", env!("CARGO_PKG_VERSION")));
    let mut headers =
        HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static("*/*")), (USER_AGENT, agent)]);
    for (name, value) in own {
        let no_header = || Failure::Unaskable(format!("{name:?} is no header"));
        let parsed = HeaderName::from_bytes(name.as_bytes()).map_err(|_| no_header())?;
        let mut value = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| no_header())?;
        // Most likely it is a secret, which no log shows.
        value.set_sensitive(true);
        headers.insert(parsed, value);
    }
    Ok(headers)
}

pub(super) fn contains(body: &[u8], wanted: &[u8]) -> bool {
    wanted.is_empty() || body.windows(wanted.len()).any(|window| window == wanted)
}

fn ranges(status: &[StatusRange]) -> String {
    let one = |range: &StatusRange| match range {
        StatusRange { first, last } if first == last => first.to_string(),
        StatusRange { first, last } => format!("{first}-{last}"),
    };
    status.iter().map(one).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
