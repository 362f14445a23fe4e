// Drawers, the phone's one pane at a time, the open row's mark, and the list's place kept on return.

const narrow = matchMedia("(max-width: 1099.98px)");
const PANEL_KEY = "mailhub-panel-away";

export function startPanes() {
  document.body.classList.toggle("panel-away", localStorage.getItem(PANEL_KEY) === "yes");
  keepListPlace();
  markOpenRow();

  document.addEventListener("click", (event) => {
    const opener = event.target.closest?.("[data-opens]");
    if (opener) {
      event.preventDefault();
      toggle(opener.dataset.opens);
    } else if (event.target.closest?.(".shade, .rail a[href]")) {
      drawer("");
    } else {
      goBack(event);
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") drawer("");
  });
  document.addEventListener("htmx:after:swap", () => {
    markOpenRow();
    keepListPlace();
  });
}

function toggle(name) {
  if (narrow.matches) {
    drawer(document.body.dataset.drawer === name ? "" : name);
  } else if (name === "panel") {
    const away = document.body.classList.toggle("panel-away");
    localStorage.setItem(PANEL_KEY, away ? "yes" : "no");
  }
}

function drawer(name) {
  if (name) document.body.dataset.drawer = name;
  else delete document.body.dataset.drawer;
  if (name) document.getElementById(name)?.querySelector("a, button")?.focus({ preventScroll: true });
}

/** "Back" on a thread shows the list that is still there behind it: same rows, same place. */
function goBack(event) {
  const back = event.target.closest?.("a.back");
  const nothing = document.getElementById("nothing-open");
  if (!back || !nothing || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const row = document.querySelector(".row-link[aria-current]");
  document.getElementById("thread").replaceWith(nothing.content.cloneNode(true));
  document.getElementById("panel")?.classList.add("empty");
  document.getElementById("panel")?.replaceChildren();
  history.pushState({ htmx: true }, "", back.href);
  document.title = `${document.getElementById("list").getAttribute("aria-label")} · mailhub`;
  markOpenRow();
  row?.focus({ preventScroll: true });
}

function markOpenRow() {
  const open = document.querySelector(".thread[data-thread]")?.dataset.thread;
  for (const link of document.querySelectorAll(".row-link")) {
    if (open && link.closest(".row").id === `row-${open}`) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

/** Remembers how far each list was scrolled, for a Back that has to fetch the page again. */
function keepListPlace() {
  const list = document.querySelector("[data-place]");
  if (!list || list.dataset.kept) return;
  list.dataset.kept = "yes";
  const key = `mailhub-place-${list.dataset.place}`;
  const [at, id] = (sessionStorage.getItem(key) || "0 ").split(" ");
  if (Number(at) && (!id || document.getElementById(id))) list.scrollTop = Number(at);
  list.addEventListener("scrollend", () => {
    const top = [...list.querySelectorAll(".row")].find((row) => row.offsetTop >= list.scrollTop);
    sessionStorage.setItem(key, `${list.scrollTop} ${top?.id ?? ""}`);
  });
}
