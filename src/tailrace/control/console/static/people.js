// Members of rooms, as lists show them.

import { h } from "./dom.js";
import { icon } from "./icons.js";
import { link, since } from "./parts.js";
import { to } from "./route.js";

const VIA = { rtmp: "RTMP", whip: "WHIP", feedback: "feedback", task: "task" };

/** Who can be relayed or watched. */
export function publishers(room) {
  return room.Members.filter((member) => member.Audio || member.Video);
}

export function streamType(member) {
  return member.Role === "aux" ? 1 : 0;
}

/** A member by the stream, in words: somebody may publish a camera and a screen. */
export function called(member) {
  return member.Role === "aux" ? `${member.UserId}, screen` : member.UserId;
}

/** What a member publishes: picture with its size, sound. */
export function published(member) {
  if (!member.Audio && !member.Video) return h("span", { class: "muted" }, "nothing");
  const size = member.Width ? ` ${member.Width}×${member.Height}` : "";
  return h(
    "span",
    { class: "row tight" },
    member.Video && h("span", { class: "tag" }, icon(member.Role === "aux" ? "screen" : "picture"), h("span", {}, `${member.Role === "aux" ? "screen" : "picture"}${size}`)),
    member.Audio && h("span", { class: "tag" }, icon("sound"), h("span", {}, "sound")),
  );
}

export function memberRow(room, member, ...actions) {
  const robot = member.Role === "robot";
  return h(
    "li",
    { key: `${member.UserId}/${member.Role}`, class: "member" },
    h("span", { class: "member-name" }, robot && icon("robot"), h("strong", {}, member.UserId)),
    h(
      "span",
      { class: "member-what" },
      robot ? h("span", { class: "muted" }, "robot of ", member.TaskId ? h("a", { href: to("tasks", [room.SdkAppId, member.TaskId]) }, "a task") : "a task") : published(member),
    ),
    h("span", { class: "muted small member-via" }, VIA[member.Via] || member.Via, " · ", since(member.Since)),
    h("span", { class: "member-actions row tight" }, actions),
  );
}

export function relayLink(room, member) {
  return link("Relay", to("start", [], { app: room.SdkAppId, room: room.RoomId, type: room.RoomIdType, user: member.UserId, stream: streamType(member), mix: 0 }), {
    small: true,
    "aria-label": `Relay ${member.UserId}`,
  });
}

export function mixLink(room, props = {}) {
  return link("Mix this room", to("start", [], { app: room.SdkAppId, room: room.RoomId, type: room.RoomIdType, mix: 1 }), { picture: "layout", ...props });
}

export function roomKind(room) {
  return h("span", { class: "tag" }, room.RoomIdType === 0 ? "numeric" : "string");
}
