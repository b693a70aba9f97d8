// The answer to a question and each step that led to it, by the very function that answers packets.

import { Problem, ask } from '/page/api.js';
import { h, renew, text } from '/page/dom.js';
import { model } from '/page/model.js';
import { bare } from '/page/words.js';

let name, type, from, out, error, options;

export function setUp(section) {
  name = h('input', { id: 'explain-name', required: true, list: 'explain-names', autocomplete: 'off', spellcheck: 'false', placeholder: 'www.example.com' });
  options = h('datalist', { id: 'explain-names' });
  type = h('input', { id: 'explain-type', value: 'A', required: true, size: 6, autocomplete: 'off', spellcheck: 'false' });
  from = h('input', { id: 'explain-from', autocomplete: 'off', spellcheck: 'false', placeholder: '192.0.2.0/24' });
  error = h('p', { class: 'error', role: 'alert' });
  out = h('div', { class: 'explained', 'aria-live': 'polite' });
  const form = h('form', { class: 'explain' },
    h('div', { class: 'wide' }, h('label', { for: 'explain-name' }, 'Name'), name, options),
    h('div', null, h('label', { for: 'explain-type' }, 'Type'), type),
    h('div', { class: 'wide' }, h('label', { for: 'explain-from' }, 'Client (address or network)'), from),
    h('button', null, 'Explain'));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    look();
  });
  section.append(h('div', { class: 'title' }, h('h2', { id: 'explain-title' }, 'Explain an answer')), form, error, out);
}

export function draw() {
  const names = (model.names ?? []).slice(0, 500).map((one) => bare(one.name));
  renew(options, names.join(), () => names.map((value) => h('option', { value })));
}

async function look() {
  const query = new URLSearchParams({ name: name.value.trim(), type: type.value.trim() });
  if (from.value.trim()) query.set('from', from.value.trim());
  try {
    const seen = await ask('GET', `/api/v1/explain?${query}`);
    text(error, '');
    out.replaceChildren(...show(seen));
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    out.replaceChildren();
    text(error, problem.message);
  }
}

function show({ name: asked, rtype, client, place, rcode, scope, steps, answer }) {
  return [
    h('p', null, h('strong', null, `${bare(asked)} ${rtype}`), ` for ${client}${place ? ` (${place})` : ''}: ${rcode}`),
    answer.length ? h('pre', { tabindex: '0', 'aria-label': 'Answer' }, answer.join('\n')) : h('p', { class: 'muted' }, 'No records in the answer.'),
    h('ol', { class: 'steps' }, steps.map((step) => h('li', null, step))),
    h('p', { class: 'muted' }, `Good for every client in the same /${scope} (scope).`),
  ];
}
