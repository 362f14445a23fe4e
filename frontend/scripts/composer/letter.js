// One letter while it is written: its text in the editor, its files, and its draft on the server.

import { ask, drafts } from "./drafts.js";
import { Files } from "./files.js";

const REST_MS = 1000;
const FIELDS = ["to", "cc", "bcc", "sender", "subject"];
const key = (composer) => `mailhub-letter-${composer.dataset.thread || `new-${composer.dataset.mailbox}`}`;

/** Plain text as the editor has it, a line in a div of its own. */
function lines(text) {
  const made = text && text.split("\n").map((line) => {
    const div = document.createElement("div");
    div.textContent = line.replace(/^ | $| (?= )/g, "\u00a0"); // a space at an edge would not be shown
    return line ? div.outerHTML : "<div><br></div>";
  });
  return made ? made.join("") : "";
}

export class Letter {
  /** Whether this tab still holds something that was typed into this form. */
  static keeps(composer) {
    return sessionStorage.getItem(key(composer)) !== null;
  }

  constructor(composer) {
    this.composer = composer;
    this.place = key(composer);
    this.form = composer.querySelector("form");
    this.touched = false;
    this.mayLeave = false;
    this.kind = composer.dataset.kind;
    this.files = new Files(this);
    this.chain = Promise.resolve();
    this.text = this.form.elements.text;
    this.ready = this.begin();
    this.form.addEventListener("input", (event) => this.typed(event));
    this.form.addEventListener("change", (event) => this.typed(event));
    this.form.elements.sender?.addEventListener("change", () => this.ready.then(() => this.signedAnew()));
    composer.querySelector(".composer-throw").addEventListener("click", () => this.throwAway());
  }

  async begin() {
    const { makeEditor } = await import("./editor.js");
    const kept = JSON.parse(sessionStorage.getItem(this.place) || "null");
    // Before this script ran nobody heard what was typed; a browser that fills a form again after a reload types, too.
    const early = this.early || (!kept && this.text.value !== this.text.defaultValue) ? this.text.value : "";
    const here = document.activeElement === this.text;
    this.editor = makeEditor(this);
    this.form.elements.html.disabled = false;
    const begun = { id: this.value("draft"), version: this.value("version"), html: this.value("html") };
    begun.files = JSON.parse(this.composer.dataset.files || "[]");
    if (kept && (!begun.id || (kept.draft === begun.id && kept.version === begun.version))) {
      for (const name of [...FIELDS, "draft", "version"]) if (kept[name] !== undefined) this.set(name, kept[name]);
      if (kept.seen) this.form.elements.seen.value = kept.seen;
      Object.assign(this.composer.dataset, { ...this.form.elements.sender?.selectedOptions?.[0]?.dataset });
      begun.html = kept.html;
      this.touched = true;
      this.soon();
    }
    this.files.show(begun.files);
    this.editor.setHTML(lines(early) + (begun.html ? this.files.toAddresses(begun.html) : this.blank()));
    if (early) this.editor.goBehind(early.split("\n").length);
    this.touched ||= Boolean(early);
    if (here) this.editor.focus();
    this.kindShown();
    this.told();
  }

  blank() {
    const { signature } = this.composer.dataset;
    return signature ? `<div><br></div><div><br></div>${signature}` : "";
  }

  /** Another sender: its mailbox, and its signature where that of the one before still stands as it was. */
  signedAnew() {
    const { mailbox, signature } = this.form.elements.sender.selectedOptions[0].dataset;
    if (!mailbox) return;
    const before = this.composer.dataset.signature;
    if (signature !== before) this.editor.changeEnd(before, signature);
    Object.assign(this.composer.dataset, { mailbox, signature });
    this.touch();
  }

  value(name) {
    return this.form.elements[name]?.value ?? "";
  }

  set(name, value) {
    const field = this.form.elements[name];
    if (!field || field.value === String(value)) return;
    field.value = value;
    field.dispatchEvent(new CustomEvent("letter:set"));
    if (name === "bcc" && value) this.composer.querySelector(".composer-hidden").hidden = false;
  }

