use std::collections::BTreeSet;
use std::net::UdpSocket;

use super::*;

/// A client that hears only what comes from the very address it asks.
fn client(server: SocketAddr) -> UdpSocket {
    let any: IpAddr = match server {
        SocketAddr::V4(_) => std::net::Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => std::net::Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0)).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.connect(server).unwrap();
    socket
}

fn receive(client: &UdpSocket) -> Vec<u8> {
    let mut buffer = [0; 2048];
    let length = client.recv(&mut buffer).unwrap();
    buffer[..length].to_vec()
}

fn ask(client: &UdpSocket, id: u16) -> (u16, u32, IpAddr) {
    client.send(&query(id, "www.example.")).unwrap();
    read(&receive(client))
}

#[tokio::test]
async fn every_query_of_many_clients_is_answered() {
    let setup = Setup::start(bind(&loopbacks(), 2).unwrap(), ConnectionLimits::default());
    const EACH: u16 = 100;
    let mut asked = 0;
    for &address in setup.server.addresses() {
        let clients: Vec<_> = (0..8).map(|_| client(address)).collect();
        for id in 0..EACH {
            for client in &clients {
                client.send(&query(id, "www.example.")).unwrap();
                asked += 1;
            }
        }
        for client in &clients {
            let replies = (0..EACH).map(|_| read(&receive(client)));
            let ids: BTreeSet<u16> =
                replies.inspect(|reply| assert_eq!(reply.2, address.ip())).map(|r| r.0).collect();
            assert_eq!(ids, (0..EACH).collect());
        }
    }
    let sample = r#"steersman_answers_total{transport="udp",rcode="NOERROR",reason="static"}"#;
    assert_eq!(setup.scraped(sample), Some(asked));
    setup.server.stop().await;
}

#[tokio::test]
async fn a_wildcard_address_answers_from_the_address_that_was_asked() {
    let listen: Vec<SocketAddr> = loopbacks()
        .into_iter()
        .map(|address| match address {
            SocketAddr::V4(_) => ([0, 0, 0, 0], 0).into(),
            SocketAddr::V6(_) => ([0u16; 8], 0).into(),
        })
        .collect();
    let setup = Setup::start(bind(&listen, 2).unwrap(), ConnectionLimits::default());
    for address in setup.server.addresses() {
        let asked: &[&str] = if address.is_ipv4() { &["127.0.0.2", "127.9.9.9"] } else { &["::1"] };
        for (id, ip) in asked.iter().enumerate() {
            let client = client((ip.parse::<IpAddr>().unwrap(), address.port()).into());
            assert_eq!(ask(&client, id as u16).0, id as u16, "asked at {ip}");
        }
    }
    setup.server.stop().await;
}

#[tokio::test]
async fn what_arrived_before_the_stop_is_answered() {
    let bound = bind(&[loopback()], 2).unwrap();
    let clients: Vec<_> = (0..6).map(|_| client(bound.addresses()[0])).collect();
    for id in 0..100 {
        for client in &clients {
            client.send(&query(id, "www.example.")).unwrap();
        }
    }
    let setup = Setup::start(bound, ConnectionLimits::default());
    setup.server.stop().await;
    for client in &clients {
        client.set_nonblocking(true).unwrap();
        let ids: BTreeSet<u16> = (0..100).map(|_| read(&receive(client)).0).collect();
        assert_eq!(ids.len(), 100);
    }
}

