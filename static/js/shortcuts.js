// Keys for those who do the same all day. `?` shows them; what a key does stands on its button or link (data-key), so that
// nothing is done by a key alone. Keys that move money only lead to their button: Enter presses it.
// Rows (data-row) are walked with j and k. Without this module everything is reached with Tab, as always.

const isWriting = (element) =>
  element.matches?.("textarea, select, [contenteditable]") ||
  (element.matches?.("input") && !["checkbox", "radio", "button", "submit"].includes(element.type));

const rows = () => [...document.querySelectorAll("[data-row]")];
const here = () => document.querySelector("[data-row].here") ?? document.activeElement?.closest?.("[data-row]");

function go(row) {
  if (!row) return;
  for (const each of rows()) each.classList.toggle("here", each === row);
  const link = row.querySelector("a[href]");
  link?.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}

function walk(by) {
  const all = rows();
  const at = all.indexOf(here());
  go(all[at < 0 ? 0 : Math.max(0, Math.min(all.length - 1, at + by))]);
}

function find(key) {
  const fits = `[data-key="${CSS.escape(key)}"]`;
  const row = here() ?? (rows().length ? rows()[0] : null);
  return row?.querySelector(fits) ?? [...document.querySelectorAll(fits)].find((each) => !each.closest("[data-row]"));
}

function press(element) {
  if (element.matches("a, input, summary")) {
    if (element.matches("summary")) element.focus();
    element.click();
  } else if (element.matches("button")) {
    element.scrollIntoView({ block: "center" });
    element.focus();
  } else {
    const field = element.querySelector("input:not([type=hidden]), select, textarea") ?? element;
    element.scrollIntoView({ block: "start" });
    field.focus();
  }
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || isWriting(event.target)) return;
  if (document.querySelector("dialog:modal")) return;
  const keys = document.getElementById("keys");
  if (!keys) return;
  if (event.key === "?") keys.showModal();
  else if (event.key === "j" && rows().length) walk(1);
  else if (event.key === "k" && rows().length) walk(-1);
  else {
    const element = event.key.length === 1 ? find(event.key) : null;
    if (!element) return;
    press(element);
  }
  event.preventDefault();
});

document.addEventListener("focusin", (event) => {
  const row = event.target.closest?.("[data-row]");
  if (row) for (const each of rows()) each.classList.toggle("here", each === row);
});

function listen() {
  for (const button of document.querySelectorAll("[data-shows-keys]:not([data-listening])")) {
    button.dataset.listening = "";
    button.addEventListener("click", () => document.getElementById("keys").showModal());
    document.querySelector("[data-closes-keys]").addEventListener("click", () => document.getElementById("keys").close());
  }
}

listen();
document.addEventListener("live:shown", listen); // the page was read anew
