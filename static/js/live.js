// Asks every few seconds whether something happened; then reads the page again and puts its content in place.
// What somebody is writing or has marked is never taken from them: then a toast offers to show what is new. What is
// under a finger stays there until the press had its effect. Without this module the page stays as it was read.

const EVERY = 3000;
const STILL = 1000; // after a finger or a key, in milliseconds
const LEAVING = 5000; // a page that is about to go; if it stays after all, it goes on
let etag = "";
let isAsking = false;
let stillUntil = 0;

function keepStill(span) {
  stillUntil = Math.max(stillUntil, performance.now() + span);
}

for (const kind of ["pointerdown", "pointerup", "keydown"]) {
  addEventListener(kind, () => keepStill(STILL), { capture: true, passive: true });
}
addEventListener("beforeunload", () => keepStill(LEAVING));

async function stillness() {
  for (let left; (left = stillUntil - performance.now()) > 0; ) await new Promise((done) => setTimeout(done, left));
}

function isBusy(main) {
  for (const field of main.querySelectorAll("input, textarea, select")) {
    if (field.type === "hidden" || field.type === "submit") continue;
    if (field.type === "checkbox" || field.type === "radio" ? field.checked !== field.defaultChecked : false) return true;
    if (field.type === "file" && field.files.length) return true;
    if (field.tagName === "SELECT") {
      const chosen = [...field.options].some((option) => option.defaultSelected);
      if (chosen ? [...field.options].some((option) => option.selected !== option.defaultSelected) : field.selectedIndex > 0) return true;
    } else if (!["checkbox", "radio", "file"].includes(field.type) && field.value !== field.defaultValue) return true;
  }
  const marked = getSelection();
  if (!marked.isCollapsed && main.contains(marked.anchorNode)) return true;
  const focused = document.activeElement;
  return main.querySelector("dialog[open]") !== null || (main.contains(focused) && focused.matches("input, textarea, select"));
}

// How the same element is found among what came new.
function nameOf(element) {
  if (element.id) return `#${CSS.escape(element.id)}`;
  const form = element.closest("form[action]");
  if (element.matches("a[href]")) return `a[href="${CSS.escape(element.getAttribute("href"))}"]`;
  return form && element.matches("button") ? `form[action="${CSS.escape(form.getAttribute("action"))}"] button` : "";
}

async function show(place) {
  const main = document.getElementById("content");
  const offer = () => (place.querySelector("[data-live-toast]").hidden = false);
  if (isBusy(main)) return offer();
  const answer = await fetch(location.href, { cache: "no-store", headers: { Accept: "text/html", "X-Live": "1" } });
  if (!answer.ok || answer.redirected) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.getElementById("content");
  if (!fresh || !fresh.querySelector("[data-live]")) return;
  await stillness();
  if (isBusy(main)) return offer();
  const open = new Set([...main.querySelectorAll("details[open][id]")].map((each) => each.id));
  const focused = main.contains(document.activeElement) ? nameOf(document.activeElement) : "";
  main.replaceChildren(...fresh.childNodes);
  window.htmx?.process(main); // what came new asks by itself too, as what stood there before did
  for (const each of main.querySelectorAll("details[id]")) each.open ||= open.has(each.id);
  if (focused) main.querySelector(focused)?.focus({ preventScroll: true });
  const now = main.querySelector("[data-live]");
  now.querySelector("[data-live-status]").textContent = now.dataset.said;
  document.dispatchEvent(new CustomEvent("live:shown"));
}

async function ask() {
  const place = document.querySelector("[data-live]");
  if (!place || document.hidden || isAsking) return;
  isAsking = true;
  try {
    const headers = etag ? { "If-None-Match": etag } : {};
    const answer = await fetch(place.dataset.live, { cache: "no-store", headers });
    if (answer.status === 404) place.removeAttribute("data-live");
    const known = answer.headers.get("ETag");
    if (answer.status === 200) await show(place);
    if (known) etag = known;
  } catch {
    // away for a moment: the next time will tell
  } finally {
    isAsking = false;
  }
}

// In a line of places that slides, the one where we are is in sight.
function reveal() {
  document.querySelector(".desk-nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
}

reveal();
document.addEventListener("live:shown", reveal);
setInterval(ask, EVERY);
document.addEventListener("visibilitychange", ask);
ask();
