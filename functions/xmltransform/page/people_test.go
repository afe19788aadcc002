package page_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// TestPage does what people do, in Chromium, against the deployed pipeline.
func TestPage(t *testing.T) {
	t.Parallel()
	browser := startBrowser(t)
	p := startPipeline(t)
	for _, test := range []struct {
		name string
		do   func(*testing.T, context.Context, *pipeline)
	}{
		{"files", files}, {"bad file", badFile}, {"hostile file", hostileFile}, {"large file", largeFile}, {"large result", largeResult}, {"result without counts", uncounted},
		{"windows-1252 file", otherEncoding}, {"dropped file", dropped}, {"file in the bucket", inBucket}, {"records", records},
		{"rule", writeRule}, {"rule with problems", badRule}, {"rule that fails its cases", failedCases}, {"conflict", conflict}, {"deleted meanwhile", deletedMeanwhile},
		{"draft", draft}, {"delete", deleteRule},
		{"under way", underWay}, {"typed while it is saved", typedMeanwhile}, {"saved by another at once", savedAtOnce}, {"late list", lateList}, {"closed trial", closedTrial},
		{"keyboard", keyboard}, {"focus", focus}, {"phone", phone}, {"dark", dark}, {"forced colours", forcedColors}, {"modules", modules},
	} {
		t.Run(test.name, func(t *testing.T) { test.do(t, browser, p) })
	}
}

const desktop, telephone = 1280, 390 // pixels

const order = `<?xml version="1.0"?>
<order id="1001">
  <customer>Ada</customer>
  <item><price>12.50</price></item>
  <item><price>3.20</price></item>
</order>
`

func files(t *testing.T, browser context.Context, p *pipeline) {
	b := open(t, browser, p.page, "", desktop)
	b.fill("#upload-folder", " in / new/")
	b.choose("a b+ü.xml", order)
	b.awaitFile("in/new/a b+ü.xml", "succeeded")
	b.awaitText(".json", `"@id": "1001"`)
	b.awaitText(".summary", "1 record")
	b.named()

	// Several at once, and one again.
	b.choose("1.xml", order, "2.xml", order, "3.xml", order, "4.xml", order, "5.xml", "<one>")
	for n := range 4 {
		b.awaitFile(fmt.Sprintf("in/new/%d.xml", n+1), "succeeded")
	}
	b.awaitFile("in/new/5.xml", "refused")
	b.choose("5.xml", "<one/>")
	b.awaitFile("in/new/5.xml", "succeeded")
	if n := js[int](b, `document.querySelectorAll(".file").length`); n != 6 {
		t.Errorf("%d files in the list", n)
	}

	// The list outlives the page, and a file has an address.
	b.do(chromedp.Reload())
	b.awaitFile("in/new/4.xml", "succeeded")
	b.do(chromedp.Navigate("about:blank"), chromedp.Navigate(p.page+"#/files/in%2Fnew%2F3.xml"))
	b.awaitText(".file:has([aria-expanded=true]) .name", "in/new/3.xml")
	b.awaitText(".json", `"customer": "Ada"`)
	if n := b.asked("upload/in/new/3.xml"); n != 1 {
		t.Errorf("asked %d times after a file that was there", n)
	}
	b.do(chromedp.Navigate("about:blank"), chromedp.Navigate(p.page+"#/files/nobody.xml"))
	b.awaitFile("nobody.xml", "unknown")
	b.awaitText(".notice", "There is no such file in the bucket.")
	b.await(`!document.querySelector(".file[data-state=pending]")`) // which stay in the list
	b.click("Clear the list")
	b.await(`document.querySelectorAll(".file").length === 0`)
}

