// How the page shows what it is told, to eyes and to screen readers: map, names, previews; light and dark,
// narrow and wide.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { after, before, describe, test } from 'node:test';
import { Daemon, browse, headline, openPage, signIn, until } from './support.mjs';
import { BY_PLACE, tell } from './told.mjs';

const axe = createRequire(import.meta.url).resolve('axe-core');
let browser, daemon;

before(async () => {
  [browser, daemon] = await Promise.all([browse(), Daemon.start()]);
});
after(async () => {
  await browser?.close();
  await daemon?.stop();
});

const US_FAILED = Object.fromEntries(Object.entries(BY_PLACE).map(([code, shares]) =>
  [code, shares.map((share) => (share.region === 'us-east' ? { ...share, region: 'eu-west', pool: 'eu-west' } : share))]));

async function enter(options = {}) {
  const page = await openPage(browser, daemon.url, { context: options });
  const told = { countries: BY_PLACE };
  await tell(page, { countries: () => told.countries });
  await signIn(page, daemon.token);
  await headline(page).waitFor();
  await page.locator('.country[data-code="US"][fill]').waitFor();
  return { page, told };
}

const fill = (page, code) => page.locator(`.country[data-code="${code}"]`).getAttribute('fill');

describe('the map', () => {
  test('each country is in the colour of the region that answers it, and a failover changes it', async () => {
    const { page, told } = await enter();
    assert.equal(await fill(page, 'US'), await fill(page, 'CA'));
    assert.notEqual(await fill(page, 'US'), await fill(page, 'DE'));
    assert.match(await fill(page, 'BR'), /fill-0-1/);
    assert.equal(await fill(page, 'AU'), null);
    const eu = await fill(page, 'DE');
    told.countries = US_FAILED;
    await daemon.region('us-east').kill();
    await until('the United States to be answered by eu-west', async () => (await fill(page, 'US')) === eu || fill(page, 'US'));
    await page.getByText(/us-east is down: connect refused/).first().waitFor();
    await daemon.region('us-east').revive();
    await until('us-east to be up', async () => (await headline(page).textContent()).includes('All 3 regions are up'));
    await page.finish();
  });

  test('it tells why on hover, and all of it stands in a table', async () => {
    const { page } = await enter();
    const box = await page.locator('.country[data-code="BR"]').boundingBox();
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await page.locator('.tip').filter({ hasText: 'Brazil (BR)' }).filter({ hasText: 'answered by us-east 60 %, eu-west 40 %' }).waitFor();
    await page.keyboard.press('Escape');
    assert.equal(await page.locator('.tip').isVisible(), false);
    await page.getByText('Countries as a table').click();
    await page.getByRole('row', { name: 'Brazil us-east 60 %, eu-west 40 %' }).waitFor();
    await page.getByRole('row', { name: 'Singapore ap-south' }).waitFor();
    // What one region answers can be shown alone, without a mouse too.
    await page.getByRole('button', { name: /^eu-west up, 3 countries/ }).press('Enter');
    assert.equal(await page.locator('.country[data-code="US"].dim').count(), 1);
    assert.equal(await page.locator('.country[data-code="DE"].dim').count(), 0);
    await page.finish();
  });

  test('another name and type is asked for', async () => {
    const { page } = await enter();
    const asked = page.waitForRequest((request) => request.url().includes('map?name=www.example.com.&type=A'));
    await page.getByLabel('Name', { exact: true }).first().selectOption('www.example.com');
    await asked;
    await page.getByText(/^www\.example\.com A: /).waitFor();
    await page.finish();
  });

  test('regions stand where they are', async () => {
    const { page } = await enter();
    const inside = async (region, code) => {
      const sign = await page.getByRole('button', { name: new RegExp(`^${region}: up`) }).locator('.icon').boundingBox();
      const shape = await page.locator(`.country[data-code="${code}"]`).boundingBox();
      const [x, y] = [sign.x + sign.width / 2, sign.y + sign.height / 2];
      assert.ok(x > shape.x - 2 && x < shape.x + shape.width + 2 && y > shape.y - 2 && y < shape.y + shape.height + 2, `${region} in ${code}: ${x} ${y} ${JSON.stringify(shape)}`);
    };
    await inside('us-east', 'US');
    await inside('eu-west', 'IE');
    await inside('ap-south', 'IN');
    await page.finish();
  });
});

