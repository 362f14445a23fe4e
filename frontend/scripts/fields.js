// Fields of letters: a chip puts its field where the cursor of the form last stood, else at the end of the letter.
const TYPED = "input[name=subject], textarea[name=source]";

export function startFields() {
  const last = new WeakMap();
  document.addEventListener("focusout", (event) => {
    if (event.target.matches?.(TYPED) && event.target.form) last.set(event.target.form, event.target);
  });
  document.addEventListener("click", (event) => {
    const chip = event.target.closest?.("[data-field]");
    if (!chip) return;
    const form = chip.closest("form");
    const typed = last.get(form) ?? form?.querySelector("textarea[name=source]");
    if (!typed) return; // the composer has fields of its own
    typed.focus();
    typed.setRangeText(chip.dataset.field, typed.selectionStart, typed.selectionEnd, "end");
    typed.dispatchEvent(new Event("input", { bubbles: true }));
  });
}
