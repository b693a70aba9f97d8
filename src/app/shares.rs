//! What share of the clients of each name is told what: now, while all is well, and if a person said
//! something else.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::time::Instant;

use super::running::Running;
use crate::admin::{
    AddressType, Moved, NameChange, NameList, NameMap, NameStatus, NamesRequest, OverrideError,
    Preview, Share,
};
use crate::clock;
use crate::health::{Inventory, Override, OverrideState, PoolId, Standing, StandingNow, Target};
use crate::place::{Addresses, Census};
use crate::presentation::data_text;
use crate::shares::{
    Censuses, Given, Move, Pairing, Said, Spread, all_down, by_country, moves, spread,
};
use crate::steering::{Asked, Outcome, Pools, Rdata, SteeredName};
use crate::view::{View, World};
use crate::wire::{Name, rtype};

/// So many names are listed whose clients would move.
const LISTED: usize = 1000;
/// And so many of the countries in which they are.
const COUNTRIES: usize = 12;
/// Rates are of no shorter a time.
const SHORTEST_RATE: Duration = Duration::from_secs(1);

/// What is known from the last time that anybody asked.
#[derive(Default)]
pub(super) struct Counted {
    /// Of the world that is held to be there, so that no other can be taken for it.
    censuses: Mutex<Option<(Weak<World>, Censuses)>>,
    rates: Mutex<Option<Rates>>,
}

/// Answers of each name up to some moment, and how many a second they were before that.
struct Rates {
    at: Instant,
    answers: HashMap<String, u64>,
    per_second: Option<HashMap<String, f64>>,
}

impl Counted {
    fn census(&self, world: &Arc<World>, name: &SteeredName) -> Arc<Census> {
        let mut known = self.censuses.lock().unwrap_or_else(PoisonError::into_inner);
        // After a load they are of what is no more.
        let is_of = |(of, _): &(Weak<World>, _)| of.as_ptr() == Arc::as_ptr(world);
        let (_, censuses) = match known.take().filter(is_of) {
            Some(censuses) => known.insert(censuses),
            None => known.insert((Arc::downgrade(world), Censuses::new(world, world))),
        };
        censuses.of(&[name])
    }

    /// How many answers a second there were of each name since anybody last asked; nothing the first time.
    fn rates(&self, answers: HashMap<String, u64>) -> Option<HashMap<String, f64>> {
        let now = clock::runtime_now();
        let mut last = self.rates.lock().unwrap_or_else(PoisonError::into_inner);
        let per_second: Option<HashMap<String, f64>> = match &*last {
            Some(last) if now < last.at + SHORTEST_RATE => return last.per_second.clone(),
            Some(last) => {
                let seconds = (now - last.at).as_secs_f64();
                let rate = |(name, count): (&String, &u64)| {
                    let before = last.answers.get(name).copied().unwrap_or(0);
                    (name.clone(), count.saturating_sub(before) as f64 / seconds)
                };
                Some(answers.iter().map(rate).collect())
            }
            None => None,
        };
        *last = Some(Rates { at: now, answers, per_second: per_second.clone() });
        per_second
    }
}

impl Running {
    pub(super) fn name_list(&self, wanted: &NamesRequest) -> NameList {
        let view = self.live.load_full();
        let mut names: Vec<(String, &SteeredName)> = all_names(&view)
            .map(|name| (name.owner.to_string(), name))
            .filter(|(owner, _)| owner.contains(&wanted.containing))
            .collect();
        let count = names.len();
        // Of very many only those are put in order that are told of.
        if count > wanted.limit {
            names.select_nth_unstable_by(wanted.limit, |(a, _), (b, _)| a.cmp(b));
            names.truncate(wanted.limit);
        }
        names.sort_by(|(a, _), (b, _)| a.cmp(b));
        let mut answers = HashMap::<String, u64>::new();
        let mut by_pool = BTreeMap::<String, Vec<(String, u64)>>::new();
        for ((name, pool), count) in self.metrics.steered_answers() {
            *answers.entry(name.clone()).or_default() += count;
            by_pool.entry(name).or_default().push((pool, count));
        }
        let rates = self.counted.rates(answers);
        let all_up = all_up(&view.world.inventory);
        let status = |(owner, name): (String, &SteeredName)| {
            let answered = by_pool.remove(&owner).unwrap_or_default();
            let rate = rates.as_ref().map(|rates| rates.get(&owner).copied().unwrap_or(0.0));
            self.name_status(&view, &all_up, (owner, name), answered, rate)
        };
        NameList { names: names.into_iter().map(status).collect(), count }
    }

