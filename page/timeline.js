// What happened, the newest first; what happened together in one line.

import { h, icon, keyed, renew, text } from '/page/dom.js';
import { model } from '/page/model.js';
import { clock, eventWords, list, plural } from '/page/words.js';

const SHOWN = 80;
// What is of one kind and this close is one thing that happened.
const TOGETHER_MS = 2000;
const KINDS = { verdicts: 'Verdicts', overrides: 'Overrides', reloads: 'Reloads', drills: 'Maintenance, drills', others: 'Others' };

const hidden = new Set();
let root, entries, none;

export function setUp(section) {
  root = section;
  entries = h('ol', { class: 'events' });
  none = h('p', { class: 'empty' }, 'Nothing has happened since the daemon started.');
  const choose = Object.entries(KINDS).map(([kind, word]) => h('label', { class: 'check' },
    h('input', { type: 'checkbox', checked: true, onchange: (event) => {
      if (event.target.checked) hidden.delete(kind);
      else hidden.add(kind);
      draw();
    } }), word));
  section.append(
    h('div', { class: 'title' }, h('h2', { id: 'timeline-title' }, 'What happened')),
    h('fieldset', { class: 'filter' }, h('legend', { class: 'unseen' }, 'Show'), choose),
    none,
    h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Events, the newest first' }, entries),
  );
}

export function draw() {
  const groups = grouped(once(model.events).filter((event) => !hidden.has(eventWords(event).of)));
  none.hidden = groups.length > 0;
  text(none, model.events.length ? 'Nothing of that kind has happened.' : 'Nothing has happened since the daemon started.');
  keyed(entries, groups.slice(-SHOWN).reverse(), (group) => group.key, make, update);
}

/** Where a verdict of probes made an endpoint what it is, the endpoint is told of and not both. */
function once(events) {
  const ends = new Set(events.filter((event) => event.type === 'endpoint')
    .map((event) => `${event.endpoint.split('/')[0]} ${event.verdict} ${event.at.slice(0, 19)}`));
  return events.filter((event) => event.type !== 'verdict'
    || !event.pools?.length || !event.pools.every((pool) => ends.has(`${pool} ${event.verdict} ${event.at.slice(0, 19)}`)));
}

const kindOf = (event) => [event.type, event.verdict, event.action, event.state, event.panics, event.held].join();

/** Events that came one after the other and are alike, as one. */
function grouped(events) {
  const groups = [];
  for (const event of events) {
    const last = groups.at(-1);
    const at = Date.parse(event.at);
    if (last && last.kind === kindOf(event) && at - last.until <= TOGETHER_MS) {
      last.events.push(event);
      last.until = at;
    } else groups.push({ key: event.id, kind: kindOf(event), events: [event], until: at });
  }
  return groups;
}

function make() {
  const parts = { sign: h('span'), time: h('time'), words: h('span', { class: 'words' }) };
  const node = h('li', null, parts.sign, parts.time, parts.words);
  node.parts = parts;
  return node;
}

function update(node, group) {
  const [first] = group.events;
  const words = eventWords(first);
  const { parts } = node;
  renew(parts.sign, words.icon, () => icon(words.icon));
  parts.time.dateTime = first.at;
  text(parts.time, clock(first.at));
  renew(parts.words, String(group.events.length), () => (group.events.length < 3
    ? group.events.map((event, n) => h('span', null, n ? '; ' : '', eventWords(event).text))
    : h('details', null, h('summary', null, together(group.events)),
      h('ul', null, group.events.slice(0, 200).map((event) => h('li', null, eventWords(event).text))))));
}

function together(events) {
  const [first] = events;
  const pools = [...new Set(events.flatMap((event) => event.pools ?? event.pool ?? []))];
  const more = events.some((event) => event.pools && event.more) ? ' and more' : '';
  const where = pools.length ? ` (${pools.length > 4 ? plural(pools.length, 'pool') + more : list(pools)})` : '';
  if (first.type === 'verdict') return `probes of ${plural(events.length, 'target')} say ${first.verdict}${where}`;
  if (first.type === 'endpoint') return `${plural(events.length, 'endpoint')} ${first.verdict}`;
  return `${plural(events.length, 'event')} of the kind ${first.type.replaceAll('_', ' ')}${where}`;
}
