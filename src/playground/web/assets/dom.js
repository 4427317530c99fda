// Nodes. Data becomes text nodes and attributes here and nowhere else; nothing is ever parsed as HTML.

export const at = (id) => document.getElementById(id);

// make("button", { class: "primary", onclick: f }, "Send"): what is null or undefined is left out.
export function make(tag, attributes, ...inside) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...inside.flat().filter((piece) => piece !== null && piece !== undefined && piece !== false));
  return node;
}

const drawn = new WeakMap(); // box -> Map of key -> { looks, node }

// Fills a box with items of { key, looks, draw }. A node stays as long as it would look the same, so that focus,
// scrolling and half-made choices survive. Answers whether anything changed.
export function fill(box, items) {
  const before = drawn.get(box) || new Map();
  const after = new Map();
  const nodes = items.map(({ key, looks, draw }) => {
    const text = JSON.stringify(looks);
    const old = before.get(key);
    const node = old && old.looks === text ? old.node : draw();
    after.set(key, { looks: text, node });
    return node;
  });
  drawn.set(box, after);
  const same = nodes.length === box.childNodes.length && nodes.every((node, i) => node === box.childNodes[i]);
  if (same) return false;
  const held = box.contains(document.activeElement) ? document.activeElement.dataset.focus : undefined;
  // Only what changed is taken out: a node that is moved loses its focus.
  for (const child of [...box.childNodes]) if (!nodes.includes(child)) child.remove();
  nodes.forEach((node, i) => {
    if (box.childNodes[i] !== node) box.insertBefore(node, box.childNodes[i] || null);
  });
  if (held) {
    const again = [...box.querySelectorAll("[data-focus]")].find((node) => node.dataset.focus === held);
    if (again) again.focus();
  }
  return true;
}

// Up and down (or left and right) move among the buttons of a list, Home and End to its ends.
export function arrows(box, selector, { also } = {}) {
  box.addEventListener("keydown", (event) => {
    const steps = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 };
    const all = [...box.querySelectorAll(selector)].filter((one) => one.offsetParent !== null);
    const here = all.indexOf(document.activeElement);
    if (here < 0) return;
    let next = null;
    if (event.key in steps) next = all[(here + steps[event.key] + all.length) % all.length];
    if (event.key === "Home") next = all[0];
    if (event.key === "End") next = all[all.length - 1];
    if (!next) return;
    event.preventDefault();
    next.focus();
    if (also) also(next);
  });
}
