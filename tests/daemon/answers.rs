//! What only real sockets show of the answers; what is in them is proved elsewhere.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use hickory_proto::op::{Edns, Message, ResponseCode};
use hickory_proto::rr::RecordType;
use hickory_proto::rr::rdata::opt::{EdnsCode, EdnsOption};

use crate::support::dns::{self, Connection, Reply};
use crate::support::mmdb::{Mmdb, Value, map};
use crate::support::setup::{Setup, ZONE, has_ipv6, steady};
use crate::support::wait::until;

/// A client takes a reply only from the address that it asked; so it must come from there.
#[test]
fn a_wildcard_socket_answers_from_the_address_that_was_asked() {
    let mut setup = Setup::new();
    setup.listen = r#"["0.0.0.0:0", "[::]:0"]"#.into();
    let daemon = setup.ready();
    let question = dns::question("fixed", RecordType::A);
    let asked: [(IpAddr, usize); 4] = [
        (Ipv4Addr::LOCALHOST.into(), 0),
        (Ipv4Addr::new(127, 77, 7, 7).into(), 0),
        (Ipv4Addr::new(127, 200, 0, 1).into(), 0),
        (Ipv6Addr::LOCALHOST.into(), 1),
    ];
    for (ip, index) in asked.into_iter().filter(|(ip, _)| ip.is_ipv4() || has_ipv6()) {
        let server = SocketAddr::new(ip, daemon.dns[index].port());
        assert_eq!(dns::ask(server, &question).data(), ["192.0.2.99"], "{ip}");
        assert_eq!(dns::ask_tcp(server, &question).data(), ["192.0.2.99"], "{ip}");
    }
}

/// Answers come in the order of the questions, on one connection, however they are cut.
#[test]
fn questions_are_pipelined_over_tcp() {
    use std::io::Write as _;
    let daemon = Setup::new().ready();
    let asked: Vec<Message> = ["fixed", "nowhere", "ns1", "fixed"]
        .into_iter()
        .cycle()
        .take(200)
        .map(|name| dns::question(name, RecordType::A))
        .collect();
    let mut stream = Vec::new();
    for question in &asked {
        let packet = question.to_vec().unwrap();
        stream.extend((packet.len() as u16).to_be_bytes());
        stream.extend(packet);
    }
    let mut connection = Connection::open(daemon.dns[0]);
    for part in stream.chunks(31) {
        connection.0.write_all(part).unwrap();
    }
    for question in &asked {
        let reply = Reply::read(&connection.receive().unwrap(), question);
        assert_eq!(reply.message.queries, question.queries);
    }
}

/// The scope is what it must be for a resolver to keep the answer for the right clients.
#[test]
fn client_subnets_steer_and_the_scope_says_how_far() {
    let country = |code: &str| map([("country_code", Value::from(code))]);
    let database = Mmdb::new(6, 28)
        .network("203.0.113.0/24", country("FR"))
        .network("198.51.100.0/25", country("US"))
        .network("2001:db8:5::/48", country("FR"));
    let pools = steady("paris", "192.0.2.1") + &steady("rest", "192.0.2.2");
    let names = "geo.geo = { EU = \"paris\", \"198.51.100.8/32\" = \"paris\", default = \"rest\" }\n\
                 www.failover = [\"paris\"]\n";
    let mut setup = Setup::steering(&pools, names);
    setup.write("geoip/test.mmdb", database.bytes());
    setup.geoip = r#"["geoip/test.mmdb"]"#.into();
    let daemon = setup.ready();
    for (name, network, address, scope) in [
        ("geo", "203.0.113.0/24", "192.0.2.1", 24),
        ("geo", "203.0.113.7/32", "192.0.2.1", 24),
        ("geo", "198.51.100.8/32", "192.0.2.1", 32),
        ("geo", "198.51.100.9/32", "192.0.2.2", 32),
        ("geo", "198.51.100.64/26", "192.0.2.2", 26),
        ("geo", "2001:db8:5::/56", "192.0.2.1", 48),
        ("www", "203.0.113.0/24", "192.0.2.1", 0),
        ("fixed", "203.0.113.0/24", "192.0.2.99", 0),
    ] {
        let reply = dns::ask(daemon.dns[0], &dns::question_from(name, RecordType::A, network));
        assert_eq!(reply.data(), [address], "{name} from {network}");
        assert_eq!(reply.scope(), Some(scope), "{name} from {network}");
    }
    // Without the option there is none in the reply, and the client is who asks.
    let reply = daemon.ask("geo", RecordType::A);
    assert_eq!((reply.data(), reply.scope()), (vec!["192.0.2.2".to_owned()], None));
}

