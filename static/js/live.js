// Asks every few seconds whether something happened; then reads the page again and puts its content in place.
// What somebody is writing is never taken from them: then a toast offers to show what is new. Without this module the
// page stays as it was read.

const EVERY = 3000;
let etag = "";
let isAsking = false;

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
  const focused = document.activeElement;
  return main.querySelector("dialog[open]") !== null || (main.contains(focused) && focused.matches("input, textarea, select"));
}

async function show(place) {
  const main = document.getElementById("content");
  if (isBusy(main)) {
    place.querySelector("[data-live-toast]").hidden = false;
    return;
  }
  const answer = await fetch(location.href, { cache: "no-store", headers: { Accept: "text/html", "X-Live": "1" } });
  if (!answer.ok || answer.redirected) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.getElementById("content");
  if (!fresh || !fresh.querySelector("[data-live]") || isBusy(main)) return;
  const open = new Set([...main.querySelectorAll("details[open][id]")].map((each) => each.id));
  const focused = main.contains(document.activeElement) ? document.activeElement.id : "";
  main.replaceChildren(...fresh.childNodes);
  window.htmx?.process(main); // what came new asks by itself too, as what stood there before did
  for (const each of main.querySelectorAll("details[id]")) each.open ||= open.has(each.id);
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
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
