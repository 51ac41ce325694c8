// Files of a form: chosen, taken with the camera, dropped or pasted, each told with its size and fingerprint. Where the form
// keeps files one by one (data-uploader), each is sent at once with its progress, and what fails can be tried again; until
// all are there, or left out, the form itself is held back, for the field is empty by then and would send none of them.
// Without this module the form sends all files together, as forms do.

const PARTS = 1024;
// The answer to a form with something wrong in it.
const UNFIT = 422;

const size = (bytes) => (bytes < PARTS * PARTS ? `${Math.max(1, Math.round(bytes / PARTS))} KB` : `${(bytes / PARTS / PARTS).toFixed(1)} MB`);

async function fingerprint(file) {
  if (!crypto.subtle) return ""; // no secure context: the server tells it
  const digest = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function row(list, file) {
  const item = document.createElement("li");
  const word = document.createElement("span");
  const hash = document.createElement("code");
  word.textContent = `${file.name} · ${size(file.size)}`;
  hash.className = "hash";
  item.append(word, hash);
  list.append(item);
  fingerprint(file).then((told) => {
    hash.textContent = told.slice(0, 16);
    hash.title = told;
  });
  return { item, word };
}

function button(label, deed) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "button plain compact";
  made.textContent = label;
  made.addEventListener("click", deed);
  return made;
}

// What is wrong with a file, as the page says that the form would come back with: "" where it says nothing.
function reason(text) {
  const wrong = new DOMParser().parseFromString(text, "text/html").querySelector(".error p, .form-errors li");
  return wrong ? wrong.textContent.trim() : "";
}

// The files that are neither there nor left out: on their way, or failed.
const missing = (place) => place.querySelectorAll(".uploads li:not([data-done])");

// Says, or no longer says, why the form waits.
function shown(place, isHeld = false) {
  const word = place.querySelector(".upload-wait");
  if (!word) return;
  if (isHeld) word.textContent = place.querySelector("[data-failed]") ? place.dataset.lost : place.dataset.wait;
  else if (!missing(place).length) word.textContent = "";
}

// Sends one file as the form would with `stay`, and reads the page anew when all are there.
function send(place, field, file, { item, word }) {
  const { form } = field;
  for (const old of item.querySelectorAll("button")) old.remove();
  delete item.dataset.failed;
  const bar = document.createElement("progress");
  bar.max = 100;
  bar.value = 0;
  bar.setAttribute("aria-label", file.name);
  item.append(bar);
  const data = new FormData();
  for (const [name, value] of new FormData(form)) if (!(value instanceof File)) data.append(name, value);
  data.append("stay", "1");
  data.append(field.name, file, file.name);
  const call = new XMLHttpRequest();
  call.upload.addEventListener("progress", (event) => {
    if (event.lengthComputable) bar.value = Math.round((100 * event.loaded) / event.total);
  });
  const failed = () => {
    bar.remove();
    item.dataset.failed = "";
    const why = call.status === UNFIT ? reason(call.responseText) : "";
    word.textContent = [file.name, place.dataset.failed, why].filter(Boolean).join(" · ");
    const again = button(place.dataset.again, () => send(place, field, file, { item, word }));
    item.append(again, button(place.dataset.remove, () => {
      const { parentElement: list } = item;
      item.remove();
      shown(place);
      if (list.children.length && !missing(place).length) location.reload(); // the others are there
    }));
    shown(place);
  };
  call.addEventListener("load", () => {
    if (call.status < 200 || call.status >= 300 || call.responseURL.includes("refused")) return failed();
    bar.value = 100;
    item.dataset.done = "";
    shown(place);
    if (!item.parentElement.querySelector("li:not([data-done])")) location.reload();
  });
  call.addEventListener("error", failed);
  call.addEventListener("timeout", failed);
  call.open("POST", location.href);
  call.send(data);
}

function dress(place) {
  const field = place.querySelector('input[type="file"]');
  if (!field || !window.DataTransfer) return;
  const { form } = field;
  const list = document.createElement("ul");
  list.className = "uploads";
  list.setAttribute("aria-live", "polite");
  place.append(list);
  const isSent = "uploader" in field.dataset;
  if (isSent) {
    const wait = document.createElement("p");
    wait.className = "upload-wait";
    wait.setAttribute("role", "alert");
    place.append(wait);
    form.addEventListener("submit", (event) => {
      if (!missing(place).length) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      shown(place, true);
      place.scrollIntoView({ block: "nearest" });
    }, { capture: true });
  }

  const tell = () => {
    list.replaceChildren();
    for (const file of field.files) {
      const { item } = row(list, file);
      item.append(button(place.dataset.remove, () => {
        const kept = new DataTransfer();
        for (const each of field.files) if (each !== file) kept.items.add(each);
        field.files = kept.files;
        tell();
      }));
    }
  };
  const take = (files) => {
    if (!files.length) return;
    if (isSent) {
      for (const file of files) send(place, field, file, row(list, file));
      return;
    }
    const chosen = new DataTransfer();
    for (const file of field.multiple ? [...field.files, ...files] : [files[files.length - 1]]) chosen.items.add(file);
    field.files = chosen.files;
    tell();
  };
  field.addEventListener("change", () => {
    if (!isSent) return tell();
    const files = [...field.files];
    field.value = "";
    take(files);
  });
  for (const name of ["dragenter", "dragover"]) {
    place.addEventListener(name, (event) => {
      if (![...event.dataTransfer.types].includes("Files")) return;
      event.preventDefault();
      place.classList.add("over");
    });
  }
  for (const name of ["dragleave", "drop"]) place.addEventListener(name, () => place.classList.remove("over"));
  place.addEventListener("drop", (event) => {
    event.preventDefault();
    take([...event.dataTransfer.files]);
  });
  form?.addEventListener("paste", (event) => {
    const files = [...event.clipboardData.files];
    if (!files.length) return;
    event.preventDefault();
    take(files);
  });
  // A camera is worth a button of its own where the finger is the pointer.
  const shoot = place.querySelector("[data-camera]");
  if (field.accept && !field.accept.includes("image")) shoot?.remove();
  else if (shoot) {
    shoot.addEventListener("click", () => {
      const camera = document.createElement("input"); // there only while it is asked
      Object.assign(camera, { type: "file", accept: "image/*", hidden: true });
      camera.setAttribute("capture", "environment");
      camera.addEventListener("change", () => {
        take([...camera.files]);
        camera.remove();
      });
      camera.addEventListener("cancel", () => camera.remove());
      place.append(camera);
      camera.click();
    });
  }
}

function listen() {
  for (const place of document.querySelectorAll("[data-upload]:not([data-listening])")) {
    place.dataset.listening = "";
    dress(place);
  }
}

listen();
document.addEventListener("live:shown", listen); // the page was read anew
