//! The table of `status`.

use std::time::Duration;

use crate::admin::status::{
    ChangeStatus, ComebackStatus, EndpointStatus, Families, OverrideStatus, PoolStatus,
    ProbeStatus, QueryLogStatus, RampStatus, RegionStatus, RequiredPool, RoundTripStatus,
    StandingText, StateText, Status,
};
use crate::cli::status::render;
use crate::timestamp::from_rfc3339;

fn said(target: &str) -> OverrideStatus {
    OverrideStatus {
        target: target.into(),
        state: "drain".into(),
        reason: "kernel".into(),
        since: "2026-01-01T00:00:00Z".into(),
        until: Some("2026-01-02T00:00:00Z".into()),
    }
}

fn told(place: &str, trouble: Option<&str>) -> QueryLogStatus {
    let (works, trouble) = (trouble.is_none(), trouble.map(str::to_owned));
    QueryLogStatus { place: place.into(), works, trouble, told: 7, dropped: 2 }
}

fn endpoint(pool: &str, address: &str) -> EndpointStatus {
    EndpointStatus {
        name: format!("{pool}/{address}"),
        address: address.into(),
        weight: 1,
        verdict: StateText::Up,
        since: Some("2026-01-01T00:00:00.5Z".into()),
        in_doubt: false,
        failing: false,
        standing: StandingText::Up,
        last_error: Some("an old error".into()),
        held_until: None,
        probes: vec![],
        last_round_trip_ms: Some(1.26),
        overridden: None,
    }
}

fn probe(monitor: &str) -> ProbeStatus {
    ProbeStatus {
        monitor: monitor.into(),
        target: "http://192.0.2.1:80/ #1".into(),
        verdict: StateText::Up,
        in_doubt: false,
        since: None,
        last_change: None,
        last_error: None,
        successes_in_a_row: 7,
        failures_in_a_row: 0,
        next_probe: Some("2026-01-01T02:00:03.14Z".into()),
        round_trip_ms: Some(RoundTripStatus { p50: 1.0, p90: 2.5, p99: 10.04, count: 9 }),
        recent: vec![],
    }
}

#[test]
fn it_shows_regions_pools_endpoints_and_what_people_say() {
    let mut down = endpoint("web", "2001:db8::10");
    down.verdict = StateText::Down;
    down.standing = StandingText::Drained;
    down.last_error = Some("connection refused".into());
    down.last_round_trip_ms = None;
    down.overridden = Some(said("endpoint:web/2001:db8::10"));
    down.probes = vec![probe("web"), probe("ping")];
    down.probes[0].verdict = StateText::Down;
    (down.probes[0].successes_in_a_row, down.probes[0].failures_in_a_row) = (0, 3);
    down.probes[0].last_change = Some(ChangeStatus {
        at: "2026-01-01T01:58:00Z".into(),
        to: StateText::Down,
        reason: Some("status 503, wanted 200-299".into()),
    });
    (down.probes[1].round_trip_ms, down.probes[1].next_probe) = (None, None);
    let status = Status {
        webhooks: vec![],
        silences: vec![],
        maintenance: vec![],
        revision: "r1".into(),
        started: "2026-01-01T00:00:00Z".into(),
        ready: false,
        dnstap: Some(told("/run/tap", None)),
        decision_log: Some(told("log", Some("No space left on device"))),
        git: None,
        network_lost: true,
        state_unavailable: Some("disk full".into()),
        regions: vec![RegionStatus {
            name: "us-east".into(),
            location: None,
            overridden: Some(said("region:us-east")),
        }],
        pools: vec![
            PoolStatus {
                name: "cdn".into(),
                region: None,
                monitors: vec![],
                requires: vec![],
                min_healthy: 1,
                up: Families { cname: Some(true), ..Families::default() },
                panic_below: None,
                panics: Families::default(),
                comebacks: vec![ComebackStatus {
                    family: "cname".into(),
                    since: "2026-01-01T01:58:00Z".into(),
                    failback: vec!["10m".into(), "manual".into()],
                    ramp: vec![RampStatus { over: "5m".into(), percent: 30 }],
                }],
                overridden: None,
                endpoints: vec![endpoint("cdn", "cdn.example.net.")],
            },
            PoolStatus {
                name: "web".into(),
                region: Some("us-east".into()),
                monitors: vec!["web".into(), "ping".into()],
                requires: vec![
                    RequiredPool { name: "db".into(), up: true },
                    RequiredPool { name: "cache".into(), up: false },
                ],
                min_healthy: 1,
                up: Families { a: Some(true), aaaa: Some(false), cname: None },
                panic_below: Some("50%".into()),
                panics: Families { a: Some(true), aaaa: Some(false), cname: None },
                comebacks: vec![],
                overridden: None,
                endpoints: vec![endpoint("web", "192.0.2.1"), down],
            },
        ],
        overrides: vec![said("region:us-east"), said("pool:gone")],
    };
    let now = from_rfc3339("2026-01-01T02:00:00.9Z").unwrap();
    let expected = "\
revision r1, up for 2h, NOT READY
NETWORK LOST: nobody is heard of any more, and verdicts stay as they are
dnstap to /run/tap: 7 sent, 2 dropped
decision log log: NOT NOW (No space left on device), 7 written, 2 dropped
NO STATE FOLDER, overrides are refused: disk full
region us-east        override drain until 2026-01-02T00:00:00Z (kernel)
  pool web            A up, IN PANIC, AAAA DOWN  monitors web, ping; requires db; requires cache, which is DOWN
    192.0.2.1         up                         probes: up for 2h; 1.3 ms
    2001:db8::10      drained                    probes: down for 2h; connection refused; override drain until 2026-01-02T00:00:00Z (kernel)
      web                                        3 in a row failed; went down 2m ago: status 503, wanted 200-299; 1.0, 2.5, 10.0 ms (p50, p90, p99); next in 2.2 s
      ping                                       7 in a row succeeded
no region
  pool cdn            CNAME up                   no monitor; CNAME back for 2m, held back: returned to after 10m, returned to by steersman failback cdn, takes 30% of its share (ramp 5m)
    cdn.example.net.  up                         probes: up for 2h; 1.3 ms

pool:gone is not in the files: override drain until 2026-01-02T00:00:00Z (kernel)";
    let text = render(&status, now);
    assert_eq!(text.trim_end(), expected, "{text}");
    assert!(render(&status, now - Duration::from_secs(999_999)).contains("up for 0s"));
}
