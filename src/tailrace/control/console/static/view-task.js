// One task: its destinations, its picture, its time line, and what can be done with it.

import { call } from "./api.js";
import { canvasOf, layoutChange, modeOf, windowsOf } from "./changes.js";
import { CodePanel } from "./codepanel.js";
import { Destinations, MOST_URLS } from "./destinations.js";
import { h } from "./dom.js";
import { drawing } from "./drawing.js";
import { fedBack } from "./fedback.js";
import { placed } from "./fields.js";
import { bitRate, whole } from "./format.js";
import { LayoutForm } from "./layoutform.js";
import { isLive, taskKey, totalDropped, totalRate } from "./live.js";
import { announce, button, confirm, copyButton, curve, empty, link, moment, panel, since, taskState, trouble } from "./parts.js";
import { Preview, mediaAddress } from "./preview.js";
import { roomKind } from "./people.js";
import { to, toRoom } from "./route.js";
import { SCREEN_SHARING } from "./templates.js";
import { taskTitle } from "./view-tasks.js";
import { TimeLine } from "./timeline.js";

export function taskView({ live, session, refresh }, [app, id]) {
  const key = taskKey({ SdkAppId: Number(app), TaskId: id });
  const line = new TimeLine({ app: Number(app), task: id, refresh, live });
  const destinations = new Destinations({ task: () => task, refresh });
  const code = new CodePanel(refresh);
  const preview = new Preview({
    app: Number(app),
    label: "Live preview of the output",
    refresh,
    address: (viewer) => mediaAddress(session, "task", app, id, { SessionID: viewer }),
  });
  let task = null;
  let missing = null;
  let failure = null;
  let layout = null;
  let begun = false;
  let before = "";

  line.load();
  // The stream has the tasks of the last days; one that is older is asked for.
  if (!live.tasks.has(key)) ask();

  async function ask() {
    try {
      const told = await call("DescribePublishCdnStream", { SdkAppId: Number(app), TaskId: id });
      task ??= { SdkAppId: Number(app), ...told.TaskList[0] };
    } catch (error) {
      missing = error;
    }
    refresh();
  }

  async function stop() {
    const count = task.Destinations.length;
    const pushes = count ? `The push to ${count === 1 ? "its destination" : `its ${count} destinations`}` : "What it feeds back into rooms";
    const words = `${pushes} ends at once. A task that was stopped cannot be started again; a new one can.`;
    if (!(await confirm({ title: "Stop this task?", words, yes: "Stop the task" }))) return;
    failure = null;
    try {
      await call("StopPublishCdnStream", { SdkAppId: task.SdkAppId, TaskId: id });
      announce("The task is being stopped");
    } catch (error) {
      failure = error;
    }
    refresh();
  }

  function openLayout() {
    const { width, height } = canvasOf(task);
    const windows = windowsOf(task);
    const mode = modeOf(windows, { width, height });
    layout = new LayoutForm({ path: "VideoParams.LayoutParams", width, height, windows, mode, refresh });
    // Without one the big window of this layout would be empty.
    if (mode === SCREEN_SHARING) layout.big = windows.find((one) => one.x === 0)?.user || "";
    failure = null;
    refresh();
    requestAnimationFrame(() => document.getElementById("change-layout")?.scrollIntoView({ block: "nearest" }));
  }

  async function applyLayout(event) {
    event.preventDefault();
    failure = null;
    try {
      await call("UpdatePublishCdnStream", layoutChange(task, layout.params()));
      announce("The new layout is stored");
      layout = null;
    } catch (error) {
      failure = error;
    }
    refresh();
  }

  function people() {
    const room = live.rooms.get(`${task.SdkAppId}/${task.RoomIdType}/${task.RoomId}`);
    return (room?.Members || []).filter((one) => one.Role === "main" && one.Video).map((one) => one.UserId);
  }

  function watchState() {
    const words = `${task.State} ${task.Destinations.map((one) => one.State).join(" ")}`;
    if (before && words !== before) {
      announce(`Task ${task.State}; ${task.Destinations.map((one, number) => `destination ${number + 1} ${one.State}`).join(", ")}`);
    }
    before = words;
  }

  function figures() {
    const pending = task.Revision > task.VisibleRevision && isLive(task) && task.VisibleRevision >= 0;
    const fact = (name, ...value) => h("div", { key: name, class: "fact" }, h("dt", {}, name), h("dd", {}, value));
    return h(
      "dl",
      { class: "facts panel" },
      fact("Bit rate", bitRate(totalRate(task)), isLive(task) && curve(live.rates.get(key) || [], "Bit rate of the last two minutes")),
      fact("Dropped frames", h("span", { class: totalDropped(task) ? "warned" : "" }, whole(totalDropped(task)))),
      fact("Room", h("a", { href: toRoom(task) }, task.RoomId), " ", roomKind(task)),
      task.VideoEncode ? fact("Picture", `${task.VideoEncode.Width}×${task.VideoEncode.Height}, ${task.VideoEncode.Fps} fps, ${bitRate(task.VideoEncode.BitRate)}`) : fact("Picture", task.Video ? "as it is published" : "none, sound alone"),
      fact("Started", moment(task.CreatedTime), h("span", { class: "muted" }, " · ", since(task.CreatedTime), " ago")),
      fact("Revision", task.Revision, pending ? h("span", { class: "muted" }, " · not to be seen yet") : null),
      fact("Robot", h("span", { class: "mono" }, task.RobotUserId)),
      fact("Worker", task.Worker || "none", task.Epoch > 1 && h("span", { class: "muted" }, ` · taken over ${task.Epoch - 1}×`)),
    );
  }

  function layoutPanel(canvas) {
    const payload = layoutChange(task, layout.params());
    const errors = placed(failure);
    return h(
      "form",
      { key: "change", id: "change-layout", class: "panel", onsubmit: applyLayout, "aria-label": "Change the layout" },
      h("div", { class: "panel-head" }, h("h2", {}, "Change the layout"), h("span", { class: "muted small" }, "the pushes go on without a gap")),
      h(
        "div",
        { class: "pad stack" },
        layout.render({ ...canvas, users: people(), errors }),
        failure && !Object.keys(errors).length && trouble(failure),
        h("div", { class: "row" }, h("button", { type: "submit", class: "button button-main" }, "Apply"), button("Cancel", () => ((layout = null), (failure = null), refresh()))),
        h("details", {}, h("summary", {}, "The same as a call of the API"), code.render("UpdatePublishCdnStream", payload)),
      ),
    );
  }

  return {
    title: "Task",
    leave() {
      line.close();
      code.close();
      preview.stop();
    },
    render() {
      task = live.tasks.get(key) || task;
      if (!task) {
        return missing
          ? [h("h1", { tabindex: -1 }, "Task"), empty("No such task", missing.message, link("All tasks", to("tasks")))]
          : [h("h1", { tabindex: -1 }, "Task"), h("p", { class: "muted waiting" }, "Reading…")];
      }
      watchState();
      const running = task.State === "running";
      if (running && !begun) {
        begun = true;
        preview.start();
      }
      if (!isLive(task) && preview.playing) preview.stop();
      const canvas = canvasOf(task);
      return [
        h(
          "div",
          { class: "page-head" },
          h("a", { class: "back", href: to("tasks") }, "Tasks"),
          h("h1", { tabindex: -1 }, taskTitle(task)),
          taskState(task),
          task.Reason && h("span", { class: "muted" }, task.Reason),
          h("span", { class: "grow" }),
          canvas && running && !layout && button("Change the layout", openLayout, { picture: "layout" }),
          isLive(task) && task.State !== "stopping" && button("Stop", stop, { kind: "danger", picture: "stop" }),
        ),
        h("p", { class: "row tight task-id small muted" }, h("code", {}, id), copyButton(id, "the TaskId")),
        failure && !layout && trouble(failure),
        (isLive(task) ? task.Notes || [] : []).map((note, number) => h("p", { class: "note", key: `note-${number}` }, note)),
        figures(),
        h("datalist", { id: "people" }, people().map((name) => h("option", { key: name, value: name }))),
        layout && layoutPanel(canvas),
        isLive(task) &&
          h(
            "div",
            { class: canvas ? "two even" : "two lone", key: "pictures" },
            panel("Output", { note: "live, by WHEP" }, preview.render()),
            canvas && panel("Layout", { note: `${canvas.width}×${canvas.height}` }, h("div", { class: "drawing-box" }, drawing(canvas.width, canvas.height, windowsOf(task), "Layout"))),
          ),
        panel(
          "Destinations",
          {
            key: "destinations",
            actions: running && task.Destinations.length < MOST_URLS && !destinations.adding ? [button("Add", () => destinations.toggle(), { small: true, picture: "plus", "aria-label": "Add a destination" })] : [],
          },
          destinations.render(),
        ),
        task.FeedBackRooms?.length > 0 && panel("Back into rooms", { key: "rooms" }, fedBack(task)),
        panel("Time line", { key: "line", note: "what happened, and why" }, line.render()),
      ];
    },
  };
}
