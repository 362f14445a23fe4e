// The theme changes under the hand; its form tells the server, so that the next page comes in it.

export function startTheme() {
  document.addEventListener("click", (event) => {
    const choice = event.target.closest?.("button[name=theme]");
    if (!choice) return;
    if (choice.value === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = choice.value;
    for (const each of choice.form.querySelectorAll("button[name=theme]")) {
      each.setAttribute("aria-pressed", String(each === choice));
    }
  });
}
