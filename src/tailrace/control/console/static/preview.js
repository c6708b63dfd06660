// Preview: a picture and its sound, played by WHEP, in a frame whose size does not change.

import { userSig } from "./api.js";
import { h } from "./dom.js";
import { bitRate } from "./format.js";
import { button } from "./parts.js";
import { Connection } from "./rtc.js";

const LOOK_EACH = 1000;
// Longer than anybody looks at one preview; a UserSig is only checked at the beginning.
const SIG_LIFETIME = 3600;
// Milliseconds before each try to come back after a break: a media server that was restarted is there after a second, a
// publisher who lost his network after some more. Then somebody has to look.
const COMEBACKS = [500, 1000, 2000, 4000, 8000, 15_000, 30_000];
// What may be different next time: no answer, nobody publishes, too many, a server that cannot at the moment.
const PASSING = /^(|Unreachable|HTTP (404|429|5\d\d))$/;

/** Where the pages publish and play: `kind` is "pub", "sub" or "task". */
export function mediaAddress(session, kind, app, name, query) {
  const url = new URL(`/v2/${kind}/${app}/${encodeURIComponent(name)}`, session.MediaUrl);
  for (const [key, value] of Object.entries(query)) if (value) url.searchParams.set(key, value);
  return url.href;
}

export function stranger() {
  return `console-${crypto.getRandomValues(new Uint32Array(2)).join("-")}`;
}

/** What broke off while it played comes back by itself; what never played says why, and waits for a click. */
export class Preview {
  /** `address(viewer)` is where to play from as that user of `app`. */
  constructor({ app, label, address, refresh }) {
    this.app = app;
    this.label = label;
    this.muted = true;
    this._address = address;
    this._refresh = refresh;
    this._connection = null;
    this._figures = null;
    this._failure = null;
    this._comebacks = [];
    this._again = null; // the timer of the next try, while it waits for one
  }

  get playing() {
    return this._again !== null || (this._connection !== null && !["lost", "closed"].includes(this._connection.state));
  }

  async start() {
    this._comebacks = [];
    await this._play();
  }

  async _play() {
    await this.stop();
    const viewer = stranger();
    const turn = (this._turn = Symbol("turn"));
    this._starting = true;
    this._refresh();
    try {
      const token = await userSig(this.app, viewer, SIG_LIFETIME);
      if (turn !== this._turn) return;
      this._connection = new Connection({ address: this._address(viewer), token, changed: (one) => this._told(one) });
      this._timer = setInterval(() => this._look(), LOOK_EACH);
      await this._connection.play();
    } catch (failure) {
      if (turn === this._turn) this._brokeOff(failure);
    } finally {
      if (turn === this._turn) this._starting = false;
      this._refresh();
    }
  }

  _told(connection) {
    if (connection === this._connection) {
      if (connection.state === "live") this._comebacks = [...COMEBACKS];
      if (connection.state === "lost") this._brokeOff(connection.failure);
    }
    this._refresh();
  }

  _brokeOff(failure) {
    this._failure = failure;
    if (!this._comebacks.length || !PASSING.test(failure.code)) return;
    this._again = setTimeout(() => this._play(), this._comebacks.shift());
  }

  async stop() {
    this._turn = null;
    this._starting = false;
    clearTimeout(this._again);
    this._again = null;
    clearInterval(this._timer);
    const connection = this._connection;
    this._connection = this._failure = this._figures = null;
    await connection?.close();
  }

  render() {
    const connection = this._connection;
    const state = this._again !== null ? "waiting" : this._starting && !connection ? "connecting" : connection?.state || "idle";
    const failure = this._failure;
    const stream = connection?.stream || null;
    return h(
      "figure",
      { class: "preview", "data-state": state },
      h(
        "div",
        { class: "preview-frame" },
        h("video", { key: "video", autoplay: true, playsinline: true, muted: this.muted, "aria-label": this.label, mount: (node) => this._hold(node, stream) }),
        state === "connecting" && h("p", { class: "preview-words", key: "words" }, "Connecting…"),
        state === "waiting" && h("p", { class: "preview-words", key: "words", role: "alert" }, `${failure.message} It is tried again.`),
        (state === "idle" || state === "lost" || state === "closed") &&
          h(
            "div",
            { class: "preview-words", key: "words" },
            failure && h("p", { role: "alert" }, failure.message),
            button(failure ? "Try again" : "Watch", () => this.start(), { kind: "main", picture: "play" }),
          ),
      ),
      h(
        "figcaption",
        { class: "row small" },
        h("span", { class: "grow muted" }, this._caption(state)),
        button(this.muted ? "Sound on" : "Sound off", () => this._mute(), { small: true, picture: this.muted ? "silent" : "sound", disabled: state !== "live" }),
        button("Stop", () => this.stop().then(this._refresh), { small: true, picture: "stop", disabled: !["live", "connecting", "waiting"].includes(state), "aria-label": "Stop the preview" }),
      ),
      this._attach(stream),
    );
  }

  _hold(node, stream) {
    this._node = node;
    node.srcObject = stream;
    return () => {
      node.srcObject = null;
      if (this._node === node) this._node = null;
    };
  }

  _attach(stream) {
    if (this._node && this._node.srcObject !== stream) this._node.srcObject = stream;
    return null;
  }

  _mute() {
    this.muted = !this.muted;
    this._refresh();
  }

  async _look() {
    this._figures = (await this._connection?.figures()) || null;
    this._refresh();
  }

  _caption(state) {
    if (state !== "live") return { connecting: "Connecting…", waiting: "Coming back…" }[state] || "Not playing";
    const { width, height, fps, kbps, codec } = this._figures || {};
    if (!width) return "Connected, waiting for a key frame";
    return `${width}×${height}, ${fps} fps, ${bitRate(kbps)}${codec ? `, ${codec}` : ""}`;
  }
}

/** The picture alone, of what this browser sends. */
export function localPicture(stream, label) {
  return h("video", { key: stream?.id || "none", autoplay: true, playsinline: true, muted: true, "aria-label": label, mount: (node) => void (node.srcObject = stream) });
}
