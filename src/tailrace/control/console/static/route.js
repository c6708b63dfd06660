// Addresses of the pages: `#/rooms/1400000001/1/stage?user=anna`.

/** Return the address of a page. */
export function to(page, parts = [], query = {}) {
  const path = [page, ...parts].map((part) => encodeURIComponent(part)).join("/");
  const said = Object.entries(query).filter(([, value]) => value !== undefined && value !== "");
  return `#/${path}${said.length ? `?${new URLSearchParams(said)}` : ""}`;
}

/** Return {page, parts, query} of an address. */
export function from(hash) {
  const [path, query] = hash.replace(/^#\/?/, "").split("?", 2);
  const [page, ...parts] = path.split("/").map(decoded);
  return { page: page || "rooms", parts, query: Object.fromEntries(new URLSearchParams(query || "")) };
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // somebody typed it
  }
}

export function toRoom(room) {
  return to("rooms", [room.SdkAppId, room.RoomIdType, room.RoomId]);
}

export function toTask(task) {
  return to("tasks", [task.SdkAppId, task.TaskId]);
}
