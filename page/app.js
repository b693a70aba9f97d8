// The page: signs people in, and lets each part draw itself when what it shows has changed.

import { openClear, openReload } from '/page/actions.js';
import { Problem, signIn, signOut, whenSignedOut, whoAmI } from '/page/api.js';
import { attribute, byId, h, icon, keyed, renew, say, text } from '/page/dom.js';
import * as explain from '/page/explain.js';
import * as map from '/page/map.js';
import { model, onChange, retry, start, stop } from '/page/model.js';
import * as names from '/page/names.js';
import * as plans from '/page/plans.js';
import * as pools from '/page/pools.js';
import * as report from '/page/report.js';
import * as timeline from '/page/timeline.js';
import * as webhooks from '/page/webhooks.js';
import { STATES, clock, plural, reasons, regionsOf, secondsUntil, some, span, targetWords, wordOfOverride } from '/page/words.js';

function setUpTheme() {
  const select = byId('theme');
  const set = (theme) => {
    attribute(document.documentElement, 'data-theme', theme || null);
    select.value = theme;
  };
  // Where nothing may be kept, the choice holds until the page is left.
  const kept = (call) => {
    try {
      return call();
    } catch {
      return null;
    }
  };
  set(kept(() => localStorage.getItem('theme')) ?? '');
  select.addEventListener('change', () => {
    set(select.value);
    kept(() => localStorage.setItem('theme', select.value));
  });
}

function show(session) {
  byId('sign-in').hidden = Boolean(session);
  byId('board').hidden = !session;
  byId('who').hidden = !session;
  byId('sign-out').hidden = !session;
  byId('live').hidden = !session;
  if (session) renew(byId('who'), `${session.name} ${session.role}`, () => [session.name, h('span', { class: 'role' }, session.role)]);
}

function leave(why) {
  stop();
  report.forget();
  for (const dialog of document.querySelectorAll('dialog')) dialog.close();
  show(null);
  text(byId('sign-in-error'), why);
  byId('token').focus();
}

function enter(session) {
  show(session);
  start(session);
}

function setUpSignIn() {
  const form = byId('sign-in-form');
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const [button] = form.getElementsByTagName('button');
    button.disabled = true;
    try {
      const session = await signIn(form.token.value);
      form.reset();
      text(byId('sign-in-error'), '');
      enter(session);
      byId('main').focus({ preventScroll: true });
      scrollTo(0, 0);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      text(byId('sign-in-error'), `Not signed in: ${problem.message}.`);
    } finally {
      button.disabled = false;
    }
  });
  byId('sign-out').addEventListener('click', async () => {
    await signOut().catch(() => {});
    leave('');
  });
  whenSignedOut(() => model.session && leave('You are signed out: the session has ended, or its token is good no more.'));
}

function setUpOverrides(section) {
  section.append(
    h('div', { class: 'title' }, h('h2', { id: 'overrides-title' }, 'Overrides in force')),
    h('p', { class: 'empty' }, 'None: what probes say counts.'), h('ul', { class: 'overrides' }));
}

function drawOverrides() {
  const section = byId('overrides');
  const { overrides } = model.overview;
  section.querySelector('.empty').hidden = overrides.length > 0;
  keyed(section.querySelector('ul'), overrides, (override) => override.target, (override) => {
    const parts = {
      sign: h('span'), words: h('span'), until: h('span', { class: 'muted' }), reason: h('p', { class: 'why' }),
      clear: h('button', { class: 'small', 'aria-label': `Clear the override on ${targetWords(override.target)}`, onclick: () => openClear(override.target) }, 'Clear…'),
    };
    const node = h('li', null, h('div', { class: 'line' }, parts.sign, parts.words, parts.until, h('span', { class: 'actions' }, parts.clear)), parts.reason);
    node.parts = parts;
    return node;
  }, ({ parts }, override) => {
    const state = { drain: 'drained', down: 'forced_down', up: 'forced_up' }[override.state] ?? 'note';
    renew(parts.sign, state, () => icon(state));
    text(parts.words, `${targetWords(override.target)} is ${wordOfOverride(override.state)}`);
    text(parts.until, override.until ? `until ${clock(override.until)}, ${span(secondsUntil(override.until))} left` : 'until it is cleared');
    text(parts.reason, override.reason);
    parts.clear.hidden = model.session?.role === 'viewer';
  });
}

let saidLast = null;

