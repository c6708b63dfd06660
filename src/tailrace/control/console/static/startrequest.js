// StartPublishCdnStream, made of what stands in the form.

import { stream } from "./layoutform.js";

export const SIZES = [
  ["1280x720", "1280 × 720"],
  ["1920x1080", "1920 × 1080"],
  ["854x480", "854 × 480"],
  ["640x360", "640 × 360"],
  ["720x1280", "720 × 1280, upright"],
  ["1080x1920", "1080 × 1920, upright"],
  ["", "Another"],
];

const SOUND = { rate: "48000", channels: "2", kbps: "64", codec: "0" };

/** What the form holds in the beginning; `query` is what the page's address says. */
export function blank(apps, query) {
  return {
    app: query.app || String(apps[0] || ""),
    room: query.room || "",
    roomType: query.type || "1",
    robot: `relay_${crypto.getRandomValues(new Uint32Array(1))[0].toString(36)}`,
    idle: "30",
    mix: query.mix || "0",
    user: query.user || "",
    streamType: query.stream || "0",
    picture: true,
    size: "1280x720",
    width: "1280",
    height: "720",
    fps: "15",
    kbps: "1500",
    gop: "2",
    sound: { ...SOUND },
    colour: "",
    image: "",
    marks: [],
    urls: [{ url: "", tencent: false }],
    rooms: [],
  };
}

export function textMark() {
  return { kind: "1", text: "", url: "", width: "320", height: "60", x: "24", y: "24", font: "32", colour: "#ffffff" };
}

/** What was not typed as a number goes as it is: the API says what is wrong with it. */
function number(text) {
  const value = Number(text);
  return text.trim() !== "" && Number.isFinite(value) ? value : text;
}

export function colourOf(text) {
  return text.replace(/^#/, "0x");
}

/** Return the payload. `layout` is a LayoutForm. */
export function startPayload(form, layout) {
  const mix = form.mix === "1";
  return {
    SdkAppId: number(form.app),
    RoomId: form.room,
    RoomIdType: Number(form.roomType),
    AgentParams: { UserId: form.robot, MaxIdleTime: number(form.idle) },
    WithTranscoding: Number(form.mix),
    ...soundParams(form, mix),
    ...pictureParams(form, mix, layout),
    ...(mix ? {} : { SingleSubscribeParams: { UserMediaStream: stream(form.user, Number(form.streamType)) } }),
    ...(form.urls.length ? { PublishCdnParams: form.urls.map(({ url, tencent }) => ({ PublishCdnUrl: url.trim(), IsTencentCdn: Number(tencent) })) } : {}),
    ...(form.rooms.length
      ? { FeedBackRoomParams: form.rooms.map((room) => ({ RoomId: room.room, RoomIdType: Number(room.type), UserId: room.user, UserSig: room.sig })) }
      : {}),
  };
}

function soundParams(form, mix) {
  const { rate, channels, kbps, codec } = form.sound;
  const usual = Object.entries(SOUND).every(([name, value]) => form.sound[name] === value);
  // Of a single stream sound and picture are relayed when neither is described; sound alone is described alone.
  if (!mix && usual && form.picture) return {};
  return { AudioParams: { AudioEncode: { SampleRate: number(rate), Channel: number(channels), BitRate: number(kbps), Codec: number(codec) } } };
}

function pictureParams(form, mix, layout) {
  if (!form.picture) return {};
  const encode = { Width: number(form.width), Height: number(form.height), Fps: number(form.fps), BitRate: number(form.kbps), Gop: number(form.gop) };
  if (!mix) return "AudioParams" in soundParams(form, mix) ? { VideoParams: { VideoEncode: encode } } : {};
  const params = { VideoEncode: encode, LayoutParams: layout.params() };
  if (form.colour) params.BackGroundColor = colourOf(form.colour);
  if (form.image) params.BackgroundImageUrl = form.image.trim();
  if (form.marks.length) params.WaterMarkList = form.marks.map(mark);
  return { VideoParams: params };
}

function mark(one) {
  const place = { WaterMarkWidth: number(one.width), WaterMarkHeight: number(one.height), LocationX: number(one.x), LocationY: number(one.y) };
  if (one.kind === "0") return { WaterMarkType: 0, WaterMarkImage: { WaterMarkUrl: one.url.trim(), ...place } };
  return { WaterMarkType: 1, WaterMarkText: { Text: one.text, ...place, FontSize: number(one.font), FontColor: colourOf(one.colour) } };
}
