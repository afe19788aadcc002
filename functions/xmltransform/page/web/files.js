// The view of files: each is sent, and asked after until it is JSON or refused.
import { getUpload, isFinal, listRules, maxUpload, upload, uploadPath } from "./api.js";
import { $, announce, h, size } from "./dom.js";
import { resultOf } from "./output.js";
import { panelOf } from "./panel.js";

const atOnce = 3; // files that are sent at the same time
const patience = 15 * 60_000; // milliseconds after which a file is no longer asked after

// A runtime has all APIs under one host, whose pages share what a tab stores.
const storage = "files of " + location.pathname;

const states = {
  waiting: "Waiting",
  uploading: "Uploading",
  pending: "Converting",
  succeeded: "Succeeded",
  failed: "Failed",
  refused: "Refused", // and not stored
  large: "Too large",
  unknown: "Unknown",
};

const files = new Map(); // by key, each a FileRow
let bucket = ""; // of the pipeline, once it is known

// start connects the form, and takes up the files that were sent before the page
// was loaded again.
export function start() {
  const input = $("upload-files");
  input.addEventListener("change", () => {
    send([...input.files]);
    input.value = ""; // so that the same file can be chosen again
  });
  $("upload").addEventListener("submit", (event) => event.preventDefault());
  $("uploads-clear").addEventListener("click", clear);
  acceptDrops($("drop"), send);
  for (const { key, path, rule } of remembered()) {
    new FileRow({ key, path, rule }).poll();
  }
}

// show is called whenever the view is. A key opens that file, sent from here or not.
export function show(key, arrived) {
  fillRules($("upload-rule"));
  if (!key) {
    if (arrived) $("files-title").focus();
    return;
  }
  let row = files.get(key);
  if (!row) {
    row = new FileRow({ key, path: uploadPath(key) });
    row.poll();
  }
  row.toggle(true);
  row.element.scrollIntoView({ block: "nearest" });
  if (arrived) row.head.focus();
}

async function fillRules(select) {
  let rules;
  try {
    rules = await listRules();
  } catch {
    return; // those that are there remain; the view of rules says what is wrong
  }
  const chosen = select.value;
  const options = rules.map(({ id, description }) => {
    const text = description ? `${id} – ${description}` : id;
    return h("option", { value: id }, text.length > 70 ? text.slice(0, 69) + "…" : text);
  });
  select.replaceChildren(select.options[0], ...options);
  select.value = chosen;
  if (select.selectedIndex < 0) select.value = "";
}

function acceptDrops(area, take) {
  const over = (event) => {
    event.preventDefault();
    area.classList.add("over");
  };
  const out = (event) => {
    if (!area.contains(event.relatedTarget)) area.classList.remove("over");
  };
  area.addEventListener("dragenter", over);
  area.addEventListener("dragover", over);
  area.addEventListener("dragleave", out);
  area.addEventListener("drop", (event) => {
    event.preventDefault();
    area.classList.remove("over");
    const items = [...event.dataTransfer.items].filter((item) => item.kind === "file");
    $("upload-note").hidden = !items.some(isFolder);
    take(items.filter((item) => !isFolder(item)).map((item) => item.getAsFile()));
  });
  // A file that misses the area would replace the page.
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => event.preventDefault());
}

const isFolder = (item) => item.webkitGetAsEntry?.()?.isDirectory;

function send(chosen) {
  const folder = $("upload-folder").value.split("/").map((s) => s.trim()).filter(Boolean).join("/");
  const rule = $("upload-rule").value;
  for (const file of chosen) {
    const key = folder ? `${folder}/${file.name}` : file.name;
    files.get(key)?.remove();
    const row = new FileRow({ key, file, rule });
    if (chosen.length === 1) row.toggle(true);
  }
  pump();
}

// pump sends the files that wait, a few at a time.
function pump() {
  const rows = [...files.values()];
  let free = atOnce - rows.filter((r) => r.state === "uploading").length;
  for (const row of rows) {
    if (free > 0 && row.state === "waiting") {
      free--;
      row.send().finally(pump);
    }
  }
}

function clear() {
  for (const row of files.values()) if (row.done()) row.remove();
  remember();
  history.replaceState(null, "", "#/files");
  $("upload-files").focus();
}

// What was sent is remembered as long as the tab, its content is not.
function remember() {
  const sent = [...files.values()].filter((r) => r.path).map(({ key, path, rule }) => ({ key, path, rule }));
  try {
    sessionStorage.setItem(storage, JSON.stringify(sent.slice(-100)));
  } catch {
    // a browser that keeps nothing
  }
  $("uploads-head").hidden = files.size === 0;
}