describe('names and previews', () => {
  test('shares are shown beside each other, and what differs is said', async () => {
    const { page } = await enter();
    const row = page.getByRole('row', { name: /www\.example\.com/ });
    await row.getByText('differs').first().waitFor();
    assert.match(await row.textContent(), /us-east ▼ differsconfigured 100 %now 0 %achieved 62 %eu-west ▲ differsconfigured 0 %now 100 %achieved 38 %1312/);
    assert.match(await page.getByRole('row', { name: /api\.example\.com/ }).textContent(), /us-eastconfigured 80 %now 80 %achieved 80 %.*42\.30 %/);
    const shop = await page.getByRole('row', { name: /shop/ }).textContent();
    assert.match(shop, /no data ▲ differsconfigured 0 %now 100 %achieved –.*25 %$/);
    await page.finish();
  });

  test('what would move is seen before anything is confirmed, anew for each state', async () => {
    const { page } = await enter();
    let hold;
    const held = new Promise((go) => (hold = go));
    const seen = [];
    await page.route('**/api/v1/preview', async (route) => {
      seen.push(route.request().postDataJSON());
      await held;
      await route.fallback();
    });
    await page.getByRole('button', { name: 'Override region us-east' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Reason').fill('x');
    assert.equal(await dialog.getByRole('button', { name: /^Drain region/ }).isEnabled(), false);
    hold();
    await dialog.getByText('www.example.com A 41 % of all clients').waitFor();
    await dialog.getByText('us-east → eu-west: 41 % (United States, Canada, Mexico, Brazil and 3 more)').waitFor();
    await dialog.getByText('For clients of 1 name everything would be down.').waitFor();
    await dialog.getByText('us-east → no data: 0.4 %').waitFor();
    assert.equal(await dialog.getByRole('button', { name: /^Drain region/ }).isEnabled(), true);
    await dialog.getByLabel(/Force down/).check();
    await until('another preview', async () => seen.length === 2 || seen);
    assert.deepEqual(seen, [{ state: 'drain', target: 'region:us-east' }, { state: 'down', target: 'region:us-east' }]);
    await page.keyboard.press('Escape');
    await page.finish();
  });

  test('a daemon that tells less is shown as that', async () => {
    const page = await openPage(browser, daemon.url);
    for (const path of ['names?*', 'map?*', 'preview']) {
      await page.route(`**/api/v1/${path}`, (route) => route.fulfill({
        status: 404, contentType: 'application/problem+json', body: '{"status":404,"title":"Not Found","detail":"there is nothing at here"}',
      }));
    }
    await signIn(page, daemon.token);
    await page.locator('#names').getByText('This daemon does not tell it yet.').waitFor();
    await page.getByRole('button', { name: 'Override pool us-east' }).click();
    await page.getByRole('dialog').getByText('This daemon cannot tell beforehand what would move.').waitFor();
    assert.equal(await page.getByRole('dialog').getByRole('button', { name: /^Drain pool/ }).isEnabled(), true);
    await page.keyboard.press('Escape');
    await page.finish();
  });
});

describe('for everybody', () => {
  for (const [width, height] of [[390, 844], [1280, 900], [3840, 2160]]) {
    for (const colorScheme of ['light', 'dark']) {
      test(`no violation at ${width} px, ${colorScheme}`, async () => {
        const { page } = await enter({ viewport: { width, height }, colorScheme, reducedMotion: 'reduce' });
        await daemon.api('PUT', '/api/v1/overrides/region/ap-south', { state: 'drain', reason: 'kernel update', for: '2h' });
        await page.locator('.overrides').getByText('kernel update').waitFor();
        await page.locator('.strip').first().waitFor();
        await page.getByText('Countries as a table').click();
        await page.getByLabel('Name', { exact: true }).last().fill('www.example.com');
        await page.getByRole('button', { name: 'Explain' }).click();
        await page.locator('.steps').waitFor();
        await page.getByRole('button', { name: 'Report', exact: true }).click();
        await page.getByRole('heading', { name: 'Endpoints', exact: true }).waitFor();
        await check(page);
        await page.getByRole('button', { name: 'Override region us-east' }).click();
        await page.getByRole('dialog').getByText('www.example.com A').waitFor();
        await check(page);
        await page.keyboard.press('Escape');
        for (const name of ['Plan…', 'Drill…']) {
          await page.getByRole('button', { name }).click();
          await page.getByRole('dialog').getByText('www.example.com A').waitFor();
          await check(page);
          await page.keyboard.press('Escape');
        }
        // Nothing is cut off or has to be scrolled sideways.
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(wide <= 0, `${wide} px too wide`);
        await page.getByRole('button', { name: 'Sign out' }).click();
        await page.getByLabel('Token').waitFor();
        await check(page);
        await daemon.api('DELETE', '/api/v1/overrides/region/ap-south');
        await page.finish();
      });
    }
  }

  test('the colours can be chosen, and stay', async () => {
    const { page } = await enter({ colorScheme: 'light' });
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await ground();
    await page.getByLabel('Colours').selectOption('Dark');
    assert.notEqual(await ground(), light);
    await page.reload();
    await headline(page).waitFor();
    assert.notEqual(await ground(), light);
    await page.finish();
  });
});

/** axe is put in from outside, past the policy that lets the page load nothing. */
async function check(page) {
  const client = await page.context().newCDPSession(page);
  const { readFile } = await import('node:fs/promises');
  await client.send('Runtime.evaluate', { expression: await readFile(axe, 'utf8') });
  await client.detach();
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  const words = violations.map((v) => `${v.id}: ${v.help}\n${v.nodes.slice(0, 5).map((n) => `  ${n.html}\n  ${n.failureSummary}`).join('\n')}`);
  assert.equal(words.join('\n'), '');
}
