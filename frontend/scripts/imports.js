// Files that are dropped: into the field of a form, or archives of letters, which go to the server at once (archives.js comes
// with the first of them).

let sending = 0;

export function startImports() {
  document.addEventListener("dragover", over);
  document.addEventListener("dragleave", (event) => event.target.closest?.(".drop-area")?.classList.remove("over"));
  document.addEventListener("drop", (event) => {
    const area = event.target.closest?.(".drop-area");
    if (!area) return;
    event.preventDefault();
    area.classList.remove("over");
    if (!area.closest("#drop")) {
      const input = area.querySelector("input[type=file]");
      input.files = event.dataTransfer.files;
      input.dispatchEvent(new Event("change", { bubbles: true }));
      return;
    }
    if ([...event.dataTransfer.items].some((item) => item.webkitGetAsEntry?.()?.isDirectory)) {
      return say(area.closest("#drop"), area.closest("#drop").dataset.folder);
    }
    take(area.closest("#drop"), event.dataTransfer.files);
  });
  document.addEventListener("change", (event) => {
    if (!event.target.matches?.("#drop input[type=file]")) return;
    take(event.target.form, event.target.files);
  });
  window.addEventListener("beforeunload", (event) => {
    if (sending) event.preventDefault();
  });
}

function over(event) {
  const area = event.target.closest?.(".drop-area");
  if (!area) return;
  event.preventDefault();
  area.classList.add("over");
}

async function take(form, files) {
  const chosen = [...files]; // before the field is emptied, so that the same file can be chosen again
  const mailbox = Number(form.elements.mailbox_id.value);
  form.querySelector("input[type=file]").value = "";
  say(form, "");
  sending += 1;
  try {
    const { send } = await import("./archives.js");
    for (const file of chosen) await send(form, mailbox, file, { say, refresh });
  } catch (problem) {
    say(form, problem.message);
  } finally {
    sending -= 1;
    refresh();
  }
}

function refresh() {
  document.getElementById("imports")?.dispatchEvent(new CustomEvent("imports-moved"));
}

function say(form, text) {
  const place = form.querySelector(".said");
  place.textContent = text;
  place.hidden = !text;
}
