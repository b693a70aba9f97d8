//! Whatever is asked, an answer has the same bytes over every transport that has no limit but a
//! length in two bytes.

use hickory_proto::op::{Edns, Message, OpCode};
use hickory_proto::rr::RecordType;
use hickory_proto::rr::rdata::opt::{EdnsCode, EdnsOption};

use super::clients::{Doh, Doq, Dot, Pair};
use super::{at, secured};
use crate::support::daemon::Daemon;
use crate::support::dns::{self, Connection};
use crate::support::mmdb::{Mmdb, Value, map};
use crate::support::setup::{Setup, ZONE, steady};

/// More records than fit into the first 16 KiB, but into 64 KiB.
const MANY: usize = 300;
/// The code of the option of padding.
const PADDING: u16 = 12;

fn daemon(pair: &Pair) -> Daemon {
    let pools = steady("near", "192.0.2.1") + &steady("far", "198.51.100.1");
    let names = "www.failover = [\"near\", \"far\"]\n\
                 [geo.geo]\nEU = \"near\"\ndefault = \"far\"\n";
    let mut setup = Setup::steering(&pools, names);
    let record = map([("country_code", Value::from("FR"))]);
    let database = Mmdb::new(6, 24).network("203.0.113.0/24", record).bytes();
    setup.write("country.mmdb", database);
    setup.geoip = "[\"country.mmdb\"]".into();
    setup.dns = "nsid = \"ns1\"\n".into();
    let long = "0123456789".repeat(12);
    let many: String = (0..MANY).map(|n| format!("many TXT \"{n} {long}\"\n")).collect();
    let more = "sub NS ns.sub\nns.sub A 192.0.2.7\nchain CNAME alias\nd DNAME sub\n\
                *.wild A 192.0.2.8\nb.c.deep A 192.0.2.9\n";
    setup.write("zones/example.com.zone", format!("{ZONE}{more}{many}"));
    secured(setup, pair, "").ready()
}

fn packet(name: &str, rtype: RecordType, change: impl FnOnce(&mut Message)) -> Vec<u8> {
    let mut message = dns::question(name, rtype);
    // As DNS over QUIC wants it.
    message.metadata.id = 0;
    change(&mut message);
    message.to_vec().unwrap()
}

fn plain(name: &str, rtype: RecordType) -> Vec<u8> {
    packet(name, rtype, |_| {})
}

fn edns(name: &str, change: impl FnOnce(&mut Edns)) -> Vec<u8> {
    packet(name, RecordType::A, |message| {
        let mut edns = Edns::new();
        edns.set_max_payload(1232);
        change(&mut edns);
        message.set_edns(edns);
    })
}

fn questions() -> Vec<(&'static str, Vec<u8>)> {
    use RecordType::{A, AAAA, ANY, AXFR, DS, SOA, TXT};
    let subnet = |network: &str| {
        let mut message = dns::question_from("geo", A, network);
        message.metadata.id = 0;
        message.to_vec().unwrap()
    };
    let mut mixed = plain("fixed", A);
    mixed[13] = b'F';
    mixed[15] = b'X';
    let mut forged = plain("fixed", A);
    // An answer where there can be none.
    forged[7] = 1;
    let mut trailing = plain("fixed", A);
    trailing.extend([7; 40]);
    let mut response_bits = plain("fixed", A);
    response_bits[2] |= 0x06;
    response_bits[3] |= 0xff;
    let mut two = plain("fixed", A);
    two[5] = 2;
    let mut compressed = plain("fixed", A);
    compressed.truncate(12);
    compressed.extend([0xc0, 12, 0, 1, 0, 1]);
    vec![
        ("static", plain("fixed", A)),
        ("mixed case", mixed),
        ("steered", plain("www", A)),
        ("alias into steered", plain("chain", A)),
        ("NODATA", plain("fixed", AAAA)),
        ("NXDOMAIN", plain("nope", A)),
        ("empty non-terminal", plain("deep", A)),
        ("wildcard", plain("x.wild", A)),
        ("referral", plain("host.sub", A)),
        ("DS at a cut", plain("sub", DS)),
        ("DNAME", plain("a.d", A)),
        ("ANY", plain("@", ANY)),
        ("zone transfer", plain("@", AXFR)),
        ("apex", plain("@", SOA)),
        ("elsewhere", plain("www.elsewhere.test.", A)),
        ("root", plain(".", A)),
        ("big", plain("many", TXT)),
        ("client in Europe", subnet("203.0.113.0/24")),
        ("client elsewhere", subnet("198.51.100.0/24")),
        ("client of IPv6", subnet("2001:db8::/32")),
        ("EDNS", edns("fixed", |_| {})),
        (
            "DNSSEC OK",
            edns("fixed", |edns| {
                edns.set_dnssec_ok(true);
            }),
        ),
        (
            "small UDP size",
            edns("fixed", |edns| {
                edns.set_max_payload(512);
            }),
        ),
        (
            "BADVERS",
            edns("fixed", |edns| {
                edns.set_version(1);
            }),
        ),
        (
            "NSID",
            edns("fixed", |edns| {
                edns.options_mut().insert(EdnsOption::Unknown(EdnsCode::NSID.into(), Vec::new()));
            }),
        ),
        (
            "unknown options",
            edns("fixed", |edns| {
                edns.options_mut().insert(EdnsOption::Unknown(65_001, vec![1, 2, 3]));
                edns.options_mut().insert(EdnsOption::Unknown(65_002, Vec::new()));
            }),
        ),
        (
            "malformed client subnet",
            edns("fixed", |edns| {
                edns.options_mut().insert(EdnsOption::Unknown(8, vec![0, 1, 24, 0]));
            }),
        ),
        (
            "other operation",
            packet("fixed", A, |message| {
                message.metadata.op_code = OpCode::Update;
            }),
        ),
        ("status", packet("fixed", A, |message| message.metadata.op_code = OpCode::Status)),
        ("an answer in the question", forged),
        ("bytes behind it", trailing),
        ("flags of responses", response_bits),
        ("two questions", two),
        ("a pointer into the header", compressed),
        ("a header alone", [0; 12].to_vec()),
    ]
}

