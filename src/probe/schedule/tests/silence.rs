//! Endpoints that fall silent: by themselves, or all at once, for this machine has lost its network.

use super::*;
use crate::probe::board::TargetStatus;
use crate::probe::report::ContactNews;

const ALL: [u8; 6] = [1, 2, 3, 4, 5, 6];
const SILENT: Answer = Answer::Silent(Duration::from_millis(1900));
/// As long as it may take until one that falls silent is down: an interval with jitter, three
/// probes that overlap, and nobody else asked yet.
const SOON: Duration = Duration::from_millis(5500 + 1900 + 2 * 330 + 330);

impl Running {
    /// Two pools of three, each up.
    async fn two_pools() -> Self {
        Self::two_pools_of(monitor()).await
    }

    async fn two_pools_of(monitor: Monitor) -> Self {
        let mut running = start(plan_of(monitor, &[&[1, 2, 3], &[4, 5, 6]]));
        for _ in ALL {
            assert_eq!(running.next_change().await.changed, Some(State::Up));
        }
        sleep(10 * SECOND).await;
        running
    }

    /// Until its next probe has begun.
    async fn until_asked(&self, octet: u8) {
        let before = self.net.begun(octet).len();
        while self.net.begun(octet).len() == before {
            sleep(Duration::from_millis(1)).await;
        }
    }

    fn row(&self, octet: u8) -> Arc<TargetStatus> {
        let mut targets = self.probes.board().snapshot().targets.into_iter();
        targets.find(|row| row.target.key.contains(&format!("192.0.2.{octet}:"))).unwrap()
    }

    fn all(&self, octets: &[u8], answer: Answer) {
        octets.iter().for_each(|octet| self.net.set(*octet, answer));
    }

    /// What comes in some time: the octets of those that went down, and what is said of the network.
    async fn watch(&mut self, time: Duration) -> (Vec<u8>, Vec<ContactNews>) {
        let (mut down, mut news) = (Vec::new(), Vec::new());
        let limit = clock::runtime_now() + time;
        while let Ok(report) = tokio::time::timeout_at(limit, self.next()).await {
            news.extend(report.contact);
            if report.changed == Some(State::Down) {
                let (_, address) = report.key.split_once("192.0.2.").unwrap();
                down.push(address.split(':').next().unwrap().parse().unwrap());
            }
        }
        down.sort_unstable();
        (down, news)
    }
}

#[tokio::test(start_paused = true)]
async fn verdicts_stay_while_nobody_is_heard_of() {
    let mut running = Running::two_pools().await;
    running.all(&ALL, SILENT);
    let before: usize = ALL.iter().map(|octet| running.net.begun(*octet).len()).sum();
    assert_eq!(running.watch(60 * SECOND).await, (vec![], vec![ContactNews::Lost]));
    let probes: usize = ALL.iter().map(|octet| running.net.begun(*octet).len()).sum();
    assert!(probes - before < 6 * 20, "they are asked no more than usual: {}", probes - before);
    running.all(&ALL, Answer::Well);
    assert_eq!(running.watch(60 * SECOND).await, (vec![], vec![ContactNews::Regained]));
    let verdicts = running.probes.board().verdicts().concat();
    assert_eq!(verdicts, [Verdict::SETTLED_UP; 6]);
}

#[tokio::test(start_paused = true)]
async fn whoever_is_still_silent_when_others_are_not_goes_down() {
    let mut running = Running::two_pools().await;
    running.all(&ALL, SILENT);
    running.watch(60 * SECOND).await;
    running.all(&[2, 3, 4, 5, 6], Answer::Well);
    assert_eq!(running.watch(SOON).await, (vec![1], vec![ContactNews::Regained]));
}

/// Even where the others are asked seldom, and none of them just then.
#[tokio::test(start_paused = true)]
async fn whoever_is_silent_alone_goes_down_as_soon_as_ever() {
    for octet in ALL {
        let mut running = Running::two_pools().await;
        running.all(&[octet], SILENT);
        assert_eq!(running.watch(SOON).await, (vec![octet], vec![]));
    }
}

