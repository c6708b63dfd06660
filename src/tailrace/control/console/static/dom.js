// The page as a function of what is known: `h` describes elements, `patch` changes the document as little as needed, so
// that focus, selection, scroll position and running videos stay while figures change four times a second.

const SVG = "http://www.w3.org/2000/svg";
const KEY = Symbol("key");
const PROPS = Symbol("props");
const CLEANUP = Symbol("cleanup");

// Set as properties: the attributes of these say only what they were in the beginning.
const LIVE = new Set(["value", "checked", "selected", "indeterminate", "muted"]);

/**
 * Describe an element. Among `props`: `key` names it among its siblings; `on...` are listeners; `style` is an object;
 * `mount(node)` runs once it exists, and what it returns once it is gone. Children that are null or false are left out.
 */
export function h(tag, props, ...children) {
  return { tag, props: props || {}, key: props?.key, children: flat(children) };
}

/** Make the children of `parent` be these. */
export function patch(parent, ...children) {
  arrange(parent, flat(children), parent.namespaceURI === SVG);
}

function flat(children) {
  return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
}

function arrange(parent, wanted, inSvg) {
  const names = new Set(wanted.map((child) => child.key).filter((key) => key !== undefined));
  const known = new Map();
  for (const node of [...parent.childNodes]) {
    if (node[KEY] === undefined) continue;
    // Those that leave go first: moving the others around them would take their focus.
    if (names.has(node[KEY])) known.set(node[KEY], node);
    else drop(node);
  }
  let current = parent.firstChild;
  for (const child of wanted) {
    let node = child.key !== undefined ? known.get(child.key) : same(current, child) ? current : null;
    if (node && !same(node, child)) node = null;
    if (!node) {
      node = create(child, inSvg);
      parent.insertBefore(node, current);
      fill(node, child, inSvg);
      const cleanup = child.props?.mount?.(node);
      if (cleanup) node[CLEANUP] = cleanup;
      continue;
    }
    if (node === current) current = current.nextSibling;
    else parent.insertBefore(node, current);
    fill(node, child, inSvg);
  }
  while (current) {
    const next = current.nextSibling;
    drop(current);
    current = next;
  }
}

function same(node, child) {
  if (!node) return false;
  if (child.tag === undefined) return node.nodeType === Node.TEXT_NODE;
  if (node.nodeType !== Node.ELEMENT_NODE || node.localName !== child.tag || node[KEY] !== child.key) return false;
  // `mount` runs once: an element without it cannot become one with it.
  return Boolean(node[PROPS]?.mount) === Boolean(child.props.mount);
}

function create(child, inSvg) {
  if (child.tag === undefined) return document.createTextNode("");
  const node =
    inSvg || child.tag === "svg" ? document.createElementNS(SVG, child.tag) : document.createElement(child.tag);
  node[KEY] = child.key;
  return node;
}

function fill(node, child, inSvg) {
  if (child.tag === undefined) {
    const text = String(child);
    if (node.data !== text) node.data = text;
    return;
  }
  const before = node[PROPS] || {};
  for (const name of Object.keys(before)) if (!(name in child.props)) set(node, name, null, before[name]);
  for (const [name, value] of Object.entries(child.props)) if (!LIVE.has(name)) set(node, name, value, before[name]);
  // What a node holds by itself is none of ours (`mount` fills it).
  if (!child.props.own) arrange(node, child.children, inSvg || child.tag === "svg");
  // After the children: a select can only have the value of an option that is there.
  for (const name of LIVE) {
    if (name in child.props && node[name] !== child.props[name]) node[name] = child.props[name];
  }
  node[PROPS] = child.props;
}

function set(node, name, value, before) {
  if (name === "key" || name === "mount" || name === "own") return;
  if (name.startsWith("on")) {
    if (node[name] !== value) node[name] = value;
  } else if (name === "style") {
    // By the object model, which the content security policy allows; style attributes it does not.
    for (const property of Object.keys(before || {})) if (!(property in (value || {}))) node.style[property] = "";
    for (const [property, text] of Object.entries(value || {})) {
      if (before?.[property] !== text) node.style.setProperty(property, text);
    }
  } else if (value === before) {
    return;
  } else if (value === null || value === undefined || value === false) {
    node.removeAttribute(name);
  } else {
    node.setAttribute(name, value === true ? "" : value);
  }
}

function drop(node) {
  forget(node);
  node.remove();
}

function forget(node) {
  node[CLEANUP]?.();
  for (const child of node.childNodes) forget(child);
}
