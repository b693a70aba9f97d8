//! Views that have been replaced, for whoever tells of answers that were given from them.
//!
//! Whoever replaces a view hands it over without waiting: who tells gives way to all others, and may have
//! to wait for a disk. So views wait in a queue of a fixed length, and where it is full they are freed.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::Live;
use crate::view::{View, World};

/// How many views are kept at most, in the queue, and of what was taken out of it.
const MOST_REPLACED: usize = 128;
/// How many worlds that were replaced: whole ones take memory.
const MOST_WORLDS: usize = 2;
/// So many times a view that was replaced is passed over before it is forgotten.
const PASSES: usize = 4;

/// The side of those who replace views.
pub(super) struct Keeper {
    queue: SyncSender<(u64, Arc<View>)>,
    /// How many worlds were replaced since somebody looked.
    worlds: Arc<AtomicUsize>,
}

/// The side of the one who wants to find views by their numbers.
pub struct Replaced {
    live: Arc<Live>,
    queue: Receiver<(u64, Arc<View>)>,
    worlds: Arc<AtomicUsize>,
    /// What was taken out of the queue, the oldest first.
    kept: VecDeque<(u64, Arc<View>)>,
    /// The numbers of the present views at the last passes.
    numbers: VecDeque<u64>,
}

/// Both sides.
pub(super) fn channel(live: Arc<Live>) -> (Keeper, Replaced) {
    let (sender, queue) = sync_channel(MOST_REPLACED);
    let worlds = Arc::new(AtomicUsize::new(0));
    let keeper = Keeper { queue: sender, worlds: Arc::clone(&worlds) };
    let (kept, numbers) = (VecDeque::new(), VecDeque::new());
    (keeper, Replaced { live, queue, worlds, kept, numbers })
}

impl Keeper {
    /// Keeps a view that is about to be replaced, if there is room.
    pub(super) fn keep(&self, number: u64, view: &Arc<View>, next: &View) {
        if self.worlds.load(Ordering::Relaxed) >= MOST_WORLDS {
            return;
        }
        // An error says that the queue is full, or that nobody wants it any more.
        let _ = self.queue.try_send((number, Arc::clone(view)));
        if !Arc::ptr_eq(&view.world, &next.world) {
            self.worlds.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Replaced {
    /// The view of a number from [`Live::load_numbered`], and the one after it, which may be meant, as far
    /// as they are there.
    pub fn numbered(&mut self, number: u64) -> Vec<Arc<View>> {
        let (present, now) = {
            let (view, number) = self.live.load_numbered();
            (Arc::clone(&view), number)
        };
        // After the present one was looked at: what it has replaced is in the queue.
        self.gather();
        let meant = number..=number + 1;
        let those = self.kept.iter().filter(|(of, _)| meant.contains(of));
        let mut views: Vec<_> = those.map(|(_, view)| Arc::clone(view)).collect();
        if meant.contains(&now) || meant.contains(&(now + 1)) {
            views.push(present);
        }
        views
    }

    /// Forgets views that have been passed over often enough.
    pub fn pass(&mut self) {
        self.gather();
        self.numbers.push_back(self.live.load_numbered().1);
        if self.numbers.len() > PASSES
            && let Some(oldest) = self.numbers.pop_front()
        {
            self.kept.retain(|(number, _)| *number >= oldest);
        }
    }

    /// The view of this moment.
    pub fn present(&self) -> Arc<View> {
        self.live.load_full()
    }

    fn gather(&mut self) {
        self.kept.extend(self.queue.try_iter());
        self.worlds.store(0, Ordering::Relaxed);
        let mut worlds: Vec<Arc<World>> = Vec::new();
        for (_, view) in self.kept.iter().rev() {
            if !worlds.iter().any(|world| Arc::ptr_eq(world, &view.world)) {
                worlds.push(Arc::clone(&view.world));
            }
        }
        worlds.truncate(MOST_WORLDS);
        let is_kept = |view: &View| worlds.iter().any(|kept| Arc::ptr_eq(kept, &view.world));
        self.kept.retain(|(_, view)| is_kept(view));
        let too_many = self.kept.len().saturating_sub(MOST_REPLACED);
        self.kept.drain(..too_many);
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

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

    fn seeds(replaced: &mut Replaced, number: u64) -> Vec<u64> {
        replaced.numbered(number).iter().map(|view| view.world.seed).collect()
    }

    #[test]
    fn a_view_is_found_by_its_number_until_it_is_forgotten() {
        let live = Arc::new(Live::new(view(1)));
        let number = || live.load_numbered().1;
        let first = number();
        let mut replaced = live.keep_replaced().unwrap();
        assert!(live.keep_replaced().is_none(), "a second time");
        assert_eq!(seeds(&mut replaced, first), [1]);
        live.update(|_| view(2));
        let second = number();
        assert_eq!(seeds(&mut replaced, first), [1, 2]);
        live.update(View::clone);
        assert_eq!(seeds(&mut replaced, second), [2, 2]);
        for _ in 0..PASSES {
            replaced.pass();
        }
        assert_eq!(seeds(&mut replaced, first)[0], 1);
        replaced.pass();
        assert_eq!(seeds(&mut replaced, first), [0; 0]);
    }

    #[test]
    fn whoever_does_not_look_costs_two_worlds_and_so_many_views() {
        let live = Arc::new(Live::new(view(1)));
        let first = live.load_numbered().1;
        let mut replaced = live.keep_replaced().unwrap();
        let worlds: Vec<_> = (2..6)
            .map(|seed| {
                let world = Arc::downgrade(&live.load().world);
                live.update(View::clone);
                live.update(|_| view(seed));
                world
            })
            .collect();
        let are_kept = || worlds.iter().map(|world| world.upgrade().is_some()).collect::<Vec<_>>();
        assert_eq!(are_kept(), [true, true, false, false]);
        assert_eq!(seeds(&mut replaced, first), [1, 1]);
        for _ in 0..2 * MOST_REPLACED {
            live.update(View::clone);
        }
        replaced.gather();
        assert_eq!(replaced.kept.len(), MOST_REPLACED);
    }

    /// While views are replaced as fast as can be, but for that no more are between two looks than may be kept.
    #[test]
    fn a_number_is_that_of_the_view_or_of_the_one_before() {
        const BATCHES: usize = 400;
        const BATCH: usize = MOST_REPLACED / 3;
        let live = Arc::new(Live::new(view(1)));
        let mut replaced = live.keep_replaced().unwrap();
        let looks = Arc::new(AtomicUsize::new(0));
        let updating = {
            let (live, looks) = (Arc::clone(&live), Arc::clone(&looks));
            thread::spawn(move || {
                for _ in 0..BATCHES {
                    (0..BATCH).for_each(|_| live.update(View::clone));
                    // One look that was under way, and a whole one.
                    let enough = looks.load(Ordering::Acquire) + 2;
                    while looks.load(Ordering::Acquire) < enough {
                        thread::yield_now();
                    }
                }
            })
        };
        while !updating.is_finished() {
            let (view, number) = {
                let (view, number) = live.load_numbered();
                (Arc::clone(&view), number)
            };
            let found = replaced.numbered(number);
            assert!(found.iter().any(|one| Arc::ptr_eq(one, &view)), "{number}");
            looks.fetch_add(1, Ordering::AcqRel);
        }
        updating.join().unwrap();
    }
}
