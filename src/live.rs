//! The cell that holds the current [`View`], and the only way to change it.
//!
//! Readers load without waiting. Writers take turns, each building a new view from the last one,
//! so that no change of one is lost to another.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use arc_swap::ArcSwap;

use crate::view::{View, World};

/// How often, and how many times, a world that is served no more is looked at.
const RELEASE_PAUSE: Duration = Duration::from_millis(1);
const RELEASE_LOOKS: usize = 1_000;

/// The current view.
pub struct Live {
    view: ArcSwap<View>,
    writing: Mutex<()>,
}

impl Live {
    /// Begins with a view.
    pub fn new(view: View) -> Self {
        Self { view: ArcSwap::from_pointee(view), writing: Mutex::new(()) }
    }

    /// The view of this moment; hold it for a batch, not for longer.
    pub fn load(&self) -> arc_swap::Guard<Arc<View>> {
        self.view.load()
    }

    /// The view of this moment, to keep for longer.
    pub fn load_full(&self) -> Arc<View> {
        self.view.load_full()
    }

    /// Replaces the view by what `change` makes of it.
    pub fn update(&self, change: impl FnOnce(&View) -> View) {
        let _turn = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let next = change(&self.view.load());
        self.view.store(Arc::new(next));
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
