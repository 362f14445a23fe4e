// Saved texts: put in by a button, or by `;` and the beginning of a name while one writes. The server fills their fields.

import { ask } from "./drafts.js";

const FIELD = /\{\{\s*([a-z0-9_.]+)[^}]*\}\}/g;
const CALL = /(?:^|\s);([^;\n]{1,40})$/;

export class Texts {
  constructor(letter, root, squire) {
    this.letter = letter;
    this.squire = squire;
    this.place = letter.composer.querySelector(".composer-texts");
    this.list = this.place.querySelector("ul");
    this.found = letter.composer.querySelector(".composer-called");
    this.calls = [];
    this.place.addEventListener("toggle", () => this.place.open && this.load());
    this.place.addEventListener("input", (event) => event.stopPropagation());
    for (const kind of ["focusin", "mouseover"]) this.place.addEventListener(kind, (event) => this.looked(event));
    this.preview = this.place.querySelector(".text-preview");
    this.place.addEventListener("click", (event) => this.clicked(event));
    this.found.addEventListener("mousedown", (event) => {
      event.preventDefault();
      const row = event.target.closest("[data-text]");
      if (row) this.put(Number(row.dataset.text), this.called());
    });
    squire.addEventListener("input", () => this.typed());
    letter.form.addEventListener("keydown", (event) => root.contains(event.target) && this.pressed(event), true);
  }

  get mailbox() {
    return this.letter.composer.dataset.mailbox;
  }

  async load() {
    const answer = await ask("GET", `/api/v1/mailboxes/${this.mailbox}/templates`);
    this.all = answer.ok ? answer.body.items : [];
    this.preview.hidden = true;
    this.shown = null;
    const rows = this.all.map((each) => {
      const row = document.createElement("li");
      const use = document.createElement("button");
      use.type = "button";
      use.className = "button small";
      use.dataset.text = each.id;
      use.textContent = each.name;
      const away = document.createElement("button");
      away.type = "button";
      away.className = "chip-away";
      away.dataset.away = each.id;
      away.textContent = "×";
      away.setAttribute("aria-label", `${this.words("without")} ${each.name}`);
      row.append(use, away);
      return row;
    });
    this.list.replaceChildren(...rows);
    await this.offerOwn();
    return this.all;
  }

  /** Fields that people added, behind those of the house. */
  async offerOwn() {
    if (this.own) return;
    this.own = true;
    const chips = this.place.querySelector(".text-fields");
    for (const [of, name] of [["counterparties", "client"], ["contacts", "contact"]]) {
      const answer = await ask("GET", `/api/v1/attributes?of=${of}`);
      for (const each of answer.ok ? answer.body.items : []) {
        const chip = chips.querySelector(".chip").cloneNode();
        chip.dataset.field = `${name}.${each.key}`;
        chip.textContent = each.label;
        chips.append(" ", chip);
      }
    }
  }

  /** What a text says in this letter, its fields as chips, before it is put in. */
  async looked(event) {
    const use = event.target.closest?.("[data-text]");
    if (!use || this.shown === use.dataset.text) return;
    this.shown = use.dataset.text;
    const text = this.all.find((each) => String(each.id) === this.shown);
    const answer = await this.fill(text.id);
    if (this.shown !== use.dataset.text || !answer.ok) return;
    const words = new DOMParser().parseFromString(text.html.replace(/<\/(?:div|p|li)>|<br>/g, "$&\n"), "text/html").body.textContent;
    const pieces = words.trim().split(FIELD);
    this.preview.replaceChildren(...pieces.map((each, at) => (at % 2 ? this.field(each, answer.body.fields[each]) : each)));
    this.preview.hidden = false;
  }

  /** A field as a chip: what it says here, or that nobody knows. */
  field(name, value) {
    const chip = document.createElement("span");
    chip.className = value ? "chip" : "chip late";
    chip.title = this.label(name);
    chip.textContent = value || this.words("empty").replace("%1", this.label(name));
    return chip;
  }

