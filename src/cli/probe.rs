//! `probe`: the monitors of one endpoint, run once and now, step by step.
//!
//! By the files alone and from this process: the daemon is not asked, and hears nothing of it.

use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use tokio::runtime::{Handle, Runtime};
use tokio::time::{sleep, timeout};

use super::args::ProbeArgs;
use super::serve::lines;
use super::{LAST_TASKS, finish};
use crate::clock;
use crate::config;
use crate::finding::words::{closest, one_of};
use crate::health::{EndpointId, Inventory, State, Target, Verdict};
use crate::probe::{Kit, Plan, Prepare as _, ProbeTarget, step_by_step};
use crate::reload;

/// Exit code 0 if the endpoint passes by what they say now, else 1.
pub fn run(config: &Path, args: &ProbeArgs, runtime: &Runtime) -> ExitCode {
    let outcome = runtime.block_on(async {
        let outcome = probe(config, args).await;
        // Some probes part from their server in peace, which counts those that do not.
        let farewells = async {
            while Handle::current().metrics().num_alive_tasks() > 0 {
                sleep(LOOK).await;
            }
        };
        let _ = timeout(LAST_TASKS, farewells).await;
        outcome
    });
    match outcome {
        Ok((text, true)) => finish(Ok(text)),
        Ok((text, false)) => {
            finish(Ok(text));
            ExitCode::FAILURE
        }
        Err(why) => finish(Err(why)),
    }
}

/// How often is looked whether all tasks have ended.
const LOOK: Duration = Duration::from_millis(5);

/// Runs them all, one after another. Returns what is to be shown, and whether the endpoint passes.
async fn probe(config: &Path, args: &ProbeArgs) -> Result<(String, bool), String> {
    let daemon = config::daemon(config).map_err(|findings| lines(&findings))?;
    let world = reload::load_world(&daemon, 0).map_err(|findings| lines(&findings))?.world;
    let inventory = &world.inventory;
    let id = endpoint(inventory, &args.endpoint)?;
    let kit = Kit::new(&[]).map_err(|failure| failure.to_string())?;
    let plan = Plan::new(inventory);
    let targets = plan.targets_of(id);
    if targets.is_empty() {
        return Ok((format!("{}: no monitor, so it is always up", args.endpoint), true));
    }
    let mut text = String::new();
    let mut states = Vec::new();
    let monitors = inventory.pools.get(id.pool as usize).map_or(&[][..], |pool| &pool.monitors);
    for (monitor, index) in monitors.iter().zip(targets) {
        let (Some(target), Some(monitor)) =
            (plan.targets.get(*index), inventory.monitors.get(*monitor as usize))
        else {
            continue;
        };
        states.push((*index, ask(&kit, &monitor.name, target, &mut text).await));
    }
    // What was not asked may be either.
    let by_guess = |guess| {
        let state = |index| states.iter().find(|(known, _)| *known == index)?.1.or(Some(guess));
        plan.verdict(id, |index| Some(Verdict { state: state(index)?, hold: None })).state
    };
    let end = match [State::Up, State::Down].map(by_guess) {
        [State::Up, State::Up] => "passes",
        [State::Down, State::Down] => "does NOT pass",
        _ => "may pass or not, by what was NOT ASKED",
    };
    // Writing to a string cannot fail.
    let _ = write!(text, "{} {end}", args.endpoint);
    Ok((text, end == "passes"))
}

/// None if nothing was learnt.
async fn ask(kit: &Kit, monitor: &str, target: &ProbeTarget, text: &mut String) -> Option<State> {
    let _ = writeln!(text, "monitor {monitor}: {}", shown(target));
    let began = clock::runtime_now();
    let (result, steps) = step_by_step(&kit.prepare(target), target.timeout).await;
    for step in steps {
        let _ = writeln!(text, "  {:>9}  {}", milliseconds(step.after), step.what);
    }
    let took = milliseconds(began.elapsed());
    let (state, end) = match result {
        Ok(()) => (Some(State::Up), "well".to_owned()),
        Err(failure) if failure.is_ours() => (None, format!("NOT ASKED: {failure}")),
        Err(failure) => (Some(State::Down), format!("FAILED: {failure}")),
    };
    let _ = writeln!(text, "  {took:>9}  {end}");
    state
}

/// The key without the hash of its settings, which says nothing to a person.
fn shown(target: &ProbeTarget) -> &str {
    target.key.rsplit_once(" #").map_or(&*target.key, |(question, _)| question)
}

fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}

/// The endpoint that is meant by `POOL/ADDRESS`.
fn endpoint(inventory: &Inventory, text: &str) -> Result<EndpointId, String> {
    let name = text.strip_prefix("endpoint:").unwrap_or(text);
    let target = Target::meant_by(name).into_iter();
    let mut meant = target.filter(|target| matches!(target, Target::Endpoint(..)));
    let found = meant.find_map(|target| target.endpoints_in(inventory).first().copied());
    found.ok_or_else(|| {
        let names: Vec<String> = inventory
            .pools
            .iter()
            .flat_map(|pool| (0..pool.endpoints.len()).map(|index| pool.endpoint_name(index)))
            .collect();
        let names = || names.iter().map(String::as_str);
        let meant = closest(name, names()).map(|close| format!(" (did you mean {close}?)"));
        let meant = meant.unwrap_or_default();
        format!("unknown endpoint {name:?}{meant}; expected {}", one_of(names()))
    })
}