    fn name_status(
        &self,
        view: &View,
        all_up: &Pools,
        (owner, name): (String, &SteeredName),
        answered: Vec<(String, u64)>,
        answers_per_second: Option<f64>,
    ) -> NameStatus {
        let inventory = &view.world.inventory;
        let census = self.counted.census(&view.world, name);
        let given = Given { world: &view.world, pools: &view.pools };
        let answers: u64 = answered.iter().map(|(_, count)| count).sum();
        let achieved = answered.into_iter().filter(|(_, count)| *count > 0).map(|(pool, count)| {
            let region = inventory.pool(&pool).and_then(|id| region(inventory, id));
            Share { pool: Some(pool), region, share: count as f64 / answers as f64 }
        });
        NameStatus {
            name: owner,
            types: types(view, name),
            ttl_seconds: name.ttl_seconds,
            configured: self.shares_with(view, all_up, name),
            now: self.shares_with(view, &view.pools, name),
            achieved: achieved.collect(),
            answers,
            answers_per_second,
            degraded: all_down(given, name, first_asked(view, name), &census).v4,
        }
    }

    /// Calls with what tells what part of the clients of a name a pool is to have while all is well. Each name is
    /// looked at once, when it is first asked for.
    pub(super) fn with_configured<T>(
        &self,
        then: impl FnOnce(&dyn Fn(&str, &str) -> Option<f64>) -> T,
    ) -> T {
        let view = self.live.load_full();
        let all_up = all_up(&view.world.inventory);
        let names: HashMap<String, &SteeredName> =
            all_names(&view).map(|name| (name.owner.to_string(), name)).collect();
        let known = RefCell::new(HashMap::<&str, HashMap<String, f64>>::new());
        then(&|owner, pool| {
            let (owner, name) = names.get_key_value(owner)?;
            let mut known = known.borrow_mut();
            let shares = known.entry(owner).or_insert_with(|| {
                let shares = self.shares_with(&view, &all_up, name).into_iter();
                shares.filter_map(|share| Some((share.pool?, share.share))).collect()
            });
            shares.get(pool).copied()
        })
    }

    /// What share of a name's clients is told what now, those of most first.
    pub(super) fn answered_by(&self, view: &View, name: &SteeredName) -> Vec<Share> {
        self.shares_with(view, &view.pools, name)
    }

    /// The same if the pools stood so.
    fn shares_with(&self, view: &View, pools: &Pools, name: &SteeredName) -> Vec<Share> {
        let census = self.counted.census(&view.world, name);
        let given = Given { world: &view.world, pools };
        let spread = spread(given, name, first_asked(view, name), &census);
        shares(&view.world.inventory, &spread, 1.0)
    }

