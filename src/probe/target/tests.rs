use super::*;
use crate::health::Answers;

fn check() -> HttpCheck {
    HttpCheck {
        path: "/".into(),
        port: 80,
        host: None,
        sni: None,
        verify: true,
        status: vec![StatusRange { first: 200, last: 299 }],
        body: None,
    }
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
    let probe = probe.map(|(at, port)| ProbeAt { address: at.parse().unwrap(), port });
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
    use MonitorKind::{Http, Https, Icmp, Tcp};
    let v4 = || endpoint("192.0.2.1", None);
    let v6 = || endpoint("2001:db8::1", None);
    let elsewhere = || endpoint("192.0.2.1", Some(("10.8.0.11", Some(8080))));
    let host = |host: &str| HttpCheck { host: Some(host.into()), ..check() };
    let port = |port| HttpCheck { port, ..check() };
    let tls = |port, host: Option<&str>, sni: Option<&str>| HttpCheck {
        host: host.map(Into::into),
        sni: sni.map(Into::into),
        port,
        ..check()
    };
    for (kind, endpoint, text) in [
        (Icmp, v4(), "icmp 192.0.2.1"),
        (Icmp, v6(), "icmp 2001:db8::1"),
        (Icmp, elsewhere(), "icmp 10.8.0.11"),
        (Tcp { port: 25 }, v4(), "tcp 192.0.2.1:25"),
        (Tcp { port: 25 }, v6(), "tcp [2001:db8::1]:25"),
        (Tcp { port: 25 }, elsewhere(), "tcp 10.8.0.11:8080"),
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

/// Two monitors at one address: the same target, or two.
#[test]
fn the_same_question_is_one_target_and_any_difference_makes_two() {
    let base = || monitor("a", MonitorKind::Https(check()));
    let https = |check: HttpCheck| Monitor { kind: MonitorKind::Https(check), ..base() };
    let second = Duration::from_secs(1);
    let range = |first, last| vec![StatusRange { first, last }];
    for (other, targets, what) in [
        (base(), 1, "nothing"),
        (Monitor { name: "b".into(), ..base() }, 1, "the name"),
        (https(HttpCheck { host: Some("192.0.2.1".into()), ..check() }), 2, "the host"),
        (https(HttpCheck { sni: Some("192.0.2.1".into()), ..check() }), 1, "a default spelt out"),
        (https(HttpCheck { sni: Some("a.example".into()), ..check() }), 2, "sni"),
        (https(HttpCheck { path: "/x".into(), ..check() }), 2, "path"),
        (https(HttpCheck { port: 81, ..check() }), 2, "port"),
        (https(HttpCheck { verify: false, ..check() }), 2, "verify"),
        (https(HttpCheck { status: range(200, 200), ..check() }), 2, "status"),
        (https(HttpCheck { body: Some("ok".into()), ..check() }), 2, "body"),
        (Monitor { kind: MonitorKind::Http(check()), ..base() }, 2, "kind"),
        (Monitor { kind: MonitorKind::Tcp { port: 80 }, ..base() }, 2, "kind"),
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
        monitor("ssh", MonitorKind::Tcp { port: 22 }),
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
