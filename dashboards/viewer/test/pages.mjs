// Opens every dashboard in a browser, in the sizes of a wall, a laptop and a phone, dark and light, from top to bottom, and fails when a page has
// an error, when an answer is one, or when a panel says so. It tells how long the first chart took. With a third argument it keeps the pictures.
//
//	node test/pages.mjs http://127.0.0.1:9190 /usr/bin/chromium [FOLDER]
//
// VIEWS="1920x1080 dark, 390x844 light" are those to open instead of all; FULL=1 says that there is data for every panel, so that none may say
// that there is nothing.
import { mkdirSync, readFileSync, readdirSync } from 'node:fs';
import puppeteer from 'puppeteer-core';

const [, , prometheus, browser, folder] = process.argv;
if (!prometheus || !browser) {
  console.error('usage: node test/pages.mjs PROMETHEUS BROWSER [FOLDER]');
  process.exit(2);
}
if (folder) mkdirSync(folder, { recursive: true });
const boards = readdirSync(new URL('../../perses', import.meta.url)).filter((f) => f.startsWith('wire-')).map((f) => f.replace('.json', ''));
const all = ['1920x1080', '1366x768', '390x844'].flatMap((size) => ['dark', 'light'].map((theme) => `${size} ${theme}`));
const views = (process.env.VIEWS?.split(/, */) ?? all).map((v) => /^(\d+)x(\d+) (dark|light)$/.exec(v).slice(1)).map(([w, h, theme]) => [+w, +h, theme]);
// The most queries that the first screen of a dashboard may ask: all requests for values, of panels, exemplars, and of the page itself.
const most = 12;
const empty = process.env.FULL ? /No data|Failed to fetch|nothing to show/g : /No data|Failed to fetch/g;

// The first value of each variable, asked like the page does, each with those before it put in.
async function choices(board) {
  const { spec } = JSON.parse(readFileSync(new URL(`../../perses/${board}.json`, import.meta.url)));
  const chosen = {};
  for (const { spec: v } of spec.variables) {
    if (v.allowAllValue) continue;
    let matcher = v.plugin.spec.matchers[0];
    for (const [name, value] of Object.entries(chosen)) matcher = matcher.replaceAll('$' + name, value);
    const answer = await fetch(`${prometheus}/api/v1/label/${v.plugin.spec.labelName}/values?match[]=${encodeURIComponent(matcher)}`).then((r) => r.json());
    chosen[v.name] = answer.data?.includes('web') ? 'web' : answer.data?.[0];
  }
  return Object.entries(chosen).map(([name, value]) => `&var-${name}=${encodeURIComponent(value ?? '')}`).join('');
}

// drawn is when the first chart or tile stood on the page, in ms from its opening; asked by the page of itself at every frame.
const drawn = () => {
  const look = () => (document.querySelector('canvas, svg[preserveAspectRatio=none], table') ? (window.firstChart = performance.now()) : requestAnimationFrame(look));
  requestAnimationFrame(look);
};

// Panels ask when they come into view: go down to the end, a screen at a time.
async function toTheEnd(page) {
  for (let last = -1, at = 0; at !== last; ) {
    last = at;
    at = await page.evaluate(() => (window.scrollBy(0, window.innerHeight), Math.round(window.scrollY)));
    await page.waitForNetworkIdle({ idleTime: 500, timeout: 60_000 });
  }
}

const chromium = await puppeteer.launch({ executablePath: browser, args: ['--no-sandbox', '--disable-gpu'], headless: true });
let failed = 0;
const first = [];
for (const board of boards) {
  const variables = await choices(board);
  for (const [width, height, theme] of views) {
    const page = await chromium.newPage();
    await page.setViewport({ width, height });
    const problems = [];
    const asked = { queries: [], choices: [] }; // of what is seen without scrolling
    let scrolled = false;
    page.on('request', (r) => {
      const path = new URL(r.url()).pathname;
      if (scrolled) return;
      if (/\/api\/v1\/query/.test(path)) asked.queries.push(new URLSearchParams(r.postData() ?? new URL(r.url()).search).get('query'));
      else if (/\/api\/v1\//.test(path)) asked.choices.push(path);
    });
    // A panel that is redrawn while the page is left may say so; it is harmless.
    page.on('pageerror', (e) => /offsetWidth/.test(e.message) || problems.push(`page error: ${e.message}`));
    page.on('response', (r) => r.status() >= 400 && problems.push(`${r.status()}: ${r.url()} ${r.request().postData() ?? ''}`));
    await page.evaluateOnNewDocument(drawn);
    await page.goto(`${prometheus}/user/?d=${board}&theme=${theme}&refresh=0s${variables}`, { waitUntil: 'networkidle2', timeout: 60_000 });
    await page.waitForNetworkIdle({ idleTime: 1000, timeout: 60_000 });
    first.push({ board, width, ms: await page.evaluate(() => window.firstChart), queries: asked.queries.length, choices: asked.choices.length });
    if (asked.queries.length > most) problems.push(`${asked.queries.length} queries for the first screen, and ${most} are the most:\n  ${asked.queries.join('\n  ')}`);
    scrolled = true;
    if (folder) await page.screenshot({ path: `${folder}/${board}-${width}-${theme}.png` });
    await page.evaluate(() => document.querySelectorAll('button[aria-label^="expand group"]').forEach((b) => b.click()));
    await toTheEnd(page);
    const alerts = await page.evaluate(() => [...document.querySelectorAll('.MuiAlert-message')].map((e) => e.textContent));
    const text = await page.evaluate(() => document.body.innerText);
    problems.push(...alerts, ...(text.match(empty) ?? []));
    for (const p of problems) console.error(`${board} ${width}x${height} ${theme}: ${p}`);
    failed += problems.length ? 1 : 0;
    await page.close();
  }
}
await chromium.close();
for (const board of boards) {
  const of = first.filter((f) => f.board === board);
  const each = (value) => of.map(value).join(', ');
  console.log(`${board}: first chart after ${each((f) => ((f.ms ?? NaN) / 1000).toFixed(1))} s, first screen: ${each((f) => f.queries)} queries, ${each((f) => f.choices)} for variables`);
}
console.log(`${boards.length * views.length} pages, ${failed} with problems`);
process.exit(failed ? 1 : 0);