func badFile(t *testing.T, browser context.Context, p *pipeline) {
	b := open(t, browser, p.page, "", desktop)
	b.choose("bad.xml", "<order>\n  <item>\n    <price>1</price>\n  </order>\n</item>\n"+strings.Repeat("<more/>\n", 1000))
	b.awaitFile("bad.xml", "refused")
	b.awaitText(".fault .where", "Line 4, column 3")
	b.awaitText(".line.bad .number", "4")
	b.awaitText(".notice.bad", "Nothing was stored")
	b.click("Line 4")
	b.await(`document.querySelector(".line.here .number").innerText === "4"`)
	if got := js[string](b, `document.activeElement.className`); got != "source" {
		t.Errorf("the focus is on %q", got)
	}
	lines := js[int](b, `document.querySelectorAll(".line").length`)
	b.click("997 lines more")
	b.await(fmt.Sprintf(`document.querySelectorAll(".line").length > %d`, lines))
	b.named()
}

// A file that is written to do harm to who looks at it.
func hostileFile(t *testing.T, browser context.Context, p *pipeline) {
	const attack = `<img src=x onerror="document.title='owned'">`
	b := open(t, browser, p.page, "", desktop)
	b.choose("<img src=x onerror=alert(1)>.xml", "<a>\n"+attack+"\n</a>")
	b.awaitText(".source", attack)
	b.choose("good.xml", "<a><![CDATA["+attack+"]]></a>")
	b.awaitText(".json", `<img src=x onerror=\"document.title='owned'\">`)
	if n := js[int](b, `document.querySelectorAll("img").length`); n != 0 {
		t.Errorf("%d pictures were made of data", n)
	}
}

func largeFile(t *testing.T, browser context.Context, p *pipeline) {
	b := open(t, browser, p.page, "", desktop)
	b.choose("it's large.xml", "<a>"+strings.Repeat("x", 4_500_000)+"</a>")
	b.awaitFile("it's large.xml", "large")
	const command = `aws s3 cp 'it'\''s large.xml' 's3://BUCKET/it'\''s large.xml'`
	b.awaitText(".command", command)
	b.click("Ask what became of it")
	b.awaitText(".notice", "There is no such file in the bucket.")
	b.awaitText(".command", command)
	p.put(t, "it's large.xml", "<a>\n</b>")
	b.click("Ask again")
	b.awaitFile("it's large.xml", "failed")
	if tag := js[string](b, `document.querySelector(".fault").tagName`); tag != "DIV" {
		t.Errorf("a failure of a large file, whose source is not shown, is a %s", tag)
	}
	// The largest that may be sent is converted, and shown in part.
	b.choose("largest.xml", "<a>\n"+strings.Repeat("<b>0123456789</b>\n", 100_000)+"</a>")
	b.awaitFile("largest.xml", "succeeded")
	b.await(`document.querySelector(".json").innerText.length > 100000`)
	b.click("Show all 100,0")
	b.await(`document.querySelector(".json").innerText.trimEnd().endsWith("}")`)
}

// A result that is too large to be shown has a link, which is of another service.
func largeResult(t *testing.T, browser context.Context, p *pipeline) {
	b := open(t, browser, p.page, "", desktop)
	b.choose("wide.xml", "<a>"+strings.Repeat("0123456789", 400_000)+"</a>")
	b.awaitFile("wide.xml", "succeeded")
	b.awaitText(".panel", "The result is 4.0 MB, too large to be shown here.")
	result := send(t, "GET", js[string](b, `document.querySelector(".panel a[download]").href`), "")
	if len(result) < 4_000_000 || !strings.HasPrefix(result, `{"a":"0123456789`) {
		t.Errorf("the link leads to %.50q", result)
	}
}

func dropped(t *testing.T, browser context.Context, p *pipeline) {
	b := open(t, browser, p.page, "", desktop)
	js[any](b, `(() => {
		const dataTransfer = new DataTransfer();
		for (const name of ["d1.xml", "d2.xml"]) dataTransfer.items.add(new File(["<d/>"], name, {type: "text/xml"}));
		for (const type of ["dragenter", "dragover", "drop"]) document.querySelector("#drop").dispatchEvent(new DragEvent(type, {dataTransfer, bubbles: true, cancelable: true}));
	})()`)
	b.awaitFile("d1.xml", "succeeded")
	b.awaitFile("d2.xml", "succeeded")
	b.await(`!document.querySelector("#drop.over")`)
}

