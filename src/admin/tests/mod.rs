//! The endpoint over a real socket, in front of a daemon that is not there.

mod connections;
mod events;
mod fake;
mod long;
mod openapi;
mod reasons;
mod routes;
mod silences;
mod tokens;

use std::sync::Arc;

use reqwest::{Method, Response, StatusCode};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::*;
use crate::state::{Token, Tokens};
use fake::Fake;

pub(crate) const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// Whoever has [`TOKEN`] is let in.
fn root() -> Access {
    Access::new(Token::new(TOKEN), Tokens::default())
}

/// A running endpoint.
pub(crate) struct Running {
    pub(crate) address: std::net::SocketAddr,
    pub(crate) fake: Arc<Fake>,
    http: reqwest::Client,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<()>,
}

impl Running {
    pub(crate) async fn start() -> Self {
        Self::start_with(root(), Limits::default()).await
    }

    async fn start_with(access: Access, limits: Limits) -> Self {
        Self::start_by(None, access, limits).await
    }

    async fn start_by(tls: Option<Tls>, access: Access, limits: Limits) -> Self {
        // The first test to come installs it for all.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let fake = Arc::new(Fake::default());
        let (stop, stopped) = oneshot::channel();
        let control = fake.clone();
        let ended = tokio::spawn(async move {
            let stopped = async { stopped.await.unwrap_or(()) };
            serve(listener, tls, access, control, limits, stopped).await;
        });
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { address, fake, http, stop, ended }
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("http://{}{path}", self.address))
    }

    async fn ask(&self, method: Method, path: &str, body: &str) -> Response {
        let request = self.request(method, path).bearer_auth(TOKEN).body(body.to_owned());
        request.send().await.unwrap()
    }

    async fn get(&self, path: &str) -> Response {
        self.ask(Method::GET, path, "").await
    }

    async fn put(&self, target: &str, body: &str) -> Response {
        self.ask(Method::PUT, &format!("/api/v1/overrides/{target}"), body).await
    }
}

/// Checks that a response is a well-formed problem and returns its detail.
async fn problem(response: Response, status: u16) -> String {
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    assert_eq!(response.status(), StatusCode::from_u16(status).unwrap());
    let problem: Problem = response.json().await.unwrap();
    assert_eq!(problem.status, status);
    assert!(!problem.title.is_empty());
    problem.detail
}

async fn json(response: Response) -> Value {
    assert_eq!(response.headers()["content-type"], "application/json");
    response.json().await.unwrap()
}
