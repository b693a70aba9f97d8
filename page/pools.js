// Regions, pools and endpoints: how each stands, since when, why, and how its probes went.

import { openClear, openFailback, openOverride } from '/page/actions.js';
import { attribute, h, icon, keyed, renew, s, text, tip } from '/page/dom.js';
import { mayChange, model, watchPools } from '/page/model.js';
import {
  STATES, clock, endpointState, heldBack, milliseconds, plural, poolState, reasons, regionsOf, since, wordOfOverride,
} from '/page/words.js';

// With as few, all are open from the beginning.
const OPEN_AT_FIRST = 12;
const PROBES = 60;
// So many are drawn: more are for the search above them.
const SHOWN = 100;

const opened = new Map();
let root, regionList, filter, only, more;

export function setUp(section) {
  root = section;
  regionList = h('div', { class: 'regions' });
  filter = h('input', { type: 'search', id: 'pool-filter', placeholder: 'Find a pool or region', 'aria-label': 'Find a pool or region', oninput: draw });
  only = h('input', { type: 'checkbox', onchange: draw });
  section.append(
    h('div', { class: 'title' }, h('h2', { id: 'pools-title' }, 'Regions, pools, endpoints'),
      h('span', { class: 'tools' }, h('label', { class: 'check' }, only, 'Only what is not up'), filter)),
    regionList,
    (more = h('p', { class: 'muted' })),
    h('p', { class: 'none', hidden: true }, 'Nothing here is like that.'),
  );
}

export function draw() {
  const { overview } = model;
  if (!overview) return;
  const wanted = filter.value.trim().toLowerCase();
  const fits = (pool) => !only.checked || poolState(pool) !== 'up';
  const all = regionsOf(overview).map((region) => ({
    ...region,
    shown: region.pools.filter((pool) =>
      fits(pool) && (!wanted || pool.name.toLowerCase().includes(wanted) || region.name?.toLowerCase().includes(wanted))),
  }));
  const left = few(all);
  const regions = all.filter((region) => region.shown.length || (!wanted && !only.checked && !left));
  text(more, left ? `${plural(left, 'pool')} more: find them above.` : '');
  const isOpen = (pool) => opened.get(pool.name) ?? overview.pools.length <= OPEN_AT_FIRST;
  keyed(regionList, regions, (region) => region.name ?? '', makeRegion, (node, region) => updateRegion(node, region, isOpen));
  root.querySelector('.none').hidden = regions.length > 0;
  watchPools(regions.flatMap((region) => region.shown).filter(isOpen).map((pool) => pool.name));
}

/** Leaves of all pools only some, first those that are not up; says how many are left out. */
function few(regions) {
  const count = regions.reduce((sum, region) => sum + region.shown.length, 0);
  if (count <= SHOWN) return 0;
  const pools = regions.flatMap((region) => region.shown);
  const chosen = new Set([...pools.filter((pool) => poolState(pool) !== 'up').slice(0, SHOWN), ...pools].slice(0, SHOWN));
  for (const region of regions) region.shown = region.shown.filter((pool) => chosen.has(pool));
  return count - chosen.size;
}

function actionsFor(kind, name) {
  const target = `${kind}:${name}`;
  const set = h('button', { class: 'small', onclick: () => openOverride(target), 'aria-label': `Override ${kind} ${name}` }, 'Override…');
  const clear = h('button', { class: 'small', onclick: () => openClear(target), 'aria-label': `Clear the override on ${kind} ${name}` }, 'Clear…');
  const node = h('span', { class: 'actions' }, set, clear);
  node.update = (override, held) => {
    set.hidden = !mayChange();
    clear.hidden = !mayChange() || !(override || held);
  };
  return node;
}

/** A state: its sign and its word. */
function stateNode() {
  const node = h('span', { class: 'state' });
  node.update = (state) => {
    attribute(node, 'class', `state ${state}`);
    renew(node, state, () => [icon(state), h('span', null, STATES[state])]);
  };
  return node;
}

const overrideWords = (override) => override
  && `${wordOfOverride(override.state)} ${override.until ? `until ${clock(override.until)}` : 'until it is cleared'}: ${override.reason}`;

