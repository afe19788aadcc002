// JSON as text. What is shown and saved is what the rule made, digit for digit
// and in its order: JSON.parse and JSON.stringify would change both.

const token = /"[^"\\]*(?:\\[^][^"\\]*)*"|[{}[\],:]|[^\s{}[\],:"]+/g;

const opens = (t) => t === "{" || t === "[";
const closes = (t) => t === "}" || t === "]";

// member is the text of a member of the object that a text is, undefined if it
// has none of that name.
export function member(text, name) {
  const wanted = JSON.stringify(name);
  let depth = 0, last = "", key = "", start = -1;
  for (const { 0: t, index } of text.matchAll(token)) {
    if (start >= 0 && depth === 1 && (t === "," || t === "}")) return text.slice(start, index).trim();
    if (depth === 1 && t === ":") {
      key = last;
      if (key === wanted) start = index + 1;
    }
    if (opens(t)) depth++;
    if (closes(t)) depth--;
    last = t;
  }
  return undefined;
}

// pieces is a JSON text in lines, as pairs of a kind (of the style sheet's) and
// a text.
export function pieces(text) {
  const tokens = text.match(token) ?? [];
  const out = [];
  let depth = 0;
  const line = () => out.push(["", "\n" + "  ".repeat(depth)]);
  tokens.forEach((t, i) => {
    if (closes(t)) {
      depth--;
      if (!opens(tokens[i - 1])) line();
    }
    out.push([kind(t, tokens[i + 1]), t === ":" ? ": " : t]);
    if (opens(t)) depth++;
    if (t === "," || (opens(t) && !closes(tokens[i + 1]))) line();
  });
  return out;
}

function kind(t, next) {
  if (t[0] === '"') return next === ":" ? "key" : "string";
  if (/^[-\d]/.test(t)) return "number";
  return /^[a-z]/.test(t) ? "word" : "";
}

// pretty is a JSON text in lines.
export const pretty = (text) => pieces(text).map(([, t]) => t).join("");

// places is where a rule's text has its keys, by the names that failures call
// them: map.total, required.id, input.schema.
export function places(text) {
  const found = new Map();
  let depth = 0, line = 1, start = 0, top = "", end = 0, list = false, previous = null;
  for (const { 0: t, index } of text.matchAll(token)) {
    for (let at = text.indexOf("\n", end); at >= 0 && at < index; at = text.indexOf("\n", end)) {
      line++;
      start = end = at + 1;
    }
    end = index + t.length;
    if (t === ":" && depth === 1) top = previous.name;
    if (depth === 2 && previous && (t === ":" || (list && previous.depth === 2))) found.set(`${top}.${previous.name}`, previous.place);
    if (opens(t)) list = t === "[";
    if (opens(t)) depth++;
    if (closes(t)) depth--;
    previous = t[0] === '"' ? { name: nameOf(t), depth, place: { line, column: [...text.slice(start, index)].length + 1 } } : null;
  }
  return found;
}

function nameOf(token) {
  try {
    return JSON.parse(token);
  } catch {
    return "";
  }
}
