// Plays the page of the demo in Chromium: `node tests/page/run.mjs BINARY [MODULES]`, from the root of the tree.
// MODULES is where playwright-core is installed. Pictures go to target/page-screenshots.

import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { startDemo } from "./demo.mjs";
import { emergency } from "./emergency.mjs";
import { policies, prepare } from "./policies.mjs";
import { story } from "./story.mjs";
import { Visitor } from "./visitor.mjs";

const [binary, modules = "target/tools/node"] = process.argv.slice(2);
if (!binary || !existsSync(binary)) {
  console.error("usage: node tests/page/run.mjs BINARY [MODULES]");
  process.exit(2);
}
const { chromium } = createRequire(resolve(modules, "package.json"))("playwright-core");

const folder = "target/page-screenshots";
const DESKTOP = { width: 1366, height: 850 };
const PHONE = { width: 390, height: 844 };
const STORIES = [
  { name: "desktop-light", ...DESKTOP, scheme: "light", play: story },
  { name: "phone-dark", ...PHONE, scheme: "dark", play: story },
  { name: "emergency-desktop", ...DESKTOP, scheme: "light", play: emergency },
  { name: "emergency-phone", ...PHONE, scheme: "light", play: emergency },
  { name: "desktop-dark", ...DESKTOP, scheme: "dark", play: policies },
];
const QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

async function play(browser, one) {
  const mine = one.play === policies ? mkdtempSync(join(tmpdir(), "jitney-page-")) : null;
  if (mine) prepare(mine);
  const demo = await startDemo(binary, ...(mine ? ["--policies", mine] : []));
  const visitor = await Visitor.arrive(browser, { ...one, folder, url: demo.url });
  try {
    await one.play(visitor, one, mine);
  } catch (error) {
    visitor.wrongs.push(`the story broke off: ${error.message}`);
    await visitor.page.screenshot({ path: join(folder, `${one.name}-broken-off.png`) });
  } finally {
    await visitor.leave();
    await demo.stop();
    if (mine) rmSync(mine, { recursive: true });
  }
  return visitor;
}

rmSync(folder, { recursive: true, force: true });
const wanted = process.env.PAGE_STORY;
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: QUIET });
let [checks, shots, wrongs] = [0, 0, 0];
try {
  for (const one of STORIES.filter(({ name }) => !wanted || name === wanted)) {
    const visitor = await play(browser, one);
    checks += visitor.checks;
    shots += visitor.shots;
    wrongs += visitor.wrongs.length;
    for (const wrong of visitor.wrongs) console.error(`${one.name}: ${wrong}`);
  }
} finally {
  await browser.close();
}
console.log(`page: ${checks} checks, ${wrongs} of them wrong, ${shots} pictures in ${folder}`);
process.exit(wrongs === 0 ? 0 : 1);
