//! The pure stage: a view, trackers and overrides, on a clock that only the story moves.
//!
//! No sockets, no threads, no chance. Only the files are real, for they come from a folder.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use steersman::dns::{self, Asker, Scratch, Transport};
use steersman::health::{
    Blame, EndpointId, Outcome, Override, Overrides, PoolComeback, ProbeNumber, StandingNow, State,
    Target, Tracker,
};
use steersman::probe::Plan;
use steersman::steering::{Chance, Draw, NoTrace, Pools, Returns, Turns};
use steersman::view::{CookieSecrets, View, World};

use super::Stage;
use super::ask::{self, Reply};
use super::expect::{Expectation, What};
use super::files::Files;
use super::places::{self, Place};
use super::probed::{Condition, Minds, Page, meant, pages};
use super::story::{Act, Asked, Story};

/// Questions are asked with this many draws. It is divided by every small number, so that choices
/// among few come out even.
const DRAWS: u64 = 240;
/// Nothing takes longer to settle.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// When an idle connection tells that a host is gone, or that a port is open again, at the latest.
const KEEPALIVES: Duration = Duration::from_secs(3);
const OPENED_AGAIN: Duration = Duration::from_secs(1);

/// The stage.
pub struct Pure {
    files: Files,
    places: Vec<Place>,
    world: Arc<World>,
    plan: Plan,
    probed: Vec<Probed>,
    minds: Minds,
    overrides: Overrides,
    returns: Returns,
    /// What a restart knows of comebacks.
    comebacks: Vec<PoolComeback>,
    pools: Pools,
    now: Duration,
    question: Option<Question>,
}

/// One target of the plan.
struct Probed {
    page: Page,
    tracker: Tracker,
    timeout: Duration,
    /// Whether an idle connection is kept to it, and when that next tells of something.
    is_watched: bool,
    hint_at: Option<Duration>,
    /// Probes that hang: when they run into the timeout, the first one first.
    hanging: VecDeque<(Duration, ProbeNumber)>,
}

/// The last question, and the world as it was then.
struct Question {
    asked: Asked,
    view: View,
    turns: Turns,
}

impl Pure {
    /// Starts, and lets every target be probed once.
    pub fn new(story: &Story) -> Self {
        let files = Files::new(story);
        let world = files.load(places::by_hand(&story.places)).unwrap_or_else(|findings| {
            panic!(
                "{}: {}",
                story.file,
                findings.iter().map(|f| format!("\n{f}")).collect::<String>()
            )
        });
        let mut stage = Self {
            files,
            places: story.places.clone(),
            world: Arc::new(world),
            plan: Plan::default(),
            probed: Vec::new(),
            minds: Minds::default(),
            overrides: Overrides::default(),
            returns: Returns::default(),
            comebacks: Vec::new(),
            pools: Pools::default(),
            now: Duration::ZERO,
            question: None,
        };
        stage.replan(|_| None);
        stage.probe_all_once();
        stage.sum();
        stage
    }

    /// Probes by the inventory of the present world; `memory` knows what was believed of a target.
    fn replan(&mut self, memory: impl Fn(&str) -> Option<State>) {
        let inventory = &self.world.inventory;
        let plan = Plan::new(inventory);
        let mut page_of = HashMap::new();
        for (id, number, page) in pages(inventory) {
            page_of.insert(plan.targets_of(id)[number], page);
        }
        let known: HashMap<_, _> =
            self.plan.targets.iter().zip(&self.probed).map(|(t, p)| (&t.key, (t, p))).collect();
        let probed = plan.targets.iter().enumerate().map(|(index, target)| {
            let page = page_of[&index].clone();
            let (timeout, is_watched) = (target.timeout, target.watched().is_some());
            if let Some((_, old)) = known.get(&target.key) {
                let (tracker, hanging) = (old.tracker.clone(), old.hanging.clone());
                let hint_at = old.hint_at;
                return Probed { page, tracker, timeout, is_watched, hint_at, hanging };
            }
            let same = known.values().find(|(other, _)| other.asks_the_same(target));
            let last = memory(&target.key).or_else(|| same.and_then(|(_, p)| p.tracker.state()));
            let tracker = Tracker::new(target.settings, last, self.now);
            let hanging = VecDeque::new();
            Probed { page, tracker, timeout, is_watched, hint_at: None, hanging }
        });
        self.probed = probed.collect();
        self.plan = plan;
        let World { inventory, steered, paces, .. } = &*self.world;
        self.returns.expect(inventory, steered, paces);
    }

