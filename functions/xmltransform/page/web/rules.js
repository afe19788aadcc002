// The view of rules: the list of them, and the one that is open.
import { createRule, deleteRule, getRule, listRules, replaceRule, versionOf } from "./api.js";
import { $, announce, ask, button, count, h, when } from "./dom.js";
import { Editor } from "./editor.js";
import { faultList } from "./output.js";
import { Trial } from "./trial.js";

const fresh = `{
  "id": "my-rule",
  "description": "What it is for",
  "map": {
    "number": ".order.\\"@id\\"",
    "customer.name": ".order.customer",
    "total": "[.order.item[].price | tonumber] | add"
  },
  "input": {"forceList": ["item"]},
  "constants": {"source": "shop"},
  "required": ["number"]
}
`;

const freshSample = `<order id="1001">
  <customer>Ada Lovelace</customer>
  <item><name>Gears</name><price>12.50</price></item>
  <item><name>Cards</name><price>3.20</price></item>
</order>
`;

const drafts = new Map(); // what was not saved, by id ("" is a new rule): {text, saved, version, sample}
let work; // the Workbench
let current = ""; // what show was called with last

const differs = ({ text, saved }) => text !== saved;

export function start() {
  work = new Workbench($("rule-work"));
  addEventListener("beforeunload", (event) => {
    if (work.dirty() || [...drafts.values()].some(differs)) event.preventDefault();
  });
}

// none stands for the id of a rule that has none yet; ids do not begin with a plus.
export const none = "+new";

// show opens a rule; "" is the list alone.
export function show(id, arrived) {
  current = id;
  const edits = id !== "" && work.isOpen && work.id === idOf(id) && work.element.contains(document.activeElement);
  $("rules").classList.toggle("open", id !== "");
  $("rules-intro").hidden = id !== "";
  list();
  if (id === "") work.close();
  else work.open(idOf(id));
  // Who has saved a new rule types on.
  if (arrived && !edits) (id === "" ? $("rules-title") : work.title).focus();
}

const idOf = (id) => (id === none ? "" : id);

// list shows the rules there are.
async function list() {
  const target = $("rules-list");
  try {
    const rules = await listRules();
    target.replaceChildren(rules.length ? listOf(rules) : h("p.empty", {}, "There are no rules yet."));
  } catch (fault) {
    target.replaceChildren(h("p.notice.bad", {}, fault.message), button("Try again", () => {
      $("rules-title").focus(); // the button goes
      list();
    }));
  }
}

function listOf(rules) {
  return h("ul.rule-list", {}, rules.map(({ id, version, description, updated }) =>
    h("li", {}, h("a", { href: address(id), "aria-current": id === current && "true" },
      h("span.name", {}, id),
      h("span.meta", {}, `version ${version}`, updated && " · ", updated && when(updated)),
      description && h("span.text", {}, description)))));
}

const address = (id) => "#/rules/" + encodeURIComponent(id);

// A Workbench is where one rule is edited and tried.
class Workbench {
  constructor(element) {
    this.element = element;
    this.editor = new Editor({ label: "Rule", oninput: () => this.changed(), className: ".rule" });
    this.trial = new Trial({ editor: this.editor, id: () => this.id || this.named() || "new" });
    this.title = h("h2.rule-title", { tabindex: "-1" });
    this.state = h("p.status", { role: "status" });
    this.message = h("div.message");
    this.saveButton = button("Save", () => this.save(), ".primary");
    this.undoButton = button("Discard changes", () => this.discard(), ".quiet");
    this.deleteButton = button("Delete", () => this.remove(), ".danger.quiet");
    this.tools = h("div.tools", {}, this.saveButton, this.undoButton, this.deleteButton);
    this.body = h("div.bench", {}, h("div.rule-pane", {}, this.message, this.editor.element), this.trial.element);
    element.append(h("a.back", { href: "#/rules" }, "All rules"),
      h("div.work-head", {}, h("div.titles", {}, this.title, this.state), this.tools), this.body);
    element.addEventListener("keydown", (event) => {
      if (event.key === "s" && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        this.save();
      }
    });
  }

