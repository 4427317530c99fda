// The playground's clock: it runs as every clock does, and can be moved forward.

import { at } from "/dom.js";
import * as times from "/times.js";
import { busy, note, pass } from "/server.js";

let ahead = 0; // the playground's clock less this machine's
let due = null;

export const now = () => Date.now() + ahead;

export async function move(time, button) {
  const said = await busy(button, () => pass(time));
  if (said.ok) note(said.done);
}

export function startClock() {
  at("to-due").addEventListener("click", (event) => move("to_next_due", event.currentTarget));
  for (const button of document.querySelectorAll("[data-minutes]")) {
    button.addEventListener("click", () => move({ minutes: Number(button.dataset.minutes) }, button));
  }
  setInterval(show, 1000);
}

export function drawClock(state) {
  ahead = state.now - Date.now();
  due = state.scenery.due;
  show();
}

function show() {
  const shown = `${times.day(now())}, ${times.time(now())}`;
  const next = due === null ? "Nothing is due" : `Next due ${due <= now() ? "now" : `in ${times.length(due - now())}`}`;
  if (at("now").textContent !== shown) at("now").textContent = shown;
  if (at("due").textContent !== next) at("due").textContent = next;
  at("to-due").disabled = due === null || at("to-due").hasAttribute("aria-busy");
}
