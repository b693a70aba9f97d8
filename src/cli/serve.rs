//! `serve` and `demo`: the daemon in this process.

use std::path::Path;

use tokio::runtime::Runtime;

use super::CommandResult;
use super::args::DemoArgs;
use super::logging;
use crate::app::{App, StartError, Surroundings};
use crate::config::{self, LogFormat};
use crate::demo;
use crate::finding::Finding;
use crate::reload;

/// Serves until SIGTERM or SIGINT, or until another process has taken over.
pub fn serve(config: &Path, runtime: &Runtime) -> CommandResult {
    let found = Surroundings::take()?;
    let on_failure = found.on_failure();
    let served = serve_in(found, config, runtime);
    if let Err(why) = &served {
        on_failure(why);
    }
    served
}

fn serve_in(found: Surroundings, config: &Path, runtime: &Runtime) -> CommandResult {
    let daemon = config::daemon(config).map_err(|findings| {
        // What is wrong with the other files is said along with it.
        lines(&reload::load_from(config, 0).err().unwrap_or(findings))
    })?;
    let _log = logging::start(daemon.log.format, daemon.log.level.name())?;
    ended(runtime.block_on(async {
        App::start_in(daemon, found).await?.run().await;
        Ok(())
    }))
}

/// Runs the demonstration, or tells one that is running to break or mend a region.
pub fn demo(args: &DemoArgs, runtime: &Runtime) -> CommandResult {
    match (&args.break_region, &args.mend_region) {
        (Some(name), _) => runtime.block_on(demo::order(name, true)),
        (None, Some(name)) => runtime.block_on(demo::order(name, false)),
        (None, None) => {
            let _log = logging::start(LogFormat::Text, "warn")?;
            ended(runtime.block_on(demo::run()))
        }
    }
}

/// What is said at the end of a daemon.
fn ended(how: Result<(), StartError>) -> CommandResult {
    match how {
        // Who ends it while it starts gets what was asked for.
        Ok(()) | Err(StartError::Stopped) => Ok(String::new()),
        Err(StartError::Files(findings)) => Err(lines(&findings)),
        Err(StartError::Other(what)) => Err(what),
    }
}

pub(super) fn lines(findings: &[Finding]) -> String {
    findings.iter().map(|finding| format!("{finding}\n")).collect()
}
