// The old app in the person's browser, and the password file behind it.

import { at, fill, make } from "/dom.js";
import { nameOf } from "/markup.js";
import { busy, door } from "/server.js";

const visits = new Map(); // person -> what the app answered last
const typed = new Map(); // person -> what they are about to log in with
let again = () => {};

// Whether the app turned this person away at the last visit.
export const wasTurnedAway = (person) => visits.get(person)?.status === 401;

export function prefill(person, login, password) {
  typed.set(person, { login, password });
}

export function drawOldApp(state, redraw) {
  again = redraw;
  const { url, file, sessions } = state.scenery.app;
  const person = state.person;
  const visit = visits.get(person) || null;
  const items = [
    { key: "about", looks: 0, draw: () => make("p", { class: "lead" }, "The wiki of 2009: one password file, no single sign-on. Jitney adds a login of its own for each grant, and takes it out again.") },
    { key: "browser", looks: [person, nameOf(person), url, visit, typed.get(person) || null], draw: () => browser(person, url, visit) },
    { key: "file", looks: file, draw: () => passwordFile(file) },
    { key: "sessions", looks: sessions, draw: () => openSessions(sessions) },
  ];
  fill(at("pane-app"), items);
}

function browser(person, url, visit) {
  const name = nameOf(person);
  const inside = visit && visit.status === 200;
  const go = (button, does, fields) => busy(button, async () => {
    const said = await door(person, does, fields);
    if (said.ok) visits.set(person, said.done);
    typed.delete(person);
    again();
  });
  const before = typed.get(person) || { login: "", password: "" };
  const login = make("input", { id: "wiki-login", autocomplete: "off", spellcheck: "false", "data-focus": "wiki-login", value: before.login });
  const password = make("input", { id: "wiki-password", type: "password", autocomplete: "off", "data-focus": "wiki-password", value: before.password });
  const form = make("form", { class: "door" },
    make("label", { for: "wiki-login" }, "Login"), login,
    make("label", { for: "wiki-password" }, "Password"), password,
    make("button", { type: "submit", class: "primary", "data-focus": "wiki-go" }, "Log in"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    go(event.submitter, "log_in", { login: login.value, password: password.value });
  });
  return make("section", { class: "browser", "aria-label": `${name}'s browser` },
    make("div", { class: "bar" },
      make("span", { class: "address" }, url),
      make("button", { type: "button", "data-focus": "wiki-reload", onclick: (e) => go(e.currentTarget, "reload", {}) }, "Load again")),
    make("div", { class: "page", role: "status" }, answer(visit, name)),
    inside
      ? make("button", { type: "button", class: "quiet", onclick: (e) => go(e.currentTarget, "forget", {}) }, "Close the browser (forget the session)")
      : form);
}

function answer(visit, name) {
  if (!visit || visit.status === null) return make("p", {}, `${name} is not logged in.`);
  const good = visit.status === 200;
  return [
    make("p", { class: good ? "code good" : "code bad" }, good ? "200 OK" : `${visit.status} Unauthorized`),
    make("p", {}, good ? visit.says : "The wiki knows no such login and password, and no session."),
  ];
}

function passwordFile(lines) {
  const ours = (line) => /^jit-r\d+/.test(line);
  return make("section", {},
    make("h3", {}, "The password file now"),
    make("pre", { class: "file", tabindex: "0", "aria-label": "Password file" }, lines.map((line) =>
      (ours(line) ? make("mark", {}, `${line}\n`) : `${line}\n`))),
    make("p", { class: "meta" }, lines.some(ours) ? "The marked line is Jitney's." : "No line is Jitney's."));
}

function openSessions(sessions) {
  const names = Object.keys(sessions);
  return make("section", {},
    make("h3", {}, "Open sessions"),
    names.length === 0 ? make("p", { class: "meta" }, "None.")
      : make("ul", {}, names.map((name) => make("li", {}, `${name}: ${sessions[name]}`))),
    make("p", { class: "meta" }, "A session outlives its password. At the end, Jitney ends it too."));
}
