// Pictures of a file, large: zoom, turn, compare two beside each other. Without this module each opens as a page of its own.
// The frame is a <template id="viewer"> that the page has once (components/viewer.html); pictures are links with data-view.

const MOST = 8;
const LEAST = 0.25;

class Pane {
  constructor(element) {
    this.stage = element.querySelector("[data-stage]");
    this.image = element.querySelector("img");
    this.name = element.querySelector("[data-name]");
    this.scale = 1;
    this.turn = 0;
    this.image.addEventListener("load", () => this.fit());
    this.stage.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      this.zoom(event.deltaY < 0 ? 1.2 : 1 / 1.2);
    }, { passive: false });
    this.stage.addEventListener("pointerdown", (event) => this.grab(event));
  }

  show(link) {
    this.turn = 0;
    this.name.textContent = link.dataset.view || link.textContent.trim();
    this.image.alt = this.name.textContent;
    this.image.src = link.href;
  }

  fit() {
    const { naturalWidth: width, naturalHeight: height } = this.image;
    const [wide, high] = this.turn % 180 ? [height, width] : [width, height];
    this.scale = Math.min(1, this.stage.clientWidth / wide, this.stage.clientHeight / high) || 1;
    this.draw();
  }

  zoom(by) {
    this.scale = Math.max(LEAST / 4, Math.min(MOST, this.scale * by));
    this.draw();
  }

  rotate() {
    this.turn = (this.turn + 90) % 360;
    this.fit();
  }

  draw() {
    const width = this.image.naturalWidth * this.scale;
    const height = this.image.naturalHeight * this.scale;
    this.image.style.width = `${width}px`;
    this.image.style.height = `${height}px`;
    // A turned picture keeps its own box; the margins make up for what stands out or falls short.
    const off = this.turn % 180 ? (width - height) / 2 : 0;
    this.image.style.margin = `${off}px ${-off}px`;
    this.image.style.transform = `rotate(${this.turn}deg)`;
    this.stage.dataset.scale = Math.round(this.scale * 100);
  }

  grab(event) {
    if (event.pointerType !== "mouse" || event.button) return;
    event.preventDefault();
    this.stage.focus();
    const { scrollLeft, scrollTop } = this.stage;
    const move = (to) => this.stage.scrollTo(scrollLeft - to.clientX + event.clientX, scrollTop - to.clientY + event.clientY);
    this.stage.addEventListener("pointermove", move);
    addEventListener("pointerup", () => this.stage.removeEventListener("pointermove", move), { once: true });
  }
}

let frame = null;

function open(link) {
  frame ??= build();
  if (!frame) return false;
  const links = [...document.querySelectorAll("a[data-view]")];
  frame.fill(links, links.indexOf(link));
  frame.dialog.showModal();
  return true;
}

function build() {
  const template = document.getElementById("viewer");
  if (!template) return null;
  const dialog = template.content.firstElementChild.cloneNode(true);
  document.body.append(dialog);
  const panes = [...dialog.querySelectorAll("[data-pane]")].map((element) => new Pane(element));
  const beside = dialog.querySelector("[data-beside]");
  const count = dialog.querySelector("[data-count]");
  let links = [];
  let at = 0;
  const active = () => panes[dialog.classList.contains("two") && dialog.contains(document.activeElement) && panes[1].stage.contains(document.activeElement) ? 1 : 0];
  const step = (by) => {
    at = (at + by + links.length) % links.length;
    panes[0].show(links[at]);
    count.textContent = `${at + 1} / ${links.length}`;
  };
  const compare = () => {
    const other = links[Number(beside.value)];
    dialog.classList.toggle("two", Boolean(other) && beside.value !== "");
    if (other && beside.value !== "") panes[1].show(other);
    panes[0].fit();
  };
  const deeds = {
    larger: () => active().zoom(1.25),
    smaller: () => active().zoom(0.8),
    fit: () => active().fit(),
    turn: () => active().rotate(),
    back: () => step(-1),
    on: () => step(1),
    close: () => dialog.close(),
  };
  const keys = { "+": "larger", "=": "larger", "-": "smaller", 0: "fit", r: "turn", "[": "back", "]": "on" };
  dialog.addEventListener("click", (event) => deeds[event.target.closest("[data-deed]")?.dataset.deed]?.());
  dialog.addEventListener("keydown", (event) => {
    if (event.target === beside || event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return;
    event.preventDefault();
    deeds[keys[event.key]]();
  });
  beside.addEventListener("change", compare);
  const fill = (found, start) => {
    links = found;
    at = start;
    beside.replaceChildren(beside.options[0], ...links.map((link, place) => new Option(link.dataset.view || link.textContent.trim(), place)));
    beside.value = "";
    dialog.classList.remove("two");
    step(0);
  };
  return { dialog, fill };
}

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-view]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  if (open(link)) event.preventDefault();
});