    /// Takes in how all pools stand now.
    fn sum(&mut self) {
        let (inventory, now) = (&self.world.inventory, self.wall());
        let standing = |id: EndpointId| {
            let verdict = self.plan.verdict(id, |t| Some(self.probed[t].tracker.verdict()));
            StandingNow::of(inventory, id, verdict, &self.overrides)
        };
        let returns = &mut self.returns;
        self.pools = Pools::seen_by(inventory, standing, |id, family, seen| {
            returns.see(id, family, seen, now)
        });
        self.comebacks.extend(self.returns.take_changes());
    }

    /// A person returns to a pool.
    fn failback(&mut self, pool: &str) -> Result<(), String> {
        let id = self.world.inventory.pool(pool).ok_or("there is no such pool")?;
        let families = self.returns.held(id, self.wall());
        for family in &families {
            let released = self.returns.released(id, *family).ok_or("not held back")?;
            self.returns.release(id, &released);
            self.comebacks.push(released);
        }
        if families.is_empty() { Err("nothing holds it back".into()) } else { Ok(()) }
    }

    fn probe_all_once(&mut self) {
        for index in 0..self.probed.len() {
            self.probe(index);
        }
    }

    fn probe(&mut self, index: usize) {
        let probed = &mut self.probed[index];
        // As late as they may come.
        let number = probed.tracker.begin(self.now, 1.0);
        match self.minds.of(&probed.page).probe() {
            Some(well) => probed.end(number, well, self.now, Duration::ZERO),
            None => probed.hanging.push_back((self.now + probed.timeout, number)),
        }
    }

    /// The target to which something happens next, and when.
    fn next_event(&mut self) -> Option<(usize, Duration)> {
        let (minds, now) = (&mut self.minds, self.now);
        let awake = self.probed.iter().enumerate().filter(|(_, p)| minds.of(&p.page).is_awake());
        let next = awake.filter_map(|(index, probed)| {
            let timeout = probed.hanging.front().map(|(at, _)| *at);
            let next =
                timeout.into_iter().chain(probed.hint_at).chain(probed.tracker.wake()).min()?;
            Some((index, next.max(now)))
        });
        next.min_by_key(|(_, at)| *at)
    }

    /// Lets time go on until that, and lets it happen.
    fn happen(&mut self, (index, at): (usize, Duration)) {
        self.now = at;
        let probed = &mut self.probed[index];
        let before = probed.tracker.verdict().state;
        let timed_out = probed.hanging.front().copied().filter(|(until, _)| *until <= at);
        if probed.hint_at.is_some_and(|hint| hint <= at) {
            probed.hint_at = None;
            probed.tracker.hint(at);
        } else if let Some((_, number)) = timed_out {
            probed.hanging.pop_front();
            self.minds.of(&probed.page).give_up();
            probed.end(number, false, at, probed.timeout);
        } else if probed.tracker.due().is_some_and(|due| due <= at) {
            self.probe(index);
        } else {
            probed.tracker.look(at);
        }
        // Nothing else of it says when a pool went out or came back.
        if self.probed[index].tracker.verdict().state != before {
            self.sum();
        }
    }