  /** More people into a line of them. */
  add(name, people) {
    this.set(name, [this.value(name), people].filter(Boolean).join(", "));
    this.touch();
  }

  focus() {
    const first = this.composer.querySelector(".composer-subject:not([hidden])") && !this.value("to");
    if (first) this.composer.querySelector("[name=to]").closest("label").querySelector("input:not([type=hidden])").focus();
    else this.editor?.focus();
  }

  html() {
    return this.files.toNames(this.editor.getHTML());
  }

  setText(text) {
    this.ready.then(() => {
      this.editor.setHTML(lines(text));
      this.touch();
    });
  }

  typed(event) {
    if (event.target.matches("[type=file], [name=quoted], .composer-later *")) return;
    if (this.editor) return this.touch();
    this.early ||= event.target === this.text; // somebody types while the editor still loads
    this.ready.then(() => this.touch());
  }

  touch() {
    this.touched = true;
    this.warned = "";
    this.warn("");
    this.keep();
    this.soon();
  }

  /** Until the server has it: in this tab, for a reload or a server that does not answer. */
  keep() {
    const kept = { html: this.html(), seen: this.value("seen"), draft: this.value("draft"), version: this.value("version") };
    for (const name of FIELDS) kept[name] = this.value(name);
    sessionStorage.setItem(this.place, JSON.stringify(kept));
  }

