mod budget;
mod crowd;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use super::*;

fn frame(message: &[u8]) -> Vec<u8> {
    [&(message.len() as u16).to_be_bytes()[..], message].concat()
}

fn start(limits: ConnectionLimits) -> Setup {
    Setup::start(bind(&[loopback()], 1).unwrap(), limits)
}

pub(super) async fn connect(setup: &Setup) -> TcpStream {
    TcpStream::connect(setup.address()).await.unwrap()
}

async fn connect_from(setup: &Setup, source: [u8; 4]) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((source, 0).into()).unwrap();
    socket.connect(setup.address()).await.unwrap()
}

/// The next message, or none at the end of the stream.
async fn receive(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let read = async {
        let length = stream.read_u16().await.ok()?;
        let mut message = vec![0; length.into()];
        stream.read_exact(&mut message).await.ok()?;
        Some(message)
    };
    timeout(PATIENCE, read).await.expect("neither an answer nor an end")
}

pub(super) async fn ask(stream: &mut TcpStream, id: u16) -> Option<u16> {
    stream.write_all(&frame(&query(id, "www.example."))).await.ok()?;
    Some(read(&receive(stream).await?).0)
}

async fn wait_until(mut condition: impl FnMut() -> bool) {
    let wait = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(PATIENCE, wait).await.expect("this did not come to pass");
}

async fn wait_for_connections(setup: &Setup, count: u64) {
    wait_until(|| setup.scraped("steersman_tcp_connections") == Some(count)).await;
}

fn pipeline(count: u16) -> Vec<u8> {
    (0..count).flat_map(|id| frame(&query(id, "www.example."))).collect()
}

async fn expect_answers(stream: &mut TcpStream, count: u16) {
    for id in 0..count {
        assert_eq!(read(&receive(stream).await.expect("an answer")).0, id);
    }
}

#[tokio::test]
async fn a_hundred_questions_in_one_write_are_answered_in_order() {
    for address in loopbacks() {
        let setup = Setup::start(bind(&[address], 1).unwrap(), ConnectionLimits::default());
        let mut stream = connect(&setup).await;
        stream.write_all(&pipeline(100)).await.unwrap();
        expect_answers(&mut stream, 100).await;
        let sample = r#"steersman_answers_total{transport="tcp",rcode="NOERROR",reason="static"}"#;
        assert_eq!(setup.scraped(sample), Some(100));
        setup.server.stop().await;
    }
}

#[tokio::test]
async fn a_client_that_has_asked_all_and_half_closed_gets_all_answers() {
    let setup = start(ConnectionLimits::default());
    let mut stream = connect(&setup).await;
    stream.write_all(&pipeline(100)).await.unwrap();
    stream.shutdown().await.unwrap();
    expect_answers(&mut stream, 100).await;
    assert_eq!(receive(&mut stream).await, None);
    setup.server.stop().await;
}

#[tokio::test]
async fn a_question_may_come_byte_by_byte() {
    let setup = start(ConnectionLimits::default());
    let mut stream = connect(&setup).await;
    stream.set_nodelay(true).unwrap();
    for byte in frame(&query(5, "www.example.")) {
        stream.write_all(&[byte]).await.unwrap();
        tokio::task::yield_now().await;
    }
    assert_eq!(read(&receive(&mut stream).await.unwrap()).0, 5);
    setup.server.stop().await;
}

#[tokio::test]
async fn silence_and_dripping_bytes_end_at_the_idle_limit() {
    let idle = Duration::from_millis(100);
    let setup = start(ConnectionLimits { idle, ..ConnectionLimits::default() });
    let mut silent = connect(&setup).await;
    assert_eq!(receive(&mut silent).await, None);
    // A question that would be whole after twenty minutes.
    let mut dripping = connect(&setup).await;
    dripping.write_all(&u16::MAX.to_be_bytes()).await.unwrap();
    let drip = async {
        while dripping.write_all(&[0]).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, drip).await.expect("dripping bytes keep a connection open");
    wait_for_connections(&setup, 0).await;
    setup.server.stop().await;
}

#[tokio::test]
async fn the_longest_messages_go_both_ways() {
    let setup = start(ConnectionLimits::default());
    let mut stream = connect(&setup).await;
    stream.write_all(&frame(&[0x55; 65_535])).await.unwrap();
    let malformed = receive(&mut stream).await.unwrap();
    assert_eq!((malformed.len(), malformed[3] & 0xf), (12, 1));
    for id in 0..10 {
        stream.write_all(&frame(&query(id, "big."))).await.unwrap();
    }
    for id in 0..10 {
        let reply = receive(&mut stream).await.unwrap();
        assert_eq!((reply.len(), u16::from_be_bytes([reply[0], reply[1]])), (60_000, id));
    }
    assert_eq!(ask(&mut stream, 6).await, Some(6));
    setup.server.stop().await;
}

