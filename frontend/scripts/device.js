// The house as a program of a device: the service worker that keeps built files, notifications, and a swipe over a row.

import { ask } from "./composer/drafts.js";

const WISH = "mailhub-notifies";

/** What tells of notices comes when somebody wants it. */
const load = () => import("./notifying.js").then((found) => found.start(ask, showWish));

export function startDevice() {
  if (isSecureContext) navigator.serviceWorker?.register("/worker.js").catch(() => {});
  arrive();
  document.addEventListener("htmx:after:swap", arrive);
  document.addEventListener("click", (event) => event.target.closest?.("[data-notify]") && load().then((here) => here.change()));
  if (wished()) load().then((here) => here.renew());
  startSwipes();
}

function arrive() {
  showWish();
  if (document.querySelector("[data-told]")) load().then((here) => here.describe());
}

const wished = () => localStorage.getItem(WISH) === document.body.dataset.user && window.Notification?.permission === "granted";

/** The button says what it is set to; it is not there where a browser has no notifications. */
function showWish() {
  const possible = "Notification" in window && isSecureContext;
  for (const button of document.querySelectorAll("[data-notify]")) {
    button.hidden = !possible;
    button.setAttribute("aria-pressed", String(wished()));
    button.disabled = possible && Notification.permission === "denied";
  }
}

/** The newest notice, told by the device while nobody looks at any of our tabs; the one tab that listens does it. */
export function notifyHere() {
  if (wished() && !document.hasFocus()) load().then((here) => here.tell());
}

const FAR = 96;

/** To the left closes, to the right puts aside: what the row's own buttons do, and nothing where it has none. */
function startSwipes() {
  let [row, from, moved] = [null, null, 0];
  const acts = (each) => [each.querySelector("[data-swipe=close]"), each.querySelector("[data-swipe=snooze]")];

  document.addEventListener("touchstart", (event) => {
    row = event.touches.length === 1 ? event.target.closest?.(".row") : null;
    if (!row || row.closest(".choosing")) return (row = null);
    [from, moved] = [event.touches[0], 0];
  }, { passive: true });
  document.addEventListener("touchmove", (event) => {
    if (!row) return;
    const [dx, dy] = [event.touches[0].clientX - from.clientX, event.touches[0].clientY - from.clientY];
    if (!moved && Math.abs(dy) > Math.abs(dx)) return (row = null);
    if (Math.abs(dx) < 12 && !moved) return;
    const [close, snooze] = acts(row);
    moved = (dx < 0 && close) || (dx > 0 && snooze) ? dx : 0;
    row.classList.toggle("swiped", Boolean(moved));
    row.dataset.swiping = moved ? (moved < 0 ? "close" : "snooze") : "";
    row.style.setProperty("--swipe", `${Math.max(-160, Math.min(160, moved))}px`);
  }, { passive: true });
  const end = () => {
    if (!row) return;
    const [close, snooze] = acts(row);
    const act = moved <= -FAR ? close : moved >= FAR ? snooze : null;
    row.classList.remove("swiped");
    row.style.removeProperty("--swipe");
    delete row.dataset.swiping;
    if (moved) {
      const still = row;
      still.addEventListener("click", stop, { capture: true, once: true });
      setTimeout(() => still.removeEventListener("click", stop, { capture: true }), 300);
    }
    row = null;
    act?.click();
  };
  document.addEventListener("touchend", end);
  document.addEventListener("touchcancel", end);
}

function stop(event) {
  if (!event.isTrusted) return;
  event.preventDefault();
  event.stopPropagation();
}