#[tokio::test(start_paused = true)]
async fn a_region_that_is_silent_goes_down() {
    let mut running = Running::two_pools().await;
    running.all(&[1, 2, 3], SILENT);
    assert_eq!(running.watch(SOON).await, (vec![1, 2, 3], vec![]));
    // The other one is fewer than would be taken for all.
    running.all(&[4, 5, 6], SILENT);
    assert_eq!(running.watch(SOON).await, (vec![4, 5, 6], vec![]));
}

/// Whoever refuses is heard of.
#[tokio::test(start_paused = true)]
async fn all_that_refuse_at_once_go_down() {
    let mut running = Running::two_pools().await;
    running.all(&ALL, Answer::Refuses);
    assert_eq!(running.watch(SOON).await, (ALL.to_vec(), vec![]));
}

/// Whoever restarts the daemon because nothing works must not lose all verdicts by it.
#[tokio::test(start_paused = true)]
async fn remembered_verdicts_stay_while_nobody_is_heard_of() {
    let net = Net::default();
    ALL.iter().for_each(|octet| net.set(*octet, SILENT));
    let up = RememberedVerdict { state: State::Up, since: std::time::UNIX_EPOCH };
    let mut running = start_remembering(plan(&[&[1, 2, 3], &[4, 5, 6]]), net, &|_| Some(up));
    assert_eq!(running.watch(60 * SECOND).await, (vec![], vec![ContactNews::Lost]));
    running.all(&[2, 3, 4, 5, 6], Answer::Well);
    assert_eq!(running.watch(SOON).await, (vec![1], vec![ContactNews::Regained]));
}

/// A region of many falls silent, and the only other endpoint is not asked just then.
#[tokio::test(start_paused = true)]
async fn others_are_asked_elsewhere() {
    let many: Vec<u8> = (1..=40).collect();
    let mut running = start(plan(&[&many, &[200]]));
    for _ in 0..=many.len() {
        running.next_change().await;
    }
    sleep(10 * SECOND).await;
    running.all(&many, SILENT);
    assert_eq!(running.watch(SOON).await, (many, vec![]));
}

/// There is no way to there at all, which is known at once: nobody else can have answered since.
#[tokio::test(start_paused = true)]
async fn whoever_cannot_be_reached_goes_down_and_the_network_is_not_lost() {
    let at_once = Answer::Silent(Duration::ZERO);
    for fall in [1, 3] {
        for octet in ALL {
            let mut running = Running::two_pools_of(Monitor { fall, ..monitor() }).await;
            running.all(&[octet], at_once);
            assert_eq!(running.watch(SOON).await, (vec![octet], vec![]), "{fall}");
        }
    }
    // Nor where it never could be.
    let net = Net::default();
    net.set(7, at_once);
    let mut running = start_remembering(plan(&[&[1, 2, 3], &[4, 5, 6, 7]]), net, &|_| None);
    assert_eq!(running.watch(SOON).await, (vec![7], vec![]));
}

/// Even by one failure, and whether or not anybody else is asked while its probe is under way.
#[tokio::test(start_paused = true)]
async fn one_failure_is_enough_where_that_is_wanted() {
    let soon = Duration::from_millis(5500) + 2 * SECOND;
    for octet in [1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6] {
        let mut running = Running::two_pools_of(Monitor { fall: 1, ..monitor() }).await;
        running.all(&[octet], SILENT);
        assert_eq!(running.watch(soon).await, (vec![octet], vec![]));
    }
}

/// Somebody answers a moment after a probe has begun, and a moment before the network is lost.
#[tokio::test(start_paused = true)]
async fn a_probe_that_was_under_way_when_the_network_went_is_no_reason() {
    for fall in [1, 3] {
        let mut running = Running::two_pools_of(Monitor { fall, ..monitor() }).await;
        running.until_asked(1).await;
        running.all(&[1], SILENT);
        let board = running.probes.board();
        let other = running.row(2).target.key.clone();
        board.hint(&other, clock::runtime_now()).unwrap();
        board.nudge(&other).unwrap().notify_one();
        running.until_asked(2).await;
        sleep(Duration::from_millis(15)).await;
        assert_eq!(running.row(2).failures, 0, "it has answered");
        running.all(&ALL, SILENT);
        assert_eq!(running.watch(60 * SECOND).await, (vec![], vec![ContactNews::Lost]), "{fall}");
    }
}

