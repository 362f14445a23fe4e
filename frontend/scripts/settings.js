// The settings: what one types leaves only those that speak of it, in any alphabet and without marks. An address that names
// one (#rules) shows it, for each mailbox where mailboxes have it.

import { inAnyAlphabet } from "./alphabets.js";

export function startSettings() {
  document.addEventListener("input", (event) => event.target.closest?.(".settings-find") && show(event.target.value));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !event.target.matches?.(".settings-find input") || !event.target.value) return;
    event.preventDefault();
    event.target.value = "";
    show("");
  });
  window.addEventListener("hashchange", arrive);
  arrive();
}

function arrive() {
  const field = document.querySelector(".settings-find input");
  if (!field) return;
  field.parentElement.hidden = false;
  const [, key, box] = /^#([a-z-]+?)(?:-(\d+))?$/.exec(location.hash) ?? [];
  if (!key) return;
  const home = box && document.getElementById(`mailbox-${box}`);
  const lines = [...(home ?? document).querySelectorAll(`[data-setting="${key}"]`)];
  if (home) home.open = true;
  else if (lines.length > 1) show((field.value = lines[0].querySelector(".setting-words > :first-child").textContent));
  const line = lines.find((one) => !one.hidden) ?? home;
  if (line && (home || lines.length === 1)) line.open = true;
  if (line?.closest("[data-settings]")) line.closest("[data-settings]").open = true;
  line?.scrollIntoView({ block: "center" });
}

function show(asked) {
  const words = asked.trim().split(/\s+/).filter(Boolean).map(inAnyAlphabet);
  for (const line of document.querySelectorAll(".settings-page [data-setting]")) {
    line.hidden = !speaks(line, words);
    if (line.open) line.open = false;
  }
  for (const box of document.querySelectorAll("[data-settings]")) {
    const whole = speaks(nameOf(box), words);
    const lines = [...box.querySelectorAll("[data-setting]")];
    box.hidden = !whole && lines.every((line) => line.hidden);
    box.open = Boolean(words.length) && !whole && !box.hidden;
    if (whole) for (const line of lines) line.hidden = false;
  }
  const sections = [...document.querySelectorAll(".settings-page section")];
  for (const one of sections) one.hidden = ![...one.children].some((child) => child.matches("[data-setting], [data-settings]") && !child.hidden);
  const none = document.querySelector(".settings-none");
  none.textContent = sections.every((one) => one.hidden) ? none.dataset.none : "";
}

/** Each word asked for begins somewhere in the line, or in what its mailbox is called. */
function speaks(line, words) {
  const box = line.matches("[data-setting]") && line.closest("[data-settings]");
  const [text] = inAnyAlphabet(box ? `${nameOf(box).textContent} ${line.textContent}` : line.textContent);
  return words.every((spellings) => spellings.some((one) => text.includes(one)));
}

function nameOf(box) {
  return box.querySelector(".setting-words");
}
