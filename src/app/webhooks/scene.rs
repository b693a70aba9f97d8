//! How things stand that messages are about.

use std::collections::BTreeMap;
use std::time::SystemTime;

use super::convert::{
    FILES, NETWORK, NETWORK_LOST, REMOTE, endpoint_scopes, endpoint_turns, name_scope, name_turns,
    scopes, subject_of,
};
use crate::app::alarm::lost_names;
use crate::app::reasons;
use crate::app::running::Running;
use crate::clock;
use crate::health::{EndpointId, Inventory, Pool, PoolId, State};
use crate::notice::{Event, Kind, Scene, Turn};
use crate::probe::Snapshot;
use crate::steering::{PoolState, SteeredName};
use crate::view::View;

/// So many names, pools and shares are told of one by one.
const NAMES_LISTED: usize = 5;
const POOLS_LISTED: usize = 8;
const SHARES_LISTED: usize = 3;

/// How everything stands at one moment, as far as messages are about it.
pub(super) struct Stage<'r> {
    running: &'r Running,
    view: std::sync::Arc<View>,
    probes: Snapshot,
    /// By pool, of which endpoints nothing was heard yet: they are down by what the files say, if at all.
    unheard: Vec<Vec<bool>>,
    /// By what they are told of together with.
    pools: BTreeMap<String, Vec<PoolId>>,
    wrong: Vec<String>,
}

/// For whom a scene is, by the words for things: whether it is about what they want, and whether that is silenced.
pub(super) trait Audience {
    /// Whether they want to be told of it at all.
    fn wants(&self, scopes: &[String]) -> bool;
    /// Whether they are not to be told of it at present.
    fn is_silenced(&self, scopes: &[String]) -> bool;
}

impl<'r> Stage<'r> {
    /// This moment; with what is wrong with files that were refused.
    pub(super) fn now(running: &'r Running, wrong: Vec<String>) -> Self {
        let _turn = running.turn();
        let board = running.beliefs.probes.board();
        let (probes, view) = (board.snapshot(), running.live.load_full());
        let pools = 0..view.world.inventory.pools.len() as PoolId;
        let unheard = pools.map(|id| board.unheard(id)).collect();
        let mut pools: BTreeMap<String, Vec<PoolId>> = BTreeMap::new();
        let inventory = &view.world.inventory;
        for (id, pool) in (0..).zip(&inventory.pools) {
            pools.entry(subject_of(inventory, pool)).or_default().push(id);
        }
        Self { running, view, probes, unheard, pools, wrong }
    }

    /// Whether there is any endpoint of which nothing was heard yet.
    pub(super) fn has_unheard(&self) -> bool {
        self.unheard.iter().any(|pool| pool.contains(&true))
    }

    fn is_down(&self, id: EndpointId) -> bool {
        let pool = self.unheard.get(id.pool as usize);
        let is_unheard = pool.and_then(|pool| pool.get(id.index as usize)) == Some(&true);
        !is_unheard && self.probes.verdict(id).state == State::Down
    }

    pub(super) fn inventory(&self) -> &Inventory {
        &self.view.world.inventory
    }

    /// How a subject stands.
    pub(super) fn scene(&self, kind: Kind, subject: &str, audience: &dyn Audience) -> Scene {
        let mut scene = Scene { details: self.details(kind, subject), ..Scene::default() };
        let parts = self.parts(kind, subject);
        for (is_bad, scopes) in parts.iter().filter(|(_, scopes)| audience.wants(scopes)) {
            scene.all += 1;
            match is_bad {
                true if audience.is_silenced(scopes) => scene.hidden += 1,
                true => scene.bad += 1,
                false => {}
            }
        }
        scene
    }

    /// What a subject consists of: whether each part is in trouble, and by which words it is known.
    fn parts(&self, kind: Kind, subject: &str) -> Vec<(bool, Vec<String>)> {
        let whole = |is_bad: bool| vec![(is_bad, Vec::new())];
        match (kind, subject) {
            (Kind::Verdict, _) => {
                let endpoints = self.pools_of(subject).into_iter().flat_map(|(pool_id, pool)| {
                    let ids = (0..pool.endpoints.len() as u32)
                        .map(move |index| EndpointId { pool: pool_id, index });
                    ids.map(move |id| {
                        let name = pool.endpoint_name(id.index as usize);
                        (self.is_down(id), endpoint_scopes(self.inventory(), pool, &name))
                    })
                });
                endpoints.collect()
            }
            (Kind::Degraded, _) => lost_names(&self.view)
                .map(|name| (true, vec![name_scope(&name.owner.to_string())]))
                .collect(),
            (Kind::Panic, _) => {
                let id = subject.strip_prefix("pool:").and_then(|name| self.inventory().pool(name));
                let panics = id.is_some_and(|id| panics(&self.view, id));
                vec![(panics, scopes(self.inventory(), subject))]
            }
            (Kind::Network, _) => whole(self.probes.is_cut_off),
            (Kind::Git, REMOTE) => {
                let git = self.running.git.as_ref();
                whole(git.is_some_and(|git| git.known().unreachable.is_some()))
            }
            (Kind::Git | Kind::Reload, FILES) => whole(!self.wrong.is_empty()),
            _ => Vec::new(),
        }
    }

    /// What else is to be known of it.
    fn details(&self, kind: Kind, subject: &str) -> Vec<String> {
        match (kind, subject) {
            (Kind::Verdict, _) => self.pools_and_names(subject),
            // One error stands in the title already.
            (Kind::Git | Kind::Reload, FILES) if self.wrong.len() > 1 => self.wrong.clone(),
            _ => Vec::new(),
        }
    }

