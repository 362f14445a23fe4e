// What one has searched for: kept when the page of a search is shown, offered under the empty field, taken away there.

import { ask } from "./composer/drafts.js";

const RECENT = "/api/v1/search/recent";

export function startSearches() {
  document.addEventListener("submit", (event) => {
    const words = event.target.matches?.(".top-search") && event.target.elements.q.value.trim();
    if (words) ask("POST", RECENT, { words });
  });
  document.addEventListener("click", (event) => {
    const found = event.target.closest?.("#found .quick a, #found .quick-all, #found .known a");
    const words = found && document.querySelector(".top-search [name=q]").value.trim();
    if (words) ask("POST", RECENT, { words });
    const away = event.target.closest?.("[data-forget]");
    if (away) forget(away);
  });
  document.addEventListener("keydown", walked);
}

async function forget(button) {
  const { forget: words } = button.dataset;
  const answer = await ask("DELETE", words ? `${RECENT}?${new URLSearchParams({ words })}` : RECENT);
  if (!answer.ok) return;
  const list = button.closest(".recent");
  const row = words && button.closest("li");
  row?.remove();
  if (!words || !list.querySelector("li")) list.remove();
  document.querySelector(".top-search [name=q]").focus();
}

/** The arrows lead from the field through what stands under it, and back. */
function walked(event) {
  const form = event.target.closest?.(".top-search");
  const step = form && { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || event.isComposing) return;
  const stops = [form.elements.q, ...form.querySelectorAll("#found a")];
  const at = stops.indexOf(event.target.closest("a, input"));
  const next = stops[at + step];
  if (stops.length < 2 || at < 0 || !next) return;
  event.preventDefault();
  next.focus();
}
