// Times age while a page stands open. The server writes them first; this keeps them true, in the page's language and zone.
//   <time datetime data-age>            when: the hour today, the weekday this week, else the date; whole on hover
//   <span data-since data-soon data-late>  how long somebody waits; the two instants at which it turns amber and red

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export function startTimes() {
  const { lang, dataset } = document.documentElement;
  const zone = { timeZone: dataset.timezone || undefined };
  const format = {
    day: new Intl.DateTimeFormat("en-CA", { ...zone, dateStyle: "short" }),
    hour: new Intl.DateTimeFormat(lang, { ...zone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" }),
    weekday: new Intl.DateTimeFormat(lang, { ...zone, weekday: "short" }),
    date: new Intl.DateTimeFormat(lang, { ...zone, day: "numeric", month: "short" }),
    dateWithYear: new Intl.DateTimeFormat(lang, { ...zone, day: "numeric", month: "numeric", year: "numeric" }),
    whole: new Intl.DateTimeFormat(lang, { ...zone, dateStyle: "full", timeStyle: "short" }),
  };
  const units = JSON.parse(document.body.dataset.units || "null");

  const refresh = () => {
    const now = new Date();
    for (const time of document.querySelectorAll("time[data-age]")) writeTime(time, now, format);
    if (units) for (const wait of document.querySelectorAll("[data-since]")) writeWait(wait, now, units);
  };
  refresh();
  setInterval(refresh, MINUTE / 2);
  document.addEventListener("htmx:after:swap", refresh);
}

function writeTime(time, now, format) {
  const at = new Date(time.dateTime);
  if (Number.isNaN(at.getTime())) return;
  time.title = format.whole.format(at);
  const sameYear = format.day.format(at).slice(0, 4) === format.day.format(now).slice(0, 4);
  let text = (sameYear ? format.date : format.dateWithYear).format(at);
  if (format.day.format(at) === format.day.format(now)) text = format.hour.format(at);
  else if (now - at > 0 && now - at < 6 * DAY) text = format.weekday.format(at);
  if (time.dataset.age === "long" && text !== format.hour.format(at)) text += `, ${format.hour.format(at)}`;
  if (time.textContent !== text) time.textContent = text;
}

/** "48 min", "5 h", "1 d 2 h": two steps at most, and the colour of how late it is. */
function writeWait(wait, now, units) {
  const waited = Math.max(0, now - new Date(wait.dataset.since));
  const [days, hours] = [Math.floor(waited / DAY), Math.floor((waited % DAY) / HOUR)];
  let text = `${Math.floor(waited / MINUTE)} ${units.minute}`;
  if (days) text = hours ? `${days} ${units.day} ${hours} ${units.hour}` : `${days} ${units.day}`;
  else if (hours) text = `${hours} ${units.hour}`;
  const words = wait.querySelector(".pill-text");
  if (words.textContent !== text) words.textContent = text;
  const past = (instant) => Boolean(instant) && now >= new Date(instant);
  wait.classList.toggle("late", past(wait.dataset.late));
  wait.classList.toggle("soon", past(wait.dataset.soon) && !past(wait.dataset.late));
}
