// A button that copies what stands in another element. Without this module the text can be copied by hand.

async function copy(text, element) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const range = document.createRange(); // no permission, or no secure context: select it, so that one key is enough
    range.selectNodeContents(element);
    const selection = getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
    return false;
  }
}

function listen() {
  for (const button of document.querySelectorAll("[data-copy]:not([data-listening])")) {
    button.dataset.listening = "";
    const element = document.getElementById(button.dataset.copy);
    const word = button.querySelector("[data-copy-word]");
    const before = word.textContent;
    button.hidden = false;
    button.addEventListener("click", async () => {
      const done = await copy(element.textContent, element);
      word.textContent = done ? word.dataset.done : word.dataset.failed;
      document.getElementById("copied").textContent = word.textContent;
      setTimeout(() => {
        word.textContent = before;
      }, 3000);
    });
  }
}

listen();
document.addEventListener("live:shown", listen); // the page was read anew
