//! `dns` against BIND.

use std::fs;

use crate::question::ask;
use crate::server::{Server, free_port, program};

#[test]
fn bind() {
    let Some(program) = program(&["/usr/sbin/named"], "bind9") else { return };
    let folder = tempfile::tempdir().unwrap();
    let address = free_port();
    let (ip, port, at) = (address.ip(), address.port(), folder.path().display().to_string());
    let many: String = (1..=100).map(|n| format!("many A 192.0.2.{n}\n")).collect();
    let zone = format!(
        "$TTL 60\n@ SOA ns1 host 1 1h 15m 2w 300\n@ NS ns1\nns1 A 192.0.2.53\n\
         www CNAME web\nweb A 192.0.2.10\nweb A 192.0.2.11\n@ MX 10 Mail\n\
         text TXT \"v=1 ok\" \"more\"\n{many}"
    );
    fs::write(folder.path().join("zone"), zone).unwrap();
    let config = format!(
        "options {{ directory \"{at}\"; listen-on port {port} {{ {ip}; }}; \
         listen-on-v6 {{ none; }}; recursion no; allow-query {{ any; }}; pid-file \"{at}/pid\"; \
         session-keyfile \"{at}/key\"; dnssec-validation no; }};\ncontrols {{}};\n\
         zone \"example.com\" {{ type primary; file \"{at}/zone\"; check-integrity no; }};\n"
    );
    fs::write(folder.path().join("named.conf"), config).unwrap();
    let arguments = ["-g", "-n", "1", "-c", "named.conf"];
    let server = Server::start(folder, address, &program, arguments);
    for (settings, wanted) in [
        ("name = 'www.example.com', answer = '192.0.2.11'", "well"),
        ("name = 'www.example.com', answer = ['192.0.2.11', '192.0.2.10'], tcp = true", "well"),
        ("name = 'www.example.com', type = 'CNAME', answer = 'web.example.com'", "well"),
        ("name = 'EXAMPLE.com', type = 'MX', answer = '10 mail.example.com.'", "well"),
        ("name = 'text.example.com', type = 'TXT', answer = '\"v=1 ok\" more'", "well"),
        // Cut off over UDP without EDNS.
        ("name = 'many.example.com', answer = ['192.0.2.1', '192.0.2.100']", "well"),
        ("name = 'web.example.com', type = 'AAAA'", "well"),
        (
            "name = 'web.example.com', type = 'AAAA', answer = '::1'",
            "answer lacks ::1, but is empty",
        ),
        ("name = 'no.example.com'", "rcode NXDOMAIN, wanted NOERROR"),
        ("name = 'no.example.com', rcode = 'NXDOMAIN'", "well"),
        ("name = 'example.net'", "rcode REFUSED, wanted NOERROR"),
    ] {
        let kind = format!("dns = {{ {settings} }}");
        assert_eq!(ask(server.path(), &kind, server.address), wanted, "{settings}");
    }
}