/** The whole in one sentence, which is read out when it changes. */
function drawHeadline() {
  const { overview, session } = model;
  const section = byId('headline');
  const { git } = overview;
  const short = (commit) => commit.slice(0, 12);
  const [sign, words] = headline(overview);
  const why = regionsOf(overview).filter((region) => region.state !== 'up' && region.pools.length)
    .map((region) => {
      const because = reasons(overview, region.pools);
      return because.length ? `${region.name ?? 'Elsewhere'}: ${because.join('; ')}` : null;
    }).filter(Boolean);
  const counts = overview.pools.reduce((sum, pool) => {
    for (const [key, count] of Object.entries(pool.counts)) sum[key] = (sum[key] ?? 0) + count;
    return sum;
  }, {});
  const all = (counts.up ?? 0) + (counts.down ?? 0) + (counts.drained ?? 0) + (counts.forced_down ?? 0);
  const facts = [
    `${plural(overview.pools.length, 'pool')}`, `${counts.up ?? 0} of ${plural(all, 'endpoint')} up`,
    counts.in_doubt ? `${counts.in_doubt} in doubt` : null,
    overview.overrides.length ? plural(overview.overrides.length, 'override') : null,
    `serves ${overview.revision}`, git?.commit ? `commit ${short(git.commit)} of ${git.branch}` : null, `steersman ${overview.version}`,
  ].filter(Boolean);
  const notes = [
    overview.ready ? null : 'Not ready: not every endpoint has been probed yet.',
    overview.state_unavailable ? `Overrides are refused: ${overview.state_unavailable}.` : null,
    git?.refused ? `Commit ${short(git.refused.commit)} is refused, and the last good one stays: ${git.refused.why.join('; ')}` : null,
    git?.unreachable ? `The remote of the zones cannot be fetched: ${git.unreachable}` : null,
    ...why,
  ].filter(Boolean);
  renew(section, JSON.stringify([sign, words, facts, notes, session?.role]), () => [
    h('div', { class: `verdict ${sign}` }, icon(sign), h('strong', null, words)),
    h('div', { class: 'facts' }, h('span', { class: 'muted' }, facts.join(' · ')),
      session && session.role !== 'viewer' && h('button', { class: 'small', onclick: openReload }, 'Load files…')),
    notes.length && h('ul', { class: 'notes' }, notes.slice(0, 6).map((note) => h('li', null, note))),
  ]);
  if (saidLast !== null && saidLast !== words) say(words);
  saidLast = words;
}

function headline(overview) {
  if (overview.network_lost) return ['partly', 'This machine hears of nobody: verdicts stay as they are'];
  const named = regionsOf(overview).filter((region) => region.pools.length);
  const what = named.some((region) => region.name) ? 'region' : 'pool';
  const parts = what === 'region' ? named.map((region) => ({ ...region, name: region.name ?? 'no region' }))
    : overview.pools.map((pool) => ({ name: pool.name, state: regionsOf({ ...overview, regions: [], pools: [pool] })[0].state }));
  const of = (...states) => parts.filter((part) => states.includes(part.state));
  const bad = of('down');
  const out = of('drained', 'forced_down');
  const partly = of('partly');
  const is = (some_, state) => `${some(some_.map((part) => part.name), 4)} ${some_.length === 1 ? 'is' : 'are'} ${state}`;
  const words = [];
  if (bad.length) words.push(is(bad, 'down'));
  if (out.length) words.push(is(out, out.every((part) => part.state === 'drained') ? STATES.drained : 'taken out'));
  if (partly.length) words.push(is(partly, 'partly up'));
  if (words.length) return [bad.length ? 'down' : out.length ? 'drained' : 'partly', words.join('; ')];
  const doubt = of('doubt');
  if (doubt.length) return ['doubt', `${is(doubt, 'up and in doubt')}`];
  return parts.length ? ['up', parts.length === 1 ? `${parts[0].name} is up` : `All ${plural(parts.length, what)} are up`] : ['note', 'There is no pool yet'];
}

function drawLive() {
  const { live } = model;
  const node = byId('live');
  renew(node, String(live.is), () => [icon(live.is ? 'up' : 'partly'), h('span', null, live.is ? 'Live' : 'Not connected')]);
  attribute(node, 'class', `live ${live.is ? '' : 'not'}`);
  attribute(byId('board'), 'class', live.is ? null : 'stale');
  const lost = byId('lost');
  lost.hidden = live.is;
  if (live.is) return;
  renew(lost, live.why + live.since?.getTime(), () => [
    icon('partly'), h('span', null, `Not connected since ${clock(live.since)}: ${live.why}. What is shown may be old.`),
    h('button', { class: 'small', onclick: retry }, 'Try now'),
  ]);
}

function draw(changed) {
  if (!model.session) return;
  drawLive();
  if (changed.has('events')) timeline.draw();
  if (changed.has('names')) explain.draw();
  if (!model.overview) return;
  if (changed.has('overview') || changed.has('names')) names.draw();
  if (changed.has('overview')) [drawHeadline(), drawOverrides(), webhooks.draw()];
  if (changed.has('overview') || changed.has('drills')) plans.draw();
  if (changed.has('overview') || changed.has('endpoints')) pools.draw();
  if (changed.has('overview') || changed.has('map') || changed.has('names')) map.draw();
}

setUpTheme();
setUpSignIn();
map.setUp(byId('map'));
names.setUp(byId('names'));
pools.setUp(byId('pools'));
setUpOverrides(byId('overrides'));
plans.setUpMaintenance(byId('maintenance'));
plans.setUpDrills(byId('drills'));
webhooks.setUp(byId('webhooks'));
timeline.setUp(byId('timeline'));
explain.setUp(byId('explain'));
report.setUp(byId('report'));
onChange(draw);
// For what only time changes: how long ago, and how long still.
setInterval(() => {
  if (!document.hidden && model.session && model.overview) [drawOverrides(), webhooks.draw(), pools.draw()];
}, 1000);

whoAmI().then(enter, (problem) => {
  show(null);
  if (problem.status !== 401) text(byId('sign-in-error'), problem.message);
  byId('token').focus();
});
