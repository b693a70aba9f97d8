// What is planned to be away, and what is taken away to see what becomes of it: planned maintenance, drills.

import { dialog } from '/page/actions.js';
import { ask } from '/page/api.js';
import { h, icon, keyed, renew, text } from '/page/dom.js';
import { mayChange, model, preview, refresh } from '/page/model.js';
import { clock, targetWords } from '/page/words.js';

const STAGES = { planned: ['note', 'is planned'], leaving: ['partly', 'is near: its clients leave'], away: ['drained', 'goes on'], returning: ['partly', 'is over: its clients return'], refused: ['down', 'is refused by a safety rule'] };
const LEADS = [['1m', '1 minute'], ['10m', '10 minutes'], ['30m', '30 minutes'], ['2h', '2 hours']];
const REPEATS = [['', 'once'], ['daily', 'every day'], ['weekly', 'every week'], ['monthly', 'every month'], ['yearly', 'every year']];
const DRILLS = { moving: ['partly', 'has begun: its clients move'], away: ['drained', 'goes on: its clients are away'], returning: ['partly', 'is over: its clients return'], done: ['up', 'is done'], ended: ['note', 'was ended before its time'], interrupted: ['partly', 'was interrupted'] };
const SHOWN_DRILLS = 5;

const parts = {};

export function setUpMaintenance(section) {
  parts.maintenance = section;
  parts.plan = h('button', { class: 'small', onclick: openPlan }, 'Plan…');
  parts.windows = h('ul', { class: 'overrides' });
  parts.nothing = h('p', { class: 'empty' }, 'Nothing is planned to be away.');
  section.append(h('div', { class: 'title' }, h('h2', { id: 'maintenance-title' }, 'Planned maintenance'), parts.plan), parts.nothing, parts.windows);
}

export function setUpDrills(section) {
  parts.drills = section;
  parts.begin = h('button', { class: 'small', onclick: openDrill }, 'Drill…');
  parts.done = h('ul', { class: 'overrides' });
  parts.never = h('p', { class: 'empty' }, 'None yet. A drill takes something away, measures when its clients are elsewhere, and puts it back.');
  section.append(h('div', { class: 'title' }, h('h2', { id: 'drills-title' }, 'Drills'), parts.begin), parts.never, parts.done);
}

export function draw() {
  const windows = model.overview.maintenance ?? [];
  parts.maintenance.hidden = windows.length === 0 && !mayChange();
  parts.nothing.hidden = windows.length > 0;
  parts.plan.hidden = !mayChange();
  keyed(parts.windows, windows, (window) => `${window.name} ${window.target} ${window.start}`, makeWindow, updateWindow);
  const drills = (model.drills ?? []).slice(0, SHOWN_DRILLS);
  parts.drills.hidden = drills.length === 0 && !mayChange();
  parts.never.hidden = drills.length > 0;
  parts.begin.hidden = !mayChange();
  keyed(parts.done, drills, (drill) => drill.id, makeDrill, updateDrill);
}

function line(more) {
  const own = { sign: h('span'), words: h('span'), time: h('span', { class: 'muted' }), reason: h('p', { class: 'why' }) };
  const node = h('li', null, h('div', { class: 'line' }, own.sign, own.words, own.time, h('span', { class: 'actions' }, more)), own.reason);
  node.parts = own;
  return node;
}

function makeWindow({ name }) {
  const cancel = h('button', { class: 'small', 'aria-label': `Call off maintenance ${name}`, onclick: () => openCallOff(name) }, 'Call off…');
  const node = line(cancel);
  node.parts.cancel = cancel;
  return node;
}

function updateWindow({ parts: own }, { name, target, stage, percent, start, end, reason, refused_by }) {
  const [sign, plain] = STAGES[stage] ?? ['note', stage];
  const words = refused_by ? `is refused by ${refused_by}` : plain;
  renew(own.sign, sign, () => icon(sign));
  text(own.words, `${name}, of ${targetWords(target)}, ${words}`);
  const left = percent > 0 && percent < 100 ? `, ${percent} % of its clients are left to it` : '';
  text(own.time, `${clock(start)} to ${clock(end)}${left}`);
  text(own.reason, reason ?? '');
  own.cancel.hidden = !mayChange();
}

function makeDrill({ id, target }) {
  const end = h('button', { class: 'small', 'aria-label': `End the drill of ${targetWords(target)}`, onclick: () => openEnd(id, target) }, 'End…');
  const report = h('a', { href: `/api/v1/drills/${encodeURIComponent(id)}.md`, 'aria-label': `Report of the drill of ${targetWords(target)}` }, 'Report');
  const node = line([report, end]);
  node.parts.end = end;
  return node;
}

