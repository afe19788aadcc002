// The source of a file that failed, with the lines that are at fault.
import { button, count, h } from "./dom.js";

const around = 5; // lines shown before and after one at fault
const wide = 400; // characters shown of a long line, around its column
const whole = 300; // lines of a file that is shown as a whole

// read is the text of a file in the encoding that it says it has.
export async function read(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  try {
    return new TextDecoder(encodingOf(bytes)).decode(bytes);
  } catch {
    return new TextDecoder().decode(bytes); // a name that the browser does not know
  }
}

function encodingOf(bytes) {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return "utf-16le";
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return "utf-16be";
  const head = String.fromCharCode(...bytes.subarray(0, 200));
  if (head.startsWith("<\0")) return "utf-16le";
  if (head.startsWith("\0<")) return "utf-16be";
  return /^[^>]*\bencoding\s*=\s*["']([\w.:-]+)["']/.exec(head)?.[1] ?? "utf-8";
}

// sourceView shows the lines around failures. Its jump goes to one.
export function sourceView(text, failures) {
  const lines = text.split(/\r\n|\n|\r/);
  const bad = new Map(); // the first failure of each line, by its number
  for (const f of failures) if (f.line && !bad.has(f.line)) bad.set(f.line, f);
  const element = h("div.source", { tabindex: "0", role: "region", "aria-label": "Source" });
  const rows = new Map();
  let shown = 0;
  for (const [from, to] of windows(lines.length, [...bad.keys()])) {
    if (from > shown + 1) element.append(gap(shown + 1, from - 1));
    for (let n = from; n <= to; n++) element.append(add(n));
    shown = to;
  }
  if (shown < lines.length) element.append(gap(shown + 1, lines.length));

  function add(n) {
    const row = lineOf(n, lines[n - 1], bad.get(n));
    rows.set(n, row);
    return row;
  }
  // gap stands for lines that are not shown until they are asked for.
  function gap(from, to) {
    const more = button(`${count(to - from + 1, "line")} more`, () => {
      const end = Math.min(to, from + whole - 1);
      const fresh = Array.from({ length: end - from + 1 }, (_, i) => add(from + i));
      more.replaceWith(...fresh, ...(end < to ? [gap(end + 1, to)] : []));
      element.focus();
    }, ".gap");
    return more;
  }
  function jump({ line }, { focus = true } = {}) {
    const row = rows.get(line);
    if (!row) return;
    element.querySelector(".here")?.classList.remove("here");
    row.classList.add("here");
    element.scrollTop = row.offsetTop - element.clientHeight / 3;
    element.scrollLeft = 0;
    if (focus) element.focus();
  }
  return { element, jump };
}

// windows are the ranges of lines to show, in order and apart.
function windows(length, numbers) {
  if (length <= whole) return [[1, length]];
  const out = [];
  for (const n of numbers.filter((n) => n <= length).sort((a, b) => a - b)) {
    const from = Math.max(1, n - around), to = Math.min(length, n + around);
    const last = out.at(-1);
    if (last && from <= last[1] + 1) last[1] = to;
    else out.push([from, to]);
  }
  return out.length ? out : [[1, whole]];
}

function lineOf(n, text, failure) {
  const row = h("div.line" + (failure ? ".bad" : ""), {}, h("span.number", {}, String(n)), codeOf(text, failure?.column));
  if (failure) row.append(h("span.note", {}, failure.reason));
  return row;
}

// codeOf is a line with the character of a column marked. Columns count
// characters, of which some are two of JavaScript's.
function codeOf(text, column) {
  const code = h("code");
  const all = text.length > 4 * wide && !column ? [...text.slice(0, 2 * wide)] : [...text];
  const at = column ? Math.min(column, all.length + 1) : 1;
  const from = all.length > wide ? Math.max(0, at - 1 - wide / 2) : 0;
  const to = Math.min(all.length, from + wide);
  const cut = (a, b) => all.slice(a, b).join("");
  if (from > 0) code.append(h("span.cut", {}, "…"));
  if (column && at - 1 >= from) {
    code.append(cut(from, at - 1), h("mark", {}, cut(at - 1, at) || " "), cut(at, to));
  } else {
    code.append(cut(from, to));
  }
  if (to < all.length || all.length < text.length / 2) code.append(h("span.cut", {}, "…"));
  return code;
}
