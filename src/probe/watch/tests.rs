//! On real sockets, in real time.

use std::net::{IpAddr, Ipv4Addr};

use tokio::net::TcpListener;

use super::*;

/// An address that no other test uses, so that nobody takes a port while it is closed.
const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 83, 4));

const DOWN: Verdict = Verdict { state: State::Down, hold: None };

async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind((LOOPBACK, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

fn watch(address: SocketAddr) -> Watch {
    let mut watch = Watch::new(address, Arc::new(Semaphore::new(1)));
    watch.follow(Verdict::SETTLED_UP);
    watch
}

/// Lets the watch go on until something else has happened.
async fn beside<T>(watch: &mut Watch, other: impl Future<Output = T>) -> T {
    tokio::select! {
        () = watch.hint() => panic!("a hint"),
        done = other => done,
    }
}

/// The watch goes on until its connection is open; the other end of that.
async fn opened(watch: &mut Watch, listener: &TcpListener) -> TcpStream {
    let (stream, _) = beside(watch, listener.accept()).await.unwrap();
    while !matches!(watch.link, Link::Open(_)) {
        assert!(!watch.step().await);
    }
    stream
}

#[tokio::test]
async fn a_connection_that_is_closed_or_reset_is_a_hint_and_opened_again() {
    let (listener, address) = listen().await;
    let mut watch = watch(address);
    drop(opened(&mut watch, &listener).await);
    watch.hint().await;
    let stream = opened(&mut watch, &listener).await;
    SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
    drop(stream);
    watch.hint().await;
}

#[tokio::test]
async fn a_port_that_closes_is_a_second_hint_and_one_that_opens_a_third() {
    let (listener, address) = listen().await;
    let mut watch = watch(address);
    let stream = opened(&mut watch, &listener).await;
    drop((stream, listener));
    watch.hint().await;
    watch.hint().await;
    assert!(matches!(watch.link, Link::Later(_)));
    // Nothing is heard while it stays closed.
    let longer_than_a_try = tokio::time::sleep(Duration::from_millis(1200));
    beside(&mut watch, longer_than_a_try).await;
    watch.follow(DOWN);
    let listener = TcpListener::bind(address).await.unwrap();
    watch.hint().await;
    assert!(matches!(watch.link, Link::Accepts), "what is down has no idle connection");
    watch.follow(Verdict::SETTLED_UP);
    let _stream = beside(&mut watch, listener.accept()).await.unwrap();
}

#[tokio::test]
async fn what_a_server_says_on_its_own_is_no_sign_unless_it_does_not_stop() {
    use tokio::io::AsyncWriteExt as _;

    let (listener, address) = listen().await;
    let mut watch = watch(address);
    let mut stream = opened(&mut watch, &listener).await;
    beside(&mut watch, stream.write_all(b"220 mail.example.com ESMTP\r\n")).await.unwrap();
    let flood = async { while stream.write_all(&[0; 1024]).await.is_ok() {} };
    beside(&mut watch, flood).await;
    let Link::Later(until) = watch.link else { panic!("it is given up") };
    assert!(until > clock::runtime_now() + backoff::LONGEST / 2);
}

/// The kernel keeps the pace that the table promises; that it ends connections is tried in a
/// network of its own by `benches/failover`.
#[tokio::test]
async fn the_connection_is_kept_alive_by_the_second() {
    let (listener, address) = listen().await;
    let mut watch = watch(address);
    let _stream = opened(&mut watch, &listener).await;
    let Link::Open(open) = &watch.link else { unreachable!() };
    let socket = SockRef::from(&open.stream);
    assert!(socket.keepalive().unwrap());
    assert_eq!(socket.tcp_keepalive_time().unwrap(), Duration::from_secs(1));
    assert_eq!(socket.tcp_keepalive_interval().unwrap(), Duration::from_secs(1));
    assert_eq!(socket.tcp_keepalive_retries().unwrap(), 2);
}

#[tokio::test]
async fn a_slow_probe_frees_the_server_of_the_connection() {
    use tokio::io::AsyncReadExt as _;

    let (listener, address) = listen().await;
    let mut watch = watch(address);
    let mut stream = opened(&mut watch, &listener).await;
    watch.follow(Verdict { state: State::Up, hold: Some(Duration::ZERO) });
    assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
    // The probe ended at once.
    watch.follow(Verdict::SETTLED_UP);
    let Link::Later(until) = watch.link else { panic!("it will be opened again") };
    assert!(until > clock::runtime_now() + Duration::from_secs(30));
}

#[tokio::test]
async fn no_more_connections_than_permits() {
    let (listener, address) = listen().await;
    let mut first = watch(address);
    let _stream = opened(&mut first, &listener).await;
    let mut second = Watch::new(address, Arc::clone(&first.permits));
    second.follow(Verdict::SETTLED_UP);
    assert!(!second.step().await);
    assert!(matches!(second.link, Link::Later(_)));
}
