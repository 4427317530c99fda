// Slack's markup as nodes.

import { make } from "/dom.js";
import * as times from "/times.js";

// Circles are drawn by the style sheet, so that they look the same everywhere.
const CIRCLES = {
  large_yellow_circle: "yellow", large_blue_circle: "blue", large_green_circle: "green", red_circle: "red",
  large_red_circle: "red", large_orange_circle: "orange", large_purple_circle: "purple", white_circle: "white",
  black_circle: "black", large_white_circle: "white",
};
const EMOJI = {
  rotating_light: "🚨", warning: "⚠️", lock: "🔒", unlock: "🔓", key: "🔑", hourglass: "⌛",
  hourglass_flowing_sand: "⏳", white_check_mark: "✅", x: "❌", no_entry: "⛔", bell: "🔔", clock1: "🕐",
  eyes: "👀", fire: "🔥", memo: "📝", no_entry_sign: "🚫", heavy_check_mark: "✔️", information_source: "ℹ️",
  stopwatch: "⏱️", calendar: "📅", shield: "🛡️", broom: "🧹", arrows_counterclockwise: "🔄", question: "❓",
  speech_balloon: "💬", wave: "👋", mag: "🔍", bulb: "💡", ticket: "🎫", alarm_clock: "⏰",
};

export const unescape = (text) => text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");

function emoji(name) {
  if (CIRCLES[name]) return make("span", { class: `circle ${CIRCLES[name]}`, role: "img", "aria-label": name.replaceAll("_", " ") });
  if (EMOJI[name]) return make("span", { class: "emoji" }, EMOJI[name]);
  return null;
}

// What names stand for: people, groups and conversations of the state.
let names = { people: new Map(), groups: new Map(), rooms: new Map() };

export function know(state) {
  const by = (list, of) => new Map(list.map((one) => [one.id, of(one)]));
  names = {
    people: by(state.people, (one) => one.name),
    groups: by(state.groups, (one) => one.handle),
    rooms: by(state.conversations, (one) => one.name),
  };
  names.people.set("U0JITNEY", "Jitney").set("USLACKBOT", "Slackbot");
}

export const nameOf = (id) => names.people.get(id) || id;

function dated(head, fallback) {
  // date^SECONDS^FORMAT^LINK
  const [, stamp, shape] = head.split("^");
  const millis = Number(stamp) * 1000;
  if (stamp === undefined || shape === undefined || !Number.isFinite(millis)) return fallback || head;
  const shown = shape
    .replaceAll("{time_secs}", times.seconds(millis))
    .replaceAll("{time}", times.time(millis))
    .replaceAll(/\{date_(short|num|slash)[a-z_]*\}|\{day[a-z_]*\}/g, times.day(millis))
    .replaceAll(/\{date[a-z_]*\}/g, times.longDay(millis))
    .replaceAll("{ago}", fallback || times.moment(millis));
  return make("time", { datetime: new Date(millis).toISOString(), title: fallback }, shown);
}

const mention = (text) => make("span", { class: "mention" }, text);

// What stands between < and >.
function reference(body) {
  const bar = body.indexOf("|");
  const target = bar < 0 ? body : body.slice(0, bar);
  const label = bar < 0 ? null : unescape(body.slice(bar + 1));
  if (target.startsWith("!date^")) return dated(target.slice(1), label);
  if (target.startsWith("@")) return mention(`@${nameOf(target.slice(1))}`);
  if (target.startsWith("#")) return mention(`#${label || names.rooms.get(target.slice(1)) || target.slice(1)}`);
  if (target.startsWith("!subteam^")) {
    const id = target.slice("!subteam^".length);
    return mention(label || `@${names.groups.get(id) || id}`);
  }
  if (target.startsWith("!")) return mention(`@${target.slice(1)}`);
  if (/^(https?:\/\/|mailto:)/.test(target)) {
    return make("a", { href: unescape(target), rel: "noreferrer noopener", target: "_blank" }, label || unescape(target));
  }
  return unescape(`<${body}>`);
}

const STYLES = { "*": "strong", _: "em", "~": "s" };
const MARKS =
  /<([^<>]+)>|`([^`\n]+)`|:([a-z0-9_+-]+):|(?<![\p{L}\p{N}])([*_~])(?=\S)([^\n]*?\S)\4(?![\p{L}\p{N}])/gu;

function inline(text) {
  const nodes = [];
  let end = 0;
  for (const found of text.matchAll(MARKS)) {
    if (found.index > end) nodes.push(unescape(text.slice(end, found.index)));
    end = found.index + found[0].length;
    if (found[1]) nodes.push(reference(found[1]));
    else if (found[2]) nodes.push(make("code", {}, unescape(found[2])));
    else if (found[3]) nodes.push(emoji(found[3]) || found[0]);
    else nodes.push(make(STYLES[found[4]], {}, inline(found[5])));
  }
  if (end < text.length) nodes.push(unescape(text.slice(end)));
  return nodes;
}

export function mrkdwn(text) {
  const out = make("div", { class: "mrkdwn" });
  text.split("```").forEach((part, i) => {
    if (i % 2 === 1) {
      out.append(make("pre", {}, unescape(part.replace(/^\n/, ""))));
      return;
    }
    const lines = part.split("\n");
    lines.forEach((line, n) => {
      const quoted = line.startsWith("&gt;") ? line.slice(4) : line.startsWith(">") ? line.slice(1) : null;
      if (quoted !== null) out.append(make("blockquote", {}, inline(quoted.trimStart())));
      else out.append(...inline(line), n < lines.length - 1 ? "\n" : "");
    });
  });
  return out;
}

// Plain text: nothing in it is markup; names of emoji only where the object says so.
export function plain(object) {
  if (object.emoji === false) return [object.text];
  return object.text.split(/(:[a-z0-9_+-]+:)/).map((part, i) => (i % 2 ? emoji(part.slice(1, -1)) : null) || part);
}

export function words(object) {
  if (!object) return "";
  return object.type === "mrkdwn" ? mrkdwn(object.text) : make("div", { class: "plain" }, plain(object));
}
