//! The admin endpoint over TLS.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};

use super::activation::{handed, sockets};
use super::encrypted::clients::{NAME, Pair};
use super::upgrade::successor;
use crate::support::backend::fresh_ip;
use crate::support::daemon::{Daemon, PROGRAM, Said, Start, run};
use crate::support::http::{self, Response};
use crate::support::packages;
use crate::support::setup::{Setup, steady};
use crate::support::wait::{PATIENCE, until, until_eq};

const SHOWN: &str = "another certificate is shown from now on";

/// With a certificate for the admin endpoint.
fn secured(mut setup: Setup, certificate: &str, key: &str) -> Setup {
    setup.write("tls/admin.pem", certificate);
    setup.write("tls/admin.key", key);
    setup.dns += "[admin.tls]\ncertificate = \"tls/admin.pem\"\nkey = \"tls/admin.key\"\n";
    setup
}

fn by_pair(setup: Setup, pair: &Pair) -> Setup {
    secured(setup, &pair.certificate, &pair.key)
}

/// A stream that has shown the certificate of the pair.
fn open(server: SocketAddr, pair: &Pair) -> io::Result<StreamOwned<ClientConnection, TcpStream>> {
    let config = pair.client(b"http/1.1");
    let name = ServerName::try_from(NAME).unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).map_err(io::Error::other)?;
    let stream = TcpStream::connect(server)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut stream = StreamOwned::new(connection, stream);
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock)?;
    }
    Ok(stream)
}

fn ask(daemon: &Daemon, pair: &Pair, method: &str, path: &str, body: &str) -> Response {
    let token = daemon.token();
    let text = http::text(daemon.admin, method, path, Some(&token), body);
    http::exchange_over(open(daemon.admin, pair).unwrap(), text.as_bytes()).unwrap()
}

fn wait_until_ready(daemon: &Daemon, pair: &Pair) {
    until_eq(200, || ask(daemon, pair, "GET", "/readyz", "").status);
}

fn failover() -> Setup {
    let pools = format!(
        "[monitors.alive]\nheartbeat = {{}}\ninterval = \"1h\"\nfall = 1\nrise = 1\n\
         [pools.main]\nmonitor = \"alive\"\nendpoints = [\"192.0.2.1\"]\n{}",
        steady("spare", "198.51.100.1")
    );
    Setup::steering(&pools, "www.failover = [\"main\", \"spare\"]\n")
}

#[test]
fn all_of_it_is_asked_over_https() {
    let pair = Pair::new();
    let daemon = by_pair(failover(), &pair).start();
    wait_until_ready(&daemon, &pair);
    let asked = |method, path, body| ask(&daemon, &pair, method, path, body);
    assert_eq!(asked("GET", "/healthz", "").body, "ok\n");
    assert!(asked("GET", "/", "").head.contains("content-type: text/html"));
    assert!(asked("GET", "/metrics", "").body.contains("\n# TYPE steersman_"));
    // An endpoint says of itself that it is well.
    let beat = asked("POST", "/api/v1/heartbeats/main/192.0.2.1", "");
    assert_eq!(beat.status, 204, "{beat:?}");
    daemon.wait_for_answer("www", "192.0.2.1");
    // Without a token nobody gets further.
    let text = http::text(daemon.admin, "GET", "/api/v1/status", None, "");
    let denied = http::exchange_over(open(daemon.admin, &pair).unwrap(), text.as_bytes()).unwrap();
    assert_eq!(denied.status, 401);
    // The certificate is for another name; whoever has the configuration knows it.
    assert!(daemon.cli_ok(&["status"]).contains("main"));
    daemon.cli_ok(&["drain", "pool:main", "--reason", "a test"]);
    daemon.wait_for_answer("www", "198.51.100.1");
    let token = daemon.cli_ok(&["token", "add", "wall", "--role", "viewer"]);
    // What the page signs in with goes over nothing else.
    let body = format!("{{\"token\":\"{}\"}}", token.trim());
    let text = http::text(daemon.admin, "POST", "/api/v1/session", None, &body)
        .replace("Connection:", "Content-Type: application/json\r\nConnection:");
    let signed = http::exchange_over(open(daemon.admin, &pair).unwrap(), text.as_bytes()).unwrap();
    assert_eq!(signed.status, 201, "{signed:?}");
    assert!(signed.head.contains("set-cookie: __host-steersman-"), "{signed:?}");
    assert!(signed.head.contains("samesite=strict; secure"), "{signed:?}");
    let mut events = open(daemon.admin, &pair).unwrap();
    let text = http::text(daemon.admin, "GET", "/api/v1/events?last=9", Some(&daemon.token()), "");
    events.write_all(text.as_bytes()).unwrap();
    let mut seen = String::new();
    let mut some = [0; 4096];
    while !seen.contains("\"type\":\"override\"") {
        let length = events.read(&mut some).unwrap();
        assert_ne!(length, 0, "{seen}");
        seen.push_str(std::str::from_utf8(&some[..length]).unwrap());
    }
}

