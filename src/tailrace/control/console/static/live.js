// Live: rooms, tasks and events as the server pushes them. Others read `rooms`, `tasks`, `events` and are told of changes.

// Two minutes at the four updates a second that the server sends at most; a curve of that length is what is drawn.
const SAMPLES = 120;
const SAMPLE_EACH = 1;
// What a long open page may keep of events that nobody looks at.
const MAX_EVENTS = 1000;
// And of tasks that have ended; the server itself tells fifty of each application, and any other one when it is asked.
const MAX_ENDED = 200;

export const roomKey = (room) => `${room.SdkAppId}/${room.RoomIdType}/${room.RoomId}`;
export const taskKey = (task) => `${task.SdkAppId}/${task.TaskId}`;

/** "connecting", "live", or "away" while nothing can be known. */
export class Live {
  constructor(changed) {
    this.state = "connecting";
    this.rooms = new Map();
    this.tasks = new Map();
    this.events = [];
    this.rates = new Map();
    this.listeners = new Set();
    this.returns = new Set();
    this._changed = changed;
  }

  /** Begin; `lost` is called when the stream is refused, as it is once the session has ended. */
  open(lost) {
    this.close();
    const source = new EventSource("/console/api/stream");
    this._source = source;
    const on = (name, act) =>
      source.addEventListener(name, (event) => {
        act(JSON.parse(event.data || "{}"));
        this._changed();
      });
    on("snapshot", (told) => this._snapshot(told));
    on("room", (room) => this._room(room));
    on("task", (task) => this._task(task));
    on("event", (entry) => this._event(entry));
    // The same entry again, since its callback was tried.
    on("delivery", (entry) => this._tell(entry));
    on("away", () => (this.state = "away"));
    source.onerror = () => {
      this.state = "away";
      // CLOSED: the browser does not try again, since the answer was no stream of events.
      if (source.readyState === EventSource.CLOSED) lost();
      this._changed();
    };
  }

  close() {
    this._source?.close();
  }

  /** Have `listener(entry)` called for each event; return what ends that. */
  onEvent(listener) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Have `listener()` called when the stream is back: events of the meantime were not told; return what ends that. */
  onReturn(listener) {
    this.returns.add(listener);
    return () => this.returns.delete(listener);
  }

  tasksOf(room) {
    return [...this.tasks.values()].filter((task) => roomKey(task) === roomKey(room));
  }

  _snapshot({ Rooms: rooms, Tasks: tasks }) {
    const back = this.state === "away";
    this.state = "live";
    this.rooms = new Map(rooms.map((room) => [roomKey(room), room]));
    this.tasks = new Map();
    for (const task of tasks) this._task(task);
    for (const key of this.rates.keys()) if (!this.tasks.has(key)) this.rates.delete(key);
    if (back) for (const listener of this.returns) listener();
  }

  _room(room) {
    if (room.Members.length) this.rooms.set(roomKey(room), room);
    else this.rooms.delete(roomKey(room));
  }

  _task(task) {
    const key = taskKey(task);
    this.tasks.set(key, task);
    if (!isLive(task)) return this._ended(key, task);
    const rate = totalRate(task);
    const curve = this.rates.get(key) || [];
    const at = performance.now() / 1000;
    if (curve.length && at - curve.at(-1).at < SAMPLE_EACH) curve.at(-1).rate = rate;
    else curve.push({ at, rate });
    if (curve.length > SAMPLES) curve.shift();
    this.rates.set(key, curve);
  }

  /** Keep the task as the newest of those that have ended, and forget the oldest of too many. */
  _ended(key, task) {
    this.rates.delete(key);
    this.tasks.delete(key);
    this.tasks.set(key, task);
    const ended = [...this.tasks.keys()].filter((one) => !isLive(this.tasks.get(one)));
    for (const one of ended.slice(0, -MAX_ENDED)) this.tasks.delete(one);
  }

  _event(entry) {
    this.events.push(entry);
    if (this.events.length > MAX_EVENTS) this.events.shift();
    this._tell(entry);
  }

  _tell(entry) {
    for (const listener of this.listeners) listener(entry);
  }
}

export function totalRate(task) {
  return task.Destinations.reduce((sum, destination) => sum + (destination.BitRate || 0), 0);
}

export function totalDropped(task) {
  return task.Destinations.reduce((sum, destination) => sum + (destination.DroppedFrames || 0), 0);
}

/** Whether a task still does something, or will. */
export function isLive(task) {
  return task.State !== "ended";
}
