// Light, dark, or as the device says. Runs before the first paint, so that a chosen theme does not flash.
"use strict";
(() => {
  const dark = document.getElementById("dark-tokens");
  const media = { system: dark.media, light: "not all", dark: "screen" };
  const order = ["system", "light", "dark"];

  const chosen = () => {
    try {
      const kept = localStorage.getItem("theme");
      return order.includes(kept) ? kept : "system";
    } catch {
      return "system"; // storage may be forbidden; the device's choice still works
    }
  };

  const wear = (theme) => {
    dark.media = media[theme];
    const button = document.getElementById("theme");
    if (!button) return;
    button.hidden = false;
    button.setAttribute("aria-label", button.dataset[theme]);
    button.title = button.dataset[theme];
    for (const icon of button.querySelectorAll("[data-theme-icon]")) icon.hidden = icon.dataset.themeIcon !== theme;
  };

  wear(chosen());
  document.addEventListener("DOMContentLoaded", () => {
    wear(chosen());
    document.getElementById("theme")?.addEventListener("click", () => {
      const next = order[(order.indexOf(chosen()) + 1) % order.length];
      try {
        localStorage.setItem("theme", next);
      } catch {
        return;
      }
      wear(next);
    });
  });
})();
