// Measures the page at scale, in front of what `benches/scale/admin --serve` runs:
//
//   benches/scale/admin --serve        # prints URL and TOKEN
//   node benches/scale/page.mjs URL TOKEN [SECONDS]
//
// Needs Debian's chromium, and `npm ci --prefix tests/page`.

import { createRequire } from 'node:module';

const { chromium } = createRequire(new URL('../../tests/page/package.json', import.meta.url))('playwright-core');
const [url, token, seconds = '120'] = process.argv.slice(2);
const LOOKED_AT_SECONDS = 15;
const median = (all) => [...all].sort((a, b) => a - b)[all.length >> 1];
const round = (ms) => Math.round(ms * 10) / 10;
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
});
const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
page.on('pageerror', (error) => console.log(`error: ${error.stack}`));
await page.goto(url);
await page.getByLabel('Token').fill(token);
await page.getByRole('button', { name: 'Sign in' }).click();
await page.locator('#headline .verdict').waitFor();

const now = () => page.evaluate(() => performance.now());
const firsts = { verdict: [], whole: [] };
for (let n = 0; n < 5; n += 1) {
  await page.reload({ waitUntil: 'commit' });
  await page.locator('#headline .verdict').waitFor();
  firsts.verdict.push(await now());
  await Promise.all([page.locator('.pool').first().waitFor(), page.locator('table.names tbody tr').first().waitFor(),
    page.locator('.country[fill]').first().waitFor(), page.locator('.events li').first().waitFor()]);
  firsts.whole.push(await now());
}
for (const [what, times] of Object.entries(firsts)) console.log(`${what} on screen: best ${round(Math.min(...times))} ms, median ${round(median(times))} ms, worst ${round(Math.max(...times))} ms`);

// A press or a letter, until the frame in which it is seen.
const seen = (act) => page.evaluate(async (act) => {
  const began = performance.now();
  Function(act)();
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  return performance.now() - began;
}, act);
const filter = `const f = document.getElementById('pool-filter'); f.value = F; f.dispatchEvent(new Event('input'))`;
for (const text of ['p7', 'r1', 'nothing like that', '']) {
  console.log(`filter pools by ${JSON.stringify(text)}: ${round(await seen(filter.replace('F', JSON.stringify(text))))} ms`);
}
for (const name of ['region r7', 'pool p31']) {
  const times = [];
  await page.locator('#pool-filter').fill(name.startsWith('pool') ? 'p31' : 'r7');
  for (let n = 0; n < 5; n += 1) {
    const button = page.getByRole('button', { name: `Override ${name}`, exact: true });
    await button.focus();
    const began = performance.now();
    await page.keyboard.press('Enter');
    await page.locator('.would[aria-busy=false]').waitFor();
    times.push(performance.now() - began);
    await page.keyboard.press('Escape');
    await page.locator('dialog').waitFor({ state: 'detached' });
    if (!await button.evaluate((node) => node === document.activeElement)) console.log(`the focus does not return to Override ${name}`);
  }
  console.log(`override of ${name}, by keyboard, until what would move is shown: best ${round(Math.min(...times))} ms, median ${round(median(times))} ms, worst ${round(Math.max(...times))} ms`);
}
await page.locator('#pool-filter').fill('');
for (const pool of [0, 1, 2, 3, 40]) {
  const toggle = page.locator('.toggle').nth(pool);
  await toggle.focus();
  await page.keyboard.press('Enter');
}
await page.locator('.endpoint').first().waitFor();

const client = await page.context().newCDPSession(page);
await client.send('Performance.enable');
const heap = async () => {
  await client.send('HeapProfiler.collectGarbage');
  const { metrics } = await client.send('Performance.getMetrics');
  const of = (name) => metrics.find((metric) => metric.name === name).value;
  return { mb: round(of('JSHeapUsedSize') / 1e6), nodes: of('Nodes') };
};
// Tasks of the page's thread, by the processor time that they took: that holds on a busy machine too.
const tasks = async (seconds) => {
  const events = [];
  client.on('Tracing.dataCollected', ({ value }) => events.push(...value));
  await client.send('Tracing.start', { traceConfig: { includedCategories: ['devtools.timeline', 'disabled-by-default-devtools.timeline', 'toplevel'] } });
  await pause(seconds * 1000);
  const complete = new Promise((done) => client.once('Tracing.tracingComplete', done));
  await client.send('Tracing.end');
  await complete;
  const { pid, tid } = events.find((event) => event.name === 'FunctionCall');
  const own = events.filter((event) => event.pid === pid && event.tid === tid && event.name === 'RunTask' && event.tdur);
  return own.map((event) => event.tdur / 1000);
};
const before = await heap();
await pause((Number(seconds) - LOOKED_AT_SECONDS) * 1000);
const took = await tasks(LOOKED_AT_SECONDS);
const after = await heap();
const busy = took.reduce((sum, ms) => sum + ms, 0) / LOOKED_AT_SECONDS / 10;
console.log(`after ${seconds} s: heap ${before.mb} MB, then ${after.mb} MB; nodes ${before.nodes}, then ${after.nodes}`);
console.log(`its thread: ${round(busy)} % of a core; the longest task ${round(Math.max(...took))} ms of the processor, over 50 ms: ${took.filter((ms) => ms > 50).length} in ${LOOKED_AT_SECONDS} s`);
await browser.close();