function makeRegion(region) {
  const node = h('section', { class: 'region' });
  const parts = {
    state: stateNode(), why: h('p', { class: 'why' }), pools: h('ul', { class: 'pools' }),
    count: h('span', { class: 'muted' }), actions: region.name === null ? null : actionsFor('region', region.name),
  };
  node.parts = parts;
  node.append(h('header', null,
    h('h3', null, h('i', { class: `swatch region-${region.index % 8}`, 'aria-hidden': 'true' }), region.name ?? 'In no region'),
    parts.state, parts.count, parts.actions), parts.why, parts.pools);
  return node;
}

function updateRegion(node, region, isOpen) {
  const { parts } = node;
  parts.state.update(region.state);
  text(parts.count, plural(region.pools.length, 'pool'));
  parts.actions?.update(region.override);
  text(parts.why, overrideWords(region.override) ?? '');
  keyed(parts.pools, region.shown, (pool) => pool.name, makePool, (item, pool) => updatePool(item, pool, isOpen(pool)));
}

function makePool(pool) {
  const id = `endpoints-of-${pool.name}`;
  const toggle = h('button', {
    class: 'toggle', 'aria-controls': id,
    onclick: () => {
      opened.set(pool.name, toggle.getAttribute('aria-expanded') !== 'true');
      draw();
    },
  }, icon('open'), h('span', { class: 'name' }, pool.name));
  const parts = {
    toggle, state: stateNode(), facts: h('span', { class: 'muted' }), why: h('p', { class: 'why' }),
    actions: actionsFor('pool', pool.name),
    failback: h('button', { class: 'small', onclick: () => openFailback(pool.name) }, 'Return to it…'),
    endpoints: h('ul', { class: 'endpoints', id }), more: h('p', { class: 'muted' }),
  };
  parts.actions.prepend(parts.failback);
  const node = h('li', { class: 'pool' },
    h('div', { class: 'line' }, toggle, parts.state, parts.facts, parts.actions), parts.why, parts.endpoints, parts.more);
  node.parts = parts;
  return node;
}

const FAMILIES = { a: 'A', aaaa: 'AAAA', cname: 'CNAME' };

function poolFacts(pool) {
  const { up, down, drained, forced_down: forced } = pool.counts;
  const families = Object.entries(pool.up).filter(([, is]) => !is).map(([family]) => `no ${FAMILIES[family]}`);
  const words = [`${up} of ${plural(up + down + drained + forced, 'endpoint')} up`, ...families];
  for (const comeback of pool.comebacks ?? []) {
    for (const ramp of comeback.ramp ?? []) words.push(`ramp of ${ramp.over} at ${ramp.percent} %`);
  }
  if (pool.since) words.push(since(pool.since));
  return words.join(' · ');
}

function updatePool(node, pool, open) {
  const { parts } = node;
  parts.state.update(poolState(pool));
  text(parts.facts, poolFacts(pool));
  attribute(parts.toggle, 'aria-expanded', String(open));
  parts.actions.update(pool.override);
  parts.failback.hidden = !mayChange() || !heldBack(pool);
  const why = poolState(pool) === 'up' && !heldBack(pool) && !pool.override ? [] : reasons(model.overview, [pool]);
  text(parts.why, why.join(' · '));
  parts.endpoints.hidden = !open;
  const known = open ? model.endpoints.get(pool.name) : null;
  text(parts.more, known?.left_out ? `${plural(known.left_out, 'endpoint')} more: steersman status` : '');
  if (known) keyed(parts.endpoints, known.endpoints, (endpoint) => endpoint.name, makeEndpoint, updateEndpoint);
}

function makeEndpoint(endpoint) {
  const parts = {
    state: stateNode(), since: h('span', { class: 'muted' }), why: h('p', { class: 'why' }),
    actions: actionsFor('endpoint', endpoint.name), probes: h('div', { class: 'probes' }),
  };
  const node = h('li', { class: 'endpoint' },
    h('div', { class: 'line' }, h('span', { class: 'address' }, endpoint.address), parts.state, parts.since, parts.actions),
    parts.why, parts.probes);
  node.parts = parts;
  return node;
}

