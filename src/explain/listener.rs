//! Steps in words, one plain line for each.

use super::decision::{Matched, PoolSeen};
use crate::dns::{self, Link};
use crate::duration::format_duration;
use crate::health::{Answers, Location, PoolId, Standing};
use crate::place::great_circle_km;
use crate::presentation::rtype_text;
use crate::steering::{
    self, Asked, Failback, HeldFailover, Placed, PlacedBy, Policy, PoolStands, PoolState, Set,
    SteeredName, Step,
};
use crate::timestamp::to_rfc3339_seconds;
use crate::view::View;
use crate::wire::{Name, QName};

/// How many keys that do not match one line lists.
const KEYS_LISTED: usize = 8;

/// Puts steps into words, each once for a name: a policy may look at a pool more than once.
pub(super) struct Listener<'v> {
    view: &'v View,
    /// The type that is asked.
    rtype: String,
    /// Where the client is, as far as that is known.
    location: Option<Location>,
    /// Where the present name's steps begin, and the name.
    name: Option<(usize, String)>,
    /// The branches that a weighted policy is about to draw among, their weights, and whether
    /// nothing of them is up.
    shares: Vec<(String, u32, bool)>,
    pub(super) steps: Vec<String>,
    pub(super) findings: Findings,
}

/// The same steps for machines: what was looked at, and what was taken.
#[derive(Default)]
pub(super) struct Findings {
    /// What each policy took, in order.
    pub(super) matched: Vec<Matched>,
    /// The pools that were looked at, each once.
    pub(super) pools: Vec<PoolSeen>,
    /// The pool whose endpoints are answered.
    pub(super) chosen: Option<PoolId>,
}

impl Findings {
    fn took(&mut self, policy: &'static str, picked: String) {
        let matched = Matched { policy: policy.into(), picked };
        if !self.matched.contains(&matched) {
            self.matched.push(matched);
        }
    }

    fn saw(&mut self, name: &str, stands: PoolStands) {
        let PoolStands { up, healthy, total, .. } = stands;
        if self.pools.iter().all(|seen| seen.pool != name) {
            self.pools.push(PoolSeen { pool: name.to_owned(), up, healthy, total });
        }
    }
}

impl steering::Trace for Listener<'_> {
    fn step(&mut self, step: Step<'_>) {
        let words = match step {
            Step::Name(name) => return self.begin(name),
            Step::Pool { pool, stands } => self.pool(pool, stands),
            Step::Placed { policy, chain, scope } => self.placed(policy, chain, scope),
            Step::Tried { policy, index, picked } => match self.tried(policy, index, picked) {
                Some(words) => words,
                None => return,
            },
            Step::HeldBack { policy, branch } => match self.held_back(policy, branch) {
                Some(words) => words,
                None => return,
            },
            Step::Ramp { policy, branch, step, of, taken } => {
                let branch = self.came_back(branch);
                let over = format_duration(policy.ramp.time);
                let so = if taken { "it takes this one" } else { "this one goes to others" };
                format!("ramp over {over}: {branch} takes {step} of {of} of its share; {so}")
            }
            Step::Share { branch, weight } => {
                self.shares.push((self.branch(branch), weight, self.is_down(branch)));
                return;
            }
            Step::Weighted { branch, of, sticky, among_up } => {
                self.findings.took("weighted", self.branch(branch));
                let by = if sticky { "the client's network" } else { "chance" };
                let among = if among_up { "of what is up, " } else { "" };
                let shares = self.shares(of);
                format!("weighted: {among}{shares}; {by} drew {}", self.branch(branch))
            }
            Step::RoundRobin { branch, of } => {
                self.findings.took("round_robin", self.branch(branch));
                format!("round_robin: it is the turn of {} ({of} up)", self.branch(branch))
            }
            Step::AllDown(level) => format!("every candidate is down: {}", all_down(level)),
            Step::LastResort => "every candidate is down: ask the policy of last resort".into(),
            Step::AllDownNoData => "every candidate is down: say that there is no data".into(),
            Step::Tenth => {
                "maintenance: pools stand as they do for the client's tenth of networks".into()
            }
            Step::AllDownServFail => "every candidate is down: fail".into(),
        };
        self.say(words);
    }
}

