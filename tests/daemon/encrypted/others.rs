//! Clients that others wrote: `kdig` of Knot DNS, and `curl`.

use std::fs;
use std::process::Command;

use hickory_proto::op::Message;
use hickory_proto::rr::RecordType;

use super::clients::Pair;
use super::{at, secured};
use crate::support::dns;
use crate::support::packages::miss;
use crate::support::setup::Setup;

/// Whether a program is there, as it must be in CI.
fn is_installed(program: &str, argument: &str, package: &str) -> bool {
    if Command::new(program).arg(argument).output().is_ok() {
        return true;
    }
    miss("tried", package);
    false
}

#[test]
fn kdig_is_answered_over_each_transport() {
    if !is_installed("kdig", "-V", "knot-dnsutils") {
        return;
    }
    let pair = Pair::new();
    let setup = secured(Setup::new(), &pair, "");
    let authority = setup.path().join("tls/fullchain.pem");
    let authority = authority.to_str().unwrap().to_owned();
    let daemon = setup.ready();
    for (transport, options) in [
        ("dot", &["+tls"][..]),
        ("doh", &["+https"]),
        ("doh", &["+https", "+https-get"]),
        ("doq", &["+quic"]),
    ] {
        let server = at(&daemon, transport);
        let mut kdig = Command::new("kdig");
        kdig.arg(format!("@{}", server.ip())).arg("-p").arg(server.port().to_string());
        kdig.arg(format!("+tls-ca={authority}")).arg("+tls-hostname=ns1.example.com");
        kdig.args(options).args(["+timeout=10", "+nocookie", "fixed.example.com", "A", "-q"]);
        kdig.args(["nope.example.com", "TXT"]);
        let output = kdig.output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{options:?}: {text}");
        // By itself it pads what is encrypted.
        for wanted in
            ["192.0.2.99", "status: NOERROR", "status: NXDOMAIN", "qr aa", "Received 468 B"]
        {
            assert!(text.contains(wanted), "{options:?}: no {wanted:?} in {text}");
        }
    }
}

#[test]
fn curl_is_answered() {
    if !is_installed("curl", "--version", "curl") {
        return;
    }
    let pair = Pair::new();
    let setup = secured(Setup::new(), &pair, "");
    let folder = setup.path().to_owned();
    let mut question = dns::question("fixed", RecordType::A);
    question.metadata.id = 0;
    setup.write("question", question.to_vec().unwrap());
    let daemon = setup.ready();
    let server = at(&daemon, "doh");
    let url = format!("https://ns1.example.com:{}/dns-query", server.port());
    let encoded = data_encoding::BASE64URL_NOPAD.encode(&question.to_vec().unwrap());
    let get = format!("{url}?dns={encoded}");
    let post = ["-H", "content-type: application/dns-message", "--data-binary", "@question", &url];
    for arguments in [&[get.as_str()][..], &post] {
        let mut curl = Command::new("curl");
        curl.args(["-sS", "--http2", "--max-time", "20", "--fail", "-o", "answer"]);
        curl.args(["--cacert", "tls/fullchain.pem", "--noproxy", "*", "--resolve"]);
        curl.arg(format!("ns1.example.com:{}:{}", server.port(), server.ip()));
        let output = curl.args(arguments).current_dir(&folder).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let answer = Message::from_vec(&fs::read(folder.join("answer")).unwrap()).unwrap();
        assert_eq!(answer.answers[0].data.to_string(), "192.0.2.99");
    }
}
