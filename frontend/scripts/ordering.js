// Rules and fields in their order: dragged by their handle, or moved with the arrows of the keyboard while the handle has the focus.
// Without scripts two buttons move one by one place.

import { ask } from "./composer/drafts.js";

const rows = (list) => [...list.querySelectorAll(":scope > [data-rule]")];

export function startOrdering() {
  document.addEventListener("keydown", pressed);
  document.addEventListener("submit", submitted, true);
  document.addEventListener("dragstart", begun);
  document.addEventListener("dragover", over);
  document.addEventListener("dragend", ended);
  document.addEventListener("drop", (event) => event.target.closest?.("[data-ordered]") && event.preventDefault());
}

function pressed(event) {
  const handle = event.target.closest?.("[data-handle]");
  const step = handle && { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (!step || event.altKey || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  move(handle.closest("[data-rule]"), step);
  handle.focus();
}

/** The buttons do the same in place: the focus stays with the rule. */
function submitted(event) {
  const row = event.target.matches?.(".rule-moves") && event.target.closest("[data-rule]");
  if (!row) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  move(row, event.submitter?.value === "up" ? -1 : 1);
  if (event.submitter?.disabled) row.querySelector(".rule-moves button:enabled")?.focus();
  else event.submitter?.focus();
}

function move(row, step) {
  const other = step < 0 ? row.previousElementSibling : row.nextElementSibling;
  if (!other) return;
  if (step < 0) other.before(row);
  else other.after(row);
  keep(row);
}

let dragged = null;
let before = "";

function begun(event) {
  const row = event.target.closest?.("[data-rule]");
  if (!row || !event.target.matches("[data-handle]")) return;
  dragged = row;
  before = order(row.parentElement).join();
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", row.dataset.rule);
  event.dataTransfer.setDragImage(row, 8, 8);
  row.classList.add("dragged");
}

function over(event) {
  const row = dragged && event.target.closest?.("[data-rule]");
  if (!row || row.parentElement !== dragged.parentElement) return;
  event.preventDefault();
  const box = row.getBoundingClientRect();
  if (row === dragged) return;
  if (event.clientY < box.top + box.height / 2) row.before(dragged);
  else row.after(dragged);
}

function ended() {
  if (!dragged) return;
  const row = dragged;
  dragged = null;
  row.classList.remove("dragged");
  if (order(row.parentElement).join() !== before) keep(row);
}

const order = (list) => rows(list).map((each) => Number(each.dataset.rule));

let saved = Promise.resolve();

/** The server gets the order as it is shown now, after those before: none overtakes another. Where it refuses it, the page is read
 *  again; until it has the last one the list is busy. */
async function keep(row) {
  const list = row.parentElement;
  const all = rows(list);
  for (const [at, each] of all.entries()) {
    each.querySelector("[value=up]").disabled = at === 0;
    each.querySelector("[value=down]").disabled = at === all.length - 1;
  }
  const place = document.querySelector("[data-order-said]");
  place.textContent = place.dataset.orderSaid.replace("%1", String(all.indexOf(row) + 1)).replace("%2", String(all.length));
  const { ordered, orderUrl } = list.dataset;
  const what = orderUrl ? { of: ordered } : { mailbox_id: Number(ordered) };
  const told = { ...what, ids: order(list) };
  list.ariaBusy = "true";
  const mine = (saved = saved.then(() => ask("POST", orderUrl ?? "/api/v1/rules/order", told)));
  if (!(await mine).ok) location.reload();
  else if (mine === saved) list.ariaBusy = null;
}
