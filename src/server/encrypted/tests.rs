use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use rcgen::{CertificateParams, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use super::*;
use crate::server::handed::Handed;
use crate::server::tests::view;

type Client = StreamOwned<ClientConnection, TcpStream>;

/// The service over TLS alone, without any zone, and the certificate that it shows.
fn service() -> (Encrypted, CertificateDer<'static>) {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(["x.example".to_owned()]).unwrap();
    let certificate = params.self_signed(&key).unwrap().der().clone();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let provider = ring::default_provider();
    let pair = CertifiedKey::from_der(vec![certificate.clone()], key, &provider).unwrap();
    let loopback = [SocketAddr::from(([127, 0, 0, 1], 0))];
    let bound = bind_encrypted(
        EncryptedListen { dot: &loopback, ..Default::default() },
        &mut Handed::default(),
    )
    .unwrap();
    let live = Arc::new(Live::new(view(0)));
    let identity = Arc::new(Identity::new(Arc::new(pair)));
    let limits = ConnectionLimits::default();
    let (metrics, nobody) = (Metrics::new(), Sinks::default());
    let service = Encrypted::start(bound, &identity, live, metrics, limits, nobody).unwrap();
    (service, certificate)
}

fn connect(service: &Encrypted, certificate: CertificateDer<'static>) -> Client {
    let mut roots = RootCertStore::empty();
    roots.add(certificate).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("x.example").unwrap();
    let server = service.addresses(Transport::Tls).next().unwrap();
    let stream = TcpStream::connect(server).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let session = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut client = StreamOwned::new(session, stream);
    while client.conn.is_handshaking() {
        client.conn.complete_io(&mut client.sock).unwrap();
    }
    client
}

/// The order to stop comes right behind the question, before the runtime can have heard of that.
#[tokio::test]
async fn what_has_just_arrived_is_answered_before_the_end() {
    for _ in 0..20 {
        let (service, certificate) = service();
        let mut client = connect(&service, certificate);
        // The length, and a question for the root.
        let question = [0, 17, 0, 9, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1];
        client.write_all(&question).unwrap();
        service.stop().await;
        let mut reply = [0; 19];
        client.read_exact(&mut reply).unwrap();
        assert_eq!((reply[..4].to_vec(), reply[5] & 0xf), (vec![0, 17, 0, 9], 5), "REFUSED");
        // And told that it is over, by TLS too.
        assert_eq!(client.read(&mut reply).unwrap(), 0);
    }
}
