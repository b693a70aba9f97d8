// Who is told elsewhere of what happens, how that goes, and what they are told nothing of.

import { openSilence, openUnsilence } from '/page/actions.js';
import { h, icon, keyed, renew, text } from '/page/dom.js';
import { mayChange, model } from '/page/model.js';
import { clock, patternWords, plural, secondsUntil, span } from '/page/words.js';

let root, add, hooks, title, silences;

export function setUp(section) {
  root = section;
  add = h('button', { class: 'small', onclick: () => openSilence() }, 'Silence…');
  hooks = h('ul', { class: 'overrides' });
  title = h('h3', null, 'They tell nobody of');
  silences = h('ul', { class: 'overrides' });
  section.append(h('div', { class: 'title' }, h('h2', { id: 'webhooks-title' }, 'Webhooks'), h('span', { class: 'actions' }, add)), hooks, title, silences);
}

export function draw() {
  const { webhooks = [], silences: silenced = [] } = model.overview;
  root.hidden = webhooks.length === 0 && silenced.length === 0;
  add.hidden = !mayChange();
  title.hidden = silenced.length === 0;
  keyed(hooks, webhooks, (hook) => hook.name, () => made(), ({ parts }, hook) => {
    const sign = hook.last_error ? 'down' : hook.queued ? 'partly' : 'up';
    renew(parts.sign, sign, () => icon(sign));
    text(parts.words, `${hook.name} (${hook.form})`);
    text(parts.time, [
      hook.queued ? `${plural(hook.queued, 'message')} waiting since ${clock(hook.oldest)}` : 'nothing waits',
      hook.last_delivery ? `last delivery ${clock(hook.last_delivery)}` : null,
    ].filter(Boolean).join(', '));
    text(parts.reason, hook.last_error ? `The last attempt failed at ${clock(hook.last_error.at)}: ${hook.last_error.what}` : '');
  });
  keyed(silences, silenced, (silence) => silence.target, (silence) => made(h('span', { class: 'actions' }, h('button', {
    class: 'small', 'aria-label': `End the silence of ${patternWords(silence.target)}`, onclick: () => openUnsilence(silence.target),
  }, 'End…'))), ({ parts }, { target, until, reason, by }) => {
    renew(parts.sign, 'drained', () => icon('drained'));
    text(parts.words, patternWords(target));
    text(parts.time, `until ${clock(until)}, ${span(secondsUntil(until))} left, by ${by}`);
    text(parts.reason, reason);
    parts.more.hidden = !mayChange();
  });
}

function made(more = h('span')) {
  const parts = { sign: h('span'), words: h('span'), time: h('span', { class: 'muted' }), reason: h('p', { class: 'why' }), more };
  const node = h('li', null, h('div', { class: 'line' }, parts.sign, parts.words, parts.time, more), parts.reason);
  node.parts = parts;
  return node;
}
