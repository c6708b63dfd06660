// The time line of a task: what happened, when and why, as it is stored and as it comes.

import { call } from "./api.js";
import { h } from "./dom.js";
import { exact, time, turn } from "./format.js";
import { icon } from "./icons.js";
import { button, state, trouble } from "./parts.js";

// Ten pages of the API: a task that has more to tell is read with `tailrace events`.
const MOST_PAGES = 10;
const MOST_SHOWN = 200;

const TONE = {
  crashed: ["bad", "warn"],
  "source lost": ["warn", "warn"],
  "source back": ["good", "good"],
  queued: ["quiet", "clock"],
  taken: ["busy", "task"],
  released: ["warn", "again"],
  updated: ["busy", "layout"],
  visible: ["good", "picture"],
  stopping: ["quiet", "stop"],
  ended: ["quiet", "stop"],
};

const WORDS = {
  queued: "Stored, waits for a worker",
  taken: "Taken by a worker",
  released: "Let go by its worker",
  crashed: "Crashed",
  updated: "Update stored",
  visible: "Update to be seen",
  "source lost": "Source lost",
  "source back": "Source back",
  stopping: "Stopping",
  ended: "Ended",
};

export class TimeLine {
  constructor({ app, task, refresh, live }) {
    this._app = app;
    this._task = task;
    this._refresh = refresh;
    this._entries = new Map();
    this._failure = null;
    this._repeated = false;
    this._loaded = false;
    this._forget = [live.onEvent((entry) => entry.TaskId === task && this._add([entry])), live.onReturn(() => this.load())];
  }

  close() {
    for (const forget of this._forget) forget();
  }

  async load() {
    this._failure = null;
    try {
      let from = 0;
      for (let page = 0; page < MOST_PAGES; page += 1) {
        const told = await call("DescribePublishCdnStreamEvents", { SdkAppId: this._app, TaskId: this._task, FromSequenceNumber: from });
        this._add(told.EventList);
        if (!told.More) break;
        from = told.NextSequenceNumber;
      }
    } catch (failure) {
      this._failure = failure;
    }
    this._loaded = true;
    this._refresh();
  }

  render() {
    const all = [...this._entries.values()].sort((a, b) => b.SequenceNumber - a.SequenceNumber);
    const shown = all.filter((entry) => this._repeated || !entry.Destination?.Repeated);
    const hidden = all.length - all.filter((entry) => !entry.Destination?.Repeated).length;
    return [
      trouble(this._failure, button("Try again", () => this.load(), { small: true })),
      h("ol", { class: "time-line", "aria-label": "What happened, the newest first" }, shown.slice(0, MOST_SHOWN).map((entry) => this._entry(entry))),
      !shown.length && h("p", { class: "muted pad" }, this._loaded ? "Nothing has been told yet." : "Reading…"),
      hidden > 0 &&
        h(
          "label",
          { class: "check pad small" },
          h("input", { type: "checkbox", checked: this._repeated, onchange: (event) => ((this._repeated = event.currentTarget.checked), this._refresh()) }),
          h("span", {}, `Show ${hidden} ${hidden === 1 ? "repetition" : "repetitions"} (states are told again each 5 s)`),
        ),
    ];
  }

  _add(entries) {
    for (const entry of entries) this._entries.set(entry.SequenceNumber, entry);
    this._refresh();
  }

  _entry(entry) {
    const [tone, picture] = TONE[entry.What] || ["quiet", "ring"];
    const at = entry.TimeMs / 1000;
    const one = entry.Destination;
    const words = entry.What === "visible" && !entry.Revision ? "The output begins" : WORDS[entry.What] || entry.What;
    return h(
      "li",
      { key: entry.SequenceNumber },
      h("time", { class: "muted mono", datetime: new Date(entry.TimeMs).toISOString(), title: exact(at) }, time(at)),
      h("span", { class: `spot tone-${tone}` }, icon(one ? "publish" : picture)),
      h(
        "div",
        {},
        one ? [h("span", {}, `Destination ${one.Number + 1} `), state(one.State)] : h("span", {}, words),
        entry.What === "taken" && entry.Epoch > 1 && h("span", { class: "muted" }, ` (${turn(entry.Epoch)})`),
        entry.Revision > 0 && (entry.What === "updated" || entry.What === "visible") && h("span", { class: "muted" }, ` (revision ${entry.Revision})`),
        entry.Reason && h("div", { class: "small muted" }, entry.Reason),
        one && one.RetryAfter > 0 && h("div", { class: "small muted" }, `next attempt in ${one.RetryAfter.toFixed(1)} s`),
      ),
    );
  }
}
