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
    let mut stage = pure::Pure::new(&story);
    play(&story, Mode::Pure, &mut stage);
}

/// Plays a story on a daemon of its own, with real servers to probe, over real sockets.
pub fn on_the_real_daemon(name: &str) {
    let story = story(name);
    let mut stage = real::Real::new(&story);
    play(&story, Mode::Real, &mut stage);
    stage.stop();
}

fn story(name: &str) -> Story {
    let path = folder().join(format!("{name}.scenario"));
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()));
    read::story(&format!("tests/scenarios/{name}.scenario"), &text)
        .unwrap_or_else(|e| panic!("{e}"))
}

fn play(story: &Story, mode: Mode, stage: &mut impl Stage) {
    let mut so_far = Vec::new();
    for step in &story.steps {
        if step.only.is_some_and(|only| only != mode) {
            continue;
        }
        let result = stage.play(&step.act);
        so_far.push(format!("  {:>9}  {:>3}  {}", stage.clock(), step.line, step.text));
        if let Err(why) = result {
            let Story { file, title, .. } = story;
            panic!(
                "{file}:{}: {}\n  {why}\n{title} ({mode:?}), so far:\n{}\n",
                step.line,
                step.text,
                so_far.join("\n")
            );
        }
    }
}
