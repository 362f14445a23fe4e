// Notices told by the device. The service of the browser's maker brings them although no page of ours is open; where there is none, one
// of our pages tells them while nobody looks at it.

const WISH = "mailhub-notifies";
const PLACE = "/api/v1/notices/device";

let before = Promise.resolve();
/** One after the other: a wish taken back while an older one is still on its way would be overtaken by it. */
const inTurn = (what) => () => (before = before.then(what, what));

export function start(ask, draw) {
  const me = document.body.dataset.user;
  const wished = () => localStorage.getItem(WISH) === me && Notification.permission === "granted";
  return { change: inTurn(change), renew: inTurn(renew), describe: inTurn(describe), tell };

  async function change() {
    if (wished()) await end();
    else if ((await Notification.requestPermission()) === "granted") {
      localStorage.setItem(WISH, me);
      await renew();
    }
    draw();
    await describe();
  }

  async function end() {
    localStorage.removeItem(WISH);
    const worker = await navigator.serviceWorker?.getRegistration();
    await ask("DELETE", PLACE);
    await (await worker?.pushManager?.getSubscription())?.unsubscribe();
  }

  /** What ended with a sign-in goes on with the next one of the same person, who wished it in this browser. */
  async function renew() {
    const { ok, body } = await ask("GET", PLACE);
    if (!ok || body.on || !body.key) return;
    try {
      const { endpoint, keys } = (await subscribe(body.key)).toJSON();
      await ask("PUT", PLACE, { endpoint, p256dh: keys.p256dh, auth: keys.auth });
    } catch {
      // A browser without a service of its maker: our pages tell what they hear while they are open.
    }
  }

  async function subscribe(key) {
    if (!(await navigator.serviceWorker.getRegistration())) throw new Error("no worker");
    const { pushManager } = await navigator.serviceWorker.ready;
    const known = await pushManager.getSubscription();
    if (known && spell(known.options.applicationServerKey) === key) return known;
    await known?.unsubscribe();
    return pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  }

  /** The sentence on the page of notices that is true here. */
  async function describe() {
    const place = document.querySelector("[data-told]");
    if (!place || !("Notification" in window)) return;
    const { ok, body } = await ask("GET", PLACE);
    const how = Notification.permission === "denied" ? "denied" : !wished() ? "off" : ok && body.on ? "closed" : "open";
    for (const said of place.querySelectorAll("[data-how]")) said.hidden = said.dataset.how !== how;
    place.dataset.told = how;
  }

  async function tell() {
    const worker = await navigator.serviceWorker?.getRegistration();
    const { ok, body } = await ask("GET", "/api/v1/notices?limit=1");
    const newest = ok ? body.items[0] : null;
    if (!worker || !newest || newest.read) return;
    const icon = new URL(document.querySelector("link[rel=apple-touch-icon]").href).pathname;
    await worker.showNotification("mailhub", { body: newest.text, tag: `notice-${newest.id}`, icon, data: { url: `/notices/${newest.id}` } });
  }
}

const spell = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
