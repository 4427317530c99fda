// The tickets, the newest first, each with its comments as a story.

import { at, fill, make } from "/dom.js";

export function drawTickets(state) {
  const tickets = state.scenery.tickets;
  const items = [{ key: "about", looks: tickets.length === 0, draw: () => make("p", { class: "lead" }, tickets.length === 0
    ? "No ticket yet. Jitney opens one for each request, and writes every step on it."
    : "Jitney writes each step on the request's ticket, once and in order.") }];
  tickets.toReversed().forEach((ticket, i) => {
    items.push({ key: ticket.key, looks: [i === 0, ticket], draw: () => one(ticket, i === 0) });
  });
  fill(at("pane-tickets"), items);
}

const opened = new Map(); // key -> whether the reader opened or closed it

export function showTicket(key) {
  for (const ticket of at("pane-tickets").querySelectorAll("details")) {
    if (ticket.dataset.key !== key) continue;
    ticket.open = true;
    ticket.querySelector("summary").focus();
    ticket.scrollIntoView({ block: "nearest" });
  }
}

const STATUS = { Done: "good", Declined: "bad", "In Progress": "going" };

function one(ticket, open) {
  const remember = (event) => opened.set(ticket.key, !event.currentTarget.parentNode.open);
  return make("details", { class: "ticket", open: opened.get(ticket.key) ?? open, "data-key": ticket.key},
    make("summary", { onclick: remember },
      make("span", { class: "key" }, ticket.key),
      make("span", { class: `status ${STATUS[ticket.status] || ""}` }, ticket.status),
      make("strong", {}, ticket.title)),
    make("p", { class: "meta" }, `Reported by ${ticket.reporter}`),
    ticket.about ? about(ticket.about.trim().split("\n")) : null,
    make("h3", {}, ticket.comments.length === 1 ? "1 comment" : `${ticket.comments.length} comments`),
    make("ol", { class: "comments" }, ticket.comments.map((comment) =>
      make("li", {}, make("p", { class: "meta" }, comment.by), make("div", {}, comment.text.trim())))));
}

// The description: rows of a table are `name | value` in its plain text.
function about(lines) {
  const rows = lines.filter((line) => line.includes(" | ")).map((line) => line.split(" | "));
  const rest = lines.filter((line) => !line.includes(" | "));
  return make("div", { class: "about-ticket" },
    make("dl", {}, rows.flatMap(([name, ...value]) => [make("dt", {}, name), make("dd", {}, value.join(" | "))])),
    rest.map((line) => make("p", { class: "meta" }, line)));
}
