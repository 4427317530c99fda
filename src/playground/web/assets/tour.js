// The guided tour: what to do next, read off what really happened. It follows the first request that was not refused.

import { at, fill, make } from "/dom.js";
import { nameOf } from "/markup.js";

const REFUSED = ["denied", "withdrawn", "lapsed"];
const OVER = ["revoked", "applied"];
let closed = false;
const loggedIn = new Set();

// What to try first: the role and person of the examples, or the first that the policies allow.
function suggestion(scenery) {
  const roles = scenery.policies.roles.toSorted((a, b) => Number(b.role === "wiki/read") - Number(a.role === "wiki/read"));
  for (const wanted of ["asks", "at_once"]) {
    for (const role of roles) {
      const who = Object.keys(role.who).find((id) => role.who[id].may === wanted);
      if (who) return { who, role };
    }
  }
  return null;
}

export function commandFor(role) {
  return `/jit request ${role.role} for ${role.usual} because the release notes page is wrong`;
}

// The steps, each { title, done, says, act: [label, what] } of which the first that is not done is next.
function steps(state, does) {
  const { requests, app } = state.scenery;
  for (const login of Object.keys(app.sessions)) loggedIn.add(login);
  const first = requests.find((one) => !one.extends && !REFUSED.includes(one.state));
  const tried = suggestion(state.scenery);
  const ask = {
    title: "Ask", done: Boolean(first),
    says: tried ? `You are somebody in a small company. ${nameOf(tried.who)} needs ${tried.role.title} for a while: ask for it in chat.`
      : "No role of these policies is open to any of these people. The Policies tab says why.",
    act: tried ? [`Type it as ${nameOf(tried.who)}`, () => does.type(tried.who, commandFor(tried.role))]
      : ["Show the policies", () => does.open("policies")],
  };
  if (state.modal && !first) {
    ask.says = "Read the form, and send it. Jitney checks the policy before anybody is asked.";
    ask.act = null;
  }
  if (!first) return [ask, ...["Approve", "Reveal", "Log in", "Extend", "Let it end", "Look"].map((title) => ({ title, done: false }))];
  const by = nameOf(first.by);
  // No button leads to where one is.
  const readMessage = does.isAt(first.by, "direct") ? null : [`Be ${by}, and read the message`, () => does.direct(first.by)];
  const openWiki = does.isAt(first.by, "app") ? null : ["Open the wiki", () => does.visit(first.by)];
  // Nobody approves what is taken at once.
  const out = first.at_once ? [ask] : [ask, approve(state, first, "Approve", "asks", does)];
  if (first.login) {
    out.push({
      title: "Reveal", done: first.revealed || Boolean(first.gone),
      says: state.person === first.by && showsCredential(state) ? "The window shows the password this once. Take it to the wiki."
        : first.state === "granting" ? "Jitney is at work."
        : `The access is there, and Jitney wrote to ${by}. Press Reveal: the password is shown once, in ${by}'s window alone.`,
      act: readMessage,
    });
    out.push({
      title: "Log in", done: loggedIn.has(first.login) || Boolean(first.gone),
      says: "Log in to the old wiki with what was shown. Below it you see the line that Jitney added to its password file.",
      act: openWiki,
    });
  }
  const extension = requests.find((one) => one.extends === first.id && !REFUSED.includes(one.state));
  if (!extension) {
    out.push(first.warned
      ? { title: "Extend", done: Boolean(first.gone), says: `${by} was told that the time runs out. Press Extend there, and ask for more.`, act: readMessage }
      : { title: "Extend", done: Boolean(first.gone), says: `Nobody wants to wait for that hour: move the clock to where ${by} is warned.`, act: ["Move the clock", (button) => does.pass("to_next_due", button)] });
  } else {
    out.push(approve(state, extension, "Extend", "asks for more time", does));
  }
  out.push({
    title: "Let it end", done: Boolean(first.gone) && OVER.includes(first.state),
    says: "Let the time run out. Jitney takes the access, looks that it is gone, and ends what is still open.",
    act: ["Move the clock", (button) => does.pass("to_next_due", button)],
  });
  const knocks = first.login && !does.turnedAway(first.by);
  out.push({
    title: "Look", done: does.verified(),
    says: knocks ? `Be ${by} and load the wiki again: neither the password nor the open session is of use now.`
      : "Read the ticket: every step is on it. Then verify the audit log.",
    act: knocks ? openWiki : ["Open the audit log", () => does.open("log")],
  });
  return out;
}

function showsCredential({ modal }) {
  return Boolean(modal && modal.body.blocks.some((block) => block.block_id === "credential"));
}

function approve(state, request, title, asks, does) {
  const asked = request.asked[0];
  const waits = request.state === "pending" && asked;
  return {
    title, done: !["pending", "scheduled", "granting"].includes(request.state),
    says: !waits ? "Jitney is at work."
      : `${nameOf(request.by)} ${asks}. ${request.asked.map(nameOf).join(" or ")} may decide. Press Approve below the card in the channel.`,
    act: waits && !does.isAt(asked, "channel") ? [`Be ${nameOf(asked)}, and look`, () => does.channel(asked, request.id)] : null,
  };
}

export function drawTour(state, does) {
  const all = steps(state, does);
  const next = all.findIndex((step) => !step.done);
  const step = all[next];
  const looks = [closed, all.map((one) => [one.title, one.done, one.says, one.act && one.act[0]])];
  const title = step ? `${next + 1}. ${step.title}` : "That is all of it";
  const says = step ? step.says : "Now try what you like: be Carol the contractor and ask, deny something, give access back early. The Policies tab says who may have what.";
  fill(at("tour"), [{ key: "tour", looks, draw: () => make("div", { class: closed ? "tour closed" : "tour" },
    make("ol", { class: "steps", "aria-label": "The story" }, all.map((one, i) => make("li", {
      class: one.done ? "done" : i === next ? "now" : "", "aria-current": i === next ? "step" : null,
    }, one.title, one.done ? make("span", { class: "unseen" }, " (done)") : null))),
    make("div", { class: "next" },
      make("h2", { id: "tour-title" }, title),
      make("p", { role: "status" }, says)),
    step && step.act ? make("button", { type: "button", class: "primary", id: "tour-act", "data-focus": "tour-act", onclick: (event) => step.act[1](event.currentTarget) }, step.act[0]) : null,
    make("button", { type: "button", class: "quiet", "data-focus": "tour-toggle", "aria-expanded": String(!closed), onclick: () => {
      closed = !closed;
      drawTour(state, does);
    } }, closed ? "Show the tour" : "Hide")) }]);
}
