// A visitor with a browser: what they may never see is collected, and fails the test at the end.

import { mkdirSync } from "node:fs";
import { join } from "node:path";

const PATIENCE_MS = 30_000;

export class Visitor {
  constructor(page, name, folder) {
    Object.assign(this, { page, name, folder, wrongs: [], checks: 0, shots: 0 });
    mkdirSync(folder, { recursive: true });
  }

  static async arrive(browser, { name, width, height, scheme, folder, url }) {
    const phone = width < 600;
    const context = await browser.newContext({
      viewport: { width, height }, colorScheme: scheme, hasTouch: phone, reducedMotion: "reduce",
      locale: "en-GB", timezoneId: "Europe/Berlin",
    });
    context.setDefaultTimeout(PATIENCE_MS);
    const page = await context.newPage();
    const visitor = new Visitor(page, name, folder);
    await visitor.watch(url);
    await page.goto(url);
    await page.locator("#tour-act").waitFor();
    return visitor;
  }

  async watch(url) {
    const { page } = this;
    const wrong = (text) => this.wrongs.push(text);
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) wrong(`the console says: ${message.text()}`);
    });
    page.on("pageerror", (error) => wrong(`a script broke: ${error.message}`));
    page.on("request", (request) => {
      if (!request.url().startsWith(url)) wrong(`a request left the page: ${request.url()}`);
    });
    page.on("requestfailed", (request) => {
      // Who becomes somebody else no longer waits for the first one's news.
      const givenUp = request.url().includes("/api/state") && request.failure()?.errorText === "net::ERR_ABORTED";
      if (!givenUp) wrong(`a request failed: ${request.url()} ${request.failure()?.errorText}`);
    });
    page.on("response", (response) => {
      if (response.status() >= 400) wrong(`${response.url()} answered ${response.status()}`);
    });
    await page.exposeFunction("tellViolation", (what) => wrong(`the content policy was broken: ${what}`));
    await page.addInitScript(() => {
      document.addEventListener("securitypolicyviolation", (event) => {
        window.tellViolation(`${event.violatedDirective} ${event.blockedURI}`);
      });
    });
  }

  check(holds, what) {
    this.checks += 1;
    if (!holds) this.wrongs.push(what);
  }

  async shows(selector, text) {
    await this.page.locator(selector).filter({ hasText: text }).first().waitFor();
    this.checks += 1;
  }

  async goes(selector) {
    await this.page.locator(selector).first().waitFor({ state: "hidden" });
    this.checks += 1;
  }

  async press(selector) {
    await this.page.locator(selector).last().click();
  }

  // A picture of what is on the screen, and what can be checked of any screen.
  async shot(name) {
    this.shots += 1;
    const number = String(this.shots).padStart(2, "0");
    await this.page.screenshot({ path: join(this.folder, `${this.name}-${number}-${name}.png`) });
    await this.everythingHasAName(name);
    await this.everythingCanBeRead(name);
    const wide = await this.page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    this.check(wide <= 0, `${name}: the page is ${wide} px wider than the screen`);
  }

  async everythingHasAName(where) {
    const session = await this.page.context().newCDPSession(this.page);
    const { nodes } = await session.send("Accessibility.getFullAXTree");
    await session.detach();
    const controls = ["button", "textbox", "combobox", "link", "tab", "checkbox", "radio", "listbox", "dialog", "option", "searchbox"];
    const nameless = nodes.filter((node) => !node.ignored && controls.includes(node.role?.value) && !node.name?.value);
    this.check(nameless.length === 0, `${where}: ${nameless.length} controls without a name: ${nameless.map((n) => n.role.value)}`);
  }

  // Every text on the screen against what is behind it: WCAG 2.2, success criterion 1.4.3.
  async everythingCanBeRead(where) {
    const faint = await this.page.evaluate(() => {
      const canvas = document.createElement("canvas");
      canvas.width = canvas.height = 1;
      const pen = canvas.getContext("2d", { willReadFrequently: true });
      const rgba = (colour) => {
        pen.clearRect(0, 0, 1, 1);
        pen.fillStyle = colour;
        pen.fillRect(0, 0, 1, 1);
        return [...pen.getImageData(0, 0, 1, 1).data];
      };
      const light = ([r, g, b]) => {
        const [x, y, z] = [r, g, b].map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
        return 0.2126 * x + 0.7152 * y + 0.0722 * z;
      };
      const ground = (node) => {
        for (let one = node; one; one = one.parentElement) {
          const colour = rgba(getComputedStyle(one).backgroundColor);
          if (colour[3] === 255) return colour;
        }
        return [255, 255, 255, 255];
      };
      const found = [];
      const modal = document.querySelector("dialog[open]");
      for (const node of (modal || document.body).querySelectorAll("*")) {
        const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim() !== "");
        const off = node.closest(":disabled, option, datalist, noscript, .unseen, .emoji, .skip");
        if (!own || off || !node.checkVisibility({ visibilityProperty: true })) continue;
        const style = getComputedStyle(node);
        const size = Number.parseFloat(style.fontSize);
        if (size === 0) continue;
        const [one, other] = [light(rgba(style.color)), light(ground(node))];
        const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
        const big = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
        if (ratio < (big ? 3 : 4.5)) found.push(`${node.textContent.trim().slice(0, 30)} (${ratio.toFixed(2)})`);
      }
      return [...new Set(found)].slice(0, 8);
    });
    this.check(faint.length === 0, `${where}: too faint: ${faint.join("; ")}`);
  }

  // The element with the focus, and whether one sees that it has it.
  async focus(where) {
    const { outline, name } = await this.page.evaluate(() => {
      const style = getComputedStyle(document.activeElement);
      const width = style.outlineStyle === "none" ? 0 : Number.parseFloat(style.outlineWidth);
      const { dataset, id, textContent, tagName } = document.activeElement;
      const name = dataset.focus || id || textContent.trim().slice(0, 20);
      return { outline: width, name: tagName === "BODY" ? "" : name };
    });
    this.check(name === "" || outline >= 2, `${where}: one does not see that ${name} has the focus`);
    return name;
  }

  async leave() {
    await this.page.context().close();
  }
}
