// All that the page asks of the daemon.

/** The daemon, or the way to it, said no. `status` is 0 where nobody answered. */
export class Problem extends Error {
  constructor(status, detail, { errors = [], forcible = false } = {}) {
    super(detail);
    this.status = status;
    this.errors = errors;
    // Whether an admin can have it all the same.
    this.forcible = forcible;
  }
}

const PATIENCE_MS = 15_000;
// A stream is never silent for longer: there is a comment every 15 s.
const SILENCE_MS = 40_000;
const LONGEST_PAUSE_MS = 15_000;

let secret = null;
let signedOut = () => {};

/** What is called once nobody is signed in any more. */
export function whenSignedOut(call) {
  signedOut = call;
}

async function send(method, path, { body, tag, signal, accept } = {}) {
  const headers = {};
  if (body !== undefined) headers['content-type'] = 'application/json';
  if (method !== 'GET' && secret) headers['steersman-csrf'] = secret;
  if (tag) headers['if-none-match'] = tag;
  Object.assign(headers, accept);
  try {
    return await fetch(path, {
      method, headers, signal, redirect: 'error', cache: 'no-store',
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (error) {
    throw new Problem(0, error.name === 'TimeoutError' ? 'no answer in time' : 'the daemon cannot be reached');
  }
}

async function refuse(response, path) {
  const problem = await response.json().catch(() => ({}));
  if (response.status === 401 && path !== '/api/v1/session') signedOut();
  throw new Problem(response.status, problem.detail ?? `${response.status} ${response.statusText}`, problem);
}

/** One request; its answer, or none where there is nothing in it. */
export async function ask(method, path, body) {
  const response = await send(method, path, { body, signal: AbortSignal.timeout(PATIENCE_MS) });
  if (!response.ok) return refuse(response, path);
  const text = await response.text();
  return text ? JSON.parse(text) : null;
}

/** Something to look at again and again; `again` gives none where it is as it was the last time. */
export function watched(path) {
  let tag;
  return {
    async again() {
      const response = await send('GET', path, { tag, signal: AbortSignal.timeout(PATIENCE_MS) });
      if (response.status === 304) return null;
      if (!response.ok) return refuse(response, path);
      tag = response.headers.get('etag');
      return response.json();
    },
  };
}

export async function whoAmI() {
  const session = await ask('GET', '/api/v1/session');
  secret = session.csrf;
  return session;
}

export async function signIn(token) {
  const session = await ask('POST', '/api/v1/session', { token });
  secret = session.csrf;
  return session;
}

export async function signOut() {
  await ask('DELETE', '/api/v1/session');
  secret = null;
}

/** The path of an override on `region:NAME`, `pool:NAME` or `endpoint:POOL/ADDRESS`. */
export function overridePath(target) {
  const colon = target.indexOf(':');
  const name = target.slice(colon + 1).split('/').map(encodeURIComponent).join('/');
  return `/api/v1/overrides/${target.slice(0, colon)}/${name}`;
}

/** The path of a silence. */
export const silencePath = (target) => `/api/v1/silences/${target.split('/').map(encodeURIComponent).join('/')}`;

/**
 * Follows what happens, and goes on after the last event that arrived whenever the connection was lost.
 * `live` hears whether it is there, and if not since when and why. Returns what ends it.
 */
export function follow({ heard, live, last }) {
  let pause = 0, ended = false, controller, wake;
  const run = async () => {
    while (!ended) {
      let why = null;
      try {
        controller = new AbortController();
        await stream(controller, last, (event) => {
          if (event.id) last = event.id;
          heard(event);
        }, () => {
          pause = 0;
          live(true);
        });
      } catch (error) {
        why = error.message;
      }
      if (ended) return;
      // One that has ended as it should is taken up again at once.
      if (why === null && pause === 0) {
        pause = 1;
        continue;
      }
      pause = Math.min(LONGEST_PAUSE_MS, pause < 1000 ? 1000 : pause * 2);
      const wait = pause * (0.75 + Math.random() / 2);
      live(false, why ?? 'the stream has ended', wait);
      await new Promise((done) => {
        wake = done;
        setTimeout(done, wait);
      });
    }
  };
  run();
  return {
    end() {
      ended = true;
      controller?.abort();
      wake?.();
    },
    now: () => wake?.(),
  };
}

async function stream(controller, last, heard, opened) {
  const accept = { accept: 'text/event-stream', ...(last && { 'last-event-id': last }) };
  const query = last ? '?per_second=20' : '?last=100&per_second=20';
  let watch;
  const awake = () => {
    clearTimeout(watch);
    watch = setTimeout(() => controller.abort(), SILENCE_MS);
  };
  awake();
  try {
    const response = await send('GET', `/api/v1/events${query}`, { accept, signal: controller.signal });
    if (!response.ok) await refuse(response, '/api/v1/events');
    opened();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = '';
    for (;;) {
      const { done, value } = await reader.read().catch(() => {
        throw new Problem(0, 'the connection was lost');
      });
      if (done) return;
      awake();
      const parts = (rest + value).split('\n\n');
      rest = parts.pop();
      for (const part of parts) {
        const field = (name) => part.split('\n').filter((line) => line.startsWith(`${name}:`)).map((line) => line.slice(name.length + 1).trim());
        const data = field('data');
        // What it is about may have an id of its own.
        const [id] = field('id');
        if (data.length) heard({ ...JSON.parse(data.join('\n')), ...(id && { id }) });
      }
    }
  } finally {
    clearTimeout(watch);
  }
}
