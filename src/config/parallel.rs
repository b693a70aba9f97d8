//! The same work for many items, on all processors.

use std::num::NonZero;
use std::panic;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// What comes of each item, in the order of the items.
pub(super) fn map<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get).min(items.len());
    if threads < 2 {
        return items.iter().map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let take = || {
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(index) else { return done };
            done.push((index, work(item)));
        }
    };
    let mut done = thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(take)).collect();
        let mut done = take();
        for other in others {
            done.extend(other.join().unwrap_or_else(|panic| panic::resume_unwind(panic)));
        }
        done
    });
    done.sort_unstable_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::map;

    #[test]
    fn results_have_the_order_of_the_items() {
        for count in [0_u64, 1, 2, 1_000] {
            let items: Vec<u64> = (0..count).collect();
            let doubled = map(&items, |item| {
                // So that later items are done before earlier ones.
                if item % 7 == 0 {
                    std::thread::yield_now();
                }
                item * 2
            });
            assert!(doubled.iter().copied().eq((0..count).map(|item| item * 2)), "{count}");
        }
    }

    #[test]
    #[should_panic(expected = "item 5")]
    fn a_panic_comes_through() {
        map(&[1, 2, 3, 4, 5, 6], |item| assert_ne!(*item, 5, "item {item}"));
    }
}