impl dns::Trace for Listener<'_> {
    fn link(&mut self, name: &QName, link: Link<'_>) {
        let rtype = &self.rtype;
        let name = text(name.suffix(0));
        let words = match link {
            Link::NoZone => format!("{name} is in none of the zones served here"),
            Link::Node { wildcard_below, is_empty } => {
                if let Some(encloser) = wildcard_below {
                    let wildcard = text(&[b"\x01*", encloser].concat());
                    format!("{name} does not exist by itself: {wildcard} stands for it")
                } else if is_empty {
                    format!("{name} exists only because there are names below it")
                } else {
                    return;
                }
            }
            Link::Missing { apex } => format!("{name} does not exist in the zone {}", text(apex)),
            Link::Cut { owner } => {
                let owner = text(owner);
                let of = if owner == name { "" } else { &format!(" below {owner}, which is") };
                format!("{name} is{of} delegated: refer to the name servers there")
            }
            Link::Dname { owner } => {
                format!("{name} is below {}, which is a DNAME in the zone file", text(owner))
            }
            Link::TooLong => "the name that the DNAME makes of it is too long".into(),
            Link::Fixed { rtype, count } => {
                let rtype = rtype_text(rtype);
                let records = if count == 1 { "1 record" } else { &format!("{count} records") };
                format!("{name} has {rtype} in the zone file: {records}")
            }
            Link::NotSteered => {
                format!("its policy is not for {rtype}: what the zone file has counts")
            }
            Link::NoData => format!("{name} has no {rtype} records"),
            Link::NoEndpoint => {
                format!("no pool that the policy could pick has an endpoint for {rtype}")
            }
            Link::Endpoints { pool, count, of } => {
                self.findings.chosen = Some(pool);
                self.endpoints(pool, count, of)
            }
            Link::Follow => format!("the alias leads to {name}"),
            Link::Loop => "this answer has been there already: the alias leads in a circle".into(),
            Link::TooManyLinks => "this answer has gone through as many aliases as one may".into(),
        };
        self.say(words);
        // What comes after an alias is about another name.
        if matches!(link, Link::Follow) {
            self.name = Some((self.steps.len(), String::new()));
        }
    }
}

impl<'v> Listener<'v> {
    pub(super) fn new(view: &'v View, rtype: u16, location: Option<Location>) -> Self {
        let rtype = rtype_text(rtype);
        Self {
            view,
            rtype,
            location,
            name: None,
            shares: Vec::new(),
            steps: Vec::new(),
            findings: Findings::default(),
        }
    }

    fn say(&mut self, words: String) {
        let from = self.name.as_ref().map_or(0, |(from, _)| *from);
        if !self.steps[from.min(self.steps.len())..].contains(&words) {
            self.steps.push(words);
        }
    }

    fn begin(&mut self, name: &SteeredName) {
        let owner = name.owner.to_string();
        if self.name.as_ref().is_none_or(|(_, present)| *present != owner) {
            self.steps.push(format!("{owner} is steered, ttl {} s", name.ttl_seconds));
            self.name = Some((self.steps.len(), owner));
        }
    }