  soon() {
    this.dirty = true;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), REST_MS);
  }

  /** Save what was typed, one request after the other. Resolves to whether the server has everything. */
  save() {
    clearTimeout(this.timer);
    this.chain = this.chain.then(() => (this.dirty ? this.store() : true));
    return this.chain;
  }

  async store() {
    this.dirty = false;
    this.say("saving");
    const id = await this.draft();
    if (!id) return this.failed();
    const body = { version: Number(this.value("version")), html: this.html(), seen_message_id: Number(this.value("seen")) || null };
    if (this.kind === "new") body.mailbox_id = Number(this.composer.dataset.mailbox);
    const quoted = this.form.elements.quoted;
    if (quoted) body.quoted_message_id = quoted.checked ? Number(quoted.value) : 0;
    for (const name of FIELDS) body[name] = this.value(name);
    const answer = await ask("PATCH", `${drafts}/${id}`, body);
    if (answer.status === 409) {
      this.say("quicker");
      this.composer.querySelector(".composer-conflict").hidden = false;
      return false;
    }
    if (answer.status === 404) this.forget(); // somebody threw it away: what is written here becomes a new one
    if (!answer.ok) return this.failed();
    this.set("version", answer.body.version);
    if (!this.dirty) this.keep();
    this.told();
    this.say("saved");
    return true;
  }

  /** Two have changed one draft: go on with `theirs`, or put what is written here over it. */
  async settle(whose) {
    this.composer.querySelector(".composer-conflict").hidden = true;
    const id = Number(this.value("draft"));
    if (whose === "theirs") {
      await this.take(id);
      this.dirty = false;
      this.say("saved");
      return;
    }
    const answer = await ask("GET", `${drafts}/${id}`);
    if (answer.ok) this.set("version", answer.body.version);
    else this.forget();
    this.dirty = true;
    await this.save();
    this.focus();
  }

  failed() {
    this.dirty = true;
    this.say("failed");
    return false;
  }

  forget() {
    this.set("draft", "");
    this.set("version", "");
  }

  /** The number of the draft, begun now where there is none. */
  async draft() {
    if (this.value("draft")) return this.value("draft");
    const { thread, mailbox, handingOn } = this.composer.dataset;
    const body = thread ? { kind: this.kind, thread_id: Number(thread) } : { kind: "new", mailbox_id: Number(this.mailbox ?? mailbox) };
    if (this.kind === "forward" && Number(handingOn)) body.files_of = Number(handingOn);
    const answer = await ask("POST", drafts, body);
    if (!answer.ok) return "";
    this.set("draft", answer.body.id);
    this.set("version", answer.body.version);
    if (answer.body.attachments.length) this.files.show(answer.body.attachments);
    return answer.body.id;
  }

  /** Go on with a draft that is on the server: a colleague's, or what was taken back. */
  async take(id) {
    await this.ready;
    const answer = await ask("GET", `${drafts}/${id}`);
    if (!answer.ok) return;
    const found = answer.body;
    this.kind = found.kind;
    for (const name of FIELDS) this.set(name, found[name]);
    this.set("draft", found.id);
    this.set("version", found.version);
    this.files.show(found.attachments);
    this.editor.setHTML(this.files.toAddresses(found.html) || this.blank());
    this.kindShown();
    this.touched = true;
    this.told();
    this.keep();
    this.focus();
  }

  async forward() {
    await this.ready;
    if (this.touched && this.kind === "reply") await this.save();
    this.clear();
    this.kind = "forward";
    this.set("to", "");
    this.set("subject", this.composer.dataset.forwardSubject);
    this.kindShown();
    await this.draft();
    this.touched = true;
    this.keep();
    this.focus();
  }

  kindShown() {
    this.composer.querySelector(".composer-subject").hidden = this.kind === "reply";
    for (const each of this.composer.querySelectorAll(".composer-unless, .composer-close")) each.hidden = this.kind !== "reply";
  }

  /** True when the letter may leave: everything is saved, and what is strange about it was said before. */
  async prepare() {
    await this.ready; // who writes and sends before the editor is there
    await this.files.done();
    this.soon();
    const saved = await this.save();
    this.form.elements.html.value = this.html();
    this.text.value = this.editor.words() || "-";
    if (!saved) return !this.files.count && this.composer.querySelector(".composer-kept").dataset.state !== "quicker";
    const answer = await ask("GET", `${drafts}/${this.value("draft")}/warnings`);
    const said = answer.ok ? answer.body.warnings.map((each) => each.text).join(" ") : "";
    if (said && said !== this.warned) {
      this.warned = said;
      this.warn(said);
      return false;
    }
    return true;
  }

  warn(said) {
    const line = this.composer.querySelector(".composer-warning");
    line.hidden = !said;
    line.textContent = said;
    const send = this.composer.querySelector(".composer-send");
    send.dataset.word ??= send.firstChild.textContent;
    send.firstChild.textContent = said ? this.composer.querySelector(".composer-words").dataset.again : send.dataset.word;
  }

  async throwAway() {
    clearTimeout(this.timer);
    await this.chain;
    if (this.value("draft")) await ask("DELETE", `${drafts}/${this.value("draft")}`);
    this.clear();
    if (this.composer.matches("details")) this.composer.open = false;
    else history.back();
  }

  /** An empty form again: it was sent or thrown away. */
  clear() {
    clearTimeout(this.timer);
    sessionStorage.removeItem(this.place);
    this.dirty = false;
    this.touched = false;
    this.form.reset();
    this.kind = this.composer.matches("details") ? "reply" : "new";
    for (const name of [...FIELDS, "draft", "version"]) {
      const field = this.form.elements[name];
      if (field && !field.matches("select")) this.set(name, name === "to" ? field.defaultValue : "");
    }
    this.files.show([]);
    this.composer.querySelector(".composer-when").open = false;
    this.composer.querySelector(".composer-conflict").hidden = true;
    this.warn("");
    this.editor?.setHTML(this.blank());
    this.kindShown();
    this.told();
    this.say("");
  }

  told() {
    this.composer.querySelector(".composer-throw").hidden = !this.value("draft");
  }

  say(state) {
    const line = this.composer.querySelector(".composer-kept");
    line.dataset.plain ??= line.textContent;
    line.dataset.state = state;
    line.textContent = line.dataset[state] ?? line.dataset.plain;
  }
}
