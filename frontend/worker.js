// The service worker. It keeps the built files (their names carry their content's hash) and one page that says that there is
// no connection. Pages, fragments, letters and whatever /api answers go past it: nothing of anybody is ever kept here.

const SHELF = "mailhub-shell-1";
const MOST = 60;

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(SHELF).then((shelf) => shelf.add(new Request("/offline", { credentials: "omit" }))).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  const others = (names) => names.filter((name) => name !== SHELF);
  event.waitUntil(caches.keys().then((names) => Promise.all(others(names).map((name) => caches.delete(name)))).then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || new URL(request.url).origin !== location.origin) return;
  if (new URL(request.url).pathname.startsWith("/assets/")) event.respondWith(builtFile(request));
  else if (request.mode === "navigate") event.respondWith(fetch(request).catch(() => caches.match("/offline")));
});

async function builtFile(request) {
  const shelf = await caches.open(SHELF);
  const kept = await shelf.match(request);
  if (kept) return kept;
  const answer = await fetch(request);
  if (answer.ok) await shelf.put(request, answer.clone());
  const names = await shelf.keys();
  for (const old of names.slice(1, -MOST)) await shelf.delete(old); // the first is the page without a connection
  return answer;
}

// A notice for who has no page of ours before them. Who does sees it there.
self.addEventListener("push", (event) => {
  const { title, body, url, tag, icon } = event.data.json();
  const looked = self.clients.matchAll({ type: "window" }).then((windows) => windows.some((one) => one.focused));
  event.waitUntil(looked.then((seen) => seen || self.registration.showNotification(title, { body, tag, icon, data: { url } })));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const url = event.notification.data?.url ?? "/";
  const open = () => self.clients.openWindow(url);
  event.waitUntil(
    self.clients.matchAll({ type: "window" }).then(([page]) => (page ? page.focus().then((seen) => seen.navigate(url)).catch(open) : open())),
  );
});
