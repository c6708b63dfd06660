// Changes of a running task: what UpdatePublishCdnStream is to be told.

import { CUSTOM, FLOATING, GRID, SCREEN_SHARING, boxes } from "./templates.js";

/** The windows of a mix, however they are told: {x, y, width, height, layer, user, live, stream}. */
export function windowsOf(task) {
  const told = task.Windows || [];
  return told.map((one) => ({
    x: one.LocationX,
    y: one.LocationY,
    width: one.Width,
    height: one.Height,
    layer: one.ZOrder,
    user: one.UserId,
    live: Boolean(one.Live),
    stream: { UserInfo: { UserId: one.UserId, ...roomOf(one, task) }, StreamType: one.StreamType },
  }));
}

/** Only a user of another room needs it said. */
function roomOf(one, task) {
  return one.RoomId && one.RoomId !== task.RoomId ? { RoomId: one.RoomId } : {};
}

/** Return the layout whose windows stand as these do: a task says where they are, not why. */
export function modeOf(windows, { width, height }) {
  const places = (list) => list.map((one) => [one.x, one.y, one.width, one.height].join()).sort().join(" ");
  const same = (mode) => places(boxes(mode, windows.length, width, height)) === places(windows);
  return [FLOATING, SCREEN_SHARING, GRID].find(same) || CUSTOM;
}

/** The size of the mixed picture, null when none is mixed. */
export function canvasOf(task) {
  return task.VideoEncode ? { width: task.VideoEncode.Width, height: task.VideoEncode.Height } : null;
}

/** Return the payload of an update of `task` with these members. */
export function updatePayload(task, changes) {
  return {
    SdkAppId: task.SdkAppId,
    TaskId: task.TaskId,
    SequenceNumber: (task.SequenceNumber ?? 0) + 1,
    WithTranscoding: task.WithTranscoding,
    ...changes,
  };
}

export function layoutChange(task, layoutParams) {
  return updatePayload(task, { VideoParams: { LayoutParams: layoutParams } });
}

/** `urls` is the complete new list of {Url, IsTencentCdn}: who is in it with the same text keeps the connection. */
export function destinationsChange(task, urls) {
  return updatePayload(task, { PublishCdnParams: urls.map(({ Url, IsTencentCdn }) => ({ PublishCdnUrl: Url, IsTencentCdn })) });
}
