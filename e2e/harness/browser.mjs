// A person at a browser: headless Chromium, clicking through the login and consent pages of the authorization server.

import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { chromium } from 'playwright-core';

const QUIET = ['--disable-background-networking', '--disable-component-update', '--disable-gpu', '--disable-quic', '--disable-sync', '--no-first-run'];

function executable() {
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
  const found = process.env.PATH.split(delimiter).flatMap((folder) => names.map((name) => join(folder, name))).find(existsSync);
  if (!found) throw new Error('no Chromium in PATH: run e2e/setup');
  return found;
}

export class Person {
  static async arrive() {
    const person = new Person();
    person.folder = mkdtempSync(join(tmpdir(), 'mcphub-browser-'));
    person.context = await chromium.launchPersistentContext(person.folder, {
      executablePath: executable(),
      headless: true,
      args: process.getuid?.() === 0 ? [...QUIET, '--no-sandbox'] : QUIET,
    });
    person.page = person.context.pages()[0] ?? (await person.context.newPage());
    person.page.setDefaultTimeout(60_000);
    return person;
  }

  // Follows the link, logs in if asked, and stands before the consent button.
  async followToConsent(link) {
    await this.page.goto(link);
    await this.#login();
  }

  // Logs in where that is asked, and stands before the consent button.
  async #login(page = this.page) {
    const login = page.locator('input[name="login"], input[name="username"]');
    await login.or(this.#consent(page)).first().waitFor();
    if (await login.isVisible()) {
      await login.fill('alice');
      await page.locator('input[name="password"]').fill('any will do');
      await page.getByRole('button', { name: 'Sign-in' }).click();
      await this.#consent(page).waitFor();
    }
  }

  // Does something after which a window opens, and logs in and consents there; the window is at the hub's callback in the end.
  // `look` is told the window while it is at the login server.
  async consentInWindow(open, look = async () => {}) {
    const [page] = await Promise.all([this.context.waitForEvent('page'), open()]);
    page.setDefaultTimeout(60_000);
    await this.#login(page);
    await look(page);
    await this.#consent(page).click();
    await page.waitForURL('**/oauth/callback*');
    return page;
  }

  // Agrees on the hub's own page, logs in if asked, and stands before the consent button.
  async confirm(link) {
    await this.page.goto(link);
    await this.page.getByRole('button', { name: 'Continue to sign in' }).click();
    await this.#login();
  }

  // Clicks on a button of the hub, logs in and consents where that is asked, and lands where the hub sends the browser in the end.
  async clickAndConsent(button, end) {
    await this.page.getByRole('button', { name: button, exact: true }).click();
    await this.#login();
    await this.consent(end);
  }

  // Confirms the code that the hub shows, logs in and consents; the login server's page says when it is done.
  async confirmCode(link) {
    await this.page.goto(link);
    await this.page.getByRole('button', { name: 'Continue' }).click();
    await this.#login();
    await this.#consent().click();
    await this.page.getByText('Success').first().waitFor();
  }

  // The button by the name that each authorization server gives it.
  #consent(page = this.page) {
    return page.getByRole('button', { name: /^(Continue|Authorize|Allow)$/ });
  }

  // Consents, and lands where the authorization server sends the browser.
  async consent(callback) {
    await this.#consent().click();
    await this.page.waitForURL((url) => url.href.startsWith(callback));
    return this.page;
  }

  // Consents while nobody listens at the callback: hands back the address to which the browser was sent in vain. The window goes with
  // it: Chromium loads a page that failed again by itself as soon as somebody listens, and would use up the callback.
  async consentInVain(callback) {
    const [request] = await Promise.all([
      this.page.waitForEvent('requestfailed', (failed) => failed.url().startsWith(callback)),
      this.#consent().click(),
    ]);
    const failed = this.page;
    this.page = await this.context.newPage();
    this.page.setDefaultTimeout(60_000);
    await failed.close();
    return request.url();
  }

  async leave() {
    await this.context.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
