// An archive goes to the server in parts. A part that fails is sent again from where the server has it; a file that is chosen
// again after the page was closed goes on there too.

const PART = 8 << 20;
const RETRY_MS = [1000, 2000, 5000, 10000, 30000];

/** One file to its last byte; throws with what the server says of it. `say` tells of trouble, `refresh` shows how far it is. */
export async function send(form, mailbox, file, { say, refresh }) {
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
