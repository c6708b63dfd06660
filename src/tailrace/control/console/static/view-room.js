// One room: its members, a preview of one of them, its tasks, and the addresses to publish to and play from.

import { userSig } from "./api.js";
import { h } from "./dom.js";
import { field } from "./fields.js";
import { roomKey } from "./live.js";
import { called, memberRow, mixLink, publishers, relayLink, roomKind, streamType } from "./people.js";
import { bitRate } from "./format.js";
import { button, copyable, empty, link, panel, since, taskState, trouble } from "./parts.js";
import { Preview, mediaAddress } from "./preview.js";
import { to, toTask } from "./route.js";
import { totalRate } from "./live.js";

// As long as the server gives one here.
const SIG_LIFETIME = 86400;

export function roomView({ live, session, refresh }, [app, type, id]) {
  const place = { SdkAppId: Number(app), RoomIdType: Number(type), RoomId: id };
  const numeric = place.RoomIdType === 0 ? { use_number_room_id: 1 } : {};
  let preview = null;
  let watched = null;
  let user = "";
  let addresses = null;
  let failure = null;

  async function watch(member) {
    await preview?.stop();
    watched = `${member.UserId}/${member.Role}`;
    preview = new Preview({
      app: place.SdkAppId,
      label: `Preview of ${called(member)}`,
      refresh,
      address: (viewer) => mediaAddress(session, "sub", app, id, { SessionID: viewer, remoteuserid: member.UserId, streamtype: streamType(member), ...numeric }),
    });
    preview.start();
  }

  async function make(event) {
    event.preventDefault();
    failure = null;
    try {
      const sig = await userSig(place.SdkAppId, user.trim(), SIG_LIFETIME);
      addresses = { user: user.trim(), sig };
    } catch (error) {
      failure = error;
      addresses = null;
    }
    refresh();
  }

  function lines() {
    const { user: name, sig } = addresses;
    const query = new URLSearchParams({ sdkappid: app, userid: name, usersig: sig, ...numeric });
    return [
      session.RtmpUrl && copyable("RTMP, for OBS and ffmpeg", `${session.RtmpUrl}/push/${encodeURIComponent(id)}?${query}`),
      copyable("WHIP address", mediaAddress(session, "pub", app, id, { SessionID: name, ...numeric })),
      copyable("WHEP address, to watch as this user", mediaAddress(session, "sub", app, id, { SessionID: name, ...numeric })),
      copyable("Bearer token of both (the UserSig)", sig, "good for a day"),
    ];
  }

  return {
    title: `Room ${id}`,
    leave: () => preview?.stop(),
    render() {
      const room = live.rooms.get(roomKey(place)) || { ...place, Members: [] };
      const tasks = live.tasksOf(place).filter((task) => task.State !== "ended");
      return [
        h(
          "div",
          { class: "page-head" },
          h("a", { class: "back", href: to("rooms") }, "Rooms"),
          h("h1", { tabindex: -1 }, id),
          roomKind(place),
          h("span", { class: "muted" }, `app ${app}`),
          h("span", { class: "grow" }),
          mixLink(place, { kind: publishers(room).length ? "main" : "" }),
        ),
        h(
          "div",
          { class: "two" },
          h(
            "div",
            { class: "stack" },
            panel(
              "Members",
              {},
              room.Members.length
                ? h(
                    "ul",
                    { class: "members watchable" },
                    room.Members.map((member) =>
                      memberRow(
                        room,
                        member,
                        publishers({ Members: [member] }).length
                          ? [
                              button("Watch", () => watch(member), { small: true, picture: "play", "aria-label": `Watch ${called(member)}`, "aria-pressed": String(watched === `${member.UserId}/${member.Role}`) }),
                              relayLink(room, member),
                            ]
                          : null,
                      ),
                    ),
                  )
                : empty("Nobody is here", "Use the addresses on this page to publish into this room, or publish from this browser.", link("Publish from this browser", to("publish", [], { app, room: id, type }), { picture: "publish" })),
            ),
            panel(
              "Tasks",
              {},
              tasks.length
                ? h("ul", { class: "plain-list" }, tasks.map((task) => h("li", { key: task.TaskId, class: "row" }, taskState(task), h("a", { href: toTask(task) }, task.WithTranscoding ? "Mix" : `Relay of ${task.UserId}`), h("span", { class: "muted small grow" }, since(task.CreatedTime)), h("span", { class: "number" }, bitRate(totalRate(task))))))
                : h("p", { class: "muted pad" }, "No task relays this room."),
            ),
          ),
          h(
            "div",
            { class: "stack" },
            panel("Preview", {}, preview ? h("div", { key: watched }, preview.render()) : h("div", { class: "preview" }, h("div", { class: "preview-frame" }, h("div", { class: "preview-words" }, h("p", {}, "Choose Watch beside a member."))))),
            panel(
              "Addresses",
              {},
              h(
                "form",
                { class: "pad row bottom", onsubmit: make },
                h("div", { class: "grow" }, field({ label: "For the user", path: "UserId", value: user, put: (text) => (user = text), required: true, placeholder: "anna", pattern: "[A-Za-z0-9_\\-]+" })),
                h("button", { type: "submit", class: "button" }, "Make addresses"),
              ),
              failure && h("div", { class: "pad" }, trouble(failure)),
              addresses && h("div", { class: "pad stack" }, lines()),
            ),
          ),
        ),
      ];
    },
  };
}
