// The sum of the shares while they are written. Without this module the server says whether it is 100 %.

function show(set) {
  const shares = [...set.querySelectorAll("input")].map((input) => Math.round(Number(input.value || 0) * 100));
  const sum = shares.reduce((all, share) => all + share, 0);
  const output = set.querySelector("output");
  output.textContent = sum === 10000 ? set.dataset.whole : set.dataset.not.replace("{sum}", String(sum / 100));
  set.classList.toggle("uneven", sum !== 10000);
}

function listen() {
  for (const set of document.querySelectorAll("[data-shares]:not([data-listening])")) {
    set.dataset.listening = "";
    set.addEventListener("input", () => show(set));
    show(set);
  }
}

listen();
document.addEventListener("live:shown", listen); // the page was read anew
