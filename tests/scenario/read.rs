//! From the text of a story to a [`Story`], or to the line that cannot be understood.

use std::time::Duration;

use steersman::duration::parse_duration;
use steersman::health::{OverrideState, Target};
use steersman::question::parse_rtype;

use super::expect::Expectation;
use super::places::{self, Place};
use super::probed::Condition;
use super::story::{Act, Among, Asked, Mode, Step, Story, Who};

const STORY: &str = "story";
const PLACES: &str = "places";

/// What stands for the records of a zone whose file a story leaves out.
const PLAIN_ZONE: (&str, &str) = (
    "example.com.zone",
    "$TTL 3600\n@ SOA ns1 hostmaster 1 3600 900 86400 300\n@ NS ns1\nns1 A 203.0.113.53\n",
);

/// Reads a story.
pub fn story(file: &str, text: &str) -> Result<Story, String> {
    let mut sections = Sections::new(text);
    let title = sections.title()?;
    let (mut files, mut places, mut steps) = (Vec::new(), Vec::new(), Vec::new());
    let mut begun = false;
    while let Some(section) = sections.next() {
        let at = |(line, why): (usize, String)| format!("{file}:{line}: {why}");
        match section.name {
            STORY => {
                begun = true;
                steps.extend(section.steps().map_err(at)?);
            }
            PLACES if begun => steps.push(section.step(Act::Places(section.places().map_err(at)?))),
            PLACES => places = section.places().map_err(at)?,
            name if begun => {
                let (name, text) = (name.to_owned(), section.text());
                steps.push(section.step(Act::Write { name, text }));
            }
            name => files.push((name.to_owned(), section.text())),
        }
    }
    if !files.iter().any(|(name, _)| name == PLAIN_ZONE.0) {
        files.push((PLAIN_ZONE.0.into(), PLAIN_ZONE.1.into()));
    }
    expects_follow_questions(&steps)
        .map_err(|line| format!("{file}:{line}: what is expected stands right after a question"))?;
    Ok(Story { file: file.to_owned(), title, files, places, steps })
}

/// The line of the first expectation that stands somewhere else.
fn expects_follow_questions(steps: &[Step]) -> Result<(), usize> {
    let mut asked = false;
    for step in steps {
        match step.act {
            Act::Ask(_) => asked = true,
            Act::Expect(_) if !asked => return Err(step.line),
            Act::Expect(_) => {}
            _ => asked = false,
        }
    }
    Ok(())
}

/// The parts of a file, each beginning with `=== NAME`.
struct Sections<'t> {
    lines: std::iter::Peekable<std::iter::Enumerate<std::str::Lines<'t>>>,
}

struct Section<'t> {
    line: usize,
    name: &'t str,
    lines: Vec<(usize, &'t str)>,
}

impl<'t> Sections<'t> {
    fn new(text: &'t str) -> Self {
        Self { lines: text.lines().enumerate().peekable() }
    }

    /// The first line; what follows it is for the reader.
    fn title(&mut self) -> Result<String, String> {
        let title = self.lines.peek().map_or("", |(_, line)| line.trim());
        while self.lines.next_if(|(_, line)| !line.starts_with("===")).is_some() {}
        if title.is_empty() {
            Err("a story begins with its title".into())
        } else {
            Ok(title.into())
        }
    }

    fn next(&mut self) -> Option<Section<'t>> {
        let (index, head) = self.lines.next()?;
        let name = head.trim_matches('=').trim();
        let mut section = Section { line: index + 1, name, lines: Vec::new() };
        while let Some((index, line)) = self.lines.next_if(|(_, line)| !line.starts_with("===")) {
            section.lines.push((index + 1, line));
        }
        Some(section)
    }
}

impl Section<'_> {
    fn text(&self) -> String {
        self.lines.iter().map(|(_, line)| format!("{line}\n")).collect()
    }

    fn step(&self, act: Act) -> Step {
        Step { line: self.line, text: format!("=== {}", self.name), only: None, act }
    }

    /// Lines that say something, each as words.
    fn spoken(&self) -> impl Iterator<Item = (usize, &str)> {
        let spoken = self.lines.iter().map(|(line, text)| (*line, text.trim()));
        spoken.filter(|(_, text)| !text.is_empty() && !text.starts_with('#'))
    }

    fn places(&self) -> Result<Vec<Place>, (usize, String)> {
        self.spoken().map(|(line, text)| places::place(text).map_err(|why| (line, why))).collect()
    }

    fn steps(&self) -> Result<Vec<Step>, (usize, String)> {
        self.spoken().map(|(line, text)| step(line, text).map_err(|why| (line, why))).collect()
    }
}

fn step(line: usize, text: &str) -> Result<Step, String> {
    let (only, said) = match text.split_once(": ") {
        Some(("pure", rest)) => (Some(Mode::Pure), rest),
        Some(("real", rest)) => (Some(Mode::Real), rest),
        _ => (None, text),
    };
    let words: Vec<&str> = said.split_whitespace().collect();
    let act = act(&words, said)?;
    Ok(Step { line, text: text.to_owned(), only, act })
}