function updateEndpoint(node, endpoint) {
  const { parts } = node;
  const state = endpointState(endpoint);
  parts.state.update(state);
  text(parts.since, endpoint.probes.length ? since(endpoint.since) : 'no monitor: always up');
  const words = [];
  if (endpoint.override) words.push(overrideWords(endpoint.override));
  if (endpoint.held_until) words.push(`held down by flap damping until ${clock(endpoint.held_until)}`);
  if (endpoint.last_error && (endpoint.failing || endpoint.verdict === 'down' || endpoint.in_doubt)) words.push(endpoint.last_error);
  text(parts.why, words.join(' · '));
  parts.actions.update(endpoint.override, endpoint.held_until);
  keyed(parts.probes, endpoint.probes, (probe) => probe.monitor + probe.target, makeProbe, updateProbe);
}

function makeProbe(probe) {
  const parts = {
    words: h('span', { class: 'muted words' }),
    line: s('svg', { class: 'spark', viewBox: '0 0 120 20', preserveAspectRatio: 'none', role: 'img' }, s('path')),
    strip: s('svg', { class: 'strip', viewBox: `0 0 ${PROBES * 4} 20`, preserveAspectRatio: 'none', role: 'img' }),
  };
  const node = h('div', { class: 'probe' }, h('span', { class: 'monitor', title: probe.target }, probe.monitor), parts.strip, parts.line, parts.words);
  tip(parts.strip, (event) => cellTip(parts.strip, event));
  node.parts = parts;
  return node;
}

const COURSES = { passed: 'passed', failed: 'failed', void: 'says nothing of the endpoint' };

function cellTip(strip, event) {
  const { left, width } = strip.getBoundingClientRect();
  if (!event.clientX || !strip.recent) return null;
  const cell = Math.floor(((event.clientX - left) / width) * PROBES) - (PROBES - strip.recent.length);
  const probe = strip.recent[cell];
  return probe && [clock(probe.at * 1000), `${COURSES[probe.course] ?? probe.course} after ${milliseconds(probe.ms)}`];
}

function updateProbe(node, probe) {
  const { parts } = node;
  const recent = (probe.recent ?? []).slice(-PROBES);
  parts.strip.recent = recent;
  const last = recent.at(-1);
  const mark = `${last?.at} ${last?.ms} ${recent.length}`;
  const passed = recent.filter((one) => one.course === 'passed');
  const failed = recent.filter((one) => one.course === 'failed');
  const trips = probe.round_trip_ms;
  text(parts.words, trips ? `${milliseconds(trips.p50)} median, ${milliseconds(trips.p99)} p99` : '');
  attribute(parts.strip, 'aria-label', recent.length
    ? `Last ${plural(recent.length, 'probe')}: ${passed.length} passed, ${failed.length} failed${failed.length ? `, the last at ${clock(failed.at(-1).at * 1000)}` : ''}`
    : 'No probes yet');
  attribute(parts.line, 'aria-label', passed.length
    ? `Round trips from ${milliseconds(Math.min(...passed.map((p) => p.ms)))} to ${milliseconds(Math.max(...passed.map((p) => p.ms)))}`
    : 'No round trips');
  renew(parts.strip, mark, () => recent.map((one, n) => cell(one, PROBES - recent.length + n)));
  parts.line.firstChild.setAttribute('d', spark(recent));
}

/** What failed is taller than what passed: its form tells it too. */
function cell(probe, n) {
  const tall = { passed: 9, failed: 20, void: 3 }[probe.course] ?? 3;
  return s('rect', { class: probe.course, x: n * 4, y: 20 - tall, width: 3, height: tall });
}

function spark(recent) {
  const most = Math.max(1, ...recent.filter((p) => p.course === 'passed').map((p) => p.ms));
  let path = '', pen = false;
  recent.forEach((probe, n) => {
    if (probe.course !== 'passed') {
      pen = false;
      return;
    }
    const x = ((PROBES - recent.length + n) / (PROBES - 1)) * 118 + 1;
    path += `${pen ? 'L' : 'M'}${x.toFixed(1)} ${(18 - (probe.ms / most) * 16).toFixed(1)}`;
    // A lone point is seen as well.
    if (!pen) path += 'h.5';
    pen = true;
  });
  return path;
}

