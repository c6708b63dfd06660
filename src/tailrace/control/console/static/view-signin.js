// Sign-in.

import { request } from "./api.js";
import { h } from "./dom.js";
import { field } from "./fields.js";
import { mark } from "./icons.js";
import { trouble } from "./parts.js";

/** `entered(session)` is called once the server has taken the key. */
export function signInView({ refresh, entered, why }) {
  const form = { id: "", key: "" };
  let failure = null;
  let busy = false;

  async function send(event) {
    event.preventDefault();
    busy = true;
    failure = null;
    refresh();
    try {
      entered(await request("POST", "/session", { SecretId: form.id.trim(), SecretKey: form.key.trim() }));
    } catch (error) {
      failure = error.status === 401 ? Object.assign(error, { message: "No account has this SecretId with this SecretKey." }) : error;
      document.getElementById("f-SecretKey")?.focus();
    } finally {
      busy = false;
      form.key = "";
      refresh();
    }
  }

  return {
    title: "Sign in",
    render: () =>
      h(
        "main",
        { class: "signin", id: "main" },
        h(
          "form",
          { class: "panel", onsubmit: send },
          h("div", { class: "brand" }, mark(), h("span", {}, "Tailrace")),
          h("h1", { tabindex: -1 }, "Sign in"),
          why && h("p", { class: "muted" }, why),
          field({ label: "SecretId", value: form.id, put: (text) => (form.id = text), autocomplete: "username", required: true }),
          field({ label: "SecretKey", type: "password", value: form.key, put: (text) => (form.key = text), autocomplete: "current-password", required: true }),
          trouble(failure),
          h("button", { type: "submit", class: "button button-main wide", disabled: busy }, busy ? "Signing in…" : "Sign in"),
          h("p", { class: "hint" }, "Both stand in ", h("code", {}, "tailrace.toml"), " under ", h("code", {}, "[[account]]"), ". The key is used once and kept nowhere."),
        ),
      ),
  };
}
