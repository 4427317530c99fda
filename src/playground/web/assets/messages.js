// The conversation that is open: messages with their threads below them, or the home tab.

import { at, fill, make } from "/dom.js";
import { mrkdwn, nameOf } from "/markup.js";
import * as times from "/times.js";
import { block } from "/blocks.js";
import { onMessage } from "/shortcuts.js";

// Pixels from the end within which the reader counts as reading the newest.
const AT_THE_END = 120;

export function avatar(id, name) {
  const bot = id === "U0JITNEY";
  return make("span", { class: bot ? "avatar bot" : "avatar", "data-hue": String([...id].reduce((n, c) => n + c.charCodeAt(0), 0) % 6), "aria-hidden": "true" },
    bot ? "J" : name.slice(0, 1));
}

function message(person, room, one, isReply) {
  const where = { on: "message", channel: room, ts: one.ts, person };
  const millis = Number(one.ts) * 1000;
  const name = nameOf(one.user);
  const body = one.blocks.length > 0 ? one.blocks.map((piece) => block(where, piece)) : [mrkdwn(one.text)];
  const kind = ["message", isReply ? "reply" : "", one.only_you ? "only-you" : ""].filter(Boolean).join(" ");
  return make("article", { class: kind, "data-ts": one.ts, "aria-label": `${name}, ${times.moment(millis)}` },
    avatar(one.user, name),
    make("div", { class: "said" },
      make("p", { class: "by" },
        make("strong", {}, name),
        one.user === "U0JITNEY" ? make("span", { class: "app" }, "APP") : null,
        make("time", { datetime: new Date(millis).toISOString(), title: times.moment(millis) }, times.time(millis)),
        one.edited ? make("span", { class: "meta" }, "(edited)") : null,
        one.only_you ? null : onMessage(where)),
      one.only_you ? make("p", { class: "meta eye" }, "Only you can see this") : null,
      body));
}

// Each message with its answers below it, in order.
function inThreads(messages) {
  const roots = new Set(messages.filter((one) => !one.thread || one.thread === one.ts).map((one) => one.ts));
  const isReply = (one) => one.thread && one.thread !== one.ts && roots.has(one.thread);
  const answers = (ts) => messages.filter((one) => isReply(one) && one.thread === ts);
  return messages.filter((one) => !isReply(one)).flatMap((one) => {
    const below = answers(one.ts);
    return [{ one, isReply: false }, ...below.map((answer) => ({ one: answer, isReply: true }))];
  });
}

let shownPlace = "";

export function drawMessages(state, place) {
  const box = at("messages");
  const room = state.conversations.find((one) => one.id === place);
  const title = place === "home" ? "Jitney" : room ? (room.direct ? "Jitney" : `# ${room.name}`) : "";
  if (at("title").textContent !== title) at("title").textContent = title;
  const items = place === "home" ? homeItems(state) : room ? roomItems(state, room) : [];
  const moved = shownPlace !== `${state.person} ${place}`;
  const atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < AT_THE_END;
  shownPlace = `${state.person} ${place}`;
  const changed = fill(box, items);
  if (moved || (changed && atEnd)) box.scrollTop = place === "home" ? 0 : box.scrollHeight;
}

function homeItems(state) {
  if (!state.home) {
    return [{ key: "none", looks: 0, draw: () => make("p", { class: "empty" }, "Jitney has put nothing on its home tab yet.") }];
  }
  const where = { on: "home", person: state.person };
  const draw = () => make("div", { class: "home" }, state.home.body.blocks.map((one) => block(where, one)));
  return [{ key: "home", looks: [state.person, state.home.hash], draw }];
}

function roomItems(state, room) {
  if (room.messages.length === 0) {
    return [{ key: "none", looks: [room.direct, room.name], draw: () => welcome(room) }];
  }
  const items = [];
  let today = "";
  for (const { one, isReply } of inThreads(room.messages)) {
    const day = times.day(Number(one.ts) * 1000);
    if (!isReply && day !== today) {
      today = day;
      items.push({ key: `day ${room.id} ${day}`, looks: day, draw: () => make("p", { class: "day" }, make("span", {}, day)) });
    }
    const draw = () => message(state.person, room.id, one, isReply);
    items.push({ key: `${room.id} ${one.ts}`, looks: [state.person, isReply, one], draw });
  }
  return items;
}

// What a newcomer reads first.
function welcome(room) {
  const about = {
    "access-approvals": "Jitney asks for approvals here. Each request gets a card, and those who may decide are asked below it.",
    security: "The loud things are told here: access that was taken without approval, and access that could not be taken back.",
  }[room.name] || "Jitney writes here to this person alone.";
  return make("div", { class: "empty" },
    make("h3", {}, room.direct ? "Jitney" : `This is # ${room.name}`),
    make("p", {}, about),
    make("h3", {}, "How this page works"),
    make("ul", {},
      make("li", {}, "On the left you choose who you are. Everybody sees only their own messages and windows."),
      make("li", {}, "Below you type commands, as in Slack: ", make("code", {}, "/jit help"), " lists them."),
      make("li", {}, "Slack and the ticket system are played by this page. The bot is real, the very one that ", make("code", {}, "jitney serve"), " runs; so are the old wiki, the policies and the audit log."),
      make("li", {}, "The clock runs, and you can move it forward: hours pass in a moment.")));
}