// A file that was put into the bucket, and failed there.
func inBucket(t *testing.T, browser context.Context, p *pipeline) {
	p.put(t, "raw/bad.xml", "<a>\n</b>")
	b := open(t, browser, p.page, "#/files/raw%2Fbad.xml", desktop)
	b.awaitFile("raw/bad.xml", "failed")
	b.awaitText(".notice.bad", "The file was rejected.")
	b.awaitText(".fault .where", "Line 2")
	b.awaitText(".panel code", "errors/raw/bad.xml.report.json")
	p.put(t, "raw/bad.xml", "<a>\n</a>")
	b.do(chromedp.Reload())
	b.awaitFile("raw/bad.xml", "succeeded")
}

const items = `{
  "id": "items",
  "input": {"each": "order/item"},
  "map": {"price": ".price | tonumber"},
  "output": {"format": "ndjson"},
  "onError": "quarantine"
}`

// A rule that takes records one at a time, and leaves some out.
func records(t *testing.T, browser context.Context, p *pipeline) {
	send(t, "POST", p.page+"rules", items)
	b := open(t, browser, p.page, "", desktop)
	b.fill("#upload-folder", "items")
	b.choose("some.xml", strings.ReplaceAll(order, "3.20", "dear"))
	b.awaitFile("items/some.xml", "succeeded")
	b.awaitText(".summary", "1 record · 1 record left out")
	b.awaitText(".panel code", "quarantine/items/some.xml.ndjson")
	b.awaitText(".panel .json", `{"price": 12.5}`)
	b.click("Rules")
	b.await(`document.querySelector("#rules").checkVisibility()`) // a file's name begins like the rule's
	b.click("items")
	b.awaitText(".output-head .status", "Paste a document")
	b.fill(".sample textarea", strings.ReplaceAll(order, "3.20", "dear"))
	b.awaitText(".output-head .status", "1 record, 1 left out")
	b.awaitText(".output .fault .where", "record 2")
	b.await(`document.querySelectorAll(".sample .stripe").length === 1 && document.querySelectorAll(".rule .stripe").length === 1`)
}

func otherEncoding(t *testing.T, browser context.Context, p *pipeline) {
	b := open(t, browser, p.page, "", desktop)
	b.choose("1252.xml", "<?xml version=\"1.0\" encoding=\"windows-1252\"?>\n<a>Zo\xeb \x80<b></a>")
	b.awaitFile("1252.xml", "refused")
	b.awaitText(".line.bad code", "Zoë €")
}

const starter = "#/rules/+new"

// replaceRule puts a text in the place of a part of the rule that is open.
func (b *tab) replaceRule(part, with string) {
	b.Helper()
	text := js[string](b, `document.querySelector(".rule textarea").value`)
	if !strings.Contains(text, part) {
		b.Fatalf("no %q in the rule %s", part, text)
	}
	b.fill(".rule textarea", strings.ReplaceAll(text, part, with))
}

// newRule opens what a new rule starts with, and gives it an id.
func newRule(t *testing.T, browser context.Context, p *pipeline, id string) *tab {
	t.Helper()
	b := open(t, browser, p.page, starter, desktop)
	b.awaitText(".output .json", `"total": 15.7`)
	b.replaceRule("my-rule", id)
	return b
}

func (b *tab) save(version int) {
	b.Helper()
	b.click("Save")
	b.await(fmt.Sprintf(`document.querySelector(".work-head .status").innerText === "Version %d"`, version))
}

