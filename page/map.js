// The world: each country in the colour and pattern of the region that answers it now, each region where
// it is, with its health. The same stands in a table, for whoever does not look at maps.

import { attribute, h, icon, keyed, renew, s, text, tip } from '/page/dom.js';
import { choose, model } from '/page/model.js';
import { STATES, bare, clock, country, list, percent, plural, reasons, regionsOf, some } from '/page/words.js';

const COLOURS = 8;
const MANY_NAMES = 60;

let svg, markers, legend, table, picker, types, note, elsewhere, empty;
let world = null;
const paths = new Map();

export function setUp(section) {
  picker = h('span', { class: 'picker' });
  types = h('select', { id: 'map-type', 'aria-label': 'Type', onchange: () => choose(model.chosen.name, types.value) });
  svg = s('svg', { class: 'world', viewBox: '0 0 1000 435', role: 'img', 'aria-labelledby': 'map-words' }, s('defs'), s('g'));
  markers = h('div', { class: 'markers' });
  legend = h('ul', { class: 'legend', 'aria-label': 'Regions' });
  note = h('p', { class: 'muted', id: 'map-words' });
  elsewhere = h('p', { class: 'muted' });
  empty = h('p', { class: 'empty', hidden: true });
  table = h('tbody');
  section.append(
    h('div', { class: 'title' }, h('h2', { id: 'map-title' }, 'Who answers where'), h('span', { class: 'tools' }, picker, types)),
    h('div', { class: 'map' }, svg, markers, empty), legend, note, elsewhere,
    h('details', null, h('summary', null, 'Countries as a table'),
      h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Countries' },
        h('table', null,
          h('thead', null, h('tr', null, h('th', { scope: 'col' }, 'Country'), h('th', { scope: 'col' }, 'Answered by'))), table))),
  );
  tip(svg, (event) => {
    const code = event.target.closest?.('[data-code]')?.dataset.code;
    return code && countryTip(code);
  });
  fetch('/page/world.json').then((response) => response.json()).then(drawWorld, () => {
    empty.hidden = false;
    text(empty, 'The map could not be loaded.');
  });
}

function drawWorld(loaded) {
  world = loaded;
  svg.setAttribute('viewBox', `0 0 ${world.width} ${world.height}`);
  const group = svg.querySelector('g');
  for (const [code, { d, at }] of Object.entries(world.countries)) {
    const node = s('g', { class: 'country', 'data-code': code });
    if (d) node.append(s('path', { d }));
    if (at) node.append(s('circle', { cx: at[0], cy: at[1], r: 2.2 }));
    paths.set(code, node);
    group.append(node);
  }
  draw();
}

// Equal Earth, as the shapes are (B. Šavrič, T. Patterson, B. Jenny 2018).
const [A1, A2, A3, A4] = [1.340264, -0.081106, 0.000893, 0.003796];

function place([latitude, longitude]) {
  const { rotate, scale, translate } = world.projection;
  const radians = Math.PI / 180;
  const turned = ((((longitude - rotate + 180) % 360) + 360) % 360 - 180) * radians;
  const t = Math.asin((Math.sqrt(3) / 2) * Math.sin(latitude * radians));
  const [t2, t6] = [t * t, t ** 6];
  const x = (turned * Math.cos(t)) / ((Math.sqrt(3) / 2) * (A1 + 3 * A2 * t2 + t6 * (7 * A3 + 9 * A4 * t2)));
  const y = t * (A1 + A2 * t2 + t6 * (A3 + A4 * t2));
  return [(translate[0] + scale * x) / world.width, (translate[1] - scale * y) / world.height];
}

/** What answers a share: a region, or a pool that is in none. */
const who = (share) => share.region ?? share.pool ?? 'no data';

/** Colours and patterns by name; more than there are colours begin anew with other patterns. */
function palette() {
  const names = (model.overview?.regions ?? []).map((region) => region.name);
  for (const pool of model.overview?.pools ?? []) if (!pool.region) names.push(pool.name);
  return new Map(names.map((name, n) => [name, n]));
}

function pattern(indices) {
  const id = `fill-${indices.join('-')}`;
  const defs = svg.querySelector('defs');
  if (!defs.querySelector(`#${id}`)) defs.append(indices.length > 1 ? striped(id, indices) : plain(id, indices[0]));
  return `url(#${id})`;
}

const LINES = ['', 'M0 6L6 0M-1 1L1-1M5 7L7 5', 'M1.5 1.5h1v1h-1zM4.5 4.5h1v1h-1z', 'M0 0L6 6M-1 5L1 7M5-1L7 1', 'M0 3h6', 'M3 0v6', 'M0 3h6M3 0v6', 'M1 3a2 2 0 1 1 4 0a2 2 0 1 1-4 0'];