#[test]
fn each_zone_answers_for_itself_and_nobody_for_the_rest() {
    let mut setup = Setup::new();
    setup.dns = "nsid = \"ns1.test\"\n".into();
    setup.write("zones/sub.example.com.zone", ZONE.replace("example.com", "sub.example.com"));
    let zone =
        format!("{ZONE}sub NS ns1.sub\nns1.sub A 192.0.2.53\nfar NS ns.far\nns.far A 192.0.2.54\n");
    setup.write("zones/example.com.zone", zone);
    setup.write(
        "zones/2.0.192.in-addr.arpa.zone",
        "@ 60 SOA a. b. 1 2 3 4 5\n@ 60 NS a.\n1 60 PTR www.example.com.\n",
    );
    let daemon = setup.ready();
    for (name, rtype, rcode, authoritative, answers) in [
        ("fixed.sub", RecordType::A, ResponseCode::NoError, true, 1),
        ("a.far", RecordType::A, ResponseCode::NoError, false, 0),
        ("nowhere", RecordType::A, ResponseCode::NXDomain, true, 0),
        ("1.2.0.192.in-addr.arpa.", RecordType::PTR, ResponseCode::NoError, true, 1),
        ("example.net.", RecordType::A, ResponseCode::Refused, false, 0),
    ] {
        let reply = daemon.ask(name, rtype).message;
        assert_eq!(reply.metadata.response_code, rcode, "{name}");
        assert_eq!(reply.metadata.authoritative, authoritative, "{name}");
        assert_eq!(reply.answers.len(), answers, "{name}");
    }
    let mut question = dns::question("fixed", RecordType::A);
    let mut edns = Edns::new();
    edns.options_mut().insert(EdnsOption::Unknown(EdnsCode::NSID.into(), Vec::new()));
    question.set_edns(edns);
    let reply = dns::ask(daemon.dns[0], &question).message;
    let edns = reply.edns.expect("OPT in the reply");
    let nsid = format!("{:?}", edns.options().get(EdnsCode::NSID).expect("an identifier"));
    assert!(nsid.contains("ns1.test") || nsid.contains("110, 115, 49"), "{nsid}");
}

/// Whatever size a client says that it takes: never more than 1232 bytes over UDP.
#[test]
fn replies_over_udp_are_never_longer_than_asked_for() {
    let setup = Setup::new();
    let text = format!("\"{}\" ", "x".repeat(200)).repeat(12);
    setup.write("zones/example.com.zone", format!("{}big TXT {text}\n", ZONE));
    let daemon = setup.ready();
    for (size, most) in [
        (None, 512),
        (Some(0), 512),
        (Some(700), 700),
        (Some(1232), 1232),
        (Some(4096), 1232),
        (Some(65_535), 1232),
    ] {
        let mut question = dns::question("big", RecordType::TXT);
        if let Some(size) = size {
            let mut edns = Edns::new();
            edns.set_max_payload(1232);
            question.set_edns(edns);
            let mut packet = question.to_vec().unwrap();
            let at = packet.len() - 8;
            packet[at..at + 2].copy_from_slice(&u16::to_be_bytes(size));
            let socket = dns::udp_to(daemon.dns[0]);
            let reply = until("a reply", || {
                socket.send(&packet).unwrap();
                let mut buffer = vec![0; 65_535];
                let length = socket.recv(&mut buffer).map_err(|error| error.to_string())?;
                buffer.truncate(length);
                Ok(Reply::read(&buffer, &question))
            });
            assert!(reply.message.metadata.truncation && reply.bytes <= most, "{size:?}");
            assert!(reply.message.edns.is_some(), "OPT is kept");
        } else {
            let reply = dns::ask(daemon.dns[0], &question);
            assert!(reply.message.metadata.truncation && reply.bytes <= most);
        }
        let whole = dns::ask_tcp(daemon.dns[0], &question);
        assert!(!whole.message.metadata.truncation);
        assert_eq!(whole.message.answers.len(), 1);
    }
}
