// Reads the book from files, without a network: pages, diagrams and search.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';

const [executablePath, book, pictures] = process.argv.slice(2);
const at = (path) => pathToFileURL(join(book, path)).href;
let failed = 0;
function check(name, passed, found) {
  if (passed) return console.log(`ok book: ${name}`);
  failed += 1;
  console.log(`found ${JSON.stringify(found)?.slice(0, 1000)}\nFAILED book: ${name}`);
}

const browser = await chromium.launch({
  executablePath,
  headless: true,
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'],
});
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  const remote = [];
  const errors = [];
  page.on('request', (request) => { if (!/^(file|data|blob):/.test(request.url())) remote.push(request.url()); });
  page.on('pageerror', (error) => errors.push(String(error)));

  await page.goto(at('index.html'));
  check('the first page is the introduction', /leadconduit-mock/.test(await page.textContent('main h1')), await page.title());
  await page.screenshot({ path: join(pictures, 'introduction.png') });

  for (const [query, expected] of [['inconclusive', /Symptoms|Expectations/], ['TRUNCATED_BODY', /Faults|Break a connection/]]) {
    await page.goto(at('index.html'));
    await page.click('#mdbook-search-toggle, #search-toggle');
    // The index is loaded now; the box reacts to keys.
    await page.waitForFunction(() => document.querySelector('#mdbook-search-index') && !document.querySelector('.searching'));
    await page.locator('#mdbook-searchbar, #searchbar').pressSequentially(query);
    const results = page.locator('#mdbook-searchresults li, #searchresults li');
    await results.first().waitFor({ timeout: 30_000 });
    const texts = await results.allTextContents();
    check(`search finds ${query}`, texts.some((text) => expected.test(text)), texts.slice(0, 5));
  }
  await page.screenshot({ path: join(pictures, 'search.png') });

  for (const file of readdirSync(join(book, 'explanation')).filter((name) => name.endsWith('.html'))) {
    await page.goto(at(`explanation/${file}`));
    const images = await page.locator('main img').evaluateAll((all) => all.map((image) => [image.src, image.naturalWidth, image.alt]));
    const broken = images.filter(([, width, alt]) => width === 0 || alt === '');
    check(`diagrams of ${file} are shown and described`, broken.length === 0, broken);
    await page.screenshot({ path: join(pictures, `${file}.png`) });
  }
  check('nothing is requested from a network', remote.length === 0, remote);
  check('no script fails', errors.length === 0, errors);
} finally {
  await browser.close();
}
process.exit(failed > 0 ? 1 : 0);
