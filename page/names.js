// Steered names: what each pool's share is to be, is now and has been, how much is answered, and for how many
// clients everything is down.

import { attribute, h, keyed, renew, text } from '/page/dom.js';
import { findNames, model } from '/page/model.js';
import { bare, percent, plural, rate } from '/page/words.js';

// From here on it is said that a share is another than it is to be.
const CLOSE = 0.02;
const FEW = 8;
const TYPED_MS = 250;

let body, filter, more, none, typed;

export function setUp(section) {
  filter = h('input', {
    type: 'search', placeholder: 'Find a name', 'aria-label': 'Find a name', hidden: true,
    oninput: () => {
      clearTimeout(typed);
      typed = setTimeout(() => findNames(filter.value.trim()), TYPED_MS);
    },
  });
  body = h('tbody');
  more = h('p', { class: 'muted' });
  none = h('p', { class: 'empty', hidden: true });
  const numbers = ['Configured', 'Now', 'Achieved'].map((word) => h('span', { class: 'number' }, word));
  section.append(
    h('div', { class: 'title' }, h('h2', { id: 'names-title' }, 'Steered names'), h('span', { class: 'tools' }, filter)),
    none,
    h('table', { class: 'names' },
      h('thead', null, h('tr', null, h('th', { scope: 'col' }, 'Name'),
        h('th', { scope: 'col' }, h('div', { class: 'share' }, h('span', null, 'Pool'), h('span'), numbers)),
        h('th', { scope: 'col', class: 'number' }, 'Answers/s'), h('th', { scope: 'col', class: 'number' }, 'Degraded'))),
      body),
    more,
  );
}

export function draw() {
  none.hidden = !(model.namesMissing || model.names?.length === 0);
  text(none, model.namesMissing ?? (model.containing ? 'No steered name is like that.' : 'No name is steered here.'));
  body.parentNode.hidden = !none.hidden || !model.names;
  if (!model.names) return;
  filter.hidden = model.nameCount < FEW && !model.containing;
  keyed(body, model.names, (name) => name.name, make, update);
  const left = model.nameCount - model.names.length;
  text(more, left > 0 ? `${plural(left, 'name')} more: find them above.` : '');
}

function make(name) {
  const parts = {
    types: h('span', { class: 'muted' }), bars: h('td', { class: 'bars' }),
    rate: h('td', { class: 'number', 'data-head': 'Answers/s' }), degraded: h('td', { class: 'number', 'data-head': 'Degraded' }),
  };
  const node = h('tr', null, h('th', { scope: 'row' }, breakable(bare(name.name)), ' ', parts.types), parts.bars, parts.rate, parts.degraded);
  node.parts = parts;
  return node;
}

/** A long name breaks after a dot. */
const breakable = (name) => name.split(/(?<=\.)/).flatMap((label) => [label, h('wbr')]);

function update(node, name) {
  const { parts } = node;
  text(parts.types, name.types?.join(' ') ?? '');
  text(parts.rate, name.answers_per_second === null ? '–' : rate(name.answers_per_second));
  text(parts.degraded, percent(name.degraded));
  attribute(parts.degraded, 'class', name.degraded ? 'number bad' : 'number');
  const rows = sharesOf(name);
  renew(parts.bars, JSON.stringify([rows, name.answers > 0, regions()]), () => rows.map((row) => share(row, name.answers > 0)));
}

/** For each pool what it is to have, has and had. */
function sharesOf(name) {
  const rows = new Map();
  for (const kind of ['configured', 'now', 'achieved']) {
    for (const { pool, region, share: part } of name[kind] ?? []) {
      const row = rows.get(pool) ?? rows.set(pool, { pool, region, configured: 0, now: 0, achieved: 0 }).get(pool);
      row[kind] += part;
    }
  }
  return [...rows.values()];
}

const regions = () => model.overview?.regions.map((one) => one.name) ?? [];

/** A bar of what is told now, with a mark where it is to be; the numbers stand beside it. */
function share({ pool, region, configured, now, achieved }, isAsked) {
  const index = regions().indexOf(region);
  const bar = h('span', { class: 'fill' });
  bar.style.width = `${now * 100}%`;
  const mark = h('span', { class: 'mark' });
  mark.style.left = `${configured * 100}%`;
  const off = Math.abs(configured - now) > CLOSE;
  const number = (head, words) => h('span', { class: 'number', 'data-head': head }, h('span', { class: 'unseen' }, `${head} `), words);
  return h('div', { class: `share${off ? ' off' : ''}` },
    h('span', { class: 'pool' }, pool ?? 'no data', off && h('strong', null, now > configured ? ' ▲' : ' ▼', h('span', { class: 'unseen' }, ' differs'))),
    h('span', { class: `meter ${index < 0 ? '' : `region-${index % 8}`}`, 'aria-hidden': 'true' }, bar, mark),
    number('configured', percent(configured)), number('now', percent(now)), number('achieved', isAsked ? percent(achieved) : '–'));
}
