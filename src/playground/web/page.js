"use strict";

const at = (id) => document.getElementById(id);
// Who this tab is, kept in its address: two tabs can be two people.
let person = location.hash.slice(1) || "U0ANN";
let place = null; // a conversation's id, or "home"
let latest = null;
let revision = null;
let shownModal = "";
const drawn = new Map(); // message key -> { json, node }
const read = new Map(); // person + conversation -> ts of the last message seen

// ---- small tools -------------------------------------------------------------------------------------------

function make(tag, attributes, ...inside) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...inside.filter((piece) => piece !== null && piece !== undefined));
  return node;
}

function note(words) {
  const inModal = at("modal").querySelector(".says");
  (inModal || at("notice")).textContent = words || "";
}

async function post(path, body) {
  try {
    const answer = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    const said = answer.ok ? await answer.json() : { ok: false, says: await answer.text() };
    if (said.says) note(said.says);
    return said;
  } catch {
    note("The playground does not answer. Is it still running?");
    return { ok: false };
  }
}

const act = (name, fields) => post("/api/act", { act: name, person, ...fields });

async function busy(button, work) {
  button.disabled = true;
  note("");
  try {
    return await work();
  } finally {
    button.disabled = false;
  }
}

// ---- words -------------------------------------------------------------------------------------------------

const EMOJI = {
  large_yellow_circle: "🟡", large_blue_circle: "🔵", large_green_circle: "🟢", large_red_circle: "🔴",
  red_circle: "🔴", white_circle: "⚪", black_circle: "⚫", large_orange_circle: "🟠", large_purple_circle: "🟣",
  rotating_light: "🚨", warning: "⚠️", lock: "🔒", unlock: "🔓", key: "🔑", hourglass: "⌛",
  hourglass_flowing_sand: "⏳", white_check_mark: "✅", x: "❌", no_entry: "⛔", bell: "🔔", clock1: "🕐",
  eyes: "👀", fire: "🔥", memo: "📝", no_entry_sign: "🚫", heavy_check_mark: "✔️", information_source: "ℹ️",
  stopwatch: "⏱️", calendar: "📅", shield: "🛡️", broom: "🧹", arrows_counterclockwise: "🔄",
};

const unescape = (text) => text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");

function nameOf(id) {
  const found = (latest ? latest.people : []).find((somebody) => somebody.id === id);
  if (found) return found.handle;
  return { U0JITNEY: "Jitney", USLACKBOT: "Slack" }[id] || id;
}

function dated(body) {
  // date^SECONDS^FORMAT^link|fallback
  const [head, fallback] = body.split("|");
  const [, seconds, form] = head.split("^");
  const when = new Date(Number(seconds) * 1000);
  if (Number.isNaN(when.getTime())) return fallback || body;
  const day = when.toLocaleDateString(undefined, { year: "numeric", month: "short", day: "numeric" });
  const time = when.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" });
  const seconded = when.toLocaleTimeString();
  return form
    .replaceAll("{time_secs}", seconded)
    .replaceAll("{time}", time)
    .replaceAll(/\{(date|day)[a-z_]*\}/g, day)
    .replaceAll("{ago}", fallback || day);
}

function reference(body) {
  if (body.startsWith("!date^")) return make("time", { title: body.split("|")[1] }, dated(body.slice(1)));
  const [target, label] = body.split("|");
  if (target.startsWith("@")) return make("span", { class: "mention" }, "@" + nameOf(target.slice(1)));
  if (target.startsWith("#")) {
    const room = latest.conversations.find((one) => one.id === target.slice(1));
    return make("span", { class: "mention" }, "#" + (label || (room ? room.name : target.slice(1))));
  }
  if (target.startsWith("!subteam^")) {
    const group = latest.groups.find((one) => one.id === target.slice(9));
    return make("span", { class: "mention" }, label || "@" + (group ? group.handle : target.slice(9)));
  }
  if (target.startsWith("!")) return make("span", { class: "mention" }, "@" + target.slice(1));
  if (/^(https?|mailto):/.test(target)) {
    return make("a", { href: unescape(target), rel: "noreferrer", target: "_blank" }, unescape(label || target));
  }
  return document.createTextNode(unescape(`<${body}>`));
}

const STYLES = { "*": "strong", _: "em", "~": "s" };

