// The text with its formats: squire edits, dompurify lets in what mail programs show alike and nothing else. The server
// cleans it again by the same list (mailhub/letters/html/outgoing.py).

import DOMPurify from "dompurify";
import Squire from "squire-rte";

import { Texts } from "./texts.js";

const TAGS = ["a", "b", "blockquote", "br", "code", "div", "em", "h1", "h2", "h3", "hr", "i", "img", "li", "ol", "p", "pre", "s", "strong", "u", "ul"];
const HERE = /^\/api\/v1\/drafts\/\d+\/attachments\/\d+\?inline=1$/;
const NOISE = /\s(?:style|on[a-z]+)\s*=\s*(?:"[^"]*"|'[^']*'|[^\s>]+)|<style[\s\S]*?<\/style\s*>/gi;
const KEYS = { KeyB: "bold", KeyI: "italic", KeyU: "underline", KeyK: "link" };

/** The same for what is pasted, dropped, restored or signed. What the page's policy would report goes
 * first; what of it is left, dompurify takes. */
function clean(html) {
  const fragment = DOMPurify.sanitize(html.replace(NOISE, ""), {
    ALLOWED_TAGS: TAGS,
    ALLOWED_ATTR: ["href", "src", "alt", "dir", "lang"],
    ALLOW_DATA_ATTR: false,
    RETURN_DOM_FRAGMENT: true,
  });
  for (const picture of fragment.querySelectorAll("img")) if (!HERE.test(picture.getAttribute("src") ?? "")) picture.remove();
  return document.importNode(fragment, true);
}

export function makeEditor(letter) {
  const { composer, text } = letter;
  const root = document.createElement("div");
  root.className = "composer-text";
  for (const [name, value] of Object.entries({ role: "textbox", "aria-multiline": "true", "aria-label": text.getAttribute("aria-label"), dir: "auto", tabindex: "0" })) {
    root.setAttribute(name, value);
  }
  text.before(root);
  text.hidden = true;
  text.required = false;
  text.removeAttribute("aria-label");
  text.removeAttribute("data-first");
  const squire = new Squire(root, { blockTag: "DIV", sanitizeToDOMFragment: clean, addLinks: true });
  const tools = composer.querySelector(".composer-tools");
  tools.hidden = false;

  const is = {
    bold: () => squire.hasFormat("B"), italic: () => squire.hasFormat("I"), underline: () => squire.hasFormat("U"),
    list: () => squire.hasFormat("UL"), numbers: () => squire.hasFormat("OL"), quote: () => squire.hasFormat("BLOCKQUOTE"),
    code: () => squire.hasFormat("PRE") || squire.hasFormat("CODE"), link: () => squire.hasFormat("A"),
  };
  const acts = {
    bold: () => (is.bold() ? squire.removeBold() : squire.bold()),
    italic: () => (is.italic() ? squire.removeItalic() : squire.italic()),
    underline: () => (is.underline() ? squire.removeUnderline() : squire.underline()),
    list: () => (is.list() ? squire.removeList() : squire.makeUnorderedList()),
    numbers: () => (is.numbers() ? squire.removeList() : squire.makeOrderedList()),
    quote: () => (is.quote() ? squire.decreaseQuoteLevel() : squire.increaseQuoteLevel()),
    code: () => squire.toggleCode(),
    link: () => (is.link() ? squire.removeLink() : askLink(composer, squire)),
  };

  tools.addEventListener("mousedown", (event) => {
    if (event.target.closest("[data-format]")) event.preventDefault(); // the selection stays in the text
  });
  tools.addEventListener("click", (event) => {
    const button = event.target.closest("[data-format]");
    if (!button) return;
    acts[button.dataset.format]();
    show();
    if (button.matches(".menu-item") && button.dataset.format !== "link") squire.focus(); // its menu closes behind it
  });
  // Physical keys: squire knows the letters of a Latin layout only. It listens on the text itself, so this stands above it.
  letter.form.addEventListener(
    "keydown",
    (event) => {
      if (!root.contains(event.target)) return;
      const act = (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && KEYS[event.code];
      if (!act) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      acts[act]();
      show();
    },
    true,
  );
  const show = () => {
    for (const button of tools.querySelectorAll("[data-format]")) button.setAttribute("aria-pressed", String(is[button.dataset.format]()));
  };
  new Texts(letter, root, squire);
  squire.addEventListener("pathChange", show);
  squire.addEventListener("select", show);
  squire.addEventListener("input", () => letter.touch());
  squire.addEventListener("pasteImage", (event) => {
    for (const item of event.detail.clipboardData.items) {
      const file = item.kind === "file" && item.type.startsWith("image/") && item.getAsFile();
      if (file) letter.files.add(file, true).then((made) => squire.insertImage(letter.files.address(made), { alt: made.filename })).catch(() => {});
    }
  });
  return {
    getHTML: () => (said(root) ? squire.getHTML() : ""),
    setHTML: (html) => squire.setHTML(html),
    changeEnd: (before, after) => changeEnd(squire, root, before, after),
    goBehind: (count) => {
      const range = document.createRange();
      range.selectNodeContents(root.children[count - 1]);
      range.collapse(false);
      squire.setSelection(range);
    },
    words: () => root.innerText.trim(),
    focus: () => {
      squire.focus();
      if (!letter.touched) squire.moveCursorToStart();
    },
  };
}

/** Put another signature in place of the one that stands at the end; where it was changed by hand, it stays. */
function changeEnd(squire, root, before, after) {
  const parts = [...clean(before).childNodes].filter((each) => each.nodeType === Node.ELEMENT_NODE || each.textContent.trim());
  const old = parts.map((each) => each.textContent.trim());
  const last = old.length ? [...root.children].slice(-old.length) : [];
  if (last.map((each) => each.textContent.trim()).join("\n") !== old.join("\n")) return;
  const kept = [...root.children].slice(0, root.children.length - last.length).map((each) => each.outerHTML).join("");
  squire.setHTML(`${kept || "<div><br></div>"}${old.length || !after ? "" : "<div><br></div>"}${after}`);
}

function said(root) {
  return root.textContent.trim() || root.querySelector("img");
}

/** A line for the address, where the tools are: no window over the letter. */
function askLink(composer, squire) {
  const line = document.createElement("input");
  line.type = "url";
  line.className = "input composer-link";
  line.placeholder = composer.querySelector(".composer-words").dataset.link;
  line.setAttribute("aria-label", line.placeholder);
  const range = squire.getSelection();
  const end = (address) => {
    line.remove();
    squire.setSelection(range);
    if (address) squire.makeLink(/^[a-z]+:/i.test(address) ? address : address.includes("@") ? `mailto:${address}` : `https://${address}`);
    squire.focus();
  };
  line.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      end(event.key === "Enter" ? line.value.trim() : "");
    }
  });
  line.addEventListener("input", (event) => event.stopPropagation());
  composer.querySelector(".composer-foot").prepend(line);
  line.focus();
}
