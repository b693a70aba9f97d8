//! Asking for every steered name of a world.

use std::cell::RefCell;
use std::sync::Arc;

use steersman::dns::{Reason, Transport};
use steersman::view::{CookieSecrets, World};

use crate::question::{MOST_BYTES, Memory, Way, ask, plain};
use crate::world::{standing_by_turns, view};

const A: u16 = 1;
const AAAA: u16 = 28;
/// So many steered names are asked for.
const MOST_ASKED: usize = 32;

thread_local! {
    static MEMORY: RefCell<Memory> = RefCell::default();
}

/// Each name answers by its policy, to clients here and there.
pub fn ask_all(world: World) {
    let world = Arc::new(world);
    let view = view(&world, standing_by_turns, None, CookieSecrets::default());
    let names = world.steered.iter().flatten().take(MOST_ASKED);
    MEMORY.with_borrow_mut(|memory| {
        for name in names {
            for (rtype, draw, source) in [(A, 0, [10, 1, 0, 1]), (AAAA, 1, [10, 33, 0, 1])] {
                let way = Way {
                    transport: Transport::Udp,
                    source: source.into(),
                    draw,
                    room_bytes: MOST_BYTES,
                };
                let (answered, _) = ask(&view, &plain(name.owner.as_wire(), rtype), way, memory);
                let reasons = [Reason::Steered, Reason::Degraded, Reason::NoData, Reason::ServFail];
                assert!(reasons.contains(&answered.reason), "{name:?} {answered:?}");
            }
        }
    });
}
