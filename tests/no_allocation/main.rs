//! Between receiving a packet and sending its reply nothing is allocated, whatever is asked.
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod questions;
mod workers;
mod world;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use steersman::dns::{
    Answered, Asker, MAX_UDP_BYTES, Reason, Scratch, Transport, answer, truncate,
};
use steersman::rate_limit::{Action, Limiter, Settings};
use steersman::steering::Draw;
use steersman::view::View;
use steersman::wire::Rcode;

use questions::{NOW_SECONDS, packet, table, with_cookie_of, without_keepalive};
use world::{SEED, view};

/// Counts what the present thread allocates, and what others do.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
    static IS_TEST: Cell<bool> = const { Cell::new(false) };
}

/// Of all threads but that of the test.
static ELSEWHERE: AtomicU64 = AtomicU64::new(0);

#[expect(unsafe_code, reason = "an allocator can be written in no other way")]
// SAFETY: everything is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        if !IS_TEST.get() {
            ELSEWHERE.fetch_add(1, Ordering::Relaxed);
        }
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

/// Answers a packet, and sees to it that nothing was allocated.
#[track_caller]
fn answer_without_allocating(
    view: &View,
    packet: &[u8],
    transport: Transport,
) -> (Answered, Vec<u8>) {
    let (room, idle_timeout) = match transport {
        Transport::Udp => (usize::from(MAX_UDP_BYTES), None),
        Transport::Tcp | Transport::Tls => (65_535, Some(Duration::from_secs(10))),
        Transport::Https | Transport::Quic => (65_535, None),
    };
    let source = [198, 51, 100, 7].into();
    let asker = Asker { source, transport, unix_seconds: NOW_SECONDS, idle_timeout };
    let (mut scratch, mut out) = (Scratch::new(SEED), vec![0; room]);
    let before = ALLOCATIONS.get();
    let answered = answer(view, packet, &asker, Draw::new(0x1234_5678), &mut scratch, &mut out);
    assert_eq!(ALLOCATIONS.get() - before, 0, "{packet:?}");
    out.truncate(answered.length);
    (answered, out)
}

/// One test, since no other may run beside those whose threads are counted.
#[test]
fn nothing_is_allocated() {
    IS_TEST.set(true);
    no_answer_allocates();
    no_limit_allocates();
    workers::allocate_nothing();
    // The counters do count.
    let before = (ALLOCATIONS.get(), ELSEWHERE.load(Ordering::Relaxed));
    drop(Box::new(1));
    assert_eq!(ALLOCATIONS.get() - before.0, 1);
    std::thread::spawn(|| drop(Box::new(1))).join().expect("a thread");
    assert!(ELSEWHERE.load(Ordering::Relaxed) > before.1);
}

fn no_answer_allocates() {
    use Transport::{Https, Quic, Tcp, Tls, Udp};
    let view = view();
    let mut said = Vec::new();
    for (packet, reason) in &table() {
        for transport in [Udp, Tcp, Tls, Https, Quic] {
            let packet = if transport == Quic { &without_keepalive(packet) } else { packet };
            let (answered, _) = answer_without_allocating(&view, packet, transport);
            assert_eq!(answered.reason, *reason, "{packet:?} over {transport:?}");
            assert!(!answered.cookie_is_good, "{packet:?}");
            said.push((answered.reason, answered.rcode));
        }
    }
    assert_is_all(&said);
    // RFC 9250 4.3.3: over QUIC keepalive is the end of the connection.
    let (silence, _) = answer_without_allocating(&view, &packet("www.example.", 1), Quic);
    assert_eq!((silence.length, silence.reason), (0, Reason::Malformed));
    // A good cookie, as the last reply has it.
    let (_, reply) = answer_without_allocating(&view, &packet("www.example.", 1), Udp);
    let packet = with_cookie_of(&reply);
    for transport in [Udp, Tcp] {
        assert!(answer_without_allocating(&view, &packet, transport).0.cookie_is_good);
    }
}

/// Every response code was said, and that of a failure for an answer that is too long as well.
fn assert_is_all(said: &[(Reason, Rcode)]) {
    for rcode in [0, 1, 2, 3, 4, 5, 6, 9, 16, 23].map(Rcode) {
        assert!(said.iter().any(|(_, said)| *said == rcode), "{rcode}");
    }
    assert!(said.contains(&(Reason::Static, Rcode::SERVFAIL)));
}

/// Whether a reply is sent, dropped or cut.
fn no_limit_allocates() {
    let view = view();
    let (mut scratch, mut out) = (Scratch::new(SEED), [0; MAX_UDP_BYTES as usize]);
    let settings = Settings { responses_per_second: 5, ..Settings::default() };
    let mut limiter = Limiter::new(&settings, 1, [SEED, !SEED]).expect("a limit");
    let mut actions = Vec::with_capacity(100);
    for question in 0..100 {
        let owner = if question % 2 == 0 { "www.example." } else { "nope.example." };
        let packet = packet(owner, 1);
        let (source, transport) = ([198, 51, 100, 7].into(), Transport::Udp);
        let unix_seconds = NOW_SECONDS;
        let asker = Asker { source, transport, unix_seconds, idle_timeout: None };
        let before = ALLOCATIONS.get();
        let answered = answer(&view, &packet, &asker, Draw::new(0), &mut scratch, &mut out);
        let action = limiter.judge(&source, &out, &answered, || question);
        if action == Action::Slip {
            truncate(&mut out, &answered);
        }
        assert_eq!(ALLOCATIONS.get() - before, 0, "{action:?}");
        actions.push(action);
    }
    for action in [Action::Send, Action::Slip, Action::Drop] {
        assert!(actions.contains(&action), "{action:?}");
    }
}
