//! Loading takes memory in proportion to what is loaded, counted in allocations and their bytes.
//! How long it takes is measured: see `docs/performance.md`.
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use steersman::reload;
use steersman::wire::Name;
use steersman::zone::{Zone, build, read};

/// Counts what all threads allocate.
struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicU64 = AtomicU64::new(0);
/// Held by the test that counts.
static TURN: Mutex<()> = Mutex::new(());

#[expect(unsafe_code, reason = "an allocator can be written in no other way")]
// SAFETY: everything is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        BYTES.fetch_add(layout.size() as u64, Ordering::Relaxed);
        // SAFETY: the caller keeps to the same contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the pointer came from `System.alloc` above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How many allocations something takes, and of how many bytes.
fn counted<T>(work: impl FnOnce() -> T) -> (u64, u64) {
    let counters = || (ALLOCATIONS.load(Ordering::Relaxed), BYTES.load(Ordering::Relaxed));
    let (allocations, bytes) = counters();
    drop(work());
    let (more_allocations, more_bytes) = counters();
    (more_allocations - allocations, more_bytes - bytes)
}

const HEAD: &str = "$TTL 300\n@ SOA ns host 1 1h 15m 2w 300\n@ NS ns\nns A 192.0.2.1\n";

fn zone_text(names: usize) -> String {
    let mut text = HEAD.to_owned();
    for n in 0..names {
        let _ = writeln!(text, "host{n} A 10.0.{}.{}", n / 256 % 256, n % 256);
    }
    text
}

fn load_zone(text: &str) -> Zone {
    let apex = Name::parse("example.com.", &Name::root()).expect("a name");
    let (records, findings) = read("z", text.as_bytes(), &apex, &mut |_, _| Err("none".into()));
    assert_eq!(findings, []);
    build(&apex, &records, &[], 7).expect("a good zone")
}

/// Names cost memory in large pieces only, which double as they grow.
#[test]
fn a_name_is_no_allocation() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let (few, many) = (zone_text(20_000), zone_text(80_000));
    let (allocations, _) = counted(|| load_zone(&few));
    let (more_allocations, _) = counted(|| load_zone(&many));
    assert!(allocations < 200, "{allocations} allocations for 20,000 names");
    assert!(more_allocations <= allocations + 20, "{more_allocations} after {allocations}");
    // The counter does count.
    assert_eq!(counted(|| Box::new([0_u8; 10])), (1, 10));
}

/// The same names from the last to the first: they have to be put in order.
#[test]
fn order_costs_no_allocation_for_a_name() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let reversed = |names| {
        let text = zone_text(names);
        let lines: Vec<&str> = text.lines().skip(4).collect();
        format!("{HEAD}{}\n", lines.into_iter().rev().collect::<Vec<_>>().join("\n"))
    };
    let (allocations, _) = counted(|| load_zone(&reversed(20_000)));
    assert!(allocations < 300, "{allocations} allocations for 20,000 names");
}

fn load_folder(zones: usize, steered: usize) -> (u64, u64) {
    let folder = tempfile::tempdir().expect("a folder");
    write_folder(folder.path(), zones, steered);
    counted(|| reload::load_from(&folder.path().join("steersman.toml"), 7).expect("good files"))
}

fn write_folder(folder: &Path, zones: usize, steered: usize) {
    let (mut pools, mut names) = (String::new(), String::new());
    for n in 0..steered / 10 {
        let _ = write!(pools, "[pools.p{n}]\nendpoints = [\"10.1.{}.{}\"]\n", n / 256, n % 256);
    }
    for n in 0..steered {
        let (first, second) = (n / 10, (n / 10 + 1) % (steered / 10));
        let _ = write!(names, "[s{n}]\nfailover = [\"p{first}\", \"p{second}\"]\n");
    }
    let write = |file: &str, text: &str| fs::write(folder.join(file), text).expect("a file");
    fs::create_dir(folder.join("zones")).expect("a folder");
    write("steersman.toml", "zones = \"zones\"\ngeoip = []\nstate = \"state\"\n");
    write("zones/pools.toml", &pools);
    write("zones/steered.example.zone", HEAD);
    write("zones/steered.example.toml", &names);
    for n in 0..zones {
        write(&format!("zones/z{n}.example.zone"), &zone_text(10));
    }
}

#[test]
fn four_times_the_zones_and_steered_names_are_four_times_the_memory() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    for (zones, steered) in [(200, 20), (10, 2_000)] {
        let (few, few_bytes) = load_folder(zones, steered);
        let (many, many_bytes) = load_folder(zones * 4, steered * 4);
        assert!(many <= few * 5, "{many} allocations after {few}");
        assert!(many_bytes <= few_bytes * 5, "{many_bytes} bytes after {few_bytes}");
    }
}
