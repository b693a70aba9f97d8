use super::*;
use crate::health::{
    Answers, Certificates, ClientPair, Damping, DnsCheck, ExecCheck, GrpcCheck, HandshakeCheck,
    HttpCheck, HttpVersion, Initial, MonitorKind, Preset, PrivateKey, ProbeAt, RecordData,
    StatusRange, Talk, TcpCheck, TlsCheck, Wanted,
};

fn check() -> HttpCheck {
    HttpCheck::default()
}

fn tcp(port: u16) -> MonitorKind {
    MonitorKind::Tcp(TcpCheck { port, tls: None, talk: None })
}

const DAMPING: Damping = Damping {
    falls: 3,
    within: Duration::from_secs(600),
    hold: Duration::from_secs(30),
    longest: Duration::from_secs(600),
};

fn monitor(name: &str, kind: MonitorKind) -> Monitor {
    Monitor {
        name: name.into(),
        kind,
        interval: Duration::from_secs(5),
        timeout: Duration::from_secs(2),
        fall: 3,
        rise: 2,
        retry: Duration::from_millis(300),
        watch: true,
        initial: Initial::Last,
        damping: None,
    }
}

fn endpoint(address: &str, probe: Option<(&str, Option<u16>)>) -> Endpoint {
    let address = match address.parse() {
        Ok(ip) => EndpointAddress::Ip(ip),
        Err(_) => EndpointAddress::Host { wire: Box::default(), text: address.into() },
    };
    let probe = probe.map(|(at, port)| ProbeAt {
        address: Some(at.parse().unwrap()),
        port,
        ..ProbeAt::default()
    });
    Endpoint { address, weight: 1, probe }
}

fn pool(monitors: &[u32], endpoints: Vec<Endpoint>) -> Pool {
    Pool {
        name: "pool".into(),
        region: None,
        monitors: monitors.to_vec(),
        endpoints,
        min_healthy: 1,
        combined: None,
        panic_below: None,
        requires: Vec::new(),
        answers: Answers::All,
    }
}

fn plan(monitors: Vec<Monitor>, pools: Vec<Pool>) -> Plan {
    Plan::new(&Inventory { regions: vec![], monitors, pools })
}

/// The question, without the hash, that a monitor asks of an endpoint.
fn shown(kind: MonitorKind, endpoint: Endpoint) -> String {
    let plan = plan(vec![monitor("m", kind)], vec![pool(&[0], vec![endpoint])]);
    plan.targets[0].key.split(" #").next().unwrap().to_string()
}

