// The choice of a layout: a template and what belongs to it, or windows that are placed by hand.

import { h } from "./dom.js";
import { LayoutEditor, drawing } from "./drawing.js";
import { choice, field } from "./fields.js";
import { button } from "./parts.js";
import { CUSTOM, FLOATING, GRID, NAMES, SCREEN_SHARING, arranged } from "./templates.js";

export const MOST_WINDOWS = 16;
const RENDER = [
  ["", "As the template has it"],
  ["0", "Crop to fill"],
  ["1", "Fit inside"],
  ["2", "Fit inside, on black"],
];
// What a drawing shows when nobody is in the room yet.
const SOMEBODY = ["first", "second", "third", "fourth"];

export class LayoutForm {
  /** `path` is where McuLayoutParams stand in the request. `windows` is what the custom layout begins with. */
  constructor({ path, width, height, mode = FLOATING, windows = null, refresh }) {
    this.path = path;
    this.mode = mode;
    this.big = "";
    this.render_ = "";
    this.users = [];
    this._refresh = refresh;
    this._size(width, height);
    if (windows) this._edit(windows);
  }

  /** Return McuLayoutParams. */
  params() {
    if (this.mode === CUSTOM) return { MixLayoutMode: CUSTOM, MixLayoutList: this._windows().map(asEntry) };
    const params = { MixLayoutMode: this.mode };
    if (this.big && this.mode !== GRID) params.MaxVideoUser = { UserMediaStream: stream(this.big) };
    if (this.render_) params.RenderMode = Number(this.render_);
    return params;
  }

  /** `users` are those who can be in the picture, the longest present first. */
  render({ width, height, users, errors }) {
    this.users = users;
    if (width !== this.width || height !== this.height) this._size(width, height);
    const inside = (name) => `${this.path}.${name}`;
    return h(
      "div",
      { class: "layout-form" },
      choice({
        label: "Layout",
        path: inside("MixLayoutMode"),
        errors,
        value: String(this.mode),
        put: (mode) => this._choose(Number(mode)),
        options: [FLOATING, SCREEN_SHARING, GRID, CUSTOM].map((mode) => [String(mode), NAMES[mode]]),
      }),
      this.mode === CUSTOM ? this._custom(errors, inside("MixLayoutList")) : this._template(errors, inside),
    );
  }

  _template(errors, inside) {
    const names = this.users.length ? this.users : SOMEBODY;
    const withBig = this.mode !== GRID;
    const big = withBig && this.big;
    const order = big ? [big, ...names.filter((name) => name !== big)] : this.mode === SCREEN_SHARING ? ["", ...names] : names;
    const note = this.mode === SCREEN_SHARING && !this.big ? "The big window stays empty until you say who fills it." : "";
    return [
      h("div", { class: "drawing-box", key: "drawing" }, drawing(this.width, this.height, arranged(this.mode, order, this.width, this.height), "Preview of the layout")),
      h(
        "div",
        { class: "columns", key: "fields" },
        withBig &&
          field({
            key: "big",
            label: "Who fills the big window",
            path: inside("MaxVideoUser.UserMediaStream.UserInfo.UserId"),
            hint: note || (this.mode === FLOATING ? "Empty: who is here longest." : ""),
            value: this.big,
            errors,
            list: "people",
            put: (text) => this._put("big", text.trim()),
          }),
        field({ key: "fit", label: "Pictures in their windows", path: inside("RenderMode"), errors, options: RENDER, value: this.render_, put: (text) => this._put("render_", text) }),
      ),
    ];
  }

  _custom(errors, list) {
    const windows = this._windows();
    return [
      h("div", { class: "drawing-box", key: "drawing" }, this._editor.render()),
      h("p", { class: "hint", key: "hint" }, "Drag a window, or its corner. With the keyboard: Tab chooses, arrow keys move, Alt and arrows change the size, Shift makes larger steps."),
      h(
        "div",
        { class: "windows", key: "windows", role: "group", "aria-label": "Windows by numbers" },
        windows.map((one, number) => this._row(one, number, errors, `${list}.${number}`)),
      ),
      h(
        "div",
        { class: "row", key: "add", "data-path": list, tabindex: -1 },
        button("Add a window", () => this._add(), { picture: "plus", small: true, disabled: windows.length >= MOST_WINDOWS }),
        errors[list] && h("p", { class: "wrong" }, errors[list]),
      ),
    ];
  }

  _row(one, number, errors, path) {
    const figure = (label, name, api) =>
      field({
        label,
        path: `${path}.${api}`,
        type: "number",
        min: 0,
        step: 2,
        value: String(one[name]),
        errors,
        put: (text) => this._set(one, name, Number(text) || 0),
      });
    return h(
      "div",
      { key: number, class: `window-row ${number === this._editor.chosen ? "chosen" : ""}`, role: "group", "aria-label": `Window ${number + 1}` },
      field({
        label: `${number + 1}. User`,
        path: `${path}.UserMediaStream.UserInfo.UserId`,
        value: one.user,
        list: "people",
        placeholder: "whoever comes",
        errors,
        put: (text) => this._set(one, "user", text.trim()),
      }),
      figure("X", "x", "LocationX"),
      figure("Y", "y", "LocationY"),
      figure("Width", "width", "ImageWidth"),
      figure("Height", "height", "ImageHeight"),
      figure("Layer", "layer", "ZOrder"),
      button("Remove", () => this._remove(number), { small: true, kind: "plain", picture: "remove", "aria-label": `Remove window ${number + 1}` }),
    );
  }

  _choose(mode) {
    if (mode === CUSTOM && !this._editor) {
      const names = this.users.length ? this.users : ["", ""];
      this._edit(arranged(this.mode, names.slice(0, MOST_WINDOWS), this.width, this.height));
    }
    this._put("mode", mode);
  }

  _edit(windows) {
    this._editor = new LayoutEditor({ width: this.width, height: this.height, windows, changed: () => this._refresh() });
  }

  _windows() {
    return this._editor.windows;
  }

  _add() {
    const shift = (this._windows().length % 8) * 24;
    this._windows().push({ x: shift, y: shift, width: even(this.width / 3), height: even(this.height / 3), layer: this._windows().length, user: "" });
    this._editor.chosen = this._windows().length - 1;
    this._refresh();
  }

  _remove(number) {
    this._windows().splice(number, 1);
    this._editor.chosen = 0;
    this._refresh();
  }

  _set(one, name, value) {
    one[name] = value;
    this._refresh();
  }

  _put(name, value) {
    this[name] = value;
    this._refresh();
  }

  /** The windows keep their share of the canvas when that changes. */
  _size(width, height) {
    for (const one of this._editor?.windows || []) {
      one.x = even((one.x * width) / this.width);
      one.width = even((one.width * width) / this.width);
      one.y = even((one.y * height) / this.height);
      one.height = even((one.height * height) / this.height);
    }
    this.width = width;
    this.height = height;
    if (this._editor) Object.assign(this._editor, { width, height });
  }
}

export function stream(user, type = 0) {
  return { UserInfo: { UserId: user }, StreamType: type };
}

function asEntry(one) {
  const entry = { LocationX: one.x, LocationY: one.y, ImageWidth: one.width, ImageHeight: one.height, ZOrder: one.layer };
  if (one.user) entry.UserMediaStream = one.stream ? { ...one.stream, UserInfo: { ...one.stream.UserInfo, UserId: one.user } } : stream(one.user);
  return entry;
}

function even(number) {
  return Math.floor(number / 2) * 2;
}