#[tokio::test]
async fn nonsense_ends_the_connection_after_the_answers_before_it() {
    let setup = start(ConnectionLimits::default());
    let mut response = query(9, "www.example.");
    response[2] |= 0x80;
    for nonsense in [&[0, 0][..], &[0, 11, 1, 2, 3], &frame(&response)] {
        let mut stream = connect(&setup).await;
        let more = frame(&query(10, "www.example."));
        stream.write_all(&[&pipeline(10)[..], nonsense, &more].concat()).await.unwrap();
        expect_answers(&mut stream, 10).await;
        assert_eq!(receive(&mut stream).await, None, "after {nonsense:?}");
    }
    let short = r#"steersman_dropped_packets_total{transport="tcp",reason="short_message"}"#;
    assert_eq!(setup.scraped(short), Some(2));
    setup.server.stop().await;
}

#[tokio::test]
async fn a_client_that_does_not_read_stalls_nobody_and_is_cut_off() {
    let write = Duration::from_millis(200);
    let setup = start(ConnectionLimits { write, ..ConnectionLimits::default() });
    let mut greedy = connect(&setup).await;
    // More than all buffers between the two hold.
    let questions: Vec<u8> = (0..500).flat_map(|id| frame(&query(id, "big."))).collect();
    greedy.write_all(&questions).await.unwrap();
    let mut other = connect(&setup).await;
    for id in 0..10 {
        assert_eq!(ask(&mut other, id).await, Some(id));
    }
    wait_for_connections(&setup, 1).await;
    assert_eq!(ask(&mut other, 11).await, Some(11));
    drop(greedy);
    setup.server.stop().await;
}

#[tokio::test]
async fn answers_on_their_way_outlive_a_connection_that_ends_in_nonsense() {
    let setup = start(ConnectionLimits::default());
    let mut stream = connect(&setup).await;
    let mut sent: Vec<u8> = (0..6).flat_map(|id| frame(&query(id, "big."))).collect();
    // More than is read at once: what is unread at the end would reset the connection.
    sent.extend([0; 16 << 10]);
    stream.write_all(&sent).await.unwrap();
    wait_until(|| {
        setup.scraped(r#"steersman_dropped_packets_total{transport="tcp",reason="short_message"}"#)
            == Some(1)
    })
    .await;
    wait_for_connections(&setup, 0).await;
    for id in 0..6 {
        let reply = receive(&mut stream).await.expect("an answer");
        assert_eq!((reply.len(), u16::from_be_bytes([reply[0], reply[1]])), (60_000, id));
    }
    assert_eq!(receive(&mut stream).await, None);
    setup.server.stop().await;
}

#[tokio::test]
async fn the_stop_answers_what_has_arrived_and_closes() {
    let bound = bind(&[loopback()], 1).unwrap();
    let address = bound.addresses()[0];
    // Connected, and asked, before anyone accepts: the stop comes first.
    let mut waiting = Vec::new();
    for _ in 0..20 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(&pipeline(300)).await.unwrap();
        waiting.push(stream);
    }
    let setup = Setup::start(bound, ConnectionLimits::default());
    let mut idle = connect(&setup).await;
    setup.server.stop().await;
    for mut stream in waiting {
        expect_answers(&mut stream, 300).await;
        assert_eq!(receive(&mut stream).await, None);
    }
    assert_eq!(receive(&mut idle).await, None);
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn the_stop_ends_a_connection_in_the_middle_of_a_question() {
    let setup = start(ConnectionLimits::default());
    let mut stream = connect(&setup).await;
    assert_eq!(ask(&mut stream, 1).await, Some(1));
    stream.write_all(&pipeline(3)).await.unwrap();
    stream.write_all(&[0, 200, 1, 2, 3]).await.unwrap();
    setup.server.stop().await;
    expect_answers(&mut stream, 3).await;
    assert_eq!(receive(&mut stream).await, None);
}

#[tokio::test]
async fn clients_that_vanish_leave_nothing_behind() {
    let setup = start(ConnectionLimits::default());
    for id in 0..20 {
        let mut stream = connect(&setup).await;
        assert_eq!(ask(&mut stream, id).await, Some(id));
        stream.write_all(&[0, 200, 1]).await.unwrap();
        // Reset instead of closed.
        socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
    }
    wait_for_connections(&setup, 0).await;
    setup.server.stop().await;
}

#[tokio::test]
async fn a_panic_costs_its_connection_and_no_other() {
    let setup = start(ConnectionLimits::default());
    let mut other = connect(&setup).await;
    assert_eq!(ask(&mut other, 1).await, Some(1));
    let mut stream = connect(&setup).await;
    stream.write_all(&frame(&query(0, "boom."))).await.unwrap();
    assert_eq!(receive(&mut stream).await, None);
    assert_eq!(ask(&mut other, 2).await, Some(2));
    wait_until(|| setup.scraped("steersman_panics_total") == Some(1)).await;
    wait_for_connections(&setup, 1).await;
    setup.server.stop().await;
}
