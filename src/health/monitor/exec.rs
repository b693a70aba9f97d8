//! What a monitor runs.

use std::sync::Arc;

/// A command of the operator.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ExecCheck {
    /// The absolute path of the program, and its arguments.
    pub command: Arc<[String]>,
}
