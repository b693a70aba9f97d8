// What the daemon itself tells of names, countries and changes: a failover is seen on the map.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Daemon, browse, headline, openPage, signIn, until } from './support.mjs';

let browser, daemon;

before(async () => {
  [browser, daemon] = await Promise.all([browse(), Daemon.start()]);
});
after(async () => {
  await browser?.close();
  await daemon?.stop();
});

async function enter(token = daemon.token) {
  const page = await openPage(browser, daemon.url);
  await signIn(page, token);
  await headline(page).waitFor();
  return page;
}

const fill = (page, code) => page.locator(`.country[data-code="${code}"]`).getAttribute('fill');

async function choose(page, name) {
  await page.getByLabel('Name', { exact: true }).first().selectOption(name);
  await page.getByText(new RegExp(`^${name.replaceAll('.', '\\.')} A: `)).waitFor();
}

test('a region is killed: the countries that it answered are answered by the next one, and back', async () => {
  const page = await enter();
  await choose(page, 'shop.example.com');
  await until('America and Europe to be answered by two', async () => {
    const [us, de] = [await fill(page, 'US'), await fill(page, 'DE')];
    return Boolean(us && de && us !== de) || `${us} ${de}`;
  });
  const [american, european] = [await fill(page, 'US'), await fill(page, 'DE')];
  await daemon.region('eu-west').kill();
  await until('Germany to be answered from America', async () => (await fill(page, 'DE')) === american || fill(page, 'DE'));
  await page.getByText(/^shop\.example\.com A: .*eu-west is down: connect refused\./).waitFor();
  await page.getByText('Countries as a table').click();
  await page.getByRole('row', { name: 'Germany us-east' }).waitFor();
  await daemon.region('eu-west').revive();
  await until('Germany to be answered from Europe', async () => (await fill(page, 'DE')) === european || fill(page, 'DE'));
  await page.finish();
});

