//! The audit log: what stands in it, that its chain holds, and what it is replayed to.

use super::*;

#[test]
fn every_entry_tells_who_when_where_what_why_and_what_was_before() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path(), at(0));
    let target: Target = "pool:web".parse().unwrap();
    let first = Override::new(OverrideState::Drain, "kernel", at(1), Some(Duration::from_secs(60)));
    let second = Override::new(OverrideState::Down, "disk", at(2), None);
    let (before, after) = ("r1".to_owned(), "r2".to_owned());
    for (second, author, change) in [
        (1, alice(), Change::Set { target: target.clone(), before: None, after: first.clone() }),
        (
            2,
            alice(),
            Change::Set { target: target.clone(), before: Some(first), after: second.clone() },
        ),
        (3, Author::daemon(), Change::Expire { target: target.clone(), before: second.clone() }),
        (4, alice(), Change::Clear { target, before: second }),
        (
            5,
            alice(),
            Change::Failback { pool: "web".into(), families: vec![Family::V4, Family::V6] },
        ),
        (6, Author::daemon(), Change::Reload { before, after, commit: None }),
    ] {
        store.audit(at(second), &author, &change).unwrap();
    }
    let text = fs::read_to_string(Trail::path(folder.path())).unwrap();
    let json: Vec<&str> = text.lines().map(|line| line.splitn(3, ' ').nth(2).unwrap()).collect();
    let hash = |json: &str| {
        let digest = ring::digest::digest(&ring::digest::SHA256, json.as_bytes());
        data_encoding::HEXLOWER.encode(digest.as_ref())
    };
    let by_alice = r#""by":"alice","token":"ci","from":"127.0.0.1:4711""#;
    let (drain, down) = (
        r#"{"reason":"kernel","since":"2023-11-14T22:13:21Z","state":"drain","until":"2023-11-14T22:14:21Z"}"#,
        r#"{"reason":"disk","since":"2023-11-14T22:13:22Z","state":"down"}"#,
    );
    let wanted = [
        format!(
            r#"{by_alice},"action":"set","target":"pool:web","reason":"kernel","after":{drain}"#
        ),
        format!(
            r#"{by_alice},"action":"set","target":"pool:web","reason":"disk","before":{drain},"after":{down}"#
        ),
        format!(r#""by":"steersman","action":"expire","target":"pool:web","before":{down}"#),
        format!(r#"{by_alice},"action":"clear","target":"pool:web","before":{down}"#),
        format!(
            r#"{by_alice},"action":"failback","target":"pool:web","before":"held back","after":["a","aaaa"]"#
        ),
        r#""by":"steersman","action":"reload","before":"r1","after":"r2""#.into(),
    ];
    assert_eq!(json.len(), wanted.len(), "{text}");
    let mut previous = "0".repeat(64);
    for (number, (json, wanted)) in (1..).zip(json.iter().zip(&wanted)) {
        let second = 20 + number;
        let wanted = format!(
            r#"{{"number":{number},"at":"2023-11-14T22:13:{second}Z",{wanted},"previous":"{previous}"}}"#
        );
        assert_eq!(*json, wanted);
        previous = hash(json);
    }
    let trail = store.trail(Part::WHOLE).unwrap();
    assert_eq!((trail.chain, trail.wrong), (Chain { length: 6, head: previous }, vec![]));
}

#[test]
fn tokens_outlive_a_kill_by_their_hashes_and_stay_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path(), at(0));
    let secret = store.new_token().unwrap();
    let (viewer, operator) =
        (Granted::new(Role::Viewer, &secret, None), Granted::new(Role::Operator, &secret, None));
    let grant = |name: &str, before, after: &Granted| Change::Grant {
        name: name.into(),
        before,
        after: after.clone(),
    };
    for change in [
        grant("ci", None, &viewer),
        grant("ci", Some(viewer.clone()), &operator),
        grant("gone", None, &viewer),
        Change::Revoke { name: "gone".into(), before: viewer },
    ] {
        record(&store, &change).unwrap();
    }
    let copy = copy_of(folder.path());
    let (_, remembered) = open(copy.path(), at(5));
    assert_eq!(remembered.tokens.iter().collect::<Vec<_>>(), [("ci", &operator)]);
    assert_eq!(remembered.tokens.whose(secret.reveal().as_bytes()), Some(("ci", &operator)));
    let text = fs::read_to_string(Trail::path(folder.path())).unwrap();
    assert!(text.contains(r#""action":"revoke","target":"token:gone""#), "{text}");
    assert!(!text.contains(secret.reveal()), "{text}");
}

/// Whoever can write the file can also compute checksums; they cannot make the chain fit without
/// writing anew all that comes after, which changes the last hash.
#[test]
fn no_entry_can_be_changed_removed_added_or_moved_unseen() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path(), at(0));
    for target in ["pool:a", "pool:b", "pool:c", "pool:d"] {
        record(&store, &set(target, OverrideState::Drain, at(1), 0)).unwrap();
    }
    let path = Trail::path(folder.path());
    let whole = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = whole.split_inclusive('\n').collect();
    let forged = |line: &str, to: &str| {
        let json = line.trim_end().splitn(3, ' ').nth(2).unwrap().replace("alice", to);
        String::from_utf8(line::encode(&json)).unwrap()
    };
    let changed = forged(lines[1], "mallory");
    let chain = store.trail(Part::WHOLE).unwrap().chain;
    for (what, text, line) in [
        ("changed", [lines[0], &changed, lines[2], lines[3]].concat(), 3),
        ("removed", [lines[0], lines[2], lines[3]].concat(), 2),
        ("the first removed", lines[1..].concat(), 1),
        ("twice", [lines[0], lines[1], lines[1], lines[2], lines[3]].concat(), 3),
        ("swapped", [lines[0], lines[2], lines[1], lines[3]].concat(), 2),
    ] {
        fs::write(&path, &text).unwrap();
        let trail = store.trail(Part::WHOLE).unwrap();
        assert_eq!(
            trail.wrong.first().map(|finding| finding.line),
            Some(line),
            "{what}: {trail:?}"
        );
        assert!(trail.wrong[0].expected.contains("changed, removed or added"), "{what}");
    }
    // These are seen by whoever remembers the end.
    for text in [lines[..3].concat(), lines[..3].concat() + &forged(lines[3], "mallory")] {
        fs::write(&path, &text).unwrap();
        let trail = store.trail(Part::WHOLE).unwrap();
        assert_eq!(trail.wrong, []);
        assert_ne!(trail.chain, chain);
    }
}

