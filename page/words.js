// How things are said: times, shares, states, events.

const pad = (number) => String(number).padStart(2, '0');

/** `10:02:13`, and the day where it is not today. */
export function clock(iso, now = new Date()) {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return '';
  const time = `${pad(at.getHours())}:${pad(at.getMinutes())}:${pad(at.getSeconds())}`;
  if (at.toDateString() === now.toDateString()) return time;
  return `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())} ${time}`;
}

const UNITS = [[86_400, 'd'], [3600, 'h'], [60, 'min'], [1, 's']];

/** `3 min`, `2 h 5 min`: the two largest units. */
export function span(seconds) {
  let rest = Math.max(0, Math.round(seconds));
  const parts = [];
  for (const [unit, name] of UNITS) {
    const count = Math.floor(rest / unit);
    if (count || (name === 's' && !parts.length)) parts.push(`${count} ${name}`);
    else if (parts.length) break;
    rest -= count * unit;
    if (parts.length === 2) break;
  }
  return parts.join(' ');
}

export const secondsUntil = (iso) => (new Date(iso) - Date.now()) / 1000;

export const since = (iso) => (iso ? `since ${clock(iso)}, ${span(-secondsUntil(iso))}` : 'never asked yet');

/** `41 %`, `0.4 %`: as exact as it tells something. */
export function percent(share) {
  // Sums of many small shares are off by a hair.
  const value = Math.round(share * 1e6) / 1e4;
  if (value > 0 && value < 0.1) return '< 0.1 %';
  if (value > 99.9 && value < 100) return '> 99.9 %';
  const digits = value !== 0 && value !== 100 && (value < 10 || value > 99) && value % 1 ? 1 : 0;
  return `${value.toFixed(digits)} %`;
}

export function milliseconds(ms) {
  if (ms === null || ms === undefined) return '';
  if (ms >= 1000) return `${(ms / 1000).toFixed(2)} s`;
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}

export const rate = (perSecond) =>
  perSecond >= 100 ? String(Math.round(perSecond)) : perSecond >= 10 ? perSecond.toFixed(1) : perSecond.toFixed(2);

export const plural = (count, one, many = `${one}s`) => `${count} ${count === 1 ? one : many}`;

export function list(words) {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}

/** At most so many, and how many more there are. */
export function some(words, most) {
  return words.length <= most + 1 ? list(words) : `${words.slice(0, most).join(', ')} and ${words.length - most} more`;
}

/** Without the dot of the root. */
export const bare = (name) => (name.length > 1 ? name.replace(/\.$/, '') : name);

const names = new Intl.DisplayNames(['en'], { type: 'region', fallback: 'code' });

export function country(code) {
  try {
    return names.of(code);
  } catch {
    return code;
  }
}

/** What each state is called, and its sign. */
export const STATES = {
  up: 'up',
  partly: 'partly up',
  down: 'down',
  drained: 'drained',
  forced_down: 'forced down',
  forced_up: 'forced up',
  doubt: 'in doubt',
  note: 'unknown',
};

/** How an endpoint stands: a key of `STATES`. */
export function endpointState(endpoint) {
  if (endpoint.standing !== 'up') return endpoint.standing;
  if (endpoint.verdict === 'down') return 'forced_up';
  return endpoint.in_doubt ? 'doubt' : 'up';
}

const families = (pool) => Object.values(pool.up ?? {});

export function poolState(pool) {
  const { up, down, drained, forced_down: forced, in_doubt: doubt } = pool.counts;
  const all = up + down + drained + forced;
  if (!families(pool).some(Boolean)) {
    if (drained === all) return 'drained';
    return forced === all ? 'forced_down' : 'down';
  }
  if (up < all || families(pool).includes(false)) return 'partly';
  return doubt ? 'doubt' : 'up';
}

/** What comes of the states of some pools. */
export function regionState(pools) {
  const states = pools.map(poolState);
  if (!states.length) return 'note';
  const out = ['down', 'drained', 'forced_down'];
  if (states.every((state) => out.includes(state))) {
    return states.every((state) => state === states[0]) ? states[0] : 'down';
  }
  if (states.some((state) => state === 'partly' || out.includes(state))) return 'partly';
  return states.includes('doubt') ? 'doubt' : 'up';
}

