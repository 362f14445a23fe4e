// The command palette: Ctrl K everything, "." what can be done with the open thread. It offers what the page itself offers,
// so that its words are those of the page and it can never do what no button does; clients are asked of the server.

import { inAnyAlphabet } from "./alphabets.js";
import { isTyping, press } from "./keys.js";

const MOST = 9;

export function startPalette() {
  const dialog = document.getElementById("palette");
  if (!dialog) return;
  const [input, list, here] = [dialog.querySelector("input"), dialog.querySelector(".palette-list"), dialog.querySelector(".palette-here")];
  let [offers, clients, only, asked, moved] = [[], [], false, 0, false];

  const open = (onlyActions) => {
    if (dialog.open || document.querySelector("dialog[open]")) return;
    [only, clients, input.value, moved] = [onlyActions, [], "", false];
    offers = collect(dialog);
    const subject = document.getElementById("subject")?.textContent ?? "";
    here.hidden = !subject;
    here.textContent = subject;
    dialog.showModal();
    render();
  };

  const render = () => {
    const words = input.value.trim();
    const was = moved && list.querySelector("[aria-selected=true]")?.textContent; // what comes later moves nobody's choice
    const shown = only ? offers.filter((offer) => offer.acts) : [...offers, ...clients];
    const fitting = shown.filter((offer) => fits(offer.label, words));
    const groups = Map.groupBy(fitting.sort((a, b) => (a.rank ?? 0) - (b.rank ?? 0)), (offer) => offer.group);
    list.replaceChildren();
    for (const [group, found] of groups) {
      const most = words ? MOST : found[0].acts ? 20 : MOST;
      list.append(heading(group), ...found.slice(0, most).map((offer) => line(offer, words)));
    }
    if (words && !only) list.append(line(searchFor(dialog, words), ""));
    if (!list.children.length) list.append(heading(dialog.dataset.nothing));
    const options = [...list.querySelectorAll("[role=option]")];
    mark(options.find((each) => each.textContent === was) ?? options[0]);
  };

  const mark = (option) => {
    for (const each of list.querySelectorAll("[aria-selected=true]")) each.setAttribute("aria-selected", "false");
    option?.setAttribute("aria-selected", "true");
    option?.scrollIntoView({ block: "nearest" });
    if (option) input.setAttribute("aria-activedescendant", option.id);
    else input.removeAttribute("aria-activedescendant");
  };

  const line = (offer, words) => {
    const option = document.createElement("div");
    option.id = `palette-${list.childElementCount}-${Math.random().toString(36).slice(2, 8)}`;
    option.className = "palette-line";
    option.setAttribute("role", "option");
    option.setAttribute("aria-selected", "false");
    const label = document.createElement("span");
    label.className = "cut";
    label.append(...marked(offer.label, words));
    option.append(offer.icon?.cloneNode(true) ?? "", label);
    if (offer.about) option.append(Object.assign(document.createElement("small"), { className: "cut", textContent: offer.about }));
    for (const key of offer.keys ?? []) option.append(Object.assign(document.createElement("kbd"), { textContent: key }));
    option.addEventListener("click", () => {
      dialog.close();
      offer.run();
    });
    return option;
  };

  input.addEventListener("input", async () => {
    moved = false;
    render();
    const words = input.value.trim();
    const turn = ++asked;
    if (only || words.length < 2) return;
    await new Promise((go) => setTimeout(go, 150));
    if (turn !== asked) return;
    const answer = await fetch(`${dialog.dataset.find}?words=${encodeURIComponent(words)}`, { headers: { "HX-Request": "true" } }).catch(() => null);
    if (!answer?.ok || turn !== asked) return;
    const found = new DOMParser().parseFromString(await answer.text(), "text/html");
    clients = [...found.querySelectorAll("a")].map((link) => ({ ...place(link, dialog.dataset.clients), about: link.dataset.about, label: link.textContent, always: true }));
    render();
  });
  dialog.addEventListener("keydown", (event) => {
    const options = [...list.querySelectorAll("[role=option]")];
    const at = options.findIndex((each) => each.getAttribute("aria-selected") === "true");
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      moved = true;
      mark(options[(at + (event.key === "ArrowDown" ? 1 : -1) + options.length) % options.length]);
    } else if (event.key === "Enter") {
      options[at]?.click();
    } else return;
    event.preventDefault();
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest?.("[data-palette]")) open(event.target.closest("[data-palette]").dataset.palette === "acts");
  });
  document.addEventListener("keydown", (event) => {
    const [ctrl, plain] = [event.ctrlKey || event.metaKey, !event.ctrlKey && !event.metaKey && !event.altKey];
    if (event.code === "KeyK" && ctrl && !event.shiftKey && !event.altKey) open(false);
    else if (event.code === "Period" && plain && !event.shiftKey && !isTyping(event.target)) open(true);
    else return;
    event.preventDefault();
  });
}