/// However large it is, whoever wants one entry gets one, and hears how all of it stands.
#[test]
fn a_part_of_the_log_is_all_that_is_kept_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path(), at(0));
    for _ in 0..20 {
        record(&store, &set("pool:a", OverrideState::Drain, at(1), 0)).unwrap();
    }
    let whole = store.trail(Part::WHOLE).unwrap();
    assert_eq!((whole.entries.len(), whole.more, whole.wrong_in_all), (20, false, 0));
    for (after, entries, more) in [(0, 3, true), (16, 3, true), (17, 3, false), (20, 3, false)] {
        let part = store.trail(Part { after, entries, wrong: 0 }).unwrap();
        let first = usize::try_from(after).unwrap();
        let last = (first + entries).min(20);
        assert_eq!((&part.entries[..], part.more), (&whole.entries[first..last], more), "{after}");
        assert_eq!(part.chain, whole.chain);
    }
    // Garbage, and a line that would fill the memory.
    let path = Trail::path(folder.path());
    let long = "x".repeat(2 * 1024 * 1024);
    let lines = fs::read_to_string(&path).unwrap();
    fs::write(&path, ["y\n".repeat(50), long, "\n".into(), lines].concat()).unwrap();
    let part = store.trail(Part { after: 0, entries: 1, wrong: 2 }).unwrap();
    assert_eq!((part.wrong.len(), part.wrong_in_all), (2, 51), "{:?}", part.wrong);
    assert_eq!((part.entries.len(), part.chain), (1, whole.chain));
    let last = store.trail(Part { wrong: 51, ..Part::WHOLE }).unwrap().wrong.pop().unwrap();
    assert_eq!((last.line, &*last.found), (51, "a line that is longer than any that is written"));
}