function remembered() {
  try {
    return JSON.parse(sessionStorage.getItem(storage)) ?? [];
  } catch {
    return [];
  }
}

// A FileRow is a file of the list.
class FileRow {
  constructor({ key, file, rule, path }) {
    Object.assign(this, { key, file, rule, path, state: "waiting" });
    this.asked = 0;
    this.stopped = new AbortController();
    this.build();
    if (file?.size > maxUpload) this.become("large");
    else if (!file) this.become("pending");
    else this.become("waiting");
    files.set(key, this);
    $("uploads").prepend(this.element);
    remember();
  }

  build() {
    const id = "file-" + FileRow.next++;
    this.pill = h("span.pill");
    this.meta = h("span.meta");
    this.head = h("button.file-head", { type: "button", "aria-expanded": "false", "aria-controls": id, onclick: () => this.toggle() },
      h("span.name", {}, this.key), this.meta, this.pill);
    this.progress = h("progress", { max: "1", value: "0", "aria-label": `Upload of ${this.key}` });
    this.panel = h("div.panel", { id, hidden: true });
    this.element = h("li.file", {}, this.head, this.progress, this.panel);
  }

  done() {
    return !["waiting", "uploading", "pending"].includes(this.state);
  }

  remove() {
    clearTimeout(this.timer);
    this.removed = true;
    this.stopped.abort(); // or it might overtake another one of the same name
    this.element.remove();
    files.delete(this.key);
  }

  toggle(open = this.panel.hidden) {
    this.panel.hidden = !open;
    this.head.setAttribute("aria-expanded", String(open));
    if (!open) return;
    this.fill();
    if (this.path) history.replaceState(null, "", "#/files/" + encodeURIComponent(this.key));
  }

  // become changes the state, and says so where it is the last.
  become(state) {
    this.state = state;
    this.element.dataset.state = state;
    this.pill.textContent = states[state];
    this.progress.hidden = state !== "uploading";
    this.describe();
    if (this.done()) announce(`${this.key}: ${states[state]}`);
    if (!this.panel.hidden) this.fill();
  }

  describe() {
    const source = this.notice?.source;
    const bytes = this.file?.size ?? source?.size;
    const rule = this.notice?.rule;
    const parts = [
      bytes && size(bytes),
      rule?.id ? `rule ${rule.id}, version ${rule.version}` : this.rule && `rule ${this.rule}`,
    ];
    this.meta.textContent = parts.filter(Boolean).join(" · ");
  }

  async send() {
    this.fault = null;
    this.become("uploading");
    try {
      const { body } = await upload(this.file, this.key, this.rule, { progress: (part) => this.sent(part), signal: this.stopped.signal });
      if (this.removed) return;
      this.path = body.result ?? uploadPath(this.key);
      this.notice = body;
      bucket = body.source?.bucket ?? bucket;
      this.become("pending");
      remember();
      this.asked = 0;
      this.poll();
    } catch (fault) {
      if (this.removed) return;
      this.fault = fault;
      this.become(isFinal(fault) ? "refused" : "unknown");
    }
  }

  sent(part) {
    this.progress.value = part;
    this.pill.textContent = part < 1 ? `Uploading ${Math.floor(part * 100)} %` : "Checking";
  }

  // poll asks what became of the file, ever less often.
  async poll() {
    clearTimeout(this.timer);
    this.since ??= Date.now();
    try {
      this.told(await getUpload(this.path));
    } catch (fault) {
      if (this.removed) return;
      if (isFinal(fault) || this.late()) {
        this.fault = fault;
        this.become("unknown");
      } else this.later();
    }
  }

  told(answer) {
    if (this.removed) return;
    this.notice = answer.body;
    bucket = answer.body.source?.bucket ?? bucket;
    this.result = resultOf(answer);
    if (answer.body.status !== "pending") this.become(answer.body.status);
    else if (this.late()) this.become("unknown");
    else this.later();
  }

  late() {
    return Date.now() - this.since > patience;
  }

  later() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.poll(), Math.min(5000, 250 * 1.5 ** this.asked++));
  }

  again() {
    this.since = null;
    this.asked = 0;
    this.fault = null;
    if (this.path) {
      this.become("pending");
      this.poll();
    } else {
      this.become("waiting");
      pump();
    }
  }

  fill() {
    const held = this.panel.contains(document.activeElement);
    this.panel.replaceChildren(...panelOf(this, bucket));
    if (held) this.head.focus();
  }
}
FileRow.next = 1;
