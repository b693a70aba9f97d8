//! What the tests of several kinds stand on.

pub(super) mod certificates;
