// The destinations of a task: how each is, and adding and removing them.

import { call } from "./api.js";
import { destinationsChange } from "./changes.js";
import { h } from "./dom.js";
import { check, field } from "./fields.js";
import { bitRate, bytes, now, whole } from "./format.js";
import { announce, button, cell, confirm, moment, state, table, trouble } from "./parts.js";

export const MOST_URLS = 10;

const TRYING = new Set(["connecting", "recovering"]);

export class Destinations {
  constructor({ task, refresh }) {
    this._task = task; // () => the task as it is now
    this._refresh = refresh;
    this._url = "";
    this._tencent = false;
    this._failure = null;
    this._busy = false;
    this.adding = false;
  }

  toggle() {
    this.adding = !this.adding;
    this._refresh();
  }

  render() {
    const task = this._task();
    const live = task.State === "running" || task.State === "queued";
    const shown = this._wrong();
    return [
      task.Destinations.length
        ? table(
            "Destinations",
            ["State", "Address", "#Bit rate", "#Sent", "#Dropped", "Attempts", "!Actions"],
            task.Destinations.map((one, number) => this._row(one, number, live)),
            { class: "scroll stacked" },
          )
        : h("p", { class: "muted pad" }, "No CDN is pushed to."),
      this.adding &&
        live &&
        h(
          "form",
          { key: "add", class: "pad row bottom add-destination", onsubmit: (event) => this._add(event) },
          h("div", { class: "grow" }, field({ label: "Push address", path: "PublishCdnUrl", type: "text", inputmode: "url", value: this._url, placeholder: "rtmp://cdn.example/live/name", errors: shown, put: (text) => ((this._url = text), this._refresh()), required: true })),
          check({ label: "Tencent CDN", path: "IsTencentCdn", value: this._tencent, put: (value) => ((this._tencent = value), this._refresh()) }),
          h("button", { type: "submit", class: "button button-main", disabled: this._busy }, "Add"),
          button("Cancel", () => this.toggle()),
        ),
      this._failure && !Object.keys(shown).length && h("div", { class: "pad" }, trouble(this._failure)),
    ];
  }

  _wrong() {
    const path = this._failure?.path || "";
    return this.adding && path.startsWith("PublishCdnParams") ? { PublishCdnUrl: this._failure.message } : {};
  }

  _row(one, number, live) {
    const trying = TRYING.has(one.State);
    const next = one.NextAttempt - now();
    return h(
      "tr",
      { key: one.Url },
      cell("State", {}, state(one.State), h("div", { class: "small muted" }, "since ", moment(one.Since))),
      cell(
        "Address",
        { class: "wide-cell" },
        h("code", { class: "url" }, one.Url),
        // While it is tried again and again the words come and go: their room stays.
        (one.Reason || one.ErrorCode > 0 || TRYING.has(one.State)) && h("div", { class: `small why ${one.ErrorCode ? "wrong" : "muted"}` }, [one.ErrorCode ? `Error ${one.ErrorCode}` : "", one.Reason].filter(Boolean).join(": ")),
      ),
      cell("Bit rate", { class: "number" }, bitRate(one.BitRate)),
      cell("Sent", { class: "number" }, bytes(one.SentBytes)),
      cell("Dropped", { class: `number ${one.DroppedFrames ? "warned" : ""}` }, whole(one.DroppedFrames)),
      cell(
        "Attempts",
        { class: "attempts" },
        trying ? `attempt ${one.Attempt}` : h("span", { class: "muted" }, ["never connected", "connected once"][one.Connects] || `connected ${one.Connects}×`),
        trying && h("div", { class: "small muted" }, one.NextAttempt > 0 && next > 0 ? `in ${Math.ceil(next)} s` : "going on"),
      ),
      cell("", { class: "end" }, live && button("Remove", () => this._remove(one, number), { small: true, kind: "plain", picture: "remove", "aria-label": `Remove destination ${number + 1}` })),
    );
  }

  async _add(event) {
    event.preventDefault();
    const task = this._task();
    const added = { Url: this._url.trim(), IsTencentCdn: Number(this._tencent) };
    if (await this._update([...task.Destinations, added])) {
      announce("Destination added");
      this._url = "";
      this.adding = false;
      this._refresh();
    }
  }

  async _remove(one, number) {
    const task = this._task();
    const wished = await confirm({ title: `Remove destination ${number + 1}?`, words: `The push to ${shown(one.Url)} ends at once; the others go on.`, yes: "Remove it" });
    if (wished && (await this._update(task.Destinations.filter((other) => other.Url !== one.Url)))) announce(`Destination ${number + 1} removed`);
  }

  async _update(urls) {
    this._failure = null;
    this._busy = true;
    this._refresh();
    try {
      await call("UpdatePublishCdnStream", destinationsChange(this._task(), urls));
      return true;
    } catch (failure) {
      this._failure = failure;
      return false;
    } finally {
      this._busy = false;
      this._refresh();
    }
  }
}

/** An address without its query, which may hold a key, for questions that others may see over the shoulder. */
function shown(url) {
  return url.split("?")[0];
}