/// A packet that got lost and is missed when another one has long been answered.
#[tokio::test(start_paused = true)]
async fn an_outdated_probe_counts_for_nothing() {
    let running = Running::two_pools().await;
    running.all(&[1], SILENT);
    running.until_asked(1).await;
    // It has decided what becomes of it.
    sleep(Duration::from_millis(20)).await;
    running.all(&[1], Answer::Well);
    sleep(3 * SECOND).await;
    let row = running.row(1);
    assert!(row.results.contains_key("network"), "{row:?}");
    assert!(row.failures == 0 && row.successes > 1 && !row.is_failing(), "{row:?}");
}

/// Whoever says nothing of itself may not be able to.
#[tokio::test(start_paused = true)]
async fn heartbeats_are_not_missed_while_nobody_is_heard_of() {
    // Sooner than probes would notice.
    let heartbeat = Monitor {
        name: "alive".into(),
        kind: MonitorKind::Heartbeat,
        interval: SECOND,
        timeout: SECOND,
        retry: Duration::ZERO,
        ..monitor()
    };
    let mut running = Running::two_pools().await;
    let beside = |mut inventory: Inventory| {
        inventory.monitors.push(heartbeat.clone());
        inventory.pools[0].monitors.push(1);
        Plan::new(&inventory)
    };
    running.probes.replace(beside(inventory_of(monitor(), &[&[1, 2, 3], &[4, 5, 6]])), &|_| None);
    let ids: Vec<EndpointId> = (0..3).map(|index| EndpointId { pool: 0, index }).collect();
    for _ in 0..20 {
        ids.iter().for_each(|id| assert!(running.probes.beat(*id)));
        running.watch(SECOND / 2).await;
    }
    running.all(&ALL, SILENT);
    assert_eq!(running.watch(60 * SECOND).await, (vec![], vec![ContactNews::Lost]));
}

/// However long it lasts, and whatever was under way: nobody goes down by it. But where one failure
/// is enough, a loss that is over before it could be noticed is a failure; and it is noticed when
/// somebody has been asked, which may take an interval (5 s), and others have been, too.
#[tokio::test(start_paused = true)]
async fn a_short_loss_takes_nobody_down() {
    for (fall, lengths) in [(1, 60..100), (3, 5..60)] {
        for tenths in lengths.step_by(5) {
            let mut running = Running::two_pools_of(Monitor { fall, ..monitor() }).await;
            // Each time at another moment of their intervals.
            sleep(Duration::from_millis(97) * tenths).await;
            running.all(&ALL, SILENT);
            running.watch(Duration::from_millis(100) * tenths).await;
            running.all(&ALL, Answer::Well);
            assert_eq!(running.watch(20 * SECOND).await.0, Vec::<u8>::new(), "{fall} {tenths}");
        }
    }
}

/// Those that take long to answer have connected before the network was lost, and end after it.
#[tokio::test(start_paused = true)]
async fn what_was_heard_before_the_loss_is_not_heard_when_it_ends() {
    let slow = Answer::Slowly(SECOND);
    for tenths in 0..20 {
        let mut running = start(plan(&[&[1, 2, 3], &[4, 5, 6]]));
        running.all(&[4, 5, 6], slow);
        for _ in ALL {
            assert_eq!(running.next_change().await.changed, Some(State::Up));
        }
        sleep(20 * SECOND + SECOND * tenths / 10).await;
        running.all(&[1, 2, 3], SILENT);
        // Whoever has connected hears nothing more.
        running.all(&[4, 5, 6], Answer::Cut);
        assert_eq!(running.watch(60 * SECOND).await, (vec![], vec![ContactNews::Lost]), "{tenths}");
    }
}

/// One that is dead among others that take their time.
#[tokio::test(start_paused = true)]
async fn others_may_take_as_long_to_answer_as_they_are_wont_to() {
    let slow = Answer::Slowly(Duration::from_millis(1400));
    let mut running = start(plan(&[&[1, 2, 3], &[4, 5, 6]]));
    running.all(&[2, 3, 4, 5, 6], slow);
    for _ in ALL {
        running.next_change().await;
    }
    sleep(30 * SECOND).await;
    running.all(&[1], Answer::Silent(Duration::ZERO));
    assert_eq!(running.watch(2 * SOON).await, (vec![1], vec![]));
}
