// The chosen colours, set before the first paint so that nothing flashes; not a module, since modules run too late.
"use strict";

{
  const KEY = "tailrace.theme";

  // Storage may be forbidden (private windows): then the choice lasts as long as the page.
  const stored = () => {
    try {
      return localStorage.getItem(KEY);
    } catch {
      return null;
    }
  };

  const apply = (theme) => {
    if (theme) document.documentElement.dataset.theme = theme;
    else delete document.documentElement.dataset.theme;
  };

  window.theme = {
    /** Return what is seen now: "light" or "dark". */
    now: () =>
      document.documentElement.dataset.theme ||
      (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light"),

    /** Change to the other one, and keep it for the next visit. */
    turn() {
      const next = window.theme.now() === "dark" ? "light" : "dark";
      apply(next);
      try {
        localStorage.setItem(KEY, next);
      } catch {
        // See above.
      }
    },
  };

  const kept = stored();
  apply(kept === "light" || kept === "dark" ? kept : null);
}
