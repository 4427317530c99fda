// Asks back before something is done, as a button's `confirm` wants it.

import { at, make } from "/dom.js";
import { words } from "/markup.js";

export function sure(ask) {
  const dialog = at("sure");
  return new Promise((decide) => {
    const close = (yes) => () => {
      dialog.close();
      dialog.replaceChildren();
      decide(yes);
    };
    dialog.oncancel = (event) => {
      event.preventDefault();
      close(false)();
    };
    dialog.replaceChildren(
      make("h2", { id: "sure-title" }, ask.title.text),
      words(ask.text),
      make("div", { class: "foot" },
        make("button", { type: "button", onclick: close(false) }, ask.deny.text),
        make("button", { type: "button", class: ask.style || "primary", onclick: close(true) }, ask.confirm.text)));
    dialog.showModal();
  });
}
