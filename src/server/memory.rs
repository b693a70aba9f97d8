//! What the allocator keeps of memory that was freed.
#![cfg_attr(target_env = "gnu", expect(unsafe_code, reason = "mallopt has no safe wrapper"))]

/// What may lie free at the end of one of the allocator's heaps, in bytes: its own default.
#[cfg(target_env = "gnu")]
const KEPT_BYTES: libc::c_int = 128 * 1024;

/// Has memory that was freed go back to the system from now on. Glibc takes one large block that was
/// freed, as each load and each scrape of the metrics has some, for a sign that more will be wanted,
/// and from then on keeps up to 64 MiB in each of its heaps, unless it was told what to keep
/// (mallopt(3), `M_TRIM_THRESHOLD`).
pub fn give_memory_back() {
    // SAFETY: the call takes no pointers.
    #[cfg(target_env = "gnu")]
    unsafe {
        libc::mallopt(libc::M_TRIM_THRESHOLD, KEPT_BYTES)
    };
}
