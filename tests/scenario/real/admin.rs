//! People: whoever has the token, speaking to the admin endpoint.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use steersman::duration::format_duration;
use steersman::health::Target;

/// The admin endpoint of the daemon.
pub struct Admin {
    address: SocketAddr,
    token: String,
}

/// What it says.
pub struct Said {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: String,
}

/// What it says of an endpoint.
#[derive(Debug)]
pub struct EndpointSaid {
    /// Pool and address.
    pub name: String,
    /// What probes say.
    pub up: bool,
    /// Whether that may change.
    pub in_doubt: bool,
}

impl Admin {
    /// At an address, with the token in a file.
    pub fn new(address: SocketAddr, token_file: &Path) -> Self {
        let token = std::fs::read_to_string(token_file).unwrap().trim().to_owned();
        Self { address, token }
    }

    /// One request on a connection of its own.
    pub fn request(&self, method: &str, path: &str, body: &str) -> Said {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let (address, token, length) = (self.address, &self.token, body.len());
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\
             Connection: close\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        let (head, body) = reply.split_once("\r\n\r\n").expect("a head and a body");
        let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).expect("a status");
        Said { status, body: body.to_owned() }
    }

    /// Whether every target was probed once.
    pub fn is_ready(&self) -> Result<(), String> {
        self.request("GET", "/readyz", "").succeeded()
    }

    /// How all endpoints stand.
    pub fn endpoints(&self) -> Vec<EndpointSaid> {
        let status = self.request("GET", "/api/v1/status", "").json();
        let pools = status["pools"].as_array().expect("pools");
        let endpoints = pools.iter().flat_map(|pool| pool["endpoints"].as_array().unwrap());
        endpoints
            .map(|endpoint| EndpointSaid {
                name: endpoint["name"].as_str().unwrap().to_owned(),
                up: endpoint["verdict"] == "up",
                in_doubt: endpoint["in_doubt"] == true,
            })
            .collect()
    }

    /// How many probes of targets that begin so the daemon has counted.
    pub fn probes(&self, target: &str) -> u64 {
        let metrics = self.request("GET", "/metrics", "").body;
        let start = format!("steersman_probes_total{{target=\"{target} ");
        let lines = metrics.lines().filter(|line| line.starts_with(&start));
        lines.map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum()
    }

    /// Says something of a target.
    pub fn set_override(
        &self,
        target: &Target,
        state: &str,
        lifetime: Option<Duration>,
        reason: &str,
    ) -> Result<(), String> {
        let mut body = json!({ "state": state, "reason": reason });
        if let Some(lifetime) = lifetime {
            body["for"] = format_duration(lifetime).into();
        }
        self.request("PUT", &path(target), &body.to_string()).succeeded()
    }

    /// Returns to a pool, or is refused.
    pub fn failback(&self, pool: &str, refused: bool) -> Result<(), String> {
        let said = self.request("POST", &format!("/api/v1/failback/{pool}"), "");
        match said.status {
            409 if refused => Ok(()),
            200 if refused => Err(format!("not refused: {}", said.body)),
            _ => said.succeeded(),
        }
    }

    /// Takes it back.
    pub fn clear_override(&self, target: &Target) -> Result<(), String> {
        self.request("DELETE", &path(target), "").succeeded()
    }
}

fn path(target: &Target) -> String {
    format!("/api/v1/overrides/{}", target.to_string().replacen(':', "/", 1))
}

impl Said {
    fn succeeded(&self) -> Result<(), String> {
        match self.status {
            200..300 => Ok(()),
            status => Err(format!("{status} {}", self.body)),
        }
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or(Value::Null)
    }

    /// Everything that is wrong with the files.
    pub fn findings(&self) -> Vec<String> {
        let said = self.json();
        let errors = said["errors"].as_array().map_or(&[][..], Vec::as_slice);
        errors.iter().filter_map(|error| error["text"].as_str()).map(str::to_owned).collect()
    }
}