func writeRule(t *testing.T, browser context.Context, p *pipeline) {
	b := newRule(t, browser, p, "written")
	b.replaceRule(`"shop"`, `"kiosk"`)
	b.awaitText(".output .json", `"source": "kiosk"`)
	b.awaitText(".output-head .status", "1 record")
	b.named()
	b.save(1)
	b.awaitText(".rule-list a[aria-current]", "written")
	b.await(`location.hash === "#/rules/written"`)
	b.await(`document.querySelector(".rule textarea").value.includes('"version": 1')`)

	// The sample is tried on each change of it, and marked where it is at fault.
	b.fill(".sample textarea", "<order id='2'>\n\n<item><price>dear</price></item></order>")
	b.awaitText(".output .fault", "map.total")
	b.awaitText(".output .fault .query", "tonumber")
	b.await(`document.querySelectorAll(".rule .stripe").length === 1`)
	b.fill(".sample textarea", "<order>\n<item>\n</order>")
	b.awaitText(".output .fault", "Line 3")
	b.await(`document.querySelectorAll(".sample .stripe").length === 1`)
	b.click("Line 3")
	b.await(`document.activeElement.selectionStart >= "<order>\n<item>\n".length`)

	// A file by this rule.
	b.click("Files")
	b.await(`document.querySelectorAll("#upload-rule option").length > 1`)
	b.do(chromedp.SetValue(chromedp.CSS("#upload-rule"), "written"))
	b.choose("by-rule.xml", order)
	b.awaitFile("by-rule.xml", "succeeded")
	b.awaitText(".file .meta", "rule written, version 1")
	b.awaitText(".file .json", `"source": "kiosk"`)
	b.choose("by-rule-bad.xml", strings.ReplaceAll(order, "3.20", "dear"))
	b.awaitFile("by-rule-bad.xml", "refused")
	b.awaitText(".fault", "map.total")
	b.click("Open the rule written")
	b.awaitText(".rule-title", "written")
}

func badRule(t *testing.T, browser context.Context, p *pipeline) {
	b := newRule(t, browser, p, "bad")
	b.replaceRule(".order.customer", ".order | ((")
	b.awaitText(".output .fault", "map.customer.name")
	b.await(`document.querySelector(".rule .stripe").style.top.includes("5 *")`) // the sixth line
	b.await(`document.querySelector(".rule textarea").ariaInvalid === "true"`)
	b.click("Line 6")
	b.await(`document.activeElement.closest(".rule")`)
	b.click("Save")
	b.awaitText(".message .fault", "map.customer.name")
	b.awaitText(".work-head .status", "Not saved")
	b.fits()
	b.fill(".rule textarea", "{\n  ,\n}")
	b.awaitText(".output .fault", "Line 2")
	b.await(`!document.querySelector(".message .fault")`)
	if list := send(t, "GET", p.page+"rules", ""); strings.Contains(list, `"bad"`) {
		t.Errorf("the rule was saved: %s", list)
	}
}

func failedCases(t *testing.T, browser context.Context, p *pipeline) {
	b := newRule(t, browser, p, "cases")
	b.replaceRule(`"required"`, `"cases": [{"name": "no total", "input": "<order id='1'/>", "output": {"number": "2"}}], "required"`)
	b.click("Save")
	b.awaitText(".cases", "no total")
	b.awaitText(".message .notice", "cases")
	b.fits()
	if list := send(t, "GET", p.page+"rules", ""); strings.Contains(list, `"cases"`) {
		t.Errorf("the rule was saved: %s", list)
	}
}

// Another client saves the rule that is open.
func conflict(t *testing.T, browser context.Context, p *pipeline) {
	b := newRule(t, browser, p, "conflict")
	b.save(1)
	theirs := func(version int, description string) {
		rule := send(t, "GET", p.page+"rules/conflict", "")
		send(t, "PUT", p.page+"rules/conflict", strings.Replace(rule, "What it is for", description, 1), "If-Match", fmt.Sprintf(`"%d"`, version))
	}
	theirs(1, "theirs")
	b.replaceRule("What it is for", "mine")
	b.click("Save")
	b.awaitText(".message", "You opened version 1; version 2 was saved since. Yours was not saved.")
	b.named()
	b.click("Load version 2")
	b.await(`document.querySelector(".rule textarea").value.includes('"theirs"')`)
	b.replaceRule("theirs", "What it is for")
	b.save(3)

	theirs(3, "theirs again")
	b.replaceRule("What it is for", "mine at last")
	b.click("Save")
	b.click("Save mine as version 5")
	b.await(`document.querySelector(".work-head .status").innerText === "Version 5"`)
	if rule := send(t, "GET", p.page+"rules/conflict", ""); !strings.Contains(rule, "mine at last") || !strings.Contains(rule, `"version": 5`) {
		t.Errorf("saved: %s", rule)
	}

	// A new one of an id that is taken.
	b = newRule(t, browser, p, "conflict")
	b.click("Save")
	b.click("Open the rule that is there")
	b.awaitText(".work-head .status", "Version 5")
}

