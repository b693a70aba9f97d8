// What a person can say: overrides, clearing them, failback. Before it is confirmed, the page shows what
// share of which names would move where.

import { Problem, ask, overridePath, silencePath } from '/page/api.js';
import { h, icon, renew, say, text } from '/page/dom.js';
import { model, preview, refresh } from '/page/model.js';
import { bare, country, list, patternWords, percent, plural, some, targetWords, wordOfOverride } from '/page/words.js';

const STATES = {
  drain: ['Drain', 'no new answers; in last resort it is still answered'],
  down: ['Force down', 'as if every probe failed; answered last of all'],
  up: ['Force up', 'as if every probe passed'],
};
const TIMES = [['15m', '15 minutes'], ['1h', '1 hour'], ['2h', '2 hours'], ['8h', '8 hours'], ['1d', '1 day'], ['', 'until it is cleared'], ['other', 'another time…']];

/** A dialog with a form: `fields` in it, what would come of it below them, and two buttons. */
export function dialog(title, fields, { go, look, act, done }) {
  const error = h('p', { class: 'error', role: 'alert' });
  const would = h('div', { class: 'would', tabindex: '0', role: 'group', 'aria-label': 'What would move', 'aria-live': 'polite', 'aria-busy': 'true' });
  const confirm = h('button', { class: 'go' }, go());
  const force = h('input', { type: 'checkbox' });
  // Only once it was refused so that it can be forced, and only for whom that is left to.
  const forcing = h('label', { class: 'check', hidden: true }, force, 'Do it all the same; the audit log says who');
  const mayForce = (problem) => {
    forcing.hidden = !(problem?.forcible && model.session?.role === 'admin');
    if (forcing.hidden) force.checked = false;
  };
  const cancel = h('button', { type: 'button', class: 'plain', onclick: () => node.close() }, 'Cancel');
  const form = h('form', { method: 'dialog' }, h('h2', { id: 'dialog-title' }, title), fields,
    look && h('h3', null, 'What would move'), look && would, error, forcing, h('div', { class: 'buttons' }, cancel, confirm));
  const node = h('dialog', { 'aria-labelledby': 'dialog-title' }, form);
  const before = document.activeElement;
  node.addEventListener('close', () => {
    node.remove();
    before?.focus?.();
  });
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    text(error, '');
    confirm.disabled = true;
    try {
      const answer = await act(force.checked);
      node.close();
      say(done(answer));
      refresh();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      text(error, /^nothing has changed/i.test(problem.message) ? problem.message : `Nothing has changed: ${problem.message}`);
      mayForce(problem);
      confirm.disabled = false;
    }
  });
  document.body.append(node);
  node.showModal();
  let asked = 0;
  const again = async () => {
    text(confirm, go());
    // What was refused was something else.
    mayForce(null);
    if (!look) return;
    const mine = ++asked;
    // Not before it is seen what would come of it.
    confirm.disabled = true;
    would.setAttribute('aria-busy', 'true');
    renew(would, `${mine}`, () => h('p', { class: 'muted' }, 'Looking…'));
    const seen = await look().then(moves, (problem) => missing(problem));
    if (mine !== asked || !node.isConnected) return;
    would.setAttribute('aria-busy', 'false');
    renew(would, `${mine} seen`, () => seen);
    confirm.disabled = false;
  };
  again();
  return { again, rename: () => text(confirm, go()) };
}

function missing(problem) {
  if (!(problem instanceof Problem)) throw problem;
  const unknown = problem.status === 404 && /there is nothing at/.test(problem.message);
  return h('p', { class: 'unknown' }, icon('doubt'),
    unknown ? ' This daemon cannot tell beforehand what would move.' : ` What would move is not known: ${problem.message}.`);
}

/** What a preview says, in words. */
function moves({ changes, names, degraded, compared }) {
  if (!changes.length) return h('p', null, icon('up'), ` Nobody would be told anything else. ${plural(compared, 'name')} compared.`);
  const head = h('p', null, icon('partly'), ` Clients of ${names} of ${plural(compared, 'name')} would be told something else.`);
  const worse = degraded > 0 && h('p', { class: 'bad' }, icon('down'), ` For clients of ${plural(degraded, 'name')} everything would be down.`);
  const sorted = [...changes].sort((a, b) => b.moved - a.moved);
  return [head, worse, h('ul', { class: 'moves' }, sorted.slice(0, 20).map(move)),
    sorted.length > 20 && h('p', { class: 'muted' }, `Of ${sorted.length - 20} more, as many or fewer.`)];
}

function move({ name, type, moved, moves: ways }) {
  const pool = (name) => name ?? 'no data';
  const lines = ways.map((way) => h('li', null, `${pool(way.from)} → ${pool(way.to)}${way.from === way.to ? ' (other endpoints)' : ''}: ${percent(way.share)}`,
    way.countries?.length ? h('span', { class: 'muted' }, ` (${somewhere(way.countries)})`) : null));
  return h('li', null, h('strong', null, `${bare(name)} ${type}`), ` ${percent(moved)} of all clients`, h('ul', null, lines));
}

/** The first countries, which have most of the clients. The daemon names twelve at most. */
function somewhere(countries) {
  const names = countries.map(country);
  return names.length < 12 ? some(names, 4) : `${names.slice(0, 4).join(', ')} and others`;
}

