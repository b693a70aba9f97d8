//! Endpoints that say of themselves that they are well.

use super::*;
use crate::health::EndpointId;

const INTERVAL: Duration = Duration::from_secs(5);
const ENDPOINT: EndpointId = EndpointId { pool: 0, index: 0 };

fn listening() -> Running {
    let heartbeat = Monitor {
        kind: MonitorKind::Heartbeat,
        interval: INTERVAL,
        retry: Duration::ZERO,
        ..monitor()
    };
    start(plan_of(heartbeat, &[&[1], &[2]]))
}

impl Running {
    /// What the next report about the first endpoint says.
    async fn next_beat(&mut self) -> (Option<State>, Result<(), Failure>) {
        loop {
            let report = self.next().await;
            if report.key.contains("192.0.2.1 ") {
                let Event::Ended { result, .. } = report.event else { continue };
                return (report.changed, result);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn each_interval_without_a_heartbeat_is_a_failure_and_each_one_a_success() {
    let mut running = listening();
    let missed = || Err(Failure::NoHeartbeat(INTERVAL));
    assert!(running.probes.beat(ENDPOINT));
    assert_eq!(running.next_beat().await, (Some(State::Up), Ok(())));
    let begun = clock::runtime_now();
    for state in [None, None, Some(State::Down), None] {
        assert_eq!(running.next_beat().await, (state, missed()));
    }
    assert_eq!(begun.elapsed(), 4 * INTERVAL);
    // It is heard at once, and `rise` of them bring it up.
    sleep(SECOND).await;
    let came = clock::runtime_now();
    assert!(running.probes.beat(ENDPOINT));
    assert_eq!(running.next_beat().await, (None, Ok(())));
    assert_eq!(came.elapsed(), Duration::ZERO);
    assert!(running.probes.beat(ENDPOINT));
    assert_eq!(running.next_beat().await, (Some(State::Up), Ok(())));
    // And whoever beats at the interval stays up.
    for _ in 0..20 {
        sleep(INTERVAL - Duration::from_millis(1)).await;
        running.probes.beat(ENDPOINT);
        assert_eq!(running.next_beat().await, (None, Ok(())));
    }
}

/// What is said to other targets is no heartbeat: others that fall silent, and people who end holds.
#[tokio::test(start_paused = true)]
async fn nothing_else_is_taken_for_a_heartbeat() {
    let mut heartbeat =
        Monitor { kind: MonitorKind::Heartbeat, interval: 12 * SECOND, ..monitor() };
    heartbeat.retry = Duration::ZERO;
    let asked = plan(&[&[1]]);
    let listened = plan_of(heartbeat, &[&[2]]);
    let both = Plan {
        targets: [asked.targets, listened.targets].concat(),
        pools: vec![[0].into(), [1].into()],
        domains: vec![0, 1],
        endpoints: vec![vec![[0].into()], vec![[1].into()]],
        conditions: [asked.conditions, listened.conditions].concat(),
    };
    let running = start(both);
    let dead = EndpointId { pool: 1, index: 0 };
    assert!(running.probes.beat(dead));
    sleep(SECOND).await;
    running.net.set(1, Answer::Silent(SECOND));
    for _ in 0..60 {
        sleep(SECOND).await;
        assert_eq!(running.probes.board().holds(&[dead]), 0);
        running.probes.lift_holds(&[dead]);
    }
    let verdicts = running.probes.board().verdicts().concat();
    let states: Vec<State> = verdicts.iter().map(|verdict| verdict.state).collect();
    assert_eq!(states, [State::Down; 2]);
}

/// The other endpoint of the same monitor says nothing, and nobody is asked.
#[tokio::test(start_paused = true)]
async fn each_endpoint_speaks_for_itself() {
    let mut running = listening();
    assert_eq!(running.probes.board().unprobed(), 0, "nobody waits for them");
    for _ in 0..10 {
        running.probes.beat(ENDPOINT);
        sleep(INTERVAL / 2).await;
    }
    let states: Vec<State> =
        running.probes.board().verdicts().concat().iter().map(|verdict| verdict.state).collect();
    assert_eq!(states, [State::Up, State::Down]);
    assert!(!running.probes.beat(EndpointId { pool: 7, index: 0 }), "nobody listens");
    assert!(running.net.begun(1).is_empty() && running.net.begun(2).is_empty());
    running.reports.close();
}
