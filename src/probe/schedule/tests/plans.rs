//! One plan after another, and the end.

use super::*;

#[tokio::test(start_paused = true)]
async fn replacing_keeps_what_stays_stops_what_goes_and_starts_what_comes() {
    let mut running = start(plan(&[&[1, 2]]));
    first_round_done(&running.probes).await;
    running.net.set(2, Answer::Refuses);
    let down = loop {
        let report = running.next_change().await;
        if report.changed == Some(State::Down) {
            break report;
        }
    };
    running.probes.replace(plan(&[&[3], &[2]]), &|_| None);
    assert_eq!(running.probes.board().unprobed(), 1);
    let (gone, stays) = (running.net.begun(1).len(), running.net.begun(2));
    let verdicts = running.probes.board().verdicts();
    assert_eq!(running.probes.board().generation(), 2);
    assert_eq!(verdicts[1], [Verdict { state: State::Down, hold: None }], "kept");
    first_round_done(&running.probes).await;
    assert_eq!(running.net.begun(3).len(), 1);
    // The target that stays is asked when it would have been asked anyway, and its doubt goes on.
    running.net.set(2, Answer::Well);
    let up = loop {
        let report = running.next_change().await;
        if report.key == down.key && report.changed == Some(State::Up) {
            break report;
        }
    };
    assert_eq!((&*up.pools, up.generation), (&[1][..], 2));
    let pauses = running.net.pauses(2);
    assert!(within(pauses[stays.len() - 1], 0.9, 1.0, 5 * SECOND), "{pauses:?}");
    assert_eq!(running.net.begun(1).len(), gone, "what is gone is not asked");
}

#[tokio::test(start_paused = true)]
async fn a_probe_under_way_is_dropped_with_its_target() {
    let net = Net::default();
    net.set(1, Answer::Hangs);
    let mut running = start_remembering(plan(&[&[1]]), net, &|_| None);
    while running.net.begun(1).is_empty() {
        sleep(Duration::from_millis(10)).await;
    }
    running.probes.replace(plan(&[&[2]]), &|_| None);
    let report = running.next().await;
    assert!(report.key.contains("192.0.2.2:"), "{}", report.key);
    assert_eq!(running.net.0.under_way.load(Ordering::SeqCst), 0);
}

#[tokio::test(start_paused = true)]
async fn what_was_remembered_is_believed_until_probes_say_otherwise() {
    let since = SystemTime::UNIX_EPOCH;
    let net = Net::default();
    let memory = |key: &str| {
        key.contains("192.0.2.1:").then_some(RememberedVerdict { state: State::Down, since })
    };
    let mut running = start_remembering(plan(&[&[1, 2]]), net, &memory);
    let board = Arc::clone(running.probes.board());
    let down = Verdict { state: State::Down, hold: Some(Duration::ZERO) };
    let unknown = Verdict { state: State::Up, hold: Some(Duration::ZERO) };
    assert_eq!(board.pool_verdicts(0), [down, unknown]);
    assert_eq!(board.snapshot().targets[0].since, Some(since));
    let mut seen = vec![];
    while seen.len() < 2 {
        let report = running.next().await;
        if report.key.contains("192.0.2.1:") {
            seen.push((report.verdict, report.changed));
        }
    }
    let [(doubt, None), (Verdict::SETTLED_UP, Some(State::Up))] = seen[..] else {
        panic!("{seen:?}")
    };
    assert_eq!(doubt.state, State::Down);
    assert!(doubt.hold.is_some_and(|hold| within(hold, 1.0, 1.1, RETRY)), "{doubt:?}");
}

/// A change of an interval alone must not make a down endpoint up until it is probed again.
#[tokio::test(start_paused = true)]
async fn a_target_with_other_settings_begins_with_what_is_believed() {
    let net = Net::default();
    net.set(1, Answer::Refuses);
    let mut running = start_remembering(plan(&[&[1]]), net, &|_| None);
    assert_eq!(running.next().await.changed, Some(State::Down));
    let monitor = Monitor { interval: 7 * SECOND, ..monitor() };
    // What was remembered when these settings were last in use is out of date.
    let stale =
        |_: &str| Some(RememberedVerdict { state: State::Up, since: SystemTime::UNIX_EPOCH });
    running.probes.replace(plan_of(monitor, &[&[1]]), &stale);
    let down = Verdict { state: State::Down, hold: Some(Duration::ZERO) };
    assert_eq!(running.probes.board().pool_verdicts(0), [down]);
    assert_eq!(running.next().await.changed, None);
}

/// Another question, such as another path, is no reason to take out what is up by one failure.
#[tokio::test(start_paused = true)]
async fn another_question_to_what_is_up_takes_as_many_failures_as_ever() {
    let mut running = start(plan(&[&[1]]));
    assert_eq!(running.next().await.changed, Some(State::Up));
    running.net.set(1, Answer::Refuses);
    let other = MonitorKind::Tcp(TcpCheck { port: 81, tls: None, talk: None });
    running.probes.replace(plan_of(Monitor { kind: other, ..monitor() }, &[&[1]]), &|_| None);
    for changed in [None, None, Some(State::Down)] {
        assert_eq!(running.next().await.changed, changed);
    }
}

#[tokio::test(start_paused = true)]
async fn after_shutdown_nobody_is_asked_and_the_channel_closes() {
    let mut running = start(plan(&[&[1, 2, 3]]));
    first_round_done(&running.probes).await;
    running.probes.shutdown();
    let asked = locked(&running.net.0.asked).len();
    sleep(60 * SECOND).await;
    assert_eq!(locked(&running.net.0.asked).len(), asked);
    running.probes.replace(plan(&[&[4]]), &|_| None);
    while running.reports.recv().await.is_some() {}
}

#[tokio::test(start_paused = true)]
async fn without_a_receiver_probing_goes_on() {
    let running = start(plan(&[&[1]]));
    drop(running.reports);
    sleep(60 * SECOND).await;
    assert!(running.net.begun(1).len() >= 10);
    let status = &running.probes.board().snapshot().targets[0];
    assert!(status.results["ok"] >= 10 && status.durations.count() >= 10);
}
