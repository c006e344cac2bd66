// A person at the dashboard, in a tab of the browser that is watched: what breaks the content security policy, what the console
// complains of and what is asked of anybody but the hub is written down, and a test that ends with something written down has failed.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

// Told by the page itself, before any script of its own runs.
const TELL_VIOLATIONS = () => {
  document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => console.error(`violates ${violatedDirective}: ${blockedURI}`));
};

// An answer that is no success is a line of the console, too. The hub's refusals are part of what pages show.
const IS_REFUSAL = /^Failed to load resource: the server responded with a status of/;

export class Dashboard {
  faults = [];

  // A tab that is not logged in. `language` as the browser has it; `scheme`: light or dark, as the system has it.
  static async open(person, hub, { language = 'en', scheme = 'light', width = 1280, height = 900 } = {}) {
    const page = await person.context.newPage();
    const dashboard = new Dashboard(page, hub);
    await page.setViewportSize({ width, height });
    await page.emulateMedia({ colorScheme: scheme });
    await page.addInitScript(TELL_VIOLATIONS);
    await page.addInitScript((tag) => { Object.defineProperty(navigator, 'languages', { value: [tag] }); }, language);
    // Whoever was here before is forgotten.
    await page.goto(`${hub.url}/icon.svg`);
    await page.evaluate(() => globalThis.localStorage.clear());
    await page.goto(`${hub.url}/`);
    return dashboard;
  }

  // One more tab of who is logged in.
  static async another(person, hub) {
    const dashboard = new Dashboard(await person.context.newPage(), hub);
    await dashboard.page.goto(`${hub.url}/`);
    return dashboard;
  }

  constructor(page, hub) {
    this.page = page;
    this.hub = hub;
    page.setDefaultTimeout(20_000);
    page.on('pageerror', (error) => this.faults.push(`an error that nobody caught: ${error.stack ?? error.message}`));
    page.on('console', (message) => {
      if (message.type() !== 'error' || this.#isRefusal(message)) return;
      this.faults.push(`the console says: ${message.text()}`);
    });
    page.on('request', (request) => {
      const { protocol, origin } = new URL(request.url());
      if (protocol !== 'data:' && protocol !== 'about:' && origin !== hub.url) this.faults.push(`somebody else is asked: ${request.url()}`);
    });
    page.on('dialog', async (dialog) => {
      this.faults.push(`a dialog of the browser: ${dialog.message()}`);
      await dialog.dismiss();
    });
  }

  #isRefusal(message) {
    return IS_REFUSAL.test(message.text()) && message.location().url.startsWith(`${this.hub.url}/api/`);
  }

  async logIn() {
    await this.page.locator('input[type="password"]').fill(this.hub.password);
    await this.page.keyboard.press('Enter');
    await this.page.locator('nav').waitFor({ state: 'attached' });
  }

  // As when another tab is chosen: without a window, Chromium takes every tab for one that is seen.
  hide() {
    return this.#turn('hidden');
  }

  show() {
    return this.#turn('visible');
  }

  #turn(state) {
    return this.page.evaluate((now) => {
      Object.defineProperty(document, 'visibilityState', { value: now, configurable: true });
      document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
    }, state);
  }

  // Where the page is, without a reload: its addresses stand behind `#`.
  async go(address) {
    await this.page.goto(`${this.hub.url}/#${address}`);
  }

  server(name, tab, item) {
    const search = new URLSearchParams({ name, ...(tab && { tab }), ...(item && { item }) });
    return this.go(`/server?${search}`);
  }

  heading(name) {
    return this.page.getByRole('heading', { level: 1, name });
  }

  // Loads a page from nothing; it is there when it has its heading, and nothing of it is still on its way.
  async visit(address) {
    await this.page.goto('about:blank');
    await this.go(address);
    await this.settled();
  }

  async settled() {
    await this.page.locator('h1').first().waitFor();
    await this.page.waitForFunction(() => document.querySelector('.animate-pulse, [aria-busy="true"]') === null);
  }

  // What is on the page, for whoever looks why a test failed.
  async words() {
    return this.page.isClosed() ? '' : this.page.locator('body').innerText();
  }

  // The faults of accessibility that keep somebody out, each with the places at which it stands.
  async seriousFaults() {
    await this.page.evaluate(AXE);
    const { violations } = await this.page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
    const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
    return serious.map(({ id, help, nodes }) => `${id} (${help}): ${nodes.slice(0, 4).map(({ html }) => html.slice(0, 200)).join(' | ')}`);
  }

  // Leaves, and fails for what was written down.
  async leave() {
    await this.page.close();
    assert.deepEqual(this.faults, []);
  }
}