/// A single socket, as a service manager hands one on, is read by all workers; each of them has its turns.
#[tokio::test]
async fn workers_that_share_a_socket_all_have_their_turns() {
    let mut bound = bind(&[loopback()], 1).unwrap();
    bound.workers = 3;
    let client = client(bound.addresses()[0]);
    let setup = Setup::start(bound, ConnectionLimits::default());
    for id in 0..50 {
        assert_eq!(ask(&client, id).0, id);
    }
    let is_alive = || async {
        while !setup.server.udp_is_alive() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    for _ in 0..2 {
        tokio::time::timeout(PATIENCE, is_alive()).await.expect("turns");
    }
    assert_eq!(setup.server.pulses.len(), 3);
    // Threads that have ended have none.
    setup.server.udp_orders.0.stop();
    let all_ended = || setup.server.workers.iter().all(thread::JoinHandle::is_finished);
    while !all_ended() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    setup.server.udp_is_alive();
    assert!(!setup.server.udp_is_alive());
}

/// Whoever leaves takes nothing more, for somebody else reads the same socket.
#[tokio::test]
async fn what_waits_when_workers_leave_is_left_to_the_next() {
    let bound = bind(&[loopback()], 2).unwrap();
    let again = bound.duplicates().unwrap();
    let (address, client) = (bound.addresses()[0], client(bound.addresses()[0]));
    let setup = Setup::start(bound, ConnectionLimits::default());
    assert_eq!(ask(&client, 1).0, 1);
    let (ours, theirs) = connection_channel().unwrap();
    setup.server.hand_over(ours).await;
    client.send(&query(2, "www.example.")).unwrap();
    let named = again.into_iter().map(|(role, socket)| (role.name().to_owned(), socket));
    let mut handed = Handed::read(named.collect()).unwrap();
    let bound = bind_or_take(&[address], 2, &mut handed).unwrap();
    handed.nothing_left().unwrap();
    let mut next = Setup::start(bound, ConnectionLimits::default());
    next.server.adopt(theirs).unwrap();
    assert_eq!(read(&receive(&client)).0, 2);
    next.server.stop().await;
}

#[tokio::test]
async fn hostile_packets_get_what_they_deserve_and_harm_nobody() {
    let setup = Setup::start(bind(&[loopback()], 1).unwrap(), ConnectionLimits::default());
    let client = client(setup.address());
    let mut response = query(1, "www.example.");
    response[2] |= 0x80;
    for silent in [&b""[..], b"x", &[0; 11], &response] {
        client.send(silent).unwrap();
    }
    // Longer than is read; malformed however it is cut.
    client.send(&[0x55; 20_000]).unwrap();
    let reply = receive(&client);
    assert_eq!((reply.len(), reply[3] & 0xf), (12, 1));
    assert_eq!(ask(&client, 3).0, 3);
    let dropped = |reason: &str| {
        let labels = format!(r#"{{transport="udp",reason="{reason}"}}"#);
        setup.scraped(&format!("steersman_dropped_packets_total{labels}"))
    };
    assert_eq!(dropped("garbage"), Some(3));
    assert_eq!(dropped("response"), Some(1));
    setup.server.stop().await;
}

#[tokio::test]
async fn a_panic_costs_its_packet_and_not_the_worker() {
    let setup = Setup::start(bind(&[loopback()], 1).unwrap(), ConnectionLimits::default());
    let client = client(setup.address());
    for id in 1..=3u16 {
        client.send(&query(0, "boom.")).unwrap();
        // Not in the same batch as the one that is lost.
        while setup.scraped("steersman_panics_total") != Some(id.into()) {
            thread::yield_now();
        }
        assert_eq!(ask(&client, id).0, id);
    }
    setup.server.stop().await;
}

#[tokio::test]
async fn a_client_that_left_harms_nobody() {
    let setup = Setup::start(bind(&[loopback()], 1).unwrap(), ConnectionLimits::default());
    for id in 0..20 {
        // Its port is closed when the answer comes, which ICMP tells the server.
        client(setup.address()).send(&query(id, "www.example.")).unwrap();
        assert_eq!(ask(&client(setup.address()), id).0, id);
    }
    setup.server.stop().await;
}

#[tokio::test]
async fn a_new_view_is_in_force_in_the_next_answer() {
    let setup = Setup::start(bind(&[loopback()], 2).unwrap(), ConnectionLimits::default());
    let client = client(setup.address());
    for seed in 1..50 {
        setup.live.update(|_| view(seed.into()));
        assert_eq!(ask(&client, 0).1, seed);
    }
    setup.server.stop().await;
}

#[tokio::test]
async fn a_dropped_server_stops() {
    let setup = Setup::start(bind(&[loopback()], 2).unwrap(), ConnectionLimits::default());
    let address = setup.address();
    drop(setup);
    // Free again for others as soon as the workers have left.
    let freed = async {
        while UdpSocket::bind(address).is_err() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(PATIENCE, freed).await.unwrap();
}

#[tokio::test]
async fn nobody_is_answered_at_port_0() {
    let setup = Setup::start(bind(&[], 1).unwrap(), ConnectionLimits::default());
    let metrics = Arc::clone(&setup.metrics);
    let service = Service { metrics, ..service(&setup.live, whoami) };
    let mut responder = Responder::new(&service).unwrap();
    let (packet, mut out) = (query(1, "www.example."), [0; 512]);
    let mut reply = |port| {
        let sender = ([127, 0, 0, 1], port).into();
        crate::server::udp::reply(&mut responder.round(), &packet, sender, || None, &mut out)
    };
    assert!(reply(1) > 0);
    assert_eq!(reply(0), 0);
    let sample = r#"steersman_dropped_packets_total{transport="udp",reason="port_zero"}"#;
    assert_eq!(setup.scraped(sample), Some(1));
    setup.server.stop().await;
}

/// Half of what is too much is not answered, half with TC and no more than what was asked.
#[tokio::test]
async fn replies_beyond_the_rate_slip_or_are_dropped() {
    let rate = rate_limit::Settings { responses_per_second: 10, slip: 2, exempt: Vec::new() };
    let limits = Limits { rate, ..Limits::default() };
    let setup = Setup::start_limited(bind(&[loopback()], 1).unwrap(), &limits);
    let client = client(setup.address());
    let [mut whole, mut cut, mut asked] = [0; 3];
    // However long it takes: the bucket gets 10 a second, and this asks faster.
    while cut < 50 {
        for id in 0..10 {
            client.send(&query(id, "www.example.")).unwrap();
        }
        asked += 10;
        let sample = r#"steersman_dropped_packets_total{transport="udp",reason="rate_limited"}"#;
        let dropped = || setup.scraped(sample).unwrap_or(0);
        while whole + cut + dropped() < asked {
            client.set_nonblocking(true).unwrap();
            let mut reply = [0; 2048];
            let Ok(length) = client.recv(&mut reply) else { continue };
            let message = Message::from_vec(&reply[..length]).unwrap();
            if message.metadata.truncation {
                assert_eq!(length, query(0, "www.example.").len());
                assert_eq!((message.queries.len(), message.answers.len()), (1, 0));
                cut += 1;
            } else {
                assert_eq!(message.answers.len(), 1);
                whole += 1;
            }
        }
    }
    assert!(whole >= 10, "{whole}");
    let limited = |action| {
        let labels = format!("{{action=\"{action}\"}}");
        setup.scraped(&format!("steersman_rate_limited_replies_total{labels}")).unwrap()
    };
    assert_eq!(limited("slipped"), cut);
    assert_eq!(limited("dropped"), asked - whole - cut);
    assert!(limited("dropped").abs_diff(cut) <= 1, "{cut} of {asked}");
    let sample = r#"steersman_answers_total{transport="udp",rcode="NOERROR",reason="static"}"#;
    assert_eq!(setup.scraped(sample), Some(whole + cut));
    setup.server.stop().await;
}

/// Whoever answers over TCP has shown where it is.
#[tokio::test]
async fn replies_over_tcp_are_not_limited() {
    let rate = rate_limit::Settings { responses_per_second: 1, slip: 0, exempt: Vec::new() };
    let limits = Limits { rate, ..Limits::default() };
    let setup = Setup::start_limited(bind(&[loopback()], 1).unwrap(), &limits);
    let mut stream = tcp::connect(&setup).await;
    for id in 0..100 {
        assert_eq!(tcp::ask(&mut stream, id).await, Some(id));
    }
    setup.server.stop().await;
}
