// The exact call, as JSON, curl and Python, kept current while the form changes.

import { request } from "./api.js";
import { h } from "./dom.js";
import { copyButton } from "./parts.js";

// Between the last key stroke and the question for curl and Python.
const SETTLED = 250;
const KINDS = [
  ["Json", "JSON"],
  ["Curl", "curl"],
  ["Python", "Python"],
];

export class CodePanel {
  constructor(refresh) {
    this.kind = "Json";
    this._refresh = refresh;
    this._made = {};
    this._asked = "";
  }

  /** Show the call of `action` with `payload`. */
  render(action, payload) {
    const json = JSON.stringify(payload, null, 2);
    const wanted = `${action} ${json}`;
    if (wanted !== this._asked) this._ask(wanted, action, payload);
    const text = this.kind === "Json" ? json : this._made[this.kind] || this._why || "…";
    return h(
      "div",
      { class: "code" },
      h(
        "div",
        { class: "row code-head" },
        h(
          "div",
          { class: "tabs", role: "tablist", "aria-label": "The call as", onkeydown: (event) => this._turn(event) },
          KINDS.map(([kind, words]) =>
            h(
              "button",
              {
                key: kind,
                type: "button",
                role: "tab",
                id: `tab-${kind}`,
                "aria-selected": String(kind === this.kind),
                "aria-controls": "code-text",
                tabindex: kind === this.kind ? 0 : -1,
                onclick: () => this._show(kind),
              },
              words,
            ),
          ),
        ),
        h("code", { class: "grow small muted action" }, action),
        copyButton(() => (this.kind === "Json" ? json : this._made[this.kind] || ""), `the call as ${KINDS.find(([kind]) => kind === this.kind)[1]}`),
      ),
      h("pre", { id: "code-text", role: "tabpanel", "aria-labelledby": `tab-${this.kind}`, tabindex: 0 }, h("code", {}, text)),
    );
  }

  close() {
    clearTimeout(this._timer);
  }

  _show(kind) {
    this.kind = kind;
    this._refresh();
  }

  _turn(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    const number = (KINDS.findIndex(([kind]) => kind === this.kind) + step + KINDS.length) % KINDS.length;
    this._show(KINDS[number][0]);
    document.getElementById(`tab-${KINDS[number][0]}`).focus();
  }

  _ask(wanted, action, payload) {
    this._asked = wanted;
    clearTimeout(this._timer);
    this._timer = setTimeout(async () => {
      const made = await request("POST", "/code", { Action: action, Payload: payload }).catch((failure) => ({ failure }));
      if (this._asked !== wanted) return;
      this._why = made.failure?.message;
      this._made = made.failure ? {} : made;
      this._refresh();
    }, SETTLED);
  }
}
