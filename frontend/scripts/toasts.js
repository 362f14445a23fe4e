// What was done, for ten seconds or as long as it can be taken back, with its undo. The server sends toasts; a network that fails is told from a template.

const TOAST_MS = 10_000;
const MOST = 3;

export function startToasts() {
  const place = document.getElementById("toasts");
  if (!place) return;

  const time = (toast) => {
    if (!toast.classList?.contains("toast") || toast.classList.contains("stays")) return;
    const seconds = Number(toast.dataset.seconds);
    setTimeout(() => toast.remove(), seconds * 1000 || TOAST_MS);
    if (seconds) count(toast.querySelector(".toast-left"), seconds);
  };
  new MutationObserver((changes) => {
    for (const change of changes) change.addedNodes.forEach(time);
    [...place.querySelectorAll(".toast:not([hidden])")].slice(0, -MOST).forEach((old) => old.remove());
  }).observe(place, { childList: true });
  place.querySelectorAll(".toast").forEach(time);

  place.addEventListener("click", (event) => {
    const pressed = event.target.closest("[data-dismiss]");
    const toast = pressed?.closest(".toast");
    if (pressed?.form) toast.hidden = true; // its form still has to be sent, and answers only what is on the page
    else toast?.remove();
  });
  document.addEventListener("htmx:error", () => {
    const template = document.getElementById("toast-offline");
    if (template && !place.querySelector(".toast.offline-toast")) place.append(template.content.cloneNode(true));
  });
}

/** How many seconds are left, as long as it is on the page. */
function count(place, left) {
  if (!place?.isConnected || left <= 0) return;
  place.textContent = left;
  setTimeout(() => count(place, left - 1), 1000);
}
