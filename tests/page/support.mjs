// What the tests of the page stand on: regions to kill, the daemon, and a browser. All on loopback, on
// ports that the system chooses; each test ends what it started.

import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createSocket } from 'node:dgram';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createServer as createProxy, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PROGRAM = process.env.STEERSMAN ?? join(ROOT, 'target/debug/steersman');

/** A region's server, which can be killed and come back at the same address. */
export class Region {
  static async start(name) {
    const region = new Region();
    region.name = name;
    await region.listen(0);
    return region;
  }

  async listen(port) {
    this.server = createServer((_, response) => response.end('ok\n'));
    await new Promise((done) => this.server.listen(port, '127.0.0.1', done));
    this.port = this.server.address().port;
  }

  async kill() {
    const closed = new Promise((done) => this.server.close(done));
    this.server.closeAllConnections();
    await closed;
  }

  revive() {
    return this.listen(this.port);
  }
}

export const PLACES = { 'us-east': [39.04, -77.49], 'eu-west': [53.35, -6.26], 'ap-south': [19.08, 72.88] };
const ADDRESSES = { 'us-east': '192.0.2.10', 'eu-west': '198.51.100.10', 'ap-south': '203.0.113.10' };

const ZONE = `$ORIGIN example.com.
$TTL 300
@ SOA ns1 hostmaster 1 3600 900 604800 60
  NS  ns1
ns1 A 192.0.2.53
`;

const NAMES = `[www]
failover = ["us-east", "eu-west", "ap-south"]

[api]
weighted = { us-east = 80, eu-west = 20 }

[shop.geo]
EU = "eu-west"
AS = "ap-south"
NA = "us-east"
default = ["us-east", "eu-west", "ap-south"]

["@"]
nearest = ["us-east", "eu-west", "ap-south"]
`;

function pools(regions) {
  const monitor = `[monitors.web]
http = { path = "/healthz" }
interval = "1s"
timeout = "1s"
fall = 2
rise = 2
retry = "50ms"
`;
  return monitor + regions.map(({ name, port }) => `
[regions.${name}]
location = [${PLACES[name].join(', ')}]
[pools.${name}]
region = "${name}"
monitor = "web"
endpoints = [{ address = "${ADDRESSES[name]}", probe = "127.0.0.1:${port}" }]
`).join('');
}

/** The daemon, its three regions and its folder. */
export class Daemon {
  /** With `git`, its zones come from a repository that is made here; see `commit`. */
  static async start({ zones = NAMES, morePools = '', moreConfig = '', git = false } = {}) {
    const daemon = new Daemon();
    daemon.regions = await Promise.all(Object.keys(PLACES).map((name) => Region.start(name)));
    daemon.folder = await mkdtemp(join(tmpdir(), 'steersman-page-'));
    const file = (name, text) => writeFile(join(daemon.folder, name), text);
    const home = git ? 'repository/zones' : 'zones';
    await mkdir(join(daemon.folder, home), { recursive: true });
    await file(`${home}/example.com.zone`, ZONE);
    await file(`${home}/example.com.toml`, zones);
    await file(`${home}/pools.toml`, pools(daemon.regions) + morePools);
    if (git) daemon.commit();
    await file('steersman.toml', `${git ? '' : 'zones = "zones"'}
geoip = ["${join(ROOT, 'geoip/country.mmdb')}"]
state = "state"
[admin]
listen = "127.0.0.1:0"
[dns]
listen = ["127.0.0.1:0"]
workers = 1
[log]
format = "json"
${git ? `[git]\nremote = "${join(daemon.folder, 'repository')}"\nevery = "1s"\n` : ''}${moreConfig}`);
    await daemon.serve();
    return daemon;
  }

  /** Commits the files of its repository, and says what the commit is called. */
  commit() {
    const git = (...args) => execFileSync('git', ['-C', join(this.folder, 'repository'), '-c', 'user.name=a', '-c', 'user.email=a@example.com', ...args], { encoding: 'utf8' });
    if (!existsSync(join(this.folder, 'repository/.git'))) git('init', '--quiet', '--initial-branch=main');
    git('add', '--all');
    git('commit', '--quiet', '--message', 'change');
    return git('rev-parse', 'HEAD').trim();
  }

  region(name) {
    return this.regions.find((region) => region.name === name);
  }