    /// Whether nobody can tell yet: nothing was heard of an endpoint, or of the remote, since the start; or the
    /// remote is being fetched.
    pub(super) fn is_unknown(&self, kind: Kind, subject: &str) -> bool {
        match kind {
            Kind::Verdict => {
                let pools = self.pools_of(subject);
                pools
                    .iter()
                    .filter_map(|(id, _)| self.unheard.get(*id as usize))
                    .flatten()
                    .any(|is| *is)
            }
            Kind::Degraded | Kind::Panic => self.has_unheard(),
            Kind::Git => self.running.git.as_ref().is_some_and(|git| {
                let is_fetching = git.fetching.try_lock().is_err();
                let known = git.known();
                is_fetching || known.fetched.is_none() && known.unreachable.is_none()
            }),
            _ => false,
        }
    }

    /// All trouble that there is now, as if it had just begun.
    pub(super) fn trouble(&self) -> Vec<Event> {
        let at = clock::wall_now();
        let mut events = Vec::new();
        for (id, pool) in (0..).zip(&self.inventory().pools) {
            events.extend(self.endpoints_down(at, id, pool));
            if panics(&self.view, id) {
                let subject = format!("pool:{}", pool.name);
                let words = format!(
                    "pool {} panics: so little of it is up that all of it is answered",
                    pool.name
                );
                let scopes = scopes(self.inventory(), &subject);
                events.push(event(at, Kind::Panic, &subject, scopes, words));
            }
        }
        let lost = lost_names(&self.view).map(|name| name_turns(at, &name.owner.to_string(), true));
        events.extend(lost);
        if self.probes.is_cut_off {
            events.push(event(at, Kind::Network, NETWORK, Vec::new(), NETWORK_LOST.into()));
        }
        let git = self.running.git.as_ref();
        if let Some(first) = self.wrong.first() {
            let kind = if git.is_some() { Kind::Git } else { Kind::Reload };
            let words = format!("files are refused: {first}");
            events.push(event(at, kind, FILES, Vec::new(), words));
        }
        if let Some(why) = git.and_then(|git| git.known().unreachable.clone()) {
            let words = format!("the remote of the zones cannot be fetched: {why}");
            events.push(event(at, Kind::Git, REMOTE, Vec::new(), words));
        }
        events
    }

    fn endpoints_down(&self, at: SystemTime, id: PoolId, pool: &Pool) -> Vec<Event> {
        let down = (0..pool.endpoints.len() as u32).map(|index| EndpointId { pool: id, index });
        let down = down.filter(|id| self.is_down(*id));
        down.map(|id| {
            let why = reasons::of(self.inventory(), pool, &self.probes.culprits(id));
            let why = Some(why).filter(|why| !why.is_empty());
            let name = pool.endpoint_name(id.index as usize);
            endpoint_turns(at, self.inventory(), (pool, &name), true, why.as_deref())
        })
        .collect()
    }

    fn pools_of(&self, subject: &str) -> Vec<(PoolId, &Pool)> {
        let ids = self.pools.get(subject).into_iter().flatten();
        ids.filter_map(|id| Some((*id, self.inventory().pools.get(*id as usize)?))).collect()
    }

    /// How the pools of a subject stand, and who answers in their place.
    fn pools_and_names(&self, subject: &str) -> Vec<String> {
        let pools = self.pools_of(subject);
        let up = |id: PoolId| {
            let families = self.view.pools.get(id).into_iter().flat_map(PoolState::sets);
            let families = families.map(|set| {
                let is_up = if set.is_up() { "up" } else { "down" };
                format!("{} {is_up}", set.family())
            });
            families.collect::<Vec<_>>().join(", ")
        };
        let said = pools.iter().take(POOLS_LISTED);
        let mut details: Vec<String> =
            said.map(|(id, pool)| format!("pool {}: {}", pool.name, up(*id))).collect();
        let left = pools.len().saturating_sub(POOLS_LISTED);
        if left > 0 {
            details.push(format!("and {left} more pools"));
        }
        let ids: Vec<PoolId> = pools.iter().map(|(id, _)| *id).collect();
        let hangs = |name: &&SteeredName| name.slots.iter().any(|id| ids.contains(id));
        let names: Vec<&SteeredName> =
            self.view.world.steered.iter().flatten().filter(hangs).collect();
        details.extend(names.iter().take(NAMES_LISTED).map(|name| self.answered(name)));
        let left = names.len().saturating_sub(NAMES_LISTED);
        if left > 0 {
            details.push(format!("and {left} more names"));
        }
        details
    }

    /// What clients of a name are told now.
    fn answered(&self, name: &SteeredName) -> String {
        let shares = self.running.answered_by(&self.view, name);
        let told = shares.iter().take(SHARES_LISTED).map(|share| {
            let pool = share.pool.as_deref().unwrap_or("nothing");
            match share.share {
                all if all > 0.9995 => pool.to_owned(),
                part => format!("{pool} {:.1} %", part * 100.0),
            }
        });
        let told = told.collect::<Vec<_>>().join(", ");
        let has_none = lost_names(&self.view).any(|lost| std::ptr::eq(lost, name));
        let as_if = if has_none { ", though nothing of it is up" } else { "" };
        format!("{} is answered with {told}{as_if}", name.owner)
    }
}

fn event(at: SystemTime, kind: Kind, subject: &str, scopes: Vec<String>, words: String) -> Event {
    let what = subject.to_owned();
    let (subject, turn) = (subject.to_owned(), Turn::Begins);
    Event { at, kind, subject, scopes, what, turn, why: None, words }
}

fn panics(view: &View, id: PoolId) -> bool {
    view.pools.get(id).into_iter().flat_map(PoolState::sets).any(|set| set.stands().panics)
}
