//! The journals on a real disk: cut, bitten, full, killed.

mod trail;
mod webhooks;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use super::*;
use crate::finding::Finding;
use crate::health::{Comeback, Family, Override, OverrideState, Target};
use crate::notice::{Message, SilenceText};

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000 + seconds)
}

fn alice() -> Author {
    Author {
        reason: None,
        forces: false,
        breaks: Vec::new(),
        by: "alice".into(),
        token: Some("ci".into()),
        from: Some("127.0.0.1:4711".parse().unwrap()),
    }
}

fn set(target: &str, state: OverrideState, at: SystemTime, for_seconds: u64) -> Change {
    let lifetime = (for_seconds > 0).then(|| Duration::from_secs(for_seconds));
    let after = Override::new(state, "because \"x\"\n", at, lifetime);
    Change::Set { target: target.parse().unwrap(), before: None, after }
}

fn clear(target: &str) -> Change {
    let before = Override::new(OverrideState::Drain, "it was so", at(0), None);
    Change::Clear { target: target.parse().unwrap(), before }
}

fn record(store: &Store, change: &Change) -> Result<(), StateError> {
    store.audit(at(1), &alice(), change)
}

fn open(folder: &Path, now: SystemTime) -> (Store, Remembered) {
    Store::open(folder, now).unwrap()
}

fn targets(remembered: &Remembered) -> Vec<String> {
    remembered.overrides.iter().map(|(target, _)| target.to_string()).collect()
}

/// What is wrong with the audit log.
fn damage(folder: &Path) -> Vec<Finding> {
    Trail::read(&Trail::path(folder), Part::WHOLE).unwrap().wrong
}

/// A folder as `kill -9` leaves it: copied while the daemon has it open.
fn copy_of(folder: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for file in fs::read_dir(folder).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
    }
    copy
}

#[test]
fn overrides_survive_a_kill_exactly() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("deep/state");
    let (store, remembered) = open(&folder, at(0));
    assert_eq!(remembered.overrides, Overrides::default());
    assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
    let mut expected = Overrides::default();
    for change in [
        set("region:us-east", OverrideState::Drain, at(1), 0),
        set("endpoint:web/2001:db8::10", OverrideState::Down, at(2), 3600),
        set("pool:web", OverrideState::Up, at(3), 0),
        set("pool:web", OverrideState::Down, at(4), 0),
        set("pool:gone", OverrideState::Up, at(5), 0),
        clear("pool:gone"),
    ] {
        record(&store, &change).unwrap();
        match change {
            Change::Set { target, after, .. } => expected.set(target, after),
            Change::Clear { target, .. } => drop(expected.clear(&target)),
            other => panic!("{other:?}"),
        }
    }
    let copy = copy_of(&folder);
    let (_, remembered) = open(copy.path(), at(7));
    assert_eq!(remembered.overrides, expected);
    assert_eq!(damage(copy.path()), []);
    let what = remembered.overrides.get(&Target::Region("us-east".into())).unwrap();
    assert_eq!((what.reason.as_str(), what.since), ("because \"x\"\n", at(1)));
}

#[test]
fn a_tail_torn_at_any_byte_is_cut_and_appending_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path(), at(0));
    let path = folder.path().join("audit.jsonl");
    record(&store, &set("pool:a", OverrideState::Drain, at(1), 0)).unwrap();
    let first = fs::read(&path).unwrap().len();
    record(&store, &set("pool:b", OverrideState::Drain, at(2), 0)).unwrap();
    drop(store);
    let whole = fs::read(&path).unwrap();
    for length in first..=whole.len() {
        fs::write(&path, &whole[..length]).unwrap();
        assert_eq!(damage(folder.path()), [], "{length}");
        let (store, remembered) = open(folder.path(), at(3));
        let both = length == whole.len();
        assert_eq!(remembered.overrides.iter().count(), if both { 2 } else { 1 }, "{length}");
        record(&store, &set("pool:c", OverrideState::Up, at(4), 0)).unwrap();
        drop(store);
        let (_, remembered) = open(folder.path(), at(5));
        let expected =
            if both { &["pool:a", "pool:b", "pool:c"][..] } else { &["pool:a", "pool:c"] };
        assert_eq!(targets(&remembered), expected, "{length}");
        assert_eq!(damage(folder.path()), [], "{length}");
    }
}

