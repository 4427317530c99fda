// The page of the playground: one state that the server tells, and what is drawn of it.

import { at, make } from "/dom.js";
import { know } from "/markup.js";
import { News, act, busy } from "/server.js";
import { drawClock, move, startClock } from "/clock.js";
import { drawMessages } from "/messages.js";
import { drawModal, isModalOpen } from "/modal.js";
import { drawAppTabs, startAppTabs } from "/apptabs.js";
import { drawShortcuts } from "/shortcuts.js";
import { drawSidebar, startSidebar } from "/sidebar.js";
import { drawTickets, showTicket } from "/tickets.js";
import { drawOldApp, prefill, wasTurnedAway } from "/oldapp.js";
import { drawLog, wasVerified } from "/log.js";
import { drawPolicies } from "/policies.js";
import { commandFor, drawTour } from "/tour.js";
import { isShown, show, startTabs } from "/tabs.js";
import { startTheme } from "/theme.js";

const COMMAND = "/jit ";
// Who this tab is, kept in its address: two tabs can be two people.
let person = location.hash.slice(1) || "U0ANN";
let place = null; // a conversation's id, or "home"
let state = null;
let wanted = null; // what is done when the person's state is there

const news = new News((fresh) => {
  state = fresh;
  draw();
});

function draw() {
  if (!state || state.person !== person) return;
  know(state);
  if (!state.people.some((one) => one.id === person) && state.people.length > 0) {
    be(state.people[0].id);
    return;
  }
  if (wanted) {
    const then = wanted;
    wanted = null;
    then();
  }
  if (place !== "home" && !state.conversations.some((room) => room.id === place)) {
    place = state.conversations.find((room) => !room.direct)?.id || "home";
  }
  drawClock(state);
  drawSidebar(state, place, { be, go });
  drawAppTabs(state, place);
  drawShortcuts(state);
  drawMessages(state, place);
  drawModal(state, besideTheModal);
  drawTickets(state);
  drawOldApp(state, draw);
  drawLog(state, draw);
  drawPolicies(state);
  drawTour(state, tour);
  drawCommands();
}

// Becomes somebody; `then` runs when their screen is there.
function be(somebody, then) {
  wanted = then || null;
  if (somebody === person && state && state.person === person) {
    draw();
    return;
  }
  person = somebody;
  history.replaceState(null, "", `#${somebody}`);
  news.follow(person);
}

function go(somewhere) {
  place = somewhere;
  show("chat");
  if (place === "home") act(person, "open_home");
  draw();
}

const direct = () => state.conversations.find((room) => room.direct)?.id;
const channelOf = () => state.conversations.find((room) => !room.direct)?.id;

const tour = {
  type: (who, line) => be(who, () => {
    place = channelOf() || place;
    show("chat");
    at("line").value = line;
    at("line").focus();
  }),
  channel: (who, request) => be(who, () => {
    // The newest conversation with a button of that request; the first channel when there is none.
    const holds = (room) => JSON.stringify(room.messages).includes(request);
    place = state.conversations.find((room) => !room.direct && holds(room))?.id || channelOf() || place;
    show("chat");
  }),
  direct: (who) => be(who, () => {
    place = direct() || place;
    show("chat");
  }),
  visit: (who) => be(who, () => show("app")),
  // Whether this person's channel, conversation with Jitney, or old wiki is on the screen.
  isAt: (who, what) => who === person && (what === "app" ? isShown("app") : isShown("chat") && place === (what === "direct" ? direct() : channelOf())),
  open: (pane) => {
    show(pane);
    draw();
  },
  pass: (time, button) => move(time, button),
  verified: wasVerified,
  turnedAway: wasTurnedAway,
};

// No part of Slack: carries a credential over to the old wiki, as a person would with copy and paste.
function besideTheModal(view) {
  const secret = view.body.blocks.find((one) => one.block_id === "credential")?.text?.text;
  const login = JSON.stringify(view.body.blocks).match(/jit-r\d+/)?.[0];
  if (!secret || !login) return null;
  const carry = async () => {
    prefill(person, login, secret);
    await act(person, "close");
    show("app");
    draw();
  };
  return make("p", { class: "beside" },
    make("span", { class: "meta" }, "Playground: "),
    make("button", { type: "button", id: "carry", onclick: (event) => busy(event.currentTarget, carry) }, "Put it into the wiki's login form"));
}

function drawCommands() {
  const lines = ["/jit", "/jit help", "/jit list", ...state.scenery.policies.roles.map(commandFor)];
  const list = at("commands");
  if (list.dataset.lines === lines.join("\n")) return;
  list.dataset.lines = lines.join("\n");
  list.replaceChildren(...lines.map((line) => make("option", { value: line })));
}

at("say").addEventListener("submit", async (event) => {
  event.preventDefault();
  const line = at("line").value.trim();
  const channel = place === "home" ? channelOf() : place;
  if (line === "" || !channel) return;
  const said = await busy(event.submitter || at("say").querySelector("button"), () => act(person, "slash", { channel, line }));
  if (said.ok) at("line").value = COMMAND;
});
// The tickets are on this page already.
document.addEventListener("click", (event) => {
  const key = event.target.closest("a[href]")?.getAttribute("href").match(/^http:\/\/127\.0\.0\.1:\d+\/browse\/([A-Z0-9-]+)$/)?.[1];
  if (!key) return;
  event.preventDefault();
  show("tickets");
  showTicket(key);
});
at("modal").addEventListener("cancel", (event) => {
  event.preventDefault();
  act(person, "close");
});
// A second Escape is not asked about: the browser closes the window by itself.
at("modal").addEventListener("close", () => {
  if (isModalOpen()) act(person, "close");
});

startTheme();
startClock();
startSidebar();
startAppTabs({ home: () => go("home"), messages: () => go(direct() || "home") });
startTabs(draw);
news.follow(person);
