//! Programs of Debian's packages that tests start: where one is missing, its tests pass, unless all
//! are wanted.

use std::io::{self, Write as _};

/// Says that something is left out for want of a package; fails if `STEERSMAN_PEERS=required` is
/// set, as in CI.
#[track_caller]
pub fn miss(what: &str, package: &str) {
    let required = std::env::var("STEERSMAN_PEERS").is_ok_and(|value| value == "required");
    assert!(!required, "{package} is not installed");
    // Not by a macro, whose output a test that passes would hide.
    let _ = writeln!(io::stderr(), "NOT {what}: {package} is not installed");
}
