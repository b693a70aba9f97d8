//! Against a server of HTTP/2 on loopback that answers in one way each.

use http::Response;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::probe::target::TlsSettings;
use crate::probe::tests::certificates::certificates;

/// How a server answers: a status, headers, a message if there is one, and trailers.
#[derive(Clone)]
struct Manner {
    status: u16,
    headers: Vec<(&'static str, &'static str)>,
    message: Option<Vec<u8>>,
    trailers: Vec<(&'static str, &'static str)>,
}

const GRPC: (&str, &str) = ("content-type", "application/grpc+proto");

fn answers(state: u8) -> Manner {
    Manner {
        status: 200,
        headers: vec![GRPC],
        message: Some(vec![0, 0, 0, 0, 2, 8, state]),
        trailers: vec![("grpc-status", "0")],
    }
}

fn fails_at_once(trailers: &[(&'static str, &'static str)]) -> Manner {
    let headers = [&[GRPC], trailers].concat();
    Manner { status: 200, headers, message: None, trailers: Vec::new() }
}

/// Asks a server that answers one question, and says what came of it and what it was asked.
async fn ask(manner: Manner, service: &str, over_tls: bool) -> (String, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        let stream = listener.accept().await.unwrap().0;
        let stream: dial::Connection = match over_tls {
            false => Box::new(stream),
            true => {
                let mut config = (*certificates().good()).clone();
                config.alpn_protocols = vec![b"h2".to_vec()];
                let acceptor = TlsAcceptor::from(std::sync::Arc::new(config));
                Box::new(acceptor.accept(stream).await.unwrap())
            }
        };
        let mut connection = h2::server::handshake(stream).await.unwrap();
        let (request, reply) = connection.accept().await.unwrap().unwrap();
        let (seen, ()) = tokio::join!(answer(manner, request, reply), async {
            // Until the probe has heard enough.
            while let Some(Ok(_)) = connection.accept().await {}
        });
        seen
    });
    let tls = over_tls.then(|| TlsSettings {
        name: "www.example.com".into(),
        verify: true,
        roots: Some(certificates().authorities()),
        client: None,
    });
    let (port, authority) = (address.port(), "www.example.com".into());
    let request = GrpcRequest { port, authority, service: service.into(), tls };
    let probe = GrpcProbe::new(&Tools::new(&[]).unwrap(), address.ip(), &request).unwrap();
    let outcome = probe.ask().await;
    let text = outcome.map_or_else(|failure| failure.to_string(), |()| "well".into());
    (text, server.await.unwrap())
}

async fn answer(
    manner: Manner,
    request: http::Request<h2::RecvStream>,
    mut reply: h2::server::SendResponse<Bytes>,
) -> String {
    let (parts, mut body) = request.into_parts();
    let mut got = Vec::new();
    while let Some(piece) = body.data().await {
        got.extend_from_slice(&piece.unwrap());
    }
    let mut response = Response::builder().status(manner.status);
    for (name, value) in manner.headers {
        response = response.header(name, value);
    }
    let ends = manner.message.is_none() && manner.trailers.is_empty();
    let mut stream = reply.send_response(response.body(()).unwrap(), ends).unwrap();
    if let Some(message) = manner.message {
        stream.send_data(message.into(), manner.trailers.is_empty()).unwrap();
    }
    if !manner.trailers.is_empty() {
        let pairs = manner
            .trailers
            .iter()
            .map(|(name, value)| ((*name).parse().unwrap(), (*value).parse().unwrap()));
        stream.send_trailers(pairs.collect()).unwrap();
    }
    format!("{} {} {got:?}", parts.method, parts.uri)
}

#[tokio::test]
async fn a_service_is_well_that_says_it_serves() {
    for (manner, wanted) in [
        (answers(1), "well"),
        (answers(2), "NOT_SERVING, wanted SERVING"),
        (answers(0), "UNKNOWN, wanted SERVING"),
        (answers(3), "SERVICE_UNKNOWN, wanted SERVING"),
        (answers(9), "state 9, wanted SERVING"),
        (Manner { message: Some(vec![0; 5]), ..answers(1) }, "UNKNOWN, wanted SERVING"),
        (
            fails_at_once(&[("grpc-status", "5"), ("grpc-message", "unknown%20service")]),
            "grpc-status NOT_FOUND: unknown service",
        ),
        (fails_at_once(&[("grpc-status", "12")]), "grpc-status UNIMPLEMENTED"),
        (fails_at_once(&[("grpc-status", "99")]), "grpc-status 99"),
        (Manner { trailers: vec![("grpc-status", "14")], ..answers(1) }, "grpc-status UNAVAILABLE"),
        (
            Manner { trailers: Vec::new(), ..answers(1) },
            "no gRPC answer: it ended without a status",
        ),
        (
            Manner { message: Some(vec![1, 0]), ..answers(1) },
            "no gRPC answer: its message cannot be read",
        ),
        (Manner { status: 503, ..answers(1) }, "status 503, wanted 200"),
        (
            Manner { headers: vec![("content-type", "text/html")], ..answers(1) },
            "no gRPC answer: its content type is \"text/html\"",
        ),
    ] {
        assert_eq!(ask(manner, "", false).await.0, wanted);
    }
}

#[tokio::test]
async fn the_service_is_asked_for_in_the_clear_and_over_tls() {
    for (over_tls, scheme) in [(false, "http"), (true, "https")] {
        let (text, seen) = ask(answers(1), "ab", over_tls).await;
        assert_eq!(text, "well");
        let question = "[0, 0, 0, 0, 4, 10, 2, 97, 98]";
        let path = "www.example.com/grpc.health.v1.Health/Check";
        assert_eq!(seen, format!("POST {scheme}://{path} {question}"));
    }
}
