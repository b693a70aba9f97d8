//! What goes beyond a `GET` of one page: other requests, patterns, HTTP/2, authorities of one's own,
//! certificates of clients, and redirects.

use tokio::net::TcpListener;

use super::*;

fn well() -> Vec<Step> {
    vec![Step::Send(server::OK.into())]
}

#[tokio::test]
async fn method_headers_and_body_are_sent_as_configured() {
    let server = Server::clear("127.0.0.1:0", well()).await;
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let request = HttpRequest {
        method: "POST".into(),
        headers: vec![header("authorization", "Bearer abc"), header("user-agent", "somebody")],
        request_body: Some("{\"a\":1}".into()),
        ..clear(&server)
    };
    assert_eq!(ask(&server, &request, PATIENT).await, Ok(()));
    let seen = server.seen().remove(0).request;
    assert!(seen.starts_with("POST /healthz?full=1 HTTP/1.1\r\n"), "{seen}");
    assert!(seen.ends_with("\r\n\r\n{\"a\":1}"), "{seen}");
    let seen = seen.to_lowercase();
    for header in ["authorization: bearer abc", "user-agent: somebody", "content-length: 7"] {
        assert_eq!(seen.matches(&format!("\r\n{header}\r\n")).count(), 1, "{header}: {seen}");
    }
    assert_eq!(seen.matches("user-agent").count(), 1, "{seen}");
}

#[tokio::test]
async fn the_answer_to_head_has_no_body_to_wait_for() {
    let reply = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n";
    let server = Server::clear("127.0.0.1:0", vec![Step::Send(reply.into()), Step::Hang]).await;
    let request = HttpRequest { method: "HEAD".into(), ..clear(&server) };
    assert_eq!(ask(&server, &request, PATIENT).await, Ok(()));
}

#[tokio::test]
async fn a_pattern_decides_over_the_beginning_of_the_body() {
    for (before, pattern, wanted) in [
        (0, "^o[kK]$", "well"),
        (10, "o[kK]$", "well"),
        (10, "^ok", "body does not match \"^ok\""),
        (BODY_BOUND - 2, "ok", "well"),
        (BODY_BOUND - 1, "ok", "body does not match \"ok\""),
    ] {
        let body = format!("{}ok", "-".repeat(before));
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
        let server = Server::clear("127.0.0.1:0", vec![Step::Send(head + &body)]).await;
        let request = HttpRequest { body_regex: Some(pattern.into()), ..clear(&server) };
        assert_eq!(text_of(&server, &request, PATIENT).await, wanted, "{before} {pattern}");
    }
}

#[tokio::test]
async fn authorities_of_ones_own_take_the_place_of_the_public_ones() {
    let ours = certificates();
    let others = rcgen::generate_simple_self_signed(["other".to_owned()]).unwrap().cert;
    let others = [others.der().as_ref().into()].into();
    for (roots, public, wanted) in [
        (Some(ours.authorities()), false, "well"),
        (None, false, "certificate self-signed or of an unknown issuer"),
        (None, true, "well"),
        (Some(others), true, "certificate self-signed or of an unknown issuer"),
    ] {
        let server = Server::tls(ours.good(), well()).await;
        let tls = Some(TlsSettings { roots, ..tls("www.example.com", true) });
        let request = HttpRequest { tls, ..clear(&server) };
        let extra = if public { vec![ours.root()] } else { Vec::new() };
        let tools = Tools::new(&extra).unwrap();
        let probe = HttpProbe::new(&tools, server.address.ip(), &request).unwrap();
        let text = probe.ask().await.map_or_else(|failure| failure.to_string(), |()| "well".into());
        assert_eq!(text, wanted, "{public}");
    }
}

#[tokio::test]
async fn a_server_that_wants_to_know_who_asks_is_shown_a_certificate() {
    let server = Server::tls(certificates().demanding(), well()).await;
    let with = |client| HttpRequest {
        tls: Some(TlsSettings { client, ..tls("www.example.com", true) }),
        ..clear(&server)
    };
    let text = text_of(&server, &with(Some(certificates().client())), PATIENT).await;
    assert_eq!(text, "well");
    let failure = ask(&server, &with(None), PATIENT).await.unwrap_err();
    assert_eq!(failure.to_string(), "TLS failed: alert CertificateRequired received");
}

#[tokio::test]
async fn redirects_are_followed_as_often_as_wanted_and_not_to_another_host() {
    let to = |location: &str| {
        format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n")
    };
    let server = Server::clear(
        "127.0.0.1:0",
        vec![
            Step::At("/healthz?full=1", to("/one")),
            Step::At("/one", to("http://www.example.com/two")),
            Step::At("/two", server::OK.into()),
            Step::At("/away", to("http://127.0.0.9/")),
            Step::At("/round", to("/round")),
            Step::At("/nowhere", "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n".into()),
        ],
    )
    .await;
    for (path, follow_redirects, wanted, requests) in [
        ("/healthz?full=1", 0, "status 302, wanted 200-299", 1),
        ("/healthz?full=1", 1, "redirected once more than follow_redirects = 1 allows", 2),
        ("/healthz?full=1", 2, "well", 3),
        ("/round", 3, "redirected once more than follow_redirects = 3 allows", 4),
        ("/nowhere", 3, "status 302, wanted 200-299", 1),
        (
            "/away",
            3,
            "redirected to \"http://127.0.0.9/\", another host than www.example.com, which is not \
             asked",
            1,
        ),
    ] {
        let before = server.seen().len();
        let request = HttpRequest { path: path.into(), follow_redirects, ..clear(&server) };
        assert_eq!(text_of(&server, &request, PATIENT).await, wanted, "{path}");
        assert_eq!(server.seen().len() - before, requests, "{path}");
    }
    let request = &server.seen()[2].request;
    assert!(request.starts_with("GET /one HTTP/1.1\r\n"), "{request}");
    assert!(request.to_lowercase().contains("\r\nhost: www.example.com\r\n"), "{request}");
}