#[test]
fn a_bitten_line_is_reported_and_the_later_ones_count() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path(), at(0));
    for target in ["pool:a", "pool:b", "pool:c"] {
        record(&store, &set(target, OverrideState::Drain, at(1), 0)).unwrap();
    }
    drop(store);
    let path = folder.path().join("audit.jsonl");
    let text = fs::read_to_string(&path).unwrap().replace("pool:b", "pool:x");
    fs::write(&path, &text).unwrap();
    let (store, remembered) = open(folder.path(), at(2));
    assert_eq!(targets(&remembered), ["pool:a", "pool:c"]);
    let damage = damage(folder.path());
    let lines: Vec<u32> = damage.iter().map(|finding| finding.line).collect();
    assert_eq!(
        lines,
        [2, 3],
        "the line, and that another one should stand before the next: {damage:?}"
    );
    assert!(damage[0].file.ends_with("audit.jsonl"));
    drop(store);
    // Evidence is not tidied away.
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn lines_of_another_version_are_reported_or_understood() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    let zeros = "0".repeat(64);
    let head = format!(r#""at":"2023-11-14T22:13:21Z","by":"x","previous":"{zeros}""#);
    let known = format!(
        r#"{{"number":1,{head},"action":"set","target":"pool:a","after":{{"state":"up","reason":"","since":"2023-11-14T22:13:21Z","colour":"red"}},"mood":"good"}}"#
    );
    let unknown = format!(r#"{{"number":1,{head},"action":"dance","target":"pool:b"}}"#);
    fs::write(&path, [line::encode(&unknown), line::encode(&known)].concat()).unwrap();
    let (_, remembered) = open(folder.path(), at(2));
    assert_eq!(targets(&remembered), ["pool:a"]);
    let damage = damage(folder.path());
    assert_eq!(damage[0].line, 1);
    assert!(damage[0].found.contains("dance"), "{damage:?}");
}

#[test]
fn random_bytes_are_survived() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["audit.jsonl", "verdicts.jsonl", "comebacks.jsonl"] {
        let bytes: Vec<u8> =
            (0..5000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    let (store, _) = open(folder.path(), at(2));
    assert!(!damage(folder.path()).is_empty());
    record(&store, &set("pool:a", OverrideState::Up, at(3), 0)).unwrap();
    drop(store);
    assert_eq!(targets(&open(folder.path(), at(4)).1), ["pool:a"]);
}

#[test]
fn the_last_verdict_of_each_key_survives_a_kill_and_the_file_is_shortened() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path(), at(0));
    for second in 0..100 {
        let state = if second % 2 == 0 { State::Down } else { State::Up };
        store.record_verdict("http 192.0.2.1:80", state, at(second)).unwrap();
    }
    store.record_verdict("icmp ::1", State::Down, at(7)).unwrap();
    let copy = copy_of(folder.path());
    let (_, remembered) = open(copy.path(), at(200));
    let expected = [
        ("http 192.0.2.1:80".to_owned(), RememberedVerdict { state: State::Up, since: at(99) }),
        ("icmp ::1".to_owned(), RememberedVerdict { state: State::Down, since: at(7) }),
    ];
    assert_eq!(remembered.verdicts, BTreeMap::from(expected));
    let text = fs::read_to_string(copy.path().join("verdicts.jsonl")).unwrap();
    assert_eq!(text.lines().count(), 2);
    assert!(!copy.path().join("verdicts.tmp").exists());
}

