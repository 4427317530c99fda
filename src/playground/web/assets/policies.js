// The policies: whether the folder is in force, what is wrong with it, and who may have what.

import { at, fill, make } from "/dom.js";
import { nameOf } from "/markup.js";

export function drawPolicies(state) {
  const p = state.scenery.policies;
  fill(at("pane-policies"), [
    { key: "folder", looks: [p.folder, p.named, p.digest, p.in_force], draw: () => folder(p) },
    { key: "issues", looks: p.issues, draw: () => issues(p) },
    { key: "notes", looks: [p.warnings, p.tests_passed, p.tests_failed, p.simulated], draw: () => notes(p) },
    ...p.roles.map((role) => ({ key: role.role, looks: role, draw: () => one(role) })),
  ]);
  const bad = p.issues.length > 0 || p.tests_failed.length > 0;
  at("tab-policies").classList.toggle("alarm", bad);
  at("tab-policies").textContent = bad ? "Policies (!)" : "Policies";
}

function folder(p) {
  const which = p.named ? "Your policies" : "The example policies";
  return make("section", {},
    make("p", { class: "lead" }, `${which} lie in `, make("code", {}, p.folder), ". Change a file there: the page follows at once."),
    make("p", {},
      make("span", { class: p.in_force ? "status good" : "status bad" }, p.in_force ? "In force" : "Not in force"),
      p.in_force ? " The files as they are now, " : " The files have issues. Until they are mended the last good ones go on, or the examples: ",
      make("code", {}, p.digest), "."));
}

function issues(p) {
  if (p.issues.length === 0) return make("p", { class: "meta" }, "No issues.");
  return make("section", { role: "alert" },
    make("h3", {}, p.issues.length === 1 ? "1 issue" : `${p.issues.length} issues`),
    make("ul", { class: "issues" }, p.issues.map((issue) => make("li", {},
      issue.place ? make("code", {}, issue.place) : null, " ", issue.message))));
}

function notes(p) {
  const total = p.tests_passed + p.tests_failed.length;
  return make("section", {},
    make("p", { class: p.tests_failed.length ? "error" : "meta" }, `${p.tests_passed} of ${total} test rows pass.`),
    p.tests_failed.length ? make("ul", { class: "issues" }, p.tests_failed.map((text) => make("li", {}, text))) : null,
    p.warnings.length ? make("h3", {}, "Hardly meant") : null,
    p.warnings.length ? make("ul", { class: "warnings" }, p.warnings.map((text) => make("li", {}, text))) : null,
    p.simulated.length ? make("p", { class: "simulated" },
      make("strong", {}, "Simulated: "), p.simulated.join(", "),
      ". This page has no way into these targets, so it plays them: they take any parameters, whether or not the real adapter would, and nothing is changed anywhere.") : null,
    make("h3", {}, "Who may have what"));
}

const MAY = { at_once: ["at once", "good"], asks: ["after approval", "going"], no: ["no", "bad"] };

function one(role) {
  const rows = Object.entries(role.who).map(([id, { may, why }]) => make("li", {},
    make("span", { class: "who" }, nameOf(id)),
    make("span", { class: `status ${MAY[may][1]}` }, MAY[may][0]),
    why ? make("span", { class: "meta why" }, why) : null));
  return make("details", { class: "role" },
    make("summary", {},
      make("strong", {}, role.title), " ", make("code", {}, role.role), " ",
      role.simulated ? make("span", { class: "status" }, "simulated") : null,
      make("span", { class: "meta" }, `${role.gives}. Risk ${role.risk}, at most ${role.most}. ${role.tier}.`)),
    make("ul", { class: "may" }, rows),
    make("p", { class: "meta" }, `Judged for ${role.usual}, its usual time.`));
}
