// Who one is, and where.

import { at, arrows, fill, make } from "/dom.js";
import { isApp } from "/apptabs.js";
import { avatar } from "/messages.js";

const read = new Map(); // person and conversation -> the newest message that was seen
let shown = null; // whose screen it was last

// `be` and `go` change person and place.
export function startSidebar() {
  arrows(at("people"), "button");
  arrows(at("rooms"), "button");
}

export function drawSidebar(state, place, { be, go }) {
  const asked = new Set(state.scenery.requests.flatMap((request) => request.asked));
  fill(at("people"), state.people.map((one) => {
    const current = one.id === state.person;
    const facts = state.scenery.people[one.id];
    const looks = [one.name, current, asked.has(one.id), facts];
    return { key: one.id, looks, draw: () => make("li", {}, person(one, facts, current, asked.has(one.id), be)) };
  }));
  if (shown !== state.person) at("people").querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  shown = state.person;
  const inApp = isApp(state, place);
  const rooms = state.conversations.map((room) => {
    const last = room.messages.at(-1)?.ts;
    const key = `${state.person} ${room.id}`;
    if (room.id === place) read.set(key, last);
    const news = last !== undefined && read.get(key) !== last;
    return { id: room.id, name: room.direct ? "Jitney" : `# ${room.name}`, direct: room.direct, news };
  });
  rooms.sort((a, b) => Number(a.direct) - Number(b.direct));
  // The app has a place before it ever wrote.
  if (!rooms.some((room) => room.direct)) rooms.push({ id: "home", name: "Jitney", direct: true, news: false });
  fill(at("rooms"), rooms.map((room) => {
    const current = room.direct ? inApp : room.id === place;
    const draw = () => make("li", {}, make("button", {
      type: "button", class: room.news ? "news" : "", "data-room": room.id, "data-focus": room.id,
      "aria-current": current ? "true" : null, onclick: () => go(room.id),
    }, make("span", {}, room.name), room.news ? make("span", { class: "badge" }, "new") : null));
    return { key: room.id, looks: [room.name, current, room.news], draw };
  }));
}

function person(one, facts, current, asked, be) {
  const about = facts ? [facts.employment === "employee" ? null : facts.employment, facts.department].filter(Boolean).join(", ") : "";
  const title = facts && facts.manager ? `Reports to ${facts.manager}` : null;
  return make("button", {
    type: "button", "data-person": one.id, "data-focus": one.id, title, "aria-current": current ? "true" : null,
    onclick: () => be(one.id),
  }, avatar(one.id, one.name),
  make("span", { class: "name" }, make("strong", {}, one.name), make("span", { class: "meta" }, about)),
  asked ? make("span", { class: "badge" }, "asked") : null);
}
