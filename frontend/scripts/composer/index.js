// Forms in which a letter is written. They open with a key, send on Ctrl-Enter, and never lose what was typed: it is saved as
// a draft that colleagues see (drafts.js), and until the server has it, kept in this tab.

import { people } from "./people.js";
import { Letter } from "./letter.js";

const letters = new WeakMap();

export function startComposer() {
  document.addEventListener("toggle", toggled, true);
  document.addEventListener("click", clicked);
  document.addEventListener("keydown", pressed);
  document.addEventListener("submit", submitted, true);
  document.addEventListener("htmx:after:swap", look);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) for (const each of document.querySelectorAll(".composer[open]")) letters.get(each)?.save();
  });
  people();
  look();
}

/** The letter that is written in a form; made when the form is opened for the first time. */
function letterOf(composer) {
  if (!letters.has(composer)) letters.set(composer, new Letter(composer));
  return letters.get(composer);
}

function toggled(event) {
  if (event.target.matches?.(".composer")) opened(event.target);
  else if (event.target.matches?.(".composer-quote[open]")) event.target.scrollIntoView({ block: "nearest" });
}

async function opened(composer) {
  if (!composer.open) return;
  const letter = letterOf(composer);
  if (!letter.touched) seen(composer);
  if (!letter.editor) letter.text.focus({ preventScroll: true }); // who writes at once is not waited for
  await letter.ready;
  letter.focus();
  // The form has taken room: the letter that is answered stays in sight above it.
  const shown = composer.closest(".thread")?.querySelectorAll(".thread-body > :is(.letter, .folded)") ?? [];
  [...shown].at(-1)?.scrollIntoView({ block: "nearest" });
}

function clicked(event) {
  const forward = event.target.closest?.("[data-forward]");
  const taken = event.target.closest?.("[data-take-draft]");
  if (forward || taken) {
    event.preventDefault();
    const composer = event.target.closest(".thread").querySelector(".composer");
    composer.open = true;
    if (forward) letterOf(composer).forward();
    else letterOf(composer).take(Number(taken.dataset.takeDraft));
    return;
  }
  const composer = event.target.closest?.(".composer");
  if (!composer) return;
  if (event.target.closest(".composer-open") && composer.open) {
    event.preventDefault(); // the key of an open form
    letterOf(composer).focus();
  }
  if (event.target.closest(".composer-away")) composer.open = false;
  if (event.target.closest("[data-keep]")) {
    // The new letter was before their eyes: the next one that comes stops the answer again, this one does not.
    field(composer, "seen").value = composer.querySelector("[data-newest]").dataset.newest;
    composer.querySelector(".composer-news").replaceChildren();
    letterOf(composer).focus();
  }
  const conflict = event.target.closest("[data-conflict]");
  if (conflict) letterOf(composer).settle(conflict.dataset.conflict);
  const all = event.target.closest("[data-cc]");
  if (all) {
    composer.open = true;
    letterOf(composer).add("cc", all.dataset.cc);
    all.hidden = true;
  }
  if (event.target.closest(".composer-bcc")) {
    event.preventDefault();
    composer.querySelector(".composer-hidden").hidden = false;
    event.target.closest(".composer-bcc").hidden = true;
    composer.querySelector(".composer-hidden input:not([type=hidden])")?.focus();
  }
}

function pressed(event) {
  const form = event.target.closest?.(".composer-form");
  if (!form || event.isComposing) return;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    event.stopPropagation();
    const button = (event.shiftKey && form.querySelector(".composer-close:not([hidden])")) || form.querySelector(".composer-send");
    if (!form.classList.contains("htmx-request")) form.requestSubmit(button);
  } else if (event.key === "Enter" && event.target.matches("input:not([type=checkbox])")) {
    event.preventDefault(); // after an address one goes on writing: nothing is sent by it
  } else if (event.key === "Escape" && form.closest("details.composer")) {
    form.closest(".composer").open = false;
    form.closest(".composer").querySelector("summary").focus();
  }
}

/** Before a letter leaves, the server has its draft, and what is strange about it was said once. */
function submitted(event) {
  const composer = event.target.closest?.(".composer");
  if (!composer || !letters.has(composer)) return;
  const letter = letterOf(composer);
  if (letter.mayLeave) {
    letter.mayLeave = false;
    return;
  }
  event.preventDefault();
  event.stopImmediatePropagation();
  letter.prepare().then((mayLeave) => {
    if (!mayLeave) return;
    letter.mayLeave = true;
    event.target.requestSubmit(event.submitter ?? undefined);
  });
}

/** After every change of the page: what a toast says has become of an answer, and forms that are new. */
function look() {
  for (const toast of document.querySelectorAll(".toast[data-composer]")) {
    const { composer: state, thread, text, draft } = toast.dataset;
    delete toast.dataset.composer;
    const composer = document.getElementById(`composer-${thread}`);
    if (!composer) continue;
    if (state === "sent") sent(composer);
    else takenBack(composer, text, Number(draft));
  }
  for (const composer of document.querySelectorAll(".composer")) {
    if (composer.dataset.ready) continue;
    composer.dataset.ready = "yes";
    if (!composer.matches("details")) letterOf(composer);
    else if (Letter.keeps(composer) || composer.dataset.files !== undefined) composer.open = true;
  }
  for (const composer of document.querySelectorAll("details.composer:not([open])")) {
    if (!letters.get(composer)?.touched) seen(composer);
  }
}

function sent(composer) {
  letterOf(composer).clear();
  composer.querySelector(".composer-news").replaceChildren();
  composer.open = false;
  const body = composer.closest(".thread")?.querySelector(".scroll");
  body?.scrollTo({ top: body.scrollHeight });
}

function takenBack(composer, text, draft) {
  seen(composer);
  composer.open = true;
  const letter = letterOf(composer);
  if (draft) letter.take(draft);
  else letter.setText(text);
}

/** The letters that are shown at this moment are those that the answer knows of. */
function seen(composer) {
  const newest = composer.closest(".thread")?.dataset.newest;
  if (newest) field(composer, "seen").value = newest;
}

function field(composer, name) {
  return composer.querySelector("form").elements[name];
}
