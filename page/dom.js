// Elements, made and kept up to date. Texts of others only ever become text, never markup.

const SVG = 'http://www.w3.org/2000/svg';

function fill(node, props, children) {
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? '' : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** An element with attributes, listeners (`onclick`) and children. */
export const h = (tag, props, ...children) => fill(document.createElement(tag), props, children);

/** The same of SVG. */
export const s = (tag, props, ...children) => fill(document.createElementNS(SVG, tag), props, children);

/** A sign from the symbols of the document. */
export const icon = (name, kind = name) =>
  s('svg', { class: `icon ${kind}`, viewBox: '0 0 16 16', 'aria-hidden': 'true' }, s('use', { href: `#i-${name}` }));

export const byId = (id) => document.getElementById(id);

/** Sets a text where it is another: what is the same is neither drawn nor read out again. */
export function text(node, value) {
  if (node.textContent !== value) node.textContent = value;
}

export function attribute(node, name, value) {
  if (value === null || value === undefined || value === false) {
    if (node.hasAttribute(name)) node.removeAttribute(name);
  } else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value);
}

/** Replaces the children of a node where `mark` is not that of the last time. */
export function renew(node, mark, make) {
  if (node.mark === mark) return;
  node.mark = mark;
  node.replaceChildren(...[make()].flat().filter(Boolean));
}

/**
 * Makes the children of `parent` those of `items`: `make` makes a node for each that is new, `update` is
 * called for each. What has the focus keeps it, for nothing is made anew that was there.
 */
export function keyed(parent, items, key, make, update) {
  const known = (parent.known ??= new Map());
  const seen = new Set();
  let place = parent.firstChild;
  for (const item of items) {
    const name = key(item);
    seen.add(name);
    let node = known.get(name);
    if (!node) known.set(name, (node = make(item)));
    update(node, item);
    if (node === place) place = place.nextSibling;
    else parent.insertBefore(node, place);
  }
  for (const [name, node] of known) {
    if (seen.has(name)) continue;
    known.delete(name);
    node.remove();
  }
}

let bubble;

/** Shows what `lines` gives while a node is pointed at or has the focus; Escape ends it. */
export function tip(node, lines) {
  const show = (event) => {
    const all = lines(event);
    if (all?.length) showTip(all, event.clientX ? event : node.getBoundingClientRect());
    else hideTip();
  };
  node.addEventListener('pointermove', show);
  node.addEventListener('pointerleave', hideTip);
  node.addEventListener('focus', show);
  node.addEventListener('blur', hideTip);
}

function showTip(lines, at) {
  bubble ??= document.body.appendChild(h('div', { class: 'tip', 'aria-hidden': 'true' }));
  renew(bubble, lines.join('\n'), () => lines.map((line, n) => h(n ? 'div' : 'strong', null, line)));
  bubble.hidden = false;
  const [x, y] = at.clientX === undefined ? [at.left + at.width / 2, at.bottom] : [at.clientX, at.clientY];
  const { width, height } = bubble.getBoundingClientRect();
  const below = y + 18 + height < innerHeight;
  bubble.style.left = `${Math.max(8, Math.min(x + 14, innerWidth - width - 8))}px`;
  bubble.style.top = `${below ? y + 18 : Math.max(8, y - height - 12)}px`;
}

export function hideTip() {
  if (bubble) bubble.hidden = true;
}

addEventListener('keydown', (event) => event.key === 'Escape' && hideTip());
addEventListener('scroll', hideTip, { passive: true });

/** Has it read out, once it has changed. */
export function say(words) {
  text(byId('said'), words);
}
