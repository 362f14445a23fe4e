// Menus are <details>: they open by themselves. This closes them on Escape, on a click elsewhere and after a choice or a form that was sent.

export function startMenus() {
  const close = (except) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(except)) menu.open = false;
  };

  document.addEventListener("click", (event) => {
    close(event.target);
    if (event.target.closest?.(".menu-item:not(summary)")) close(null);
  });

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.closest("details.menu")) setTimeout(() => (form.reset(), close(null))); // what it sends was read by then
  });

  document.addEventListener("toggle", (event) => event.target.open && event.target.matches?.("details:is(.menu, .menu-nested)") && begin(event.target), true);

  document.addEventListener("keydown", (event) => {
    const menu = event.target.closest?.("details.menu[open]");
    if (event.key === "Escape") {
      const opened = menu ?? document.querySelector("details.menu[open]");
      if (!opened) return;
      event.stopImmediatePropagation(); // a key that closed a menu closes nothing behind it
      close(null);
      opened.querySelector("summary").focus();
    } else if (menu && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      const items = [...menu.querySelectorAll(".menu-item")].filter((item) => item.checkVisibility());
      const at = items.indexOf(document.activeElement);
      const step = event.key === "ArrowDown" ? 1 : -1;
      items[(at + step + items.length) % items.length]?.focus();
      event.preventDefault();
    }
  });
}

/** A menu in which one searches is ready to be typed in, however it was opened. */
function begin(menu) {
  const search = menu.querySelector("input[type=search]");
  if (search?.checkVisibility()) search.focus();
}
