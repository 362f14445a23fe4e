// Files that go up as they are beside a page: of a document, then the page shows them; pictures of a letter, whose
// address is put into its text (data-into), chosen or dropped there.

import { token } from "./composer/drafts.js";

export function startUploads() {
  document.addEventListener("change", (event) => event.target.matches?.("[data-upload]") && upload(event.target, event.target.files));
  document.addEventListener("dragover", (event) => inputOf(event) && event.preventDefault());
  document.addEventListener("drop", (event) => {
    const input = inputOf(event);
    if (!input) return;
    event.preventDefault();
    upload(input, event.dataTransfer.files);
  });
}

function inputOf(event) {
  const id = event.target.id;
  return id && event.dataTransfer?.types.includes("Files") ? document.querySelector(`[data-upload][data-into="${CSS.escape(id)}"]`) : null;
}

async function upload(input, files) {
  const around = input.closest("label").parentElement;
  const problem = around.querySelector("[data-upload-problem]");
  const bar = around.querySelector("[data-upload-bar]");
  problem.hidden = true;
  for (const file of files) {
    const answer = await send(`${input.dataset.upload}?filename=${encodeURIComponent(file.name || "file")}`, file, bar);
    if (answer.ok) {
      if (input.dataset.into) put(document.getElementById(input.dataset.into), answer.said);
      continue;
    }
    problem.textContent = answer.said?.detail ?? file.name;
    problem.hidden = false;
    break;
  }
  if (bar) bar.hidden = true;
  input.value = "";
  if (!input.dataset.into && problem.hidden) location.reload();
}

function send(url, file, bar) {
  return new Promise((done) => {
    const request = new XMLHttpRequest();
    request.open("POST", url);
    request.setRequestHeader("X-CSRF-Token", token());
    request.setRequestHeader("Content-Type", file.type || "application/octet-stream");
    if (bar) {
      bar.hidden = false;
      request.upload.onprogress = (event) => (bar.value = event.loaded / event.total);
    }
    request.onloadend = () => {
      let said = null;
      try {
        said = JSON.parse(request.responseText);
      } catch {
        said = null;
      }
      done({ ok: request.status >= 200 && request.status < 300, said });
    };
    request.send(file);
  });
}

function put(text, picture) {
  const words = picture.filename.replace(/\.\w+$/, "").replace(/[[\]<>"&]/g, " ");
  const form = text.form?.elements.format?.value;
  const snippets = { markdown: `![${words}](${picture.url})`, mjml: `<mj-image src="${picture.url}" alt="${words}" />` };
  const snippet = snippets[form] ?? `<img src="${picture.url}" alt="${words}">`;
  const [from, to] = text.selectionEnd ? [text.selectionStart, text.selectionEnd] : [text.value.length, text.value.length];
  text.setRangeText(from === text.value.length && from ? `\n\n${snippet}\n` : snippet, from, to, "end");
  text.focus();
}
