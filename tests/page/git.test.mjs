// Zones that come from git: the page says which commit is served, and which one is refused and why.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Daemon, browse, headline, openPage, signIn } from './support.mjs';

let browser, daemon;

before(async () => {
  [browser, daemon] = await Promise.all([browse(), Daemon.start({ git: true })]);
});
after(async () => {
  await browser?.close();
  await daemon?.stop();
});

test('the commit that is served is shown, and one that is refused with the reason', async () => {
  const page = await openPage(browser, daemon.url);
  await signIn(page, daemon.token);
  await headline(page).waitFor();
  const served = (await daemon.api('GET', '/api/v1/overview')).git.commit.slice(0, 12);
  const facts = page.locator('#headline .facts');
  await facts.getByText(`commit ${served} of main`).waitFor();

  const file = join(daemon.folder, 'repository/zones/example.com.toml');
  await writeFile(file, 'www.failover = ["us-eats"]\n');
  const bad = daemon.commit().slice(0, 12);
  const note = page.locator('#headline .notes').getByText(`Commit ${bad} is refused, and the last good one stays`);
  await note.waitFor();
  assert.match(await note.textContent(), /example\.com\.toml:1:\d+: unknown pool "us-eats"/);
  await facts.getByText(`commit ${served} of main`).waitFor();

  await writeFile(file, 'www.failover = ["us-east", "eu-west"]\n');
  const good = daemon.commit().slice(0, 12);
  await facts.getByText(`commit ${good} of main`).waitFor();
  await note.waitFor({ state: 'detached' });
});
