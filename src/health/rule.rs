//! Safety rules: what people and files may not take away, as `rules.toml` says.

use super::share::Share;

/// A rule with its name.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Its name, by which a refusal names it.
    pub name: String,
    /// Where it stands: file, line and column.
    pub place: (String, u32, u32),
    /// What it demands.
    pub demand: Demand,
}

/// What a rule demands.
#[derive(Clone, Debug, PartialEq)]
pub enum Demand {
    /// So many regions are up.
    MinRegions {
        /// How many.
        count: u32,
        /// Of these; none: of all that have pools.
        regions: Vec<String>,
    },
    /// So many of the endpoints that a name may answer are up, for each of these names.
    MinCapacity {
        /// How many of all.
        share: Share,
        /// Absolute owner names; none: every steered name.
        names: Vec<String>,
    },
    /// A region is only taken out while one of some others is up.
    OutOnlyWhile {
        /// That region.
        region: String,
        /// The others.
        others: Vec<String>,
    },
}