/** Regions with their pools and state; pools without a region come last, under no name. */
export function regionsOf(overview) {
  const regions = overview.regions.map((region, index) => ({ ...region, index, pools: [] }));
  const byName = new Map(regions.map((region) => [region.name, region]));
  const rest = { name: null, index: regions.length, override: null, pools: [] };
  for (const pool of overview.pools) (byName.get(pool.region) ?? rest).pools.push(pool);
  if (rest.pools.length) regions.push(rest);
  for (const region of regions) region.state = regionState(region.pools);
  return regions;
}

/** Why something is not up: what people said, else what failed. */
export function reasons(overview, pools) {
  const own = new Set(pools.map((pool) => pool.name));
  const said = overview.overrides.filter(({ target }) =>
    pools.some((pool) => target === `pool:${pool.name}` || target === `region:${pool.region}`));
  const words = said.map((o) => `${wordOfOverride(o.state)} by a person: ${o.reason}`);
  for (const { name, target, stage, reason } of overview.maintenance ?? []) {
    const isOf = pools.some((pool) => target === `pool:${pool.name}` || target === `region:${pool.region}`);
    if (isOf && ['leaving', 'away', 'returning'].includes(stage)) words.push(`planned maintenance ${name}: ${reason}`);
  }
  const failed = new Set();
  for (const endpoint of overview.unwell) {
    const pool = endpoint.name.split('/')[0];
    if (own.has(pool) && endpoint.standing === 'down' && endpoint.last_error) failed.add(endpoint.last_error);
  }
  for (const pool of pools) {
    const lacking = pool.requires?.filter((required) => !required.up).map((required) => required.name) ?? [];
    if (lacking.length) words.push(`${pool.name} requires ${list(lacking)}, which is down`);
    if (Object.values(pool.panics ?? {}).includes(true)) words.push(`${pool.name} panics: it answers all it has`);
    if (heldBack(pool)) words.push(`failback holds ${pool.name} back`);
  }
  return [...new Set([...words, ...[...failed].slice(0, 3)])];
}

export const heldBack = (pool) => pool.comebacks?.some((comeback) => comeback.failback?.length) ?? false;

export const wordOfOverride = (state) => ({ drain: 'drained', down: 'forced down', up: 'forced up' })[state] ?? state;

/** A target without its kind, and its kind. */
export function targetWords(target) {
  const colon = target.indexOf(':');
  return colon < 0 ? target : `${target.slice(0, colon)} ${target.slice(colon + 1)}`;
}

/** What a silence is of. */
export const patternWords = (target) => (target === '*' ? 'everything' : targetWords(target));

/** An event: its sign, what it is of, and a sentence. `more` are others that happened with it. */
export function eventWords(event) {
  const because = event.reason ? `: ${event.reason}` : '';
  switch (event.type) {
    case 'verdict':
      return { icon: event.verdict, of: 'verdicts', text: `${event.pools?.length ? `${poolWords(event)}: ` : ''}probes of ${probed(event.target)} say ${event.verdict}${because}` };
    case 'endpoint':
      return { icon: event.verdict, of: 'verdicts', text: `endpoint ${event.endpoint} is ${event.verdict}${because}` };
    case 'network':
      return { icon: event.lost ? 'partly' : 'up', of: 'verdicts', text: event.lost ? 'this machine hears of nobody: verdicts stay as they are' : 'this machine has its network again' };
    case 'pool':
      return { icon: event.stand === 'away' ? 'drained' : event.stand, of: 'verdicts', text: `pool ${event.pool} (${event.family}) is ${event.stand === 'away' ? 'taken out' : event.stand}` };
    case 'panic':
      return { icon: event.panics ? 'partly' : 'up', of: 'verdicts', text: `pool ${event.pool} (${event.family}) ${event.panics ? 'panics: all that it has is answered' : 'no longer panics'}` };
    case 'held_back':
      return { icon: event.held ? 'drained' : 'up', of: 'verdicts', text: `failback ${event.held ? 'holds back' : 'lets in'} pool ${event.pool} (${event.family})` };
    case 'override':
      return { icon: 'hand', of: 'overrides', text: overrideWords(event, because) };
    case 'drill':
      return { icon: 'hand', of: 'drills', text: `drill of ${targetWords(event.target)} ${DRILLS[event.state] ?? event.state}` };
    case 'maintenance':
      return { icon: event.stage === 'refused' ? 'partly' : 'hand', of: 'drills', text: maintenanceWords(event, because) };
    case 'degraded':
      return { icon: event.degraded ? 'down' : 'up', of: 'verdicts', text: `${some([...event.names.map(bare), ...Array(event.more ?? 0)], 3)} ${event.degraded ? 'with nothing up any more' : 'with something up again'}` };
    case 'silence':
      return { icon: 'hand', of: 'others', text: silenceWords(event, because) };
    case 'git':
      return { icon: event.state === 'refused' || event.state === 'unreachable' ? 'partly' : 'files', of: 'reloads', text: gitWords(event) };
    case 'reload':
      return event.errors
        ? { icon: 'partly', of: 'reloads', text: `files refused: ${plural(event.errors, 'error')}; ${event.revision} is still served` }
        : { icon: 'files', of: 'reloads', text: `files loaded: ${event.revision}` };
    default:
      return { icon: 'note', of: 'others', text: otherWords(event) };
  }
}