func deletedMeanwhile(t *testing.T, browser context.Context, p *pipeline) {
	b := newRule(t, browser, p, "gone")
	b.save(1)
	send(t, "DELETE", p.page+"rules/gone", "")
	b.replaceRule("What it is for", "still here")
	b.click("Save")
	b.click("Save it as a new rule")
	b.await(`document.querySelector(".work-head .status").innerText === "Version 1"`)
	if rule := send(t, "GET", p.page+"rules/gone", ""); !strings.Contains(rule, "still here") {
		t.Errorf("saved: %s", rule)
	}
}

// What was not saved is there when the rule is opened again.
func draft(t *testing.T, browser context.Context, p *pipeline) {
	b := newRule(t, browser, p, "draft")
	b.save(1)
	b.replaceRule("What it is for", "half a sen")
	b.click("Files")
	b.click("Rules")
	b.click("draft")
	b.awaitText(".work-head .status", "Version 1, with changes that are not saved")
	b.await(`document.querySelector(".rule textarea").value.includes("half a sen")`)
	b.click("Discard changes")
	b.await(`document.querySelector("#ask").open`)
	js[any](b, `document.querySelector("#ask-yes").click()`)
	b.await(`document.querySelector(".rule textarea").value.includes("What it is for")`)
	b.do(chromedp.Navigate(p.page + "#/rules/nobody"))
	b.awaitText(".work-head .status", "There is no such rule.")
	b.await(`!document.querySelector(".bench").checkVisibility() && !document.querySelector(".work-head button").checkVisibility()`)
}

func deleteRule(t *testing.T, browser context.Context, p *pipeline) {
	b := newRule(t, browser, p, "unwanted")
	b.save(1)
	b.awaitText(".rule-list", "unwanted")
	b.click("Delete")
	b.await(`document.activeElement.innerText === "Cancel"`)
	b.keys(kb.Escape)
	b.await(`!document.querySelector("#ask").open`)
	b.click("Delete")
	b.await(`document.querySelector("#ask").open`)
	js[any](b, `document.querySelector("#ask-yes").click()`)
	b.await(`location.hash === "#/rules"`)
	b.await(`!document.querySelector(".rule-list")?.innerText.includes("unwanted")`)
}

// Everything by the keyboard.
func keyboard(t *testing.T, browser context.Context, p *pipeline) {
	b := open(t, browser, p.page, "", desktop)
	tab := func(want string) {
		t.Helper()
		b.keys(kb.Tab)
		if got := b.focused(); !strings.HasPrefix(got, want) {
			t.Fatalf("the focus is on %q, want %q", got, want)
		}
	}
	for _, want := range []string{"skip", "Files", "Rules", "upload-rule", "upload-folder", "upload-files"} {
		tab(want)
	}
	b.choose("keys.xml", order)
	b.awaitFile("keys.xml", "succeeded")
	b.awaitText("#announce", "keys.xml: Succeeded") // for those who do not see the list
	tab("uploads-clear")
	tab("keys.xml")
	b.keys(kb.Enter) // one that was sent alone is open
	b.await(`!document.querySelector(".panel").checkVisibility()`)
	b.keys(" ")
	b.await(`document.querySelector(".panel .json").checkVisibility()`)
	tab("Copy")
	tab("Download")
	tab("{")

	js[any](b, `document.activeElement.blur()`)
	b.do(chromedp.Focus(chromedp.CSS("#skip")))
	b.keys(kb.Enter)
	if got := b.focused(); got != "main" {
		t.Errorf("the link that skips leads to %q", got)
	}
	b.do(chromedp.Focus(chromedp.CSS(`nav a[data-view="rules"]`)))
	b.keys(kb.Enter)
	b.await(`document.querySelector("#rules").checkVisibility()`)
	tab("New rule")
	b.keys(kb.Enter)
	b.await(`document.activeElement.innerText === "New rule" && document.activeElement.tagName === "H2"`)
	b.awaitText(".output .json", `"total": 15.7`)
	tab("Save")
	tab("editor-")
	b.keys("x")
	b.await(`document.querySelector(".rule textarea").value.endsWith("x")`)
	b.keys(kb.Tab)
	b.await(`document.querySelector(".rule textarea").value.endsWith("x  ")`)
	b.keys("\b\b\b")
	b.replaceRule("my-rule", "by-keys")
	b.keys("s", chromedp.KeyModifiers(kb.ModifierCtrl))
	b.await(`document.querySelector(".work-head .status").innerText === "Version 1"`)
	b.await(`location.hash === "#/rules/by-keys" && document.title.startsWith("by-keys")`)
	if got := b.focused(); !strings.HasPrefix(got, "editor-1") {
		t.Errorf("after a save the focus is on %q", got)
	}
	b.keys(kb.Escape)
	b.keys(kb.Tab)
	if got := b.focused(); strings.HasPrefix(got, "editor-1") {
		t.Error("Esc, then Tab, does not leave the text")
	}
}

