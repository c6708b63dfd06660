// Start: a form whose every field is a parameter of StartPublishCdnStream, and the call that it makes.

import { call, userSig } from "./api.js";
import { CodePanel } from "./codepanel.js";
import { h } from "./dom.js";
import { check, choice, field, focusOn, placed } from "./fields.js";
import { LayoutForm } from "./layoutform.js";
import { roomKey } from "./live.js";
import { announce, button, trouble } from "./parts.js";
import { publishers } from "./people.js";
import { toTask } from "./route.js";
import { SIZES, blank, startPayload, textMark } from "./startrequest.js";

const MOST_URLS = 10;
const MOST_ROOMS = 10;
const MOST_MARKS = 25;
// A robot stays in a room as long as its task; the signature is checked when it enters.
const SIG_LIFETIME = 86400;

export function startView({ live, session, refresh }, query) {
  const form = blank(session.Apps.map((app) => app.SdkAppId), query);
  const code = new CodePanel(refresh);
  const layout = new LayoutForm({ path: "VideoParams.LayoutParams", width: 1280, height: 720, refresh });
  let failure = null;
  let errors = {};
  let busy = false;

  const put = (name) => (value) => {
    form[name] = value;
    refresh();
  };
  const set = (one, name) => (value) => {
    one[name] = value;
    refresh();
  };

  async function send(event) {
    event.preventDefault();
    busy = true;
    failure = null;
    errors = {};
    refresh();
    try {
      const answer = await call("StartPublishCdnStream", startPayload(form, layout));
      announce("The task is started");
      location.hash = toTask({ SdkAppId: Number(form.app), TaskId: answer.TaskId });
    } catch (error) {
      failure = error;
      errors = placed(error, document.getElementById("start-form"));
      const [path] = Object.keys(errors);
      requestAnimationFrame(() => requestAnimationFrame(() => path && focusOn(path)));
    } finally {
      busy = false;
      refresh();
    }
  }

  function place() {
    return live.rooms.get(roomKey({ SdkAppId: form.app, RoomIdType: form.roomType, RoomId: form.room }));
  }

  function where() {
    const apps = session.Apps.map((app) => [String(app.SdkAppId), String(app.SdkAppId)]);
    const room = place();
    const hint = !form.room ? "Nobody need be there yet." : room ? `${publishers(room).length} publishing now.` : "Nobody is there yet; the task waits.";
    return group(
      "Where",
      h(
        "div",
        { class: "columns" },
        apps.length > 1
          ? field({ label: "Application", path: "SdkAppId", options: apps, value: form.app, errors, put: put("app") })
          : field({ label: "Application", path: "SdkAppId", value: form.app, errors, put: put("app"), inputmode: "numeric" }),
        field({ label: "Room", path: "RoomId", value: form.room, hint, list: "rooms", errors, put: put("room"), required: true }),
        choice({ label: "Kind of room", path: "RoomIdType", value: form.roomType, errors, put: put("roomType"), options: [["1", "String"], ["0", "Numeric"]] }),
      ),
    );
  }

  function what() {
    const mix = form.mix === "1";
    return group(
      "What",
      choice({ label: "Relay", path: "WithTranscoding", value: form.mix, errors, put: put("mix"), options: [["0", "One stream as it is"], ["1", "A mix of everybody"]] }),
      choice({ label: "With", path: "picture", value: form.picture ? "1" : "0", put: (value) => put("picture")(value === "1"), options: [["1", "Sound and picture"], ["0", "Sound alone"]] }),
      !mix &&
        h(
          "div",
          { class: "columns", key: "single" },
          field({ label: "User", path: "SingleSubscribeParams.UserMediaStream.UserInfo.UserId", value: form.user, list: "people", errors, put: put("user"), required: true }),
          choice({ label: "Stream", path: "SingleSubscribeParams.UserMediaStream.StreamType", value: form.streamType, errors, put: put("streamType"), options: [["0", "Camera"], ["1", "Screen"]] }),
        ),
    );
  }

  function picture() {
    const path = (name) => `VideoParams.VideoEncode.${name}`;
    const figure = (label, name, api, props) => field({ label, path: path(api), type: "number", value: form[name], errors, put: put(name), ...props });
    const users = (place()?.Members || []).filter((one) => one.Video && one.Role === "main").map((one) => one.UserId);
    return group(
      "Picture",
      h(
        "div",
        { class: "columns small-fields" },
        field({ label: "Size", path: "size", options: SIZES, value: form.size, put: size }),
        form.size === "" && figure("Width", "width", "Width", { min: 2, max: 1920, step: 2, key: "width" }),
        form.size === "" && figure("Height", "height", "Height", { min: 2, max: 1920, step: 2, key: "height" }),
        figure("Frames per second", "fps", "Fps", { min: 1, max: 60, key: "fps" }),
        figure("Bit rate, kbit/s", "kbps", "BitRate", { min: 1, max: 10000, key: "kbps" }),
        figure("Key frame each, s", "gop", "Gop", { min: 1, max: 5, key: "gop" }),
      ),
      layout.render({ width: Number(form.width) || 1280, height: Number(form.height) || 720, users, errors }),
      h(
        "details",
        { class: "more" },
        h("summary", {}, "Background and watermarks"),
        h(
          "div",
          { class: "stack" },
          h(
            "div",
            { class: "columns" },
            h(
              "div",
              { class: "row bottom", key: "colour" },
              field({ label: "Background colour", path: "VideoParams.BackGroundColor", type: "color", value: form.colour || "#000000", errors, put: put("colour") }),
              form.colour && button("Black", () => put("colour")(""), { small: true }),
            ),
            field({ label: "Background image", path: "VideoParams.BackgroundImageUrl", type: "text", inputmode: "url", hint: "png or jpg, at most 5 MB", value: form.image, errors, put: put("image") }),
          ),
          form.marks.map(watermark),
          h("div", { class: "row", key: "add" }, button("Add a watermark", () => (form.marks.push(textMark()), refresh()), { small: true, picture: "plus", disabled: form.marks.length >= MOST_MARKS })),
        ),
      ),
    );
  }

  function size(text) {
    form.size = text;
    if (text) [form.width, form.height] = text.split("x");
    refresh();
  }

  function watermark(one, number) {
    const kind = one.kind === "1" ? "WaterMarkText" : "WaterMarkImage";
    const path = (name) => `VideoParams.WaterMarkList.${number}.${kind}.${name}`;
    const figure = (label, name, api) => field({ label, path: path(api), type: "number", min: 0, value: one[name], errors, put: set(one, name) });
    return h(
      "fieldset",
      { key: `mark-${number}`, class: "box" },
      h("legend", {}, `Watermark ${number + 1}`),
      choice({ label: "Kind", path: `VideoParams.WaterMarkList.${number}.WaterMarkType`, value: one.kind, errors, put: set(one, "kind"), options: [["1", "Text"], ["0", "Image"]] }),
      one.kind === "1"
        ? h(
            "div",
            { class: "columns small-fields", key: "text" },
            field({ label: "Text", path: path("Text"), value: one.text, errors, put: set(one, "text") }),
            figure("Font size", "font", "FontSize"),
            field({ label: "Colour", path: path("FontColor"), type: "color", value: one.colour, errors, put: set(one, "colour") }),
          )
        : field({ key: "image", label: "Address of the image", path: path("WaterMarkUrl"), inputmode: "url", value: one.url, errors, put: set(one, "url") }),
      h("div", { class: "columns small-fields" }, figure("X", "x", "LocationX"), figure("Y", "y", "LocationY"), figure("Width", "width", "WaterMarkWidth"), figure("Height", "height", "WaterMarkHeight")),
      button("Remove", () => (form.marks.splice(number, 1), refresh()), { small: true, kind: "plain", picture: "remove", "aria-label": `Remove watermark ${number + 1}` }),
    );
  }

  function goals() {
    return group(
      "Where to",
      form.urls.map((one, number) =>
        h(
          "div",
          { class: "row bottom", key: `url-${number}` },
          h("div", { class: "grow" }, field({ label: `Push address ${number + 1}`, path: `PublishCdnParams.${number}.PublishCdnUrl`, inputmode: "url", placeholder: "rtmp://cdn.example/live/name?key=…", value: one.url, errors, put: set(one, "url") })),
          check({ label: "Tencent CDN", path: `PublishCdnParams.${number}.IsTencentCdn`, value: one.tencent, put: set(one, "tencent") }),
          button("Remove", () => (form.urls.splice(number, 1), refresh()), { small: true, kind: "plain", picture: "remove", "aria-label": `Remove push address ${number + 1}` }),
        ),
      ),
      h(
        "div",
        { class: "row", "data-path": "PublishCdnParams", tabindex: -1 },
        button("Add an address", () => (form.urls.push({ url: "", tencent: false }), refresh()), { small: true, picture: "plus", disabled: form.urls.length >= MOST_URLS }),
        button("Add a room", () => (form.rooms.push({ room: "", type: "1", user: "", sig: "" }), refresh()), { small: true, picture: "plus", disabled: form.rooms.length >= MOST_ROOMS }),
        errors.PublishCdnParams && h("p", { class: "wrong" }, errors.PublishCdnParams),
      ),
      form.rooms.map(backInto),
    );
  }

  function backInto(one, number) {
    const path = (name) => `FeedBackRoomParams.${number}.${name}`;
    const sign = async () => {
      one.sig = await userSig(Number(form.app), one.user, SIG_LIFETIME).catch(() => one.sig);
      refresh();
    };
    return h(
      "fieldset",
      { key: `room-${number}`, class: "box" },
      h("legend", {}, `Back into room ${number + 1}`),
      h(
        "div",
        { class: "columns" },
        field({ label: "Room", path: path("RoomId"), value: one.room, errors, put: set(one, "room") }),
        choice({ label: "Kind of room", path: path("RoomIdType"), value: one.type, errors, put: set(one, "type"), options: [["1", "String"], ["0", "Numeric"]] }),
        field({ label: "As the user", path: path("UserId"), value: one.user, errors, put: set(one, "user") }),
      ),
      h(
        "div",
        { class: "row bottom" },
        h("div", { class: "grow" }, field({ label: "UserSig of that user", path: path("UserSig"), value: one.sig, errors, put: set(one, "sig") })),
        button("Make one", sign, { small: true, disabled: !one.user }),
        button("Remove", () => (form.rooms.splice(number, 1), refresh()), { small: true, kind: "plain", picture: "remove", "aria-label": `Remove room ${number + 1}` }),
      ),
    );
  }

  function more() {
    const sound = (name, label, api, options) => field({ label, path: `AudioParams.AudioEncode.${api}`, options, value: form.sound[name], errors, put: set(form.sound, name), ...(options ? {} : { type: "number", min: 8, max: 500 }) });
    const rates = ["48000", "44100", "32000", "24000", "16000", "8000"].map((rate) => [rate, `${Number(rate) / 1000} kHz`]);
    return h(
      "details",
      { class: "panel group more" },
      h("summary", {}, "Sound and robot"),
      h(
        "div",
        { class: "pad stack" },
        h(
          "div",
          { class: "columns small-fields" },
          sound("rate", "Sample rate", "SampleRate", rates),
          sound("channels", "Channels", "Channel", [["2", "Stereo"], ["1", "Mono"]]),
          sound("kbps", "Sound, kbit/s", "BitRate"),
          sound("codec", "Codec", "Codec", [["0", "AAC-LC"], ["1", "HE-AAC"], ["2", "HE-AAC v2"]]),
        ),
        h(
          "div",
          { class: "columns" },
          field({ label: "Robot's user name", path: "AgentParams.UserId", hint: "Nobody else may have it in this room.", value: form.robot, errors, put: put("robot"), required: true }),
          field({ label: "End when the room is empty for, s", path: "AgentParams.MaxIdleTime", type: "number", min: 5, max: 86400, value: form.idle, errors, put: put("idle") }),
        ),
      ),
    );
  }

  return {
    title: "Start a relay",
    leave: () => code.close(),
    render() {
      const rooms = [...live.rooms.values()].filter((room) => String(room.SdkAppId) === form.app && String(room.RoomIdType) === form.roomType);
      const nowhere = failure && !Object.keys(errors).length;
      return [
        h("div", { class: "page-head" }, h("h1", { tabindex: -1 }, "Start a relay")),
        h("datalist", { id: "rooms" }, rooms.map((room) => h("option", { key: room.RoomId, value: room.RoomId }))),
        h("datalist", { id: "people" }, publishers(place() || { Members: [] }).map((one) => h("option", { key: `${one.UserId}/${one.Role}`, value: one.UserId }))),
        h(
          "div",
          { class: "two start" },
          h(
            "form",
            { id: "start-form", class: "stack", onsubmit: send, novalidate: true },
            where(),
            what(),
            form.mix === "1" && form.picture && h("div", { key: "picture" }, picture()),
            goals(),
            more(),
            nowhere && trouble(failure),
            h("div", { class: "row send" }, h("button", { type: "submit", class: "button button-main", disabled: busy }, busy ? "Starting…" : "Start")),
          ),
          h("aside", { class: "beside", "aria-label": "The call" }, h("section", { class: "panel" }, h("div", { class: "panel-head" }, h("h2", {}, "The call")), code.render("StartPublishCdnStream", startPayload(form, layout)))),
        ),
      ];
    },
  };
}

function group(title, ...children) {
  return h("fieldset", { class: "panel group", key: title }, h("legend", {}, title), h("div", { class: "pad stack" }, children));
}
