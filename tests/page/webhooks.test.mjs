// Who is told elsewhere, and what nobody is told of: seen on the page, silenced and told of again from there.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { Daemon, browse, headline, openPage, signIn, until } from './support.mjs';

const axe = createRequire(import.meta.url).resolve('axe-core');
let browser, daemon, receiver, status = 200;
const titles = [];

before(async () => {
  receiver = createServer((request, response) => {
    let body = '';
    request.on('data', (part) => (body += part));
    request.on('end', () => {
      if (status === 200) titles.push(JSON.parse(body).title);
      response.writeHead(status).end('as told');
    });
  });
  await new Promise((done) => receiver.listen(0, '127.0.0.1', done));
  const moreConfig = `[webhooks.ops]
url = "http://127.0.0.1:${receiver.address().port}/secret-path"
group = "200ms"
`;
  [browser, daemon] = await Promise.all([browse(), Daemon.start({ moreConfig })]);
});
after(async () => {
  await browser?.close();
  await daemon?.stop();
  receiver?.close();
  receiver?.closeAllConnections();
});

async function enter(token = daemon.token) {
  const page = await openPage(browser, daemon.url);
  await signIn(page, token);
  await headline(page).waitFor();
  return page;
}

test('a silence is set, seen and ended from the page', async () => {
  const page = await enter();
  const card = page.locator('#webhooks');
  await card.getByText('ops (json)').waitFor();
  await card.getByRole('button', { name: 'Silence…' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('What').fill('everything');
  await dialog.getByLabel('Reason').fill('we know <b>it</b>');
  await dialog.getByRole('button', { name: 'Tell nobody' }).click();
  await dialog.getByRole('alert').filter({ hasText: 'expected region:NAME' }).waitFor();
  await dialog.getByLabel('What').fill('region:us-*');
  await dialog.getByRole('button', { name: 'Tell nobody' }).click();
  await card.getByText('region us-*', { exact: true }).waitFor();
  await card.getByText('we know <b>it</b>').waitFor();
  await page.locator('.events').getByText(/region us-\* silenced until .* by admin: we know/).first().waitFor();

  // It still happens, and nobody is told.
  await daemon.region('us-east').kill();
  await until('us-east to be down', async () => (await headline(page).textContent()).includes('us-east is down'));
  assert.deepEqual(titles, []);
  const client = await page.context().newCDPSession(page);
  await client.send('Runtime.evaluate', { expression: await readFile(axe, 'utf8') });
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  assert.deepEqual(violations.map(({ id, nodes }) => [id, nodes.map((node) => node.html)]), []);

  status = 500;
  await card.getByRole('button', { name: 'End the silence of region us-*' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'End it' }).click();
  await card.getByText(/1 message waiting since/).waitFor();
  await card.getByText(/The last attempt failed at .*: answered with 500: as told/).waitFor();
  status = 200;
  await until('it to be told', () => titles[0] === 'region us-east: 1 of 1 endpoint down' || String(titles));
  await card.getByText(/nothing waits, last delivery/).waitFor();
  assert.ok(!(await page.content()).includes('secret-path'));
  await daemon.region('us-east').revive();
  await page.finish();
});

test('whoever only looks is offered nothing', async () => {
  await daemon.api('PUT', '/api/v1/silences/*', { for: '1h', reason: 'quiet' });
  const page = await enter(await daemon.grant('wall', 'viewer'));
  const card = page.locator('#webhooks');
  await card.getByText('everything', { exact: true }).waitFor();
  assert.equal(await card.getByRole('button').count(), 0);
  await page.finish();
});
