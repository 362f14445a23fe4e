// The form of an answer: it grows, sends on Ctrl-Enter, and never loses what was typed: that is kept in this tab's storage
// until the server says that it was sent, and put back into the form after a reload, an error or a second thought.

const key = (thread) => `mailhub-answer-${thread}`;

export function startComposer() {
  document.addEventListener("input", (event) => {
    const composer = event.target.closest?.(".composer");
    if (!composer) return;
    keep(composer);
    grow(composer);
  });
  document.addEventListener("toggle", toggled, true);
  document.addEventListener("click", clicked);
  document.addEventListener("keydown", (event) => {
    const form = event.target.closest?.(".composer-form");
    if (!form) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      if (!form.classList.contains("htmx-request")) form.requestSubmit(form.querySelector(".composer-send"));
    } else if (event.key === "Enter" && event.target.matches("input:not([type=checkbox])")) {
      event.preventDefault(); // after an address one goes on writing: nothing is sent by it
    } else if (event.key === "Escape") {
      form.closest(".composer").open = false;
      form.closest(".composer").querySelector("summary").focus();
    }
  });
  document.addEventListener("htmx:after:swap", look);
  look();
}

function toggled(event) {
  if (event.target.matches?.(".composer")) opened(event.target);
  else if (event.target.matches?.(".composer-quote[open]")) event.target.scrollIntoView({ block: "nearest" });
}

function clicked(event) {
  const composer = event.target.closest?.(".composer");
  if (!composer) return;
  const all = event.target.closest("[data-cc]");
  if (event.target.closest(".composer-open") && composer.open) {
    event.preventDefault(); // the key of an open form
    field(composer, "text").focus();
  }
  if (event.target.closest(".composer-away")) composer.open = false;
  if (event.target.closest("[data-keep]")) {
    // The new letter was before their eyes: the next one that comes stops the answer again, this one does not.
    field(composer, "seen").value = composer.querySelector("[data-newest]").dataset.newest;
    composer.querySelector(".composer-news").replaceChildren();
    field(composer, "text").focus();
  }
  if (all) {
    composer.open = true;
    const cc = field(composer, "cc");
    cc.value = [cc.value, all.dataset.cc].filter(Boolean).join(", ");
    all.hidden = true;
    keep(composer);
  }
}

/** After every change of the page: what a toast says has become of an answer, and what was kept for a form that is new. */
function look() {
  for (const toast of document.querySelectorAll(".toast[data-composer]")) {
    const { composer: state, thread, text } = toast.dataset;
    delete toast.dataset.composer;
    const form = document.getElementById(`composer-${thread}`);
    if (state === "sent") sent(thread, form);
    else takenBack(thread, form, text);
  }
  for (const composer of document.querySelectorAll(".composer")) {
    if (!composer.dataset.ready) restore(composer);
    if (!composer.open && !field(composer, "text").value) seen(composer);
  }
}

function sent(thread, composer) {
  sessionStorage.removeItem(key(thread));
  if (!composer) return;
  composer.querySelector("form").reset();
  composer.querySelector(".composer-news").replaceChildren();
  composer.open = false;
  const body = composer.closest(".thread")?.querySelector(".scroll");
  body?.scrollTo({ top: body.scrollHeight });
}

function takenBack(thread, composer, text) {
  if (!composer) {
    sessionStorage.setItem(key(thread), JSON.stringify({ text }));
    return;
  }
  if (!field(composer, "text").value) field(composer, "text").value = text;
  seen(composer);
  composer.open = true;
  keep(composer);
}

function opened(composer) {
  if (!composer.open) return;
  if (!field(composer, "text").value) seen(composer);
  grow(composer);
  field(composer, "text").focus({ preventScroll: true });
  // The form has taken room: the letter that is answered stays in sight above it.
  const letters = composer.closest(".thread")?.querySelectorAll(".thread-body > :is(.letter, .folded)") ?? [];
  [...letters].at(-1)?.scrollIntoView({ block: "nearest" });
}

/** The letters that are shown at this moment are those that the answer knows of. */
function seen(composer) {
  const newest = composer.closest(".thread")?.dataset.newest;
  if (newest) field(composer, "seen").value = newest;
}

function keep(composer) {
  const [to, cc, text, at] = ["to", "cc", "text", "seen"].map((name) => field(composer, name).value);
  if (text) sessionStorage.setItem(key(composer.dataset.thread), JSON.stringify({ to, cc, text, seen: at }));
  else sessionStorage.removeItem(key(composer.dataset.thread));
}

function restore(composer) {
  composer.dataset.ready = "yes";
  const kept = JSON.parse(sessionStorage.getItem(key(composer.dataset.thread)) || "null");
  if (!kept?.text) return;
  for (const name of ["to", "cc", "text", "seen"]) if (kept[name]) field(composer, name).value = kept[name];
  composer.open = true;
}

function grow(composer) {
  const text = field(composer, "text");
  text.style.height = "auto";
  text.style.height = `${text.scrollHeight + 2}px`;
}

function field(composer, name) {
  return composer.querySelector("form").elements[name];
}
