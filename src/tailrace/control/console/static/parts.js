// Parts that several views are made of.

import { h } from "./dom.js";
import { exact, now, span, time } from "./format.js";
import { icon } from "./icons.js";

// A state is told by its word, an icon and a colour: each is enough by itself.
const LOOK = {
  running: ["good", "dot"],
  queued: ["busy", "clock"],
  connecting: ["busy", "clock"],
  recovering: ["warn", "again"],
  trying: ["busy", "again"],
  disconnecting: ["quiet", "stop"],
  stopping: ["quiet", "stop"],
  ended: ["quiet", "stop"],
  idle: ["quiet", "ring"],
  failure: ["bad", "cross"],
  failed: ["bad", "cross"],
  "given up": ["bad", "cross"],
  delivered: ["good", "good"],
  live: ["good", "dot"],
  lost: ["bad", "cross"],
};

export function state(word, beside = "") {
  const [tone, picture] = LOOK[word] || ["quiet", "ring"];
  return h("span", { class: `state tone-${tone}` }, icon(picture), h("span", {}, word + beside));
}

/** A task's state, with how many of its destinations are not as they should be. */
export function taskState(task) {
  if (task.State !== "running") {
    const bad = task.State === "ended" && !["stopped", "", undefined].includes(task.Reason);
    return bad ? h("span", { class: "state tone-warn" }, icon("warn"), h("span", {}, task.State)) : state(task.State);
  }
  const count = (word) => task.Destinations.filter((one) => one.State === word).length;
  const worst = ["failure", "recovering", "connecting"].find(count);
  if (!worst || !count("running")) return state(worst || "running");
  const tone = worst === "connecting" ? "busy" : "warn";
  return h("span", { class: `state tone-${tone}` }, icon(worst === "connecting" ? "dot" : "warn"), h("span", {}, `running, ${count(worst)} ${worst}`));
}

/** A moment, in the reader's zone; the exact value is the title. */
export function moment(unix) {
  if (!unix) return h("span", { class: "muted" }, "–");
  return h("time", { datetime: new Date(unix * 1000).toISOString(), title: exact(unix) }, time(unix));
}

/** How long ago it was. */
export function since(unix) {
  if (!unix) return h("span", { class: "muted" }, "–");
  return h("time", { datetime: new Date(unix * 1000).toISOString(), title: exact(unix) }, span(now() - unix));
}

/** Something to press. `props.kind`: "main", "danger", "plain". */
export function button(label, act, { kind = "", picture = "", small = false, ...props } = {}) {
  const classes = ["button", kind && `button-${kind}`, small && "button-small"].filter(Boolean).join(" ");
  return h("button", { type: "button", class: classes, onclick: act, ...props }, picture && icon(picture), h("span", {}, label));
}

export function link(label, href, { kind = "", picture = "", small = false, ...props } = {}) {
  const classes = ["button", kind && `button-${kind}`, small && "button-small"].filter(Boolean).join(" ");
  return h("a", { class: classes, href, ...props }, picture && icon(picture), h("span", {}, label));
}

/** What stands where there is nothing yet: what this is, and what to do next. */
export function empty(title, words, ...actions) {
  return h("div", { class: "empty" }, h("h2", {}, title), h("p", {}, words), actions.length ? h("div", { class: "row" }, actions) : null);
}

/** What went wrong, and the way out. */
export function trouble(failure, ...actions) {
  if (!failure) return null;
  return h(
    "div",
    { class: "trouble", role: "alert" },
    icon("warn"),
    h("div", {}, h("p", {}, failure.message), failure.code && h("p", { class: "small" }, h("code", {}, failure.code))),
    actions,
  );
}

export function panel(title, { actions = [], note = "", ...props } = {}, ...children) {
  const { class: more = "", ...others } = props;
  return h(
    "section",
    { class: `panel ${more}`, ...others },
    h("div", { class: "panel-head" }, h("h2", {}, title), note && h("span", { class: "muted small" }, note), h("span", { class: "grow" }), actions),
    children,
  );
}