fn act(words: &[&str], said: &str) -> Result<Act, String> {
    Ok(match words {
        ["expect", ..] => Act::Expect(Expectation::read(&quoted_words(&said["expect".len()..]))?),
        ["ask", name, rtype, rest @ ..] => Act::Ask(asked(name, rtype, rest)?),
        ["after", time] => Act::After(parse_duration(time)?),
        ["settle"] => Act::Settle,
        ["restart"] => Act::Restart,
        ["reload"] => Act::Reload { refused_with: None },
        ["reload", "fails:", ..] => {
            let text = said.split_once("fails:").map_or("", |(_, text)| text.trim());
            Act::Reload { refused_with: Some(text.into()) }
        }
        ["remove", name] => Act::Remove { name: (*name).into() },
        ["clear", target] => Act::Clear(target.parse()?),
        ["failback", pool] => Act::Failback { pool: (*pool).into(), refused: false },
        ["failback", pool, "fails"] => Act::Failback { pool: (*pool).into(), refused: true },
        ["drain", rest @ ..] => overriding(OverrideState::Drain, rest)?,
        ["up", rest @ ..] => overriding(OverrideState::Up, rest)?,
        ["down", rest @ ..] => overriding(OverrideState::Down, rest)?,
        ["all", "probes", rest @ ..] => {
            probing(Who { among: Among::Everything, monitor: None }, rest)?
        }
        ["probe", endpoint, "by", monitor, rest @ ..] => {
            probing(Who { among: one(endpoint)?, monitor: Some((*monitor).into()) }, rest)?
        }
        ["probe", endpoint, rest @ ..] => {
            probing(Who { among: one(endpoint)?, monitor: None }, rest)?
        }
        [whom @ .., "dies"] => Act::Become { who: who(whom)?, condition: Condition::Broken },
        [whom @ .., "answers", "another", "body"] => {
            Act::Become { who: who(whom)?, condition: Condition::OtherBody }
        }
        [whom @ .., "loses", "its", "process"] => {
            Act::Become { who: who(whom)?, condition: Condition::Gone }
        }
        [whom @ .., "vanishes"] => Act::Become { who: who(whom)?, condition: Condition::Vanished },
        [whom @ .., "hangs"] => Act::Become { who: who(whom)?, condition: Condition::Hangs },
        [whom @ .., "returns"] => Act::Become { who: who(whom)?, condition: Condition::Well },
        _ => return Err(format!("cannot understand {said:?}")),
    })
}

fn asked(name: &str, rtype: &str, rest: &[&str]) -> Result<Asked, String> {
    let mut asked = Asked::new(format!("{}.", name.trim_end_matches('.')), parse_rtype(rtype)?);
    for pair in rest.chunks(2) {
        match pair {
            ["from", address] => {
                asked.from = address.parse().map_err(|_| format!("{address:?} is no address"))?;
                if !asked.from.is_loopback() {
                    return Err("the real run can only ask from 127.0.0.0/8: use subnet".into());
                }
            }
            ["subnet", network] => asked.subnet = Some(network.parse()?),
            _ => return Err(format!("found {pair:?}; expected from ADDRESS or subnet NETWORK")),
        }
    }
    Ok(asked)
}

fn overriding(state: OverrideState, words: &[&str]) -> Result<Act, String> {
    let (target, lifetime, reason) = match words {
        [target, "for", time, "because", reason @ ..] => {
            (target, Some(parse_duration(time)?), reason)
        }
        [target, "because", reason @ ..] => (target, None::<Duration>, reason),
        _ => return Err("expected TARGET [for TIME] because REASON".into()),
    };
    let target: Target = target.parse()?;
    Ok(Act::Override { state, target, lifetime, reason: reason.join(" ") })
}

fn probing(who: Who, words: &[&str]) -> Result<Act, String> {
    let (verb, times) = match words {
        [verb] => (verb, 1),
        [verb, times, "times"] => {
            (verb, times.parse().map_err(|_| format!("{times:?} is no number"))?)
        }
        _ => return Err("expected fails or succeeds, and how many times".into()),
    };
    match *verb {
        "fails" | "fail" => Ok(Act::Probe { who, well: false, times }),
        "succeeds" | "succeed" => Ok(Act::Probe { who, well: true, times }),
        _ => Err(format!("found {verb:?}; expected fails or succeeds")),
    }
}

fn who(words: &[&str]) -> Result<Who, String> {
    let (words, monitor) = match words {
        [who @ .., "by", monitor] => (who, Some((*monitor).to_owned())),
        _ => (words, None),
    };
    let among = match words {
        ["everything"] => Among::Everything,
        ["region", name] => Among::Region((*name).into()),
        ["pool", name] => Among::Pool((*name).into()),
        ["endpoint", endpoint] => one(endpoint)?,
        _ => return Err("expected everything, region, pool or endpoint".into()),
    };
    Ok(Who { among, monitor })
}

fn one(endpoint: &str) -> Result<Among, String> {
    let (pool, address) = endpoint.split_once('/').ok_or("expected POOL/ADDRESS")?;
    Ok(Among::Endpoint(pool.into(), address.into()))
}

/// Words, of which one may be quoted and have spaces.
fn quoted_words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (word, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len())),
        };
        words.push(word);
        rest = after.trim_start();
    }
    words
}
