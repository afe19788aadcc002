// What there is to see of a file, by the state that it is in.
import { maxUpload, uploadPath } from "./api.js";
import { button, copyButton, count, h, size } from "./dom.js";
import { faultList, jsonView, resultTools } from "./output.js";
import { read, sourceView } from "./source.js";

// panelOf is the elements for a FileRow. The bucket is the pipeline's, "" if it is
// not known.
export function panelOf(row, bucket) {
  const panel = { succeeded, failed, refused: failed, large, unknown: lost }[row.state];
  if (!panel) return [h("p.hint", {}, "Its result will be here.")];
  return panel(row, bucket).filter(Boolean);
}

function succeeded({ key, notice, result }) {
  const name = (notice.result?.key ?? key + ".json").split("/").at(-1);
  const summary = [];
  if (notice.records != null) summary.push(count(notice.records, "record"));
  if (notice.quarantined) summary.push(`${count(notice.quarantined, "record")} left out`);
  const head = h("div.panel-head", {}, h("p.summary", {}, summary.join(" · ")));
  const parts = [head];
  if (notice.quarantine) {
    parts.push(h("p.notice.warn", {}, "What was left out, and why, is in ", h("code", {}, `s3://${notice.quarantine.bucket}/${notice.quarantine.key}`), "."));
  }
  if (result) {
    head.append(resultTools(result, name));
    parts.push(jsonView(result));
  } else if (notice.url) {
    head.append(h("a.button", { href: notice.url, download: name, target: "_blank", rel: "noreferrer" }, "Download"));
    const bytes = notice.result?.size ? size(notice.result.size) + ", " : "";
    parts.push(h("p.hint", {}, `The result is ${bytes}too large to be shown here. The link works for 15 minutes.`));
  }
  return parts;
}

function failed(row) {
  const failures = row.fault?.body.failures ?? row.notice?.failures ?? [];
  const said = row.state === "refused" ? "Nothing was stored." : "The file was rejected.";
  const reason = failures.length ? "" : row.fault?.message ?? row.notice?.reason ?? ""; // else they say it
  const parts = [h("p.notice.bad", {}, `${said} ${reason}`)];
  const report = row.notice?.report;
  if (report) parts.push(h("p.hint", {}, "Its report is ", h("code", {}, `s3://${report.bucket}/${report.key}`), "."));
  const rule = row.notice?.rule?.id ?? row.rule;
  if (rule) parts.push(h("p", {}, h("a", { href: "#/rules/" + encodeURIComponent(rule) }, `Open the rule ${rule}`)));
  if (failures.length === 0) return parts;
  const file = isLarge(row) ? null : row.file; // of what went into the bucket by itself, there may be gigabytes
  const beside = h("div.beside");
  const jumps = {};
  beside.append(faultList(failures, file && ((f) => jumps.to?.(f)), "file"));
  if (file) showSource(file, failures, beside, jumps);
  return [...parts, beside];
}

async function showSource(file, failures, beside, jumps) {
  try {
    const { element, jump } = sourceView(await read(file), failures);
    jumps.to = jump;
    beside.append(element);
    const first = failures.find((f) => f.line);
    if (first) jump(first, { focus: false });
  } catch {
    beside.append(h("p.hint", {}, "The file is no longer there, or has changed since it was chosen."));
  }
}

const isLarge = ({ file }) => file?.size > maxUpload;

function large(row, bucket) {
  return [
    h("p.notice.warn", {}, `The file has ${size(row.file.size)}, and no more than 4.5 MB can be sent through the API. Put it into the bucket of the pipeline; it is converted from there:`),
    ...commandOf(row, bucket),
    button("Ask what became of it", () => {
      row.path = uploadPath(row.key);
      row.again();
    }),
  ];
}

// commandOf puts a file into the bucket.
function commandOf({ key, file, rule }, bucket) {
  const quoted = (s) => `'${s.replaceAll("'", `'\\''`)}'`;
  const command = `aws s3 cp ${quoted(file.name)} ${quoted(`s3://${bucket || "BUCKET"}/${key}`)}` + (rule ? ` --metadata rule=${rule}` : "");
  return [
    h("div.command", {}, h("pre", {}, command), copyButton(() => command)),
    !bucket && h("p.hint", {}, "BUCKET stands for the bucket’s name, an output of the stack."),
  ];
}

function lost(row, bucket) {
  const status = row.fault?.status;
  let text = row.fault?.message ?? "It takes very long. The file is in the bucket, and is tried again there.";
  if (status === 404) text = "There is no such file in the bucket.";
  const again = row.path || row.file ? button(row.path ? "Ask again" : "Send again", () => row.again()) : null;
  return [h("p.notice.bad", {}, text), ...(status === 404 && isLarge(row) ? commandOf(row, bucket) : []), again];
}
