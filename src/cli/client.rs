//! Talking to the admin endpoint of a running daemon.

use std::error::Error;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ops::ControlFlow;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::Duration;

use reqwest::header::HeaderValue;
use reqwest::{Method, StatusCode, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::args::WhyArgs;
use super::trust::Trust;
use crate::admin::{Problem, USER_HEADER, Why};
use crate::config::Admin;
use crate::health::Target;
use crate::question::ClientNetwork;
use crate::state::Token;

/// Whoever has a token of their own says so by this.
const TOKEN_VARIABLE: &str = "STEERSMAN_TOKEN";

/// A reload of large zones takes its time; everything else is quick.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);
/// Where zones come from git, one that hangs may have to be waited for before another is begun.
const RELOAD_TIMEOUT: Duration = Duration::from_secs(150);
/// Longer than any stream goes on at a time.
const STREAM_TIMEOUT: Duration = Duration::from_secs(200);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

const SAME_CONFIGURATION: &str = "is `steersman serve` running with this configuration?";
const RIGHT_URL: &str = "is the URL right, and does --ca name the authority of its certificate?";

/// A client of one daemon.
pub struct Client {
    http: reqwest::Client,
    /// Where its paths begin.
    url: Url,
    /// As people are told where it is.
    at: String,
    token: Token,
    /// Where that is from.
    token_from: String,
    /// What to ask oneself where it cannot be reached.
    hint: &'static str,
}

impl Client {
    /// For the daemon that is told this; takes the token of the environment, else reads that of the
    /// file. Without a file of authorities, it is known by its certificate.
    ///
    /// # Errors
    ///
    /// The token, or a certificate, cannot be read.
    pub fn new(admin: &Admin, authorities: Option<&Path>) -> Result<Self, String> {
        let (token, token_from) = match token_of_the_environment() {
            Some(token) => (token?, TOKEN_VARIABLE.into()),
            None => Self::token_of_the_file(admin)?,
        };
        let trust = match (&admin.tls, authorities) {
            (None, _) => Trust::Nobody,
            (Some(_), Some(authorities)) => Trust::Authorities(authorities),
            (Some(tls), None) => Trust::Own(&tls.certificate.path),
        };
        let address = reachable(admin.listen);
        let (scheme, at) = match &admin.tls {
            None => ("http", address.to_string()),
            Some(_) => ("https", format!("https://{address}")),
        };
        let url = Url::parse(&format!("{scheme}://{address}")).map_err(|e| e.to_string())?;
        Ok(Self { http: http(trust)?, url, at, token, token_from, hint: SAME_CONFIGURATION })
    }

    /// For the daemon at a URL; takes the token of the environment, else reads that of a configuration.
    ///
    /// # Errors
    ///
    /// The same.
    pub fn at(
        url: &Url,
        authorities: Option<&Path>,
        admin: impl FnOnce() -> Result<Admin, String>,
    ) -> Result<Self, String> {
        let (token, token_from) = match token_of_the_environment() {
            Some(token) => (token?, TOKEN_VARIABLE.into()),
            None => {
                let admin = admin().map_err(|why| {
                    format!("{why}\n{TOKEN_VARIABLE} is not set, so the token is looked for there")
                })?;
                Self::token_of_the_file(&admin)?
            }
        };
        let trust = match (url.scheme(), authorities) {
            ("https", Some(authorities)) => Trust::Authorities(authorities),
            ("https", None) => Trust::Web,
            _ => Trust::Nobody,
        };
        let (url, at) = (url.clone(), url.to_string());
        Ok(Self { http: http(trust)?, url, at, token, token_from, hint: RIGHT_URL })
    }

    /// The token of the file, and where that is.
    fn token_of_the_file(admin: &Admin) -> Result<(Token, String), String> {
        let token = Token::read(&admin.token_file).map_err(|error| {
            let hint = match error.io_kind() {
                Some(io::ErrorKind::PermissionDenied) => {
                    "; run this as the daemon's user, or as root"
                }
                Some(io::ErrorKind::NotFound) => {
                    "; the daemon makes it when it starts: has `steersman serve` run with this \
                     configuration, or was the file deleted since?"
                }
                _ => "",
            };
            format!("{error}{hint}")
        })?;
        Ok((token, admin.token_file.display().to_string()))
    }

    /// `GET` of a path under `/api/v1`.
    pub async fn get<T: DeserializeOwned>(&self, path: &[&str]) -> Result<T, String> {
        let request = self.request(Method::GET, path);
        read_json(self.send(request).await?).await
    }

    /// The same, with a query.
    pub async fn get_with<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<T, String> {
        let mut url = self.url(path);
        url.query_pairs_mut().extend_pairs(query);
        read_json(self.send(self.request_to(Method::GET, url)).await?).await
    }

    /// The lines of a stream of events, as they come, of those after an id if one is given, until `take` wants no more or
    /// the stream ends.
    pub async fn lines(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
        after: Option<&str>,
        mut take: impl FnMut(&str) -> ControlFlow<()>,
    ) -> Result<(), String> {
        let mut url = self.url(path);
        url.query_pairs_mut().extend_pairs(query);
        let mut request = self.request_to(Method::GET, url).timeout(STREAM_TIMEOUT);
        if let Some(after) = after {
            request = request.header("last-event-id", after);
        }
        let mut response = self.send(request).await?;
        let mut waiting = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.unreachable(&error))? {
            waiting.extend_from_slice(&chunk);
            while let Some(end) = waiting.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = waiting.drain(..=end).collect();
                if take(String::from_utf8_lossy(&line).trim_end()).is_break() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// `POST` to a path under `/api/v1`.
    pub async fn post<T: DeserializeOwned>(&self, path: &[&str]) -> Result<T, String> {
        self.post_because(path, &WhyArgs::default()).await
    }

    /// The same, with why, if that is said.
    pub async fn post_because<T: DeserializeOwned>(
        &self,
        path: &[&str],
        why: &WhyArgs,
    ) -> Result<T, String> {
        let request = with_why(self.request(Method::POST, path), why);
        read_json(self.send(request).await?).await
    }

    /// The same, with a body.
    pub async fn post_json<T: DeserializeOwned>(
        &self,
        path: &[&str],
        body: &impl Serialize,
    ) -> Result<T, String> {
        let request = self.request(Method::POST, path);
        read_json(self.send(request.json(body)).await?).await
    }

    /// `PUT` to a path under `/api/v1`.
    pub async fn put<T: DeserializeOwned>(
        &self,
        path: &[&str],
        body: &impl Serialize,
    ) -> Result<T, String> {
        let request = self.request(Method::PUT, path);
        read_json(self.send(request.json(body)).await?).await
    }

    /// `DELETE` of a path under `/api/v1`.
    pub async fn delete(&self, path: &[&str]) -> Result<(), String> {
        let request = self.request(Method::DELETE, path);
        self.send(request).await.map(drop)
    }

    /// `PUT` of an override.
    pub async fn put_override<T: DeserializeOwned>(
        &self,
        target: &Target,
        body: &impl Serialize,
    ) -> Result<T, String> {
        self.put(&override_path(target).each_ref().map(|s| &**s), body).await
    }

    /// The same, with why, if that is said.
    pub async fn delete_because(&self, path: &[&str], why: &WhyArgs) -> Result<(), String> {
        let url = because(self.url(path), why);
        self.send(self.request_to(Method::DELETE, url)).await.map(drop)
    }

    /// `DELETE` of an override.
    pub async fn delete_override(
        &self,
        target: &Target,
        force: bool,
        why: &WhyArgs,
    ) -> Result<(), String> {
        let path = override_path(target);
        let url = because(forced(self.url(&path.each_ref().map(|s| &**s)), force), why);
        self.send(self.request_to(Method::DELETE, url)).await.map(drop)
    }

    /// Has all files loaded.
    pub async fn reload<T: DeserializeOwned>(
        &self,
        force: bool,
        why: &WhyArgs,
    ) -> Result<T, String> {
        let url = forced(self.url(&["reload"]), force);
        let request = self.request_to(Method::POST, url).timeout(RELOAD_TIMEOUT);
        read_json(self.send(with_why(request, why)).await?).await
    }

    /// The explanation of an answer by the running daemon, as JSON.
    pub async fn explain(
        &self,
        name: &str,
        rtype: u16,
        from: Option<ClientNetwork>,
    ) -> Result<serde_json::Value, String> {
        let rtype = format!("TYPE{rtype}");
        let from = from.map(|from| from.to_string());
        let mut query = vec![("name", name), ("type", &rtype)];
        query.extend(from.as_deref().map(|from| ("from", from)));
        self.get_with(&["explain"], &query).await
    }

    fn url(&self, path: &[&str]) -> Url {
        let mut url = self.url.clone();
        // An http URL has a path; its segments are percent-encoded here.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(["api", "v1"]).extend(path);
        }
        url
    }

    fn request(&self, method: Method, path: &[&str]) -> reqwest::RequestBuilder {
        self.request_to(method, self.url(path))
    }

    fn request_to(&self, method: Method, url: Url) -> reqwest::RequestBuilder {
        let mut request = self.http.request(method, url).bearer_auth(self.token.reveal());
        if let Some(user) = user().and_then(|user| HeaderValue::try_from(user).ok()) {
            request = request.header(USER_HEADER, user);
        }
        request
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Result<reqwest::Response, String> {
        let response = request.send().await.map_err(|error| self.unreachable(&error))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        if status == StatusCode::UNAUTHORIZED {
            let why = response.json::<Problem>().await.map(|problem| problem.detail);
            return Err(bad_token(&self.at, &self.token_from, &why.unwrap_or_default()));
        }
        let problem = response.json::<Problem>().await;
        Err(problem.map_or_else(|_| format!("the daemon answered {status}"), |p| problem_text(&p)))
    }

    fn unreachable(&self, error: &reqwest::Error) -> String {
        let at = &self.at;
        if error.is_timeout() {
            return format!("the daemon at {at} does not answer in time");
        }
        let cause = root_cause(error);
        // As openssl makes one unless it is told otherwise.
        let hint = match cause.contains("CaUsedAsEndEntity") {
            true => {
                "its certificate is an authority's own (CA:TRUE), which no server may show: make one with \
                 -addext basicConstraints=critical,CA:FALSE"
            }
            false => self.hint,
        };
        format!("cannot reach the daemon at {at}: {cause}; {hint}")
    }
}

/// Whoever has a token of their own.
fn token_of_the_environment() -> Option<Result<Token, String>> {
    let own = std::env::var(TOKEN_VARIABLE).ok().filter(|token| !token.is_empty())?;
    Some(Token::new(&own).map_err(|why| format!("{TOKEN_VARIABLE}: {why}")))
}

fn http(trust: Trust<'_>) -> Result<reqwest::Client, String> {
    // The system's roots are not looked for, without which, as in a small container, there would be no
    // client at all.
    reqwest::Client::builder()
        .no_proxy()
        .tls_backend_preconfigured(trust.config()?)
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(REQUEST_TIMEOUT)
        .build()
        .map_err(|error| format!("cannot make an HTTP client: {error}"))
}

/// The name of whoever types this, for the audit trail; under cron or a unit, the number.
fn user() -> Option<String> {
    let name = |variable| std::env::var(variable).ok().filter(|name| !name.is_empty());
    let number = || Some(format!("uid:{}", std::fs::metadata("/proc/self").ok()?.uid()));
    name("SUDO_USER").or_else(|| name("USER")).or_else(number)
}

fn override_path(target: &Target) -> [String; 3] {
    let (kind, name) = match target {
        Target::Region(name) => ("region", name.clone()),
        Target::Pool(name) => ("pool", name.clone()),
        Target::Endpoint(pool, address) => ("endpoint", format!("{pool}/{address}")),
    };
    ["overrides".into(), kind.into(), name]
}

/// Wanted though it breaks safety rules, if so it is.
fn forced(mut url: Url, force: bool) -> Url {
    if force {
        url.query_pairs_mut().append_pair("force", "true");
    }
    url
}

/// With why, if that is said.
fn because(mut url: Url, WhyArgs { reason }: &WhyArgs) -> Url {
    if let Some(reason) = reason {
        url.query_pairs_mut().append_pair("reason", reason);
    }
    url
}

/// The same in a body.
fn with_why(request: reqwest::RequestBuilder, why: &WhyArgs) -> reqwest::RequestBuilder {
    match &why.reason {
        Some(reason) => request.json(&Why { reason: Some(reason.clone()) }),
        None => request,
    }
}

async fn read_json<T: DeserializeOwned>(response: reqwest::Response) -> Result<T, String> {
    response.json().await.map_err(|error| {
        format!(
            "cannot read the daemon's answer: {error}; is it another version than this program?"
        )
    })
}

/// A listener on all addresses is reached on loopback.
pub(super) fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

fn bad_token(at: &str, token_from: &str, why: &str) -> String {
    let hint = match token_from {
        TOKEN_VARIABLE => {
            "was it taken back, or made anew? An admin sees that in `steersman token list`"
        }
        _ => "is it running with this configuration?",
    };
    format!("the daemon at {at} does not accept the token in {token_from} ({why}); {hint}")
}

/// A problem as lines for a terminal.
fn problem_text(problem: &Problem) -> String {
    let mut lines: Vec<&str> = problem.errors.iter().map(|error| error.text.as_str()).collect();
    lines.push(&problem.detail);
    lines.join("\n")
}

/// What the system said, below all that wrapped it.
fn root_cause(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = match error.downcast_ref::<io::Error>() {
            Some(error) if error.raw_os_error().is_some() => error.kind().to_string(),
            _ => error.to_string(),
        };
        cause = error.source();
    }
    text
}
