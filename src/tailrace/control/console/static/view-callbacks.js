// Callbacks: what was told to the application's server, each try of it, and telling it again.

import { call, request } from "./api.js";
import { h } from "./dom.js";
import { field } from "./fields.js";
import { shortId } from "./format.js";
import { icon } from "./icons.js";
import { announce, button, empty, moment, state, trouble } from "./parts.js";
import { to } from "./route.js";

const PAGE = 100;
// Pages of events without callbacks are passed over; so many are looked at for one list.
const MOST_PAGES = 20;
const MOST_SHOWN = 300;
// Between the last key stroke and reading anew.
const SETTLED = 300;

const KINDS = [
  ["all", "All"],
  ["given up", "Given up"],
  ["trying", "Trying"],
  ["delivered", "Delivered"],
];

export function callbacksView({ live, session, refresh }, query) {
  let app = query.app || String(session.Apps[0]?.SdkAppId || "");
  let task = query.task || "";
  let kind = "all";
  let entries = new Map();
  let failure = null;
  let loaded = false;
  let timer = null;
  let asked = 0;

  const forget = [live.onEvent(came), live.onReturn(load)];
  load();

  function came(entry) {
    const ours = (entry.SdkAppId ?? Number(app)) === Number(app) && (!task || entry.TaskId === task.trim());
    if (ours && entry.EventType) entries.set(entry.SequenceNumber, entry);
  }

  /** Read anew once nothing more is typed. */
  function typed(text) {
    task = text;
    clearTimeout(timer);
    timer = setTimeout(load, SETTLED);
    refresh();
  }

  async function load() {
    const turn = (asked += 1);
    const found = new Map();
    try {
      let place = 0;
      for (let page = 0; page < MOST_PAGES; page += 1) {
        const told = await request("GET", `/deliveries?${new URLSearchParams({ SdkAppId: app, Limit: PAGE, From: place, ...(task && { TaskId: task.trim() }) })}`);
        for (const entry of told.EventList) if (entry.EventType) found.set(entry.SequenceNumber, entry);
        if (!told.More) break;
        place = told.NextSequenceNumber;
      }
      if (turn !== asked) return;
      failure = null;
      entries = found;
    } catch (error) {
      if (turn !== asked) return;
      failure = error;
    }
    loaded = true;
    refresh();
  }

  async function replay(payload, words) {
    failure = null;
    try {
      const told = await call("ReplayPublishCdnStreamEvents", { SdkAppId: Number(app), ...payload });
      announce(told.Queued === 1 ? "The callback is sent again" : `${told.Queued} callbacks are sent again`);
    } catch (error) {
      failure = Object.assign(error, { message: `${words} ${error.message}` });
    }
    refresh();
  }

  function entry(one) {
    const tries = one.Deliveries || [];
    const last = tries.at(-1);
    const what = one.Destination ? `destination ${one.Destination.Number + 1}: ${one.Destination.State}` : one.What;
    return h(
      "li",
      { key: one.SequenceNumber, class: "delivery" },
      h(
        "details",
        {},
        h(
          "summary",
          {},
          h("span", { class: "delivery-when muted mono" }, moment(one.TimeMs / 1000)),
          h("span", { class: "delivery-what" }, h("strong", {}, what), one.Destination?.Repeated ? h("span", { class: "muted" }, " again") : null, h("span", { class: "muted small" }, ` ${one.RoomId}${one.UserId ? ` · ${one.UserId}` : ""} · type ${one.EventType}`)),
          one.Delivery ? state(one.Delivery) : h("span", { class: "state tone-quiet" }, icon("ring"), h("span", {}, "not tried")),
          h("span", { class: "small muted delivery-tries" }, tries.length ? `${tries.length} ${tries.length === 1 ? "try" : "tries"}${last.HttpStatus ? `, HTTP ${last.HttpStatus}` : ""}` : ""),
        ),
        h(
          "div",
          { class: "pad stack" },
          tries.length
            ? h(
                "ol",
                { class: "tries" },
                tries.map((one_try, number) =>
                  h(
                    "li",
                    { key: number, class: "row" },
                    h("span", { class: "mono muted" }, moment(one_try.TimeMs / 1000)),
                    h("span", { class: `state tone-${good(one_try) ? "good" : "bad"}` }, icon(good(one_try) ? "good" : "cross"), h("span", {}, one_try.HttpStatus ? `HTTP ${one_try.HttpStatus}` : "no answer")),
                    h("span", { class: "muted" }, `${(one_try.Seconds * 1000).toFixed(0)} ms`),
                    one_try.Order !== one.SequenceNumber && h("span", { class: "tag" }, "replay"),
                    one_try.Error && h("span", { class: "small wrong" }, one_try.Error),
                  ),
                ),
              )
            : h("p", { class: "muted" }, "No try has been noted yet."),
          one.Reason && h("p", { class: "small muted" }, one.Reason),
          one.TaskId && h("p", { class: "small" }, "Task ", h("a", { class: "mono", title: one.TaskId, href: to("tasks", [app, one.TaskId]) }, shortId(one.TaskId))),
        ),
      ),
      button("Replay", () => replay({ FromSequenceNumber: one.SequenceNumber, ToSequenceNumber: one.SequenceNumber }, "The callback cannot be sent again:"), {
        small: true,
        picture: "again",
        "aria-label": `Replay callback ${one.SequenceNumber}`,
      }),
    );
  }

  return {
    title: "Callbacks",
    leave() {
      for (const one of forget) one();
      clearTimeout(timer);
      asked += 1;
    },
    render() {
      const all = [...entries.values()].sort((a, b) => b.SequenceNumber - a.SequenceNumber);
      const shown = all.filter((one) => kind === "all" || one.Delivery === kind);
      const givenUp = all.filter((one) => one.Delivery === "given up");
      const untold = all.length > 0 && all.every((one) => !one.Delivery);
      return [
        h(
          "div",
          { class: "page-head" },
          h("h1", { tabindex: -1 }, "Callbacks"),
          h("span", { class: "grow" }),
          givenUp.length > 0 && button(`Replay ${givenUp.length} given up`, () => replay({ FromSequenceNumber: givenUp.at(-1).SequenceNumber, Failed: 1 }, "They cannot be sent again:"), { picture: "again" }),
        ),
        h(
          "div",
          { class: "row filters bottom" },
          session.Apps.length > 1 && field({ label: "Application", path: "app", options: session.Apps.map((one) => [String(one.SdkAppId), String(one.SdkAppId)]), value: app, put: (value) => ((app = value), load()) }),
          h(
            "fieldset",
            { class: "segments" },
            h("legend", { class: "unseen" }, "Which callbacks"),
            KINDS.map(([name, words]) =>
              h("label", { key: name, class: "segment" }, h("input", { type: "radio", name: "outcome", value: name, checked: kind === name, onchange: () => ((kind = name), refresh()) }), h("span", {}, words)),
            ),
          ),
          h("input", { type: "search", class: "grow", placeholder: "TaskId", "aria-label": "Of one task", value: task, oninput: (event) => typed(event.currentTarget.value) }),
        ),
        trouble(failure, button("Read again", load, { small: true })),
        untold && h("p", { class: "note" }, "Nothing is sent: application ", h("code", {}, app), " has no ", h("code", {}, "callback_url"), " in the configuration. What would be told is listed here all the same."),
        shown.length
          ? h("ul", { class: "panel deliveries" }, shown.slice(0, MOST_SHOWN).map(entry))
          : loaded
            ? failure
              ? null
              : all.length
                ? empty("None of this kind", "Another choice above shows the others.")
                : empty("Nothing has happened that is told", "Callbacks come when people enter rooms, publish and leave, and when destinations of tasks change. They go to the application's callback_url.")
            : h("p", { class: "muted waiting" }, "Reading…"),
      ];
    },
  };
}

function good(one) {
  return one.HttpStatus >= 200 && one.HttpStatus < 300 && !one.Error;
}