func phone(t *testing.T, browser context.Context, p *pipeline) {
	send(t, "POST", p.page+"rules", `{"id": "`+strings.Repeat("long-", 12)+`", "description": "`+strings.Repeat("wide", 50)+`", "map": {"a": "."}}`)
	b := open(t, browser, p.page, "", telephone)
	b.do(chromedp.EmulateViewport(telephone, 844, chromedp.EmulateMobile, chromedp.EmulateTouch), chromedp.Reload())
	b.await(`document.querySelectorAll("#upload-rule option").length > 1`)
	b.fits()
	b.choose(strings.Repeat("long", 40)+".xml", "<a><b>"+strings.Repeat("wide", 1000)+"</b></a>")
	b.awaitText(".json", "widewide")
	b.fits()
	b.choose("bad.xml", "<a>\n<b>"+strings.Repeat("wide", 1000)+"</c></a>")
	b.awaitText(".line.bad", "wide")
	for _, width := range []int64{320, 768, telephone} {
		b.do(chromedp.EmulateViewport(width, 844))
		b.fits()
	}
	b.click("Rules")
	b.awaitText(".rule-list", "long-")
	b.fits()
	b.click("long-")
	b.await(`document.querySelector(".rule textarea")?.checkVisibility()`)
	b.await(`!document.querySelector(".rule-list").checkVisibility()`)
	b.fill(".sample textarea", "<a>"+strings.Repeat("wide", 1000)+"</a>")
	b.awaitText(".output .json", "widewide")
	b.fits()
	for _, width := range []int64{320, 768, 1024} {
		b.do(chromedp.EmulateViewport(width, 844))
		b.fits()
	}
	b.do(chromedp.EmulateViewport(telephone, 844))
	b.click("All rules")
	b.await(`document.querySelector(".rule-list").checkVisibility() && !document.querySelector(".rule textarea").checkVisibility()`)
	b.named()
}

// The contrast of every text, in light and in dark.
func dark(t *testing.T, browser context.Context, p *pipeline) {
	for _, scheme := range []string{"light", "dark"} {
		b := open(t, browser, p.page, "", desktop)
		b.media("prefers-color-scheme", scheme, "prefers-reduced-motion", "reduce")
		b.choose("a.xml", order, "bad.xml", "<a>\n</b>", "large.xml", strings.Repeat("x", 5_000_000))
		b.awaitFile("a.xml", "succeeded")
		b.awaitFile("bad.xml", "refused")
		js[any](b, `document.querySelectorAll(".file-head").forEach((head) => head.click())`)
		b.awaitText(".line.bad", "</b>")
		b.awaitText(".json", "Ada")
		b.contrasts()
		b.click("Rules")
		b.click("New rule")
		b.awaitText(".output .json", "15.7")
		b.contrasts()
		b.fits()
		b.replaceRule("customer", "\"")
		b.awaitText(".output .fault", "Line")
		b.contrasts()
	}
}

