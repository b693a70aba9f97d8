//! The cell that holds the current [`View`], and the only way to change it.
//!
//! Readers load without waiting. Writers take turns, each building a new view from the last one,
//! so that no change of one is lost to another.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use arc_swap::ArcSwap;

use crate::view::{View, World};

/// How often, and how many times, a world that is served no more is looked at.
const RELEASE_PAUSE: Duration = Duration::from_millis(1);
const RELEASE_LOOKS: usize = 1_000;
/// How many views that were replaced are kept for whoever tells of answers, at most.
const MOST_REPLACED: usize = 128;
/// Of so many worlds at most: the present one, and the one before.
const MOST_WORLDS: usize = 2;
/// How many times it is looked whether a number is still that of the view.
const NUMBER_LOOKS: usize = 3;

/// The current view.
pub struct Live {
    view: ArcSwap<View>,
    /// That of the view, or of the one before while a new one takes its place.
    number: AtomicU64,
    writing: Mutex<()>,
    /// Whether views are kept that were replaced.
    keeps: AtomicBool,
    /// Them with their numbers, the oldest first.
    replaced: Mutex<VecDeque<(u64, Arc<View>)>>,
}

impl Live {
    /// Begins with a view.
    pub fn new(view: View) -> Self {
        Self {
            view: ArcSwap::from_pointee(view),
            number: AtomicU64::new(1),
            writing: Mutex::new(()),
            keeps: AtomicBool::new(false),
            replaced: Mutex::default(),
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

    /// Replaces the view by what `change` makes of it.
    pub fn update(&self, change: impl FnOnce(&View) -> View) {
        let _turn = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let next = change(&self.view.load());
        let number = self.number.load(Ordering::Relaxed);
        // Whoever looks for a view there gives way to all others, and is not waited for.
        let keeps = self.keeps.load(Ordering::Relaxed);
        let mut replaced = if keeps { self.replaced.try_lock().ok() } else { None };
        let before = self.view.swap(Arc::new(next));
        if let Some(replaced) = &mut replaced {
            replaced.push_back((number, before));
        }
        self.number.store(number + 1, Ordering::Release);
        if let Some(replaced) = &mut replaced {
            forget_some(replaced, &self.view.load().world);
        }
    }

    /// The view of this moment with its number, by which it can be found again for a while. Where it is
    /// replaced at this very moment, that may be the number of the one before.
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

    /// Keeps views that are replaced from now on, until they are forgotten; of two worlds at most.
    pub fn keep_replaced(&self) {
        self.keeps.store(true, Ordering::Relaxed);
    }

    /// The view of a number from [`Live::load_numbered`], and the one after it, which may be meant, as far
    /// as they are there.
    pub fn numbered(&self, number: u64) -> Vec<Arc<View>> {
        let meant = number..=number + 1;
        let replaced = self.replaced();
        let of_those = replaced.iter().filter(|(of, _)| meant.contains(of));
        let mut views: Vec<_> = of_those.map(|(_, view)| Arc::clone(view)).collect();
        if meant.contains(&self.number.load(Ordering::Acquire)) {
            views.push(self.view.load_full());
        }
        views
    }

    /// Forgets views of numbers below this one.
    pub fn forget_replaced(&self, below: u64) {
        let forgotten: Vec<_> = {
            let mut replaced = self.replaced();
            let count = replaced.iter().take_while(|(number, _)| *number < below).count();
            replaced.drain(..count).collect()
        };
        // Freed without the lock.
        drop(forgotten);
    }

    fn replaced(&self) -> MutexGuard<'_, VecDeque<(u64, Arc<View>)>> {
        self.replaced.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps no more views than may be, the latest ones.
fn forget_some(replaced: &mut VecDeque<(u64, Arc<View>)>, present: &Arc<World>) {
    let mut worlds = vec![Arc::clone(present)];
    for (_, view) in replaced.iter().rev() {
        if !worlds.iter().any(|world| Arc::ptr_eq(world, &view.world)) {
            worlds.push(Arc::clone(&view.world));
        }
    }
    // Whole worlds take memory.
    worlds.truncate(MOST_WORLDS);
    let is_kept = |view: &View| worlds.iter().any(|kept| Arc::ptr_eq(kept, &view.world));
    replaced.retain(|(_, view)| is_kept(view));
    if replaced.len() > MOST_REPLACED {
        replaced.pop_front();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::Inventory;
    use crate::place::Places;
    use crate::steering::{Paces, Pools, Turns};
    use crate::view::CookieSecrets;
    use crate::zone::Zones;

    fn view(seed: u64) -> View {
        let world = World {
            rules: Vec::new(),
            maintenance: Vec::new(),
            zones: Zones::new(Vec::new(), seed),
            steered: Vec::new(),
            inventory: Arc::new(Inventory::default()),
            places: Arc::new(Places::unknown()),
            paces: Paces::default(),
            turns: Turns::default(),
            seed,
            revision: String::new(),
            commit: None,
        };
        View {
            world: Arc::new(world),
            pools: Pools::default(),
            nsid: None,
            cookie_secrets: CookieSecrets::default(),
        }
    }

    fn seed(live: &Live, number: u64) -> Option<u64> {
        live.numbered(number).first().map(|view| view.world.seed)
    }

    #[test]
    fn a_view_is_found_by_its_number_until_it_is_forgotten() {
        let live = Live::new(view(1));
        let number = || live.load_numbered().1;
        let first = number();
        assert_eq!(seed(&live, first), Some(1));
        live.update(|_| view(2));
        assert_eq!(seed(&live, first), Some(2), "the one after it: nobody wanted that");
        live.keep_replaced();
        let second = number();
        live.update(|_| view(3));
        let third = number();
        live.update(|now| now.clone());
        assert_eq!([second, third, number()].map(|n| seed(&live, n)), [2, 3, 3].map(Some));
        // Of two worlds at most.
        live.update(|_| view(4));
        assert_eq!([second, third, number()].map(|n| seed(&live, n)), [Some(3), Some(3), Some(4)]);
        live.forget_replaced(number());
        assert_eq!([second, number()].map(|n| seed(&live, n)), [None, Some(4)]);
    }

    #[test]
    fn no_more_views_are_kept_than_may_be() {
        let live = Live::new(view(1));
        live.keep_replaced();
        let first = live.load_numbered().1;
        for _ in 0..MOST_REPLACED {
            live.update(View::clone);
        }
        assert_eq!(live.numbered(first).len(), 2);
        live.update(View::clone);
        live.update(View::clone);
        assert!(live.numbered(first).is_empty());
    }

    /// Whoever loads while views are replaced finds by the number that very view, if any.
    #[test]
    fn a_number_is_that_of_the_view_or_of_the_one_before() {
        let live = Arc::new(Live::new(view(1)));
        live.keep_replaced();
        let looking = {
            let live = Arc::clone(&live);
            thread::spawn(move || {
                let (mut found, mut all) = (0, 0);
                while live.load().world.seed < 20_000 {
                    let (view, number) = live.load_numbered();
                    let views = live.numbered(number);
                    all += 1;
                    found += usize::from(views.iter().any(|found| Arc::ptr_eq(found, &view)));
                }
                (found, all)
            })
        };
        for seed in 2..=20_000 {
            live.update(|_| view(seed));
        }
        let (found, all) = looking.join().unwrap();
        // While somebody looks for one, those that are replaced are not kept.
        assert!(found > 0 && found <= all, "{found} of {all}");
    }
}
