// Opens the page in light and dark mode, in wide and narrow windows, and prints it.
import { copyFileSync } from 'node:fs';
import { chromium } from 'playwright-core';

const [executablePath, ...rest] = process.argv.slice(2);
const pictures = rest.pop();
const browser = await chromium.launch({
  executablePath,
  headless: true,
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'],
});
let failed = 0;
function check(name, passed, found) {
  if (passed) return console.log(`ok report: ${name}`);
  failed += 1;
  console.log(`found ${JSON.stringify(found).slice(0, 1000)}\nFAILED report: ${name}`);
}

try {
  for (const file of rest) {
    const name = file.split('/').pop();
    copyFileSync(file, `${pictures}/${name}.page.html`);
    const context = await browser.newContext({ colorScheme: 'light', viewport: { width: 1200, height: 900 } });
    const page = await context.newPage();
    const [requests, messages] = [[], []];
    page.on('request', (request) => requests.push(request.url()));
    page.on('console', (message) => messages.push(message.text()));
    page.on('pageerror', (error) => messages.push(String(error)));
    await page.goto(`file://${pictures}/${name}.page.html`);
    check(`${name}: loads no other resources`, requests.length === 1, requests);
    check(`${name}: no console messages and page errors`, messages.length === 0, messages);
    const found = await page.evaluate(() => ({
      elements: [...document.querySelectorAll('script, img, iframe, object, link, a, form, input')].map((one) => one.outerHTML),
      title: document.title,
      rows: document.querySelectorAll('tbody tr').length,
      ids: document.body.innerText.includes('list_connections'),
      field: document.body.innerText.includes('<img src=x>'),
    }));
    check(`${name}: client input is escaped`, found.elements.length === 0 && found.field, found);
    // The contract has 100 operations.
    check(`${name}: lists the called operations`, found.rows > 5 && found.rows < 60 && found.ids && found.title.includes('%'), found);
    for (const [look, colorScheme, width] of [['light', 'light', 1200], ['dark', 'dark', 1200], ['narrow', 'light', 390]]) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 900 });
      await page.screenshot({ path: `${pictures}/${name}-${look}.png`, fullPage: true });
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      check(`${name}: fits the window (${look})`, wide <= 0, wide);
    }
    const paper = await page.pdf({ path: `${pictures}/${name}.pdf`, format: 'A4' });
    check(`${name}: prints`, paper.subarray(0, 5).toString() === '%PDF-' && paper.length > 10000, paper.length);
    await context.close();
  }
} finally {
  await browser.close();
}
process.exit(failed > 0 ? 1 : 0);
