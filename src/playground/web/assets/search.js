// An external select: choices are searched for while one types. A combobox with a list, as the keyboard expects it.

import { make } from "/dom.js";
import { act } from "/server.js";

// Between two keys; then it is searched.
const PAUSE_MS = 120;

export function search({ one, held, send, common, hint, block, person }) {
  const listId = `${common.id}:list`;
  const chosen = held.selected_option;
  const box = make("input", {
    ...common, placeholder: hint || "Search…", autocomplete: "off", spellcheck: "false", role: "combobox",
    "aria-expanded": "false", "aria-autocomplete": "list", "aria-controls": listId,
  });
  const list = make("div", { id: listId, class: "choices", role: "listbox", "aria-label": "Choices", hidden: true });
  box.value = chosen ? chosen.text.text : "";
  let turn = 0;
  let pause = 0;
  let found = [];
  let active = -1;

  const show = (open) => {
    list.hidden = !open;
    box.setAttribute("aria-expanded", String(open));
    if (!open) move(-1);
  };
  const move = (to) => {
    active = to;
    [...list.children].forEach((node, i) => node.setAttribute("aria-selected", String(i === active)));
    if (active < 0) box.removeAttribute("aria-activedescendant");
    else {
      box.setAttribute("aria-activedescendant", `${listId}:${active}`);
      list.children[active].scrollIntoView({ block: "nearest" });
    }
  };
  const pick = async (option) => {
    turn += 1;
    box.value = option.text.text;
    show(false);
    await send(option.value);
  };
  const look = async (query) => {
    turn += 1;
    const mine = turn;
    const said = await act(person, "options", { block, action: one.action_id, query });
    if (mine !== turn || document.activeElement !== box) return;
    found = said.ok ? said.done : [];
    list.replaceChildren(...found.map((option, i) => make("div",
      // The pointer must not take the focus from the box.
      { id: `${listId}:${i}`, role: "option", "aria-selected": "false", onmousedown: (e) => e.preventDefault(), onclick: () => pick(option) },
      make("span", {}, option.text.text),
      option.description ? make("span", { class: "meta" }, option.description.text) : null)));
    if (found.length === 0) list.append(make("p", { class: "meta" }, "Nothing found."));
    show(true);
  };
  box.addEventListener("focus", () => box.select());
  box.addEventListener("click", () => look(""));
  box.addEventListener("blur", () => show(false));
  box.addEventListener("input", () => {
    clearTimeout(pause);
    pause = setTimeout(() => look(box.value), PAUSE_MS);
  });
  box.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (list.hidden) look("");
      else if (found.length > 0) move((active + (event.key === "ArrowDown" ? 1 : found.length - 1) + found.length) % found.length);
    }
    if (event.key === "Enter" && !list.hidden) {
      event.preventDefault();
      if (active >= 0) pick(found[active]);
      else if (found.length === 1) pick(found[0]);
    }
    if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      event.stopPropagation();
      show(false);
    }
  });
  return make("div", { class: "search" }, box, list);
}
