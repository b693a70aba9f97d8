//! Memory that goes back to the system when it is freed.
//!
//! An allocator keeps for later what was freed. The GNU one gives back only pieces that it has
//! asked the system for one by one, and from the size of those that are freed it learns to do so
//! for larger ones alone, but never for larger ones than [`OWN_PAGES`]. What is loaded needs much
//! memory for a moment, so that asking for more than is needed comes to less in the end: pages
//! that are not written to do not exist.

/// From this size on, in bytes, a piece of memory always has pages of its own.
const OWN_PAGES: usize = 34 << 20;
/// What is smaller, in bytes, is not worth it.
const LARGE: usize = 1 << 20;

/// An empty list with room for so many bytes, as far as is known.
pub(crate) fn list<T>(bytes: usize) -> Vec<T> {
    let bytes = if bytes < LARGE { bytes } else { bytes.max(OWN_PAGES) };
    Vec::with_capacity(bytes / size_of::<T>().max(1))
}