    /// From now on a page is so, which an idle connection tells of in its time.
    fn turn(&mut self, page: &Page, condition: Condition) {
        let before = self.minds.of(page).condition();
        self.minds.of(page).turn(condition);
        let after = match (before, condition) {
            (_, Condition::Gone) => Some(Duration::ZERO),
            (_, Condition::Vanished) => Some(KEEPALIVES),
            (Condition::Gone | Condition::Vanished, Condition::Well) => Some(OPENED_AGAIN),
            _ => None,
        };
        for probed in self.probed.iter_mut().filter(|p| p.page == *page && p.is_watched) {
            probed.hint_at = after.map(|after| self.now + after);
        }
    }

    /// Probes that hang get an answer, now that the page gives one.
    fn answer_hanging(&mut self) {
        for probed in &mut self.probed {
            while let Some((until, number)) = probed.hanging.front().copied() {
                let Some(well) = self.minds.of(&probed.page).probe() else { break };
                probed.hanging.pop_front();
                let took = probed.timeout.saturating_sub(until - self.now);
                probed.end(number, well, self.now, took);
            }
        }
    }

    /// Lets time go on until a moment; everything that is due happens.
    fn wait(&mut self, until: Duration) {
        while let Some(event) = self.next_event().filter(|(_, at)| *at <= until) {
            self.happen(event);
        }
        self.now = until;
        self.overrides.expire(self.wall());
        self.sum();
    }

    /// Lets time go on, probe by probe, until something is so.
    fn wait_for(&mut self, mut done: impl FnMut(&mut Self) -> bool) -> Result<(), String> {
        let limit = self.now + LONGEST;
        while !done(self) {
            let Some(event) = self.next_event().filter(|(_, at)| *at <= limit) else {
                return Err("it never comes to that".into());
            };
            self.happen(event);
        }
        self.overrides.expire(self.wall());
        Ok(())
    }

    fn is_settled(&mut self) -> bool {
        let minds = &self.minds;
        self.probed.iter().all(|p| {
            let wanted = if minds.is_well(&p.page) { State::Up } else { State::Down };
            p.tracker.state() == Some(wanted) && p.tracker.verdict().hold.is_none()
        })
    }

    /// Takes back what was said of a target, and ends what holds it down.
    fn clear(&mut self, target: &Target) -> Result<(), String> {
        let overridden = self.overrides.clear(target).is_some();
        let mut was_held = false;
        for id in target.endpoints_in(&self.world.inventory) {
            for index in self.plan.targets_of(id) {
                let tracker = &mut self.probed[*index].tracker;
                was_held |= tracker.held_until().is_some();
                tracker.lift_hold(self.now);
            }
        }
        if overridden || was_held { Ok(()) } else { Err("there is nothing to clear".into()) }
    }

    fn wall(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + self.now
    }

    fn reload(&mut self, refused_with: Option<&String>) -> Result<(), String> {
        match (self.files.load(places::by_hand(&self.places)), refused_with) {
            (Ok(world), None) => {
                self.world = Arc::new(world);
                self.replan(|_| None);
                Ok(())
            }
            (Ok(_), Some(_)) => Err("the files were taken".into()),
            (Err(findings), None) => Err(format!("refused: {findings:?}")),
            (Err(findings), Some(text)) => {
                let shown: Vec<String> = findings.iter().map(ToString::to_string).collect();
                let found = shown.iter().any(|finding| finding.contains(text));
                if found { Ok(()) } else { Err(format!("refused with {shown:?}")) }
            }
        }
    }

    /// What the trackers believe is all that a restart keeps of them.
    fn restart(&mut self) -> Result<(), String> {
        let keys = self.plan.targets.iter().map(|target| target.key.to_string());
        let states = self.probed.iter().map(|p| p.tracker.state());
        let memory: HashMap<String, Option<State>> = keys.zip(states).collect();
        let world = self.files.load(places::by_hand(&self.places));
        self.world = Arc::new(world.map_err(|findings| format!("refused: {findings:?}"))?);
        self.plan = Plan::default();
        self.probed.clear();
        self.returns = Returns::default();
        self.comebacks.iter().for_each(|comeback| self.returns.remember(comeback.clone()));
        self.replan(|key| memory.get(key).copied().flatten());
        self.sum();
        self.minds.go_on();
        self.probe_all_once();
        Ok(())
    }