  /** Runs it, again after `end` if need be, and waits until it serves. */
  async serve() {
    this.child = spawn(PROGRAM, ['serve', '--config', 'steersman.toml'], { cwd: this.folder, stdio: ['ignore', 'ignore', 'pipe'] });
    this.ended = new Promise((done) => this.child.once('exit', done));
    this.log = [];
    const { admin, dns } = await new Promise((found, failed) => {
      createInterface({ input: this.child.stderr }).on('line', (line) => {
        this.log.push(line);
        const said = JSON.parse(line).fields ?? JSON.parse(line);
        if (said.message === 'serving') found(said);
      });
      this.ended.then(() => failed(new Error(`the daemon has ended:\n${this.log.join('\n')}`)));
    });
    [this.admin, this.dns] = [admin, dns.split(' ')[0]];
    this.url = `http://${this.admin}/`;
    this.token = (await readFile(join(this.folder, 'state/admin.token'), 'utf8')).trim();
  }

  async end() {
    this.child.kill('SIGTERM');
    await this.ended;
  }

  async stop() {
    await this.end();
    await Promise.all(this.regions.map((region) => region.server.listening && region.kill()));
    await rm(this.folder, { recursive: true, force: true });
  }

  async api(method, path, body, token = this.token) {
    const response = await fetch(new URL(path, this.url), {
      method, headers: { authorization: `Bearer ${token}` }, body: body === undefined ? undefined : JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response.status === 204 ? null : response.json();
  }

  async grant(name, role) {
    return (await this.api('POST', '/api/v1/tokens', { name, role })).token;
  }

  /** Asks for an A record so many times, and waits for no answer. */
  async ask(name, times) {
    const socket = createSocket('udp4');
    const [address, port] = this.dns.split(':');
    const labels = name.split('.').map((label) => Buffer.from([label.length, ...Buffer.from(label)]));
    for (let n = 0; n < times; n += 1) {
      const head = Buffer.from([n >> 8, n & 255, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
      const packet = Buffer.concat([head, ...labels, Buffer.from([0, 0, 1, 0, 1])]);
      await new Promise((done) => socket.send(packet, Number(port), address, done));
    }
    socket.close();
  }

  async write(name, text) {
    await writeFile(join(this.folder, name), text);
  }
}

/** What stands between the page and the daemon, and can break. */
export class Way {
  static async to(admin) {
    const way = new Way();
    const [host, port] = admin.split(':');
    way.open = new Set();
    way.broken = false;
    way.proxy = createProxy((near) => {
      if (way.broken) return near.destroy();
      const far = connect(Number(port), host);
      for (const [one, other] of [[near, far], [far, near]]) {
        way.open.add(one);
        one.on('error', () => other.destroy());
        one.on('close', () => way.open.delete(one));
        one.pipe(other);
      }
    });
    await new Promise((done) => way.proxy.listen(0, '127.0.0.1', done));
    way.url = `http://127.0.0.1:${way.proxy.address().port}/`;
    return way;
  }

  break() {
    this.broken = true;
    for (const socket of this.open) socket.destroy();
  }

  mend() {
    this.broken = false;
  }

  async stop() {
    this.break();
    await new Promise((done) => this.proxy.close(done));
  }
}

export async function browse(options = {}) {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--force-color-profile=srgb'],
    ...options,
  });
  return browser;
}

/** A page of a browser that looks for nothing elsewhere and has no error: `page.finish()` says so. */
export async function openPage(browser, url, { context: options = {}, expected = [] } = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  const wrong = [];
  page.on('request', (request) => {
    if (!request.url().startsWith(url) && !request.url().startsWith('data:')) wrong.push(`asks ${request.url()}`);
  });
  page.on('pageerror', (error) => wrong.push(`error: ${error.stack}`));
  page.on('console', (message) => {
    const text = message.text();
    const known = /^Failed to load resource/.test(text) || expected.some((one) => text.includes(one));
    if (['error', 'warning'].includes(message.type()) && !known) wrong.push(`console: ${text}`);
  });
  await page.goto(url);
  page.finish = async () => {
    await context.close();
    if (wrong.length) throw new Error(wrong.join('\n'));
  };
  return page;
}

export async function signIn(page, token) {
  await page.getByLabel('Token').fill(token);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

export const headline = (page) => page.locator('#headline .verdict');

/** Waits until something holds, and says what it saw last if it never does. */
export async function until(what, test, patience = 30_000) {
  const end = Date.now() + patience;
  let seen;
  while (Date.now() < end) {
    seen = await test();
    if (seen === true) return;
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error(`${what}: not within ${patience / 1000} s; seen: ${seen}`);
}
