// Who else has the open thread before them. A window that somebody looks at says so every few seconds, and at once when
// they begin to type; what others do comes by the stream that live.js holds.

const BEAT_MS = 5000;
const TYPING_MS = 4000;
const IDLE_MS = 120_000; // whoever did nothing for so long is not there, however bright their screen

const tab = Math.random().toString(36).slice(2, 14);
const people = new Map(); // by thread: who was there when last heard
let active = Date.now();
let typed = 0;
let said = { thread: 0, typing: false, at: 0 };
let latest = 0;

export function startPresence() {
  if (!document.body.dataset.events) return;
  for (const name of ["pointermove", "pointerdown", "keydown", "scroll", "touchstart"]) {
    document.addEventListener(name, () => {
      const away = Date.now() - active > IDLE_MS;
      active = Date.now();
      if (away) beat();
    }, { capture: true, passive: true });
  }
  document.addEventListener("input", (event) => {
    if (!event.target.closest?.(".composer, .noting")) return;
    typed = Date.now();
    if (!said.typing) beat();
  });
  document.addEventListener("htmx:after:swap", () => {
    if (threadHere() !== said.thread) beat();
    show();
  });
  document.addEventListener("visibilitychange", beat);
  window.addEventListener("pagehide", leave);
  setInterval(beat, 1000);
  beat();
}

/** What the stream says of a thread. */
export function hearPresence(present) {
  people.set(present.thread_id, present.people);
  show();
}

function threadHere() {
  return Number(document.querySelector(".thread[data-thread]")?.dataset.thread ?? 0);
}

/** Says what is so now, if it is other than what was said, or long ago. */
function beat() {
  const thread = document.hidden || Date.now() - active > IDLE_MS ? 0 : threadHere();
  const typing = Date.now() - typed < TYPING_MS;
  const now = Date.now();
  if (thread === said.thread && typing === said.typing && now - said.at < BEAT_MS) return;
  if (said.thread && said.thread !== thread) leave();
  said = { thread, typing, at: now };
  if (!thread) return;
  const number = ++latest;
  ask("POST", `/api/v1/threads/${thread}/presence`, { tab, typing }).then(async (answer) => {
    if (answer.ok && number === latest) hearPresence({ thread_id: thread, ...(await answer.json()) });
  }, () => {});
}

function leave() {
  if (!said.thread) return;
  const { thread } = said;
  said = { thread: 0, typing: false, at: 0 };
  people.delete(thread);
  ask("DELETE", `/api/v1/threads/${thread}/presence?tab=${tab}`).catch(() => {});
}

function ask(method, url, body) {
  const headers = { "X-CSRF-Token": JSON.parse(document.body.getAttribute("hx-headers:inherited"))["X-CSRF-Token"] };
  if (body) headers["Content-Type"] = "application/json";
  return fetch(url, { method, headers, body: body && JSON.stringify(body), keepalive: true });
}

function show() {
  const place = document.querySelector(".thread[data-thread] [data-present]");
  if (!place) return;
  const here = people.get(threadHere()) ?? [];
  const groups = { ".present-typing": here.filter((each) => each.typing), ".present-here": here.filter((each) => !each.typing) };
  for (const [selector, group] of Object.entries(groups)) {
    const line = place.querySelector(selector);
    const names = group.map((each) => each.name).join(", ");
    line.hidden = !names;
    if (line.querySelector("[data-names]").textContent !== names) line.querySelector("[data-names]").textContent = names;
  }
  place.hidden = !here.length;
}