test('an override moves what its preview said, and expires', async () => {
  const page = await enter();
  await choose(page, 'www.example.com');
  await until('www to be answered by us-east', async () => (await fill(page, 'US')) === 'url(#fill-0)' || fill(page, 'US'));
  await page.getByRole('button', { name: 'Override region us-east' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('www.example.com A 100 % of all clients').waitFor();
  await dialog.getByText(/^us-east → eu-west: 100 % \(/).first().waitFor();
  await dialog.getByLabel('Reason').fill('a new kernel');
  await dialog.getByLabel('For', { exact: true }).selectOption('other');
  await dialog.getByLabel(/For how long/).fill('5s');
  await dialog.getByRole('button', { name: 'Drain region us-east for 5s' }).click();
  await dialog.waitFor({ state: 'detached' });
  await until('www to be answered by eu-west', async () => (await fill(page, 'US')) === 'url(#fill-1)' || fill(page, 'US'));
  const row = page.getByRole('row', { name: /^www\.example\.com/ });
  await until('the shares to say so', async () => {
    const text = await row.textContent();
    return /us-east ▼ differsconfigured 100 %now 0 %.*eu-west ▲ differsconfigured 0 %now 100 %/.test(text) || text;
  });
  await until('www to be answered by us-east', async () => (await fill(page, 'US')) === 'url(#fill-0)' || fill(page, 'US'));
  await page.finish();
});

test('a drill is told of, and the stream goes on after it', async () => {
  const page = await enter();
  await daemon.api('POST', '/api/v1/drills', { target: 'region:us-east', for: '2s', reason: 'a drill' });
  await page.locator('.events').getByText('drill of region us-east has begun: its clients move').waitFor();
  await page.locator('.events').getByText('drill of region us-east is done').waitFor();
  await page.finish();
});

test('planned maintenance is seen to come, to go on and to end', async () => {
  const page = await enter();
  const time = (seconds) => new Date(Date.now() + seconds * 1000).toISOString().slice(0, 19);
  const plan = async (start, end) => {
    await daemon.write('zones/maintenance.toml', `[maintenance.patches]
target = "region:us-east"
start = "${time(start)}"
end = "${time(end)}"
lead = "2s"
reason = "kernel update"
`);
    await daemon.api('POST', '/api/v1/reload');
  };
  await plan(7200, 7260);
  const card = page.locator('#maintenance');
  await card.getByText('patches, of region us-east, is planned').waitFor();
  await card.getByText('kernel update').waitFor();
  await plan(-5, 15);
  await card.getByText('patches, of region us-east, goes on').waitFor();
  await page.locator('.events').getByText(/maintenance patches of region us-east goes on until .*: kernel update/).waitFor();
  await card.getByText('Nothing is planned to be away.').waitFor();
  await page.finish();
});

test('maintenance is planned with what would move in sight, and called off', async () => {
  const page = await enter(await daemon.grant('planner', 'operator'));
  await page.getByRole('button', { name: 'Plan…' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill('switches');
  await dialog.getByLabel('What is away').selectOption('region:eu-west');
  await dialog.getByText('shop.example.com A').waitFor();
  await dialog.getByLabel('Reason').fill('new switches');
  await dialog.getByRole('button', { name: 'Plan switches' }).click();
  await dialog.waitFor({ state: 'detached' });
  const card = page.locator('#maintenance');
  await card.getByText('switches, of region eu-west, is planned').waitFor();
  const [planned] = (await daemon.api('GET', '/api/v1/maintenance')).maintenance;
  // The clock of the form is the browser's.
  assert.ok(Math.abs(Date.parse(planned.start) - Date.now() - 3_600_000) < 90_000, planned.start);
  await card.getByRole('button', { name: 'Call off maintenance switches' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Call it off' }).click();
  await card.getByText('Nothing is planned to be away.').waitFor();
  await page.finish();
});

test('a drill is begun and put back from the page, and its report is there', async () => {
  const page = await enter();
  const looked = page.waitForRequest('**/api/v1/preview');
  await page.getByRole('button', { name: 'Drill…' }).click();
  const dialog = page.getByRole('dialog');
  assert.equal((await looked).postDataJSON().state, 'drain');
  await dialog.getByLabel('Take away').selectOption('region:us-east');
  await dialog.getByText('www.example.com A 100 % of all clients').waitFor();
  await dialog.getByLabel('For', { exact: true }).fill('10m');
  await dialog.getByLabel('Reason').fill('the yearly one');
  await dialog.getByRole('button', { name: 'Take region us-east away for 10m' }).click();
  await dialog.waitFor({ state: 'detached' });
  const first = page.locator('#drills li').first();
  await until('the drill to be seen', async () => /drill of region us-east (has begun|goes on)/.test(await first.textContent()) || first.textContent());
  await first.getByRole('button', { name: 'End the drill of region us-east' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Put it back' }).click();
  await until('the drill to be over', async () => /was ended before its time/.test(await first.textContent()) || first.textContent());
  const report = await first.getByRole('link', { name: 'Report of the drill of region us-east' }).getAttribute('href');
  const text = await page.evaluate(async (path) => (await fetch(path)).text(), report);
  assert.match(text, /^# Drill of region:us-east/);
  await page.finish();
});

test('availability is reported when it is asked for', async () => {
  const page = await enter(await daemon.grant('reader', 'viewer'));
  assert.equal(await page.getByRole('button', { name: /^(Plan|Drill)…$/ }).count(), 0);
  const card = page.locator('#report');
  await card.getByRole('button', { name: 'Report' }).click();
  await card.getByText(/^Observed for .*; nothing is known of 1 time between\.$/).waitFor();
  const down = card.getByRole('region', { name: 'Out of service' }).getByRole('row').filter({ hasText: 'eu-west (a)' });
  await down.filter({ hasText: 'failed: connect refused' }).waitFor();
  await card.getByRole('region', { name: 'Regions' }).getByRole('row').filter({ hasText: 'ap-south' }).getByText('100.0000 %').waitFor();
  await page.finish();
});

test('what a safety rule refuses can be forced by an admin alone', async () => {
  await daemon.write('zones/rules.toml', '[rules.two-regions]\nmin_regions = 3\n');
  await daemon.api('POST', '/api/v1/reload');
  const page = await enter(await daemon.grant('night', 'operator'));
  const drain = async (page) => {
    await page.getByRole('button', { name: 'Override region ap-south' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Reason').fill('kernel');
    await dialog.getByRole('button', { name: 'Drain region ap-south for 1h' }).click();
    await dialog.getByRole('alert').filter({ hasText: 'two-regions' }).waitFor();
    return dialog;
  };
  const refused = await drain(page);
  assert.equal(await refused.getByLabel(/Do it all the same/).isVisible(), false);
  await page.finish();
  const admin = await enter();
  const dialog = await drain(admin);
  await dialog.getByLabel(/Do it all the same/).check();
  await dialog.getByRole('button', { name: 'Drain region ap-south for 1h' }).click();
  await headline(admin).getByText('ap-south is drained').waitFor();
  await admin.finish();
});

test('what would leave names without anything, and a load that breaks a rule, can be forced too', async () => {
  await daemon.api('DELETE', '/api/v1/overrides/region/ap-south');
  await daemon.write('zones/rules.toml', '[rules.two]\nmin_regions = 2\n');
  await daemon.write('zones/example.com.toml', 'www = { failover = ["ap-south"], all_down = "nodata" }\n');
  await daemon.api('POST', '/api/v1/reload');
  const admin = await enter();

  await admin.getByRole('button', { name: 'Drill…' }).click();
  const drill = admin.getByRole('dialog');
  await drill.getByLabel('Take away').selectOption('region:ap-south');
  await drill.getByText('For clients of 1 name everything would be down.').waitFor();
  await drill.getByLabel('For', { exact: true }).fill('1m');
  await drill.getByLabel('Reason').fill('the last one');
  const go = drill.getByRole('button', { name: 'Take region ap-south away for 1m' });
  await go.click();
  await drill.getByRole('alert').filter({ hasText: 'every candidate would be down' }).waitFor();
  await drill.getByLabel(/Do it all the same/).check();
  // Said of one thing, it is not said of another.
  await drill.getByLabel('Take away').selectOption('pool:ap-south');
  assert.equal(await drill.getByLabel(/Do it all the same/).isVisible(), false);
  await drill.getByLabel('Take away').selectOption('region:ap-south');
  await go.click();
  await drill.getByLabel(/Do it all the same/).check();
  await go.click();
  await drill.waitFor({ state: 'detached' });
  const [begun] = (await daemon.api('GET', '/api/v1/drills')).drills;
  assert.equal(begun.reason, 'the last one');
  await daemon.api('DELETE', '/api/v1/overrides/region/ap-south');
  await admin.locator('#drills li').first().getByText('drill of region ap-south was interrupted').waitFor();

  const file = join(daemon.folder, 'zones/pools.toml');
  const pools = await readFile(file, 'utf8');
  await daemon.api('PUT', '/api/v1/overrides/region/eu-west', { state: 'drain', reason: 'kernel' });
  await daemon.write('zones/pools.toml', pools.replace('region = "ap-south"\n', ''));
  await admin.getByRole('button', { name: 'Load files…' }).click();
  const load = admin.getByRole('dialog');
  const again = load.getByRole('button', { name: 'Load', exact: true });
  await again.click();
  await load.getByText(/rule two, which this load would break/).waitFor();
  await load.getByLabel(/Do it all the same/).check();
  await again.click();
  await load.waitFor({ state: 'detached' });
  const [entry] = (await daemon.api('GET', '/api/v1/audit')).entries.slice(-1);
  assert.deepEqual(entry.breaks, ['two']);
  await admin.finish();
});