#[tokio::test]
async fn a_redirect_from_the_clear_to_tls_is_followed_at_the_same_address() {
    for (config, wanted) in [
        (certificates().good(), "well"),
        (certificates().expired(), "certificate expired N days ago"),
    ] {
        let over_tls = Server::tls(config, well()).await;
        let port = over_tls.address.port();
        let head = "HTTP/1.1 308 Permanent Redirect\r\nContent-Length: 0\r\nLocation: ";
        let redirect = format!("{head}https://www.example.com:{port}/there\r\n\r\n");
        let server = Server::clear("127.0.0.1:0", vec![Step::Send(redirect)]).await;
        let request = HttpRequest { follow_redirects: 1, ..clear(&server) };
        assert_eq!(without_days(&text_of(&server, &request, PATIENT).await), wanted);
        let Some(Seen { request, sni }) = over_tls.seen().pop() else {
            assert_ne!(wanted, "well");
            continue;
        };
        assert_eq!(sni.as_deref(), Some("www.example.com"));
        let host = format!("\r\nhost: www.example.com:{port}\r\n");
        assert!(request.starts_with("GET /there HTTP/1.1\r\n"), "{request}");
        assert!(request.to_lowercase().contains(&host), "{request}");
    }
}

/// Answers one request after another by HTTP/2, and says what each was.
async fn http2_server(tls: bool) -> (SocketAddr, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let task = tokio::spawn(async move {
        let stream = listener.accept().await.unwrap().0;
        let stream: Box<dyn dial::Duplex> = match tls {
            false => Box::new(stream),
            true => {
                let mut config = (*certificates().good()).clone();
                config.alpn_protocols = vec![b"h2".to_vec()];
                let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
                Box::new(acceptor.accept(stream).await.unwrap())
            }
        };
        let mut connection = h2::server::handshake(stream).await.unwrap();
        let (request, mut reply) = connection.accept().await.unwrap().unwrap();
        let (parts, mut body) = request.into_parts();
        let answer = async {
            let mut got = Vec::new();
            while let Some(piece) = body.data().await {
                got.extend_from_slice(&piece.unwrap());
            }
            let mut stream = reply.send_response(http::Response::new(()), false).unwrap();
            stream.send_data("all is ok".into(), true).unwrap();
            let (method, uri) = (parts.method, parts.uri);
            format!("{method} {uri} {}", String::from_utf8(got).unwrap())
        };
        let (seen, ()) = tokio::join!(answer, async {
            // Until the probe has heard enough.
            while let Some(Ok(_)) = connection.accept().await {}
        });
        seen
    });
    (address, task)
}

#[tokio::test]
async fn http2_is_spoken_in_the_clear_and_over_tls() {
    for over_tls in [false, true] {
        let (address, server) = http2_server(over_tls).await;
        let request = HttpRequest {
            port: address.port(),
            method: "POST".into(),
            request_body: Some("anybody?".into()),
            version: HttpVersion::Http2,
            body: Some("ok".into()),
            tls: over_tls.then(|| tls("www.example.com", true)),
            ..somewhere()
        };
        let tools = Tools::new(&[certificates().root()]).unwrap();
        let probe = HttpProbe::new(&tools, address.ip(), &request).unwrap();
        assert_eq!(probe.ask().await, Ok(()), "{over_tls}");
        let scheme = if over_tls { "https" } else { "http" };
        let wanted = format!("POST {scheme}://www.example.com/healthz?full=1 anybody?");
        assert_eq!(server.await.unwrap(), wanted);
    }
}

#[tokio::test]
async fn servers_without_http2_are_told_from_others() {
    let http2 = |request: HttpRequest| HttpRequest { version: HttpVersion::Http2, ..request };
    let server = Server::tls(certificates().good(), well()).await;
    let request = http2(over_tls(&server, "www.example.com", true));
    let text = text_of(&server, &request, PATIENT).await;
    assert_eq!(text, "TLS failed: the server does not offer HTTP/2");
    let server = Server::clear("127.0.0.1:0", well()).await;
    let failure = ask(&server, &http2(clear(&server)), PATIENT).await.unwrap_err();
    assert_eq!(failure.reason(), "no_http", "{failure}");
}

/// Whoever listens there may be somebody else.
#[tokio::test]
async fn a_redirect_takes_no_headers_of_ours_to_another_port_and_no_body() {
    let other = Server::clear("127.0.0.1:0", well()).await;
    let port = other.address.port();
    let head = "HTTP/1.1 307 Temporary Redirect\r\nContent-Length: 0\r\nLocation: ";
    let redirect = format!("{head}http://www.example.com:{port}/there\r\n\r\n");
    let server = Server::clear("127.0.0.1:0", vec![Step::Send(redirect)]).await;
    let headers = vec![("Authorization".to_owned(), "Bearer 7f3a".to_owned())];
    let request = HttpRequest { follow_redirects: 1, headers, ..clear(&server) };
    assert_eq!(text_of(&server, &request, PATIENT).await, "well");
    let asked = other.seen().pop().unwrap().request;
    assert!(server.seen()[0].request.contains("Bearer 7f3a"));
    assert!(asked.starts_with("GET /there") && !asked.contains("7f3a"), "{asked}");
    let request_body = Some("a secret".into());
    let request = HttpRequest { method: "POST".into(), request_body, ..request };
    let text = text_of(&server, &request, PATIENT).await;
    assert!(text.ends_with("which would send the body to another port"), "{text}");
    assert_eq!(other.seen().len(), 1);
}
