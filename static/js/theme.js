// Light, dark, or as the device says. A choice is kept in a cookie, so that the server names the right tokens in the page
// itself: nothing waits for this script, and nothing flashes.
const dark = document.getElementById("dark-tokens");
const button = document.getElementById("theme");
const media = { system: "screen and (prefers-color-scheme: dark)", light: "not all", dark: "screen" };
const order = ["system", "light", "dark"];

const chosen = () => {
  const kept = document.cookie.match(/(?:^|; )theme=(\w+)/)?.[1];
  return order.includes(kept) ? kept : "system";
};

const keep = (theme) => {
  const safe = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `theme=${theme}; path=/; max-age=31536000; samesite=lax${safe}`;
};

const wear = (theme) => {
  dark.media = media[theme];
  if (!button) return;
  button.hidden = false;
  button.setAttribute("aria-label", button.dataset[theme]);
  button.title = button.dataset[theme];
  for (const icon of button.querySelectorAll("[data-theme-icon]")) icon.hidden = icon.dataset.themeIcon !== theme;
};

wear(chosen());
button?.addEventListener("click", () => {
  const next = order[(order.indexOf(chosen()) + 1) % order.length];
  keep(next);
  wear(next);
});