const kind = (n) => (n + 3 * Math.floor(n / COLOURS)) % LINES.length;

function plain(id, n) {
  return s('pattern', { id, width: 6, height: 6, patternUnits: 'userSpaceOnUse' },
    s('rect', { class: `region-${n % COLOURS}`, width: 6, height: 6 }), s('path', { class: 'lines', d: LINES[kind(n)] }));
}

/** Where several answer, stripes of the two that answer most. */
function striped(id, [first, second]) {
  return s('pattern', { id, width: 10, height: 10, patternUnits: 'userSpaceOnUse', patternTransform: 'rotate(30)' },
    s('rect', { class: `region-${first % COLOURS}`, width: 6, height: 10 }),
    s('rect', { class: `region-${second % COLOURS}`, x: 6, width: 4, height: 10 }));
}

export function swatch(name) {
  const n = palette().get(name);
  if (n === undefined) return h('i', { class: 'swatch', 'aria-hidden': 'true' });
  return s('svg', { class: 'swatch', viewBox: '0 0 12 12', 'aria-hidden': 'true' },
    s('rect', { width: 12, height: 12, class: `region-${n % COLOURS}` }),
    s('path', { class: 'lines', d: LINES[kind(n)], transform: 'scale(2)' }));
}

const sharesOf = (code) => model.map?.countries?.[code] ?? [];
const inOrder = (shares) => [...shares].sort((a, b) => b.share - a.share);

function sharesWords(shares) {
  return inOrder(shares).map((share) => (share.share > 0.9995 ? who(share) : `${who(share)} ${percent(share.share)}`)).join(', ');
}

function countryTip(code) {
  const shares = sharesOf(code);
  const name = `${country(code)} (${code})`;
  if (!model.map) return [name];
  if (!shares.length) return [name, 'no addresses are known to be there'];
  return [name, `answered by ${sharesWords(shares)}`, ...whyNot()];
}

/** Why regions that the name is configured for do not answer it: those that are not up. */
function whyNot() {
  const { overview, chosen, names } = model;
  if (!overview) return [];
  const name = names?.find((one) => one.name === chosen.name);
  const wanted = name?.configured ? new Set(name.configured.map((share) => share.region ?? share.pool)) : null;
  return regionsOf(overview).filter((region) => region.state !== 'up' && region.name && (!wanted || wanted.has(region.name)))
    .map((region) => `${region.name} is ${STATES[region.state]}${because(region)}`);
}

function because(region) {
  const why = reasons(model.overview, region.pools);
  return why.length ? `: ${why.join('; ')}` : '';
}

export function draw() {
  if (!model.overview) return;
  drawPicker();
  const regions = regionsOf(model.overview);
  const index = palette();
  const counts = new Map();
  for (const [code, node] of paths) {
    const shares = inOrder(sharesOf(code));
    const known = shares.filter((share) => index.has(who(share)));
    const shown = known.slice(0, known[0]?.share >= 0.95 ? 1 : 2).map((share) => index.get(who(share)));
    for (const share of shares) counts.set(who(share), (counts.get(who(share)) ?? 0) + 1);
    attribute(node, 'fill', shown.length ? pattern(shown) : null);
    node.who = shares.map(who);
  }
  drawMarkers(regions.filter((region) => region.location));
  drawLegend(regions, counts, index);
  drawWords(counts);
  drawTable();
}

function drawPicker() {
  const names = model.names ?? [];
  const mark = model.namesMissing ?? `${model.containing} ${names.map((name) => name.name).join(' ')}`;
  // What somebody is typing is not taken from under their fingers.
  if (picker.mark !== undefined && picker.contains(document.activeElement) && document.activeElement.tagName === 'INPUT') return;
  renew(picker, mark, () => {
    if (model.namesMissing || model.containing || model.nameCount > MANY_NAMES) {
      return [
        h('input', {
          list: 'map-names', type: 'search', 'aria-label': 'Name', placeholder: 'www.example.com', spellcheck: 'false',
          value: model.chosen.name ? bare(model.chosen.name) : '',
          onchange: (event) => pick(event.target.value.trim()),
        }),
        h('datalist', { id: 'map-names' }, names.slice(0, 1000).map((name) => h('option', { value: bare(name.name) }))),
      ];
    }
    return h('select', { id: 'map-name', 'aria-label': 'Name', onchange: (event) => pick(event.target.value) },
      names.map((name) => h('option', { value: name.name }, bare(name.name))));
  });
  const select = picker.querySelector('select');
  if (select && model.chosen.name && select.value !== model.chosen.name) select.value = model.chosen.name;
  const offered = typesOf(model.chosen.name);
  renew(types, offered.join(), () => offered.map((type) => h('option', { value: type }, type)));
  if (types.value !== model.chosen.type) types.value = model.chosen.type;
}