/** The pools of an event, and how many it does not name. */
const poolWords = ({ pools, more }) => (more ? `${pools.join(', ')} and ${more} more` : list(pools));

function silenceWords({ action, target, until, by }, because) {
  const who = by ? ` by ${by.replace(/ at .*/, '')}` : '';
  const words = { set: `silenced until ${clock(until)}${who}${because}`, clear: `told of again, by its silence's end${who}${because}`, expire: 'told of again: its silence has ended' };
  return `${patternWords(target)} ${words[action] ?? action}`;
}

function gitWords({ state, commit, why }) {
  const short = commit?.slice(0, 12);
  const words = { serving: `commit ${short} is served`, refused: `commit ${short} is refused`, unreachable: 'the remote cannot be fetched', reachable: 'the remote can be fetched again' };
  return `${words[state] ?? state}${why?.length ? `: ${why[0]}` : ''}`;
}

const DRILLS = {
  moving: 'has begun: its clients move', away: 'goes on: its clients are away', returning: 'is over: its clients return',
  done: 'is done', ended: 'was ended before its time', interrupted: 'was interrupted',
};

function maintenanceWords({ name, target, stage, start, end, refused_by }, because) {
  const what = `maintenance ${name} of ${targetWords(target)}`;
  const time = `from ${clock(start)} to ${clock(end)}`;
  const words = { announced: `${what} is announced, ${time}`, leaving: `${what} is near: its clients leave`, away: `${what} goes on until ${clock(end)}`,
    returning: `${what} is over: its clients return`, called_off: `${what} is called off`, refused: `${what} is refused by ${refused_by ?? 'a safety rule'}` };
  return `${words[stage] ?? `${what}: ${stage}`}${because}`;
}

const probed = (target) => target?.split(' ')[0] ?? '';

function overrideWords(event, because) {
  const on = targetWords(event.target);
  const by = event.by ? ` by ${event.by.replace(/ at .*/, '')}` : '';
  switch (event.action) {
    case 'set':
      return `${on} ${wordOfOverride(event.state)}${by}${event.until ? ` until ${clock(event.until)}` : ''}${because}`;
    case 'clear':
      return `override on ${on} cleared${by}${because}`;
    case 'expire':
      return `override on ${on} has ended`;
    case 'lift':
      return `flap damping of ${on} ended${by}${because}`;
    case 'failback':
      return `returned to ${on}${by}${because}`;
    default:
      return `${event.action} ${on}${by}${because}`;
  }
}

/** What this page does not know yet, by what it says of itself. */
function otherWords({ type, id: _, at: __, ...rest }) {
  const parts = Object.entries(rest).filter(([, value]) => value !== null && typeof value !== 'object');
  return [type.replaceAll('_', ' '), ...parts.map(([key, value]) => `${key.replaceAll('_', ' ')} ${value}`)].join(' · ');
}
