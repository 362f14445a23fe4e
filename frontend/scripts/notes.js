// The form of a note: opened with a key, sent on Ctrl-Enter, with the names of colleagues behind an @.

const colleagues = new Map(); // by address: a promise of names

export function startNotes() {
  document.addEventListener("toggle", (event) => {
    if (event.target.matches?.(".noting[open], .note-change[open]")) event.target.querySelector("textarea").focus();
  }, true);
  document.addEventListener("keydown", pressed, true);
  document.addEventListener("input", (event) => {
    if (event.target.matches?.("[data-mentions]")) complete(event.target);
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest?.(".noting [data-away]")) close(event.target.closest(".noting"));
  });
  document.addEventListener("focusout", (event) => {
    if (event.target.matches?.("[data-mentions]")) setTimeout(hide, 150);
  });
  document.addEventListener("htmx:after:request", (event) => {
    const form = event.target.closest?.(".noting-form");
    if (!form || !event.detail?.ctx?.response?.raw?.ok) return;
    form.reset();
    close(form.closest(".noting"));
  });
  // The bell is filled once the page stands, and whenever something new is there to hear. htmx makes the page ready by a
  // timer of its own, which may come after the page has loaded: nobody hears the bell before.
  const bell = () => document.getElementById("bell");
  const fill = () => bell()?.hasAttribute("data-htmx-powered") === false ? setTimeout(fill) : bell()?.dispatchEvent(new CustomEvent("live-notices"));
  if (document.readyState === "complete") fill();
  else addEventListener("load", fill, { once: true });
}

function close(noting) {
  noting.open = false;
  noting.querySelector("summary").focus();
}

function pressed(event) {
  const field = event.target;
  if (!field.matches?.("[data-mentions]") || event.isComposing) return;
  if (menu && !menu.hidden && menu.field === field) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) mark((menu.at + step + menu.children.length) % menu.children.length);
    else if ((event.key === "Enter" && !event.ctrlKey && !event.metaKey) || event.key === "Tab") take(menu.children[menu.at]);
    else if (event.key === "Escape") hide();
    else return;
    event.preventDefault();
    event.stopPropagation();
    return;
  }
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    field.form.requestSubmit();
  } else if (event.key === "Escape") {
    const noting = field.closest(".noting");
    if (noting) close(noting);
    else field.closest("details").open = false;
  }
}

let menu;

/** The names that fit what stands between the @ and the caret. */
async function complete(field) {
  const before = field.value.slice(0, field.selectionStart);
  const found = /(?:^|[\s(,;:])@([^@\n]{0,40})$/.exec(before);
  if (!found) return hide();
  const address = field.dataset.mentions;
  if (!colleagues.has(address)) colleagues.set(address, names(address));
  const words = found[1].toLocaleLowerCase();
  const fitting = (await colleagues.get(address)).filter((each) =>
    ` ${each.toLocaleLowerCase()}`.includes(` ${words}`),
  );
  if (field.value.slice(0, field.selectionStart) !== before) return;
  if (!fitting.length || fitting.some((each) => each.toLocaleLowerCase() === words)) return hide();
  list(field, fitting.slice(0, 8), before.length - found[1].length);
}

async function names(address) {
  const answer = await fetch(address);
  if (!answer.ok) return [];
  return (await answer.json()).items.map((each) => each.name);
}

function list(field, fitting, from) {
  if (!menu) {
    menu = document.createElement("ul");
    menu.className = "mentions-found";
    menu.id = "mentions-found";
    menu.setAttribute("role", "listbox");
    menu.addEventListener("mousedown", (event) => {
      event.preventDefault();
      if (event.target.closest("li")) take(event.target.closest("li"));
    });
    document.body.append(menu);
  }
  menu.replaceChildren(...fitting.map((name, at) => {
    const row = document.createElement("li");
    row.id = `mention-${at}`;
    row.setAttribute("role", "option");
    row.textContent = name;
    return row;
  }));
  Object.assign(menu, { field, from });
  menu.hidden = false;
  const place = field.getBoundingClientRect();
  menu.style.left = `${place.left + 8}px`;
  menu.style.bottom = `${window.innerHeight - place.top + 4}px`;
  field.setAttribute("aria-controls", menu.id);
  mark(0);
}

function mark(at) {
  menu.at = at;
  for (const [each, row] of [...menu.children].entries()) row.setAttribute("aria-selected", String(each === at));
  menu.field.setAttribute("aria-activedescendant", menu.children[at].id);
  menu.children[at].scrollIntoView({ block: "nearest" });
}

function take(row) {
  const { field, from } = menu;
  field.setRangeText(`${row.textContent} `, from, field.selectionStart, "end");
  field.dispatchEvent(new Event("input", { bubbles: true }));
  hide();
}

function hide() {
  if (!menu) return;
  menu.hidden = true;
  menu.field?.removeAttribute("aria-activedescendant");
}
