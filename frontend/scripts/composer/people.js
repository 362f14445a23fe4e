// Lines of people: each address a chip, completed while one types from whom the reader may know.

import { ask } from "./drafts.js";

const WAIT_MS = 150;

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
    this.box = document.createElement("span");
    this.box.className = "people";
    this.input = document.createElement("input");
    this.input.autocomplete = "off";
    this.input.spellcheck = false;
    this.input.setAttribute("role", "combobox");
    this.input.setAttribute("aria-expanded", "false");
    this.input.setAttribute("aria-autocomplete", "list");
    this.input.setAttribute("aria-label", line.closest("label").firstElementChild.textContent);
    this.menu = document.createElement("ul");
    this.menu.className = "people-found";
    this.menu.setAttribute("role", "listbox");
    this.menu.id = `people-${Math.random().toString(36).slice(2)}`;
    this.input.setAttribute("aria-controls", this.menu.id);
    this.menu.hidden = true;
    this.box.append(this.input);
    line.after(this.box, this.menu);
    line.addEventListener("letter:set", () => this.show());
    line.form.addEventListener("reset", () => setTimeout(() => this.show()));
    this.input.addEventListener("input", (event) => this.typed(event));
    this.input.addEventListener("keydown", (event) => this.pressed(event));
    this.input.addEventListener("blur", () => setTimeout(() => this.left(), 120));
    this.input.addEventListener("paste", (event) => {
      const text = event.clipboardData.getData("text/plain");
      if (!/[,;\n]/.test(text)) return;
      event.preventDefault();
      this.add(text.replaceAll("\n", ","));
    });
    this.menu.addEventListener("mousedown", (event) => {
      const found = event.target.closest("[data-person]");
      if (!found) return;
      event.preventDefault();
      this.add(found.dataset.person);
    });
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
    for (const [at, person] of this.all.entries()) {
      const chip = document.createElement("span");
      chip.className = "chip";
      const address = /<([^>]*)>\s*$/.exec(person)?.[1] ?? person;
      chip.classList.toggle("late", !/^[^\s@<>]+@[^\s@<>]+\.[^\s@<>]+$/.test(address));
      chip.title = address;
      chip.append(person.replace(/\s*<[^>]*>\s*$/, "").replace(/^"(.*)"$/, "$1") || address);
      const away = document.createElement("button");
      away.type = "button";
      away.className = "chip-away";
      away.textContent = "×";
      away.setAttribute("aria-label", `${this.line.form.querySelector(".composer-words").dataset.without} ${address}`);
      away.addEventListener("click", (event) => {
        event.preventDefault();
        this.all = this.all.filter((_, each) => each !== at);
        this.input.focus();
      });
      chip.append(away);
      this.input.before(chip);
    }
  }

  add(text) {
    this.input.value = "";
    this.close();
    const more = split(text).filter((each) => !this.all.includes(each));
    if (more.length) this.all = [...this.all, ...more];
  }

  typed(event) {
    event.stopPropagation();
    clearTimeout(this.timer);
    const words = this.input.value;
    if (/[,;]\s*$/.test(words)) this.add(words);
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

  pressed(event) {
    const open = !this.menu.hidden;
    const rows = this.menu.children.length;
    if (open && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      this.mark((this.at + (event.key === "ArrowDown" ? 1 : rows - 1)) % rows);
    } else if ((event.key === "Enter" || event.key === "Tab") && this.input.value.trim() && !event.ctrlKey && !event.metaKey) {
      if (event.key === "Enter") event.preventDefault();
      this.add(open ? this.menu.children[this.at].dataset.person : this.input.value);
    } else if (event.key === "Escape" && open) {
      event.stopPropagation();
      this.close();
    } else if (event.key === "Backspace" && !this.input.value && this.all.length) {
      this.all = this.all.slice(0, -1);
    } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      this.add(this.input.value);
    }
  }

  left() {
    if (document.activeElement === this.input) return;
    if (this.input.value.trim()) this.add(this.input.value);
    this.close();
  }

  close() {
    clearTimeout(this.timer);
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
