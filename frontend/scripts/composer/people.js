// Lines of people: each address a chip, completed while one types from whom the reader may know. What is no address says so
// under the line. A chip goes to another line by dragging.

import { ask } from "./drafts.js";

const WAIT_MS = 150;
const ADDRESS = /^[^\s@<>]+@[^\s@<>]+\.[^\s@<>]+$/;
let carried = null;

export function people() {
  document.addEventListener("htmx:after:swap", upgrade);
  upgrade();
}

function upgrade() {
  for (const line of document.querySelectorAll("input[data-people]")) new People(line);
}

class People {
  constructor(line) {
    this.line = line;
    line.removeAttribute("data-people");
    line.type = "hidden";
    this.box = element("span", "people");
    this.input = document.createElement("input");
    this.input.autocomplete = "off";
    this.input.spellcheck = false;
    this.input.setAttribute("role", "combobox");
    this.input.setAttribute("aria-expanded", "false");
    this.input.setAttribute("aria-autocomplete", "list");
    this.input.setAttribute("aria-label", line.closest("label").firstElementChild.textContent);
    this.menu = element("ul", "people-found");
    this.menu.setAttribute("role", "listbox");
    this.menu.id = `people-${Math.random().toString(36).slice(2)}`;
    this.input.setAttribute("aria-controls", this.menu.id);
    this.menu.hidden = true;
    this.wrong = element("span", "people-wrong");
    this.wrong.id = `${this.menu.id}-wrong`;
    this.wrong.setAttribute("role", "status");
    this.wrong.hidden = true;
    this.input.setAttribute("aria-describedby", this.wrong.id);
    this.box.append(this.input);
    line.after(this.box, this.menu);
    line.closest("label").append(this.wrong);
    line.addEventListener("letter:set", () => this.show());
    line.form.addEventListener("reset", () => setTimeout(() => this.show()));
    this.input.addEventListener("input", (event) => this.typed(event));
    this.input.addEventListener("keydown", (event) => this.pressed(event));
    this.input.addEventListener("blur", () => setTimeout(() => this.left(), 120));
    this.input.addEventListener("paste", (event) => this.pasted(event));
    this.menu.addEventListener("mousedown", (event) => {
      const found = event.target.closest("[data-person]");
      if (!found) return;
      event.preventDefault();
      this.add(found.dataset.person);
    });
    this.draggable();
    this.show();
  }

  get all() {
    return split(this.line.value);
  }

  set all(people) {
    this.line.value = people.join(", ");
    this.show();
    this.line.dispatchEvent(new Event("input", { bubbles: true }));
  }

  show() {
    for (const chip of this.box.querySelectorAll(".chip")) chip.remove();
    for (const [at, person] of this.all.entries()) this.input.before(this.chip(person, at));
    this.check();
  }

  chip(person, at) {
    const chip = element("span", "chip");
    const address = /<([^>]*)>\s*$/.exec(person)?.[1] ?? person;
    chip.title = address;
    chip.draggable = true;
    chip.dataset.at = at;
    const name = element("span", "cut");
    name.textContent = person.replace(/\s*<[^>]*>\s*$/, "").replace(/^"(.*)"$/, "$1") || address;
    const away = element("button", "chip-away");
    away.type = "button";
    away.tabIndex = -1; // Backspace takes the last; the arrows lead to the others
    away.textContent = "×";
    away.setAttribute("aria-label", `${this.line.form.querySelector(".composer-words").dataset.without} ${address}`);
    away.addEventListener("click", (event) => {
      event.preventDefault();
      this.drop(at);
      this.input.focus();
    });
    away.addEventListener("keydown", (event) => this.walked(event, chip, at));
    chip.append(name, away);
    return chip;
  }

