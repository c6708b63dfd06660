// Rooms: who publishes what, as it is now.

import { h } from "./dom.js";
import { memberRow, mixLink, publishers, relayLink, roomKind } from "./people.js";
import { empty, link, taskState } from "./parts.js";
import { to, toRoom, toTask } from "./route.js";
import { roomKey } from "./live.js";

export function roomsView({ live, session }) {
  function room(one) {
    const tasks = live.tasksOf(one).filter((task) => task.State !== "ended");
    return h(
      "section",
      { class: "panel room", key: roomKey(one), "aria-label": `Room ${one.RoomId}` },
      h(
        "div",
        { class: "panel-head" },
        h("h2", {}, h("a", { href: toRoom(one) }, one.RoomId)),
        roomKind(one),
        session.Apps.length > 1 && h("span", { class: "muted small" }, `app ${one.SdkAppId}`),
        h("span", { class: "grow" }),
        publishers(one).length > 0 && mixLink(one, { small: true }),
      ),
      h("ul", { class: "members" }, one.Members.map((member) => memberRow(one, member, publishers({ Members: [member] }).length ? relayLink(one, member) : null))),
      tasks.length > 0 &&
        h("p", { class: "room-tasks row small" }, h("span", { class: "muted" }, "Tasks"), tasks.map((task) => h("a", { key: task.TaskId, href: toTask(task) }, taskState(task)))),
    );
  }

  return {
    title: "Rooms",
    render() {
      const rooms = [...live.rooms.values()].sort((a, b) => a.RoomId.localeCompare(b.RoomId) || a.RoomIdType - b.RoomIdType);
      const people = rooms.reduce((sum, one) => sum + publishers(one).length, 0);
      return [
        h(
          "div",
          { class: "page-head" },
          h("h1", { tabindex: -1 }, "Rooms"),
          h("p", { class: "muted" }, rooms.length ? `${rooms.length} ${rooms.length === 1 ? "room" : "rooms"}, ${people} ${people === 1 ? "stream" : "streams"}` : ""),
        ),
        rooms.length
          ? h("div", { class: "rooms" }, rooms.map(room))
          : live.state === "live"
            ? empty(
                "Nobody is in a room",
                "A room is there as soon as somebody publishes into it: OBS or ffmpeg over RTMP, any WHIP client, or this browser.",
                link("Publish from this browser", to("publish"), { kind: "main", picture: "publish" }),
              )
            : h("p", { class: "muted waiting" }, "Waiting for the first news…"),
      ];
    },
  };
}
