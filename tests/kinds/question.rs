//! What a monitor of `pools.toml` says of a server.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use steersman::config;
use steersman::place::Places;
use steersman::probe::{Kit, Plan, Prepare as _};
use tokio::runtime::Runtime;

use crate::support::setup::ZONE;

/// What takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(20);

/// Asks a server by a monitor with this line, which may name files of the folder. Says `well`, or why
/// not.
pub fn ask(folder: &Path, kind: &str, at: SocketAddr) -> String {
    ask_endpoint(folder, kind, &format!("address = \"192.0.2.1\", probe = \"{at}\""))
}

/// The same of an endpoint with these keys.
pub fn ask_endpoint(folder: &Path, kind: &str, endpoint: &str) -> String {
    let pools = format!(
        "[monitors.m]\n{kind}\n[pools.p]\nmonitor = \"m\"\nendpoints = [{{ {endpoint} }}]\n"
    );
    // Of its own, for several tests share a server and its folder.
    let zones = tempfile::tempdir_in(folder).unwrap();
    fs::write(zones.path().join("example.com.zone"), ZONE).unwrap();
    fs::write(zones.path().join("pools.toml"), pools).unwrap();
    let loaded = config::load(zones.path(), Arc::new(Places::unknown()), "", 0);
    let world = loaded.unwrap_or_else(|findings| panic!("{findings:#?}")).world;
    let plan = Plan::new(&world.inventory);
    let ask = Kit::new(&[]).unwrap().prepare(&plan.targets[0]);
    // It goes on after the answer, for some probes take their leave then.
    static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());
    RUNTIME.block_on(async {
        let outcome = tokio::time::timeout(PATIENCE, ask()).await.expect("an end");
        outcome.map_or_else(|failure| failure.to_string(), |()| "well".into())
    })
}