#[test]
fn whoever_speaks_plain_http_is_told_so() {
    let pair = Pair::new();
    let daemon = by_pair(Setup::new(), &pair).start();
    let told = daemon.api("GET", "/api/v1/status", "");
    assert_eq!(told.status, 400);
    let detail = "this endpoint speaks TLS: ask https:// for /api/v1/status, not http://";
    assert_eq!(told.detail(), detail);
    // Nor does anything else keep it from being served.
    for garbage in [&b"\x16\x03\x01"[..], b"\x16\x03\x01\xff\xff garbage", b"\0", b"\r\n\r\n", b""]
    {
        let mut stream = TcpStream::connect(daemon.admin).unwrap();
        stream.write_all(garbage).unwrap();
        drop(stream);
    }
    assert_eq!(ask(&daemon, &pair, "GET", "/healthz", "").status, 200);
    // The other way round, the command line is told.
    let plain = Setup::new().start();
    let url = format!("https://{}", plain.admin);
    let said = plain.cli(&["status", "--url", &url]);
    assert!(said.code == Some(1) && said.stderr.contains(&url), "{said:?}");
}

/// By a command that has the token, but not the configuration, and trusts an authority.
#[test]
fn a_url_and_an_authority_are_enough() {
    let authority_key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new([]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = params.self_signed(&authority_key).unwrap();
    let issuer = Issuer::new(params, authority_key);
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &issuer).unwrap();
    let daemon = secured(Setup::new(), &certificate.pem(), &key.serialize_pem()).start();
    daemon.write("ca.pem", authority.pem());
    let elsewhere = tempfile::tempdir().unwrap();
    let ca = daemon.path("ca.pem").display().to_string();
    let asked = |url: &str, ca: Option<&str>| {
        let mut command = Command::new(PROGRAM);
        command.args(["status", "--url", url]).current_dir(elsewhere.path());
        command.env("STEERSMAN_TOKEN", daemon.token());
        command.envs(ca.map(|ca| ("STEERSMAN_CA", ca)));
        let output = command.output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Said {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    };
    let port = daemon.admin.port();
    let url = format!("https://localhost:{port}/");
    let said = asked(&url, Some(&ca));
    assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""), "{said:?}");
    // For another name, and by nobody whom browsers trust.
    let said = asked(&format!("https://127.0.0.1:{port}"), Some(&ca));
    assert!(said.code == Some(1) && said.stderr.contains("not valid for name"), "{said:?}");
    let said = asked(&url, None);
    assert!(said.code == Some(1) && said.stderr.contains("UnknownIssuer"), "{said:?}");
    let said = asked(&url, Some("no such file"));
    assert!(said.stderr.contains("cannot read the certificates of no such file"), "{said:?}");
    // It says what is missing where there is neither.
    let said = run(elsewhere.path(), &["status", "--url", &url]);
    assert!(said.code == Some(1) && said.stderr.contains("STEERSMAN_TOKEN"), "{said:?}");
    let said = run(elsewhere.path(), &["status", "--url", "ftp://x"]);
    assert!(said.code == Some(2) && said.stderr.contains("https://HOST"), "{said:?}");
}

/// One that is renewed is shown without a restart; a bad one never takes its place.
#[test]
fn certificates_are_replaced_while_it_runs() {
    let [old, new] = [Pair::new(), Pair::new()];
    let daemon = by_pair(Setup::new(), &old).start();
    wait_until_ready(&daemon, &old);
    for (file, contents, wanted) in [
        ("admin.pem", "", "a file without a certificate"),
        ("admin.pem", new.certificate.as_str(), "a key of another certificate"),
        ("admin.key", "", "a file without a private key"),
    ] {
        daemon.write(&format!("tls/{file}"), contents);
        let refused = ask(&daemon, &old, "POST", "/api/v1/reload", "");
        assert!(refused.status == 422 && refused.body.contains(wanted), "{wanted}: {refused:?}");
        let check = daemon.cli(&["check"]);
        assert!(check.code == Some(1) && check.stdout.contains(wanted), "{wanted}: {check:?}");
        if file == "admin.pem" {
            let said = daemon.cli(&["status"]);
            let wanted = if contents.is_empty() {
                "there is none"
            } else {
                "it shows another certificate than"
            };
            assert!(said.code == Some(1) && said.stderr.contains(wanted), "{said:?}");
        }
        daemon.write("tls/admin.pem", &old.certificate);
        daemon.write("tls/admin.key", &old.key);
        assert_eq!(ask(&daemon, &old, "POST", "/api/v1/reload", "").status, 200);
    }
    assert_eq!(daemon.log.of(SHOWN).len(), 0);
    // Nobody calls for a reload.
    daemon.write("tls/admin.pem", &new.certificate);
    daemon.write("tls/admin.key", &new.key);
    assert_eq!(daemon.log.wait_for(SHOWN, 1)["endpoint"], "admin");
    assert_eq!(ask(&daemon, &new, "GET", "/readyz", "").status, 200);
    assert!(open(daemon.admin, &old).is_err());
    daemon.cli_ok(&["status"]);
}

