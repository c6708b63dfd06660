// Figures and times as people read them.

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const day = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });
const count = new Intl.NumberFormat();
const order = new Intl.PluralRules("en", { type: "ordinal" });
const ENDING = { one: "st", two: "nd", few: "rd", other: "th" };

/** 1536 -> "1.54 Mbit/s". */
export function bitRate(kbps) {
  if (!kbps) return "0 kbit/s";
  return kbps >= 1000 ? `${(kbps / 1000).toFixed(2)} Mbit/s` : `${Math.round(kbps)} kbit/s`;
}

export function bytes(number) {
  const units = ["B", "KB", "MB", "GB", "TB"];
  let unit = 0;
  let value = number || 0;
  for (; value >= 1000 && unit < units.length - 1; unit += 1) value /= 1000;
  return `${unit ? value.toFixed(1) : value} ${units[unit]}`;
}

export function whole(number) {
  return count.format(number || 0);
}

/** 2 -> "2nd time". */
export function turn(number) {
  return `${number}${ENDING[order.select(number)]} time`;
}

/** "3 s", "5 min", "2 h 10 min", "3 d 4 h". */
export function span(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min`;
  if (whole < 86400) return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
  return `${Math.floor(whole / 86400)} d ${Math.floor((whole % 86400) / 3600)} h`;
}

/** The time of day in the reader's zone, with the day when it is another one than today. */
export function time(unix) {
  const when = new Date(unix * 1000);
  const text = clock.format(when);
  return when.toDateString() === new Date().toDateString() ? text : `${day.format(when)}, ${text}`;
}

/** To the millisecond, with the zone: what a title has. */
export function exact(unix) {
  const when = new Date(unix * 1000);
  const zone = -when.getTimezoneOffset();
  const two = (number) => String(Math.floor(Math.abs(number))).padStart(2, "0");
  const local = new Date(when.getTime() + zone * 60000).toISOString().slice(0, -1);
  return `${local}${zone < 0 ? "-" : "+"}${two(zone / 60)}:${two(zone % 60)}`;
}

export function now() {
  return Date.now() / 1000;
}

/** TaskIds have 76 characters; their beginning tells tasks apart, and the whole stands in the title. */
export function shortId(id) {
  return id.length > 14 ? `${id.slice(0, 12)}…` : id;
}
