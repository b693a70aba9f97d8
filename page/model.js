// What is known, kept fresh: looked at when something happens, at most once a second; and every few
// seconds anyway, for what only time changes. A page that nobody sees asks for nothing.

import { ask, follow, Problem, watched } from '/page/api.js';

const SOON_MS = 60;
const APART_MS = 1000;
const ANYWAY_MS = { overview: 5000, endpoints: 3000, names: 5000, map: 30_000, drills: 600_000 };
const EVENTS = 400;
// So many names are looked at: of more, those that are searched for.
const NAMES = 100;
const HIDDEN_MS = 30_000;

export const model = {
  session: null,
  overview: null,
  /** Pools by name, with their endpoints; only those that are open. */
  endpoints: new Map(),
  /** Steered names, or why they are not known. */
  names: null,
  namesMissing: null,
  /** Who answers which country for the chosen name. */
  map: null,
  mapMissing: null,
  chosen: { name: null, type: 'A' },
  /** What the names that are looked at contain, and how many there are of them. */
  containing: '',
  nameCount: 0,
  /** Reports of drills, the latest first. */
  drills: null,
  events: [],
  live: { is: true, why: null, since: null },
  /** The last time that anything was heard of the daemon. */
  heard: null,
};

/** Whether whoever is signed in may do more than look. */
export const mayChange = () => model.session !== null && model.session.role !== 'viewer';

const listeners = new Set();

/** Calls `call` with what has changed: a set of `overview`, `endpoints`, `names`, `map`, `drills`, `events`, `live`. */
export function onChange(call) {
  listeners.add(call);
}

const changed = new Set();
let drawing = false;

function tell(what) {
  changed.add(what);
  if (drawing) return;
  drawing = true;
  // Not with the next frame: a page in the background has none.
  queueMicrotask(() => {
    drawing = false;
    const all = new Set(changed);
    changed.clear();
    for (const call of listeners) call(all);
  });
}

/** Looks at one thing now and then: soon after `soon()`, and anyway every so often. */
class Look {
  constructor(what, every, look) {
    Object.assign(this, { what, every, look, last: -Infinity, took: 0, timer: null, running: false, again: false });
  }

  soon() {
    if (this.running) this.again = true;
    else this.in(SOON_MS);
  }

  in(ms) {
    clearTimeout(this.timer);
    if (!running) return;
    // Whoever answers slowly is asked less often.
    const earliest = this.last + Math.max(APART_MS, 3 * this.took) - performance.now();
    this.timer = setTimeout(() => this.now(), Math.max(ms, earliest));
  }

  async now() {
    clearTimeout(this.timer);
    if (this.running) {
      this.again = true;
      return;
    }
    this.running = true;
    this.again = false;
    this.last = performance.now();
    try {
      if (await this.look()) tell(this.what);
      model.heard = new Date();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
    } finally {
      this.running = false;
      this.took = performance.now() - this.last;
      this.in(this.again ? SOON_MS : this.every * (0.9 + Math.random() / 5));
    }
  }
}

let running = false;
let watches = {};
let open = new Set();
let stream = null;

const looks = {
  overview: new Look('overview', ANYWAY_MS.overview, async () => {
    const seen = await (watches.overview ??= watched('/api/v1/overview')).again();
    if (!seen) return false;
    model.overview = seen;
    looks.map.soon();
    looks.names.soon();
    return true;
  }),
  endpoints: new Look('endpoints', ANYWAY_MS.endpoints, async () => {
    if (!open.size) return false;
    // The daemon takes as many at once.
    const query = [...open].slice(0, 64).sort().map((pool) => `pool=${encodeURIComponent(pool)}`).join('&');
    if (watches.query !== query) [watches.query, watches.endpoints] = [query, watched(`/api/v1/endpoints?${query}`)];
    const seen = await watches.endpoints.again();
    if (!seen) return false;
    model.endpoints = new Map(seen.pools.map((pool) => [pool.name, pool]));
    return true;
  }),
  names: new Look('names', ANYWAY_MS.names, async () => {
    const before = model.namesMissing;
    const path = `/api/v1/names?limit=${NAMES}&containing=${encodeURIComponent(model.containing)}`;
    if (watches.namesPath !== path) [watches.namesPath, watches.names] = [path, watched(path)];
    const seen = await optional('namesMissing', () => watches.names.again());
    if (seen) [model.names, model.nameCount] = [seen.names, seen.count ?? seen.names.length];
    if (seen && !model.chosen.name) choose(seen.names[0]?.name ?? null, seen.names[0]?.types?.[0] ?? 'A');
    return seen || before !== model.namesMissing;
  }),
  map: new Look('map', ANYWAY_MS.map, async () => {
    const { name, type } = model.chosen;
    if (!name) return false;
    const path = `/api/v1/map?name=${encodeURIComponent(name)}&type=${encodeURIComponent(type)}`;
    const before = model.mapMissing;
    if (watches.path !== path) [watches.path, watches.map] = [path, watched(path)];
    const seen = await optional('mapMissing', () => watches.map.again());
    // The name may have been chosen anew meanwhile.
    if (model.chosen.name !== name || model.chosen.type !== type) {
      looks.map.soon();
      return false;
    }
    if (seen) model.map = seen;
    return seen || before !== model.mapMissing;
  }),
  drills: new Look('drills', ANYWAY_MS.drills, async () => {
    model.drills = (await ask('GET', '/api/v1/drills')).drills;
    return true;
  }),
};

