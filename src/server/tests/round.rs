use std::net::UdpSocket;
use std::sync::OnceLock;

use super::*;
use crate::server::mmsg::BATCH;
use crate::server::udp::reply;

/// However often the view changes meanwhile: the stand-in tells of which one it is.
#[test]
fn a_batch_is_answered_from_one_view() {
    let live = Arc::new(Live::new(view(1)));
    let service = service(&live, whoami);
    let mut responder = Responder::new(&service).unwrap();
    for seed in 1..5 {
        let mut round = responder.round();
        for later in 1..4 {
            assert_eq!(seed_of_reply(&mut round), seed);
            live.update(|_| view((seed + later).into()));
        }
        assert_eq!(seed_of_reply(&mut round), seed);
        live.update(|_| view((seed + 1).into()));
    }
}

fn seed_of_reply(round: &mut responder::Round<'_>) -> u32 {
    let mut out = [0; 512];
    let sender = ([127, 0, 0, 1], 1).into();
    let length = reply(round, &query(1, "www.example."), sender, || None, &mut out);
    read(&out[..length]).1
}

/// What the stand-in below changes.
static LIVE: OnceLock<Arc<Live>> = OnceLock::new();

/// A stand-in that replaces the view with each answer; the seed counts them.
fn replace_the_view(
    old: &View,
    packet: &[u8],
    asker: &Asker,
    draw: Draw,
    scratch: &mut Scratch,
    out: &mut [u8],
) -> Answered {
    LIVE.get().unwrap().update(|now| view(now.world.seed + 1));
    whoami(old, packet, asker, draw, scratch, out)
}

/// What waits before the server starts comes in full batches, each with twice as much room as the
/// one before.
#[tokio::test]
async fn a_thread_looks_at_the_view_once_for_each_batch() {
    const BATCHES: [usize; 4] = [4, 8, 16, BATCH];
    let bound = bind(&[loopback()], 1).unwrap();
    let client = UdpSocket::bind(loopback()).unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    client.connect(bound.addresses()[0]).unwrap();
    for _ in 0..BATCHES.iter().sum() {
        client.send(&query(1, "www.example.")).unwrap();
    }
    let live = Arc::clone(LIVE.get_or_init(|| Arc::new(Live::new(view(0)))));
    let service = service(&live, replace_the_view);
    let server =
        Server::start_service(bound, service, &Limits::default(), TcpRuntime(None)).unwrap();
    let mut answered_before = 0;
    for packets in BATCHES {
        for _ in 0..packets {
            let mut reply = [0; 512];
            let length = client.recv(&mut reply).unwrap();
            assert_eq!(read(&reply[..length]).1, answered_before, "a batch of {packets}");
        }
        answered_before += packets as u32;
    }
    server.stop().await;
}