  dirty() {
    return this.isOpen && this.editor.value !== this.saved;
  }

  // close keeps what was not saved for when the rule is opened again.
  close() {
    if (this.isOpen) {
      drafts.set(this.id, { text: this.editor.value, sample: this.trial.sample.value, version: this.version, saved: this.saved });
    }
    this.trial.stop();
    this.isOpen = false;
    this.element.hidden = true;
  }

  async open(id) {
    if (this.isOpen && this.id === id) return;
    this.close();
    this.id = id;
    this.element.hidden = false;
    this.body.hidden = this.tools.hidden = true;
    this.title.textContent = id || "New rule";
    this.status("Loading …");
    const draft = drafts.get(id);
    if (draft && (differs(draft) || !id)) {
      this.begin(draft);
    } else if (id === "") {
      this.begin({ text: fresh, saved: fresh, version: 0, sample: freshSample });
    } else {
      await this.load(id, draft?.sample);
    }
  }

  async load(id, sample) {
    try {
      const answer = await getRule(id);
      if (this.id !== id) return; // another one was opened meanwhile
      const text = answer.text;
      this.begin({ text, saved: text, version: versionOf(answer), sample: sample ?? sampleOf(answer.body) });
    } catch (fault) {
      if (this.id !== id) return;
      this.status(fault.status === 404 ? "There is no such rule." : fault.message, "bad");
    }
  }

  begin({ text, saved, version, sample }) {
    Object.assign(this, { saved, version, isOpen: true });
    this.body.hidden = this.tools.hidden = false;
    this.editor.value = text;
    this.message.replaceChildren();
    this.refresh();
    this.trial.begin(sample);
  }

  changed() {
    if (this.refusal) this.message.replaceChildren(); // of the text as it was
    this.refusal = null;
    this.refresh();
    this.trial.changed();
  }

  refresh() {
    const dirty = this.dirty();
    this.saveButton.disabled = this.saving || (!dirty && this.id !== "");
    this.undoButton.hidden = !dirty;
    this.deleteButton.hidden = this.id === "";
    const version = this.version ? `Version ${this.version}` : "Not saved yet";
    if (this.saving) this.status("Saving …");
    else this.status(dirty && this.version ? `${version}, with changes that are not saved` : version);
  }

  status(text, state = "") {
    this.state.textContent = text;
    this.state.dataset.state = state;
  }

  // named is the id that the text gives the rule.
  named() {
    try {
      return JSON.parse(this.editor.value).id;
    } catch {
      return "";
    }
  }

  async save() {
    if (!this.isOpen || this.saveButton.disabled) return;
    const { id } = this;
    const text = this.editor.value;
    if (document.activeElement === this.saveButton) this.title.focus(); // it is disabled now
    this.saving = true;
    this.refresh();
    let answer, fault;
    try {
      answer = id ? await replaceRule(id, this.version, text) : await createRule(text);
    } catch (refusal) {
      fault = refusal;
    }
    this.saving = false;
    if (this.isOpen) this.refresh();
    if (!this.isOpen || this.id !== id) {
      if (answer && drafts.get(id)?.text === text) drafts.delete(id); // it was closed meanwhile
      list();
    } else if (answer) this.wasSaved(text, answer);
    else await this.refused(fault);
  }

  wasSaved(text, answer) {
    this.message.replaceChildren();
    this.saved = text;
    this.version = versionOf(answer);
    drafts.delete(this.id);
    announce(`Saved as version ${this.version}`);
    const created = this.id === "";
    if (created) this.title.textContent = this.id = answer.body.id;
    this.refresh();
    this.reload();
    const to = address(this.id);
    if (created && location.hash !== to && !$("rules").hidden) location.replace(to);
    else list();
  }

