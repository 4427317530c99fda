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

const STATUS = { Done: "good", Declined: "bad", "In Progress": "going" };

function one(ticket, open) {
  return make("details", { class: "ticket", open },
    make("summary", {},
      make("span", { class: "key" }, ticket.key),
      make("span", { class: `status ${STATUS[ticket.status] || ""}` }, ticket.status),
      make("strong", {}, ticket.title)),
    make("p", { class: "meta" }, `Reported by ${ticket.reporter}`),
    ticket.about ? make("div", { class: "about-ticket" }, ticket.about.trim()) : null,
    make("h3", {}, ticket.comments.length === 1 ? "1 comment" : `${ticket.comments.length} comments`),
    make("ol", { class: "comments" }, ticket.comments.map((comment) =>
      make("li", {}, make("p", { class: "meta" }, comment.by), make("div", {}, comment.text.trim())))));
}
