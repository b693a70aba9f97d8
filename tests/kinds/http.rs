//! `http`, `https` and `tls` against nginx and HAProxy.

use std::fs;

use crate::certificates;
use crate::question::{ask, ask_endpoint};
use crate::server::{Server, free_address, program};

/// nginx with these directives beside `listen`, which follows its address.
fn nginx(listen: &str, directives: &str) -> Option<Server> {
    let program = program(&["/usr/sbin/nginx"], "nginx")?;
    let folder = tempfile::tempdir().unwrap();
    certificates::write(folder.path());
    let address = free_address();
    let at = folder.path().display();
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .iter()
        .map(|kind| format!("{kind}_temp_path {at}/{kind};\n"))
        .collect();
    let config = format!(
        "daemon off;\nmaster_process off;\npid {at}/pid;\nerror_log {at}/log;\n\
         events {{}}\nhttp {{\naccess_log off;\n{temporary}\
         server {{\nlisten {address} {listen};\nserver_name www.example.com;\n\
         ssl_certificate {at}/server.pem;\nssl_certificate_key {at}/server.key;\n\
         ssl_client_certificate {at}/ca.pem;\n{directives}\n}}\n}}\n"
    );
    fs::write(folder.path().join("nginx.conf"), config).unwrap();
    let config = folder.path().join("nginx.conf").display().to_string();
    let prefix = at.to_string();
    Some(Server::start(folder, address, &program, ["-p", &prefix, "-c", &config]))
}

#[test]
fn nginx_in_the_clear() {
    let directives = "location = /ok { return 200 'state: ok'; }\n\
                      location = /echo { return 200 '$request_method $http_x_word $content_type'; }\n\
                      location = /from { return 302 /ok; }\n\
                      location = /away { return 302 https://www.example.net/; }\n\
                      location = /busy { return 503; }";
    let Some(server) = nginx("", directives) else { return };
    for (settings, wanted) in [
        ("path = '/ok', body = 'ok'", "well"),
        ("path = '/ok', body_regex = '^state: (ok|fine)$'", "well"),
        ("path = '/ok', body_regex = '^state: fine'", "body does not match \"^state: fine\""),
        ("path = '/busy'", "status 503, wanted 200-299"),
        (
            "path = '/echo', method = 'PUT', request_body = 'x', headers = { X-Word = 'hello', \
             Content-Type = 'text/plain' }, body = 'PUT hello text/plain'",
            "well",
        ),
        ("path = '/ok', method = 'HEAD'", "well"),
        ("path = '/from'", "status 302, wanted 200-299"),
        ("path = '/from', follow_redirects = 1, host = 'www.example.com', body = 'ok'", "well"),
        (
            "path = '/away', follow_redirects = 1, host = 'www.example.com'",
            "redirected to \"https://www.example.net/\", another host than www.example.com, which is \
             not asked",
        ),
    ] {
        let kind = format!("http = {{ {settings} }}");
        assert_eq!(ask(server.path(), &kind, server.address), wanted, "{settings}");
    }
}

#[test]
fn nginx_by_http2() {
    let directives = "location / { return 200 '$server_protocol'; }";
    for (listen, kind, more) in [
        ("http2", "http", ""),
        ("ssl http2", "https", ", host = 'www.example.com', ca_file = '../ca.pem'"),
    ] {
        let Some(server) = nginx(listen, directives) else { return };
        let kind = format!("{kind} = {{ version = '2', body = 'HTTP/2.0'{more} }}");
        assert_eq!(ask(server.path(), &kind, server.address), "well", "{kind}");
    }
}

#[test]
fn nginx_over_tls() {
    let directives = "ssl_verify_client on;\nlocation / { return 200 '$ssl_server_name $host'; }";
    let Some(server) = nginx("ssl", directives) else { return };
    let client = "client_cert_file = '../client.pem', client_key_file = '../client.key'";
    let ca = "ca_file = '../ca.pem'";
    let body = "body = 'www.example.com www.example.com'";
    let name = "host = 'www.example.com'";
    for (settings, wanted) in [
        (format!("{name}, {ca}, {client}, {body}"), "well"),
        (format!("{name}, {ca}"), "status 400, wanted 200-299"),
        (format!("{name}, {client}"), "certificate self-signed or of an unknown issuer"),
        (
            format!("host = 'www.example.org', {ca}, {client}"),
            "certificate is for www.example.com, wanted www.example.org",
        ),
        (
            format!("{name}, {ca}, {client}, version = '2'"),
            "TLS failed: the server does not offer HTTP/2",
        ),
    ] {
        let kind = format!("https = {{ {settings} }}");
        assert_eq!(ask(server.path(), &kind, server.address), wanted, "{settings}");
    }
    // The names of an endpoint win over those of the monitor.
    let kind = format!("https = {{ host = 'www.example.org', {ca}, {client}, {body} }}");
    let endpoint = format!(
        "address = '192.0.2.1', probe = '{}', host = 'www.example.com', sni = 'www.example.com'",
        server.address
    );
    assert_eq!(ask_endpoint(server.path(), &kind, &endpoint), "well");
    for (settings, wanted) in [
        ("name = 'www.example.com', ca_file = '../ca.pem', days = 30", "well"),
        ("name = 'www.example.com'", "certificate self-signed or of an unknown issuer"),
        ("verify = false", "well"),
    ] {
        let kind = format!("tls = {{ {settings} }}");
        assert_eq!(ask(server.path(), &kind, server.address), wanted, "{settings}");
    }
}

#[test]
fn haproxy_by_both_versions() {
    let Some(program) = program(&["/usr/sbin/haproxy"], "haproxy") else { return };
    for (bind, version) in [("", "1.1"), ("proto h2", "2")] {
        let folder = tempfile::tempdir().unwrap();
        let address = free_address();
        let config = format!(
            "defaults\n mode http\n timeout client 10s\n timeout server 10s\n \
             timeout connect 10s\nfrontend f\n bind {address} {bind}\n \
             http-request return status 200 content-type text/plain string \"all is ok\" \
             if {{ path /ok }}\n default_backend none\nbackend none\n"
        );
        fs::write(folder.path().join("haproxy.cfg"), config).unwrap();
        let server = Server::start(folder, address, &program, ["-db", "-f", "haproxy.cfg"]);
        for (path, wanted) in [("/ok", "well"), ("/", "status 503, wanted 200-299")] {
            let kind = format!("http = {{ path = '{path}', version = '{version}' }}");
            assert_eq!(ask(server.path(), &kind, server.address), wanted, "{kind}");
        }
    }
}
