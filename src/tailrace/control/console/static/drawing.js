// Drawings of layouts: what stands where, with names; and the editor of the custom layout.

import { h } from "./dom.js";

// Edges jump to even pixels, which is what the mixer rounds to, and to what is near on the canvas.
const NEAR = 12;
const LEAST = 32;
const STEP = 2;
const BIG_STEP = 20;

/** A drawing of windows {x, y, width, height, layer, user, live} on a canvas. */
export function drawing(width, height, windows, label) {
  const people = windows.map((one) => one.user || "nobody").join(", ");
  return h(
    "svg",
    { class: "layout", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${label}: ${people || "no windows"}` },
    h("rect", { class: "canvas", width, height }),
    ordered(windows).map(([one, number]) => windowShape(one, number, width)),
  );
}

function ordered(windows) {
  return windows.map((one, number) => [one, number]).sort(([a, m], [b, n]) => a.layer - b.layer || m - n);
}

function windowShape(one, number, width, props = {}) {
  const size = Math.max(width / 46, Math.min(width / 26, one.height / 4));
  const room = Math.max(3, Math.floor(one.width / (size * 0.58)));
  const name = one.user || (one.user === "" ? "empty" : `window ${number + 1}`);
  return h(
    "g",
    { key: `window-${number}`, class: ["window", !one.user && "vacant", one.live === false && "dull"].filter(Boolean).join(" "), ...props },
    h("rect", { x: one.x, y: one.y, width: one.width, height: one.height, rx: width / 250 }),
    h(
      "text",
      { x: one.x + one.width / 2, y: one.y + one.height / 2, style: { "font-size": `${size}px` } },
      name.length > room ? `${name.slice(0, room - 1)}…` : name,
    ),
    h("title", {}, `${name}: ${one.width}×${one.height} at ${one.x}, ${one.y}`),
  );
}

/** Editor of windows: drag them, drag their corner, or use the arrow keys (Shift: larger steps, Alt: size). */
export class LayoutEditor {
  constructor({ width, height, windows, changed }) {
    this.width = width;
    this.height = height;
    this.windows = windows;
    this.chosen = 0;
    this._changed = changed;
  }

  render() {
    const { width, height } = this;
    const corner = width / 40;
    return h(
      "svg",
      {
        key: "editor",
        class: "layout editor",
        viewBox: `0 0 ${width} ${height}`,
        role: "group",
        "aria-label": "Layout: drag windows, or choose one with Tab and move it with the arrow keys, with Alt to change its size",
        onpointermove: (event) => this._drag(event),
        onpointerup: () => (this._held = null),
        onpointercancel: () => (this._held = null),
        mount: (node) => void (this._node = node),
      },
      h("rect", { class: "canvas", width, height }),
      ordered(this.windows).map(([one, number]) => {
        const shape = windowShape(one, number, width, {
          tabindex: 0,
          role: "button",
          "aria-label": `Window ${number + 1}, ${one.user || "whoever comes"}: ${one.width} by ${one.height} at ${one.x}, ${one.y}`,
          "aria-pressed": number === this.chosen ? "true" : "false",
          onfocus: () => this._choose(number),
          onkeydown: (event) => this._key(event, number),
          onpointerdown: (event) => this._hold(event, number, false),
        });
        shape.children.push(
          h("rect", { class: "corner", x: one.x + one.width - corner, y: one.y + one.height - corner, width: corner, height: corner, onpointerdown: (event) => this._hold(event, number, true) }),
        );
        return shape;
      }),
    );
  }

  _choose(number) {
    if (this.chosen === number) return;
    this.chosen = number;
    this._changed();
  }

  _hold(event, number, resize) {
    event.stopPropagation();
    this._choose(number);
    const { x, y } = this._place(event);
    this._held = { number, resize, x, y, start: { ...this.windows[number] } };
    // The pointer may leave the drawing while it drags.
    this._node.setPointerCapture(event.pointerId);
  }

  _drag(event) {
    if (!this._held) return;
    const { number, resize, start } = this._held;
    const now = this._place(event);
    const [dx, dy] = [now.x - this._held.x, now.y - this._held.y];
    const one = this.windows[number];
    if (resize) {
      one.width = this._edge(start.x + start.width + dx, "x", number) - start.x;
      one.height = this._edge(start.y + start.height + dy, "y", number) - start.y;
    } else {
      one.x = this._moved(start.x + dx, start.width, "x", number);
      one.y = this._moved(start.y + dy, start.height, "y", number);
    }
    this._bound(one);
    this._changed();
  }

  _key(event, number) {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!way) return;
    event.preventDefault();
    const step = event.shiftKey ? BIG_STEP : STEP;
    const one = this.windows[number];
    const [across, down] = event.altKey ? ["width", "height"] : ["x", "y"];
    one[across] += way[0] * step;
    one[down] += way[1] * step;
    this._bound(one);
    this._changed();
  }

  /** Either edge of a moved window may be the one that is near something. */
  _moved(start, length, axis, number) {
    const first = this._edge(start, axis, number);
    if (first !== even(start)) return first;
    return this._edge(start + length, axis, number) - length;
  }

  _edge(value, axis, number) {
    const side = axis === "x" ? "width" : "height";
    const marks = [0, this[side] / 2, this[side]];
    this.windows.forEach((one, other) => other !== number && marks.push(one[axis], one[axis] + one[side]));
    const near = marks.find((mark) => Math.abs(mark - value) <= NEAR);
    return even(near ?? value);
  }

  _bound(one) {
    one.width = even(clamp(one.width, LEAST, this.width));
    one.height = even(clamp(one.height, LEAST, this.height));
    one.x = even(clamp(one.x, 0, this.width - one.width));
    one.y = even(clamp(one.y, 0, this.height - one.height));
  }

  _place(event) {
    const box = this._node.getBoundingClientRect();
    return { x: ((event.clientX - box.left) / box.width) * this.width, y: ((event.clientY - box.top) / box.height) * this.height };
  }
}

function even(number) {
  return Math.round(number / 2) * 2;
}

function clamp(number, least, most) {
  return Math.min(Math.max(number, least), most);
}
