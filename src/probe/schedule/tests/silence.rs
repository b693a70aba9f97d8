//! Endpoints that fall silent: by themselves, or all at once, for this machine has lost its network.

use super::*;
use crate::probe::report::ContactNews;

const ALL: [u8; 6] = [1, 2, 3, 4, 5, 6];
const SILENT: Answer = Answer::Silent(Duration::from_millis(1900));
/// As long as it may take until one that falls silent is down: an interval with jitter, three
/// probes that overlap, and nobody else asked yet.
const SOON: Duration = Duration::from_millis(5500 + 1900 + 2 * 330 + 330);

impl Running {
    /// Two pools of three, each up.
    async fn two_pools() -> Self {
        let mut running = start(plan(&[&[1, 2, 3], &[4, 5, 6]]));
        for _ in ALL {
            assert_eq!(running.next_change().await.changed, Some(State::Up));
        }
        sleep(10 * SECOND).await;
        running
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
