//! The `steersman` program: see `steersman help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    steersman::cli::main()
}