  label(name) {
    return this.place.querySelector(`[data-field="${CSS.escape(name)}"]`)?.textContent ?? name;
  }

  fill(id) {
    const { thread } = this.letter.composer.dataset;
    const address = /[^\s<>,]+@[^\s<>,]+/.exec(this.letter.value("to"))?.[0] ?? "";
    return ask("POST", `/api/v1/letter-templates/${id}/fill`, thread ? { thread_id: Number(thread) } : { address });
  }

  async clicked(event) {
    const field = event.target.closest("[data-field]");
    if (field) {
      this.squire.insertPlainText(`{{ ${field.dataset.field} }}`, false);
      this.letter.touch();
      return;
    }
    const use = event.target.closest("[data-text]");
    const away = event.target.closest("[data-away]");
    if (use) {
      this.place.open = false;
      await this.put(Number(use.dataset.text));
    } else if (away) {
      const answer = await ask("DELETE", `/api/v1/letter-templates/${away.dataset.away}`);
      if (answer.ok) await this.load();
      else this.letter.warn(answer.body?.detail ?? "");
    } else if (event.target.closest("[data-keep-text]")) {
      const name = this.place.querySelector("[data-name]");
      const own = !this.place.querySelector("[data-all]").checked;
      const subject = this.letter.value("subject");
      const body = { mailbox_id: Number(this.mailbox), name: name.value, subject, html: this.letter.html(), own };
      const answer = await ask("POST", "/api/v1/letter-templates", body);
      if (!answer.ok) return this.letter.warn(answer.body?.detail ?? "");
      name.value = "";
      await this.load();
    }
  }

  /** The range of `;name` before the caret; null for none. */
  called() {
    const range = this.squire.getSelection();
    const node = range.startContainer;
    if (!range.collapsed || node.nodeType !== Node.TEXT_NODE) return null;
    const match = CALL.exec(node.data.slice(0, range.startOffset));
    if (!match) return null;
    this.word = match[1].toLowerCase();
    const before = document.createRange();
    before.setStart(node, range.startOffset - match[1].length - 1);
    before.setEnd(node, range.startOffset);
    return before;
  }

  async typed() {
    if (!this.called()) return this.close();
    const all = this.all ?? (await this.load());
    this.calls = all.filter((each) => each.name.toLowerCase().startsWith(this.word)).slice(0, 6);
    const rows = this.calls.map((each, at) => {
      const row = document.createElement("li");
      row.setAttribute("role", "option");
      row.setAttribute("aria-selected", String(at === 0));
      row.dataset.text = each.id;
      row.textContent = each.name;
      return row;
    });
    this.found.replaceChildren(...rows);
    this.found.hidden = !rows.length;
  }

  pressed(event) {
    if (this.found.hidden) return;
    if (event.key === "Enter" || event.key === "Tab") {
      const range = this.called();
      if (!range || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      this.put(this.calls[0].id, range);
    } else if (event.key === "Escape") {
      event.stopImmediatePropagation();
      this.close();
    }
  }

  /** Put the text where the caret is, or instead of what called it. */
  async put(id, range = null) {
    this.close();
    const answer = await this.fill(id);
    if (!answer.ok) return this.letter.warn(answer.body?.detail ?? "");
    const { html, subject, missing } = answer.body;
    if (range) this.squire.setSelection(range);
    this.squire.insertHTML(html);
    if (subject && !this.letter.value("subject")) this.letter.set("subject", subject);
    this.letter.touch();
    if (missing.length) this.letter.warn(`${this.words("missing")} ${missing.map((each) => this.label(each)).join(", ")}`);
    this.squire.focus();
  }

  close() {
    this.found.hidden = true;
    this.calls = [];
  }

  words(name) {
    return this.letter.composer.querySelector(".composer-words").dataset[name];
  }
}
