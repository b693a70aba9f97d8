//! `[dns.tls]`

use super::*;

const FILES: &str = "certificate = 'tls/chain.pem'\nkey = '/etc/key.pem'\n";

fn read_tls(listen: &str, text: &str) -> (Option<Tls>, Vec<String>) {
    let (daemon, findings) = read_in_etc(&format!("[dns]\nlisten = {listen}\n[dns.tls]\n{text}"));
    (daemon.dns.tls, findings)
}

fn texts(addresses: &[SocketAddr]) -> Vec<String> {
    addresses.iter().map(ToString::to_string).collect()
}

#[test]
fn without_addresses_the_usual_ports_are_taken() {
    let listen = "['192.0.2.1:53', '192.0.2.1:5300', '[2001:db8::1]:53']";
    let (tls, findings) = read_tls(listen, FILES);
    assert_eq!(findings, [""; 0]);
    let tls = tls.unwrap();
    assert_eq!(texts(&tls.dot), ["192.0.2.1:853", "[2001:db8::1]:853"]);
    assert_eq!(texts(&tls.doh), ["192.0.2.1:443", "[2001:db8::1]:443"]);
    assert_eq!(tls.doq, tls.dot);
    assert_eq!((tls.max_connections, tls.idle_timeout), (512, Duration::from_secs(10)));
    assert_eq!(tls.max_lifetime, Duration::from_secs(3600));
    let position = FilePosition { file: "steersman.toml".into(), line: 4, column: 15 };
    assert_eq!(
        tls.pair.certificate,
        NamedFile { path: "/etc/steersman/tls/chain.pem".into(), position }
    );
    assert_eq!(tls.pair.key.path, Path::new("/etc/key.pem"));
}

#[test]
fn the_admin_endpoint_has_a_pair_of_its_own() {
    let (daemon, findings) = read_in_etc(&format!("[admin.tls]\n{FILES}"));
    assert_eq!(findings, [""; 0]);
    let PairFiles { certificate, key } = daemon.admin.tls.unwrap();
    assert_eq!(certificate.path, Path::new("/etc/steersman/tls/chain.pem"));
    assert_eq!((key.path.as_path(), key.position.line), (Path::new("/etc/key.pem"), 3));
    assert_eq!((daemon.dns.tls, read_in_etc("[admin]").0.admin.tls), (None, None));
}

#[test]
fn every_key_of_tls_is_read() {
    let more = "dot = []\ndoh = ['127.0.0.1:8443']\ndoq = ['[::1]:0', '[::1]:0']\n\
                max_connections = 9\nidle_timeout = '1s'\nmax_lifetime = '2m'";
    let (tls, findings) = read_tls("['0.0.0.0:53']", &format!("{FILES}{more}"));
    assert_eq!(findings, [""; 0]);
    let tls = tls.unwrap();
    assert_eq!(texts(&tls.dot), [""; 0]);
    assert_eq!(texts(&tls.doh), ["127.0.0.1:8443"]);
    assert_eq!(texts(&tls.doq), ["[::1]:0", "[::1]:0"]);
    assert_eq!((tls.max_connections, tls.idle_timeout), (9, Duration::from_secs(1)));
    assert_eq!(tls.max_lifetime, Duration::from_secs(120));
    assert_eq!(read_in_etc("[dns]").0.dns.tls, None);
}

#[test]
fn mistakes_of_tls_are_said() {
    let conflict = "expected another port for one of them";
    for (text, findings) in [
        (
            "",
            &[
                "3:6: no certificate; expected certificate = \"tls/fullchain.pem\", a PEM file".into(),
                "3:6: no key; expected key = \"tls/key.pem\", a PEM file".into(),
            ][..],
        ),
        (
            "certificate = ''\nkey = 5",
            &["4:15: \"\"; expected a path".into(), "5:7: 5; expected a path".into()],
        ),
        (
            "certificate = 'a'\nkey = 'b'\ndot = '127.0.0.1:853'\ncert = 'x'",
            &[
                "6:7: \"127.0.0.1:853\"; expected a list of addresses with ports, such as [\"192.0.2.1:53\"]".into(),
                "7:1: unknown key \"cert\"; expected one of certificate, key, dot, doh, doq, max_connections, idle_timeout, max_lifetime".into(),
            ],
        ),
        (
            "certificate = 'a'\nkey = 'b'\ndoq = ['127.0.0.1:853', '127.0.0.1:853']",
            &["6:25: 127.0.0.1:853 a second time; expected each address once".into()],
        ),
        (
            "certificate = 'a'\nkey = 'b'\ndot = ['127.0.0.1:443']",
            &[format!("6:7: 127.0.0.1:443 for dns.tls.doh, while dns.tls.dot listens on 127.0.0.1:443; {conflict}")],
        ),
        (
            "certificate = 'a'\nkey = 'b'\ndot = ['127.0.0.1:53']\ndoq = ['0.0.0.0:53']",
            &[
                format!("6:7: 127.0.0.1:53 for dns.tls.dot, while dns listens on 127.0.0.1:53; {conflict}"),
                format!("7:7: 0.0.0.0:53 for dns.tls.doq, while dns listens on 127.0.0.1:53; {conflict}"),
            ],
        ),
        (
            "certificate = 'a'\nkey = 'b'\ndot = ['127.0.0.1:8053']",
            &[format!("6:7: 127.0.0.1:8053 for admin, while dns.tls.dot listens on 127.0.0.1:8053; {conflict}")],
        ),
    ] {
        let expected: Vec<_> = findings.iter().map(|f| format!("steersman.toml:{f}")).collect();
        assert_eq!(read_tls("['127.0.0.1:53']", text).1, expected, "{text}");
    }
    // TCP and UDP are apart, and so are families.
    for text in ["doh = []\ndoq = ['127.0.0.1:8053']", "dot = ['[::]:53']\ndoq = ['[::]:53']"] {
        let (_, findings) = read_tls("['127.0.0.1:53']", &format!("{FILES}{text}"));
        assert_eq!(findings, [""; 0], "{text}");
    }
}