// Where the system sets the colours, what is chosen does not differ by them alone.
func forcedColors(t *testing.T, browser context.Context, p *pipeline) {
	send(t, "POST", p.page+"rules", `{"id": "forced", "map": {"a": "."}}`)
	b := open(t, browser, p.page, "#/rules/forced", desktop)
	b.awaitText(".rule-list a[aria-current]", "forced")
	b.media("forced-colors", "active", "prefers-reduced-motion", "reduce")
	for _, look := range []string{
		`(e) => getComputedStyle(document.querySelector(e("nav a"))).borderBottomStyle`,
		`(e) => getComputedStyle(document.querySelector(e(".rule-list a"))).outlineStyle`,
	} {
		if js[bool](b, `((look) => look((s) => s + "[aria-current]") === look((s) => s + ":not([aria-current])"))(`+look+`)`) {
			t.Errorf("what is chosen looks as the rest does: %s", look)
		}
	}
}

// modules looks at what cannot be seen in the page's views.
func modules(t *testing.T, browser context.Context, p *pipeline) {
	b := open(t, browser, p.page, "", desktop)
	for _, test := range []struct{ module, expression, want string }{
		{"json", `pretty('{"a":[],"b":{},"c":[1,{"x":[[]]}],"d":"\\\\\\" ,{","a":12345678901234567890.10}')`, "{\n  \"a\": [],\n  \"b\": {},\n  \"c\": [\n    1,\n    {\n      \"x\": [\n        []\n      ]\n    }\n  ],\n  \"d\": \"\\\\\\\" ,{\",\n  \"a\": 12345678901234567890.10\n}"},
		{"json", `pretty('[]')`, "[]"},
		{"json", `pretty('"' + "x".repeat(3e6) + '"').length + ""`, "3000002"},
		{"json", `member('{"a":{"json":1},"b":"json","json": {"x":[1,2,"}"]} ,"c":1}', "json")`, `{"x":[1,2,"}"]}`},
		{"json", `member('{"json":1.0}', "json")`, "1.0"},
		{"json", `member('{"text":"json"}', "json") ?? "none"`, "none"},
		{"json", `[...places('{\n "input": {"schema": {"a": 1}},\n "map": {"total": "x", "é.b": ".y"}, "required": ["id"]}')].map(([k, p]) => k + p.line + ":" + p.column).join(" ")`, "input.schema2:12 map.total3:10 map.é.b3:24 required.id3:51"},
		{"source", `read(new Blob([new Uint8Array([0xff, 0xfe, 0x3c, 0, 0xe9, 0])]))`, "<é"},
		{"source", `read(new Blob([new Uint8Array([0x3c, 0, 0xe9, 0])]))`, "<é"},
		{"source", `read(new Blob([new Uint8Array([0xfe, 0xff, 0, 0x3c])]))`, "<"},
		{"source", `read(new Blob(['<?xml encoding="no-such-thing"?>']))`, `<?xml encoding="no-such-thing"?>`},
		{"source", `sourceView("a\r\nb\rc\n" + "😀x".repeat(1000), [{line: 4, column: 1002, reason: "it"}]).element.querySelector("mark").textContent`, "x"},
		{"source", `sourceView("a", [{line: 9, column: 9, reason: "it"}]).element.textContent`, "1a"},
		{"dom", `[size(0), size(999), size(1000), size(4_500_000), size(10_000_000)].join()`, "0 bytes,999 bytes,1.0 KB,4.5 MB,10 MB"},
		{"api", `[0, 200, 400, 404, 429, 502].filter((status) => isFinal({status})).join()`, "400,404"},
		{"api", `getUpload("page/style.css").then(() => "taken", (refusal) => refusal.message.slice(0, 33))`, "The answer is not the pipeline’s."},
		{"api", `uploadPath("a b/ü+?#%.xml")`, "upload/a%20b/%C3%BC%2B%3F%23%25.xml"},
	} {
		expression := fmt.Sprintf(`import(new URL("page/%s.js", location)).then((m) => { with (m) { return %s } })`, test.module, test.expression)
		if got := js[string](b, expression); got != test.want {
			t.Errorf("%s: %s is %q, want %q", test.module, test.expression, got, test.want)
		}
	}
}