#[test]
fn defaults_are_filled_in_for_each_address() {
    use MonitorKind::{Http, Https, Icmp};
    let v4 = || endpoint("192.0.2.1", None);
    let v6 = || endpoint("2001:db8::1", None);
    let elsewhere = || endpoint("192.0.2.1", Some(("10.8.0.11", Some(8080))));
    let host = |host: &str| HttpCheck { host: Some(host.into()), ..check() };
    let port = |port| HttpCheck { port, ..check() };
    let tls = |port, host: Option<&str>, sni: Option<&str>| HttpCheck {
        host: host.map(Into::into),
        tls: TlsCheck { sni: sni.map(Into::into), ..TlsCheck::default() },
        port,
        ..check()
    };
    for (kind, endpoint, text) in [
        (Icmp, v4(), "icmp 192.0.2.1"),
        (Icmp, v6(), "icmp 2001:db8::1"),
        (Icmp, elsewhere(), "icmp 10.8.0.11"),
        (tcp(25), v4(), "tcp 192.0.2.1:25"),
        (tcp(25), v6(), "tcp [2001:db8::1]:25"),
        (tcp(25), elsewhere(), "tcp 10.8.0.11:8080"),
        (Http(check()), v4(), "http://192.0.2.1:80/ host=192.0.2.1"),
        (Http(check()), v6(), "http://[2001:db8::1]:80/ host=[2001:db8::1]"),
        (Http(port(81)), v4(), "http://192.0.2.1:81/ host=192.0.2.1:81"),
        (Http(port(81)), v6(), "http://[2001:db8::1]:81/ host=[2001:db8::1]:81"),
        (Http(check()), elsewhere(), "http://10.8.0.11:8080/ host=10.8.0.11:8080"),
        (Http(host("www.example.com")), v4(), "http://192.0.2.1:80/ host=www.example.com"),
        (Https(port(443)), v4(), "https://192.0.2.1:443/ host=192.0.2.1 sni=192.0.2.1"),
        (
            Https(tls(443, Some("www.example.com"), None)),
            v4(),
            "https://192.0.2.1:443/ host=www.example.com sni=www.example.com",
        ),
        (
            Https(tls(8443, Some("www.Example.com.:8443"), None)),
            v4(),
            "https://192.0.2.1:8443/ host=www.Example.com.:8443 sni=www.example.com",
        ),
        (
            Https(tls(443, Some("[2001:db8::2]:443"), None)),
            v6(),
            "https://[2001:db8::1]:443/ host=[2001:db8::2]:443 sni=2001:db8::2",
        ),
        (
            Https(tls(443, Some("a.example"), Some("b.example"))),
            v4(),
            "https://192.0.2.1:443/ host=a.example sni=b.example",
        ),
        (
            Https(tls(443, None, Some("b.example"))),
            v4(),
            "https://192.0.2.1:443/ host=192.0.2.1 sni=b.example",
        ),
    ] {
        assert_eq!(shown(kind, endpoint), text);
    }
}

#[test]
fn the_names_of_an_endpoint_win_over_those_of_the_monitor() {
    let named = |host: Option<&str>, sni: Option<&str>| {
        let (host, sni) = (host.map(Into::into), sni.map(Into::into));
        let probe = Some(ProbeAt { host, sni, ..ProbeAt::default() });
        Endpoint { probe, ..endpoint("192.0.2.1", None) }
    };
    let https = |host: Option<&str>, sni: Option<&str>| {
        let tls = TlsCheck { sni: sni.map(Into::into), ..TlsCheck::default() };
        MonitorKind::Https(HttpCheck { host: host.map(Into::into), port: 443, tls, ..check() })
    };
    for (kind, endpoint, names) in [
        (https(None, None), named(Some("e.example:81"), None), "host=e.example:81 sni=e.example"),
        (
            https(Some("m.example"), None),
            named(Some("e.example"), None),
            "host=e.example sni=e.example",
        ),
        (
            https(Some("m.example"), None),
            named(None, Some("e.example")),
            "host=m.example sni=e.example",
        ),
        (
            https(None, Some("m.example")),
            named(Some("e.example"), None),
            "host=e.example sni=m.example",
        ),
        (
            https(None, Some("m.example")),
            named(None, Some("e.example")),
            "host=192.0.2.1 sni=e.example",
        ),
    ] {
        assert_eq!(shown(kind, endpoint), format!("https://192.0.2.1:443/ {names}"));
    }
}

