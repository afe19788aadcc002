// The pipeline's REST API. Every address is relative to the page, so that it
// works under the stage of any API and under any host.

// The API's function takes no more: what it is sent grows by a third in base64,
// and Lambda takes 6 MB.
export const maxUpload = 4_500_000;

// A Refusal is an answer that is none of success, or no answer (status 0).
export class Refusal extends Error {
  constructor(status, body, message) {
    super(message);
    this.status = status;
    this.body = body;
  }
}

// An Answer keeps the text beside what it parses to, because JSON.parse takes
// the last digits off a long number.
function answer(status, text, header) {
  let body = null;
  try {
    body = JSON.parse(text || "{}");
  } catch {
    // not of the pipeline's making
  }
  if (body && status >= 200 && status < 300) return { status, text, body, header };
  throw new Refusal(status, body ?? {}, body?.message || explain(status));
}

// isFinal tells whether a refusal is one that asking again would not change.
export const isFinal = ({ status }) => status >= 400 && status < 500 && status !== 429;

function explain(status) {
  switch (status) {
    case 0:
      return "There is no answer. Is the network there?";
    case 413:
      return "The request is larger than the API takes.";
    case 429:
      return "Too many requests at once; try again in a moment.";
    case 504:
      return "It took longer than the API waits.";
  }
  if (status < 300) return "The answer is not the pipeline’s. Is there a proxy that asks for something?";
  return `The API answered with status ${status}.`;
}

async function call(method, path, { body, headers, signal } = {}) {
  let response, text;
  try {
    response = await fetch(path, { method, body, headers, signal, cache: "no-store" });
    text = await response.text();
  } catch (err) {
    if (err.name === "AbortError") throw err;
    throw new Refusal(0, {}, explain(0));
  }
  return answer(response.status, text, response.headers);
}

const rulePath = (id) => "rules/" + encodeURIComponent(id);
const versioned = (version) => ({ "Content-Type": "application/json", "If-Match": `"${version}"` });

// versionOf is the version that an answer names in its ETag.
export function versionOf({ header, body }) {
  const tag = /^(?:W\/)?"(\d+)"$/.exec(header.get("ETag") ?? "");
  return Number(tag ? tag[1] : body.version);
}

// listRules is all rules, by id.
export async function listRules() {
  const all = [];
  let next = "";
  do {
    const { body } = await call("GET", "rules?limit=100" + (next && "&next=" + encodeURIComponent(next)));
    all.push(...(body.rules ?? []));
    next = body.next;
  } while (next);
  return all.sort((a, b) => (a.id < b.id ? -1 : 1));
}

export const getRule = (id) => call("GET", rulePath(id));
export const createRule = (body) => call("POST", "rules", { body, headers: { "Content-Type": "application/json" } });
export const replaceRule = (id, version, body) => call("PUT", rulePath(id), { body, headers: versioned(version) });
export const deleteRule = (id, version) => call("DELETE", rulePath(id), { headers: versioned(version) });

// tryRule runs a rule that need not be saved over a document.
export function tryRule(id, rule, document, signal) {
  const body = new FormData();
  body.append("rule", new Blob([rule], { type: "application/json" }), "rule.json");
  body.append("document", new Blob([document], { type: "application/octet-stream" }), "document");
  return call("POST", rulePath(id) + "/try", { body, signal });
}

// uploadPath is where a file is asked for.
export const uploadPath = (key) => "upload/" + key.split("/").map(encodeURIComponent).join("/");

export const getUpload = (path) => call("GET", path);

// upload sends a file, and tells how far it is: fetch cannot.
export function upload(file, key, rule, { progress, signal }) {
  const query = new URLSearchParams({ file: key });
  if (rule) query.set("rule", rule);
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const done = () => {
      try {
        const header = { get: (name) => request.getResponseHeader(name) };
        resolve(answer(request.status, request.responseText, header));
      } catch (refusal) {
        reject(refusal);
      }
    };
    request.upload.onprogress = (e) => progress(e.loaded / e.total);
    request.onload = request.onerror = request.ontimeout = request.onabort = done;
    signal.addEventListener("abort", () => request.abort());
    request.open("POST", "upload?" + query);
    request.setRequestHeader("Content-Type", file.type || "application/octet-stream");
    request.send(file);
  });
}
