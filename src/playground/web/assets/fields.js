// The fields of a modal: what is put into one is sent at once, one after another, and all of it before the form is.

import { make } from "/dom.js";
import { plain, words } from "/markup.js";
import { act } from "/server.js";
import { search } from "/search.js";

let filling = Promise.resolve();
// Resolves when everything that was put into fields has been sent.
export const filled = () => filling;

let view = null;
let people = [];
let rooms = [];
// Which modal the fields are of, and who can be chosen in them.
export function fieldsOf(state) {
  view = state.modal;
  people = state.people;
  rooms = state.conversations.filter((room) => !room.direct);
}

export const optionsOf = (one) => one.options || (one.option_groups || []).flatMap((group) => group.options);

// An input block: label, field, hint, and what was wrong with it.
export function input(where, block) {
  const one = block.element;
  const id = fieldId(block.block_id, one);
  const wrong = (view && view.errors[block.block_id]) || "";
  const several = ["checkboxes", "radio_buttons", "multi_static_select"].includes(one.type);
  const label = [plain(block.label), block.optional ? make("span", { class: "meta" }, " (optional)") : null];
  return make("div", { class: "field", "data-block": block.block_id },
    several ? make("div", { class: "label", id: `${id} label` }, label) : make("label", { for: id }, label),
    control(where, block.block_id, one, false, several ? `${id} label` : null),
    block.hint ? make("div", { class: "hint", id: `${id} hint` }, plain(block.hint)) : null,
    make("div", { class: "error", id: `${id} error`, role: wrong ? "alert" : null }, wrong));
}

const fieldId = (block, one) => `field:${block}:${one.action_id}`.replaceAll(" ", "_");

// `loose` ones stand outside of input blocks and are found by their action.
export function control(where, block, one, loose, labelledBy) {
  const name = loose ? one.action_id : block;
  const send = (entry) => (filling = filling.then(() => act(where.person, "fill", { field: name, entry })));
  const held = ((view ? view.values : {})[block] || {})[one.action_id] || {};
  const id = fieldId(block, one);
  const hint = one.placeholder ? one.placeholder.text : null;
  const common = {
    id, "data-focus": id, "aria-label": loose ? hint || one.type.replaceAll("_", " ") : null,
    "aria-describedby": loose ? null : `${id} hint ${id} error`, "aria-labelledby": labelledBy,
  };
  const field = { one, held, send, common, hint, block, person: where.person };
  switch (one.type) {
    case "plain_text_input":
    case "number_input":
    case "email_text_input":
    case "url_text_input":
      return typed(field);
    case "static_select":
      return chosen(field, optionsOf(one).map((o) => [o.value, o.text.text]), held.selected_option && held.selected_option.value);
    case "users_select":
      return chosen(field, people.map((p) => [p.id, p.name]), held.selected_user);
    case "channels_select":
      return chosen(field, rooms.map((r) => [r.id, `#${r.name}`]), held.selected_channel);
    case "conversations_select":
      return chosen(field, rooms.map((r) => [r.id, `#${r.name}`]), held.selected_conversation);
    case "radio_buttons":
      return boxes(field, "radio", held.selected_option ? [held.selected_option.value] : []);
    case "checkboxes":
    case "multi_static_select":
      return boxes(field, "checkbox", (held.selected_options || []).map((o) => o.value));
    case "external_select":
      return search(field);
    case "datepicker":
      return picker(field, "date", held.selected_date || "", (text) => text);
    case "timepicker":
      return picker(field, "time", held.selected_time || "", (text) => text);
    case "datetimepicker":
      return picker(field, "datetime-local", held.selected_date_time ? local(held.selected_date_time) : "",
        (text) => String(Math.floor(new Date(text).getTime() / 1000)));
    default:
      return make("span", { class: "unknown" }, `(${one.type})`);
  }
}

// A moment as a picker shows it, in the reader's zone.
function local(seconds) {
  const at = new Date(seconds * 1000);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

function typed({ one, held, send, common, hint }) {
  const kinds = { number_input: "number", email_text_input: "email", url_text_input: "url" };
  const box = make(one.multiline ? "textarea" : "input", {
    ...common, placeholder: hint, maxlength: one.max_length, rows: one.multiline ? 3 : null,
    type: one.multiline ? null : kinds[one.type] || "text", step: one.is_decimal_allowed ? "any" : null,
    autofocus: one.focus_on_load,
  });
  box.value = held.value || "";
  let sent = box.value;
  box.flush = () => {
    if (box.value === sent) return;
    sent = box.value;
    send(sent === "" ? null : sent);
  };
  box.dataset.flush = "yes";
  box.addEventListener("change", box.flush);
  return box;
}

function chosen({ send, common, hint }, options, now) {
  const choose = make("select", common,
    make("option", { value: "" }, hint || "Choose…"),
    options.map(([value, text]) => make("option", { value, selected: value === now }, text)));
  choose.addEventListener("change", () => send(choose.value === "" ? null : choose.value));
  return choose;
}

function boxes({ one, send, common }, type, now) {
  const all = make("div", { class: "boxes", role: type === "radio" ? "radiogroup" : "group", ...common },
    optionsOf(one).map((option) => {
      const box = make("input", { type, name: common.id, value: option.value, checked: now.includes(option.value) });
      const about = option.description ? make("span", { class: "meta" }, words(option.description)) : null;
      return make("label", {}, box, make("span", {}, words(option.text), about));
    }));
  all.addEventListener("change", () => {
    const values = [...all.querySelectorAll("input:checked")].map((box) => box.value);
    send(type === "radio" ? values[0] || null : values);
  });
  return all;
}

function picker({ send, common }, type, now, entry) {
  const box = make("input", { ...common, type });
  box.value = now;
  box.addEventListener("change", () => send(box.value === "" ? null : entry(box.value)));
  return box;
}
