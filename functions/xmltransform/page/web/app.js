// The page: which view is shown follows from the part of the address after #,
// so that links and the browser's buttons work.
import { $ } from "./dom.js";
import * as files from "./files.js";
import * as rules from "./rules.js";

const views = { files, rules };

// route reads #/view/rest; the rest is one name, which may have slashes in it.
function route() {
  const [, view, rest] = /^#\/(\w+)(?:\/(.*))?$/.exec(location.hash) ?? [];
  if (!views[view]) return ["files", ""];
  try {
    return [view, decodeURIComponent(rest ?? "")];
  } catch {
    return [view, ""];
  }
}

// show is called for the address that the page has, with an event where somebody
// arrived at it by a link or by the browser's buttons: the focus goes along then.
function show(event) {
  const [name, rest] = route();
  for (const view of Object.keys(views)) $(view).hidden = view !== name;
  for (const link of document.querySelectorAll("nav a")) {
    if (link.dataset.view === name) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const what = rest === rules.none ? "New rule" : rest;
  document.title = (what ? what + " · " : "") + (name === "rules" ? "Rules" : "Files") + " · XML to JSON";
  views[name].show(rest, Boolean(event));
}

// The link that skips the header moves the focus, and not the address.
$("skip").addEventListener("click", (event) => {
  event.preventDefault();
  $("main").focus();
});
addEventListener("hashchange", show);
files.start();
rules.start();
show();
