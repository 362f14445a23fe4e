// Times age while a page stands open. The server writes them first; this keeps them true, in the page's language and zone.
//   <time datetime data-age>            when: the hour today, the weekday this week, else the date; whole on hover
//   <span data-since data-soon data-late>  how long somebody waits; the two instants at which it turns amber and red

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export function startTimes() {
  const { lang, dataset } = document.documentElement;
  const locale = lang === "en" ? "en-GB" : lang; // as the server writes them
  const made = (options) => new Intl.DateTimeFormat(locale, { timeZone: dataset.timezone || undefined, ...options });
  const format = {
    day: new Intl.DateTimeFormat("en-CA", { timeZone: dataset.timezone || undefined, dateStyle: "short" }),
    hour: made({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" }),
    weekday: made({ weekday: "short" }),
    date: made({ day: "numeric", month: "short" }),
    dateWithYear: made({ day: "numeric", month: "numeric", year: "numeric" }),
    whole: made({ dateStyle: "full", timeStyle: "short" }),
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
  const [day, today] = [format.day.format(at), format.day.format(now)];
  const daysAgo = (Date.parse(today) - Date.parse(day)) / DAY;
  const hour = format.hour.format(at);
  let text = hour;
  if (daysAgo > 0 && daysAgo < 7) text = format.weekday.format(at);
  else if (daysAgo !== 0) text = (day.slice(0, 4) === today.slice(0, 4) ? format.date : format.dateWithYear).format(at);
  if (time.dataset.age === "long" && daysAgo !== 0) text += `, ${hour}`;
  if (time.textContent !== text) time.textContent = text;
}

/** "48 min", "5 h", "1 d 2 h": two steps at most, and the colour of how late it is. */
function writeWait(wait, now, units) {
  const waited = Math.max(0, now - new Date(wait.dataset.since));
  const [days, hours] = [Math.floor(waited / DAY), Math.floor((waited % DAY) / HOUR)];
  let text = `${Math.max(1, Math.floor(waited / MINUTE))} ${units.minute}`;
  if (days) text = hours && days < 7 ? `${days} ${units.day} ${hours} ${units.hour}` : `${days} ${units.day}`;
  else if (hours) text = `${hours} ${units.hour}`;
  const words = wait.querySelector(".pill-text");
  if (words.textContent !== text) words.textContent = text;
  const past = (instant) => Boolean(instant) && now >= new Date(instant);
  wait.classList.toggle("late", past(wait.dataset.late));
  wait.classList.toggle("soon", past(wait.dataset.soon) && !past(wait.dataset.late));
}