    fn pool_name(&self, id: PoolId) -> &'v str {
        let pools = &self.view.world.inventory.pools;
        pools.get(id as usize).map_or("?", |pool| pool.name.as_str())
    }

    fn pool(&mut self, id: PoolId, stands: Option<PoolStands>) -> String {
        let name = self.pool_name(id);
        let Some(stands) = stands else {
            return format!("pool {name}: no endpoint of the asked family");
        };
        self.findings.saw(name, stands);
        let state = if stands.up { "up" } else { "down" };
        let PoolStands { healthy, total, drained, forced_down, hold, .. } = stands;
        let mut words = format!("pool {name}: {state}, {healthy} of {total} endpoints up");
        let pool = self.view.world.inventory.pools.get(id as usize);
        let needed = pool.map_or(1, |pool| pool.min_healthy);
        if (1..needed).contains(&healthy) {
            words.push_str(&format!(" where {needed} are needed"));
        }
        for name in self.lacking(id) {
            let though = if stands.up { "forced up though it " } else { "" };
            words.push_str(&format!(", {though}requires {name}, which is down"));
        }
        if stands.panics {
            words.push_str(&self.panic(id));
        }
        for (count, what) in [
            (drained, "drained by override or maintenance"),
            (forced_down, "forced down by override"),
        ] {
            if count > 0 {
                words.push_str(&format!(", {count} {what}"));
            }
        }
        if let Some(hold) = hold {
            let least = format_duration(hold);
            words.push_str(&format!(", in doubt: could change in {least}, so the TTL is short"));
        }
        words
    }

    /// The names of those pools that a pool requires, and that are down.
    fn lacking(&self, id: PoolId) -> impl Iterator<Item = &'v str> {
        let pool = self.view.world.inventory.pools.get(id as usize);
        let required = pool.map_or(&[][..], |pool| &pool.requires);
        let view = self.view;
        let is_up = move |id: PoolId| view.pools.get(id).is_some_and(PoolState::is_up);
        required.iter().filter(move |id| !is_up(**id)).map(move |id| self.pool_name(*id))
    }

    fn panic(&self, id: PoolId) -> String {
        let pool = self.view.world.inventory.pools.get(id as usize);
        let share = pool.and_then(|pool| pool.panic_below);
        let least = share.map_or(String::new(), |share| format!(" {share}"));
        format!(", in panic: below{least}, so that those that probes call down are answered too")
    }

    fn endpoints(&self, id: PoolId, count: u32, of: u32) -> String {
        let name = self.pool_name(id);
        let pool = self.view.world.inventory.pools.get(id as usize);
        let by_weight = pool.is_some_and(|p| p.answers == Answers::One || p.answers_hosts());
        let many = if of == 1 { "endpoint" } else { "endpoints" };
        let count = if count < of { format!("{count} of {of}") } else { of.to_string() };
        let drawn = if by_weight && of > 1 { ", drawn by weight" } else { "" };
        format!("answer from pool {name}: {count} {many}{drawn}")
    }

    /// Whether no pool of a branch is up for what is asked.
    fn is_down(&self, branch: &Policy) -> bool {
        !branch.any_pool(&mut |pool| self.sets(pool).any(Set::is_up))
    }

    /// What a pool has for what is asked.
    fn sets(&self, pool: PoolId) -> impl Iterator<Item = &'v Set> {
        let asked = match self.rtype.as_str() {
            "A" => &[Asked::A][..],
            "AAAA" => &[Asked::Aaaa],
            "ANY" => &[Asked::A, Asked::Aaaa],
            _ => &[Asked::Alias],
        };
        let state = self.view.pools.get(pool);
        asked.iter().filter_map(move |asked| state?.set(*asked))
    }

    /// Why a branch was passed over that is up.
    fn held_back(&self, policy: &HeldFailover, branch: &Policy) -> Option<String> {
        if self.is_down(branch) {
            return None;
        }
        let until = match policy.failback {
            Failback::After(time) => format!("until it has been up for {}", format_duration(time)),
            Failback::Manual => "until steersman failback returns to it".into(),
        };
        let branch = self.came_back(branch);
        Some(format!("failover: {branch} is held back {until}, while another is up"))
    }

    /// A branch by the pools that it names, and since when those are back that are.
    fn came_back(&self, branch: &Policy) -> String {
        let mut since = None;
        branch.any_pool(&mut |pool| {
            since = self.sets(pool).find_map(Set::back).map(|back| back.since);
            since.is_some()
        });
        let since = since.map(|since| format!(", up since {},", to_rfc3339_seconds(since)));
        format!("{}{}", self.branch(branch), since.unwrap_or_default())
    }

    /// A branch by the pools that it names.
    fn branch(&self, policy: &Policy) -> String {
        if let Policy::Pool(leaf) = policy {
            return self.pool_name(leaf.pool).into();
        }
        let mut names: Vec<&str> = Vec::new();
        policy.any_pool(&mut |pool| {
            names.push(self.pool_name(pool));
            false
        });
        format!("({})", names.join(", "))
    }

    /// The shares told since the last draw, each `of` the sum of weights.
    fn shares(&mut self, of: u64) -> String {
        let shares = std::mem::take(&mut self.shares);
        // Where all weights are 0 each counts as 1.
        let all_zero = shares.iter().all(|(_, weight, _)| *weight == 0);
        let share = |(branch, weight, is_down): &(String, u32, bool)| {
            let weight = if all_zero { 1 } else { *weight };
            let down = if *is_down { " (down)" } else { "" };
            format!("{branch} {weight} of {of}{down}")
        };
        shares.iter().map(share).collect::<Vec<_>>().join(", ")
    }

    fn placed(&self, policy: &Placed, chain: &[u16], scope: u8) -> String {
        match &*policy.by {
            PlacedBy::Geo(keys) => {
                let key = |index: &u16| keys.get(usize::from(*index)).map(String::as_str);
                let matching: Vec<&str> = chain.iter().filter_map(key).collect();
                let others = keys.iter().map(String::as_str).filter(|key| !matching.contains(key));
                let others: Vec<&str> = others.collect();
                let not = match others.as_slice() {
                    [] => String::new(),
                    others if others.len() <= KEYS_LISTED => format!(", not {}", others.join(", ")),
                    others => format!(", not the {} other keys", others.len()),
                };
                let matching = matching.join(", then ");
                format!("geo: the client matches {matching}{not} (scope /{scope})")
            }
            PlacedBy::Nearest(locations) => {
                let far = |index: usize| {
                    let km = great_circle_km(self.location?, *locations.get(index)?);
                    Some(format!(" {km:.0} km"))
                };
                let branch = |index: &u16| {
                    let index = usize::from(*index);
                    let branch = self.branch(policy.branches.get(index)?);
                    Some(format!("{branch}{}", far(index).unwrap_or_default()))
                };
                let branches: Vec<String> = chain.iter().filter_map(branch).collect();
                let branches = branches.join(", then ");
                match self.location {
                    Some(Location { latitude, longitude }) => format!(
                        "nearest: from {latitude:.2}, {longitude:.2} it is {branches} (scope /{scope})"
                    ),
                    None => format!(
                        "nearest: the client's place is unknown, so the order of the list counts: \
                         {branches} (scope /{scope})"
                    ),
                }
            }
        }
    }

    /// What came of a branch.
    fn tried(&mut self, policy: &Placed, index: u16, picked: bool) -> Option<String> {
        let index = usize::from(index);
        let (kind, what, key) = match &*policy.by {
            PlacedBy::Geo(keys) => ("geo", "key ", keys.get(index)?.clone()),
            PlacedBy::Nearest(_) => ("nearest", "", self.branch(policy.branches.get(index)?)),
        };
        let what = format!("{what}{key}");
        if picked {
            self.findings.took(kind, key);
        }
        Some(match picked {
            true => format!("{kind}: {what} is picked"),
            false => format!("{kind}: {what} falls through, having nothing to answer"),
        })
    }
}

fn text(wire: &[u8]) -> String {
    match Name::from_wire(wire) {
        Ok(name) => name.to_lowercase().to_string(),
        Err(_) => "?".into(),
    }
}

fn all_down(level: Standing) -> &'static str {
    match level {
        Standing::ForcedUp | Standing::Up | Standing::Down => {
            "answer as if all were up, but for overrides"
        }
        Standing::Drained => "answer what is drained",
        Standing::ForcedDown => "answer even what is forced down",
    }
}
