// A text that people edit, with line numbers and marks beside it. It is a
// textarea: the keyboard, undo, spelling and screen readers work as everywhere.
import { h } from "./dom.js";

let next = 1;

export class Editor {
  // label is what the text is called; oninput is called with each change that a
  // person makes.
  constructor({ label, oninput, className = "" }) {
    const id = "editor-" + next++;
    this.numbers = h("pre", {}, "1");
    this.marks = h("div.marks", { "aria-hidden": "true" });
    this.area = h("textarea", {
      id, spellcheck: "false", autocomplete: "off", autocapitalize: "none", autocorrect: "off", wrap: "off",
      "aria-describedby": id + "-keys",
      oninput: () => {
        this.renumber();
        this.mark([]);
        oninput();
      },
      onscroll: () => this.follow(),
      onkeydown: (event) => this.key(event),
      onblur: () => (this.leaving = false),
    });
    this.element = h("div.editor-box" + className, {},
      h("label.editor-label", { for: id }, label),
      h("div.editor", {}, h("div.gutter", { "aria-hidden": "true" }, this.numbers), h("div.sheet", {}, this.marks, this.area)),
      h("p.hint.keys", { id: id + "-keys" }, "Tab indents. Esc, then Tab, leaves the text."));
  }

  get value() {
    return this.area.value;
  }

  set value(text) {
    this.area.value = text;
    this.renumber();
    this.mark([]);
    this.follow();
  }

  // reload replaces the text and keeps the place.
  reload(text) {
    const { selectionStart, selectionEnd, scrollTop, scrollLeft } = this.area;
    this.value = text;
    this.area.setSelectionRange(selectionStart, selectionEnd);
    Object.assign(this.area, { scrollTop, scrollLeft });
    this.follow();
  }

  renumber() {
    const lines = this.value.split("\n").length;
    if (lines === this.lines) return;
    this.lines = lines;
    this.numbers.textContent = Array.from({ length: lines }, (_, i) => i + 1).join("\n");
  }

  // follow moves the numbers and the marks with the text.
  follow() {
    const { scrollTop } = this.area;
    this.numbers.style.transform = this.marks.style.transform = `translateY(${-scrollTop}px)`;
  }

  get lineHeight() {
    return parseFloat(getComputedStyle(this.area).lineHeight);
  }

  // mark marks the lines of faults, the first hundred of them.
  mark(faults) {
    const lines = [...new Set(faults.map((f) => f.line).filter(Boolean))].slice(0, 100);
    this.marks.replaceChildren(...lines.map((line) => {
      const stripe = h("div.stripe");
      stripe.style.top = `calc(var(--pad) + ${line - 1} * var(--line))`;
      return stripe;
    }));
    this.area.setAttribute("aria-invalid", String(faults.length > 0));
  }

  // jump puts the cursor to a line and column.
  jump({ line, column = 1 }) {
    let start = 0;
    for (let n = 1; n < line; n++) {
      const end = this.value.indexOf("\n", start);
      if (end < 0) break;
      start = end + 1;
    }
    const end = this.value.indexOf("\n", start);
    const text = this.value.slice(start, end < 0 ? undefined : end);
    const at = start + [...text].slice(0, column - 1).join("").length;
    this.area.focus();
    this.area.setSelectionRange(at, Math.min(at + 1, start + text.length));
    this.area.scrollTop = (line - 1) * this.lineHeight - this.area.clientHeight / 3;
    this.follow();
  }

  key(event) {
    if (event.key === "Escape") {
      this.leaving = true;
      return;
    }
    const plain = !event.shiftKey && !event.ctrlKey && !event.altKey && !event.metaKey;
    if (event.key === "Tab" && plain && !this.leaving) {
      event.preventDefault();
      document.execCommand("insertText", false, "  "); // unlike setRangeText it can be undone
    }
    if (event.key !== "Tab") this.leaving = false;
  }
}
