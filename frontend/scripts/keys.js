// The keyboard. Keys are physical places (`event.code`), so that they answer in a Cyrillic layout too.
// What a key does is what the element with `data-key` does when clicked: a key never does what no button shows.

/** `data-key` holds "e", "shift+u", "/" or a sequence "g i". */
export function keyName(event) {
  if (event.key === "?" || (event.shiftKey && event.code === "Slash")) return "?";
  if (event.shiftKey && event.code === "Digit1") return "!";
  const plain = /^(?:Key|Digit)(.)$/.exec(event.code)?.[1].toLowerCase() ?? { Slash: "/" }[event.code];
  return plain && (event.shiftKey ? `shift+${plain}` : plain);
}

export function startKeys() {
  let prefix = "";
  let prefixTimer = 0;

  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.isComposing || isTyping(event.target) || document.querySelector("dialog[open]")) return;
    const ctrl = event.ctrlKey || event.metaKey;
    if (ctrl && (event.code !== "KeyZ" || event.shiftKey)) return;
    const key = ctrl ? "ctrl+z" : keyName(event);
    if (!key) return;

    const name = prefix ? `${prefix} ${key}` : key;
    prefix = "";
    clearTimeout(prefixTimer);
    if (name === "g") {
      prefix = "g";
      prefixTimer = setTimeout(() => (prefix = ""), 1500);
    } else if (name === "j" || name === "k") {
      moveInList(name === "j" ? 1 : -1);
    } else {
      const targets = [...document.querySelectorAll(`[data-key="${CSS.escape(name)}"]`)];
      const shown = targets.filter((each) => each.checkVisibility());
      const target = (name === "ctrl+z" ? shown.at(-1) : shown[0]) ?? targets[0]; // what was done last is taken back first
      if (!target) return;
      press(target);
    }
    event.preventDefault();
  });

  document.addEventListener("click", (event) => {
    const opener = event.target.closest?.("[data-dialog]");
    if (opener) document.getElementById(opener.dataset.dialog)?.showModal();
    else if (event.target.matches?.("dialog")) event.target.close();
  });
}

export function press(target) {
  const outer = target.matches(".menu-nested > summary") && target.closest(".menu"); // what opens inside a menu opens it
  if (outer) outer.open = true;
  if (target.matches("input, textarea, select")) target.focus();
  else target.click();
  const first = ".menu-item, input:not([type=hidden])";
  if (target.matches(":is(.menu, .menu-nested) > summary") && target.parentElement.open) target.parentElement.querySelector(first)?.focus();
}

export function isTyping(target) {
  return target.isContentEditable || target.matches?.("input:not([type=checkbox]), textarea, select");
}

/** Moves the focus from row to row; with no row in focus it starts from the open one. */
function moveInList(step) {
  const links = [...document.querySelectorAll(".row-link, .held")];
  const at = links.findIndex((each) => each === document.activeElement || each.closest(".row")?.contains(document.activeElement));
  const from = at >= 0 ? at : links.findIndex((each) => each.hasAttribute("aria-current"));
  const next = links[from < 0 ? 0 : Math.max(0, Math.min(links.length - 1, from + step))];
  next?.focus({ preventScroll: true });
  next?.scrollIntoView({ block: "nearest" });
}
