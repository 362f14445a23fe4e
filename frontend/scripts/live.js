// One event stream for a browser, however many tabs: a browser allows six connections to a host, and a stream holds one.
// The tab that gets the lock listens and tells the others; when it closes, the next one goes on from the last change.

import { hearPresence } from "./presence.js";

import { notifyHere } from "./device.js";

const RETRY_MS = [1000, 2000, 5000, 10000, 30000];
const GATHER_MS = 250;
const LEASE_MS = 4000;
const MANY = 5; // rows that moved together are fetched together

/** @typedef {{id: number, kind: string, thread_id?: number, mailbox_id?: number}} Change */

export function startLive() {
  const address = document.body.dataset.events;
  if (!address) return;
  const refresh = refresher();
  const name = `mailhub-live-${document.body.dataset.user}`;
  const channel = new BroadcastChannel(name);
  let last = document.body.dataset.lastChange || "";

  const receive = (message) => {
    if (message.online !== undefined) showOnline(message.online);
    if (message.presence) hearPresence(message.presence);
    if (!message.change) return;
    last = String(message.change.id);
    refresh(message.change);
  };
  channel.onmessage = (event) => receive(event.data);

  const lead = () => {
    const tell = (message) => {
      channel.postMessage(message);
      receive(message);
      if (message.change?.kind === "notice.added") notifyHere();
    };
    return listen(address, () => last, tell);
  };
  // Locks need a secure origin; elsewhere the tabs agree by a lease in their common storage.
  if (navigator.locks) navigator.locks.request(name, () => new Promise(() => lead())); // held until this tab goes away
  else takeTurns(name, lead);
}

/** Lets this tab lead while it holds the lease that all tabs see, and end when another took it. */
function takeTurns(name, lead) {
  const me = Math.random().toString(36).slice(2);
  let end = null;
  const look = () => {
    const [holder, until] = (localStorage.getItem(name) ?? " 0").split(" ");
    if (holder !== me && Number(until) > Date.now()) {
      end?.();
      end = null;
      return;
    }
    localStorage.setItem(name, `${me} ${Date.now() + LEASE_MS}`);
    if (holder === me) end ??= lead(); // kept since the last look: nobody else wrote at the same moment
  };
  addEventListener("pagehide", () => {
    if (!end) return;
    end();
    end = null;
    localStorage.removeItem(name);
  });
  setInterval(look, LEASE_MS / 4);
  look();
}

/** Listens until the returned function is called. `last` is asked anew for each connection: the stream goes on where the
 * browser left off. */
function listen(address, last, tell) {
  let failures = 0;
  let stream = null;
  let timer = 0;
  const connect = () => {
    const url = new URL(address, location.href);
    if (last()) url.searchParams.set("after", last());
    stream = new EventSource(url);
    stream.onopen = () => {
      failures = 0;
      tell({ online: true });
    };
    stream.onmessage = (event) => tell({ change: { ...JSON.parse(event.data), id: event.lastEventId } });
    stream.addEventListener("presence", (event) => tell({ presence: JSON.parse(event.data) }));
    stream.onerror = () => {
      stream.close();
      tell({ online: false });
      timer = setTimeout(connect, RETRY_MS[Math.min(failures++, RETRY_MS.length - 1)]);
    };
  };
  connect();
  return () => {
    clearTimeout(timer);
    stream.close();
  };
}

function showOnline(online) {
  document.getElementById("offline")?.toggleAttribute("hidden", online);
}

/** Gathers changes for a moment and then lets each touched fragment fetch itself, in a tab that somebody looks at. */
function refresher() {
  const waiting = new Map();
  const unseen = new Set(); // threads that moved and have no row here
  let timer = 0;

  const flush = () => {
    timer = 0;
    if (document.hidden) return;
    for (const id of unseen) if (document.getElementById(`row-${id}`)) unseen.delete(id);
    const news = document.getElementById("news");
    news?.setAttribute("hx-vals", JSON.stringify({ ids: [...unseen].slice(-99).join(",") }));
    const rows = [...waiting.keys()].filter((selector) => selector.startsWith("#row-"));
    const moved = document.getElementById("moved");
    if (moved && rows.length > MANY) {
      for (const row of rows) waiting.delete(row);
      moved.setAttribute("hx-vals", JSON.stringify({ ids: rows.slice(-99).map((row) => row.slice(5)).join(",") }));
      waiting.set("#moved", "live-rows");
    }
    for (const [selector, event] of waiting) {
      for (const element of document.querySelectorAll(selector)) element.dispatchEvent(new CustomEvent(event));
    }
    waiting.clear();
  };
  document.addEventListener("visibilitychange", flush);

  document.addEventListener("htmx:after:swap", () => {
    takeNews();
    keepTotal();
  });

  return (/** @type {Change} */ change) => {
    if (change.kind === "reload") return location.reload();
    if (change.kind.startsWith("notice.")) {
      waiting.set("[hx-trigger~='live-notices']", "live-notices");
      timer ||= setTimeout(flush, GATHER_MS);
      return;
    }
    waiting.set("[hx-trigger~='live-rail']", "live-rail");
    for (const id of [...(change.thread_ids ?? []), change.thread_id].filter(Boolean).map(Number)) {
      waiting.set(`.thread[data-thread='${id}']`, "live-thread");
      const row = `#row-${id}`;
      if (document.querySelector(row)) waiting.set(row, "live-row");
      else if (document.getElementById("news")) {
        unseen.add(id);
        waiting.set("#news", "live-news");
      }
    }
    timer ||= setTimeout(flush, GATHER_MS);
  };
}

/** News at the top of a list that nobody is busy in come in by themselves; else they wait above it to be clicked. */
function takeNews() {
  const news = document.querySelector("#news [data-news]");
  const list = news?.closest(".list");
  if (!list) return;
  const busy = list.querySelector(".scroll").scrollTop > 0 || list.matches(":hover, :focus-within");
  if (!busy) news.click();
}

/** A list's head says the same number as its line in the rail, which is read anew after every change. */
function keepTotal() {
  const [said, shown] = ["#rail [aria-current] .num", "#list > .pane-head > .num"].map((each) => document.querySelector(each));
  if (said && shown && shown.textContent !== said.textContent) shown.textContent = said.textContent;
}
