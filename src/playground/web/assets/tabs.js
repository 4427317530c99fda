// Which pane is shown beside the conversation; at phone width, instead of it.

import { at, arrows } from "/dom.js";

const PANES = ["tickets", "app", "log", "policies"];

// `redraw` runs when another pane is shown.
export function startTabs(redraw) {
  const tabs = at("tabs");
  tabs.addEventListener("click", (event) => {
    const tab = event.target.closest("[role=tab]");
    if (!tab) return;
    show(tab.dataset.pane);
    redraw();
  });
  arrows(tabs, "[role=tab]", { also: (tab) => tab.click() });
  matchMedia(WIDE).addEventListener("change", () => show(document.body.dataset.pane));
  show("chat");
}

// Where chat and a pane are side by side; as the style sheet has it.
const WIDE = "(min-width: 64rem)";
let side = "tickets";

export function isShown(pane) {
  if (pane === "chat") return matchMedia(WIDE).matches || document.body.dataset.pane === "chat";
  return !at(`pane-${pane}`).hidden && (matchMedia(WIDE).matches || document.body.dataset.pane === pane);
}

export function show(pane) {
  const wide = matchMedia(WIDE).matches;
  if (PANES.includes(pane) && side !== pane) document.querySelector("aside").scrollTop = 0;
  if (PANES.includes(pane)) side = pane;
  document.body.dataset.pane = pane;
  const shown = wide ? side : pane;
  for (const name of PANES) at(`pane-${name}`).hidden = name !== shown;
  for (const tab of at("tabs").querySelectorAll("[role=tab]")) {
    const selected = tab.dataset.pane === shown;
    tab.setAttribute("aria-selected", String(selected));
    tab.tabIndex = selected ? 0 : -1;
  }
}
