// The console: who is signed in, which page is looked at, and the frame around it.

import { request } from "./api.js";
import { h, patch } from "./dom.js";
import { icon, mark } from "./icons.js";
import { Live } from "./live.js";
import { announce, trouble } from "./parts.js";
import { from, to } from "./route.js";
import { callbacksView } from "./view-callbacks.js";
import { publishView } from "./view-publish.js";
import { roomView } from "./view-room.js";
import { roomsView } from "./view-rooms.js";
import { signInView } from "./view-signin.js";
import { startView } from "./view-start.js";
import { taskView } from "./view-task.js";
import { tasksView } from "./view-tasks.js";

// "3 s ago" becomes "4 s ago".
const TICK = 1000;

const MENU = [
  ["rooms", "Rooms", "room"],
  ["tasks", "Tasks", "task"],
  ["start", "Start", "plus"],
  ["callbacks", "Callbacks", "callback"],
  ["publish", "Publish", "publish"],
];

const STATES = {
  live: ["good", "dot", "Live"],
  connecting: ["busy", "clock", "Connecting"],
  away: ["bad", "warn", "No connection"],
};

const root = document.getElementById("app");
let session = null;
let live = null;
let view = null;
let shown = "";
let wanted = false;

/** Have the page drawn anew, once, before the next frame. */
function refresh() {
  if (wanted) return;
  wanted = true;
  requestAnimationFrame(() => {
    wanted = false;
    draw();
  });
}

function draw() {
  if (!view) return;
  if (!session) return patch(root, view.render());
  patch(root, frame(view.render()));
}

function frame(content) {
  const { page } = from(location.hash);
  return [
    h("a", { class: "skip", href: "#main", onclick: skip }, "Skip to the content"),
    h(
      "header",
      { class: "top" },
      h("a", { class: "brand", href: to("rooms"), "aria-label": "Tailrace, rooms" }, mark(), h("span", {}, "Tailrace")),
      h(
        "nav",
        { "aria-label": "Pages" },
        MENU.map(([name, words, picture]) => h("a", { key: name, href: to(name), "aria-current": page === name ? "page" : null }, icon(picture), h("span", {}, words))),
      ),
      h("span", { class: "grow" }),
      connection(),
      themeButton(),
      h("button", { type: "button", class: "button button-plain round", onclick: signOut, "aria-label": "Sign out", title: `Sign out ${session.SecretId}` }, icon("leave")),
    ),
    h("main", { id: "main", tabindex: -1, key: shown }, live.state === "away" && away(), content),
    h("footer", { class: "foot small muted" }, `Tailrace ${session.Version}`, h("span", {}, `account ${session.AppId}`)),
  ];
}

function connection() {
  const [tone, picture, words] = STATES[live.state];
  return h("span", { class: `connection state tone-${tone}`, title: live.state === "live" ? "What you see is pushed by the server" : words }, icon(picture), h("span", {}, words));
}

function themeButton() {
  const dark = window.theme.now() === "dark";
  const words = dark ? "Light colours" : "Dark colours";
  const turn = () => {
    window.theme.turn();
    refresh();
  };
  return h("button", { type: "button", class: "button button-plain round", onclick: turn, "aria-label": words, title: words }, icon(dark ? "sun" : "moon"));
}

function away() {
  return trouble({ message: "The server does not answer at the moment; what stands here may be old. The page goes on by itself once it is back. Relays do not need the console." });
}

/** Without changing the address, which names the page. */
function skip(event) {
  event.preventDefault();
  document.getElementById("main").focus();
}

const VIEWS = {
  rooms: (context, parts) => (parts.length === 3 ? roomView(context, parts) : roomsView(context)),
  tasks: (context, parts) => (parts.length === 2 ? taskView(context, parts) : tasksView(context)),
  start: (context, _, query) => startView(context, query),
  callbacks: (context, _, query) => callbacksView(context, query),
  publish: (context, _, query) => publishView(context, query),
};

function navigate() {
  if (!session) return;
  const { page, parts, query } = from(location.hash);
  const moved = shown !== "";
  view?.leave?.();
  shown = location.hash || "#/rooms";
  view = (VIEWS[page] || VIEWS.rooms)({ session, live, refresh }, parts, query);
  document.title = `${view.title} · Tailrace`;
  draw();
  scrollTo(0, 0);
  // Who hears the page instead of seeing it is told where he is.
  if (moved) root.querySelector("h1")?.focus({ preventScroll: true });
}

function enter(told) {
  session = told;
  live = new Live(refresh);
  listen();
  view = null;
  shown = "";
  navigate();
}

function listen() {
  // Refused, not merely broken off: the session may be over, which the answer to this question says.
  live?.open(async () => {
    await request("GET", "/session").catch(() => null);
    setTimeout(listen, TICK);
  });
}

function leave(why = "") {
  view?.leave?.();
  live?.close();
  session = live = null;
  shown = "";
  view = signInView({ refresh, entered: enter, why });
  document.title = "Sign in · Tailrace";
  draw();
  root.querySelector("input")?.focus();
}

async function signOut() {
  await request("DELETE", "/session").catch(() => null);
  leave();
  announce("Signed out");
}

addEventListener("hashchange", navigate);
// Whoever closes the page leaves its rooms at once, not when he is missed.
addEventListener("pagehide", () => view?.leave?.());
addEventListener("pageshow", (event) => event.persisted && navigate());
addEventListener("signedout", () => session && leave("The session has ended. Sign in again to go on where you were."));
setInterval(refresh, TICK);
request("GET", "/session").then(enter, () => leave());