// Slack's markup as nodes; never as HTML, so that no text can become a tag.
function inline(text) {
  const nodes = [];
  const pattern =
    /<([^<>]+)>|`([^`\n]+)`|:([a-z0-9_+-]+):|(?<![\p{L}\p{N}])([*_~])(?=\S)([^\n]*?\S)\4(?![\p{L}\p{N}])/gu;
  let end = 0;
  for (const found of text.matchAll(pattern)) {
    if (found.index > end) nodes.push(unescape(text.slice(end, found.index)));
    end = found.index + found[0].length;
    if (found[1]) nodes.push(reference(found[1]));
    else if (found[2]) nodes.push(make("code", {}, unescape(found[2])));
    else if (found[3]) nodes.push(EMOJI[found[3]] || found[0]);
    else nodes.push(make(STYLES[found[4]], {}, ...inline(found[5])));
  }
  if (end < text.length) nodes.push(unescape(text.slice(end)));
  return nodes;
}

function mrkdwn(text) {
  const out = make("div", { class: "mrkdwn" });
  text.split("```").forEach((part, i) => {
    if (i % 2 === 1) {
      out.append(make("pre", {}, unescape(part)));
      return;
    }
    part.split("\n").forEach((line, n, lines) => {
      const quoted = line.startsWith("&gt;") ? line.slice(4) : line.startsWith(">") ? line.slice(1) : null;
      if (quoted !== null) out.append(make("blockquote", {}, ...inline(quoted)));
      else out.append(...inline(line), n < lines.length - 1 ? "\n" : "");
    });
  });
  return out;
}

function words(object) {
  if (!object) return "";
  return object.type === "mrkdwn" ? mrkdwn(object.text) : plain(object.text);
}

const plain = (text) => text.replaceAll(/:([a-z0-9_+-]+):/g, (all, name) => EMOJI[name] || all);

// ---- blocks ------------------------------------------------------------------------------------------------

function sure(element) {
  const ask = element.confirm;
  if (!ask) return true;
  return window.confirm(`${ask.title.text}\n\n${ask.text.text}`);
}

function pressed(spot, block, element, entry) {
  return async (event) => {
    if (!sure(element)) return;
    const button = event.currentTarget;
    const said = await busy(button, () =>
      act("press", { place: spot, block, action: element.action_id, entry: entry || null }));
    if (said.ok && said.done && said.done.warned) note("⚠️ The app did not answer in time.");
  };
}

function optionsOf(element) {
  return element.options || (element.option_groups || []).flatMap((group) => group.options);
}

function menu(spot, block, element) {
  const choose = make("select", { "aria-label": element.placeholder ? element.placeholder.text : "More" });
  choose.append(make("option", { value: "" }, element.placeholder ? element.placeholder.text : "More…"));
  for (const option of optionsOf(element)) choose.append(make("option", { value: option.value }, option.text.text));
  choose.addEventListener("change", async () => {
    if (choose.value === "" || !sure(element)) return;
    await act("press", { place: spot, block, action: element.action_id, entry: choose.value });
    choose.value = "";
  });
  return choose;
}

function element(spot, block, one) {
  if (one.type === "button") {
    const label = one.accessibility_label || null;
    const attributes = { type: "button", class: one.style || "", "aria-label": label };
    return make("button", { ...attributes, onclick: pressed(spot, block, one) }, plain(one.text.text));
  }
  if (spot.on === "modal") return control(block, one, true);
  if (one.options || one.option_groups) return menu(spot, block, one);
  return make("span", { class: "meta" }, `(${one.type})`);
}

function draw(spot, block) {
  const id = block.block_id;
  switch (block.type) {
    case "header":
      return make("div", { class: "block header" }, plain(block.text.text));
    case "divider":
      return make("hr", {});
    case "section": {
      const out = make("div", { class: "block" });
      if (block.text) out.append(words(block.text));
      if (block.fields) {
        out.append(make("div", { class: "fields" }, ...block.fields.map((one) => make("div", {}, words(one)))));
      }
      if (block.accessory) out.append(element(spot, id, block.accessory));
      return out;
    }
    case "context":
      return make("div", { class: "block context" }, ...block.elements.map((one) => words(one)));
    case "actions":
      return make("div", { class: "block actions" }, ...block.elements.map((one) => element(spot, id, one)));
    case "input":
      return input(block);
    case "markdown":
      return make("div", { class: "block mrkdwn" }, block.text);
    default:
      return make("div", { class: "block context" }, `(${block.type})`);
  }
}

