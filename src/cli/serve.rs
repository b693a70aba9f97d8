//! `serve` and `demo`: the daemon in this process.

use std::path::Path;

use tokio::runtime::Runtime;

use super::CommandResult;
use super::args::DemoArgs;
use super::logging;
use crate::app::{App, StartError};
use crate::config::{self, LogFormat};
use crate::demo;
use crate::finding::Finding;
use crate::reload;

/// Serves until SIGTERM or SIGINT.
pub fn serve(config: &Path, runtime: &Runtime) -> CommandResult {
    let daemon = config::daemon(config).map_err(|findings| {
        // What is wrong with the other files is said along with it.
        lines(&reload::load_from(config, 0).err().unwrap_or(findings))
    })?;
    let _log = logging::start(daemon.log.format, daemon.log.level.name())?;
    runtime.block_on(async {
        App::start(daemon).await.map_err(in_words)?.run().await;
        Ok(String::new())
    })
}

/// Runs the demonstration, or tells one that is running to break or mend a region.
pub fn demo(args: &DemoArgs, runtime: &Runtime) -> CommandResult {
    match (&args.break_region, &args.mend_region) {
        (Some(name), _) => runtime.block_on(demo::order(name, true)),
        (None, Some(name)) => runtime.block_on(demo::order(name, false)),
        (None, None) => {
            let _log = logging::start(LogFormat::Text, "warn")?;
            runtime.block_on(demo::run()).map(|()| String::new()).map_err(in_words)
        }
    }
}

fn in_words(error: StartError) -> String {
    match error {
        StartError::Files(findings) => lines(&findings),
        StartError::Other(what) => what,
    }
}

pub(super) fn lines(findings: &[Finding]) -> String {
    findings.iter().map(|finding| format!("{finding}\n")).collect()
}
