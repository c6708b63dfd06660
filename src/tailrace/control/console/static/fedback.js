// The rooms that a task's output is fed back into.

import { h } from "./dom.js";
import { whole } from "./format.js";
import { cell, moment, state, table } from "./parts.js";
import { roomKind } from "./people.js";
import { toRoom } from "./route.js";

export function fedBack(task) {
  return table(
    "Back into rooms",
    ["State", "Room", "User", "#Pictures", "#Packets of sound"],
    task.FeedBackRooms.map((one) =>
      h(
        "tr",
        { key: `${one.RoomIdType}/${one.RoomId}/${one.UserId}` },
        cell("State", {}, state(one.State), h("div", { class: "small muted" }, "since ", moment(one.Since))),
        cell("Room", { class: "wide-cell" }, h("a", { href: toRoom({ ...one, SdkAppId: task.SdkAppId }) }, one.RoomId), " ", roomKind(one)),
        cell("User", {}, one.UserId),
        cell("Pictures", { class: "number" }, whole(one.VideoFrames)),
        cell("Packets of sound", { class: "number" }, whole(one.AudioFrames)),
      ),
    ),
    { class: "scroll stacked" },
  );
}
