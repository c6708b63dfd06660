// Tasks: how each of them is, live.

import { h } from "./dom.js";
import { bitRate, shortId, whole } from "./format.js";
import { isLive, taskKey, totalDropped, totalRate } from "./live.js";
import { cell, curve, empty, link, since, state, table, taskState } from "./parts.js";
import { to, toTask } from "./route.js";

const KINDS = [
  ["live", "Live"],
  ["ended", "Ended"],
  ["all", "All"],
];

/** What a task is, in a few words. */
export function taskTitle(task) {
  return task.WithTranscoding ? `Mix of ${task.RoomId}` : `${task.UserId} of ${task.RoomId}`;
}

export function tasksView({ live, refresh }) {
  let kind = "live";
  let words = "";

  function fits(task) {
    const right = kind === "all" || isLive(task) === (kind === "live");
    const text = `${taskTitle(task)} ${task.TaskId} ${task.Destinations.map((d) => d.Url).join(" ")}`.toLowerCase();
    return right && text.includes(words.toLowerCase());
  }

  function row(task) {
    return h(
      "tr",
      { key: taskKey(task) },
      cell("State", {}, taskState(task)),
      cell("Task", { class: "wide-cell" }, h("a", { href: toTask(task) }, taskTitle(task)), h("div", { class: "small muted mono", title: task.TaskId }, shortId(task.TaskId))),
      cell("Destinations", {}, h("span", { class: "row tight" }, task.Destinations.map((d, number) => h("span", { key: number, title: d.Url }, state(d.State))))),
      cell("Bit rate", { class: "number" }, h("span", { class: "rate" }, isLive(task) && curve(live.rates.get(taskKey(task)) || [], "Bit rate of the last two minutes"), h("span", {}, bitRate(totalRate(task))))),
      cell("Dropped", { class: `number ${totalDropped(task) ? "warned" : ""}` }, whole(totalDropped(task))),
      cell("Since", { class: "number" }, since(task.CreatedTime)),
    );
  }

  return {
    title: "Tasks",
    render() {
      const all = [...live.tasks.values()].sort((a, b) => b.CreatedTime - a.CreatedTime);
      const shown = all.filter(fits);
      const start = link("Start a relay", to("start"), { kind: "main", picture: "plus" });
      return [
        h("div", { class: "page-head" }, h("h1", { tabindex: -1 }, "Tasks"), h("span", { class: "grow" }), start),
        h(
          "div",
          { class: "row filters" },
          h(
            "fieldset",
            { class: "segments" },
            h("legend", { class: "unseen" }, "Which tasks"),
            KINDS.map(([name, label]) =>
              h(
                "label",
                { key: name, class: "segment" },
                h("input", { type: "radio", name: "kind", value: name, checked: kind === name, onchange: () => ((kind = name), refresh()) }),
                h("span", {}, `${label} ${all.filter((task) => name === "all" || isLive(task) === (name === "live")).length}`),
              ),
            ),
          ),
          h("input", { type: "search", class: "grow", placeholder: "Room, user, address…", "aria-label": "Find tasks", value: words, oninput: (event) => ((words = event.currentTarget.value), refresh()) }),
        ),
        shown.length
          ? table("Tasks", ["State", "Task", "Destinations", "#Bit rate", "#Dropped", "#Since"], shown.map(row), { class: "scroll panel stacked" })
          : live.state !== "live"
            ? h("p", { class: "muted waiting" }, "Waiting for the first news…")
            : words || (all.length && kind !== "live")
              ? empty("No such task", "Other words, or another kind of task, may find it.")
              : empty("No task runs", "A task relays one stream of a room, or all of them mixed, to CDNs. Start one here, by the API, or with “tailrace task start”."),
      ];
    },
  };
}