/// The question that each kind asks, without its hash, and where an idle connection is kept.
#[test]
fn every_kind_is_recognised_and_watched_where_it_speaks_tcp() {
    let tls = |sni: Option<&str>| TlsCheck { sni: sni.map(Into::into), ..TlsCheck::default() };
    let over_tls = || Some(tls(Some("a.example")));
    let talk = |talk| MonitorKind::Tcp(TcpCheck { port: 25, tls: None, talk: Some(talk) });
    let own = Talk::Own { send: None, expect: Wanted::Pattern("^220".into()) };
    let dns = |tcp| DnsCheck {
        port: 53,
        name: b"\x01a\0"[..].into(),
        name_text: "a.".into(),
        rtype: 1,
        rtype_text: "A".into(),
        rcode: 0,
        answers: Vec::new(),
        tcp,
    };
    let grpc = |tls| MonitorKind::Grpc(GrpcCheck { port: 50051, service: "a.B".into(), tls });
    let command = ["/bin/true".to_owned(), "x".to_owned()][..].into();
    for (kind, text, watched) in [
        (MonitorKind::Http(check()), "http://192.0.2.1:80/ host=192.0.2.1", Some(80)),
        (tcp(25), "tcp 192.0.2.1:25", Some(25)),
        (talk(Talk::Preset(Preset::Redis)), "redis 192.0.2.1:25", Some(25)),
        // Whoever says nothing there is refused in the end.
        (talk(Talk::Preset(Preset::Postgresql)), "postgresql 192.0.2.1:25", None),
        (talk(Talk::Preset(Preset::Mysql)), "mysql 192.0.2.1:25", None),
        (talk(Talk::Preset(Preset::Smtp)), "smtp 192.0.2.1:25", None),
        (talk(Talk::Preset(Preset::Ssh)), "ssh 192.0.2.1:25", None),
        (talk(own), "tcp 192.0.2.1:25", Some(25)),
        (
            MonitorKind::Tcp(TcpCheck { port: 25, tls: over_tls(), talk: None }),
            "tcp 192.0.2.1:25 sni=a.example",
            Some(25),
        ),
        (
            MonitorKind::Tls(HandshakeCheck { port: 443, tls: tls(None), days: 1 }),
            "tls 192.0.2.1:443 sni=192.0.2.1",
            Some(443),
        ),
        (MonitorKind::Dns(dns(false)), "dns 192.0.2.1:53 a. A", None),
        (MonitorKind::Dns(dns(true)), "dns 192.0.2.1:53 a. A", None),
        (grpc(None), "grpc 192.0.2.1:50051 authority=192.0.2.1:50051 service=\"a.B\"", Some(50051)),
        (
            grpc(over_tls()),
            "grpc 192.0.2.1:50051 authority=a.example service=\"a.B\" sni=a.example",
            Some(50051),
        ),
        (MonitorKind::Exec(ExecCheck { command }), "exec 192.0.2.1 /bin/true", None),
        (MonitorKind::Icmp, "icmp 192.0.2.1", None),
    ] {
        let endpoints = vec![endpoint("192.0.2.1", None)];
        let plan = plan(vec![monitor("m", kind)], vec![pool(&[0], endpoints)]);
        let target = &plan.targets[0];
        assert_eq!(target.key.split(" #").next().unwrap(), text);
        let watched = watched.map(|port| SocketAddr::new([192, 0, 2, 1].into(), port));
        assert_eq!(target.watched(), watched, "{text}");
    }
}

/// What is not shown makes another target all the same.
#[test]
fn no_two_questions_of_one_kind_are_one_target() {
    let tls = TlsCheck::default;
    let unverified = || TlsCheck { verify: false, ..tls() };
    let talk = |send: Option<&[u8]>, expect| {
        let talk = Some(Talk::Own { send: send.map(Into::into), expect });
        MonitorKind::Tcp(TcpCheck { port: 1, tls: None, talk })
    };
    let bytes = |bytes: &[u8]| Wanted::Bytes { bytes: bytes.into(), hex: false };
    let handshake = |tls, days| MonitorKind::Tls(HandshakeCheck { port: 1, tls, days });
    let dns = |rcode, answer: &[u8], tcp| {
        let answers = vec![RecordData { text: "x".into(), wire: answer.into() }];
        let name = b"\0"[..].into();
        let (name_text, rtype_text) = (".".into(), "A".into());
        let (port, rtype) = (53, 1);
        let check = DnsCheck { port, name, name_text, rtype, rtype_text, rcode, answers, tcp };
        MonitorKind::Dns(check)
    };
    let grpc = |tls| MonitorKind::Grpc(GrpcCheck { port: 1, service: String::new(), tls });
    let exec = |words: &[&str]| {
        MonitorKind::Exec(ExecCheck { command: words.iter().map(|w| (*w).into()).collect() })
    };
    let kinds = [
        talk(None, bytes(b"a")),
        talk(None, bytes(b"b")),
        talk(None, Wanted::Pattern("a".into())),
        talk(Some(b"a"), bytes(b"a")),
        talk(Some(b"b"), bytes(b"a")),
        MonitorKind::Tcp(TcpCheck { port: 1, tls: Some(tls()), talk: None }),
        MonitorKind::Tcp(TcpCheck { port: 1, tls: Some(unverified()), talk: None }),
        handshake(tls(), 0),
        handshake(tls(), 1),
        handshake(unverified(), 0),
        dns(0, b"abcd", false),
        dns(0, b"abce", false),
        dns(0, b"abcd", true),
        dns(1, b"abcd", false),
        grpc(None),
        grpc(Some(tls())),
        grpc(Some(unverified())),
        exec(&["/a"]),
        exec(&["/a", "b c"]),
        exec(&["/a", "b", "c"]),
    ];
    let count = kinds.len();
    let monitors: Vec<Monitor> = kinds.into_iter().map(|kind| monitor("m", kind)).collect();
    let all: Vec<u32> = (0..count as u32).collect();
    let plan = plan(monitors, vec![pool(&all, vec![endpoint("192.0.2.1", None)])]);
    assert_eq!(plan.targets.len(), count);
}

