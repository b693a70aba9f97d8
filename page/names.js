// Steered names: what share each pool is to have and has had, how much is answered, and how much of it
// was a makeshift, for everything was down.

import { attribute, h, keyed, renew, text } from '/page/dom.js';
import { model } from '/page/model.js';
import { bare, percent, plural, rate } from '/page/words.js';

const SHOWN = 50;
// What is drawn differs from the share itself by chance alone up to here.
const CLOSE = 0.02;

let root, body, filter, more, none;

export function setUp(section) {
  root = section;
  filter = h('input', { type: 'search', placeholder: 'Find a name', 'aria-label': 'Find a name', oninput: draw });
  body = h('tbody');
  more = h('p', { class: 'muted' });
  none = h('p', { class: 'empty', hidden: true });
  const head = ['Name', 'Policy', 'Configured and achieved', 'Answers/s', 'Degraded'];
  section.append(
    h('div', { class: 'title' }, h('h2', { id: 'names-title' }, 'Steered names'), h('span', { class: 'tools' }, filter)),
    none,
    h('table', { class: 'names' },
      h('thead', null, h('tr', null, head.map((word, n) => h('th', { scope: 'col', class: n > 2 ? 'number' : null }, word)))), body),
    more,
  );
}

export function draw() {
  none.hidden = !(model.namesMissing || model.names?.length === 0);
  text(none, model.namesMissing ?? 'No name is steered here.');
  body.parentNode.hidden = !none.hidden || !model.names;
  filter.hidden = (model.names?.length ?? 0) < 8;
  if (!model.names) return;
  const wanted = filter.value.trim().toLowerCase();
  const fitting = model.names.filter((name) => !wanted || name.name.toLowerCase().includes(wanted));
  // Those that are asked for most first, where not all can be seen.
  const sorted = fitting.length > SHOWN ? [...fitting].sort((a, b) => b.answers_per_second - a.answers_per_second) : fitting;
  keyed(body, sorted.slice(0, SHOWN), (name) => name.name, make, update);
  text(more, sorted.length > SHOWN ? `${plural(sorted.length - SHOWN, 'name')} more: find them above.` : '');
}

function make(name) {
  const parts = {
    types: h('span', { class: 'muted' }), policy: h('td', { 'data-head': 'Policy' }), bars: h('td', { class: 'bars', 'data-head': 'Configured and achieved' }),
    rate: h('td', { class: 'number', 'data-head': 'Answers/s' }), degraded: h('td', { class: 'number', 'data-head': 'Degraded' }),
  };
  const node = h('tr', null, h('th', { scope: 'row' }, breakable(bare(name.name)), ' ', parts.types), parts.policy, parts.bars, parts.rate, parts.degraded);
  node.parts = parts;
  return node;
}

/** A long name breaks after a dot. */
const breakable = (name) => name.split(/(?<=\.)/).flatMap((label) => [label, h('wbr')]);

function update(node, name) {
  const { parts } = node;
  text(parts.types, name.types?.join(' ') ?? '');
  text(parts.policy, name.policy ?? '');
  text(parts.rate, rate(name.answers_per_second ?? 0));
  text(parts.degraded, String(name.degraded ?? 0));
  attribute(parts.degraded, 'class', name.degraded ? 'number bad' : 'number');
  const rows = sharesOf(name);
  renew(parts.bars, JSON.stringify([rows, !name.answers, regions()]), () => rows.map((row) => share(row, !name.answers)));
}

/** For each pool what it is to have and has had, where either is known. */
function sharesOf(name) {
  const rows = new Map();
  for (const [kind, shares] of [['configured', name.configured], ['achieved', name.achieved]]) {
    for (const { pool, region, share: part } of shares ?? []) {
      const row = rows.get(pool) ?? rows.set(pool, { pool, region }).get(pool);
      row[kind] = part;
    }
  }
  return [...rows.values()];
}

const regions = () => model.overview?.regions.map((one) => one.name) ?? [];

/** A bar of what was achieved, with a mark where it is to be; the numbers stand beside it. */
function share({ pool, region, configured, achieved }, unasked) {
  const index = regions().indexOf(region);
  const bar = h('span', { class: 'fill' });
  bar.style.width = `${(achieved ?? 0) * 100}%`;
  const mark = configured === undefined ? null : h('span', { class: 'mark' });
  if (mark) mark.style.left = `${configured * 100}%`;
  const off = !unasked && configured !== undefined && Math.abs(configured - (achieved ?? 0)) > CLOSE;
  const unseen = (word) => h('span', { class: 'unseen' }, word);
  const words = [
    configured === undefined ? null : [unseen('configured '), percent(configured)],
    unasked ? ' not asked yet' : [' → ', unseen('achieved '), percent(achieved ?? 0)],
  ];
  return h('div', { class: `share${off ? ' off' : ''}` },
    h('span', { class: 'pool' }, pool),
    h('span', { class: `meter ${index < 0 ? '' : `region-${index % 8}`}`, 'aria-hidden': 'true' }, bar, mark),
    h('span', { class: 'numbers' }, words.flat(), off ? h('strong', null, ' differs') : null));
}