/**
 * A table that scrolls by itself when it is too wide, and can then be scrolled by keys. Of `heads`, "#Size" is one of
 * numbers, and "!Actions" is there for those alone who listen.
 */
export function table(label, heads, rows, props = {}) {
  return h(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": label, ...props },
    h(
      "table",
      {},
      h("thead", {}, h("tr", {}, heads.map((head) => h("th", { scope: "col", class: head.startsWith("#") ? "number" : null }, head.startsWith("!") ? h("span", { class: "unseen" }, head.slice(1)) : head.replace("#", ""))))),
      h("tbody", {}, rows),
    ),
  );
}

export function cell(name, props, ...children) {
  return h("td", { "data-name": name, ...props }, children);
}

/** Put text into the clipboard, and say so on the button for a moment. */
export function copyButton(text, what) {
  return h(
    "button",
    {
      type: "button",
      class: "button button-small button-plain copy",
      "aria-label": `Copy ${what}`,
      title: `Copy ${what}`,
      onclick: async ({ currentTarget: node }) => {
        await toClipboard(typeof text === "function" ? text() : text);
        node.classList.add("copied");
        announce(`Copied ${what}`);
        setTimeout(() => node.classList.remove("copied"), 1200);
      },
    },
    icon("copy"),
    icon("good"),
  );
}

async function toClipboard(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without TLS, and beyond this machine, browsers have no clipboard for pages; the old way works there.
    const area = document.createElement("textarea");
    area.value = text;
    (document.querySelector("dialog[open]") || document.body).append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}

/** Say something to those who listen to the page instead of looking at it. */
export function announce(words) {
  const node = document.getElementById("announcer");
  // The same words again are heard again only when the text changes.
  node.textContent = node.textContent === words ? `${words}\u00a0` : words;
}

/** One line of text with a button that copies it. */
export function copyable(label, text, note = "") {
  return h(
    "div",
    { class: "copyable" },
    h("div", { class: "small muted" }, label, note && ` · ${note}`),
    h("div", { class: "copyable-line" }, h("code", { tabindex: 0, role: "group", "aria-label": label }, text), copyButton(text, label)),
  );
}

/** The last two minutes of a task's bit rate. */
export function curve(samples, label) {
  const [width, height] = [96, 24];
  const most = Math.max(1, ...samples.map((sample) => sample.rate));
  const last = samples.at(-1)?.at || 0;
  const length = Math.max(30, last - (samples[0]?.at || 0));
  const across = (at) => (width - ((last - at) / length) * width).toFixed(1);
  const points = samples.map(({ at, rate }) => `${across(at)},${(height - 2 - (rate / most) * (height - 6)).toFixed(1)}`);
  return h(
    "svg",
    { class: "curve", viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", role: "img", "aria-label": label },
    points.length > 1 && [
      h("polygon", { points: [`${across(samples[0].at)},${height}`, ...points, `${width},${height}`].join(" ") }),
      h("polyline", { points: points.join(" ") }),
    ],
  );
}

/** Ask before something that cannot be taken back; resolves to whether it is wished. */
export function confirm({ title, words, yes, kind = "danger" }) {
  return new Promise((resolve) => {
    const dialog = document.createElement("dialog");
    dialog.className = "dialog";
    dialog.setAttribute("aria-labelledby", "ask-title");
    const heading = Object.assign(document.createElement("h2"), { id: "ask-title", textContent: title });
    const text = Object.assign(document.createElement("p"), { textContent: words });
    const row = Object.assign(document.createElement("div"), { className: "row end" });
    const choice = (label, name, value) => {
      const node = Object.assign(document.createElement("button"), { type: "button", className: name, textContent: label });
      node.onclick = () => dialog.close(value);
      return node;
    };
    // What changes nothing comes first, and has the focus.
    row.append(choice("Cancel", "button", ""), choice(yes, `button button-${kind}`, "yes"));
    dialog.append(heading, text, row);
    dialog.onclose = () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    };
    document.body.append(dialog);
    dialog.showModal();
  });
}