/// Two monitors at one address: the same target, or two.
#[test]
fn the_same_question_is_one_target_and_any_difference_makes_two() {
    let base = || monitor("a", MonitorKind::Https(check()));
    let https = |check: HttpCheck| Monitor { kind: MonitorKind::Https(check), ..base() };
    let second = Duration::from_secs(1);
    let range = |first, last| vec![StatusRange { first, last }];
    let none = TlsCheck::default;
    let tls = |tls: TlsCheck| HttpCheck { tls, ..check() };
    let authority = |der: &[u8]| -> Certificates { [der.into()].into() };
    let key = PrivateKey([1, 2][..].into());
    let client = ClientPair { chain: authority(b"c"), key };
    for (other, targets, what) in [
        (base(), 1, "nothing"),
        (Monitor { name: "b".into(), ..base() }, 1, "the name"),
        (https(HttpCheck { host: Some("192.0.2.1".into()), ..check() }), 2, "the host"),
        (
            https(tls(TlsCheck { sni: Some("192.0.2.1".into()), ..none() })),
            1,
            "a default spelt out",
        ),
        (https(tls(TlsCheck { sni: Some("a.example".into()), ..none() })), 2, "sni"),
        (https(tls(TlsCheck { roots: Some(authority(b"a")), ..none() })), 2, "roots"),
        (https(tls(TlsCheck { client: Some(client), ..none() })), 2, "client"),
        (https(HttpCheck { path: "/x".into(), ..check() }), 2, "path"),
        (https(HttpCheck { port: 81, ..check() }), 2, "port"),
        (https(tls(TlsCheck { verify: false, ..none() })), 2, "verify"),
        (https(HttpCheck { status: range(200, 200), ..check() }), 2, "status"),
        (https(HttpCheck { body: Some("ok".into()), ..check() }), 2, "body"),
        (https(HttpCheck { body_regex: Some("ok".into()), ..check() }), 2, "body_regex"),
        (https(HttpCheck { method: "HEAD".into(), ..check() }), 2, "method"),
        (https(HttpCheck { headers: vec![("a".into(), "b".into())], ..check() }), 2, "headers"),
        (https(HttpCheck { request_body: Some("ok".into()), ..check() }), 2, "request_body"),
        (https(HttpCheck { version: HttpVersion::Http2, ..check() }), 2, "version"),
        (https(HttpCheck { follow_redirects: 1, ..check() }), 2, "follow_redirects"),
        (Monitor { kind: MonitorKind::Http(check()), ..base() }, 2, "kind"),
        (Monitor { kind: tcp(80), ..base() }, 2, "kind"),
        (Monitor { interval: second, ..base() }, 2, "interval"),
        (Monitor { timeout: second, ..base() }, 2, "timeout"),
        (Monitor { retry: second, ..base() }, 2, "retry"),
        (Monitor { watch: false, ..base() }, 2, "watch"),
        (Monitor { fall: 9, ..base() }, 2, "fall"),
        (Monitor { rise: 9, ..base() }, 2, "rise"),
        (Monitor { initial: Initial::Down, ..base() }, 2, "initial"),
        (Monitor { damping: Some(DAMPING), ..base() }, 2, "damping"),
    ] {
        let endpoints = || vec![endpoint("192.0.2.1", None)];
        let plan =
            plan(vec![base(), other], vec![pool(&[0], endpoints()), pool(&[1], endpoints())]);
        assert_eq!(plan.targets.len(), targets, "{what}");
        let shared: Vec<_> = plan.pools.iter().map(|pools| pools.to_vec()).collect();
        let wanted = if targets == 1 { vec![vec![0, 1]] } else { vec![vec![0], vec![1]] };
        assert_eq!(shared, wanted, "{what}");
        let same = plan.targets[0].asks_the_same(plan.targets.last().unwrap());
        let only_judging =
            ["interval", "timeout", "retry", "fall", "rise", "watch", "initial", "damping"];
        assert_eq!(same, targets == 1 || only_judging.contains(&what), "{what}");
    }
}

