// Files that go with a letter: dropped, chosen or pasted, on their way with a bar, and taken away again.

import { drafts, token } from "./drafts.js";

const UNITS = ["B", "kB", "MB", "GB"];

export class Files {
  constructor(letter) {
    this.letter = letter;
    this.list = letter.composer.querySelector(".composer-files");
    this.shape = letter.composer.querySelector(".composer-file");
    this.known = [];
    this.waiting = new Set();
    const { form } = letter;
    form.querySelector(".composer-attach input").addEventListener("change", (event) => {
      for (const file of event.target.files) this.add(file);
      event.target.value = "";
    });
    form.addEventListener("dragover", (event) => {
      if (!event.dataTransfer.types.includes("Files")) return;
      event.preventDefault();
      form.classList.add("dropping");
    });
    form.addEventListener("dragleave", (event) => {
      if (!form.contains(event.relatedTarget)) form.classList.remove("dropping");
    });
    form.addEventListener(
      "drop",
      (event) => {
        form.classList.remove("dropping");
        if (!event.dataTransfer.files.length) return;
        event.preventDefault();
        event.stopPropagation();
        for (const file of event.dataTransfer.files) this.add(file);
      },
      true,
    );
  }

  get count() {
    return this.known.length;
  }

  /** All uploads have ended, well or not. */
  async done() {
    await Promise.allSettled(this.waiting);
  }

  show(files) {
    this.known = files;
    this.list.replaceChildren(...files.filter((each) => !each.content_id.endsWith("inside")).map((each) => this.row(each)));
    this.list.hidden = !this.list.children.length;
  }

  row(file) {
    const row = this.shape.content.firstElementChild.cloneNode(true);
    row.querySelector(".file-name").textContent = file.filename;
    row.querySelector(".file-size").textContent = size(file.size);
    if (file.id) row.querySelector("[data-drop]").addEventListener("click", () => this.drop(file, row));
    return row;
  }

  /** Send a file to the draft; resolves to it. A picture that stands in the text has no row of its own. */
  add(file, inside = false) {
    const row = this.row({ filename: file.name, size: file.size });
    const bar = row.querySelector("progress");
    if (!inside) {
      bar.hidden = false;
      this.list.append(row);
      this.list.hidden = false;
    }
    const upload = this.send(file, inside, (share) => (bar.value = share * 100), row)
      .then((made) => {
        this.known = [...this.known, made];
        row.replaceWith(this.row(made));
        this.letter.soon();
        return made;
      })
      .catch((said) => {
        row.classList.add("failed");
        row.querySelector(".file-size").textContent = said;
        bar.hidden = true;
        row.querySelector("[data-drop]").addEventListener("click", () => this.away(row));
        throw said;
      });
    this.waiting.add(upload);
    upload.catch(() => {}).finally(() => this.waiting.delete(upload));
    return upload;
  }

  async send(file, inside, told, row) {
    const { letter } = this;
    await letter.ready;
    const begun = letter.chain.then(() => letter.draft());
    letter.chain = begun.then(() => true);
    const id = await begun;
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      const asked = new URLSearchParams({ filename: file.name.slice(0, 255) || "file", ...(inside && { inside: 1 }) });
      request.open("POST", `${drafts}/${id}/attachments?${asked}`);
      request.setRequestHeader("X-CSRF-Token", token());
      request.setRequestHeader("Content-Type", file.type || "application/octet-stream");
      request.responseType = "json";
      request.upload.onprogress = (event) => told(event.loaded / event.total);
      request.onload = () => {
        if (request.status !== 201) return reject(request.response?.detail ?? String(request.status));
        letter.touched = true;
        resolve(request.response);
      };
      request.onerror = () => reject("…");
      row.querySelector("[data-drop]").addEventListener("click", () => request.abort());
      request.onabort = () => {
        this.away(row);
        reject("");
      };
      request.send(file);
    });
  }

  async drop(file, row) {
    const { letter } = this;
    this.away(row);
    this.known = this.known.filter((each) => each.id !== file.id);
    const gone = letter.chain.then(async () => {
      const url = `${drafts}/${letter.value("draft")}/attachments/${file.id}`;
      await fetch(url, { method: "DELETE", headers: { "X-CSRF-Token": token() } }).catch(() => null);
      return true;
    });
    letter.chain = gone;
  }

  away(row) {
    row.remove();
    this.list.hidden = !this.list.children.length;
  }

  address(file) {
    return `${drafts}/${this.letter.value("draft")}/attachments/${file.id}?inline=1`;
  }

  /** Pictures as the browser finds them. */
  toAddresses(html) {
    return this.known.reduce((said, each) => said.replaceAll(`"cid:${each.content_id}"`, `"${this.address(each)}"`), html);
  }

  /** Pictures as the letter names them. */
  toNames(html) {
    return this.known.reduce((said, each) => said.replaceAll(`"${this.address(each)}"`, `"cid:${each.content_id}"`), html);
  }
}

function size(bytes) {
  let at = 0;
  for (; bytes >= 1000 && at < 3; at++) bytes /= 1000;
  return `${bytes.toLocaleString(document.documentElement.lang, { maximumFractionDigits: at > 1 ? 1 : 0 })} ${UNITS[at]}`;
}
