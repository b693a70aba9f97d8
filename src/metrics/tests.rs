use super::*;
use crate::dns::{Answered, Reason, Transport};
use crate::health::{Answers, Inventory, Pool};
use crate::place::Places;
use crate::steering::{AllDown, Leaf, Paces, Policy, SteeredName, Turns};
use crate::wire::{Name, Rcode};
use crate::zone::Zones;

/// A world of one zone whose steered names lead to these pools.
fn world(names: &[(&str, &[&str])]) -> Arc<World> {
    let mut inventory = Inventory::default();
    let mut steered = Vec::new();
    for (owner, pools) in names {
        let first = inventory.pools.len() as u32;
        for pool in *pools {
            inventory.pools.push(Pool {
                name: (*pool).to_owned(),
                region: None,
                monitors: Vec::new(),
                endpoints: Vec::new(),
                min_healthy: 1,
                combined: None,
                panic_below: None,
                requires: Vec::new(),
                answers: Answers::All,
            });
        }
        steered.push(SteeredName {
            owner: Name::parse(owner, &Name::root()).unwrap(),
            ttl_seconds: 30,
            policy: Policy::Pool(Leaf { pool: first, slot: 0 }),
            all_down: AllDown::Serve,
            first_slot: first,
            slots: (first..first + pools.len() as u32).collect(),
            some_hosts: false,
        });
    }
    Arc::new(World {
        rules: Vec::new(),
        maintenance: Vec::new(),
        zones: Zones::new(Vec::new(), 0),
        steered: vec![steered.into()],
        inventory: Arc::new(inventory),
        places: Arc::new(Places::unknown()),
        paces: Paces::default(),
        turns: Turns::default(),
        seed: 0,
        revision: String::new(),
        commit: None,
    })
}

fn answered(length: usize, reason: Reason, rcode: Rcode) -> Answered {
    Answered { length, rcode, ..Answered::silence(reason) }
}

fn steered(slot: u32) -> Answered {
    Answered { slot: Some(slot), ..answered(40, Reason::Steered, Rcode::NOERROR) }
}

/// The lines of the scrape that begin so, without that beginning.
fn lines(metrics: &Metrics, beginning: &str) -> Vec<String> {
    let text = render(metrics.families());
    text.lines().filter_map(|line| line.strip_prefix(beginning)).map(str::to_owned).collect()
}

const STEERED: &str = "steersman_steered_answers_total";

#[test]
fn answers_of_all_threads_are_summed() {
    let metrics = Metrics::new();
    let (mut one, mut two) = (metrics.counters(), metrics.counters());
    one.count(Transport::Udp, &answered(40, Reason::NxDomain, Rcode::NXDOMAIN));
    two.count(Transport::Udp, &answered(40, Reason::NxDomain, Rcode::NXDOMAIN));
    two.count(Transport::Tcp, &answered(12, Reason::BadVersion, Rcode::BADVERS));
    two.count(Transport::Tcp, &answered(90, Reason::Static, Rcode::YXDOMAIN));
    two.count(Transport::Tcp, &answered(12, Reason::Refused, Rcode(4095)));
    assert_eq!(
        lines(&metrics, "steersman_answers_total"),
        [
            r#"{transport="udp",rcode="NXDOMAIN",reason="nxdomain"} 2"#,
            r#"{transport="tcp",rcode="BADVERS",reason="bad_version"} 1"#,
            r#"{transport="tcp",rcode="other",reason="refused"} 1"#,
            r#"{transport="tcp",rcode="YXDOMAIN",reason="static"} 1"#,
        ]
    );
}

#[test]
fn silence_is_no_answer() {
    let metrics = Metrics::new();
    let mut counters = metrics.counters();
    counters.count(Transport::Udp, &answered(0, Reason::Response, Rcode::NOERROR));
    counters.discard(Transport::Udp, Discard::PortZero, 2);
    counters.discard(Transport::Tcp, Discard::ShortMessage, 1);
    assert_eq!(lines(&metrics, "steersman_answers_total{"), [""; 0]);
    assert_eq!(
        lines(&metrics, "steersman_dropped_packets_total"),
        [
            r#"{transport="udp",reason="response"} 1"#,
            r#"{transport="udp",reason="port_zero"} 2"#,
            r#"{transport="tcp",reason="short_message"} 1"#,
        ]
    );
}

