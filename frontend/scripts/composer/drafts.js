// Requests to /api/v1 in the name of whoever is signed in here.

export const drafts = "/api/v1/drafts";

export function token() {
  return JSON.parse(document.body.getAttribute("hx-headers:inherited"))["X-CSRF-Token"];
}

/** {status, ok, body}; a server that does not answer has the status 0. */
export async function ask(method, url, body) {
  const headers = { "X-CSRF-Token": token() };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  try {
    const answer = await fetch(url, { method, headers, body: body && JSON.stringify(body), keepalive: (body?.html?.length ?? 0) < 30000 });
    const json = answer.headers.get("Content-Type")?.includes("json");
    return { status: answer.status, ok: answer.ok, body: json ? await answer.json() : null };
  } catch {
    return { status: 0, ok: false, body: null };
  }
}
