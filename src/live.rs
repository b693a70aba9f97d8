//! The cell that holds the current [`View`], and the only way to change it.
//!
//! Readers load without waiting. Writers take turns, each building a new view from the last one,
//! so that no change of one is lost to another.

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;

use crate::view::View;

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