    fn view(&self) -> View {
        View {
            world: Arc::clone(&self.world),
            pools: self.pools.clone(),
            nsid: None,
            cookie_secrets: CookieSecrets::default(),
        }
    }

    /// Asks, so that turns are taken, and remembers the question for what is expected of it.
    fn ask(&mut self, asked: &Asked) {
        let view = self.view();
        let turns = view.world.turns.copy();
        let question = Question { asked: asked.clone(), view, turns };
        question.reply(0, &question.view.world.turns);
        self.question = Some(question);
    }

    fn check(&self, expectation: &Expectation) -> Result<(), String> {
        let question = self.question.as_ref().ok_or("nothing was asked")?;
        let draws = match expectation.what {
            What::Shares { draws, .. } => draws,
            _ => DRAWS,
        };
        let replies: Vec<Reply> =
            (0..draws).map(|draw| question.reply(draw, &question.turns.copy())).collect();
        expectation.check_all(&replies, &question.view.world.inventory)
    }
}

impl Probed {
    fn end(&mut self, number: ProbeNumber, well: bool, now: Duration, took: Duration) {
        let outcome = if well { Outcome::Success } else { Outcome::Failure };
        self.tracker.end(number, outcome, now, took, Blame::Endpoint);
    }
}

impl Question {
    fn reply(&self, draw: u64, turns: &Turns) -> Reply {
        let packet = ask::packet(&self.asked, 1);
        let asker = Asker {
            source: self.asked.from,
            transport: Transport::Udp,
            unix_seconds: 0,
            idle_timeout: None,
        };
        let chance = Chance { draw: Draw::new(draw), turns };
        let mut scratch = Scratch::new(self.view.world.seed);
        let mut out = [0; 1500];
        let view = &self.view;
        let verdict =
            dns::answer_traced(view, &packet, &asker, chance, &mut scratch, &mut out, &mut NoTrace);
        ask::reply(&out[..verdict.length], 1).expect("a reply that can be read")
    }
}

impl Stage for Pure {
    fn play(&mut self, act: &Act) -> Result<(), String> {
        match act {
            Act::Write { name, text } => self.files.write(name, text),
            Act::Remove { name } => self.files.remove(name),
            Act::Places(places) => self.places.clone_from(places),
            Act::Become { who, condition } => {
                for page in meant(&self.world.inventory, who)? {
                    self.turn(&page, *condition);
                }
                self.answer_hanging();
            }
            Act::Probe { who, well, times } => {
                let pages = meant(&self.world.inventory, who)?;
                for page in &pages {
                    self.minds.of(page).foretell(*well, *times);
                }
                self.wait_for(|stage| pages.iter().all(|page| stage.minds.of(page).is_done()))?;
            }
            Act::After(time) => {
                self.minds.go_on();
                self.wait(self.now + *time);
            }
            Act::Settle => {
                self.minds.go_on();
                self.wait_for(Self::is_settled)?;
            }
            Act::Override { state, target, lifetime, reason } => {
                let what = Override::new(*state, reason.as_str(), self.wall(), *lifetime);
                if !target.exists_in(&self.world.inventory) {
                    return Err(format!("there is no {target}"));
                }
                self.overrides.set(target.clone(), what);
            }
            Act::Clear(target) => self.clear(target)?,
            Act::Failback { pool, refused } => match (self.failback(pool), refused) {
                (Ok(()), true) => return Err("it was not refused".into()),
                (Err(_), true) => {}
                (done, false) => done?,
            },
            Act::Reload { refused_with } => self.reload(refused_with.as_ref())?,
            Act::Restart => self.restart()?,
            Act::Ask(asked) => self.ask(asked),
            Act::Expect(expectation) => self.check(expectation)?,
        }
        self.sum();
        Ok(())
    }

    fn clock(&self) -> String {
        format!("{:.3} s", self.now.as_secs_f64())
    }
}
