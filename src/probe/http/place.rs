//! Where a request goes, and where a redirect leads from there.
//!
//! Nothing is resolved: whatever a redirect says, the same address is asked. So it is followed to
//! another path, port or scheme of the same host, and not to another host, which lives elsewhere.

use http::header::LOCATION;
use http::response::Parts;
use http::{Method, StatusCode};
use url::{Position, Url};

use crate::probe::failure::Failure;
use crate::probe::target::HttpRequest;

/// How much of a redirect is shown.
const SHOWN: usize = 200;

/// Where one request goes, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) over_tls: bool,
    pub(super) port: u16,
    pub(super) host: String,
    pub(super) path: String,
    pub(super) method: Method,
    /// Whether the body of the first request is sent here too.
    pub(super) sends_body: bool,
}

impl Place {
    /// Where the first request goes.
    pub(super) fn first(request: &HttpRequest) -> Result<Self, Failure> {
        let method = Method::from_bytes(request.method.as_bytes());
        Ok(Self {
            over_tls: request.tls.is_some(),
            port: request.port,
            host: request.host.clone(),
            path: encoded(&request.path),
            method: method.map_err(|error| Failure::Unaskable(error.to_string()))?,
            sends_body: request.request_body.is_some(),
        })
    }

    /// Where an answer leads that came from here; `first` is where the first request went.
    pub(super) fn after(&self, answer: &Parts, first: &Self) -> Result<Self, Failure> {
        let here = self.url()?;
        let location = answer.headers.get(LOCATION);
        let location =
            String::from_utf8_lossy(location.map_or(&[], |value| value.as_bytes())).into_owned();
        let refused = |why: String| Failure::Redirect(format!("to {}, {why}", shown(&location)));
        let there = here.join(&location).map_err(|error| refused(error.to_string()))?;
        let over_tls = match there.scheme() {
            "http" => false,
            "https" => true,
            other => return Err(refused(format!("by {other}"))),
        };
        if there.host() != here.host() {
            let host = here.host_str().unwrap_or_default();
            return Err(refused(format!("another host than {host}, which is not asked")));
        }
        let known = |url: &Url| (url.scheme().to_owned(), url.port_or_known_default());
        let is_first = known(&there) == known(&first.url()?);
        let (host, port) = match is_first {
            true => (first.host.clone(), first.port),
            false => (
                there[Position::BeforeHost..Position::AfterPort].to_owned(),
                there.port_or_known_default().unwrap_or(first.port),
            ),
        };
        let is_beside = over_tls == first.over_tls && port == first.port;
        let (method, sends_body) = match (answer.status, &self.method) {
            // As browsers do, and RFC 9110 15.4.2 to 15.4.4 allow.
            (StatusCode::SEE_OTHER, method) if method != Method::HEAD => (Method::GET, false),
            (StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND, &Method::POST) => {
                (Method::GET, false)
            }
            (_, method) => (method.clone(), self.sends_body),
        };
        let path = there[Position::BeforePath..Position::AfterQuery].to_owned();
        if sends_body && !is_beside {
            return Err(refused("which would send the body to another port".into()));
        }
        Ok(Self { over_tls, port, host, path, method, sends_body })
    }

    /// Whether it is the same port, spoken to in the same way.
    pub(super) fn is_beside(&self, other: &Self) -> bool {
        self.over_tls == other.over_tls && self.port == other.port
    }

    fn url(&self) -> Result<Url, Failure> {
        let scheme = if self.over_tls { "https" } else { "http" };
        let text = format!("{scheme}://{}{}", self.host, self.path);
        Url::parse(&text).map_err(|error| Failure::Unaskable(format!("{text}: {error}")))
    }
}

/// Whether an answer says to ask elsewhere (RFC 9110 15.4).
pub(super) fn is_redirect(answer: &Parts) -> bool {
    matches!(answer.status.as_u16(), 301 | 302 | 303 | 307 | 308)
        && answer.headers.contains_key(LOCATION)
}

fn shown(location: &str) -> String {
    let short: String = location.chars().take(SHOWN).collect();
    let more = if short.len() < location.len() { "…" } else { "" };
    format!("{short:?}{more}")
}

/// What URLs do not have as such (RFC 3986 2), as they have it.
fn encoded(path: &str) -> String {
    let mut text = String::new();
    for c in path.chars() {
        match c {
            '"' | '<' | '>' | '\\' | '^' | '`' | '{' | '|' | '}' => {
                text += &format!("%{:02X}", u32::from(c));
            }
            _ => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use http::Response;

    use super::*;

    fn place(over_tls: bool, port: u16, host: &str, path: &str) -> Place {
        let (host, path) = (host.into(), path.into());
        Place { over_tls, port, host, path, method: Method::GET, sends_body: false }
    }

    fn answer(status: u16, location: &str) -> Parts {
        let answer = Response::builder().status(status).header(LOCATION, location);
        answer.body(()).unwrap().into_parts().0
    }

    #[test]
    fn redirects_stay_at_the_host_and_the_port_of_the_first_request_stands_for_its_own() {
        // Asked at a port that the server does not know of.
        let first = place(false, 8080, "www.example.com", "/a/b");
        for (location, wanted) in [
            ("c", place(false, 8080, "www.example.com", "/a/c")),
            ("/c?d=e#f", place(false, 8080, "www.example.com", "/c?d=e")),
            ("http://WWW.example.com/", place(false, 8080, "www.example.com", "/")),
            ("http://www.example.com:80/", place(false, 8080, "www.example.com", "/")),
            ("//www.example.com:81/", place(false, 81, "www.example.com:81", "/")),
            ("https://www.example.com/", place(true, 443, "www.example.com", "/")),
            ("https://www.example.com:8443/", place(true, 8443, "www.example.com:8443", "/")),
        ] {
            assert_eq!(first.after(&answer(302, location), &first), Ok(wanted), "{location}");
        }
    }

    #[test]
    fn whatever_leads_elsewhere_is_refused() {
        let first = place(false, 80, "www.example.com", "/");
        for (location, wanted) in [
            (
                "https://login.example.net/",
                "redirected to \"https://login.example.net/\", another host than www.example.com, \
                 which is not asked",
            ),
            (
                "//192.0.2.1/",
                "redirected to \"//192.0.2.1/\", another host than www.example.com, which is not \
                 asked",
            ),
            ("ftp://www.example.com/", "redirected to \"ftp://www.example.com/\", by ftp"),
            ("http://[", "redirected to \"http://[\", invalid IPv6 address"),
        ] {
            let failure = first.after(&answer(302, location), &first).unwrap_err();
            assert_eq!(failure.to_string(), wanted);
        }
    }

    #[test]
    fn a_post_that_is_sent_elsewhere_becomes_a_get_or_stays_one() {
        let mut first = place(false, 80, "www.example.com", "/");
        (first.method, first.sends_body) = (Method::POST, true);
        for (status, method, sends_body) in [
            (301, Method::GET, false),
            (302, Method::GET, false),
            (303, Method::GET, false),
            (307, Method::POST, true),
            (308, Method::POST, true),
        ] {
            let next = first.after(&answer(status, "/x"), &first).unwrap();
            assert_eq!((next.method, next.sends_body), (method, sends_body), "{status}");
        }
    }

    #[test]
    fn what_urls_cannot_have_is_encoded() {
        assert_eq!(encoded(r#"/a%20b?q={"x":1}|^"#), "/a%20b?q=%7B%22x%22:1%7D%7C%5E");
    }
}
