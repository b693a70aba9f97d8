//! The threads that answer over UDP, on a real socket: from `recvmmsg` to `sendmmsg`, with the view,
//! the rate limit and the counters.

use std::net::{Ipv4Addr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use steersman::live::Live;
use steersman::metrics::Metrics;
use steersman::rate_limit::Settings;
use steersman::sampling::{Share, Sink, Sinks};
use steersman::server::{Limits, Server, bind};

use crate::ELSEWHERE;
use crate::questions::{packet, table, with_cookie_of};
use crate::world::view;

/// What takes longer has failed, however busy the machine is.
const PATIENCE: Duration = Duration::from_secs(30);
/// Room for some hundred copies.
const RING_BYTES: usize = 128 << 10;
/// The message ID of the question after the others.
const LAST: [u8; 2] = [0xff, 0xff];

/// Whether replies are limited or not, and copied or not.
pub fn allocate_nothing() {
    let limited = Settings { responses_per_second: 5, exempt: Vec::new(), ..Settings::default() };
    for (rate, is_limited, is_copied) in [
        (Settings::default(), false, false),
        (limited, true, false),
        (Settings::default(), false, true),
    ] {
        let (live, metrics) = (Arc::new(Live::new(view())), Metrics::new());
        let bound = bind(&[(Ipv4Addr::LOCALHOST, 0).into()], 1).expect("sockets");
        let limits = Limits { rate, ..Limits::default() };
        // The rings of all who look on fill up meanwhile: there is room for copies at first, and none in the end.
        let _replaced = live.keep_replaced();
        let all = Share::new(1.0).expect("a share");
        let sink = || is_copied.then(|| Sink::new(all, RING_BYTES)).unzip();
        let ((dnstap, packets), (decisions, mut reasons)) = (sink(), sink());
        let sinks = Sinks { dnstap: dnstap.clone(), decisions };
        let server = Server::start_watched(bound, live, Arc::clone(&metrics), &limits, sinks)
            .expect("a server");
        let client = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a socket");
        client.connect(server.addresses()[0]).expect("an address");
        client.set_read_timeout(Some(PATIENCE)).expect("a time");
        let questions: Vec<Vec<u8>> = table().into_iter().map(|(packet, _)| packet).collect();
        let mut last = packet("www.example.", 1);
        last[..2].copy_from_slice(&LAST);
        // The first batch of a view fetches counters.
        let mut reply = ask(&client, &[], &last);
        // With a good cookie there is no limit.
        last = with_cookie_of(&reply);
        last[..2].copy_from_slice(&LAST);
        // At first the threads of TCP still start.
        let (mut rounds, mut without) = (0, 0);
        while without < 20 {
            rounds += 1;
            assert!(rounds < 1000, "limited: {is_limited}");
            let before = ELSEWHERE.load(Ordering::Relaxed);
            reply = ask(&client, &questions, &last);
            let is_without = ELSEWHERE.load(Ordering::Relaxed) == before;
            without = if is_without { without + 1 } else { 0 };
        }
        assert_eq!(reply[3] & 0x0f, 0, "NOERROR");
        let limited = metrics.rate_limited();
        assert_eq!([limited.slipped > 0, limited.dropped > 0], [is_limited; 2]);
        assert_eq!(dnstap.is_some_and(|sink| sink.dropped() > 0), is_copied);
        let mut copies = 0;
        if let Some(reasons) = &mut reasons {
            reasons.look();
            while reasons.take().is_some() {
                copies += 1;
            }
        }
        assert_eq!(copies > 100, is_copied, "{copies}");
        drop(packets);
    }
}

/// Sends packets, and waits until all of them have been seen to: for the reply to the last one.
fn ask(client: &UdpSocket, packets: &[Vec<u8>], last: &[u8]) -> Vec<u8> {
    for packet in packets {
        client.send(packet).expect("to send");
    }
    client.send(last).expect("to send");
    let mut reply = [0; 4096];
    loop {
        let length = client.recv(&mut reply).expect("a reply");
        if reply.starts_with(&LAST) {
            return reply[..length].to_vec();
        }
    }
}
