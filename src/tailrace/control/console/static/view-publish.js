// Publish: camera, screen or a test picture of this browser, into a room.

import { userSig } from "./api.js";
import { h } from "./dom.js";
import { choice, field } from "./fields.js";
import { bitRate } from "./format.js";
import { announce, link, panel, state, trouble } from "./parts.js";
import { localPicture, mediaAddress } from "./preview.js";
import { toRoom } from "./route.js";
import { Connection } from "./rtc.js";
import { testPicture } from "./testpicture.js";

const LOOK_EACH = 1000;
const SIG_LIFETIME = 3600;
const SIZES = [
  ["1280x720", "1280 × 720"],
  ["640x360", "640 × 360"],
  ["1920x1080", "1920 × 1080"],
];

const WHY = {
  NotAllowedError: "The browser was not allowed to use it. Allow it beside the address, or choose the test picture.",
  NotFoundError: "There is no such device here. Plug one in, or choose the test picture.",
  NotReadableError: "Another program uses the device.",
};

export function publishView({ live, session, refresh }, query) {
  const form = {
    app: query.app || String(session.Apps[0]?.SdkAppId || ""),
    room: query.room || "",
    type: query.type || "1",
    user: query.user || `web_${crypto.getRandomValues(new Uint16Array(1))[0].toString(36)}`,
    source: "test",
    size: "1280x720",
    kbps: "1500",
    codec: "video/H264",
  };
  let source = null;
  let connection = null;
  let figures = null;
  let failure = null;
  let timer = null;
  let busy = false;

  const put = (name) => (value) => {
    form[name] = value;
    refresh();
  };

  async function begin(event) {
    event.preventDefault();
    failure = null;
    busy = true;
    refresh();
    try {
      await end();
      source = await open();
      // Whoever ends the sharing by the browser's own button means it.
      for (const track of source.stream.getVideoTracks()) track.onended = () => end().then(refresh);
      const token = await userSig(Number(form.app), form.user, SIG_LIFETIME);
      const aux = form.source === "screen" ? { streamtype: 1 } : {};
      const numeric = form.type === "0" ? { use_number_room_id: 1 } : {};
      connection = new Connection({
        address: mediaAddress(session, "pub", form.app, form.room.trim(), { SessionID: form.user, ...numeric, ...aux }),
        token,
        changed: told,
      });
      timer = setInterval(look, LOOK_EACH);
      await connection.publish(source.stream, { codec: form.codec, kbps: Number(form.kbps) || 1500 });
    } catch (error) {
      failure = error.name in WHY ? { message: WHY[error.name], code: error.name } : error;
      await end();
    } finally {
      busy = false;
      refresh();
    }
  }

  async function open() {
    const [width, height] = form.size.split("x").map(Number);
    if (form.source === "test") return testPicture({ width, height, fps: 30, name: `${form.user} in ${form.room}` });
    const picture = { width: { ideal: width }, height: { ideal: height }, frameRate: { ideal: 30 } };
    const media = navigator.mediaDevices;
    if (!media) throw new Error("Browsers give camera and screen only to pages over https, or on this machine itself.");
    const stream = form.source === "camera" ? await media.getUserMedia({ video: picture, audio: true }) : await media.getDisplayMedia({ video: picture, audio: true });
    return { stream, stop: async () => stream.getTracks().forEach((track) => track.stop()) };
  }

  function told(one) {
    if (one === connection) {
      if (one.state === "live") announce("Publishing");
      if (one.state === "lost") {
        failure = one.failure;
        announce("Publishing has broken off");
        end().then(refresh);
      }
    }
    refresh();
  }

  async function end() {
    clearInterval(timer);
    const [was, sent] = [connection, source];
    connection = source = figures = null;
    await was?.close();
    await sent?.stop();
  }

  async function look() {
    figures = (await connection?.figures()) || null;
    refresh();
  }

  function settings() {
    const apps = session.Apps.map((app) => [String(app.SdkAppId), String(app.SdkAppId)]);
    const off = Boolean(connection) || busy;
    return h(
      "fieldset",
      { class: "bare stack", disabled: off },
      h("legend", { class: "unseen" }, "What to publish, and where"),
      choice({ label: "Source", path: "source", value: form.source, put: put("source"), options: [["test", "Test picture"], ["camera", "Camera"], ["screen", "Screen"]] }),
      h(
        "div",
        { class: "columns" },
        apps.length > 1 && field({ key: "app", label: "Application", path: "app", options: apps, value: form.app, put: put("app") }),
        field({ key: "room", label: "Room", path: "room", value: form.room, list: "rooms", put: put("room"), required: true }),
        choice({ label: "Kind of room", path: "type", value: form.type, put: put("type"), options: [["1", "String"], ["0", "Numeric"]] }),
        field({ key: "user", label: "As the user", path: "user", value: form.user, put: put("user"), required: true, pattern: "[A-Za-z0-9_\\-]{1,64}", title: "letters, digits, underscores and hyphens" }),
      ),
      h(
        "div",
        { class: "columns small-fields" },
        field({ label: "Size", path: "size", options: SIZES, value: form.size, put: put("size") }),
        field({ label: "At most, kbit/s", path: "kbps", type: "number", min: 100, max: 10000, value: form.kbps, put: put("kbps") }),
        field({ label: "Codec", path: "codec", options: [["video/H264", "H.264"], ["video/VP8", "VP8"]], value: form.codec, put: put("codec") }),
      ),
    );
  }

  function tells() {
    const { width, height, fps, kbps, codec } = figures || {};
    return h(
      "dl",
      { class: "facts inside" },
      h("div", { class: "fact" }, h("dt", {}, "State"), h("dd", {}, connection ? state(connection.state) : h("span", { class: "muted" }, "not publishing"))),
      h("div", { class: "fact" }, h("dt", {}, "Bit rate"), h("dd", {}, connection ? bitRate(kbps) : "–")),
      h("div", { class: "fact" }, h("dt", {}, "Picture"), h("dd", {}, width ? `${width}×${height}, ${fps} fps` : "–")),
      h("div", { class: "fact" }, h("dt", {}, "Codec"), h("dd", {}, codec || "–")),
    );
  }

  return {
    title: "Publish",
    leave: () => end(),
    render() {
      const rooms = [...live.rooms.values()].filter((room) => String(room.SdkAppId) === form.app && String(room.RoomIdType) === form.type);
      return [
        h("div", { class: "page-head" }, h("h1", { tabindex: -1 }, "Publish from this browser")),
        h("datalist", { id: "rooms" }, rooms.map((room) => h("option", { key: room.RoomId, value: room.RoomId }))),
        h(
          "div",
          { class: "two" },
          h(
            "form",
            { class: "panel", onsubmit: begin },
            h("div", { class: "panel-head" }, h("h2", {}, "Into a room")),
            h(
              "div",
              { class: "pad stack" },
              settings(),
              trouble(failure),
              h(
                "div",
                { class: "row" },
                connection
                  ? h("button", { key: "stop", type: "button", class: "button button-danger", onclick: () => end().then(() => (announce("Stopped"), refresh())) }, "Stop")
                  : h("button", { key: "start", type: "submit", class: "button button-main", disabled: busy }, busy ? "Starting…" : "Publish"),
                connection && link("To the room", toRoom({ SdkAppId: form.app, RoomIdType: form.type, RoomId: form.room.trim() }), { picture: "room", target: "_blank", rel: "noopener", "aria-label": "To the room, in a new tab" }),
              ),
              connection && h("p", { class: "hint" }, "It goes on while this page is open. Other pages of the console: in a new tab."),
            ),
          ),
          panel("What is sent", {}, h("div", { class: "preview" }, h("div", { class: "preview-frame" }, source ? localPicture(source.stream, "What this browser sends") : h("div", { class: "preview-words" }, h("p", {}, "Nothing is sent yet.")))), tells()),
        ),
      ];
    },
  };
}