  /** The arrows go from chip to chip, Delete and Backspace take away where one stands. */
  walked(event, chip, at) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step) {
      event.preventDefault();
      const chips = [...this.box.querySelectorAll(".chip")];
      const next = chips[chips.indexOf(chip) + step];
      if (next) next.querySelector("button").focus();
      else if (step > 0) this.input.focus();
    } else if (event.key === "Delete" || event.key === "Backspace") {
      event.preventDefault();
      this.drop(at);
      (this.box.querySelectorAll(".chip-away")[Math.max(at - 1, 0)] ?? this.input).focus();
    }
  }

  drop(at) {
    this.all = this.all.filter((_, each) => each !== at);
  }

  add(text) {
    this.input.value = "";
    this.close();
    const more = split(text).filter((each) => !this.all.includes(each));
    if (more.length) this.all = [...this.all, ...more];
  }

  /** Which of these are no addresses, and why: the server knows. */
  async check() {
    const text = this.line.value;
    this.checked = text;
    const doubtful = this.all.length > 0;
    const answer = doubtful ? await ask("POST", "/api/v1/addresses/check", { people: this.all.slice(0, 500) }) : null;
    if (this.checked !== text) return;
    const wrong = (answer?.ok ? answer.body.items : []).map((each, at) => ({ ...each, at })).filter((each) => each.wrong);
    for (const chip of this.box.querySelectorAll(".chip")) {
      const here = wrong.find((each) => each.at === Number(chip.dataset.at));
      chip.classList.toggle("late", Boolean(here));
      chip.title = here ? `${here.address}: ${here.wrong}` : chip.title;
    }
    this.wrong.hidden = !wrong.length;
    this.wrong.textContent = wrong.map((each) => `“${each.address}”: ${each.wrong}`).join(" ");
    this.input.setAttribute("aria-invalid", String(wrong.length > 0));
  }

  pasted(event) {
    const text = event.clipboardData.getData("text/plain").trim();
    const bare = text.split(/\s+/);
    const several = bare.length > 1 && bare.every((each) => each.includes("@"));
    if (!several && !/[,;\n]/.test(text)) return;
    event.preventDefault();
    this.add(several ? bare.join(",") : text.replaceAll("\n", ","));
  }

  draggable() {
    this.box.addEventListener("dragstart", (event) => {
      const chip = event.target.closest?.(".chip");
      if (!chip) return;
      carried = { from: this, at: Number(chip.dataset.at), person: this.all[Number(chip.dataset.at)] };
      event.dataTransfer.effectAllowed = "move";
      event.dataTransfer.setData("text/plain", carried.person);
      const form = this.line.form;
      form.classList.add("sorting");
      const hidden = form.querySelector(".composer-hidden");
      setTimeout(() => (hidden.hidden = false)); // something to drop on; what is moved by then stays under the pointer
    });
    this.box.addEventListener("dragend", () => {
      carried = null;
      this.line.form.classList.remove("sorting");
      const hidden = this.line.form.querySelector(".composer-hidden");
      hidden.hidden = !this.line.form.elements.bcc.value && !this.line.form.querySelector(".composer-bcc").hidden;
    });
    const target = this.line.closest("label");
    target.addEventListener("dragover", (event) => {
      if (!carried || carried.from === this || carried.from.line.form !== this.line.form) return;
      event.preventDefault();
      event.stopPropagation();
    });
    target.addEventListener("drop", (event) => {
      if (!carried || carried.from === this) return;
      event.preventDefault();
      event.stopPropagation();
      const { from, at, person } = carried;
      from.drop(at);
      this.add(person);
    });
  }

  typed(event) {
    event.stopPropagation();
    clearTimeout(this.timer);
    this.chosen = false;
    const words = this.input.value;
    if (/[,;]\s*$/.test(words) && !/^"[^"]*$/.test(words.trim())) this.add(words);
    else if (words.trim().length > 1) this.timer = setTimeout(() => this.find(words.trim()), WAIT_MS);
    else this.close();
  }

  async find(words) {
    const answer = await ask("GET", `/api/v1/addresses?${new URLSearchParams({ q: words })}`);
    if (!answer.ok || this.input.value.trim() !== words) return;
    const rows = answer.body.items.map((each, at) => {
      const row = document.createElement("li");
      row.setAttribute("role", "option");
      row.id = `${this.menu.id}-${at}`;
      row.dataset.address = each.address;
      row.dataset.person = each.name ? `${quoted(each.name)} <${each.address}>` : each.address;
      const name = document.createElement("b");
      name.textContent = each.name || each.address;
      const about = document.createElement("span");
      about.textContent = [each.name && each.address, each.client].filter(Boolean).join(" · ");
      row.append(name, about);
      return row;
    });
    this.menu.replaceChildren(...rows);
    this.menu.hidden = !rows.length;
    this.input.setAttribute("aria-expanded", String(rows.length > 0));
    this.mark(0);
  }

  mark(at) {
    this.at = at;
    for (const [each, row] of [...this.menu.children].entries()) row.setAttribute("aria-selected", String(each === at));
    this.input.setAttribute("aria-activedescendant", this.menu.children[at]?.id ?? "");
    this.menu.children[at]?.scrollIntoView({ block: "nearest" });
  }

  /** Who is meant: the marked one of the list, unless a whole address was typed and nobody was chosen by the arrows. */
  meant() {
    const typed = this.input.value.trim();
    const row = this.menu.hidden ? null : this.menu.children[this.at];
    if (!row || (!this.chosen && ADDRESS.test(typed) && row.dataset.address !== typed.toLowerCase())) return typed;
    return row.dataset.person;
  }

  /** Take who is meant; who types faster than the server finds is waited for. */
  async take() {
    const typed = this.input.value.trim();
    if (this.menu.hidden && typed.length > 1 && !typed.includes("@")) {
      clearTimeout(this.timer);
      this.taking = true;
      await this.find(typed);
      this.taking = false;
      if (this.input.value.trim() !== typed) return;
    }
    this.add(this.meant());
  }

  pressed(event) {
    const open = !this.menu.hidden;
    const rows = this.menu.children.length;
    if (open && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      this.chosen = true;
      this.mark((this.at + (event.key === "ArrowDown" ? 1 : rows - 1)) % rows);
    } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      if (this.input.value.trim()) this.add(this.input.value);
    } else if ((event.key === "Enter" || event.key === "Tab") && this.input.value.trim()) {
      if (event.key === "Enter") event.preventDefault();
      this.take();
    } else if (event.key === "Escape" && open) {
      event.stopPropagation();
      this.close();
    } else if (event.key === "Backspace" && !this.input.value && this.all.length) {
      this.drop(this.all.length - 1);
    } else if (event.key === "ArrowLeft" && !this.input.value) {
      [...this.box.querySelectorAll(".chip-away")].at(-1)?.focus();
    }
  }

  left() {
    if (document.activeElement === this.input || this.taking) return;
    if (this.input.value.trim()) this.add(this.input.value);
    this.close();
  }

  close() {
    clearTimeout(this.timer);
    this.chosen = false;
    this.menu.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
  }
}

/** People between commas and semicolons, those in quotes left whole. */
function split(text) {
  return (text.match(/(?:"(?:[^"\\]|\\.)*"|[^,;"])+/g) ?? []).map((each) => each.trim()).filter(Boolean);
}

function quoted(name) {
  return /[()<>@,;:\\".[\]]/.test(name) ? `"${name.replace(/["\\;]/g, " ")}"` : name;
}

function element(tag, name) {
  const made = document.createElement(tag);
  made.className = name;
  return made;
}
