//! In paused time: the clock goes on by itself to the next thing that is to happen.

mod heartbeats;
mod plans;
mod silence;

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::SystemTime;

use tokio::time::{Instant, sleep};

use super::*;
use crate::health::{
    Answers, Endpoint, EndpointAddress, Initial, Inventory, Monitor, MonitorKind, Pool, State,
    TcpCheck, Verdict,
};
use crate::probe::failure::Failure;
use crate::probe::kit::{Ask, Asking};
use crate::probe::report::Event;
use crate::probe::steps;

const SECOND: Duration = Duration::from_secs(1);
const RETRY: Duration = Duration::from_millis(300);

fn monitor() -> Monitor {
    Monitor {
        name: "web".into(),
        kind: MonitorKind::Tcp(TcpCheck { port: 80, tls: None, talk: None }),
        interval: 5 * SECOND,
        timeout: 2 * SECOND,
        fall: 3,
        rise: 2,
        retry: RETRY,
        // Its sockets know nothing of paused time.
        watch: false,
        initial: Initial::Last,
        damping: None,
    }
}

/// A pool for each list of the last octets of 192.0.2.0/24, all with the same monitor.
fn plan_of(monitor: Monitor, pools: &[&[u8]]) -> Plan {
    Plan::new(&inventory_of(monitor, pools))
}

fn inventory_of(monitor: Monitor, pools: &[&[u8]]) -> Inventory {
    let endpoint = |octet: &u8| Endpoint {
        address: EndpointAddress::Ip([192, 0, 2, *octet].into()),
        weight: 1,
        probe: None,
    };
    let pool = |octets: &&[u8]| Pool {
        name: "pool".into(),
        region: None,
        monitors: vec![0],
        endpoints: octets.iter().map(endpoint).collect(),
        min_healthy: 1,
        combined: None,
        panic_below: None,
        requires: Vec::new(),
        answers: Answers::All,
    };
    Inventory { regions: vec![], monitors: vec![monitor], pools: pools.iter().map(pool).collect() }
}

fn plan(pools: &[&[u8]]) -> Plan {
    plan_of(monitor(), pools)
}

/// What the network is like: who is down, who hangs, and when each probe began.
#[derive(Clone, Default)]
struct Net(Arc<NetState>);

#[derive(Default)]
struct NetState {
    answers: Mutex<HashMap<u8, Answer>>,
    asked: Mutex<Vec<(u8, Instant)>>,
    under_way: AtomicUsize,
    most_under_way: AtomicUsize,
}

#[derive(Clone, Copy, PartialEq)]
enum Answer {
    Well,
    /// Well, but not before this time has passed.
    Slowly(Duration),
    Refuses,
    /// Nothing comes back, and after so long that is taken for an answer.
    Silent(Duration),
    Hangs,
    /// As if the network had been lost: who has connected hears no more, and others not even that.
    Cut,
    NotAsked,
}

impl Net {
    fn set(&self, octet: u8, answer: Answer) {
        locked(&self.0.answers).insert(octet, answer);
    }

    fn begun(&self, octet: u8) -> Vec<Instant> {
        locked(&self.0.asked).iter().filter(|(o, _)| *o == octet).map(|(_, at)| *at).collect()
    }

    fn pauses(&self, octet: u8) -> Vec<Duration> {
        self.begun(octet).windows(2).map(|pair| pair[1] - pair[0]).collect()
    }
}

