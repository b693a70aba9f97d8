//! `probe`: the monitors of one endpoint, run once and now, step by step.
//!
//! By the files alone and from this process: the daemon is not asked, and hears nothing of it.

use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use serde::Serialize;
use tokio::runtime::{Handle, Runtime};
use tokio::time::{sleep, timeout};

use super::args::ProbeArgs;
use super::serve::lines;
use super::{LAST_TASKS, finish, show};
use crate::clock;
use crate::config;
use crate::finding::words::{closest, one_of};
use crate::health::{EndpointId, Inventory, State, Target, Verdict};
use crate::probe::{Kit, Plan, Prepare as _, ProbeTarget, Step, step_by_step};
use crate::reload;

/// Exit code 0 if the endpoint passes by what they say now, else 1.
pub fn run(config: &Path, args: &ProbeArgs, json: bool, runtime: &Runtime) -> ExitCode {
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
        Ok(probed) => match finish(show(json, &probed, in_words)) {
            _ if probed.verdict != Passes::Yes => ExitCode::FAILURE,
            said => said,
        },
        Err(why) => finish(Err(why)),
    }
}

/// How often is looked whether all tasks have ended.
const LOOK: Duration = Duration::from_millis(5);

/// What came of all monitors of an endpoint.
#[derive(Serialize)]
struct Probed {
    endpoint: String,
    monitors: Vec<Asked>,
    verdict: Passes,
}

/// What came of one.
#[derive(Serialize)]
struct Asked {
    monitor: String,
    /// What was asked of whom.
    question: String,
    steps: Vec<Passed>,
    took_ms: f64,
    result: Outcome,
    /// Why, unless it was well.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

#[derive(Serialize)]
struct Passed {
    after_ms: f64,
    what: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Well,
    Failed,
    /// Nothing was learnt.
    NotAsked,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Passes {
    Yes,
    No,
    /// By what was not asked.
    Unknown,
}

/// Runs them all, one after another.
async fn probe(config: &Path, args: &ProbeArgs) -> Result<Probed, String> {
    let daemon = config::daemon(config).map_err(|findings| lines(&findings))?;
    let world = reload::load_world(&daemon, 0).map_err(|findings| lines(&findings))?.world;
    let inventory = &world.inventory;
    let id = endpoint(inventory, &args.endpoint)?;
    let kit = Kit::new(&[]).map_err(|failure| failure.to_string())?;
    let plan = Plan::new(inventory);
    let targets = plan.targets_of(id);
    let (mut asked, mut states) = (Vec::new(), Vec::new());
    let monitors = inventory.pools.get(id.pool as usize).map_or(&[][..], |pool| &pool.monitors);
    for (monitor, index) in monitors.iter().zip(targets) {
        let (Some(target), Some(monitor)) =
            (plan.targets.get(*index), inventory.monitors.get(*monitor as usize))
        else {
            continue;
        };
        let one = ask(&kit, &monitor.name, target).await;
        states.push((*index, one.state()));
        asked.push(one);
    }
    // What was not asked may be either.
    let by_guess = |guess| {
        let state = |index| states.iter().find(|(known, _)| *known == index)?.1.or(Some(guess));
        plan.verdict(id, |index| Some(Verdict { state: state(index)?, hold: None })).state
    };
    let verdict = match [State::Up, State::Down].map(by_guess) {
        _ if asked.is_empty() => Passes::Yes,
        [State::Up, State::Up] => Passes::Yes,
        [State::Down, State::Down] => Passes::No,
        _ => Passes::Unknown,
    };
    Ok(Probed { endpoint: args.endpoint.clone(), monitors: asked, verdict })
}

impl Asked {
    fn state(&self) -> Option<State> {
        match self.result {
            Outcome::Well => Some(State::Up),
            Outcome::Failed => Some(State::Down),
            Outcome::NotAsked => None,
        }
    }
}

async fn ask(kit: &Kit, monitor: &str, target: &ProbeTarget) -> Asked {
    let began = clock::runtime_now();
    let (result, steps) = step_by_step(&kit.prepare(target), target.timeout).await;
    let took_ms = milliseconds(began.elapsed());
    let (result, why) = match result {
        Ok(()) => (Outcome::Well, None),
        Err(failure) if failure.is_ours() => (Outcome::NotAsked, Some(failure.to_string())),
        Err(failure) => (Outcome::Failed, Some(failure.to_string())),
    };
    let passed = |step: Step| Passed { after_ms: milliseconds(step.after), what: step.what };
    let steps = steps.into_iter().map(passed).collect();
    Asked { monitor: monitor.into(), question: shown(target).into(), steps, took_ms, result, why }
}

fn in_words(probed: &Probed) -> String {
    let Probed { endpoint, monitors, verdict } = probed;
    if monitors.is_empty() {
        return format!("{endpoint}: no monitor, so it is always up");
    }
    let mut text = String::new();
    for Asked { monitor, question, steps, took_ms, result, why } in monitors {
        let why = why.as_deref().unwrap_or_default();
        let end = match result {
            Outcome::Well => "well".to_owned(),
            Outcome::Failed => format!("FAILED: {why}"),
            Outcome::NotAsked => format!("NOT ASKED: {why}"),
        };
        let steps = steps.iter().map(|step| (step.after_ms, &step.what));
        // Writing to a string cannot fail.
        let _ = writeln!(text, "monitor {monitor}: {question}");
        for (after_ms, what) in steps.chain([(*took_ms, &end)]) {
            let _ = writeln!(text, "  {:>9}  {what}", format!("{after_ms:.1} ms"));
        }
    }
    text + endpoint
        + match verdict {
            Passes::Yes => " passes",
            Passes::No => " does NOT pass",
            Passes::Unknown => " may pass or not, by what was NOT ASKED",
        }
}

/// The key without the hash of its settings, which says nothing to a person.
fn shown(target: &ProbeTarget) -> &str {
    target.key.rsplit_once(" #").map_or(&*target.key, |(question, _)| question)
}

fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1000.0
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