/** What the page offers now: acts on what is chosen or open, places, pages. */
function collect(dialog) {
  const chosen = document.querySelector(".row-check :checked") !== null;
  const room = chosen ? "#bulk" : ".thread[data-thread]";
  const buttons = [...document.querySelectorAll(`${room} :is(button, summary)[class*="button"], ${room} [data-key], ${room} .thread-more .menu-item:not(.menu-nested button)`)];
  const acts = [...new Set(buttons)].filter((each) => (each.checkVisibility() || each.closest(".thread-more .menu-item")) && !each.matches("[data-choose], [data-dismiss], .back, [data-palette]"));
  const people = chosen ? [] : [...document.querySelectorAll(".thread [name=executor_id]")].filter((each) => each.value && each.closest(".menu-body"));
  const group = chosen ? dialog.dataset.chosen : dialog.dataset.this;
  const offers = [
    ...acts.map((each) => act(each, group)),
    ...people.map((field) => ({ ...act(field.form.querySelector("button"), group), label: dialog.dataset.assign.replace("{}", field.form.querySelector(".cut").textContent) })),
    ...[...document.querySelectorAll("#rail a.rail-item")].map((link) => place(link, dialog.dataset.places)),
    ...[...dialog.querySelectorAll("[data-pages] a")].map((link) => place(link, dialog.dataset.pages)),
  ];
  const seen = new Set();
  return offers.filter((offer) => offer.label && !seen.has(offer.group + offer.label) && seen.add(offer.group + offer.label));
}

function act(element, group) {
  const label = element.getAttribute("aria-label") || (element.title || element.innerText).replace(/\s*\([^)]*\)$/, "");
  const key = element.dataset.key ?? element.dataset.bulkKey;
  return { group, label: firstLine(label, key), keys: key?.split(/[ +]/).map(capital), acts: true, icon: element.querySelector("svg"), run: () => press(element) };
}

function firstLine(text, key) {
  const line = text.trim().split("\n")[0].trim();
  return key && line.toLowerCase().endsWith(` ${key}`) ? line.slice(0, -key.length - 1) : line;
}

function place(link, group) {
  return {
    group,
    label: (link.querySelector(".cut") ?? link).textContent.trim(),
    about: link.title && link.title !== link.textContent ? link.title : "",
    keys: link.dataset.key?.split(" ").map(capital),
    icon: link.querySelector("svg"),
    run: () => location.assign(link.href),
  };
}

const capital = (key) => (key.length === 1 ? key.toUpperCase() : key[0].toUpperCase() + key.slice(1));

function searchFor(dialog, words) {
  const label = dialog.dataset.search.replace("{}", words);
  return { group: "", label, run: () => location.assign(`/search?q=${encodeURIComponent(words)}`) };
}

function heading(text) {
  return Object.assign(document.createElement("p"), { className: "palette-head", textContent: text });
}

/** Every word that was typed begins a word of the label, in either alphabet or keyboard layout. */
function fits(label, typed) {
  return typed.split(/\s+/).every((word) => !word || starts(label, word).length > 0);
}

/** Where in the label a word begins with what was typed: [from, to]. */
function starts(label, typed) {
  const wanted = inAnyAlphabet(typed);
  const found = [];
  for (const match of label.matchAll(/[\p{L}\p{N}@.]+/gu)) {
    const spellings = inAnyAlphabet(match[0]);
    const spelling = wanted.some((want) => spellings.some((each) => each.startsWith(want)));
    if (spelling) found.push([match.index, match.index + Math.min(typed.length, match[0].length)]);
  }
  return found;
}

function marked(label, typed) {
  const parts = [];
  let at = 0;
  const places = typed.split(/\s+/).filter(Boolean).flatMap((word) => starts(label, word).slice(0, 1)).sort((a, b) => a[0] - b[0]);
  for (const [from, to] of places) {
    if (from < at) continue;
    parts.push(label.slice(at, from), Object.assign(document.createElement("mark"), { textContent: label.slice(from, to) }));
    at = to;
  }
  return [...parts, label.slice(at)];
}