  // reload takes over how the table has the text, which sets its version in it. A
  // later version is somebody else's.
  async reload() {
    const { id, saved, version } = this;
    const answer = await getRule(id).catch(() => null);
    if (!answer || versionOf(answer) !== version || this.id !== id || this.editor.value !== saved) return;
    this.editor.reload(answer.text);
    this.saved = answer.text;
    this.refresh();
  }

  async refused(fault) {
    if (fault.status === 412 || (fault.status === 404 && this.id)) return this.conflict();
    const { problems = [], cases = [] } = fault.body;
    this.status("Not saved", "bad");
    this.editor.mark(problems);
    const reason = problems.length ? `The rule was not saved: it has ${count(problems.length, "problem")}.` : fault.message;
    const parts = [h("p.notice.bad", { role: "alert" }, reason)];
    if (fault.status === 409) {
      parts.push(h("p", {}, h("a", { href: address(this.named()) }, "Open the rule that is there"), ", or give this one another id."));
    }
    if (problems.length) parts.push(faultList(problems, (f) => this.editor.jump(f), "rule"));
    if (cases.length) parts.push(caseList(cases));
    this.message.replaceChildren(...parts);
    this.refusal = fault;
  }

  // conflict is a save of somebody else since the rule was opened.
  async conflict(done = "saved") {
    this.refusal = null;
    this.status(`Not ${done}`, "bad");
    const { id } = this;
    const answer = await getRule(id).catch((fault) => fault);
    if (this.id !== id) return; // another one was opened meanwhile
    if (!answer.header) {
      const text = answer.status === 404 ? "The rule was deleted meanwhile." : answer.message;
      const again = answer.status === 404 && button("Save it as a new rule", () => {
        this.title.focus(); // the button goes
        Object.assign(this, { id: "", version: 0 });
        this.refresh();
        this.save();
      });
      this.message.replaceChildren(h("p.notice.bad", { role: "alert" }, text), ...(again ? [again] : []));
      return;
    }
    const theirs = versionOf(answer);
    this.message.replaceChildren(h("div.notice.warn", { role: "alert" },
      h("p", {}, `You opened version ${this.version}; version ${theirs} was saved since. Yours was not ${done}.`),
      h("div.tools", {},
        button(`Load version ${theirs}`, () => this.loadTheirs(answer)),
        this.dirty() && button(`Save mine as version ${theirs + 1}`, () => {
          this.title.focus();
          this.version = theirs;
          this.save();
        }, ".quiet"))));
  }

  loadTheirs(answer) {
    this.begin({ text: answer.text, saved: answer.text, version: versionOf(answer), sample: this.trial.sample.value });
    this.editor.area.focus();
  }

  async discard() {
    if (!(await ask("Discard your changes?", `They are lost; ${this.version ? `version ${this.version}` : "what a new rule begins with"} is shown again.`, "Discard"))) return;
    this.editor.value = this.saved;
    this.message.replaceChildren();
    drafts.delete(this.id);
    this.changed();
    this.editor.area.focus();
  }

  async remove() {
    const { id, version } = this;
    if (!(await ask(`Delete the rule ${id}?`, "Files that name it will fail until there is one again. What was converted stays.", "Delete"))) return;
    try {
      await deleteRule(id, version);
    } catch (fault) {
      return fault.status === 412 ? this.conflict("deleted") : this.refused(fault);
    }
    this.isOpen = false;
    drafts.delete(id);
    announce(`Deleted ${id}`);
    location.hash = "#/rules";
  }
}

// sampleOf is the input of a rule's first case.
function sampleOf({ cases = [] }) {
  return cases.find((c) => typeof c?.input === "string")?.input ?? "";
}

// caseList is the cases that a rule fails.
function caseList(cases) {
  return h("ul.cases", {}, cases.map(({ name, reason }) =>
    h("li", {}, h("span.name", {}, name), " ", h("span.pill", {}, "failed"), h("pre", {}, reason))));
}
