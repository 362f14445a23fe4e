// Archives dropped into the page go to the server in parts. A part that fails is sent again from where the server has it;
// a file that is chosen again after the page was closed goes on there too.

const PART = 8 << 20;
const RETRY_MS = [1000, 2000, 5000, 10000, 30000];

let sending = 0;

export function startImports() {
  document.addEventListener("dragover", over);
  document.addEventListener("dragleave", (event) => event.target.closest?.(".drop-area")?.classList.remove("over"));
  document.addEventListener("drop", (event) => {
    const area = event.target.closest?.(".drop-area");
    if (!area) return;
    event.preventDefault();
    area.classList.remove("over");
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
    for (const file of chosen) await send(form, mailbox, file);
  } catch (problem) {
    say(form, problem.message);
  } finally {
    sending -= 1;
    refresh();
  }
}

/** One file to its last byte; throws with what the server says of it. */
async function send(form, mailbox, file) {
  const url = form.dataset.url;
  let one = (await unfinished(form, mailbox, file)) ?? (await start(form, mailbox, file));
  refresh();
  for (let failures = 0; one.state === "receiving"; ) {
    const part = file.slice(one.received, one.received + PART);
    const answer = await ask(`${url}/${one.id}/file?at=${one.received}`, { method: "PUT", body: part }).catch(() => null);
    if (answer?.ok) {
      one = await answer.json();
      failures = 0;
      say(form, "");
    } else if (answer && answer.status !== 409 && answer.status < 500) {
      throw new Error((await answer.json()).detail);
    } else {
      if (failures) say(form, answer ? (await answer.json()).detail : form.dataset.refused);
      await new Promise((done) => setTimeout(done, RETRY_MS[Math.min(failures++, RETRY_MS.length - 1)]));
      one = (await current(url, one.id)) ?? one;
    }
  }
}

async function start(form, mailbox, file) {
  const body = JSON.stringify({ mailbox_id: mailbox, name: file.name, size: file.size });
  const answer = await ask(form.dataset.url, { method: "POST", body, headers: { "Content-Type": "application/json" } }).catch(() => null);
  if (!answer) throw new Error(document.getElementById("toast-offline").content.textContent.trim());
  if (!answer.ok) throw new Error(`${file.name}: ${(await answer.json()).detail}`);
  return answer.json();
}

async function unfinished(form, mailbox, file) {
  const answer = await ask(form.dataset.url, {}).catch(() => null);
  const same = (one) => one.state === "receiving" && one.mailbox_id === mailbox && one.name === file.name && one.size === file.size;
  return answer?.ok ? (await answer.json()).items.find(same) : undefined;
}

async function current(url, id) {
  const answer = await ask(`${url}/${id}`, {}).catch(() => null);
  return answer?.ok ? answer.json() : undefined;
}

function ask(url, how) {
  const token = JSON.parse(document.body.getAttribute("hx-headers:inherited"));
  return fetch(url, { ...how, headers: { ...token, ...how.headers } });
}

function refresh() {
  document.getElementById("imports")?.dispatchEvent(new CustomEvent("imports-moved"));
}

function say(form, text) {
  const place = form.querySelector(".said");
  place.textContent = text;
  place.hidden = !text;
}