// ---- messages ----------------------------------------------------------------------------------------------

function message(channel, one) {
  const spot = { on: "message", channel, ts: one.ts };
  const time = new Date(Number(one.ts) * 1000);
  const marks = [one.edited ? "edited" : "", one.only_you ? "only you can see this" : ""].filter(Boolean);
  const head = make("div", {},
    make("span", { class: "who" }, nameOf(one.user)), " ",
    make("span", { class: "meta" }, [time.toLocaleString(), ...marks].join(" · ")));
  const reply = one.thread && one.thread !== one.ts;
  const kind = `message${reply ? " reply" : ""}${one.only_you ? " only-you" : ""}`;
  const body = one.blocks.length > 0 ? one.blocks.map((block) => draw(spot, block)) : [mrkdwn(one.text)];
  return make("article", { class: kind }, head, ...body);
}

function inThreads(messages) {
  const answers = new Map();
  const top = [];
  for (const one of messages) {
    const root = one.thread && one.thread !== one.ts ? one.thread : null;
    if (root && messages.some((other) => other.ts === root)) {
      answers.set(root, [...(answers.get(root) || []), one]);
    } else top.push(one);
  }
  return top.flatMap((one) => [one, ...(answers.get(one.ts) || [])]);
}

function drawMessages() {
  const box = at("messages");
  const room = latest.conversations.find((one) => one.id === place);
  const nodes = [];
  if (place === "home") {
    at("title").textContent = "Jitney's home tab";
    const blocks = latest.home ? latest.home.body.blocks : [];
    const json = JSON.stringify([person, latest.home && latest.home.hash]);
    nodes.push(kept("home", json, () => make("div", {},
      blocks.length > 0 ? null : make("p", { class: "meta" }, "Nothing has been published here yet."),
      ...blocks.map((block) => draw({ on: "home" }, block)))));
  } else if (room) {
    at("title").textContent = room.direct ? "Jitney (direct)" : `#${room.name}`;
    for (const one of inThreads(room.messages)) {
      nodes.push(kept(`${room.id} ${one.ts}`, JSON.stringify([person, one]), () => message(room.id, one)));
    }
    if (nodes.length === 0) nodes.push(make("p", { class: "meta" }, "Nothing here yet. Try: /jit help"));
    const last = room.messages.at(-1);
    if (last) read.set(`${person} ${room.id}`, last.ts);
  }
  const atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 80;
  const same = nodes.length === box.childNodes.length && nodes.every((node, i) => node === box.childNodes[i]);
  if (!same) box.replaceChildren(...nodes);
  if (!same && atEnd) box.scrollTop = box.scrollHeight;
}

// A node stays as long as it would say the same: focus and half-made choices survive.
function kept(key, json, draw) {
  const before = drawn.get(key);
  if (before && before.json === json) return before.node;
  const node = draw();
  drawn.set(key, { json, node });
  return node;
}

// ---- modals ------------------------------------------------------------------------------------------------

// Fields are sent one after another, and all of them before the form is.
let filling = Promise.resolve();

function held(block, one) {
  const values = latest.modal ? latest.modal.values : {};
  return ((values[block] || {})[one.action_id]) || {};
}

