// A letter's own HTML stands in a sandboxed frame without scripts; it is made as tall as what it shows.

export function startFrames() {
  const fit = (frame) => {
    const inner = frame.contentDocument?.documentElement;
    if (!inner) return;
    const measure = () => (frame.height = String(Math.ceil(inner.getBoundingClientRect().height)));
    measure();
    new ResizeObserver(measure).observe(inner);
  };

  const look = () => {
    for (const frame of document.querySelectorAll("iframe.letter-html:not([data-fitted])")) {
      frame.dataset.fitted = "yes";
      frame.addEventListener("load", () => fit(frame));
      if (frame.contentDocument?.readyState === "complete") fit(frame);
    }
  };
  look();
  document.addEventListener("htmx:after:swap", look);
}