/** What a daemon may not have, or may refuse: why, instead of an error. */
async function optional(missing, look) {
  try {
    const seen = await look();
    model[missing] = null;
    return seen;
  } catch (error) {
    if (!(error instanceof Problem) || error.status === 0 || error.status === 401) throw error;
    model[missing] = error.status === 404 && /there is nothing at/.test(error.message)
      ? 'This daemon does not tell it yet.' : error.message;
    return null;
  }
}

/** Whose answers the map shows. */
export function choose(name, type) {
  if (model.chosen.name === name && model.chosen.type === type) return;
  model.chosen = { name, type };
  model.map = null;
  looks.map.last = -Infinity;
  looks.map.now();
  tell('map');
}

/** Which names are looked at. */
export function findNames(containing) {
  if (model.containing === containing) return;
  model.containing = containing;
  looks.names.last = -Infinity;
  looks.names.now();
}

/** Which pools' endpoints are looked at. */
export function watchPools(names) {
  if (names.length === open.size && names.every((name) => open.has(name))) return;
  const more = names.some((name) => !open.has(name));
  open = new Set(names);
  if (more) {
    looks.endpoints.last = -Infinity;
    looks.endpoints.now();
  }
}

/** Everything at once, after a person has changed something. */
export function refresh() {
  for (const look of Object.values(looks)) {
    look.last = -Infinity;
    look.now();
  }
}

function heard(event) {
  model.heard = new Date();
  if (event.type === 'missing') {
    for (const look of Object.values(looks)) look.soon();
  } else {
    model.events.push(event);
    if (model.events.length > EVENTS) model.events.splice(0, model.events.length - EVENTS);
    looks.overview.soon();
    looks.endpoints.soon();
    if (['reload', 'override', 'pool'].includes(event.type)) looks.names.soon();
    if (event.type === 'drill') looks.drills.soon();
  }
  tell('events');
}

function begin() {
  if (running || !model.session) return;
  running = true;
  for (const look of Object.values(looks)) look.now();
  stream ??= follow({
    last: model.events.at(-1)?.id,
    heard,
    live(is, why = null, wait = 0) {
      const since = is ? null : (model.live.since ?? new Date());
      // What happened meanwhile may have been more than is told.
      if (is && !model.live.is) for (const look of Object.values(looks)) look.soon();
      model.live = { is, why, since, next: Date.now() + wait };
      tell('live');
    },
  });
}

function pause() {
  running = false;
  stream?.end();
  stream = null;
  for (const look of Object.values(looks)) clearTimeout(look.timer);
}

export function start(session) {
  model.session = session;
  begin();
}

export function stop() {
  pause();
  Object.assign(model, {
    session: null, overview: null, endpoints: new Map(), names: null, namesMissing: null, map: null, mapMissing: null,
    chosen: { name: null, type: 'A' }, containing: '', nameCount: 0, drills: null, events: [], live: { is: true, why: null, since: null },
  });
  watches = {};
  open = new Set();
}

/** Tries now what waits for its time. */
export function retry() {
  stream?.now();
  refresh();
}

let hiding;
document.addEventListener('visibilitychange', () => {
  clearTimeout(hiding);
  if (document.hidden) hiding = setTimeout(() => document.hidden && pause(), HIDDEN_MS);
  else begin();
});

/** What an override would move, or with no state what its end would, before anything is done. */
export const preview = (state, target) => ask('POST', '/api/v1/preview', { target, ...(state && { state }) });
