//! Which keys a resource has: its own, and those that it inherits.

use super::vscf::Value;

/// Hashes from the innermost to the outermost; what an inner one says counts.
#[derive(Clone, Default)]
pub(super) struct Scope<'v>(Vec<&'v Value>);

impl<'v> Scope<'v> {
    pub(super) fn of(levels: impl IntoIterator<Item = &'v Value>) -> Self {
        Self(levels.into_iter().collect())
    }

    /// The same with a hash within.
    pub(super) fn within(&self, inner: &'v Value) -> Self {
        Self([&[inner], self.0.as_slice()].concat())
    }

    /// The same with hashes around it.
    pub(super) fn outside(&self, outer: Option<&'v Value>) -> Self {
        Self(self.0.iter().copied().chain(outer).collect())
    }

    pub(super) fn get(&self, key: &str) -> Option<&'v Value> {
        self.0.iter().find_map(|level| level.get(key))
    }

    pub(super) fn is_true(&self, key: &str) -> bool {
        let text = self.get(key).and_then(Value::text);
        text.is_some_and(|text| text.eq_ignore_ascii_case("true"))
    }
}
