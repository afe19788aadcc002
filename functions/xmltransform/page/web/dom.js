// What every view needs of the browser. Data reaches the document as text only:
// nothing here, or anywhere in this page, parses markup.

// h makes an element: h("p.hint", {id: "x", onclick: f}, "text", element, ...).
// Children that are null or false are left out.
export function h(tag, properties = {}, ...children) {
  const [name, ...classes] = tag.split(".");
  const element = document.createElement(name);
  if (classes.length) element.className = classes.join(" ");
  for (const [key, value] of Object.entries(properties)) {
    if (value == null || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat().filter((c) => c != null && c !== false));
  return element;
}

export const $ = (id) => document.getElementById(id);

// announce has a screen reader say something that others see.
export function announce(text) {
  $("announce").textContent = text;
}

// button is a button that does something.
export function button(label, onclick, classes = "") {
  return h("button.button" + classes, { type: "button", onclick }, label);
}

// copyButton copies what text() returns, and says so for a moment.
export function copyButton(text) {
  const b = button("Copy", async () => {
    let said = "Copied";
    try {
      await navigator.clipboard.writeText(text());
    } catch {
      said = "Not copied: the browser does not let me";
    }
    b.textContent = said;
    announce(said);
    setTimeout(() => (b.textContent = "Copy"), 2000);
  });
  return b;
}

// save has the browser save a text as a file.
export function save(name, text, type) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

// ask has a person confirm what cannot be undone.
export function ask(title, text, yes) {
  const dialog = $("ask");
  $("ask-title").textContent = title;
  $("ask-text").textContent = text;
  $("ask-yes").textContent = yes;
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.onclose = () => {
      // The event comes late: of a dialog that is open again it is the last one's.
      if (!dialog.open) resolve(dialog.returnValue === "yes");
    };
  });
}

const units = ["bytes", "KB", "MB", "GB", "TB"];

// size is a number of bytes as people read it.
export function size(n) {
  let unit = 0;
  for (; n >= 1000 && unit < units.length - 1; unit++) n /= 1000;
  return `${unit && n < 10 ? n.toFixed(1) : Math.round(n)} ${units[unit]}`;
}

// count is a number with its noun: count(1, "record") is "1 record".
export function count(n, noun) {
  return `${n.toLocaleString("en")} ${noun}${n === 1 ? "" : "s"}`;
}

// when is a time as people read it, with the exact one behind it.
export function when(time) {
  const then = new Date(time);
  if (Number.isNaN(then.getTime())) return null;
  const ago = (Date.now() - then.getTime()) / 1000;
  let text = then.toLocaleDateString();
  if (ago < 60) text = "just now";
  else if (ago < 3600) text = `${Math.floor(ago / 60)} min ago`;
  else if (ago < 86_400) text = `${Math.floor(ago / 3600)} h ago`;
  return h("time", { datetime: time, title: then.toLocaleString() }, text);
}
