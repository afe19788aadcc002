// What came of a document: its JSON, or what is wrong with it.
import { button, copyButton, count, h, save } from "./dom.js";
import { member, pieces, pretty } from "./json.js";

// Colours cost an element each; a text longer than this is shown without them,
// and one longer than most is shown in part until it is asked for.
const coloured = 100_000;
const most = 400_000;

// A Result is the text of an answer's "json" or "text", and how it is saved.
export function resultOf(answer) {
  const text = answer.body.text;
  if (typeof text === "string") return { text, lines: true, type: "application/x-ndjson" };
  const json = member(answer.text, "json");
  return json === undefined ? null : { text: json, lines: false, type: "application/json" };
}

// jsonView shows a result.
export function jsonView({ text, lines }) {
  const pre = h("pre.json", { tabindex: "0", role: "region", "aria-label": "Result" });
  if (text.length <= coloured) {
    pre.append(...coloursOf(text, lines));
    return pre;
  }
  const shown = lines ? text : pretty(text);
  if (shown.length <= most) {
    pre.append(shown);
    return pre;
  }
  const cut = shown.lastIndexOf("\n", most) + 1 || most;
  pre.append(shown.slice(0, cut));
  const more = button(`Show all ${count(shown.split("\n").length, "line")}`, () => {
    pre.append(shown.slice(cut));
    more.remove();
    pre.focus();
  }, ".quiet");
  return h("div", {}, pre, more);
}

function coloursOf(text, lines) {
  const span = ([kind, t]) => (kind ? h("span." + kind, {}, t) : t);
  if (!lines) return pieces(text).map(span);
  return text.trimEnd().split("\n").flatMap((line) => {
    const inline = pieces(line).map(([kind, t]) => [kind, t[0] === "\n" ? "" : t === "," ? ", " : t]);
    return [...inline.map(span), "\n"];
  });
}

// resultTools copy and save a result.
export function resultTools(result, name) {
  const text = () => (result.lines ? result.text : pretty(result.text) + "\n");
  return h("div.tools", {}, copyButton(text), button("Download", () => save(name, text(), result.type)));
}

// faultList is failures of a document or problems of a rule. jump(fault) is
// called for one that has a place, and whereof names what it is a place in.
export function faultList(faults, jump, whereof) {
  return h("ul.faults", {}, faults.map((f) => h("li", {}, fault(f, jump, whereof))));
}

function fault(f, jump, whereof) {
  const text = [
    h("span.where", {}, placeOf(f) || "Somewhere", f.key && h("span.key-name", {}, f.key)),
    h("span.reason", {}, f.reason),
    f.path && h("span.detail", {}, "at ", h("code", {}, f.path)),
    f.query && query(f),
  ];
  if (!f.line || !jump) return h("div.fault", {}, text);
  const title = `Go to line ${f.line} of the ${whereof}`;
  return h("button.fault", { type: "button", title, onclick: () => jump(f) }, text);
}

// placeOf is where a failure is, in words.
export function placeOf(f) {
  const place = [];
  if (f.line) place.push(`Line ${f.line}` + (f.column ? `, column ${f.column}` : ""));
  if (f.record) place.push(`${place.length ? "record" : "Record"} ${f.record}`);
  return place.join(" · ");
}

// query is a jq expression with the character marked that the failure is of.
function query({ query, offset }) {
  const text = [...query]; // characters
  if (!offset || offset > text.length) return h("code.query", {}, query);
  const [before, at, after] = [text.slice(0, offset - 1), text.slice(offset - 1, offset), text.slice(offset)];
  return h("code.query", {}, before.join(""), h("mark", {}, at.join("")), after.join(""));
}
