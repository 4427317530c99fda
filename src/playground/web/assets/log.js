// The audit log: every decision and every act, each record chained to the one before.

import { at, fill, make } from "/dom.js";
import * as times from "/times.js";
import { busy, verify } from "/server.js";

let found = null; // what the last verification found
let again = () => {};
export const wasVerified = () => found !== null && !found.forged;

export function drawLog(state, redraw) {
  again = redraw;
  const { length, head, records } = state.scenery.log;
  const items = [
    { key: "about", looks: 0, draw: () => make("p", { class: "lead" }, "Each record holds the hash of the one before. Whoever changes one letter breaks the chain.") },
    { key: "acts", looks: 0, draw: buttons },
    { key: "found", looks: found, draw: () => make("p", { class: found ? (found.good ? "found good" : "found bad") : "found", role: "status" }, found ? found.says : "") },
    { key: "head", looks: [length, head], draw: () => make("p", { class: "meta" }, `${length} records. Head: `, make("code", {}, head.slice(0, 16) || "none yet")) },
    { key: "table", looks: records, draw: () => table(records) },
  ];
  fill(at("pane-log"), items);
}

function buttons() {
  const run = (forged) => (event) => busy(event.currentTarget, async () => {
    const said = await verify(forged);
    if (said.ok) found = { ...said.done, forged, says: forged ? `A copy with one letter changed. ${said.done.says}` : said.done.says };
    again();
  });
  return make("div", { class: "actions" },
    make("button", { type: "button", class: "primary", id: "verify", onclick: run(false) }, "Verify"),
    make("button", { type: "button", id: "forge", onclick: run(true) }, "Forge one letter of a copy, and verify that"));
}

function table(records) {
  return make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Records" },
    make("table", {},
      make("thead", {}, make("tr", {}, ["#", "When", "What", "Request", "Hash"].map((name) => make("th", { scope: "col" }, name)))),
      make("tbody", {}, records.toReversed().map((one) => make("tr", {},
        make("td", {}, String(one.seq)),
        make("td", {}, make("time", { title: times.moment(one.at) }, times.seconds(one.at))),
        make("td", {}, one.kind),
        make("td", {}, one.request || ""),
        make("td", {}, make("code", {}, one.hash)))))));
}