#[test]
fn endpoints_name_the_targets_of_their_monitors() {
    let monitors = vec![
        monitor("web", MonitorKind::Http(check())),
        monitor("ping", MonitorKind::Icmp),
        monitor("ssh", tcp(22)),
    ];
    let plan = plan(
        monitors,
        vec![
            pool(&[0, 1], vec![endpoint("192.0.2.1", None), endpoint("192.0.2.2", None)]),
            pool(&[], vec![endpoint("192.0.2.3", None)]),
            pool(
                &[1, 2],
                vec![
                    endpoint("192.0.2.2", None),
                    endpoint("cdn.example.", Some(("192.0.2.2", Some(443)))),
                    endpoint("bare.example.", None),
                ],
            ),
        ],
    );
    let keys: Vec<_> = plan.targets.iter().map(|t| t.key.split(' ').next().unwrap()).collect();
    assert_eq!(
        keys,
        ["http://192.0.2.1:80/", "icmp", "http://192.0.2.2:80/", "icmp", "tcp", "tcp"]
    );
    let endpoints: Vec<Vec<Vec<usize>>> =
        plan.endpoints.iter().map(|p| p.iter().map(|e| e.to_vec()).collect()).collect();
    assert_eq!(
        endpoints,
        [vec![vec![0, 1], vec![2, 3]], vec![vec![]], vec![vec![3, 4], vec![3, 5], vec![]]]
    );
    assert_eq!(plan.pools[3].to_vec(), [0, 2]);
    assert_eq!(plan.targets_of(EndpointId { pool: 0, index: 1 }), [2, 3]);
    assert!(plan.targets_of(EndpointId { pool: 9, index: 0 }).is_empty());
}

/// Verdicts are remembered on disk by these.
#[test]
fn keys_stay_the_same_from_one_version_to_the_next() {
    let check = HttpCheck {
        path: "/healthz".into(),
        host: Some("www.example.com".into()),
        body: Some("ok".into()),
        ..check()
    };
    let plan = plan(
        vec![monitor("web", MonitorKind::Http(check)), monitor("ping", MonitorKind::Icmp)],
        vec![pool(&[0, 1], vec![endpoint("192.0.2.10", None)])],
    );
    let keys: Vec<_> = plan.targets.iter().map(|target| &*target.key).collect();
    assert_eq!(
        keys,
        [
            "http://192.0.2.10:80/healthz host=www.example.com #a34b90bab1aed107",
            "icmp 192.0.2.10 #5c42175aea67e3e1",
        ]
    );
}
