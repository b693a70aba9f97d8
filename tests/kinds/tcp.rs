//! The presets of `tcp` against Redis, PostgreSQL, MariaDB and OpenSSH.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::certificates;
use crate::question::ask;
use crate::server::{Server, free_address, is_root, program};
use crate::support::wait::until;

fn redis(more: &[&str]) -> Option<Server> {
    let program = program(&["/usr/bin/redis-server"], "redis-server")?;
    let folder = tempfile::tempdir().unwrap();
    certificates::write(folder.path());
    let address = free_address();
    let (ip, port) = (address.ip().to_string(), address.port().to_string());
    let at = folder.path().display().to_string();
    let mut arguments = vec!["--bind", &ip, "--dir", &at, "--save", "", "--daemonize", "no"];
    let over_tls = more.contains(&"--tls-cert-file");
    match over_tls {
        true => arguments.extend(["--port", "0", "--tls-port", &port]),
        false => arguments.extend(["--port", &port]),
    }
    arguments.extend(more);
    Some(Server::start(folder, address, &program, arguments))
}

#[test]
fn redis_with_and_without_a_password() {
    for more in [&[][..], &["--requirepass", "secret"]] {
        let Some(server) = redis(more) else { return };
        assert_eq!(ask(server.path(), "tcp = { preset = 'redis' }", server.address), "well");
    }
}

#[test]
fn redis_by_words_of_ones_own() {
    let Some(server) = redis(&[]) else { return };
    for (words, wanted) in [
        ("send = \"PING\\r\\n\", expect = \"+PONG\"", "well"),
        ("send_hex = '50494e470d0a', expect_hex = '2b504f4e47'", "well"),
        (
            "send = \"QUIT\\r\\n\", expect_regex = '^[+]PONG'",
            "answer does not match \"^[+]PONG\", but is \"+OK\\r\\n\"",
        ),
    ] {
        let kind = format!("tcp = {{ {words} }}");
        assert_eq!(ask(server.path(), &kind, server.address), wanted, "{words}");
    }
}

#[test]
fn redis_over_tls() {
    let pair = [
        "--tls-cert-file",
        "server.pem",
        "--tls-key-file",
        "server.key",
        "--tls-ca-cert-file",
        "ca.pem",
        "--tls-auth-clients",
        "yes",
    ];
    let Some(server) = redis(&pair) else { return };
    let tls = "sni = 'www.example.com', ca_file = '../ca.pem', \
               client_cert_file = '../client.pem', client_key_file = '../client.key'";
    for (settings, wanted) in
        [(tls, "well"), ("verify = false", "TLS failed: alert CertificateRequired received")]
    {
        let kind = format!("tcp = {{ preset = 'redis', tls = {{ {settings} }} }}");
        assert_eq!(ask(server.path(), &kind, server.address), wanted, "{settings}");
    }
}

/// Runs a program as a user of its own where the tests run as root, which it refuses to.
fn as_user(user: &str, program: &Path) -> (PathBuf, Vec<String>) {
    if !is_root() {
        return (program.into(), Vec::new());
    }
    let (user, group) = (format!("--reuid={user}"), format!("--regid={user}"));
    let program = program.display().to_string();
    ("/usr/bin/setpriv".into(), vec![user, group, "--clear-groups".into(), program])
}

/// A folder of that user's.
fn folder_of(user: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    if is_root() {
        let path = folder.path();
        assert!(Command::new("chown").arg(user).arg(path).status().unwrap().success());
    }
    folder
}

fn run(program: &Path, arguments: &[String], folder: &Path) {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder).env("TMPDIR", folder);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{program:?} {arguments:?}: {output:?}");
}

