// The app's shortcuts: the global ones beside the command line, those of a message at the message.

import { at, fill, make } from "/dom.js";
import { act, busy } from "/server.js";

let known = [];

export function drawShortcuts(state) {
  known = state.shortcuts;
  fill(at("shortcuts"), known.filter((one) => !one.on_message).map((one) => ({
    key: one.callback_id, looks: [state.person, one.name],
    draw: () => button(one, () => act(state.person, "shortcut", { callback: one.callback_id })),
  })));
}

// `where` is a message's place, with `person` who sees it.
export function onMessage(where) {
  return known.filter((one) => one.on_message).map((one) => button(one, () =>
    act(where.person, "message_shortcut", { channel: where.channel, ts: where.ts, callback: one.callback_id })));
}

function button(one, run) {
  return make("button", {
    type: "button", class: "shortcut", "data-shortcut": one.callback_id, "data-focus": `shortcut ${one.callback_id}`,
    title: "A shortcut of the app",
    onclick: (event) => busy(event.currentTarget, run),
  }, one.name);
}