/** Says how something is to be, for a time. */
export function openOverride(target) {
  const radio = (state, [word, meaning]) => h('label', { class: 'choice' },
    h('input', { type: 'radio', name: 'state', value: state, checked: state === 'drain' }), h('span', null, h('strong', null, word), h('span', { class: 'muted' }, ` ${meaning}`)));
  const states = h('fieldset', null, h('legend', null, 'State'), Object.entries(STATES).map(([state, words]) => radio(state, words)));
  const reason = h('input', { id: 'reason', required: true, maxlength: 500, autocomplete: 'off', 'aria-describedby': 'reason-help' });
  const time = h('select', { id: 'time' }, TIMES.map(([value, word]) => h('option', { value, selected: value === '1h' }, word)));
  const other = h('input', { id: 'other-time', 'aria-label': 'For how long, e.g. 90m or 1h30m', placeholder: '90m, 1h30m', hidden: true, autocomplete: 'off' });
  time.addEventListener('change', () => {
    other.hidden = time.value !== 'other';
    other.required = !other.hidden;
    if (!other.hidden) other.focus();
    made.rename();
  });
  other.addEventListener('input', () => made.rename());
  const chosen = () => states.querySelector(':checked').value;
  const lifetime = () => (time.value === 'other' ? other.value.trim() : time.value);
  const made = dialog(`Override ${targetWords(target)}`, [
    states,
    h('label', { for: 'reason' }, 'Reason'), reason, h('p', { class: 'help', id: 'reason-help' }, 'Others read it, here and in the audit log.'),
    h('label', { for: 'time' }, 'For'), h('div', { class: 'row' }, time, other),
  ], {
    go: () => `${STATES[chosen()][0]} ${targetWords(target)}${lifetime() ? ` for ${lifetime()}` : ''}`,
    look: () => preview(chosen(), target),
    act: (force) => ask('PUT', overridePath(target), { state: chosen(), reason: reason.value, ...(lifetime() && { for: lifetime() }), ...(force && { force }) }),
    done: () => `${targetWords(target)} is ${wordOfOverride(chosen())}`,
  });
  states.addEventListener('change', made.again);
}

/** Takes an override away. */
export function openClear(target) {
  const said = model.overview?.overrides.find((override) => override.target === target);
  dialog(`Clear ${targetWords(target)}`, h('p', null, said
    ? `It is ${wordOfOverride(said.state)}: ${said.reason}`
    : 'It is held down by flap damping.'), {
    go: () => 'Clear it',
    look: () => preview(null, target),
    act: (force) => ask('DELETE', `${overridePath(target)}${force ? '?force=true' : ''}`),
    done: () => `override on ${targetWords(target)} cleared`,
  });
}

/** Has webhooks tell nobody of something for a time. */
export function openSilence() {
  const target = h('input', { id: 'silence-target', required: true, maxlength: 600, autocomplete: 'off', placeholder: 'region:us-east', 'aria-describedby': 'silence-help' });
  const reason = h('input', { id: 'silence-reason', required: true, maxlength: 500, autocomplete: 'off' });
  const time = h('select', { id: 'silence-time' }, TIMES.filter(([value]) => value && value !== 'other')
    .map(([value, word]) => h('option', { value, selected: value === '1h' }, word)));
  dialog('Silence', [
    h('label', { for: 'silence-target' }, 'What'), target,
    h('p', { class: 'help', id: 'silence-help' }, 'region:NAME, pool:NAME, endpoint:POOL/ADDRESS or name:NAME, with * for anything within; or * for everything. It still happens, and is shown here.'),
    h('label', { for: 'silence-reason' }, 'Reason'), reason,
    h('label', { for: 'silence-time' }, 'For'), time,
  ], {
    go: () => 'Tell nobody',
    act: () => ask('PUT', silencePath(target.value.trim()), { for: time.value, reason: reason.value }),
    done: (silence) => `${patternWords(silence.target)} is silenced`,
  });
}

/** Ends a silence. */
export function openUnsilence(target) {
  dialog(`End the silence of ${patternWords(target)}`, h('p', null, 'What has begun meanwhile and goes on is told of then.'), {
    go: () => 'End it',
    act: () => ask('DELETE', silencePath(target)),
    done: () => `${patternWords(target)} is told of again`,
  });
}

/** Returns to a pool that is held back. */
export function openFailback(pool) {
  dialog(`Return to pool ${pool}`, h('p', null, 'It is up again and held back by failback. From the next answer on it is answered as before.'), {
    go: () => `Return to ${pool}`,
    act: () => ask('POST', `/api/v1/failback/${encodeURIComponent(pool)}`),
    done: ({ families }) => `returned to pool ${pool} for ${list(families)}`,
  });
}

/** Loads all files anew. */
export function openReload() {
  const errors = h('ul', { class: 'file-errors' });
  dialog('Load the files anew', [h('p', null, 'All files under zones/ and geoip/. With any error, nothing changes.'), errors], {
    go: () => 'Load',
    act: (force) => ask('POST', `/api/v1/reload${force ? '?force=true' : ''}`).catch((problem) => {
      errors.replaceChildren(...(problem.errors ?? []).slice(0, 50).map((error) => h('li', null, error.text)));
      throw problem;
    }),
    done: ({ revision }) => `loaded: ${revision} is served now`,
  });
}

