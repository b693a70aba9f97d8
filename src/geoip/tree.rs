//! Whether the search tree of a database is sound enough to be walked to its end.

use maxminddb::Metadata;

/// A tree whose branches are shared, by damage or on purpose, can have 2^96 paths, and its reader
/// counts only those that end in a network. Real trees share the IPv4 part alone, which is walked
/// once; three visits for each node leave room for writers that share more.
const MAX_VISITS_PER_NODE: u64 = 3;

/// Says what is wrong with the search tree of a file, if it cannot be walked to its end or does not
/// end where the metadata say.
pub fn check(file: &[u8], metadata: &Metadata) -> Result<(), &'static str> {
    let tree = Tree {
        file,
        node_count: metadata.node_count,
        node_bytes: usize::from(metadata.record_size) / 4,
    };
    let end = tree.node_count as usize * tree.node_bytes;
    if file.get(end..end + 16) != Some(&[0; 16]) {
        return Err("no 16 zero bytes between the search tree and the records");
    }
    let bounded = match metadata.ip_version {
        6 => tree.is_bounded(128, tree.v4_root()),
        _ => tree.is_bounded(32, None),
    };
    if bounded { Ok(()) } else { Err("the search tree has too many paths") }
}

struct Step {
    node: u32,
    depth: u8,
    /// Whether the path so far lies in ::/96.
    all_zero: bool,
}

struct Tree<'a> {
    file: &'a [u8],
    node_count: u32,
    node_bytes: usize,
}

impl Tree<'_> {
    /// Whether a walk over all networks visits a bounded number of nodes.
    fn is_bounded(&self, address_bits: u8, v4_root: Option<u32>) -> bool {
        let mut visits_left = u64::from(self.node_count) * MAX_VISITS_PER_NODE;
        let mut ahead = vec![Step { node: 0, depth: 0, all_zero: true }];
        while let Some(Step { node, depth, all_zero }) = ahead.pop() {
            let alias = v4_root == Some(node) && !all_zero;
            if node >= self.node_count || depth == address_bits || alias {
                continue;
            }
            if visits_left == 0 {
                return false;
            }
            visits_left -= 1;
            let [left, right] = self.branches(node);
            let right_zero = all_zero && depth >= 96;
            ahead.push(Step { node: left, depth: depth + 1, all_zero });
            ahead.push(Step { node: right, depth: depth + 1, all_zero: right_zero });
        }
        true
    }

    /// The node of ::/96, where IPv4 begins; the reader takes no root of all for it.
    fn v4_root(&self) -> Option<u32> {
        let mut node = 0;
        for _ in 0..96 {
            if node >= self.node_count {
                return None;
            }
            [node, _] = self.branches(node);
        }
        (node != 0).then_some(node)
    }

    /// Where the two branches of a node lead; beyond the file, nowhere.
    fn branches(&self, node: u32) -> [u32; 2] {
        let start = node as usize * self.node_bytes;
        match self.file.get(start..start + self.node_bytes) {
            Some(&[a, b, c, d, e, f]) => [[0, a, b, c], [0, d, e, f]],
            Some(&[a, b, c, both, d, e, f]) => [[both >> 4, a, b, c], [both & 15, d, e, f]],
            Some(&[a, b, c, d, e, f, g, h]) => [[a, b, c, d], [e, f, g, h]],
            _ => [[0xff; 4]; 2],
        }
        .map(u32::from_be_bytes)
    }
}
