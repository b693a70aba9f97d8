// Makes the pictures of the documentation, or of a page that somebody works on:
// node pictures.mjs FOLDER [--all]
import { mkdir } from 'node:fs/promises';
import { Daemon, browse, headline, openPage, signIn } from './support.mjs';

const [folder, all] = process.argv.slice(2);

await mkdir(folder, { recursive: true });
const daemon = await Daemon.start();
const browser = await browse();
const sizes = all ? [[390, 844], [1280, 900], [1920, 1080], [3840, 2160]] : [[1440, 900]];

/** Somebody asks, as long as there are pictures to be made. */
const asking = setInterval(() => {
  daemon.ask('www.example.com', 40);
  daemon.ask('api.example.com', 25);
  daemon.ask('example.com', 10);
}, 500);

async function picture(name, width, height, colorScheme, then = () => {}) {
  const page = await openPage(browser, daemon.url, { context: { viewport: { width, height }, colorScheme } });
  await signIn(page, daemon.token);
  await headline(page).waitFor();
  await page.getByLabel('Name', { exact: true }).first().selectOption('example.com');
  await page.locator('.strip rect').first().waitFor();
  // For the probes and answers of a few seconds, so that there is something to see.
  await page.waitForTimeout(6000);
  await then(page);
  await page.screenshot({ path: `${folder}/${name}.png`, fullPage: width < 600 });
  await page.finish();
}

const override = async (page) => {
  await page.getByRole('button', { name: 'Override region eu-west' }).click();
  await page.getByRole('dialog').getByLabel('Reason').fill('new switches');
  await page.locator('.would[aria-busy=false]').waitFor();
};

try {
  for (const [width, height] of sizes) {
    const name = (what) => (all ? `${what}-${width}` : what);
    for (const scheme of ['light', 'dark']) await picture(`${name('page')}-${scheme}`, width, height, scheme);
    await picture(name('page-override'), width, height, 'light', override);
    await daemon.region('us-east').kill();
    for (const scheme of ['light', 'dark']) {
      await picture(`${name('page-failover')}-${scheme}`, width, height, scheme, (page) => headline(page).getByText('us-east is down').waitFor());
    }
    await daemon.region('us-east').revive();
  }
} finally {
  clearInterval(asking);
  await browser.close();
  await daemon.stop();
}