#[test]
fn postgresql() {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let programs: Vec<String> =
        versions.map(|version| version.path().join("bin/postgres").display().to_string()).collect();
    let programs: Vec<&str> = programs.iter().map(String::as_str).collect();
    let Some(postgres) = program(&programs, "postgresql") else { return };
    for (authentication, is_logged) in [("scram-sha-256", false), ("trust", true)] {
        let folder = folder_of("postgres");
        fs::write(folder.path().join("password"), "secret").unwrap();
        let (initdb, mut arguments) = as_user("postgres", &postgres.with_file_name("initdb"));
        let data = ["-D", "data", "-U", "postgres", "-N", "--pwfile=password", "-A"];
        arguments.extend(data.iter().chain([&authentication]).map(|word| (*word).to_owned()));
        run(&initdb, &arguments, folder.path());
        let address = free_address();
        let (program, mut arguments) = as_user("postgres", &postgres);
        arguments.extend(["-D".into(), "data".into(), "-F".into()]);
        arguments.extend(["-p".into(), address.port().to_string()]);
        arguments.extend(["-c".into(), format!("listen_addresses={}", address.ip())]);
        arguments.extend(["-c".into(), "unix_socket_directories=".into()]);
        let server = Server::start(folder, address, &program, &arguments);
        // Until then it says that it is starting up, and is not well.
        until("it to be ready", || match server.log().contains("ready to accept connections") {
            true => Ok(()),
            false => Err(server.log()),
        });
        let before = server.log().len();
        assert_eq!(ask(server.path(), "tcp = { preset = 'postgresql' }", address), "well");
        // Well all the same, and the server serves on.
        assert_eq!(ask(server.path(), "tcp = { preset = 'postgresql' }", address), "well");
        if is_logged {
            until("a line about us", || match server.log().contains("role \"steersman\"") {
                true => Ok(()),
                false => Err(server.log()),
            });
        } else {
            assert_eq!(&server.log()[before..], "");
        }
    }
}

#[test]
fn mariadb() {
    let Some(mariadbd) = program(&["/usr/sbin/mariadbd"], "mariadb-server-core") else { return };
    // The database for tests brings an account for whoever comes.
    for (install, wanted) in [
        ("--skip-test-db", "Access denied for user 'steersman'@"),
        ("--auth-root-authentication-method=normal", "Quit"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let data = format!("--datadir={}/data", folder.path().display());
        let mut words = vec!["--no-defaults".to_owned(), data];
        words.extend(is_root().then(|| "--user=root".into()));
        let install = [&words[..], &[install.to_owned()]].concat();
        run(Path::new("/usr/bin/mariadb-install-db"), &install, folder.path());
        let address = free_address();
        let (at, ip, port) = (folder.path().display(), address.ip(), address.port());
        let mut arguments = words;
        arguments.extend([format!("--socket={at}/socket"), format!("--pid-file={at}/pid")]);
        arguments.extend([format!("--bind-address={ip}"), format!("--port={port}")]);
        // Who came and how, and who left without a word: these are counted, and in the end shut out.
        arguments.extend(["--general-log", "--log-warnings=4"].map(String::from));
        arguments.push(format!("--general-log-file={at}/general"));
        let server = Server::start(folder, address, &mariadbd, &arguments);
        assert_eq!(ask(server.path(), "tcp = { preset = 'mysql' }", address), "well");
        until("a line about us", || {
            let general = fs::read(server.path().join("general")).unwrap_or_default();
            let general = String::from_utf8_lossy(&general).into_owned();
            if general.contains(wanted) { Ok(()) } else { Err(general) }
        });
        let log = server.log();
        assert!(!log.contains("user: 'steersman'"), "{log}");
        // Perhaps whoever waited for its port to open.
        assert!(log.matches("Aborted connection").count() <= 1, "{log}");
    }
}

#[test]
fn openssh() {
    let Some(sshd) = program(&["/usr/sbin/sshd"], "openssh-server") else { return };
    let folder = tempfile::tempdir().unwrap();
    let key = ["-q", "-t", "ed25519", "-N", "", "-f", "key"].map(String::from);
    run(Path::new("/usr/bin/ssh-keygen"), &key, folder.path());
    let address = free_address();
    let config = format!(
        "ListenAddress {address}\nHostKey {}/key\nUsePAM no\nPidFile none\n",
        folder.path().display()
    );
    fs::write(folder.path().join("config"), config).unwrap();
    // It wants to have been started by its whole path, and a folder that only root may write.
    if is_root() {
        fs::create_dir_all("/run/sshd").unwrap();
    }
    let config = folder.path().join("config").display().to_string();
    let server = Server::start(folder, address, &sshd, ["-D", "-e", "-f", &config]);
    assert_eq!(ask(server.path(), "tcp = { preset = 'ssh' }", address), "well");
    let banner = "tcp = { expect_regex = '^SSH-2\\.0-OpenSSH' }";
    assert_eq!(ask(server.path(), banner, address), "well");
}
