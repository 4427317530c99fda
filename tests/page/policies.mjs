// A policy author tries a change: a folder of theirs, an issue in it, and a target that the demo does not have.

import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export function prepare(folder) {
  mkdirSync(folder, { recursive: true });
  cpSync("policies", folder, { recursive: true });
  const wiki = readFileSync(join(folder, "wiki.toml"), "utf8");
  const database = wiki
    .replace(/\[\[tests\]\][\s\S]*/, "")
    .replace("Legacy wiki", "Orders database")
    .replace('conflicts = ["reports/view"]', "conflicts = []")
    .replaceAll('target = "legacy-wiki"\nlogin  = { }', 'target = "orders-db"\ngroup = "readers"');
  writeFileSync(join(folder, "orders.toml"), database);
}

export async function policies(visitor, variant, folder) {
  const { page } = visitor;
  await page.getByRole("tab", { name: "Policies" }).click();
  await visitor.shows("#pane-policies .simulated", "orders-db");
  await visitor.shows("#pane-policies .status", "In force");
  await visitor.shot("own-policies");

  const file = join(folder, "reports.toml");
  const good = readFileSync(file, "utf8");
  writeFileSync(file, good.replace('risk             = "low"', 'risk             = "tiny"'));
  await visitor.shows("#pane-policies .issues code", "reports.toml:10:");
  await visitor.shows("#pane-policies .status", "Not in force");
  await visitor.shot("an-issue");
  writeFileSync(file, good.replace('"Viewer"', '"Reader of figures"'));
  await visitor.shows("#pane-policies .role", "Reader of figures");
  await visitor.shows("#pane-policies .status", "In force");

  // A target that is named for the first time takes another start of the bot; what is there stays.
  writeFileSync(file, good.replace('target = "legacy-wiki"\nlogin  = { }', 'target = "figures"\nteam = "finance"'));
  await visitor.shows("#pane-policies .simulated", "figures");
  await page.locator('[data-person="U0FRANK"]').click();
  await page.locator('[data-person="U0FRANK"][aria-current]').waitFor();
  await page.locator("#line").fill("/jit request reports/view for 30m because the March figures look odd");
  await page.locator("#line").press("Enter");
  await visitor.shows("#modal h2", "Request access");
  await visitor.press("#modal [type=submit]");
  await visitor.shows("#modal", "R1001");
  await page.keyboard.press("Escape");
  await visitor.goes("#modal[open]");
  await page.getByRole("tab", { name: "Tickets" }).click();
  await visitor.shows("#pane-tickets .comments", "simulated target figures");
  await visitor.shot("simulated-grant");
}
