// What is planned is dragged to another day or hour; with the keyboard Alt and the arrows move the one that has the
// focus: left and right by a day, up and down by half an hour. Without scripts its own page has a form for that.

const FIRST_HOUR = 7;
const HALF_HOURS = 28;

let dragged = null;
let grip = 0;

export function startPlanner() {
  document.addEventListener("dragstart", begun);
  document.addEventListener("dragover", over);
  document.addEventListener("dragend", ended);
  document.addEventListener("drop", dropped);
  document.addEventListener("keydown", pressed);
  document.addEventListener("change", chosen);
}

/** Whose calendar: shown as soon as somebody is chosen. */
function chosen(event) {
  if (event.target.matches?.(".calendar-whose select")) event.target.form.requestSubmit();
}

function begun(event) {
  const plan = event.target.closest?.("[data-planned]");
  if (!plan) return;
  dragged = plan;
  grip = event.clientY - plan.getBoundingClientRect().top;
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", plan.dataset.planned);
  plan.classList.add("moving");
}

function over(event) {
  const day = dragged && event.target.closest?.("[data-day]");
  if (!day) return;
  event.preventDefault();
  clear();
  day.classList.add("over-day");
}

function ended() {
  clear();
  dragged?.classList.remove("moving");
  dragged = null;
}

function clear() {
  for (const day of document.querySelectorAll(".over-day")) day.classList.remove("over-day");
}

function dropped(event) {
  const day = dragged && event.target.closest?.("[data-day]");
  if (!day) return;
  event.preventDefault();
  const rows = day.querySelector(".calendar-rows");
  let hour = dragged.dataset.hour;
  if (rows && getComputedStyle(rows).display === "grid") {
    const box = rows.getBoundingClientRect();
    const row = Math.round(((event.clientY - grip - box.top) / box.height) * HALF_HOURS);
    const half = Math.max(0, Math.min(HALF_HOURS - 1, row));
    const minute = dragged.dataset.hour.slice(3) % 30; // a quarter past stays a quarter past
    hour = said(FIRST_HOUR * 60 + half * 30 + minute);
  }
  move(dragged, day.dataset.day, hour);
}

function pressed(event) {
  const plan = event.altKey && event.target.closest?.("[data-planned]");
  const days = { ArrowLeft: -1, ArrowRight: 1 }[event.key] ?? 0;
  const halves = { ArrowUp: -1, ArrowDown: 1 }[event.key] ?? 0;
  if (!plan || !(days || halves)) return;
  event.preventDefault();
  const [hour, minute] = plan.dataset.hour.split(":").map(Number);
  const minutes = hour * 60 + minute + halves * 30;
  if (minutes < 0 || minutes >= 24 * 60) return;
  const day = new Date(`${plan.closest("[data-day]").dataset.day}T12:00:00Z`);
  day.setUTCDate(day.getUTCDate() + days);
  move(plan, day.toISOString().slice(0, 10), said(minutes));
}

const said = (minutes) => [Math.floor(minutes / 60), minutes % 60].map((part) => String(part).padStart(2, "0")).join(":");

async function move(plan, day, hour) {
  const token = plan.closest("[data-move]").dataset.move;
  const body = new URLSearchParams({ _csrf: token, act: "move", day, hour, back: "/calendar?view=week" });
  const answer = await fetch(`/calendar/${plan.dataset.planned}`, { method: "POST", body, redirect: "manual" });
  if (answer.type !== "opaqueredirect" && !answer.ok) {
    location.assign(`/calendar/${plan.dataset.planned}`);
    return;
  }
  sessionStorage.setItem("planner-focus", plan.dataset.planned);
  location.reload();
}

/** Whoever moved something with the keyboard goes on with it after the page came anew. */
export function refocusPlanned() {
  const id = sessionStorage.getItem("planner-focus");
  sessionStorage.removeItem("planner-focus");
  if (id) document.querySelector(`[data-planned="${CSS.escape(id)}"] a`)?.focus();
}