/// What ended is written down when the disk takes it, and by then something else may stand there.
#[test]
fn an_end_that_is_written_down_late_ends_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path(), at(0));
    let target: Target = "pool:web".parse().unwrap();
    let first = Override::new(OverrideState::Drain, "first", at(1), Some(Duration::from_secs(9)));
    let second = Override::new(OverrideState::Down, "second", at(11), None);
    let about: crate::notice::Pattern = "pool:web".parse().unwrap();
    let silence = |since: u64, until: u64| {
        let (reason, by) = ("x".to_owned(), "alice".to_owned());
        let silence = crate::notice::Silence { reason, by, since: at(since), until: at(until) };
        SilenceText::new(&about, &silence)
    };
    let (short, long) = (silence(1, 10), silence(11, 1000));
    for change in [
        Change::Set { target: target.clone(), before: None, after: first.clone() },
        Change::Silence { before: None, after: short.clone() },
        Change::Set { target: target.clone(), before: None, after: second.clone() },
        Change::Silence { before: None, after: long.clone() },
        Change::Expire { target: target.clone(), before: first },
        Change::Unsilence { before: short },
    ] {
        record(&store, &change).unwrap();
    }
    let copy = copy_of(folder.path());
    let (_, remembered) = open(copy.path(), at(12));
    assert_eq!(remembered.overrides.get(&target), Some(&second));
    let known = remembered.silences.get(&about).map(|silence| SilenceText::new(&about, silence));
    assert_eq!(known, Some(long.clone()));
    record(&store, &Change::Expire { target, before: second }).unwrap();
    record(&store, &Change::Unsilence { before: long }).unwrap();
    let copy = copy_of(folder.path());
    let (_, remembered) = open(copy.path(), at(12));
    assert_eq!((targets(&remembered), remembered.silences.count()), (vec![], 0));
}

/// Whatever is done, it can be said why; entries of before that nobody gave a reason for are as they were.
#[test]
fn whoever_says_why_is_quoted() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path(), at(0));
    record(&store, &set("pool:web", OverrideState::Drain, at(1), 0)).unwrap();
    record(&store, &clear("pool:web")).unwrap();
    let author = Author { reason: Some("the kernel is new".into()), ..alice() };
    let (before, after) = ("r1".to_owned(), "r2".to_owned());
    for change in [clear("pool:web"), Change::Reload { before, after, commit: None }] {
        store.audit(at(2), &author, &change).unwrap();
    }
    let trail = store.trail(Part::WHOLE).unwrap();
    let reasons: Vec<_> = trail.entries.iter().map(|entry| entry.reason.as_deref()).collect();
    let why = Some("the kernel is new");
    assert_eq!(reasons, [Some("because \"x\"\n"), None, why, why]);
    assert_eq!(trail.wrong, []);
}

/// Its chain goes on from what can be read.
#[test]
fn what_follows_damage_is_chained_again() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path(), at(0));
    for target in ["pool:a", "pool:b"] {
        record(&store, &set(target, OverrideState::Drain, at(1), 0)).unwrap();
    }
    drop(store);
    let path = Trail::path(folder.path());
    let mut bytes = fs::read(&path).unwrap();
    let last = bytes.len() - 2;
    bytes[last] ^= 1;
    fs::write(&path, bytes).unwrap();
    let (store, remembered) = open(folder.path(), at(2));
    assert_eq!(targets(&remembered), ["pool:a"]);
    record(&store, &set("pool:c", OverrideState::Drain, at(3), 0)).unwrap();
    let trail = store.trail(Part::WHOLE).unwrap();
    assert_eq!(trail.wrong.len(), 1, "{trail:?}");
    assert_eq!(trail.wrong[0].line, 2);
    assert_eq!(trail.chain.length, 2);
}

#[test]
fn what_ended_while_no_daemon_ran_is_dropped_and_written_down() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path(), at(0));
    record(&store, &set("pool:a", OverrideState::Drain, at(1), 60)).unwrap();
    record(&store, &set("pool:b", OverrideState::Drain, at(1), 61)).unwrap();
    drop(store);
    let (store, remembered) = open(folder.path(), at(61));
    assert_eq!(targets(&remembered), ["pool:b"]);
    drop(store);
    // A clock set back does not bring it to life again.
    let (_, remembered) = open(folder.path(), at(2));
    assert_eq!(targets(&remembered), ["pool:b"]);
    let text = fs::read_to_string(folder.path().join("audit.jsonl")).unwrap();
    assert_eq!(text.matches(r#""action":"expire""#).count(), 1);
}
