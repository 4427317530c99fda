// The two tabs of the app's own place, as Slack has them: its home, and its messages to this person.

import { at, arrows } from "/dom.js";

export const isApp = (state, place) => place === "home" || state.conversations.some((room) => room.direct && room.id === place);

// `home` and `messages` go there.
export function startAppTabs({ home, messages }) {
  const tabs = at("app-tabs");
  at("app-home").addEventListener("click", home);
  at("app-messages").addEventListener("click", messages);
  arrows(tabs, "[role=tab]", { also: (tab) => tab.click() });
}

export function drawAppTabs(state, place) {
  at("app-tabs").hidden = !isApp(state, place);
  for (const [id, selected] of [["app-home", place === "home"], ["app-messages", place !== "home"]]) {
    at(id).setAttribute("aria-selected", String(selected));
    at(id).tabIndex = selected ? 0 : -1;
  }
}
