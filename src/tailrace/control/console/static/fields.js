// Fields of forms: a label, an input, what it means, and what is wrong with it, tied together for everybody.

import { h } from "./dom.js";

/**
 * One field. `path` is the parameter of the API that it fills; `errors` says what is wrong with which path.
 * `get` and `put` read and write its text.
 */
export function field({ label, path = label, value, put, errors = {}, hint = "", type = "text", options, area, ...props }) {
  const id = `f-${path.replace(/[^\w]/g, "-")}`;
  const wrong = errors[path];
  const described = [hint && `${id}-hint`, wrong && `${id}-wrong`].filter(Boolean).join(" ") || null;
  const shared = {
    id,
    "data-path": path,
    "aria-describedby": described,
    "aria-invalid": wrong ? "true" : null,
    ...props,
    oninput: (event) => put(event.currentTarget.value),
    value: value ?? "",
  };
  const input = options
    ? h("select", shared, options.map(([key, words]) => h("option", { key, value: key }, words)))
    : area
      ? h("textarea", { rows: 3, spellcheck: "false", ...shared })
      : h("input", { type, spellcheck: "false", autocomplete: "off", autocapitalize: "off", ...shared });
  return h(
    "div",
    { class: "field", key: props.key ?? id },
    h("label", { for: id }, label),
    input,
    hint && h("p", { class: "hint", id: `${id}-hint` }, hint),
    wrong && h("p", { class: "wrong", id: `${id}-wrong` }, wrong),
  );
}

/** A choice of few, all to be seen. */
export function choice({ label, path = label, value, put, options, errors = {} }) {
  const wrong = errors[path];
  return h(
    "fieldset",
    { class: "choice", "data-path": path, tabindex: wrong ? -1 : null },
    h("legend", {}, label),
    h(
      "div",
      { class: "segments" },
      options.map(([key, words]) =>
        h(
          "label",
          { key, class: "segment" },
          h("input", { type: "radio", name: path, value: key, checked: value === key, onchange: () => put(key) }),
          h("span", {}, words),
        ),
      ),
    ),
    wrong && h("p", { class: "wrong" }, wrong),
  );
}

export function check({ label, path = label, value, put }) {
  return h(
    "label",
    { class: "check" },
    h("input", { type: "checkbox", "data-path": path, checked: Boolean(value), onchange: (event) => put(event.currentTarget.checked) }),
    h("span", {}, label),
  );
}

/**
 * Say at which field a Failure belongs: the one whose path it names, or the nearest one above or below it.
 * Returns {path: message}; empty when no field of the page has to do with it.
 */
export function placed(failure, root = document) {
  if (!failure?.path) return {};
  const known = [...root.querySelectorAll("[data-path]")].map((node) => node.dataset.path);
  const near = (path) => known.find((one) => one === path) || known.find((one) => one.startsWith(`${path}.`));
  for (let path = failure.path; path; path = path.slice(0, Math.max(0, path.lastIndexOf(".")))) {
    const found = near(path);
    if (found) return { [found]: failure.message };
  }
  return {};
}

/** Move the focus to the field of that path. */
export function focusOn(path, root = document) {
  const node = root.querySelector(`[data-path="${CSS.escape(path)}"]`);
  node?.closest("details")?.setAttribute("open", "");
  node?.focus();
  node?.scrollIntoView({ block: "center" });
}