#[test]
fn what_is_probed_no_more_is_forgotten_and_what_is_written_down_is_not_overtaken() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path(), at(0));
    let up = RememberedVerdict { state: State::Up, since: at(1) };
    store.record_verdict("icmp ::1", State::Down, at(2)).unwrap();
    store.record_verdict("icmp ::2", State::Down, at(2)).unwrap();
    store.forget_verdicts(|key| key != "icmp ::2");
    for key in ["icmp ::1", "icmp ::2", "icmp ::3"] {
        store.record_unknown_verdict(key, up).unwrap();
    }
    let down = RememberedVerdict { state: State::Down, since: at(2) };
    assert_eq!(store.remembered("icmp ::1"), Some(down));
    drop(store);
    let (_, remembered) = open(folder.path(), at(3));
    let found: Vec<_> = remembered.verdicts.into_iter().collect();
    let wanted = [("icmp ::1", down), ("icmp ::2", up), ("icmp ::3", up)];
    assert_eq!(found, wanted.map(|(key, verdict)| (key.to_owned(), verdict)));
}

#[test]
fn verdicts_that_change_for_years_do_not_fill_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path(), at(0));
    for second in 0..30_000 {
        store.record_verdict("http 192.0.2.1:80", State::Down, at(second)).unwrap();
    }
    let length = fs::metadata(folder.path().join("verdicts.jsonl")).unwrap().len();
    assert!(length < 1024 * 1024 + 200, "{length}");
    drop(store);
    let (_, remembered) = open(folder.path(), at(0));
    assert_eq!(remembered.verdicts["http 192.0.2.1:80"].since, at(29_999));
}

#[test]
fn the_last_comeback_of_each_pool_and_family_survives_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path(), at(0));
    let web = |family, comeback| PoolComeback { pool: "web".into(), family, comeback };
    let back = |failed| Comeback::Back { since: at(7), failed };
    store.record_comeback(&web(Family::V4, Comeback::Out { failed: true })).unwrap();
    store.record_comeback(&web(Family::V6, Comeback::Out { failed: false })).unwrap();
    store.record_comeback(&web(Family::V4, back(true))).unwrap();
    store.record_comeback(&web(Family::Host, back(true))).unwrap();
    store.record_comeback(&web(Family::Host, Comeback::Steady)).unwrap();
    store.record_comeback_durably(&web(Family::V4, back(false))).unwrap();
    let text = fs::read_to_string(folder.path().join("comebacks.jsonl")).unwrap();
    assert_eq!(
        text.lines().last().unwrap().splitn(3, ' ').nth(2).unwrap(),
        r#"{"pool":"web","family":"a","state":"back","failed":false,"since":"2023-11-14T22:13:27Z"}"#
    );
    let copy = copy_of(folder.path());
    let (_, remembered) = open(copy.path(), at(10));
    let expected = [web(Family::V4, back(false)), web(Family::V6, Comeback::Out { failed: false })];
    assert_eq!(remembered.comebacks, expected);
    let text = fs::read_to_string(copy.path().join("comebacks.jsonl")).unwrap();
    assert_eq!(text.lines().count(), 2, "what is steady needs no line:\n{text}");
}

#[test]
fn a_second_daemon_is_refused_until_the_first_has_gone() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path(), at(0));
    let error = Store::open(folder.path(), at(0)).err().unwrap().to_string();
    assert!(error.contains(&format!("process {}", std::process::id())), "{error}");
    drop(store);
    open(folder.path(), at(0));
}

#[test]
fn without_a_usable_folder_everything_starts_and_overrides_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state");
    fs::write(&file, "in the way").unwrap();
    let (store, remembered) = open(&file, at(0));
    assert_eq!(remembered.overrides, Overrides::default());
    assert!(store.unavailable().is_some());
    let error = record(&store, &clear("pool:a")).unwrap_err();
    assert!(matches!(error, StateError::Unavailable(..)));
    assert!(error.to_string().contains("restart the daemon"), "{error}");
    store.record_verdict("x", State::Up, at(1)).unwrap_err();
    let comeback = PoolComeback {
        pool: "a".into(),
        family: Family::V4,
        comeback: Comeback::Out { failed: true },
    };
    store.record_comeback_durably(&comeback).unwrap_err();
}

