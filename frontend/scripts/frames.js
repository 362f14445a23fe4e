// A letter's own HTML stands in a frame without an origin: nobody can look inside to measure it. The server has estimated
// its height for a few widths; here the one that fits the frame's real width is taken.

export function startFrames() {
  const fit = (frame) => {
    const heights = Object.entries(JSON.parse(frame.dataset.heights || "{}"));
    const width = frame.clientWidth;
    const [, height] = heights.reduce((best, each) => (Math.abs(each[0] - width) < Math.abs(best[0] - width) ? each : best), [Infinity, 0]);
    if (height && frame.height !== String(height)) frame.height = String(height);
  };
  const watcher = new ResizeObserver((entries) => entries.forEach((entry) => fit(entry.target)));

  const look = () => {
    for (const frame of document.querySelectorAll("iframe.letter-html:not([data-fitted])")) {
      frame.dataset.fitted = "yes";
      watcher.observe(frame);
    }
  };
  look();
  document.addEventListener("htmx:after:swap", look);
}