#[test]
fn answers_are_those_of_plain_tcp() {
    let pair = Pair::new();
    let daemon = daemon(&pair);
    let mut tcp = Connection::open(daemon.dns[0]);
    let mut dot = Dot::open(at(&daemon, "dot"), &pair).unwrap();
    let mut doh = Doh::open(at(&daemon, "doh"), &pair).unwrap();
    let doq = Doq::open(at(&daemon, "doq"), &pair).unwrap();
    let questions = questions();
    for (what, question) in &questions {
        let expected = tcp.ask(question).unwrap();
        assert_eq!(dot.ask(question).unwrap(), expected, "{what} over TLS");
        let get = doh.get(question).unwrap();
        assert_eq!((get.status.as_u16(), get.body), (200, expected.clone()), "{what} by GET");
        let post = doh.post(question).unwrap();
        assert_eq!((post.status.as_u16(), post.body), (200, expected.clone()), "{what} by POST");
        assert_eq!(doq.ask(question).unwrap(), expected, "{what} over QUIC");
    }
    // Each was counted once for each time that it was asked.
    let metrics = daemon.metrics();
    for (transport, times) in [("tcp", 1), ("dot", 1), ("doh", 2), ("doq", 1)] {
        let label = format!("transport=\"{transport}\"");
        let counted = metrics.sum("steersman_answers_total", &[&label]);
        assert_eq!(counted, (times * questions.len()) as f64, "{transport}");
    }
}

/// What makes the test above worth something: the questions reach the cases that they are for.
#[test]
fn the_questions_are_of_each_kind() {
    let pair = Pair::new();
    let daemon = daemon(&pair);
    let mut dot = Dot::open(at(&daemon, "dot"), &pair).unwrap();
    let mut seen = Vec::new();
    let mut longest = 0;
    for (_, question) in questions() {
        let reply = dot.ask(&question).unwrap();
        longest = longest.max(reply.len());
        let message = Message::from_vec(&reply).unwrap();
        let high = message.edns.as_ref().map_or(0, Edns::rcode_high);
        seen.push((u16::from(high) << 4 | u16::from(reply[3] & 0xf), message.answers.len()));
    }
    for rcode in [0, 1, 3, 4, 5, 16] {
        assert!(seen.iter().any(|(seen, _)| *seen == rcode), "no {rcode} in {seen:?}");
    }
    assert!(seen.iter().any(|(_, answers)| *answers == MANY), "{seen:?}");
    assert!(longest > 16_384, "{longest}");
}

/// All that differs is padding, for whoever pads its questions (RFC 8467).
#[test]
fn padded_questions_get_the_same_answers_padded() {
    let pair = Pair::new();
    let daemon = daemon(&pair);
    let padding = |bytes: usize| {
        edns("fixed", |edns| {
            edns.options_mut().insert(EdnsOption::Unknown(PADDING, vec![0; bytes]));
        })
    };
    for question in [padding(0), padding(73)] {
        let plain = Connection::open(daemon.dns[0]).ask(&question).unwrap();
        let mut dot = Dot::open(at(&daemon, "dot"), &pair).unwrap();
        let mut doh = Doh::open(at(&daemon, "doh"), &pair).unwrap();
        let doq = Doq::open(at(&daemon, "doq"), &pair).unwrap();
        for reply in [
            dot.ask(&question).unwrap(),
            doh.post(&question).unwrap().body,
            doh.get(&question).unwrap().body,
            doq.ask(&question).unwrap(),
        ] {
            assert_eq!(reply.len(), 468);
            // Up to the length of the options, then these alone.
            let length_at = plain.len() - 2;
            assert_eq!(
                (&reply[..length_at], &plain[length_at..]),
                (&plain[..length_at], &[0, 0][..])
            );
            let options = &reply[plain.len()..];
            let bytes = options.len() as u16 - 4;
            assert_eq!(options[..4], [[0, 12], bytes.to_be_bytes()].concat());
            assert!(options[4..].iter().all(|byte| *byte == 0));
        }
    }
}
