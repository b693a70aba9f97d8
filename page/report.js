// How available everything was: asked for, and not looked at again by itself.

import { Problem, ask } from '/page/api.js';
import { h, text } from '/page/dom.js';
import { bare, clock, percent, plural, span } from '/page/words.js';

const TIMES = [['1d', 'The last day'], ['7d', 'The last 7 days'], ['30d', 'The last 30 days'], ['90d', 'The last 90 days'], ['365d', 'The last 365 days']];
const ROWS = 50;

let time, error, out;

export function setUp(section) {
  time = h('select', { id: 'report-time', 'aria-label': 'Of which time' }, TIMES.map(([value, word]) => h('option', { value, selected: value === '30d' }, word)));
  error = h('p', { class: 'error', role: 'alert' });
  out = h('div', { class: 'report', 'aria-live': 'polite' });
  const form = h('form', { class: 'tools' }, time, h('button', { class: 'small' }, 'Report'));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    look();
  });
  section.append(h('div', { class: 'title' }, h('h2', { id: 'report-title' }, 'Availability'), form), error, out);
}

/** Nothing of it is left for whoever signs in next. */
export function forget() {
  text(error, '');
  out.replaceChildren();
}

async function look() {
  try {
    const seen = await ask('GET', `/api/v1/report?since=${encodeURIComponent(time.value)}`);
    text(error, '');
    out.replaceChildren(...show(seen).flat().filter(Boolean));
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    out.replaceChildren();
    text(error, problem.message);
  }
}

function show({ observed_s: observed, gaps, regions, pools, endpoints, failovers, failovers_in_all: all, names }) {
  const known = `Observed for ${span(observed)}${gaps.length ? `; nothing is known of ${plural(gaps.length, 'time')} between` : ', without a gap'}.`;
  const worst = [...endpoints].sort((a, b) => b.down_s - a.down_s);
  return [
    h('p', { class: 'muted' }, known),
    times('Regions', regions, (of) => of.region),
    times('Pools', pools, (of) => `${of.pool} (${of.family})`),
    times('Endpoints', worst, (of) => of.endpoint),
    table('Out of service', ['From', 'Pool', 'Lasted', 'Detected after', 'Why'], failovers.map((of) => [
      clock(of.from), `${of.pool} (${of.family})`, `${span(of.lasted_s)}${of.until ? '' : ', goes on'}`,
      of.detected_s === undefined ? '–' : `${of.detected_s.toFixed(1)} s`, `${of.planned ? 'taken out' : 'failed'}${of.why ? `: ${of.why}` : ''}`,
    ]), all),
    table('Answers', ['Name', 'Pool', 'Achieved', 'Configured'], names.flatMap((name) => name.pools.map((of, n) => [
      n ? '' : `${bare(name.name)} (${name.answers})`, of.pool, percent(of.achieved), of.configured === undefined ? '–' : percent(of.configured),
    ]))),
  ];
}

/** Rounded down: what was down for a moment was not up for 100 %. */
const available = (part) => (part === undefined ? '–' : `${(Math.floor(part * 1e6) / 1e4).toFixed(4)} %`);

function times(title, all, name) {
  return table(title, [title.slice(0, -1), 'Available', 'Down', 'Outages', 'Taken out'],
    all.map((of) => [name(of), available(of.availability), span(of.down_s), String(of.outages), span(of.away_s)]));
}

function table(title, head, rows, all = rows.length) {
  if (!rows.length) return [];
  const body = rows.slice(0, ROWS).map(([first, ...rest]) => h('tr', null, h('th', { scope: 'row' }, first), rest.map((cell) => h('td', null, cell))));
  return [
    h('h3', null, title),
    h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': title },
      h('table', null, h('thead', null, h('tr', null, head.map((word) => h('th', { scope: 'col' }, word)))), h('tbody', null, body))),
    all > ROWS && h('p', { class: 'muted' }, `${all - ROWS} more: steersman report`),
  ];
}
