use tokio::net::TcpListener;

use super::*;
use crate::live::Live;
use crate::server::admission::ConnectionLimits;
use crate::server::frames::Next;
use crate::server::tests::{query, service, view, whoami};

const HOUR: Duration = Duration::from_secs(3600);

fn tcp(limits: ConnectionLimits) -> Arc<Tcp> {
    Tcp::new(service(&Arc::new(Live::new(view(7))), whoami), limits)
}

fn frame(id: u16) -> Vec<u8> {
    let question = query(id, "www.example.");
    [&(question.len() as u16).to_be_bytes()[..], &question].concat()
}

/// Its place is another's by then: it would be one too many.
#[tokio::test]
async fn whoever_had_to_go_is_not_answered_though_its_question_came_at_once() {
    let limits = ConnectionLimits {
        connections: 1,
        connections_per_network: 1,
        idle: HOUR,
        crowded_idle: HOUR,
        write: HOUR,
        lifetime: HOUR,
    };
    let tcp = tcp(limits);
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let (_sender, mut stop) = watch::channel(None);
    // Which of the two is looked at first is up to the runtime: in so many rounds, either.
    for _ in 0..64 {
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (stream, peer) = listener.accept().await.unwrap();
        let mut connection = Connection::admit(stream, peer.ip(), &tcp).unwrap();
        let arrival = connection.arrival(&mut stop);
        tokio::pin!(arrival);
        tokio::select! {
            biased;
            _ = &mut arrival => panic!("there is nothing yet"),
            () = std::future::ready(()) => {}
        }
        let _newcomer = tcp.admission.admit(peer.ip()).unwrap();
        client.write_all(&frame(1)).await.unwrap();
        // The runtime hears of the question.
        tokio::task::yield_now().await;
        assert!(matches!(arrival.await, Arrival::Nothing));
    }
}

/// Before any of them has had its turn.
#[tokio::test]
async fn a_burst_of_connections_keeps_out_nobody() {
    let limits = ConnectionLimits {
        connections: 2,
        connections_per_network: 2,
        ..ConnectionLimits::default()
    };
    let tcp = tcp(limits);
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let (_sender, mut stop) = watch::channel(None);
    let (mut clients, mut burst) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        clients.push(TcpStream::connect(listener.local_addr().unwrap()).await.unwrap());
        let (stream, peer) = listener.accept().await.unwrap();
        burst.push(Connection::admit(stream, peer.ip(), &tcp).expect("leave to come in"));
    }
    for client in &mut clients {
        client.write_all(&frame(1)).await.unwrap();
    }
    for connection in &burst {
        connection.stream.readable().await.unwrap();
    }
    let [first, second, third] = &mut burst[..] else { panic!("three") };
    assert!(matches!(first.arrival(&mut stop).await, Arrival::Nothing), "it had to go");
    for connection in [second, third] {
        assert!(matches!(connection.arrival(&mut stop).await, Arrival::Something));
    }
}

/// Connected to a client that has sent this already, with its whole life behind it.
async fn aged(sent: &[u8]) -> (Connection, TcpStream) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (stream, peer) = listener.accept().await.unwrap();
    client.write_all(sent).await.unwrap();
    if !sent.is_empty() {
        stream.readable().await.unwrap();
    }
    let limits = ConnectionLimits { lifetime: Duration::ZERO, ..ConnectionLimits::default() };
    (Connection::admit(stream, peer.ip(), &tcp(limits)).unwrap(), client)
}

async fn count_answers(mut client: TcpStream) -> usize {
    let mut received = Vec::new();
    client.read_to_end(&mut received).await.unwrap();
    let mut frames = Frames::default();
    frames.room().extend(received);
    std::iter::from_fn(|| matches!(frames.take(), Next::Message(_)).then_some(())).count()
}

/// Though there is always another question, and never much of an answer.
#[tokio::test]
async fn an_old_connection_reads_no_more() {
    let malformed = [&1000_u16.to_be_bytes()[..], &[0x55; 1000]].concat();
    let (connection, client) = aged(&malformed.repeat(60)).await;
    let (_sender, stop) = watch::channel(None);
    let ((), answers) = tokio::join!(connection.serve(stop), count_answers(client));
    assert!((1..30).contains(&answers), "{answers}");
}

/// Nor does it answer all that it has read, if that is much.
#[tokio::test]
async fn an_old_connection_gets_the_answers_of_one_turn() {
    let (mut connection, client) = aged(&[]).await;
    connection.frames.room().extend((0..1000).flat_map(frame));
    assert!(!connection.answer_all().await.unwrap());
    drop(connection);
    let bytes = 2 + query(0, "www.example.").len() + 16;
    assert_eq!(count_answers(client).await, FLUSH_BYTES.div_ceil(bytes));
}