struct UnderWay(Arc<NetState>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Prepare for Net {
    fn prepare(&self, target: &ProbeTarget) -> Ask {
        let IpAddr::V4(address) = target.address else { panic!("not of these tests") };
        let (octet, net) = (address.octets()[3], Arc::clone(&self.0));
        Box::new(move || -> Asking {
            let net = Arc::clone(&net);
            Box::pin(async move {
                locked(&net.asked).push((octet, clock::runtime_now()));
                let now = net.under_way.fetch_add(1, Ordering::SeqCst) + 1;
                net.most_under_way.fetch_max(now, Ordering::SeqCst);
                let _under_way = UnderWay(Arc::clone(&net));
                sleep(Duration::from_millis(10)).await;
                let answer = locked(&net.answers).get(&octet).copied();
                if !matches!(answer, Some(Answer::Silent(_) | Answer::Cut)) {
                    steps::heard(|| "connected".into());
                }
                match answer.unwrap_or(Answer::Well) {
                    Answer::Well => Ok(()),
                    Answer::Slowly(time) => {
                        sleep(time).await;
                        let now = locked(&net.answers).get(&octet).copied();
                        if now == Some(Answer::Cut) {
                            std::future::pending::<()>().await;
                        }
                        Ok(())
                    }
                    Answer::Refuses => Err(Failure::Refused),
                    Answer::Silent(time) => {
                        sleep(time).await;
                        Err(Failure::Unreachable("nobody answers".into()))
                    }
                    Answer::NotAsked => Err(Failure::Exhausted("no files".into())),
                    Answer::Hangs | Answer::Cut => std::future::pending().await,
                }
            })
        })
    }
}

struct Running {
    net: Net,
    probes: Probes,
    reports: mpsc::Receiver<Report>,
}

fn start(plan: Plan) -> Running {
    start_remembering(plan, Net::default(), &|_| None)
}

fn start_remembering(
    plan: Plan,
    net: Net,
    memory: &dyn Fn(&str) -> Option<RememberedVerdict>,
) -> Running {
    let (sender, reports) = mpsc::channel(10_000);
    let probes = Probes::start(plan, net.clone(), memory, sender).unwrap();
    Running { net, probes, reports }
}

impl Running {
    async fn next(&mut self) -> Report {
        self.reports.recv().await.unwrap()
    }

    /// Until a report says that the state has changed.
    async fn next_change(&mut self) -> Report {
        loop {
            let report = self.next().await;
            if report.changed.is_some() {
                return report;
            }
        }
    }
}

/// Until every target was probed once.
async fn first_round_done(probes: &Probes) {
    while probes.board().unprobed() > 0 {
        sleep(Duration::from_millis(1)).await;
    }
}

fn within(pause: Duration, least: f64, most: f64, of: Duration) -> bool {
    // The runtime's timers have a millisecond's grain.
    let grain = Duration::from_millis(2);
    pause + grain >= of.mul_f64(least) && pause <= of.mul_f64(most) + grain
}

#[tokio::test(start_paused = true)]
async fn settled_targets_are_asked_at_the_interval_with_jitter() {
    let net = Net::default();
    // Longer than the jitter can make up for, if the interval began at the end of a probe.
    net.set(1, Answer::Slowly(SECOND * 3 / 2));
    let mut running = start_remembering(plan(&[&[1]]), net, &|_| None);
    for _ in 0..100 {
        running.next().await;
    }
    let all = running.net.pauses(1);
    let (first, pauses) = all.split_first().unwrap();
    assert!(within(*first, 0.1, 1.0, 5 * SECOND), "{first:?}");
    assert!(pauses.iter().all(|p| within(*p, 0.9, 1.0, 5 * SECOND)), "{pauses:?}");
    let spread = *pauses.iter().max().unwrap() - *pauses.iter().min().unwrap();
    assert!(spread > SECOND / 10, "jitter moves them apart: {spread:?}");
}

/// What began within a second would for long come in bursts.
#[tokio::test(start_paused = true)]
async fn targets_are_spread_over_the_interval_from_the_second_probe_on() {
    let octets: Vec<u8> = (1..=200).collect();
    let running = start(plan(&[&octets]));
    sleep(7 * SECOND).await;
    let mut second: Vec<_> = octets.iter().map(|octet| running.net.begun(*octet)[1]).collect();
    second.sort();
    let busiest = second.windows(60).map(|window| window[59] - window[0]).min().unwrap();
    assert!(busiest > SECOND / 2, "60 of 200 within {busiest:?}");
}

#[tokio::test(start_paused = true)]
async fn doubt_is_asked_about_after_the_retry_pause_and_never_sooner() {
    let mut running = start(plan(&[&[1]]));
    assert_eq!(running.next().await.changed, Some(State::Up));
    running.net.set(1, Answer::Refuses);
    let mut verdicts = vec![];
    for _ in 0..3 {
        verdicts.push(running.next().await.verdict);
    }
    running.net.set(1, Answer::Well);
    for _ in 0..2 {
        verdicts.push(running.next().await.verdict);
    }
    let states = [State::Up, State::Up, State::Down, State::Down, State::Up];
    assert_eq!(verdicts.iter().map(|v| v.state).collect::<Vec<_>>(), states);
    let pauses = verdicts.iter().map(|v| v.hold.map(|hold| hold.as_millis() / 100));
    let (one, two) = (Some(3), Some(6));
    assert_eq!(pauses.collect::<Vec<_>>(), [two, one, None, one, None], "{verdicts:?}");
    // From the end of a probe, which took 10 ms, to the beginning of the next.
    let probe = Duration::from_millis(10);
    let pauses = running.net.pauses(1);
    let settled = |p: Duration| within(p, 0.9, 1.0, 5 * SECOND);
    let doubt = |p: Duration| within(p - probe, 1.0, 1.1, RETRY);
    let [first, second, third, fourth, fifth] = pauses[..] else { panic!("{pauses:?}") };
    assert!(first <= 6 * SECOND && doubt(second) && doubt(third), "{pauses:?}");
    assert!(settled(fourth) && doubt(fifth), "{pauses:?}");
}

#[tokio::test(start_paused = true)]
async fn a_shared_target_is_asked_once_and_reports_all_its_pools() {
    let mut running = start(plan(&[&[1, 2], &[2], &[1]]));
    first_round_done(&running.probes).await;
    // Whoever is asked first may be asked again by then, but not at once.
    let pauses = [1, 2].map(|octet| running.net.pauses(octet)).concat();
    assert!(pauses.iter().all(|pause| within(*pause, 0.1, 1.0, 5 * SECOND)), "{pauses:?}");
    let mut heard = HashSet::new();
    while heard.len() < 2 {
        let report = running.next().await;
        if !heard.insert(report.key.clone()) {
            continue;
        }
        let wanted: &[u32] = if report.key.contains("192.0.2.1:") { &[0, 2] } else { &[0, 1] };
        assert_eq!(&*report.pools, wanted, "{}", report.key);
        assert!(report.moved && report.generation == 1);
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_round_is_quick_and_spread() {
    let began = clock::runtime_now();
    let octets: Vec<u8> = (1..=200).collect();
    let running = start(plan(&[&octets]));
    first_round_done(&running.probes).await;
    let took = clock::runtime_now() - began;
    assert!(took <= SECOND + Duration::from_millis(20), "{took:?}");
    let mut starts: Vec<_> = octets.iter().map(|o| running.net.begun(*o)[0] - began).collect();
    starts.sort();
    assert!(starts[50] > SECOND / 10 && starts[150] < SECOND * 9 / 10, "{starts:?}");
}

#[tokio::test(start_paused = true)]
async fn a_hanging_target_is_cut_off_and_never_asked_twice_at_once() {
    let mut monitor = monitor();
    monitor.interval = SECOND;
    monitor.timeout = SECOND;
    let net = Net::default();
    net.set(1, Answer::Hangs);
    let mut running = start_remembering(plan_of(monitor, &[&[1]]), net, &|_| None);
    for _ in 0..20 {
        let report = running.next().await;
        let Event::Ended { result, round_trip } = report.event else { panic!("{report:?}") };
        assert_eq!(result, Err(Failure::TimedOut(SECOND)));
        assert!(round_trip >= SECOND, "{round_trip:?}");
    }
    assert_eq!(running.net.0.most_under_way.load(Ordering::SeqCst), 1);
}

/// What was up and hangs is asked again long before the first probe has run into its timeout.
#[tokio::test(start_paused = true)]
async fn what_begins_to_hang_is_down_after_one_timeout_and_two_retries() {
    let mut running = start(plan(&[&[1]]));
    assert_eq!(running.next().await.changed, Some(State::Up));
    running.net.set(1, Answer::Hangs);
    let slow = running.next().await;
    assert_eq!((slow.event, slow.moved), (Event::Slow, true));
    assert_eq!(running.next_change().await.changed, Some(State::Down));
    let began = running.net.begun(1);
    let took = clock::runtime_now() - began[1];
    assert!(within(took, 1.0, 1.1, 2 * SECOND + 2 * RETRY), "{took:?}");
    assert_eq!(running.net.0.most_under_way.load(Ordering::SeqCst), 3);
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_could_not_be_sent_says_nothing_of_the_endpoint() {
    let mut running = start(plan(&[&[1]]));
    assert_eq!(running.next().await.changed, Some(State::Up));
    running.net.set(1, Answer::NotAsked);
    for _ in 0..10 {
        let report = running.next().await;
        assert_eq!(report.verdict, Verdict::SETTLED_UP);
        assert!(report.failure().is_some() && !report.moved);
    }
    let status = &running.probes.board().snapshot().targets[0];
    assert_eq!(status.results.get("exhausted"), Some(&10));
}

#[tokio::test(start_paused = true)]
async fn no_more_probes_than_permits_are_under_way() {
    let octets: Vec<u8> = (1..=100).collect();
    let (sender, _receiver) = mpsc::channel(10_000);
    let net = Net::default();
    let mut probes = Probes::start(Plan::default(), net.clone(), &|_| None, sender).unwrap();
    let draws = Mutex::new(Draws::new().unwrap());
    probes.common = Arc::new(Common {
        board: Arc::clone(&probes.board),
        prepare: Box::new(net.clone()),
        first_permits: Semaphore::new(3),
        more_permits: Semaphore::new(0),
        watch_permits: Arc::new(Semaphore::new(0)),
        draws,
    });
    for octet in &octets {
        net.set(*octet, Answer::Hangs);
    }
    probes.replace(plan(&[&octets]), &|_| None);
    first_round_done(&probes).await;
    assert_eq!(net.0.most_under_way.load(Ordering::SeqCst), 3);
}

#[test]
fn outside_of_a_runtime_it_says_so() {
    let (sender, _receiver) = mpsc::channel(1);
    assert!(Probes::start(Plan::default(), Net::default(), &|_| None, sender).is_err());
}
