// Rows that are chosen together: a box each, Shift for a range, x for the one in focus, Escape for none. What the keys of
// one thread do (i, m, e …) is done with all of them while any is chosen (`data-bulk-key`).

import { keyName, isTyping, press } from "./keys.js";

let last = null; // the box that was pressed last: a range goes from there

export function startBulk() {
  document.addEventListener("click", (event) => {
    const box = event.target.closest?.(".row-check input");
    if (box) {
      if (event.shiftKey) chooseRange(box);
      last = box.value;
      show();
    }
    const choose = event.target.closest?.("[data-choose]")?.dataset.choose;
    if (choose) chooseAll(choose === "all");
    if (event.target.closest?.("[data-choosing]")) document.getElementById("list").classList.toggle("choosing");
  });
  document.addEventListener("keydown", onKey, true);
  document.addEventListener("htmx:after:swap", show);
  document.addEventListener("htmx:after:request", (event) => {
    if (event.target.id !== "bulk") return; // its menus fetch what they offer
    chooseAll(false);
    document.querySelector("#toasts [data-list-moved]") && location.reload();
  });
  show();
}

const boxes = () => [...document.querySelectorAll("#list .row-check input")];
const chosen = () => boxes().filter((box) => box.checked);

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || document.querySelector("dialog[open]")) return;
  const [key, any] = [keyName(event), chosen().length > 0];
  if (key === "x") {
    const row = document.activeElement?.closest?.(".row") ?? document.querySelector(".row:has(> .row-link[aria-current])");
    const box = row?.querySelector(".row-check input");
    if (!box) return;
    box.checked = !box.checked;
    last = box.value;
    show();
  } else if (any && event.key === "Escape" && !document.querySelector("details.menu[open]")) {
    chooseAll(false);
  } else {
    const button = any && key && document.querySelector(`#bulk [data-bulk-key="${CSS.escape(key)}"]`);
    if (!button) return;
    press(button);
  }
  event.preventDefault();
  event.stopPropagation();
}

function chooseRange(box) {
  const all = boxes();
  const from = all.findIndex((each) => each.value === last);
  const to = all.indexOf(box);
  if (from < 0) return;
  for (const each of all.slice(Math.min(from, to), Math.max(from, to) + 1)) each.checked = box.checked;
}

function chooseAll(all) {
  for (const box of boxes()) box.checked = all;
  document.getElementById("list")?.classList.remove("choosing");
  show();
}

/** How many, and which: their names and subjects, as the rows say them. */
function show() {
  const bulk = document.getElementById("bulk");
  if (!bulk) return;
  const found = chosen();
  const count = bulk.querySelector("[data-chosen]");
  if (count.textContent !== String(found.length)) count.textContent = String(found.length);
  bulk.querySelector("[data-chosen-rows]").replaceChildren(
    ...found.map((box) => {
      const [item, words] = [document.createElement("li"), document.createElement("div")];
      const row = box.closest(".row");
      const subject = row.querySelector(".row-subject").cloneNode(true);
      subject.className = "cut";
      words.append(row.querySelector(".row-who").cloneNode(true), subject);
      words.firstChild.className = "strong cut";
      item.append(words, ...[...row.querySelectorAll(".pill, .avatar")].map((each) => each.cloneNode(true)));
      return item;
    }),
  );
}
