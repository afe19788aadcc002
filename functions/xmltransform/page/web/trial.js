// A sample document beside a rule, which is tried on each change of either.
import { maxUpload, tryRule } from "./api.js";
import { button, count, h, size } from "./dom.js";
import { Editor } from "./editor.js";
import { places } from "./json.js";
import { faultList, jsonView, resultOf, resultTools } from "./output.js";
import { read } from "./source.js";

const pause = 400; // milliseconds without a change

export class Trial {
  // editor is where the rule is edited, and id() is its id.
  constructor({ editor, id }) {
    Object.assign(this, { ruleEditor: editor, id });
    this.sample = new Editor({ label: "Sample document", oninput: () => this.changed(), className: ".sample" });
    this.status = h("p.status", { role: "status" });
    this.output = h("div.output");
    const input = h("input.unseen", { type: "file", id: "sample-file", onchange: () => this.load(input) });
    const open = h("label.button.quiet", { for: "sample-file" }, "Open a file");
    this.element = h("section.trial", { "aria-label": "Try the rule" },
      h("div.sample-head", {}, h("span.file-button", {}, input, open)), this.sample.element,
      h("div.output-head", {}, h("h2", {}, "Output"), this.status), this.output);
  }

  async load(input) {
    const [file] = input.files;
    input.value = "";
    if (!file) return;
    if (file.size > maxUpload) {
      this.say(`The file has ${size(file.size)}; no more than 4.5 MB can be tried.`, "bad");
      return;
    }
    this.sample.value = await read(file);
    this.changed();
  }

  // begin is called with each rule that is opened, with its sample.
  begin(sample) {
    this.sample.value = sample;
    this.output.replaceChildren();
    this.run();
  }

  // changed is called when the rule or the sample has.
  changed() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.run(), pause);
  }

  stop() {
    clearTimeout(this.timer);
    this.request?.abort();
    this.element.removeAttribute("aria-busy");
  }

  async run() {
    this.stop();
    const rule = this.ruleEditor.value;
    if (!this.sample.value.trim()) {
      this.say("Paste a document, or open one, to try the rule.", "");
      this.mark([], []);
      this.output.replaceChildren();
      return;
    }
    this.element.setAttribute("aria-busy", "true");
    const request = (this.request = new AbortController());
    try {
      this.succeeded(await tryRule(this.id(), rule, this.sample.value, request.signal));
    } catch (fault) {
      if (fault.name === "AbortError") return;
      this.failed(fault);
    }
    this.element.removeAttribute("aria-busy");
  }

  say(text, state) {
    this.status.textContent = text;
    this.status.dataset.state = state;
  }

  succeeded(answer) {
    const { records, quarantined, leftOut = [], cut } = answer.body;
    const said = [count(records ?? 1, "record")];
    if (quarantined) said.push(`${quarantined} left out`);
    if (cut) said.push("of which the beginning is shown");
    this.say(said.join(", "), quarantined ? "warn" : "good");
    const failures = leftOut.flatMap((l) => l.failures ?? []);
    this.mark([], failures);
    const result = resultOf(answer);
    this.output.replaceChildren(
      ...(failures.length ? [this.list(failures, this.sample, "sample")] : []),
      ...(result ? [jsonView(result)] : []),
      ...(result && !cut ? [resultTools(result, "sample.json")] : []));
  }

  failed(fault) {
    const { problems = [], failures = [] } = fault.body;
    if (problems.length) this.say(count(problems.length, "problem") + " in the rule", "bad");
    else this.say(failures.length ? "The document does not pass" : fault.message, "bad");
    this.mark(problems, failures);
    this.output.replaceChildren(
      ...(problems.length ? [this.list(problems, this.ruleEditor, "rule")] : []),
      ...(failures.length ? [this.list(failures, this.sample, "sample")] : []),
      ...(fault.status === 0 || fault.status >= 500 ? [button("Try again", () => {
        this.sample.area.focus(); // the button goes
        this.run();
      })] : []));
  }

  // mark marks the lines of the sample that are at fault, and those of the rule
  // that say so.
  mark(problems, failures) {
    const keys = failures.some((f) => f.key) ? places(this.ruleEditor.value) : new Map();
    this.ruleEditor.mark([...problems, ...failures.map((f) => keys.get(f.key)).filter(Boolean)]);
    this.sample.mark(failures);
  }

  list(faults, editor, whereof) {
    return faultList(faults, (f) => editor.jump(f), whereof);
  }
}
