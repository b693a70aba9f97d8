//! More connections than there may be: who is let in, and who has to go.

use super::*;

const HOUR: Duration = Duration::from_secs(3600);

/// A server on which no connection ends because it waits.
fn patient(connections: usize, connections_per_network: usize) -> Setup {
    let limits = ConnectionLimits {
        connections,
        connections_per_network,
        idle: HOUR,
        crowded_idle: HOUR,
        write: HOUR,
        lifetime: HOUR,
    };
    start(limits)
}

fn evicted(setup: &Setup, limit: &str) -> u64 {
    let sample = format!("steersman_tcp_evicted_connections_total{{limit=\"{limit}\"}}");
    setup.scraped(&sample).unwrap()
}

/// A connection from `127.0.host.1` that has had an answer, and so waits for its next question.
async fn guest(setup: &Setup, host: u8) -> TcpStream {
    let mut stream = connect_from(setup, [127, 0, host, 1]).await;
    assert_eq!(ask(&mut stream, host.into()).await, Some(host.into()));
    stream
}

/// A connection that has asked for more than all buffers hold, and reads none of it yet.
async fn greedy(setup: &Setup, host: u8) -> TcpStream {
    let mut stream = connect_from(setup, [127, 0, host, 1]).await;
    let burst: Vec<u8> = (0..500).flat_map(|id| frame(&query(id, "big."))).collect();
    stream.write_all(&burst).await.unwrap();
    let sample = r#"steersman_answers_total{transport="tcp",rcode="NOERROR",reason="static"}"#;
    let before = setup.scraped(sample);
    wait_until(|| setup.scraped(sample) > before).await;
    stream
}

async fn expect_the_burst(stream: &mut TcpStream) {
    for id in 0..500 {
        let reply = receive(stream).await.expect("an answer");
        assert_eq!((reply.len(), u16::from_be_bytes([reply[0], reply[1]])), (60_000, id));
    }
}

#[tokio::test]
async fn eight_who_fill_the_house_keep_out_no_ninth() {
    let setup = patient(64, 8);
    let mut crowd = Vec::new();
    for host in 1..=8 {
        for number in 0..8 {
            let mut stream = connect_from(&setup, [127, 0, host, 1]).await;
            match number {
                // Silent, in the middle of a question, or done with one.
                0..3 => {}
                3..6 => stream.write_all(&[0, 200, 1]).await.unwrap(),
                _ => assert_eq!(ask(&mut stream, 1).await, Some(1)),
            }
            crowd.push(stream);
        }
    }
    wait_for_connections(&setup, 64).await;
    let mut ninth = guest(&setup, 9).await;
    assert_eq!(evicted(&setup, "total"), 1);
    // They come again and again, and take room from nobody but each other.
    for round in 1..=20 {
        for host in 1..=8 {
            crowd.push(guest(&setup, host).await);
        }
        assert_eq!(ask(&mut ninth, round).await, Some(round));
    }
    assert_eq!(evicted(&setup, "total") + evicted(&setup, "client"), 161);
    wait_for_connections(&setup, 64).await;
    setup.server.stop().await;
}

#[tokio::test]
async fn at_its_share_a_client_gives_up_its_oldest() {
    let setup = patient(1024, 2);
    let mut other = guest(&setup, 9).await;
    let (mut one, mut two) = (guest(&setup, 1).await, guest(&setup, 1).await);
    assert_eq!(ask(&mut one, 3).await, Some(3));
    let mut three = guest(&setup, 1).await;
    assert_eq!(receive(&mut two).await, None);
    assert_eq!(evicted(&setup, "client"), 1);
    for stream in [&mut one, &mut three, &mut other] {
        assert_eq!(ask(stream, 4).await, Some(4));
    }
    wait_for_connections(&setup, 3).await;
    setup.server.stop().await;
}

#[tokio::test]
async fn a_burst_under_way_is_not_cut_off_for_a_newcomer() {
    let setup = patient(2, 2);
    let mut burst = greedy(&setup, 1).await;
    let mut idle = guest(&setup, 2).await;
    let mut newcomer = guest(&setup, 3).await;
    assert_eq!(receive(&mut idle).await, None);
    expect_the_burst(&mut burst).await;
    assert_eq!(ask(&mut burst, 7).await, Some(7));
    assert_eq!(ask(&mut newcomer, 8).await, Some(8));
    setup.server.stop().await;
}

/// Whoever asks for much and takes none of it fills the server no better than whoever is silent.
#[tokio::test]
async fn whoever_takes_no_answers_gives_way_when_nobody_else_can() {
    let setup = patient(2, 1);
    let mut bursts = [greedy(&setup, 1).await, greedy(&setup, 2).await];
    // Until the buffers are full they are at work, and nobody can go.
    let mut newcomer = loop {
        let mut stream = connect_from(&setup, [127, 0, 3, 1]).await;
        if ask(&mut stream, 3).await.is_some() {
            break stream;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    };
    assert_eq!((evicted(&setup, "client"), evicted(&setup, "total")), (0, 1));
    assert_eq!(ask(&mut newcomer, 4).await, Some(4));
    let mut whole = 0;
    for burst in &mut bursts {
        let mut received = 0;
        while received < 500 && receive(burst).await.is_some() {
            received += 1;
        }
        whole += usize::from(received == 500);
    }
    assert_eq!(whole, 1, "one was cut off, and not the other");
    setup.server.stop().await;
}

/// Whoever makes no sense is listened to for a moment more, but not at the cost of others.
#[tokio::test]
async fn whoever_made_no_sense_gives_way_first() {
    let setup = patient(3, 3);
    let mut idle = guest(&setup, 1).await;
    let mut hopeless = connect_from(&setup, [127, 0, 1, 1]).await;
    hopeless.write_all(&[0, 0]).await.unwrap();
    // The server says goodbye, and waits for the other end to do so too.
    assert_eq!(receive(&mut hopeless).await, None);
    let _third = guest(&setup, 1).await;
    wait_for_connections(&setup, 3).await;
    let mut newcomer = guest(&setup, 2).await;
    assert_eq!(evicted(&setup, "total"), 1);
    assert_eq!(ask(&mut idle, 5).await, Some(5));
    assert_eq!(ask(&mut newcomer, 6).await, Some(6));
    setup.server.stop().await;
}

#[tokio::test]
async fn dripping_bytes_do_not_make_a_connection_younger() {
    let setup = patient(3, 3);
    let mut dripping = connect_from(&setup, [127, 0, 1, 1]).await;
    dripping.write_all(&u16::MAX.to_be_bytes()).await.unwrap();
    let mut idle = guest(&setup, 2).await;
    for id in 0..5 {
        dripping.write_all(&[0]).await.unwrap();
        // Some turns of the runtime, in which the byte arrives.
        let mut other = guest(&setup, 3).await;
        assert_eq!(ask(&mut other, id).await, Some(id));
        drop(other);
        wait_for_connections(&setup, 2).await;
    }
    let _last = guest(&setup, 3).await;
    let _newcomer = guest(&setup, 4).await;
    assert_eq!(receive(&mut dripping).await, None);
    assert_eq!(ask(&mut idle, 5).await, Some(5));
    setup.server.stop().await;
}
