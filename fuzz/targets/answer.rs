//! A packet to its answer, which is held to the laws of `steersman_fuzz::reply`.
//!
//! The first six bytes of an input say how the packet comes, the rest is the packet:
//! transport, view, bits (IPv6, room for the reply), draw, and two bytes of the source address.
#![no_main]

use std::cell::RefCell;

use libfuzzer_sys::fuzz_target;
use steersman::view::View;
use steersman_fuzz::question::{Memory, ask, way};
use steersman_fuzz::world::views;

thread_local! {
    static PLAYED: RefCell<(Vec<View>, Memory)> = RefCell::new((views(), Memory::default()));
}

fuzz_target!(|input: &[u8]| {
    let Some((head, packet)) = input.split_first_chunk() else { return };
    PLAYED.with_borrow_mut(|(views, memory)| {
        let (view, way) = way(*head);
        ask(&views[view], packet, way, memory);
    });
});
