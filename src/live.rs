//! The cell that holds the current [`View`], and the only way to change it.
//!
//! Readers load without waiting. Writers take turns, each building a new view from the last one,
//! so that no change of one is lost to another.

mod replaced;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use arc_swap::ArcSwap;

pub use replaced::Replaced;

use crate::view::{View, World};
use replaced::Keeper;

/// How often, and how many times, a world that is served no more is looked at.
const RELEASE_PAUSE: Duration = Duration::from_millis(1);
const RELEASE_LOOKS: usize = 1_000;
/// How many times it is looked whether a number is still that of the view.
const NUMBER_LOOKS: usize = 3;

/// The current view.
pub struct Live {
    view: ArcSwap<View>,
    /// That of the view, or of the one before while a new one takes its place.
    number: AtomicU64,
    writing: Mutex<()>,
    /// Where views go that are replaced, if somebody wants them.
    keeper: OnceLock<Keeper>,
}

impl Live {
    /// Begins with a view.
    pub fn new(view: View) -> Self {
        Self {
            view: ArcSwap::from_pointee(view),
            number: AtomicU64::new(1),
            writing: Mutex::new(()),
            keeper: OnceLock::new(),
        }
    }

    /// The view of this moment; hold it for a batch, not for longer.
    pub fn load(&self) -> arc_swap::Guard<Arc<View>> {
        self.view.load()
    }

    /// The view of this moment, to keep for longer.
    pub fn load_full(&self) -> Arc<View> {
        self.view.load_full()
    }

    /// The view of this moment with its number, by which it can be found again for a while (see
    /// [`Replaced`]). Where it is replaced at this very moment, that may be the number of the one before.
    pub fn load_numbered(&self) -> (arc_swap::Guard<Arc<View>>, u64) {
        let mut number = self.number.load(Ordering::Acquire);
        let mut view = self.view.load();
        for _ in 0..NUMBER_LOOKS {
            let after = self.number.load(Ordering::Acquire);
            if after == number {
                break;
            }
            (number, view) = (after, self.view.load());
        }
        (view, number)
    }

    /// Replaces the view by what `change` makes of it.
    pub fn update(&self, change: impl FnOnce(&View) -> View) {
        let _turn = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.view.load_full();
        let next = change(&before);
        let number = self.number.load(Ordering::Relaxed);
        if let Some(keeper) = self.keeper.get() {
            // Before it is replaced, so that one that is not there any more has been kept.
            keeper.keep(number, &before, &next);
        }
        self.view.store(Arc::new(next));
        self.number.store(number + 1, Ordering::Release);
    }

    /// Keeps views that are replaced from now on, for a while; none if that was asked for before.
    pub fn keep_replaced(self: &Arc<Self>) -> Option<Replaced> {
        let (keeper, replaced) = replaced::channel(Arc::clone(self));
        self.keeper.set(keeper).is_ok().then_some(replaced)
    }
}

/// Frees a world that is served no more.
///
/// Waits until no batch is under way with it, so that it is freed here: giving a big one back to
/// the system takes milliseconds, which no answer may wait for. Whoever keeps it for longer than
/// that, to tell people of it, frees it in the end.
pub fn release(world: Arc<World>) {
    for _ in 0..RELEASE_LOOKS {
        if Arc::strong_count(&world) == 1 {
            return;
        }
        thread::sleep(RELEASE_PAUSE);
    }
}
