// What is left until a deadline, by the mall's clock: the page says what time it was there when it was made.
// Without this module the page still shows the absolute time and what happens then.

const SPOKEN = [3600, 600, 60, 0]; // seconds left at which a screen reader hears it

function words(element, seconds) {
  if (seconds <= 0) return element.dataset.over;
  const d = Math.floor(seconds / 86400);
  const h = Math.floor((seconds % 86400) / 3600);
  const m = Math.floor((seconds % 3600) / 60);
  const s = Math.floor(seconds % 60);
  const shape = d ? element.dataset.days : h ? element.dataset.hours : element.dataset.minutes;
  return shape.replace("{d}", d).replace("{h}", h).replace("{m}", m).replace("{s}", s);
}

function show(element) {
  const passed = (Date.now() - Number((element.dataset.opened ??= Date.now()))) / 1000;
  const left = (Date.parse(element.dataset.until) - Date.parse(element.dataset.now)) / 1000 - passed;
  const before = Number(element.dataset.left ?? Infinity);
  element.dataset.left = left;
  const text = words(element, left);
  element.querySelector(".left").textContent = text;
  if (SPOKEN.some((mark) => before !== Infinity && before > mark && left <= mark)) element.querySelector("[role=status]").textContent = text;
  if (before > 0 && before !== Infinity && left <= 0) element.dispatchEvent(new CustomEvent("countdown:over", { bubbles: true }));
}

function showAll() {
  for (const element of document.querySelectorAll(".countdown[data-until]")) {
    if (Number(element.dataset.left ?? 1) > 0) show(element);
  }
}

showAll();
setInterval(showAll, 1000);
document.addEventListener("visibilitychange", () => document.hidden || showAll());
document.addEventListener("htmx:afterSettle", showAll);
