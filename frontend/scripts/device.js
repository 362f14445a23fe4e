// The house as a program of a device: the service worker that keeps built files, notifications, and a swipe over a row.

const WISH = "mailhub-notifies";

export function startDevice() {
  if (isSecureContext) navigator.serviceWorker?.register("/worker.js").catch(() => {});
  showWish();
  document.addEventListener("click", async (event) => {
    if (!event.target.closest?.("[data-notify]")) return;
    const wanted = localStorage.getItem(WISH) !== "yes";
    if (wanted && (await Notification.requestPermission()) !== "granted") return showWish();
    localStorage.setItem(WISH, wanted ? "yes" : "no");
    showWish();
  });
  startSwipes();
}

/** The button says what it is set to; it is not there where a browser has no notifications. */
function showWish() {
  const possible = "Notification" in window && isSecureContext;
  for (const button of document.querySelectorAll("[data-notify]")) {
    button.hidden = !possible;
    button.setAttribute("aria-pressed", String(possible && Notification.permission === "granted" && localStorage.getItem(WISH) === "yes"));
    button.disabled = possible && Notification.permission === "denied";
  }
}

/** The newest notice, told by the device while nobody looks at any of our tabs; the one tab that listens does it. */
export async function notifyHere() {
  if (localStorage.getItem(WISH) !== "yes" || !("Notification" in window) || Notification.permission !== "granted") return;
  const worker = await navigator.serviceWorker?.getRegistration();
  if (!worker || document.hasFocus()) return;
  const answer = await fetch("/api/v1/notices?limit=1").catch(() => null);
  const newest = answer?.ok ? (await answer.json()).items[0] : null;
  if (!newest || newest.read) return;
  const data = { url: `/open/threads/${newest.thread_id}` };
  await worker.showNotification("mailhub", { body: newest.text, tag: `notice-${newest.id}`, icon: "/assets/" + (document.querySelector("link[rel=apple-touch-icon]")?.href.split("/").pop() ?? ""), data });
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