// A field of the modal. `loose` ones stand outside of input blocks and are found by their action.
function control(block, one, loose) {
  const field = loose ? one.action_id : block;
  const state = held(block, one);
  const send = (entry) => (filling = filling.then(() => act("fill", { field, entry })));
  const hint = one.placeholder ? one.placeholder.text : null;
  const id = `field ${block} ${one.action_id}`;
  switch (one.type) {
    case "plain_text_input":
    case "number_input":
    case "email_text_input":
    case "url_text_input": {
      const tag = one.multiline ? "textarea" : "input";
      const box = make(tag, { id, placeholder: hint, maxlength: one.max_length, rows: one.multiline ? 3 : null });
      box.value = state.value || "";
      box.dataset.flush = "yes";
      box.flush = () => send(box.value);
      box.addEventListener("change", box.flush);
      return box;
    }
    case "static_select":
    case "radio_buttons": {
      const chosen = state.selected_option ? state.selected_option.value : "";
      const choose = make("select", { id });
      choose.append(make("option", { value: "" }, hint || "Choose…"));
      for (const option of optionsOf(one)) {
        choose.append(make("option", { value: option.value, selected: option.value === chosen }, option.text.text));
      }
      choose.addEventListener("change", () => send(choose.value === "" ? null : choose.value));
      return choose;
    }
    case "checkboxes":
    case "multi_static_select": {
      const chosen = (state.selected_options || []).map((option) => option.value);
      const boxes = optionsOf(one).map((option) => {
        const box = make("input", { type: "checkbox", value: option.value });
        box.checked = chosen.includes(option.value);
        return make("label", {}, box, " ", words(option.text));
      });
      const all = make("div", { id }, ...boxes.flatMap((box) => [box, make("br", {})]));
      all.addEventListener("change", () =>
        send([...all.querySelectorAll("input:checked")].map((box) => box.value)));
      return all;
    }
    case "external_select":
      return search(block, one, id, hint, state, send);
    case "users_select": {
      const choose = make("select", { id });
      choose.append(make("option", { value: "" }, hint || "Choose somebody…"));
      for (const somebody of latest.people) {
        const chosen = somebody.id === state.selected_user;
        choose.append(make("option", { value: somebody.id, selected: chosen }, somebody.name));
      }
      choose.addEventListener("change", () => send(choose.value === "" ? null : choose.value));
      return choose;
    }
    case "datepicker":
    case "timepicker": {
      const box = make("input", { id, type: one.type === "datepicker" ? "date" : "time" });
      box.value = state.selected_date || state.selected_time || "";
      box.addEventListener("change", () => send(box.value === "" ? null : box.value));
      return box;
    }
    default:
      return make("span", { class: "meta" }, `(${one.type})`);
  }
}

function search(block, one, id, hint, state, send) {
  const box = make("input", { id, placeholder: hint || "Search…", autocomplete: "off", role: "combobox" });
  const list = make("div", { class: "choices" });
  box.value = state.selected_option ? state.selected_option.text.text : "";
  let turn = 0;
  const look = async (query) => {
    const mine = ++turn;
    const said = await act("options", { block, action: one.action_id, query });
    if (mine !== turn) return;
    const found = said.ok ? said.done : [];
    list.replaceChildren(...found.map((option) => {
      const about = option.description ? ` — ${option.description.text}` : "";
      const pick = async () => {
        turn++;
        box.value = option.text.text;
        list.replaceChildren();
        await send(option.value);
      };
      return make("button", { type: "button", onclick: pick }, option.text.text + about);
    }));
    if (found.length === 0) list.append(make("span", { class: "meta" }, "Nothing found."));
  };
  let wait = 0;
  box.addEventListener("focus", () => look(""));
  box.addEventListener("input", () => {
    clearTimeout(wait);
    wait = setTimeout(() => look(box.value), 150);
  });
  return make("div", {}, box, list);
}

function input(block) {
  const one = block.element;
  const problem = latest.modal ? latest.modal.errors[block.block_id] : null;
  const optional = block.optional ? " (optional)" : "";
  return make("div", { class: "field", "data-block": block.block_id },
    make("label", { for: `field ${block.block_id} ${one.action_id}` }, block.label.text + optional),
    control(block.block_id, one, false),
    block.hint ? make("div", { class: "hint" }, block.hint.text) : null,
    make("div", { class: "error" }, problem || ""));
}

function drawModal() {
  const dialog = at("modal");
  const view = latest.modal;
  const key = view ? JSON.stringify([person, view.id, view.hash, view.errors, view.trouble]) : "";
  if (key === shownModal) return;
  shownModal = key;
  if (!view) {
    dialog.close();
    dialog.replaceChildren();
    return;
  }
  const body = view.body;
  const form = make("form", { method: "dialog" },
    make("h2", {}, body.title.text),
    view.trouble ? make("p", { class: "error", role: "alert" }, view.trouble) : null,
    ...body.blocks.map((block) => draw({ on: "modal" }, block)),
    make("p", { class: "says", role: "status" }),
    make("div", { class: "foot" },
      make("button", { type: "button", onclick: () => act("close") }, body.close ? body.close.text : "Close"),
      body.submit ? make("button", { class: "primary", type: "submit" }, body.submit.text) : null));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = event.submitter || form.querySelector("[type=submit]");
    await busy(button, async () => {
      for (const box of form.querySelectorAll("[data-flush]")) box.flush();
      await filling;
      const said = await act("submit");
      if (said.ok && said.done.result === "incomplete") complain(form, said.done.with);
    });
  });
  dialog.replaceChildren(form);
  if (!dialog.open) dialog.showModal();
}