#[test]
fn a_pair_that_is_no_pair_is_an_error_at_the_start() {
    let [pair, other] = [Pair::new(), Pair::new()];
    let (code, said) = secured(Setup::new(), &pair.certificate, &other.key).start_in_vain();
    assert_eq!(code, Some(1), "{said}");
    let wanted =
        "steersman.toml:16:7: tls/admin.key, a key of another certificate than tls/admin.pem";
    assert!(said.contains(wanted), "{said}");
}

/// A handshake costs much more than an answer, and whoever wants can begin one.
#[test]
fn handshakes_give_way_to_answers() {
    let daemon = by_pair(Setup::new(), &Pair::new()).start();
    until("a thread that gives way", || {
        let threads = fs::read_dir(format!("/proc/{}/task", daemon.id())).unwrap();
        let stats = threads.map(|thread| fs::read_to_string(thread.unwrap().path().join("stat")));
        let stats: Vec<String> = stats.filter_map(Result::ok).collect();
        let shaking = stats.iter().find(|stat| stat.contains("(handshakes)"));
        // The niceness is the 17th field behind the name.
        let niceness = shaking.and_then(|stat| stat.rsplit_once(") ")?.1.split(' ').nth(16));
        if niceness == Some("10") { Ok(()) } else { Err(format!("{stats:?}")) }
    });
}

/// Whoever connects and does not shake hands, or stops in the middle, keeps nobody out.
#[test]
fn those_who_do_not_shake_hands_keep_nobody_out() {
    let pair = Pair::new();
    let daemon = by_pair(Setup::new(), &pair).start();
    let half = |number: usize| {
        let mut stream = TcpStream::connect(daemon.admin).unwrap();
        if number.is_multiple_of(2) {
            stream.write_all(b"\x16\x03\x01").unwrap();
        }
        stream
    };
    // More than may be open at a time.
    let silent: Vec<TcpStream> = (0..600).map(half).collect();
    assert_eq!(ask(&daemon, &pair, "GET", "/healthz", "").status, 200);
    daemon.cli_ok(&["status"]);
    drop(silent);
    // Nor are they waited for at the end.
    let _silent: Vec<TcpStream> = (0..10).map(half).collect();
    let mut daemon = daemon;
    daemon.signal("TERM");
    assert!(daemon.end().success());
}

/// The socket is handed on as ever; the next process reads the certificate itself.
#[test]
fn the_next_process_speaks_tls_too() {
    let [old, new] = [Pair::new(), Pair::new()];
    let (udp, tcp, address) = sockets(fresh_ip());
    drop(tcp);
    let admin = TcpListener::bind((fresh_ip(), 0)).unwrap();
    let mut setup = by_pair(Setup::new(), &old);
    setup.listen = format!("[\"{address}\"]");
    setup.admin = admin.local_addr().unwrap().to_string();
    let daemon = setup.start_by(&handed(udp, admin));
    wait_until_ready(&daemon, &old);
    assert_eq!(daemon.cli(&["status"]).code, Some(0));
    daemon.signal("USR2");
    let _next = successor(&daemon, 1);
    assert_eq!(ask(&daemon, &old, "GET", "/healthz", "").status, 200);
    daemon.write("tls/admin.pem", &new.certificate);
    daemon.write("tls/admin.key", &new.key);
    until("the next one to show another certificate", || {
        open(daemon.admin, &new).map(drop).map_err(|error| error.to_string())
    });
}

/// A real client, by the name that stands in the certificate.
#[test]
fn curl_is_answered() {
    if Command::new("curl").arg("--version").stdout(Stdio::null()).status().is_err() {
        return packages::miss("tried with curl", "curl");
    }
    let pair = Pair::new();
    let daemon = by_pair(Setup::new(), &pair).start_by(&Start::default());
    let port = daemon.admin.port();
    let mut curl = Command::new("curl");
    curl.args([
        "-sS",
        "--cacert",
        "tls/admin.pem",
        "--resolve",
        &format!("{NAME}:{port}:127.0.0.1"),
    ]);
    curl.arg("-HAuthorization: Bearer ".to_owned() + &daemon.token());
    curl.arg(format!("https://{NAME}:{port}/api/v1/overrides")).current_dir(daemon.path("."));
    let output = curl.output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), r#"{"overrides":[]}"#, "{output:?}");
}
