//! `grpc` against the health service of etcd, which is that of gRPC for Go.

use crate::certificates;
use crate::question::ask;
use crate::server::{Server, free_address, program};

fn etcd(scheme: &str, more: &[&str]) -> Option<Server> {
    let program = program(&["/usr/bin/etcd"], "etcd-server")?;
    let folder = tempfile::tempdir().unwrap();
    certificates::write(folder.path());
    let (address, peers) = (free_address(), format!("http://{}", free_address()));
    let url = format!("{scheme}://{address}");
    let cluster = format!("default={peers}");
    let mut arguments = vec![
        "--data-dir",
        "data",
        "--listen-client-urls",
        &url,
        "--advertise-client-urls",
        &url,
        "--listen-peer-urls",
        &peers,
        "--initial-advertise-peer-urls",
        &peers,
        "--initial-cluster",
        &cluster,
    ];
    arguments.extend(more);
    Some(Server::start(folder, address, &program, arguments))
}

#[test]
fn etcd_in_the_clear() {
    let Some(server) = etcd("http", &[]) else { return };
    for (settings, wanted) in
        [("", "well"), ("service = 'no.such.Service'", "grpc-status NOT_FOUND: unknown service")]
    {
        let kind = format!("grpc = {{ {settings} }}");
        assert_eq!(ask(server.path(), &kind, server.address), wanted, "{settings}");
    }
}

#[test]
fn etcd_over_tls() {
    let pair = ["--cert-file", "server.pem", "--key-file", "server.key"];
    let Some(server) = etcd("https", &pair) else { return };
    for (settings, wanted) in [
        ("tls = { sni = 'www.example.com', ca_file = '../ca.pem' }", "well"),
        (
            "tls = { sni = 'www.example.org', ca_file = '../ca.pem' }",
            "certificate is for www.example.com, wanted www.example.org",
        ),
        ("tls = true", "certificate self-signed or of an unknown issuer"),
    ] {
        let kind = format!("grpc = {{ {settings} }}");
        assert_eq!(ask(server.path(), &kind, server.address), wanted, "{settings}");
    }
}
