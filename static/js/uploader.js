// Files of a claim, sent one by one with their progress; without this script the form sends them all at once.
// What cannot be sent stays in the list with a button to try again; nothing else of the form is lost meanwhile.
const form = document.querySelector("form[enctype] input[data-uploader]")?.form;

if (form && window.XMLHttpRequest && window.DataTransfer) {
  const field = form.querySelector("input[data-uploader]");
  const list = document.createElement("ul");
  list.className = "uploads";
  list.setAttribute("aria-live", "polite");
  field.after(list);

  const send = (file, row) => {
    const bar = row.querySelector("progress");
    const word = row.querySelector("span");
    row.querySelector("button")?.remove();
    bar.hidden = false;
    const data = new FormData();
    data.append("csrfmiddlewaretoken", form.querySelector("[name=csrfmiddlewaretoken]").value);
    for (const [name, value] of new FormData(form)) if (!(value instanceof File) && name !== "csrfmiddlewaretoken") data.append(name, value);
    data.append("stay", "1");
    data.append(field.name, file, file.name);
    const call = new XMLHttpRequest();
    call.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) bar.value = Math.round((100 * event.loaded) / event.total);
    });
    const failed = () => {
      bar.hidden = true;
      word.textContent = `${file.name} ✕`;
      const again = document.createElement("button");
      again.type = "button";
      again.className = "button plain";
      again.textContent = document.documentElement.lang.startsWith("zh") ? "重试" : "Try again";
      again.addEventListener("click", () => send(file, row));
      row.append(again);
    };
    call.addEventListener("load", () => {
      if (call.status >= 200 && call.status < 300 && !call.responseURL.includes("refused")) {
        bar.value = 100;
        word.textContent = `${file.name} ✓`;
        row.dataset.done = "1";
        if (!list.querySelector("li:not([data-done])")) location.reload();
      } else failed();
    });
    call.addEventListener("error", failed);
    call.addEventListener("timeout", failed);
    call.open("POST", location.href);
    call.send(data);
  };

  field.addEventListener("change", () => {
    const files = [...field.files];
    field.value = "";
    for (const file of files) {
      const row = document.createElement("li");
      row.innerHTML = "<span></span><progress max='100' value='0'></progress>";
      row.querySelector("span").textContent = file.name;
      list.append(row);
      send(file, row);
    }
  });
}
