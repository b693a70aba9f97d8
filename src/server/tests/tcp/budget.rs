//! How long a connection may last, whatever its client does.

use super::*;

const HOUR: Duration = Duration::from_secs(3600);

/// A server on which a connection ends for its age only.
fn short_lived(lifetime: Duration) -> Setup {
    start(ConnectionLimits {
        idle: HOUR,
        crowded_idle: HOUR,
        write: HOUR,
        lifetime,
        ..ConnectionLimits::default()
    })
}

#[tokio::test]
async fn a_silent_connection_ends_at_the_end_of_its_life() {
    let setup = short_lived(Duration::from_millis(100));
    let mut silent = connect(&setup).await;
    assert_eq!(receive(&mut silent).await, None);
    let mut dripping = connect(&setup).await;
    dripping.write_all(&[0, 200, 1]).await.unwrap();
    assert_eq!(receive(&mut dripping).await, None);
    wait_for_connections(&setup, 0).await;
    setup.server.stop().await;
}

/// Each answer keeps a connection from being idle, and none makes it younger.
#[tokio::test]
async fn a_connection_that_is_never_idle_ends_too() {
    let setup = short_lived(Duration::from_millis(100));
    let mut stream = connect(&setup).await;
    let mut answers = 0;
    while ask(&mut stream, answers).await.is_some() {
        answers += 1;
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(answers > 0);
    wait_for_connections(&setup, 0).await;
    setup.server.stop().await;
}

/// There is always another question, so that the server never waits for one.
#[tokio::test]
async fn a_connection_that_asks_without_pause_ends_too() {
    let setup = short_lived(Duration::from_millis(100));
    let (mut reader, mut writer) = connect(&setup).await.into_split();
    let asking = async { while writer.write_all(&pipeline(100)).await.is_ok() {} };
    let reading = async { while reader.read_u8().await.is_ok() {} };
    timeout(PATIENCE, async { tokio::join!(asking, reading) }).await.expect("it goes on and on");
    wait_for_connections(&setup, 0).await;
    setup.server.stop().await;
}

/// The client reads only when its time is long over: what it then gets are whole answers.
#[tokio::test]
async fn no_answer_is_cut_off_in_its_middle() {
    let setup = short_lived(Duration::from_millis(100));
    let mut slow = connect(&setup).await;
    // More than all buffers between the two hold.
    let questions: Vec<u8> = (0..500).flat_map(|id| frame(&query(id, "big."))).collect();
    slow.write_all(&questions).await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    wait_for_connections(&setup, 1).await;
    let mut received = Vec::new();
    timeout(PATIENCE, slow.read_to_end(&mut received)).await.expect("an end").unwrap();
    let whole = received.len() / 60_002;
    assert_eq!(received.len() % 60_002, 0, "{whole} answers and a part of one");
    assert!((1..500).contains(&whole), "{whole}");
    wait_for_connections(&setup, 0).await;
    setup.server.stop().await;
}

/// Twice as much as a reader of this pace may take: each answer comes through in time, and yet all
/// of them together do not.
#[tokio::test]
async fn a_reader_that_takes_its_time_with_each_answer_ends_with_its_connection() {
    let limits = ConnectionLimits {
        write: HOUR,
        lifetime: Duration::from_millis(300),
        ..ConnectionLimits::default()
    };
    let setup = start(limits);
    let mut slow = connect(&setup).await;
    let questions: Vec<u8> = (0..2000).flat_map(|id| frame(&query(id, "big."))).collect();
    let (mut reader, mut writer) = slow.split();
    let asking = async { drop(writer.write_all(&questions).await) };
    let reading = async {
        let mut answers = 0;
        while reader.read_exact(&mut [0; 60_002]).await.is_ok() {
            answers += 1;
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        answers
    };
    let ((), answers) = timeout(PATIENCE, async { tokio::join!(asking, reading) }).await.unwrap();
    assert!((1..2000).contains(&answers), "{answers}");
    wait_for_connections(&setup, 0).await;
    setup.server.stop().await;
}
