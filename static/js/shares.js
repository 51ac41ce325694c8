// Shares that make 100 % together: a slider beside each number, and a bar of them all. What one slider takes, the others
// give in proportion. Without this module the numbers are written by hand, and the server says whether they make 100 %.

const WHOLE = 10000; // basis points

const read = (input) => Math.max(0, Math.min(WHOLE, Math.round(Number(input.value || 0) * 100)));
const words = (share) => String(share / 100);

function show(set, parts) {
  const shares = parts.map((part) => read(part.input));
  const sum = shares.reduce((all, share) => all + share, 0);
  const output = set.querySelector("output");
  output.textContent = sum === WHOLE ? set.dataset.whole : set.dataset.not.replace("{sum}", words(sum));
  set.classList.toggle("uneven", sum !== WHOLE);
  parts.forEach((part, place) => {
    part.slider.value = shares[place] / 100;
    part.stretch.style.flexGrow = shares[place];
    part.stretch.hidden = !shares[place];
  });
}

// Gives `share` to one part and takes the difference from the others, in proportion to what they have.
function give(parts, chosen, share) {
  const others = parts.filter((part) => part !== chosen);
  const rest = WHOLE - share;
  const had = others.map((part) => read(part.input));
  const all = had.reduce((sum, each) => sum + each, 0);
  let left = rest;
  others.forEach((part, place) => {
    const isLast = place === others.length - 1;
    const weight = all ? had[place] / all : place === 0 ? 1 : 0;
    const due = isLast ? left : Math.min(left, Math.round((rest * weight) / 100) * 100);
    part.input.value = words(due);
    left -= due;
  });
  chosen.input.value = words(share);
}

function dress(set) {
  const bar = document.createElement("div");
  bar.className = "split-bar";
  bar.setAttribute("aria-hidden", "true");
  const parts = [...set.querySelectorAll("input")].map((input, place) => {
    const slider = document.createElement("input");
    Object.assign(slider, { type: "range", min: 0, max: 100, step: 1, className: "split-slider" });
    const label = set.querySelector(`label[for="${input.id}"]`);
    slider.setAttribute("aria-label", label ? label.firstChild.textContent.trim() : input.name);
    slider.disabled = input.disabled;
    const stretch = document.createElement("span");
    stretch.className = `split-part part-${place}`;
    bar.append(stretch);
    input.after(slider);
    const part = { input, slider, stretch };
    slider.addEventListener("input", (event) => {
      event.stopPropagation(); // the numbers speak for the sliders
      give(parts, part, Number(slider.value) * 100);
      show(set, parts);
    });
    slider.addEventListener("change", (event) => {
      event.stopPropagation();
      input.dispatchEvent(new Event("change", { bubbles: true }));
    });
    return part;
  });
  set.querySelector("output").before(bar);
  set.addEventListener("input", () => show(set, parts));
  show(set, parts);
  for (const { slider } of parts) slider.defaultValue = slider.value; // as found: nobody has written anything yet
}

function listen() {
  for (const set of document.querySelectorAll("[data-shares]:not([data-listening])")) {
    set.dataset.listening = "";
    dress(set);
  }
}

listen();
document.addEventListener("live:shown", listen); // the page was read anew