#[test]
fn steered_answers_are_counted_by_name_and_pool() {
    let metrics = Metrics::new();
    let world = world(&[("www.example.", &["us", "eu"]), ("api.example.", &["us2"])]);
    let (mut one, mut two) = (metrics.counters(), metrics.counters());
    one.enter(&world);
    two.enter(&world);
    one.count(Transport::Udp, &steered(1));
    two.count(Transport::Tcp, &steered(1));
    two.count(Transport::Udp, &steered(2));
    // Out of the world's bounds: nothing that a counter could stand for.
    two.count(Transport::Udp, &steered(7));
    assert_eq!(
        lines(&metrics, STEERED),
        [
            r#"{name="api.example.",pool="us2"} 1"#,
            r#"{name="www.example.",pool="eu"} 2"#,
            r#"{name="www.example.",pool="us"} 0"#,
        ]
    );
    // Of very many names and pools only those that were answered.
    let key = |name: &str, pool: &str| (name.to_owned(), pool.to_owned());
    let answered = [(key("api.example.", "us2"), 1), (key("www.example.", "eu"), 2)];
    assert_eq!(metrics.steered_answers(), answered.into());
}

#[test]
fn a_reload_never_lets_a_counter_fall() {
    let metrics = Metrics::new();
    let (mut fast, mut slow) = (metrics.counters(), metrics.counters());
    let old = world(&[("www.example.", &["us", "eu"])]);
    metrics.expect(&old);
    for counters in [&mut fast, &mut slow] {
        counters.enter(&old);
        counters.count(Transport::Udp, &steered(0));
        counters.count(Transport::Udp, &steered(1));
    }
    // The same pool in another slot, another one gone; one thread has not noticed yet.
    let new = world(&[("www.example.", &["ap", "us"])]);
    metrics.expect(&new);
    drop(old);
    fast.enter(&new);
    fast.count(Transport::Udp, &steered(1));
    let expected = [
        r#"{name="www.example.",pool="ap"} 0"#,
        r#"{name="www.example.",pool="eu"} 2"#,
        r#"{name="www.example.",pool="us"} 3"#,
    ];
    assert_eq!(lines(&metrics, STEERED), expected);
    slow.enter(&new);
    assert_eq!(lines(&metrics, STEERED), expected);
    drop((fast, slow));
    assert_eq!(lines(&metrics, STEERED), expected);
}

#[test]
fn what_is_known_elsewhere_goes_beside() {
    let metrics = Metrics::new();
    metrics.reloaded(true);
    metrics.reloaded(false);
    metrics.reloaded(false);
    metrics.tcp_opened();
    metrics.tcp_opened();
    metrics.tcp_closed();
    metrics.tcp_evicted(Limit::Total);
    metrics.tcp_refused(Limit::Client);
    let mut families = metrics.families();
    families.push(info("abc123", "0.1.0"));
    let text = render(families);
    for line in [
        r#"steersman_info{revision="abc123",version="0.1.0"} 1"#,
        r#"steersman_reloads_total{result="ok"} 1"#,
        r#"steersman_reloads_total{result="error"} 2"#,
        "steersman_last_reload_successful 0",
        "steersman_tcp_connections 1",
        r#"steersman_tcp_evicted_connections_total{limit="client"} 0"#,
        r#"steersman_tcp_evicted_connections_total{limit="total"} 1"#,
        r#"steersman_tcp_refused_connections_total{limit="client"} 1"#,
        r#"steersman_tcp_refused_connections_total{limit="total"} 0"#,
        "steersman_panics_total 0",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
    }
    metrics.reloaded(true);
    assert_eq!(lines(&metrics, "steersman_last_reload_successful"), [" 1"]);
}

#[test]
fn limited_replies_are_counted_by_what_became_of_them() {
    let metrics = Metrics::new();
    let mut counters = [metrics.counters(), metrics.counters()];
    let network = |third| Network::of([192, 0, third, 1].into());
    for (thread, third, slipped) in [(0, 1, false), (1, 2, false), (1, 2, false), (1, 3, true)] {
        counters[thread].rate_limited(network(third), slipped);
    }
    assert_eq!(
        lines(&metrics, "steersman_rate_limited_replies_total"),
        [r#"{action="dropped"} 3"#, r#"{action="slipped"} 1"#]
    );
    assert_eq!(
        lines(&metrics, "steersman_dropped_packets_total"),
        [r#"{transport="udp",reason="rate_limited"} 3"#]
    );
    assert_eq!(metrics.rate_limited(), RateLimited { dropped: 3, slipped: 1 });
    // The last of each thread, once.
    assert_eq!(metrics.take_limited_networks(), [network(1), network(3)].into());
    assert_eq!(metrics.take_limited_networks(), [].into());
}
