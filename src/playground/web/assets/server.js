// The playground's server: what is done goes there, and what changed comes from there.

import { at } from "/dom.js";

// After a failed request; then it is tried again.
const PAUSE_MS = 1000;
const SILENT = "The playground does not answer. Is it still running?";

// Says something to the person: in the open form, else below the conversation.
export function note(words) {
  const inForm = at("modal").open ? at("modal").querySelector(".says") : null;
  (inForm || at("notice")).textContent = words || "";
}

async function post(path, body) {
  try {
    const answer = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    const said = answer.ok ? await answer.json() : { ok: false, says: await answer.text() };
    if (!said.ok) note(said.says);
    return said;
  } catch {
    note(SILENT);
    return { ok: false, says: SILENT };
  }
}

export const act = (person, name, fields) => post("/api/act", { act: name, person, ...fields });
export const pass = (time) => post("/api/clock", time);
export const door = (person, does, fields) => post("/api/app", { does, person, ...fields });
export const verify = (forged) => post("/api/verify", { forged });

// Runs something while its button can't be pressed again.
export async function busy(button, work) {
  if (button) button.setAttribute("aria-busy", "true");
  if (button) button.disabled = true;
  note("");
  try {
    return await work();
  } finally {
    if (button) button.disabled = false;
    if (button) button.removeAttribute("aria-busy");
  }
}

// Calls `draw` with each new state of what a person sees. The server answers when there is news, or after a while
// without: one request is under way at a time, and none for a tab that nobody looks at (a browser has few connections
// to one server).
export class News {
  constructor(draw) {
    this.draw = draw;
    this.turn = 0;
    this.asking = null;
    this.person = null;
    document.addEventListener("visibilitychange", () => this.follow(this.person));
  }

  // Begins again, as this person.
  follow(person) {
    this.person = person;
    this.turn += 1;
    if (this.asking) this.asking.abort();
    if (!document.hidden) this.run(this.turn, person);
  }

  async run(mine, person) {
    let seen = "";
    while (mine === this.turn) {
      try {
        this.asking = new AbortController();
        const query = new URLSearchParams(seen ? { person, seen } : { person });
        const answer = await fetch(`/api/state?${query}`, { signal: this.asking.signal });
        if (mine !== this.turn) return;
        if (answer.status === 204) continue;
        const state = answer.ok ? await answer.json() : null;
        if (mine !== this.turn) return;
        if (state) {
          seen = state.revision;
          at("trouble").hidden = true;
          this.draw(state);
          continue;
        }
      } catch (error) {
        if (mine !== this.turn) return;
        // Drawing went wrong: that is ours to see, and no reason to stop.
        if (!(error instanceof TypeError) || at("trouble").hidden) console.error(error);
      }
      at("trouble").textContent = SILENT;
      at("trouble").hidden = false;
      await new Promise((done) => setTimeout(done, PAUSE_MS));
    }
  }
}