    pub(super) fn name_map(&self, name: &Name, rtype: AddressType) -> Option<NameMap> {
        let view = self.live.load_full();
        let owner = name.to_string().to_lowercase();
        let name = all_names(&view).find(|name| name.owner.to_string() == owner)?;
        let census = self.counted.census(&view.world, name);
        let given = Given { world: &view.world, pools: &view.pools };
        let countries = by_country(given, name, asked(rtype), &census);
        let (mut map, mut elsewhere) = (BTreeMap::new(), Vec::new());
        for (country, spread) in countries {
            let all = census.countries.get(&country).copied().unwrap_or_default();
            let told = shares_of(&view.world.inventory, &spread, all);
            match country {
                Some(code) => drop(map.insert(String::from_utf8_lossy(&code).into_owned(), told)),
                None => elsewhere = told,
            }
        }
        Some(NameMap { name: owner, r#type: rtype, countries: map, elsewhere })
    }

    pub(super) fn what_if(
        &self,
        target: &Target,
        state: Option<OverrideState>,
    ) -> Result<Preview, OverrideError> {
        let (view, after) = self.pools_if(target, state)?;
        Ok(self.preview_of(&view, &after))
    }

    /// The clients who would be told something else, those that stand for most first, and the number of
    /// names for more of whose clients every candidate would be down.
    pub(super) fn who_would_move(
        &self,
        target: &Target,
        state: OverrideState,
    ) -> Result<(Vec<WouldMove>, usize), OverrideError> {
        let (view, pools) = self.pools_if(target, Some(state))?;
        let mut all = Vec::new();
        let moved = self.moved(&view, &pools, |name, rtype, moves| {
            let set = |pools: &Pools, said| match said {
                Said::Steered(Outcome::Pool(id)) => {
                    pools.get(id)?.set(asked(rtype)).map(|set| set.rdata().clone())
                }
                Said::Steered(_) | Said::Unsteered => None,
            };
            all.extend(moves.iter().map(|one| WouldMove {
                name: name.owner.to_string(),
                rtype,
                client: one.client,
                share: one.addresses.v4,
                before: set(&view.pools, one.from),
                after: set(&pools, one.to),
            }));
        });
        all.sort_by(|a, b| b.share.total_cmp(&a.share).then_with(|| a.name.cmp(&b.name)));
        Ok((all, moved.degraded))
    }

    fn pools_if(
        &self,
        target: &Target,
        state: Option<OverrideState>,
    ) -> Result<(Arc<View>, Pools), OverrideError> {
        let _turn = self.turn();
        let view = self.live.load_full();
        let mut overrides = self.beliefs.overrides().clone();
        match state {
            None => drop(overrides.clear(target)),
            Some(state) => {
                if let Some(unknown) = self.unknown(target) {
                    return Err(unknown);
                }
                let what = Override::new(state, "", clock::wall_now(), None);
                overrides.set(target.clone(), what);
            }
        }
        let after = self.beliefs.pools_if(&view, &overrides);
        Ok((view, after))
    }

    fn preview_of(&self, view: &View, after: &Pools) -> Preview {
        let mut changes = Vec::new();
        let Compared { degraded, compared, names } =
            self.moved(view, after, |name, rtype, moves| {
                changes.push(name_change(&view.world.inventory, name, rtype, moves));
            });
        changes.sort_by(|a, b| b.moved.total_cmp(&a.moved).then_with(|| a.name.cmp(&b.name)));
        changes.truncate(LISTED);
        Preview { changes, names, degraded, compared }
    }

    /// Tells the moves of each name and type whose clients would be told something else.
    fn moved(
        &self,
        view: &View,
        after: &Pools,
        mut tell: impl FnMut(&SteeredName, AddressType, &[Move]),
    ) -> Compared {
        let before = Given { world: &view.world, pools: &view.pools };
        let after = Given { world: &view.world, pools: after };
        let pairing = Pairing::new(before, after);
        let mut sums = Compared::default();
        let touched = touched(before, after);
        for name in all_names(view) {
            sums.compared += 1;
            if !name.slots.iter().any(|id| touched.contains(id)) {
                continue;
            }
            let census = self.counted.census(&view.world, name);
            let (mut is_degraded, mut is_moved) = (false, false);
            for rtype in types(view, name) {
                let asked = asked(rtype);
                let sides = ((before, Some(name)), (after, Some(name)));
                let moves = moves(sides.0, sides.1, (&pairing, asked), &census);
                // Last resorts may be answered as if nothing had happened.
                let down = |given| all_down(given, name, asked, &census).v4;
                is_degraded |= down(after) > down(before);
                if !moves.is_empty() {
                    is_moved = true;
                    tell(name, rtype, &moves);
                }
            }
            sums.degraded += usize::from(is_degraded);
            sums.names += usize::from(is_moved);
        }
        sums
    }
}

/// A client who would be told something else.
pub(super) struct WouldMove {
    pub(super) name: String,
    pub(super) rtype: AddressType,
    pub(super) client: IpAddr,
    /// The share of the name's clients that it stands for.
    pub(super) share: f64,
    /// What its pool answers before, and what it would be told.
    pub(super) before: Option<Rdata>,
    pub(super) after: Option<Rdata>,
}

/// How many names there are of each kind.
#[derive(Default)]
struct Compared {
    compared: usize,
    names: usize,
    degraded: usize,
}

/// Record data, as answers show it.
pub(super) fn said(rdata: &Rdata) -> HashSet<String> {
    match rdata {
        Rdata::V4(all) => all.iter().map(|ip| Ipv4Addr::from(*ip).to_string()).collect(),
        Rdata::V6(all) => all.iter().map(|ip| Ipv6Addr::from(*ip).to_string()).collect(),
        Rdata::Host(all) => all.iter().map(|wire| data_text(rtype::CNAME, wire)).collect(),
    }
}

/// The pools that stand or answer otherwise.
fn touched(before: Given<'_>, after: Given<'_>) -> HashSet<PoolId> {
    let differs = |id: &PoolId| {
        let sets = |given: Given<'_>| {
            let asked = [Asked::A, Asked::Aaaa];
            asked.map(|asked| given.pools.get(*id).and_then(|pool| pool.set(asked)).cloned())
        };
        sets(before).iter().zip(sets(after)).any(|(a, b)| match (a, b) {
            (Some(a), Some(b)) => a.standing != b.standing || !a.answers_as(&b),
            (a, b) => a.is_some() != b.is_some(),
        })
    };
    (0..).zip(&before.world.inventory.pools).map(|(id, _)| id).filter(differs).collect()
}

fn all_up(inventory: &Inventory) -> Pools {
    Pools::new(inventory, |_| StandingNow { standing: Standing::Up, hold: None })
}

fn all_names(view: &View) -> impl Iterator<Item = &SteeredName> {
    view.world.steered.iter().flatten()
}

fn asked(rtype: AddressType) -> Asked {
    match rtype {
        AddressType::A => Asked::A,
        AddressType::Aaaa => Asked::Aaaa,
    }
}

/// The types of which any pool of a name has an endpoint.
fn types(view: &View, name: &SteeredName) -> Vec<AddressType> {
    let has = |rtype: &AddressType| {
        let set = |id: &PoolId| view.pools.get(*id).and_then(|pool| pool.set(asked(*rtype)));
        name.slots.iter().any(|id| set(id).is_some())
    };
    [AddressType::A, AddressType::Aaaa].into_iter().filter(has).collect()
}

/// The first of them, by which shares are counted.
fn first_asked(view: &View, name: &SteeredName) -> Asked {
    types(view, name).first().map_or(Asked::A, |rtype| asked(*rtype))
}

fn region(inventory: &Inventory, pool: PoolId) -> Option<String> {
    let region = inventory.pools.get(pool as usize)?.region?;
    inventory.regions.get(region as usize).map(|region| region.name.clone())
}

fn pool_name(inventory: &Inventory, outcome: Outcome) -> Option<String> {
    match outcome {
        Outcome::Pool(id) => inventory.pools.get(id as usize).map(|pool| pool.name.clone()),
        Outcome::NoData | Outcome::ServFail => None,
    }
}

/// Shares of some addresses: of those of IPv4, or of IPv6 if there are no others.
fn shares_of(inventory: &Inventory, spread: &Spread, all: Addresses) -> Vec<Share> {
    match all.v4 > 0.0 {
        true => shares(inventory, spread, all.v4),
        false => {
            let v6 = spread.iter().map(|(o, part)| (*o, Addresses { v4: part.v6, v6: 0.0 }));
            shares(inventory, &v6.collect(), all.v6)
        }
    }
}

fn shares(inventory: &Inventory, spread: &Spread, all: f64) -> Vec<Share> {
    let share = |(outcome, part): (&Outcome, &Addresses)| Share {
        pool: pool_name(inventory, *outcome),
        region: match outcome {
            Outcome::Pool(id) => region(inventory, *id),
            Outcome::NoData | Outcome::ServFail => None,
        },
        share: part.v4 / all,
    };
    let mut shares: Vec<Share> = spread.iter().map(share).filter(|s| s.share > 0.0).collect();
    shares.sort_by(|a, b| b.share.total_cmp(&a.share));
    shares
}

fn name_change(
    inventory: &Inventory,
    name: &SteeredName,
    rtype: AddressType,
    moves: &[Move],
) -> NameChange {
    let said = |said| match said {
        Said::Steered(outcome) => pool_name(inventory, outcome),
        Said::Unsteered => None,
    };
    let moved = |one: &Move| {
        let mut countries: Vec<_> = one.countries.iter().collect();
        countries.sort_by(|(_, a), (_, b)| b.v4.total_cmp(&a.v4));
        let codes = countries.into_iter().filter_map(|(code, _)| *code);
        let codes = codes.map(|code| String::from_utf8_lossy(&code).into_owned());
        Moved {
            from: said(one.from),
            to: said(one.to),
            share: one.addresses.v4,
            countries: codes.take(COUNTRIES).collect(),
        }
    };
    NameChange {
        name: name.owner.to_string(),
        r#type: rtype,
        moved: moves.iter().map(|one| one.addresses.v4).sum::<f64>().min(1.0),
        moves: moves.iter().map(moved).collect(),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::config;
    use crate::place::Places;

    fn world() -> Arc<World> {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write(
            "pools.toml",
            "[pools.a]\nendpoints = [\"192.0.2.1\"]\n[pools.b]\nendpoints = [\"192.0.2.2\"]\n",
        );
        write("example.com.zone", "@ 60 SOA ns h 1 1 1 1 1\n@ 60 NS ns\nns 60 A 192.0.2.53\n");
        write("example.com.toml", "www.geo = { \"192.0.2.0/24\" = \"a\", default = \"b\" }\n");
        Arc::new(config::load(folder.path(), Places::unknown().into(), "", 0).unwrap().world)
    }

    /// However often files are loaded: what was counted of them holds nothing of them.
    #[test]
    fn censuses_hold_no_world_that_is_gone() {
        let (counted, old, new) = (Counted::default(), world(), world());
        let census = |world: &Arc<World>| counted.census(world, &world.steered[0][0]);
        let first = census(&old);
        assert!(Arc::ptr_eq(&first, &census(&old)));
        let mut maps = Vec::new();
        old.steered[0][0].policy.place_maps(&mut maps);
        let map = Arc::downgrade(maps[0]);
        drop(old);
        assert!(map.upgrade().is_none());
        let second = census(&new);
        assert!(!Arc::ptr_eq(&first, &second) && first == second);
        let known = counted.censuses.lock().unwrap();
        assert!(known.as_ref().is_some_and(|(of, _)| of.upgrade().is_some()));
    }
}