function updateDrill({ parts: own }, { target, state, began, by, reason, figures }) {
  const [sign, words] = DRILLS[state] ?? ['note', state];
  renew(own.sign, sign, () => icon(sign));
  text(own.words, `drill of ${targetWords(target)} ${words}`);
  const seconds = (time) => `${time.toFixed(1)} s`;
  const moved = figures.last_moved_s === null || figures.last_moved_s === undefined ? null : `last client moved after ${seconds(figures.last_moved_s)}`;
  const recovery = figures.recovery_s === null || figures.recovery_s === undefined ? null : `recovery time ${seconds(figures.recovery_s)}`;
  text(own.time, [clock(began), moved, recovery].filter(Boolean).join(' · '));
  text(own.reason, `${reason} (${by.replace(/ at .*/, '')})`);
  own.end.hidden = !mayChange() || !['moving', 'away'].includes(state);
}

const label = (name, words) => h('label', { for: name }, words);
const select = (id, choices, chosen) => h('select', { id }, choices.map(([value, word]) => h('option', { value, selected: value === chosen }, word)));

/** Regions and pools to choose from. */
function targets() {
  const { regions, pools } = model.overview;
  const all = [...regions.map(({ name }) => `region:${name}`), ...pools.map(({ name }) => `pool:${name}`)];
  return all.map((target) => [target, targetWords(target)]);
}

/** A time of the browser's clock, as forms have it. */
function local(date) {
  const shifted = new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  return shifted.toISOString().slice(0, 16);
}

const MINUTE_MS = 60_000;

function openPlan() {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';
  const now = Date.now();
  const name = h('input', { id: 'plan-name', required: true, maxlength: 64, pattern: '[A-Za-z0-9._\\-]+', autocomplete: 'off', spellcheck: 'false', 'aria-describedby': 'plan-name-help' });
  const target = select('plan-target', targets());
  const start = h('input', { id: 'plan-start', type: 'datetime-local', required: true, value: local(new Date(now + 60 * MINUTE_MS)) });
  const end = h('input', { id: 'plan-end', type: 'datetime-local', required: true, value: local(new Date(now + 120 * MINUTE_MS)) });
  const lead = select('plan-lead', LEADS, '10m');
  const repeats = select('plan-repeats', REPEATS);
  const reason = h('input', { id: 'plan-reason', required: true, maxlength: 500, autocomplete: 'off' });
  const made = dialog('Plan maintenance', [
    label('plan-name', 'Name'), name, h('p', { class: 'help', id: 'plan-name-help' }, 'Letters, digits, dots, hyphens and underscores; one of the same name is replaced.'),
    label('plan-target', 'What is away'), target,
    h('p', { class: 'help' }, `Times are those of your clock, ${zone}.`),
    label('plan-start', 'From'), start, label('plan-end', 'Until'), end,
    label('plan-lead', 'Its clients leave, and come back, over'), lead,
    label('plan-repeats', 'How often'), repeats,
    label('plan-reason', 'Reason'), reason,
  ], {
    go: () => `Plan ${name.value.trim() || 'it'}`,
    look: () => preview('drain', target.value),
    act: () => ask('PUT', `/api/v1/maintenance/${encodeURIComponent(name.value.trim())}`, {
      target: target.value, start: start.value, end: end.value, timezone: zone, lead: lead.value, reason: reason.value,
      ...(repeats.value && { repeats: repeats.value }),
    }),
    done: () => `maintenance ${name.value.trim()} is planned`,
  });
  target.addEventListener('change', made.again);
  name.addEventListener('input', made.rename);
}

function openCallOff(name) {
  dialog(`Call off maintenance ${name}`, h('p', null, 'What is away because of it is back with the next answer, if it is well. What stands in zones/maintenance.toml is called off there.'), {
    go: () => 'Call it off',
    act: () => ask('DELETE', `/api/v1/maintenance/${encodeURIComponent(name)}`),
    done: () => `maintenance ${name} is called off`,
  });
}

function openDrill() {
  const target = select('drill-target', targets());
  const time = h('input', { id: 'drill-time', required: true, value: '10m', autocomplete: 'off', 'aria-describedby': 'drill-time-help' });
  const reason = h('input', { id: 'drill-reason', required: true, maxlength: 500, autocomplete: 'off' });
  const made = dialog('Begin a drill', [
    label('drill-target', 'Take away'), target,
    label('drill-time', 'For'), time, h('p', { class: 'help', id: 'drill-time-help' }, '1s to 1d, e.g. 10m. It is back then, whatever happens meanwhile.'),
    label('drill-reason', 'Reason'), reason,
  ], {
    go: () => `Take ${targetWords(target.value)} away for ${time.value.trim()}`,
    look: () => preview('drain', target.value),
    act: (force) => ask('POST', '/api/v1/drills', { target: target.value, for: time.value.trim(), reason: reason.value, ...(force && { force }) }),
    done: () => `drill of ${targetWords(target.value)} has begun`,
  });
  target.addEventListener('change', made.again);
  time.addEventListener('input', made.rename);
}

function openEnd(id, target) {
  dialog(`End the drill of ${targetWords(target)}`, h('p', null, 'It is back with the next answer.'), {
    go: () => 'Put it back',
    act: () => ask('DELETE', `/api/v1/drills/${encodeURIComponent(id)}`).finally(refresh),
    done: () => `drill of ${targetWords(target)} is ended`,
  });
}
