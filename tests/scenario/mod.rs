//! Stories and the two stages that they are played on.

mod ask;
mod expect;
mod files;
mod places;
mod probed;
mod pure;
mod read;
mod real;
mod story;

use std::path::PathBuf;

use story::{Act, Mode, Story};

/// Where a story is played.
trait Stage {
    /// Does what a step says, or tells what went otherwise.
    fn play(&mut self, act: &Act) -> Result<(), String>;

    /// The time since the story began, as this stage counts it.
    fn clock(&self) -> String;
}

/// Where the stories lie.
pub fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios")
}

/// Plays a story without sockets, on simulated time.
pub fn on_the_pure_core(name: &str) {
    let story = story(name);
    play(&story, Mode::Pure, &mut pure::Pure::new(&story)).unwrap_or_else(|why| panic!("{why}"));
}

/// Plays a story on a daemon of its own, with real servers to probe, over real sockets.
pub fn on_the_real_daemon(name: &str) {
    /// A machine so busy that the daemon lost patience this often is too busy for tests.
    const TAKES: u32 = 5;
    let story = story(name);
    for take in 1..=TAKES {
        let mut stage = real::Real::new(&story);
        let result = play(&story, Mode::Real, &mut stage);
        let spoilt = stage.is_spoilt();
        stage.stop();
        match result {
            Ok(()) => return,
            Err(_) if spoilt && take < TAKES => {}
            Err(why) => panic!("{why}"),
        }
    }
}

fn story(name: &str) -> Story {
    let path = folder().join(format!("{name}.scenario"));
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()));
    let shown = format!("tests/scenarios/{name}.scenario");
    read::story(&shown, &text).unwrap_or_else(|why| panic!("{why}"))
}

/// Plays all steps that count in a run; tells the first that goes otherwise, and what led to it.
fn play(story: &Story, mode: Mode, stage: &mut impl Stage) -> Result<(), String> {
    let mut so_far = String::new();
    let steps = story.steps.iter().filter(|step| step.only.is_none_or(|only| only == mode));
    for step in steps {
        let result = stage.play(&step.act);
        so_far += &format!("  {:>9}  {:>3}  {}\n", stage.clock(), step.line, step.text);
        result.map_err(|why| {
            let Story { file, title, .. } = story;
            let (line, text) = (step.line, &step.text);
            format!("{file}:{line}: {text}\n  {why}\n{title} ({mode:?}), so far:\n{so_far}")
        })?;
    }
    Ok(())
}