const typesOf = (name) => model.names?.find((one) => one.name === name)?.types ?? ['A', 'AAAA'];

function pick(given) {
  if (!given) return;
  const name = model.names?.find((one) => bare(one.name) === bare(given))?.name ?? given;
  const offered = typesOf(name);
  choose(name, offered.includes(model.chosen.type) ? model.chosen.type : offered[0]);
}

function drawMarkers(regions) {
  if (!world) return;
  keyed(markers, regions, (region) => region.name, (region) => {
    const node = h('button', { class: 'marker', onclick: () => lightUp(region.name) }, h('span', { class: 'sign' }), h('span', { class: 'label' }, region.name));
    tip(node, () => regionTip(region.name));
    return node;
  }, (node, region) => {
    const [x, y] = place(region.location);
    node.style.left = `${(x * 100).toFixed(2)}%`;
    node.style.top = `${(y * 100).toFixed(2)}%`;
    node.className = `marker ${region.state}`;
    attribute(node, 'aria-label', `${region.name}: ${STATES[region.state]}${because(region)}`);
    renew(node.firstChild, region.state, () => icon(region.state));
  });
}

function regionTip(name) {
  const region = regionsOf(model.overview).find((one) => one.name === name);
  if (!region) return null;
  const newest = region.pools.map((pool) => pool.since).filter(Boolean).sort().at(-1);
  return [name, `${STATES[region.state]}${newest ? ` since ${clock(newest)}` : ''}`, ...reasons(model.overview, region.pools),
    plural(region.pools.length, 'pool')];
}

let lit = null;

/** Shows only what a region answers; once more, all again. */
function lightUp(name) {
  lit = lit === name ? null : name;
  for (const node of paths.values()) node.classList.toggle('dim', lit !== null && !node.who?.includes(lit));
  for (const item of legend.children) attribute(item.firstChild, 'aria-pressed', String(item.name === lit));
}

function drawLegend(regions, counts, index) {
  const inNone = [...index.keys()].filter((name) => !model.overview.regions.some((region) => region.name === name) && counts.has(name));
  const all = [...regions.filter((region) => region.name !== null), ...inNone.map((name) => ({ name, pools: model.overview.pools.filter((pool) => pool.name === name) }))];
  keyed(legend, all, (one) => one.name, (one) => {
    const button = h('button', { class: 'entry', 'aria-pressed': 'false', onclick: () => lightUp(one.name) }, swatch(one.name), h('span', null, one.name), h('span', { class: 'muted' }));
    const item = h('li', null, button);
    item.name = one.name;
    return item;
  }, (item, one) => {
    const words = [one.state && STATES[one.state], model.map && `${plural(counts.get(one.name) ?? 0, 'country', 'countries')}`];
    text(item.firstChild.lastChild, words.filter(Boolean).join(', '));
  });
}

function drawWords(counts) {
  const { chosen, map, mapMissing, namesMissing } = model;
  const why = mapMissing ?? (chosen.name ? null : namesMissing ?? (model.names ? 'No name is steered here.' : null));
  empty.hidden = !why;
  text(empty, why ?? '');
  if (!map) {
    text(note, 'A map of the world.');
    text(elsewhere, '');
    return;
  }
  const parts = [...counts].sort((a, b) => b[1] - a[1]).map(([name, count]) => `${name} answers ${plural(count, 'country', 'countries')}`);
  const not = whyNot();
  text(note, `${bare(map.name)} ${map.type}: ${some(parts, 5) || 'nobody answers'}.${not.length ? ` ${list(not)}.` : ''}`);
  text(elsewhere, map.elsewhere?.length ? `Addresses whose country is not known: ${sharesWords(map.elsewhere)}.` : '');
}

function drawTable() {
  const countries = Object.keys(model.map?.countries ?? {});
  const rows = countries.map((code) => [country(code), code, sharesWords(sharesOf(code))]).sort((a, b) => a[0].localeCompare(b[0]));
  renew(table, JSON.stringify(rows), () => rows.map(([name, , words]) => h('tr', null, h('th', { scope: 'row' }, name), h('td', null, words))));
}
