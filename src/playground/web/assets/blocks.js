// Block Kit as Slack shows it, for messages, modals and the home tab.

import { make } from "/dom.js";
import { mrkdwn, nameOf, plain, words } from "/markup.js";
import { act, busy, note } from "/server.js";
import { sure } from "/sure.js";
import { control, input, optionsOf } from "/fields.js";

// `where` is { on: "message", channel, ts } or { on: "modal" } or { on: "home" }, with `person` who sees it.
export function block(where, one) {
  const id = one.block_id;
  switch (one.type) {
    case "header":
      return make("div", { class: "block header", role: "heading", "aria-level": "3" }, plain(one.text));
    case "divider":
      return make("hr", {});
    case "section":
      return make("div", { class: one.accessory ? "block section beside" : "block section", "data-block": id },
        make("div", {},
          one.text ? words(one.text) : null,
          one.fields ? make("div", { class: "fields" }, one.fields.map((field) => words(field))) : null),
        one.accessory ? element(where, id, one.accessory) : null);
    case "context":
      return make("div", { class: "block context" }, one.elements.map((piece) =>
        (piece.type === "image" ? picture(piece) : words(piece))));
    case "actions":
      return make("div", { class: "block actions", role: "group", "aria-label": "Actions" },
        one.elements.map((piece) => element(where, id, piece)));
    case "input":
      return input(where, one);
    case "image":
      return make("div", { class: "block" }, one.title ? words(one.title) : null, picture(one));
    case "rich_text":
      return make("div", { class: "block mrkdwn" }, one.elements.map(rich));
    case "markdown":
      return make("div", { class: "block mrkdwn" }, one.text);
    default:
      return make("div", { class: "block unknown" }, `A block of the type ${one.type}, which this page does not draw.`);
  }
}

// No picture is loaded from anywhere: its words stand for it.
const picture = (one) => make("span", { class: "picture" }, `[${one.alt_text || "picture"}]`);

function element(where, id, one) {
  if (one.type === "button") return button(where, id, one);
  if (one.type === "image") return picture(one);
  if (where.on === "modal") return control(where, id, one, true);
  if (one.options || one.option_groups) return menu(where, id, one);
  return make("span", { class: "unknown" }, `(${one.type})`);
}

const placeOf = ({ on, channel, ts }) => (on === "message" ? { on, channel, ts } : { on });

async function press(where, id, one, entry, button) {
  if (one.confirm && !(await sure(one.confirm))) return;
  const said = await busy(button, () =>
    act(where.person, "press", { place: placeOf(where), block: id, action: one.action_id, entry }));
  if (said.ok && said.done.warned) note("The app did not answer in time.");
}

function button(where, id, one) {
  const attributes = {
    type: "button", class: one.style || "", "aria-label": one.accessibility_label,
    "data-focus": `${id} ${one.action_id}`, "data-action": one.action_id,
    onclick: (event) => press(where, id, one, null, event.currentTarget),
  };
  return make("button", attributes, plain(one.text));
}

function menu(where, id, one) {
  const hint = one.placeholder ? one.placeholder.text : one.type === "overflow" ? "More" : "Choose";
  const choose = make("select", { "aria-label": hint, "data-action": one.action_id },
    make("option", { value: "" }, one.type === "overflow" ? "…" : hint),
    optionsOf(one).map((option) => make("option", { value: option.value }, option.text.text)));
  choose.addEventListener("change", async () => {
    const value = choose.value;
    choose.value = "";
    if (value !== "") await press(where, id, one, value, choose);
  });
  return choose;
}

function rich(one) {
  switch (one.type) {
    case "rich_text_section":
      return make("div", {}, one.elements.map(piece));
    case "rich_text_list": {
      const items = one.elements.map((item) => make("li", {}, item.elements.map(piece)));
      return make(one.style === "ordered" ? "ol" : "ul", {}, items);
    }
    case "rich_text_preformatted":
      return make("pre", {}, one.elements.map(piece));
    case "rich_text_quote":
      return make("blockquote", {}, one.elements.map(piece));
    default:
      return make("span", { class: "unknown" }, `(${one.type})`);
  }
}

function piece(one) {
  switch (one.type) {
    case "text": {
      const style = one.style || {};
      let node = document.createTextNode(one.text);
      for (const [name, tag] of [["code", "code"], ["bold", "strong"], ["italic", "em"], ["strike", "s"]]) {
        if (style[name]) node = make(tag, {}, node);
      }
      return node;
    }
    case "link":
      return mrkdwn(`<${one.url}|${(one.text || one.url).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")}>`);
    case "user":
      return make("span", { class: "mention" }, `@${nameOf(one.user_id)}`);
    default:
      return make("span", {}, one.unicode || one.fallback || "");
  }
}
