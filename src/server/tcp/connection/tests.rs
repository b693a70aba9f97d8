use tokio::net::TcpListener;

use super::*;
use crate::live::Live;
use crate::metrics::Metrics;
use crate::server::admission::TcpLimits;
use crate::server::responder::Service;
use crate::server::tests::{query, view, whoami};

const HOUR: Duration = Duration::from_secs(3600);

/// Its place is another's by then: it would be one too many.
#[tokio::test]
async fn whoever_had_to_go_is_not_answered_though_its_question_came_at_once() {
    let limits = TcpLimits {
        connections: 1,
        connections_per_client: 1,
        idle: HOUR,
        crowded_idle: HOUR,
        write: HOUR,
    };
    let (live, metrics) = (Arc::new(Live::new(view(7))), Metrics::new());
    let tcp = Tcp::new(Service { live, metrics, answer: whoami }, limits);
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let (_sender, mut stop) = watch::channel(false);
    let question = query(1, "www.example.");
    let frame = [&(question.len() as u16).to_be_bytes()[..], &question].concat();
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
        client.write_all(&frame).await.unwrap();
        // The runtime hears of the question.
        tokio::task::yield_now().await;
        assert!(matches!(arrival.await, Arrival::Nothing));
    }
}
