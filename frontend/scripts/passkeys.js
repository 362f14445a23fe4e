// Passkeys: asking the browser for one, and making one. Buttons are shown where the browser can do it.

const bytes = (text) =>
  Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (sign) => sign.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

async function send(url, token, body) {
  const headers = { "X-CSRF-Token": token, "Content-Type": "application/json" };
  const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(said.problem || said.detail || answer.statusText);
  return said;
}

function described(options, name) {
  return (options[name] || []).map((one) => ({ ...one, id: bytes(one.id) }));
}

async function ask(options) {
  const publicKey = {
    ...options,
    challenge: bytes(options.challenge),
    allowCredentials: described(options, "allowCredentials"),
  };
  const { id, rawId, type, response } = await navigator.credentials.get({ publicKey });
  return {
    id,
    rawId: text(rawId),
    type,
    response: {
      clientDataJSON: text(response.clientDataJSON),
      authenticatorData: text(response.authenticatorData),
      signature: text(response.signature),
      userHandle: response.userHandle ? text(response.userHandle) : null,
    },
  };
}

async function make(options) {
  const publicKey = {
    ...options,
    challenge: bytes(options.challenge),
    user: { ...options.user, id: bytes(options.user.id) },
    excludeCredentials: described(options, "excludeCredentials"),
  };
  const { id, rawId, type, response } = await navigator.credentials.create({ publicKey });
  const answered = {
    clientDataJSON: text(response.clientDataJSON),
    attestationObject: text(response.attestationObject),
  };
  return { id, rawId: text(rawId), type, response: answered };
}

function start(place) {
  const { passkey: url, next, token, cancelled } = place.dataset;
  const [button, said] = [place.querySelector("button"), place.querySelector("[role=alert]")];
  const making = place.dataset.makes !== undefined;
  place.hidden = false;
  button.addEventListener("click", async () => {
    const name = place.querySelector("input[name=name]")?.value ?? "";
    button.disabled = true;
    said.hidden = true;
    try {
      const options = await send(`${url}/begin`, token, {});
      const answer = making ? await make(options) : await ask(options);
      const query = making ? `?name=${encodeURIComponent(name)}` : `?next=${encodeURIComponent(next)}`;
      location.assign((await send(url + query, token, answer)).next);
    } catch (fault) {
      // What the browser itself says of a refusal is for developers.
      said.textContent = fault instanceof DOMException ? cancelled : fault.message;
      said.hidden = false;
      button.disabled = false;
    }
  });
}

export function startPasskeys() {
  if (!window.PublicKeyCredential) return;
  document.querySelectorAll("[data-passkey]").forEach(start);
}