function complain(form, problems) {
  for (const field of form.querySelectorAll(".field")) {
    field.querySelector(".error").textContent = problems[field.dataset.block] || "";
  }
}

// ---- the rest of the page ----------------------------------------------------------------------------------

function drawLists() {
  const people = latest.people.map((one) => make("li", {}, make("button", {
    type: "button", "aria-current": String(one.id === person), onclick: () => be(one.id),
  }, one.name)));
  refill(at("people"), people);
  const places = latest.conversations.map((room) => {
    const last = room.messages.at(-1);
    const news = last && room.id !== place && read.get(`${person} ${room.id}`) !== last.ts;
    return make("li", {}, make("button", {
      type: "button", class: news ? "news" : "", "aria-current": String(room.id === place),
      onclick: () => go(room.id),
    }, room.direct ? "Jitney (direct)" : `#${room.name}`));
  });
  places.push(make("li", {}, make("button", {
    type: "button", "aria-current": String(place === "home"), onclick: () => go("home"),
  }, "Home tab")));
  refill(at("conversations"), places);
}

// Lists are short; they are replaced only when they would look different.
function refill(list, items) {
  const looks = items.map((item) => item.innerHTML).join("");
  if (list.dataset.looks === person + looks) return;
  list.dataset.looks = person + looks;
  list.replaceChildren(...items);
}

function drawTickets() {
  const box = at("tickets");
  const nodes = latest.tickets.map((ticket) => kept(`ticket ${ticket.key}`, JSON.stringify(ticket), () => {
    const before = drawn.get(`ticket ${ticket.key}`);
    const open = before ? before.node.open : true;
    const lines = ticket.comments.map((one) => make("li", {}, `${one.by}: ${one.text}`));
    return make("details", { class: "ticket", open }, make("summary", {},
      make("span", { class: "status" }, ticket.status), make("strong", {}, ticket.key), " ", ticket.title),
      make("ol", {}, ...lines));
  })).reverse();
  if (nodes.length === 0) nodes.push(make("p", { class: "meta" }, "No ticket yet."));
  const same = nodes.length === box.childNodes.length && nodes.every((node, i) => node === box.childNodes[i]);
  if (!same) box.replaceChildren(...nodes);
}

function be(somebody) {
  person = somebody;
  history.replaceState(null, "", `#${somebody}`);
  revision = null;
  note("");
  poll.again();
}

function go(somewhere) {
  place = somewhere;
  if (place === "home") act("open_home");
  drawLists();
  drawMessages();
}

function drawAll() {
  if (place !== "home" && !latest.conversations.some((room) => room.id === place)) {
    place = latest.conversations.length > 0 ? latest.conversations[0].id : "home";
  }
  at("now").textContent = latest.now;
  at("due").textContent = latest.due ? `· next due ${latest.due}` : "· nothing is due";
  drawLists();
  drawMessages();
  drawModal();
  drawTickets();
}

const poll = {
  turn: 0,
  again() {
    this.turn++;
    this.run(this.turn);
  },
  async run(mine) {
    while (mine === this.turn) {
      try {
        const seen = revision === null ? "" : `&seen=${revision}`;
        const answer = await fetch(`/api/state?person=${encodeURIComponent(person)}${seen}`);
        const state = await answer.json();
        if (mine !== this.turn) return;
        latest = state;
        revision = state.revision;
        drawAll();
      } catch {
        note("The playground does not answer. Is it still running?");
        await new Promise((done) => setTimeout(done, 1000));
      }
    }
  },
};

at("say").addEventListener("submit", async (event) => {
  event.preventDefault();
  const line = at("line").value.trim();
  const channel = place === "home" ? latest.conversations[0].id : place;
  if (line === "") return;
  const said = await busy(event.submitter || at("say").querySelector("button"),
    () => act("slash", { channel, line }));
  if (said.ok) at("line").value = "/jit ";
});

at("jump").addEventListener("click", (event) => busy(event.currentTarget, () => post("/jump", {})));
at("modal").addEventListener("cancel", (event) => {
  event.preventDefault();
  act("close");
});

poll.again();
