// Icons, drawn here so that nothing is fetched. Each stands beside words, or its button has a label.

import { h } from "./dom.js";

// 16 by 16, in strokes.
const PATHS = {
  room: "M2.5 13.5v-9l5.5-2.5 5.5 2.5v9M6 13.5v-4h4v4",
  task: "M2 5.5h6l2 5h4M2 10.5h3M11.5 8l2.5 2.5-2.5 2.5",
  callback: "M13.5 6.5a5.5 5.5 0 1 0 0 4M13.5 2.5v4h-4",
  publish: "M8 10.5v-8M5 5l3-3 3 3M2.5 10v3.5h11v-3.5",
  play: "M4.5 2.5v11l9-5.5z",
  plus: "M8 3v10M3 8h10",
  stop: "M3.5 3.5h9v9h-9z",
  layout: "M2 3h12v10h-12zM8.5 8h3.5v3h-3.5z",
  copy: "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
  sound: "M2.5 6v4h2.5l3.5 3v-10l-3.5 3zM11 6a3 3 0 0 1 0 4M12.8 4a6 6 0 0 1 0 8",
  silent: "M2.5 6v4h2.5l3.5 3v-10l-3.5 3zM11 6.5l3 3M14 6.5l-3 3",
  picture: "M1.5 4h9v8h-9zM10.5 7l4-2v6l-4-2",
  screen: "M1.5 3h13v8h-13zM5.5 14h5M8 11v3",
  robot: "M3 6h10v7h-10zM8 6v-3M6 9v1M10 9v1",
  sun: "M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6M8 1v1.5M8 13.5v1.5M1 8h1.5M13.5 8h1.5M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1",
  moon: "M13.5 9.5a6 6 0 1 1-7-7 5 5 0 0 0 7 7z",
  leave: "M6 2.5h-3.5v11h3.5M6.5 8h7.5M11 5l3 3-3 3",
  remove: "M3 4.5h10M6 4.5v-2h4v2M4.5 4.5l.5 9h6l.5-9",
  back: "M9.5 3l-5 5 5 5",
  good: "M3 8.5l3.5 3.5 6.5-8",
  cross: "M4 4l8 8M12 4l-8 8",
  warn: "M8 2l6.5 11.5h-13zM8 6.5v3.5M8 12v.2",
  again: "M13 8a5 5 0 1 1-1.5-3.5M13 2v3h-3",
  ring: "M8 3.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9",
  clock: "M8 2a6 6 0 1 0 0 12 6 6 0 0 0 0-12M8 4.5v3.5l2.5 1.5",
  dot: "M8 6a2 2 0 1 0 0 4 2 2 0 0 0 0-4M8 3a5 5 0 1 0 0 10 5 5 0 0 0 0-10",
};

export function icon(name) {
  return h("svg", { class: "icon", viewBox: "0 0 16 16", "aria-hidden": "true" }, h("path", { d: PATHS[name] }));
}

/** The mark of the product. */
export function mark() {
  return h(
    "svg",
    { class: "mark", viewBox: "0 0 32 32", "aria-hidden": "true" },
    h("rect", { width: 32, height: 32, rx: 7 }),
    h("path", { d: "M6 11c5 0 5 5 10 5s5-5 10-5" }),
    h("path", { d: "M6 18.5c5 0 5 5 10 5s5-5 10-5", opacity: ".65" }),
  );
}
