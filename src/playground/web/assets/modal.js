// The modal on top of a person's screen.

import { at, make } from "/dom.js";
import { plain } from "/markup.js";
import { act, busy } from "/server.js";
import { block } from "/blocks.js";
import { fieldsOf, filled } from "/fields.js";

let shown = "";
export const isModalOpen = () => shown !== "";

// Its form and who sees it; what a view replaces keeps the focus where it was.
export function drawModal(state, extras) {
  const dialog = at("modal");
  const view = state.modal;
  fieldsOf(state);
  const looks = view ? JSON.stringify([state.person, view.id, view.hash, view.errors, view.trouble]) : "";
  if (looks === shown) return;
  const before = shown;
  shown = looks;
  if (!view) {
    dialog.close();
    dialog.replaceChildren();
    return;
  }
  const focus = before && dialog.contains(document.activeElement) ? document.activeElement.dataset.focus : null;
  const scroll = dialog.scrollTop;
  dialog.replaceChildren(form(state.person, view, extras));
  if (!dialog.open) dialog.showModal();
  dialog.scrollTop = scroll;
  const again = focus && [...dialog.querySelectorAll("[data-focus]")].find((node) => node.dataset.focus === focus);
  const wrong = [...dialog.querySelectorAll(".field")].find((field) => field.querySelector(".error").textContent !== "");
  if (wrong) wrong.querySelector("input, select, textarea")?.focus();
  else if (again) again.focus();
}

function form(person, view, extras) {
  const body = view.body;
  const close = () => act(person, "close");
  const out = make("form", { method: "dialog", novalidate: true },
    make("div", { class: "head" },
      make("h2", { id: "modal-title" }, plain(body.title)),
      make("button", { type: "button", class: "close", "aria-label": "Close", onclick: close }, "×")),
    make("div", { class: "body" },
      view.trouble ? make("p", { class: "error", role: "alert" }, view.trouble) : null,
      body.blocks.map((one) => block({ on: "modal", person }, one)),
      extras(view),
      make("p", { class: "says", role: "status" })),
    make("div", { class: "foot" },
      make("button", { type: "button", onclick: close }, body.close ? plain(body.close) : "Close"),
      body.submit ? make("button", { class: "primary", type: "submit" }, plain(body.submit)) : null));
  out.addEventListener("submit", (event) => {
    event.preventDefault();
    busy(event.submitter || out.querySelector("[type=submit]"), () => send(person, out));
  });
  return out;
}

async function send(person, form) {
  for (const box of form.querySelectorAll("[data-flush]")) box.flush();
  await filled();
  const said = await act(person, "submit");
  if (!said.ok || said.done.result !== "incomplete") return;
  let first = null;
  for (const field of form.querySelectorAll(".field")) {
    const wrong = said.done.with[field.dataset.block] || "";
    field.querySelector(".error").textContent = wrong;
    if (wrong && !first) first = field;
  }
  first?.querySelector("input, select, textarea")?.focus();
}