#[test]
fn what_people_said_stays_in_force_in_a_folder_that_cannot_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path(), at(0));
    record(&store, &set("pool:a", OverrideState::Drain, at(1), 0)).unwrap();
    record(&store, &set("pool:b", OverrideState::Drain, at(1), 60)).unwrap();
    store.record_verdict("icmp ::1", State::Down, at(7)).unwrap();
    drop(store);
    // Not even root can open a folder as a file.
    fs::remove_file(folder.path().join("lock")).unwrap();
    fs::create_dir(folder.path().join("lock")).unwrap();
    let (store, remembered) = open(folder.path(), at(61));
    assert!(store.unavailable().unwrap().contains("lock"));
    assert_eq!(targets(&remembered), ["pool:a"]);
    assert_eq!(remembered.verdicts["icmp ::1"].state, State::Down);
    record(&store, &clear("pool:a")).unwrap_err();
}

#[test]
fn a_folder_deleted_while_in_use_acknowledges_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path(), at(0));
    fs::remove_dir_all(folder.path()).unwrap();
    let error = record(&store, &clear("pool:a")).unwrap_err();
    assert!(error.to_string().contains("audit.jsonl"), "{error}");
}

/// The lock is that of the open file, so both processes have it; here one process plays both.
#[test]
fn a_folder_goes_over_to_the_next_and_back_if_that_fails() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path(), at(0));
    record(&store, &set("pool:a", OverrideState::Drain, at(1), 0)).unwrap();
    store.record_verdict("x", State::Up, at(1)).unwrap();
    let down = RememberedVerdict { state: State::Down, since: at(2) };
    for is_taken in [false, true] {
        let closed = store.close();
        closed.record_verdicts([("x", down)].into_iter()).unwrap();
        let lock = store.lock().unwrap();
        let (next, remembered) = Store::open_with(folder.path(), at(3), lock).unwrap();
        assert!(targets(&remembered).contains(&"pool:a".to_owned()));
        assert_eq!(remembered.verdicts["x"], down);
        if is_taken {
            closed.hand_over();
            assert!(matches!(record(&store, &clear("pool:a")), Err(StateError::HandedOver)));
            assert!(matches!(
                store.record_verdict("x", State::Up, at(4)),
                Err(StateError::HandedOver)
            ));
            record(&next, &clear("pool:a")).unwrap();
            drop(store);
            assert!(Store::open(folder.path(), at(5)).is_err(), "the next one has it locked");
            break;
        }
        // It has written something before it failed, which is in force, and the chain goes on.
        record(&next, &set("pool:b", OverrideState::Down, at(3), 0)).unwrap();
        next.record_verdict("y", State::Up, at(3)).unwrap();
        drop(next);
        let remembered = closed.take_back(at(4)).unwrap().unwrap();
        assert_eq!(targets(&remembered), ["pool:a", "pool:b"]);
        assert_eq!(store.remembered("y").map(|last| last.state), Some(State::Up));
        record(&store, &clear("pool:b")).unwrap();
        assert!(Store::open(folder.path(), at(5)).is_err(), "it is still locked");
    }
    assert!(damage(folder.path()).is_empty());
}

/// The lock of another folder is none of this one's.
#[test]
fn another_folder_has_a_lock_of_its_own() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let (store, _) = open(folders[0].path(), at(0));
    let lock = store.lock().unwrap();
    let (_other, _) = Store::open_with(folders[1].path(), at(0), lock).unwrap();
    assert!(Store::open(folders[1].path(), at(0)).is_err());
}

/// Whoever wants to write meanwhile waits, and then writes or is refused.
#[test]
fn whoever_writes_waits_until_it_is_decided_who_does() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path(), at(0));
    for is_taken in [false, true] {
        let closed = store.close();
        std::thread::scope(|scope| {
            let writing = scope.spawn(|| record(&store, &clear("pool:a")));
            std::thread::yield_now();
            assert!(!writing.is_finished());
            match is_taken {
                true => closed.hand_over(),
                false => drop(closed),
            }
            assert_eq!(writing.join().unwrap().is_err(), is_taken);
        });
    }
}
