//! Buckets of tokens in fixed memory.
//!
//! A bucket is kept as the moment until which its tokens are spent (the generic cell rate
//! algorithm): a reply moves that moment by what one costs, and none goes out that would move it
//! further away than all the tokens that a bucket holds.

/// Buckets that share a cache line, any of which may hold a key.
const WAYS: usize = 4;
/// 64 bytes each: a mebibyte in all.
const SETS: usize = 1 << 14;
/// How much can be spent at once: what comes in in this time.
const BURST_NS: u64 = 1_000_000_000;
/// At least so many tokens, for where many threads share a rate, chance gives one of them several
/// questions in a row.
const BURST_TOKENS: u64 = 10;

/// One bucket; idle, and free for others, once its moment has come.
#[derive(Clone, Copy, Default)]
struct Bucket {
    key: u64,
    spent_until_ns: u64,
}

#[derive(Clone, Copy, Default)]
#[repr(align(64))]
struct Set([Bucket; WAYS]);

pub(super) struct Table {
    sets: Box<[Set]>,
    /// In which time a token comes in.
    token_ns: u64,
    burst_ns: u64,
}

impl Table {
    /// All idle; each bucket gets the share of one thread of so many tokens in a second.
    pub(super) fn new(tokens_per_second: u32, threads: usize) -> Self {
        let seconds_ns = 1_000_000_000 * threads.max(1) as u64;
        let token_ns = (seconds_ns / u64::from(tokens_per_second.max(1))).max(1);
        let sets = vec![Set::default(); SETS].into();
        Self { sets, token_ns, burst_ns: BURST_NS.max(BURST_TOKENS * token_ns) }
    }

    /// Takes a token of a key, unless there is none.
    ///
    /// A key that finds its set full of others takes the place of the one that is idle next, and
    /// begins with all its tokens: whoever makes many keys can make room for others' replies, but
    /// in nobody's way. A network under flood is idle last, and stays.
    #[inline]
    pub(super) fn take(&mut self, key: u64, now_ms: u64) -> bool {
        let now_ns = now_ms * 1_000_000;
        let Set(set) = &mut self.sets[key as usize % SETS];
        let bucket = match set.iter().position(|bucket| bucket.key == key) {
            Some(at) => &mut set[at],
            None => replace(set, key),
        };
        let spent_until_ns = bucket.spent_until_ns.max(now_ns) + self.token_ns;
        let goes_out = spent_until_ns - now_ns <= self.burst_ns;
        if goes_out {
            bucket.spent_until_ns = spent_until_ns;
        }
        goes_out
    }
}

/// Gives the bucket that is idle next to a key.
fn replace(set: &mut [Bucket; WAYS], key: u64) -> &mut Bucket {
    let mut idle_next = 0;
    for at in 1..WAYS {
        if set[at].spent_until_ns < set[idle_next].spent_until_ns {
            idle_next = at;
        }
    }
    set[idle_next] = Bucket { key, spent_until_ns: 0 };
    &mut set[idle_next]
}
