package page_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// hold keeps back the next request of a method to an address that ends so, until
// pass is called.
func (b *tab) hold(method, end string) {
	b.Helper()
	js[any](b, fmt.Sprintf(`(() => {
		const real = window.fetch;
		const gate = new Promise((pass) => (window.pass = pass));
		window.held = window.passed = false;
		window.fetch = async (url, options) => {
			if (options.method !== %s || !url.endsWith(%s)) return real(url, options);
			window.fetch = real;
			window.held = true;
			await gate;
			const answer = await real(url, {...options, signal: null}), text = await answer.text();
			setTimeout(() => (window.passed = true), 0); // once the page has had it
			options.signal?.throwIfAborted();
			return new Response(text, answer);
		};
	})()`, quote(method), quote(end)))
}

// pass lets the request go that is kept back, and waits until the page has had the
// answer.
func (b *tab) pass() {
	b.Helper()
	b.await("window.held")
	js[any](b, "window.pass()")
	b.await("window.passed")
}

// asked is how often the page has asked for what has an address that ends so.
func (b *tab) asked(end string) int {
	b.Helper()
	return js[int](b, fmt.Sprintf(`performance.getEntriesByType("resource").filter((r) => r.name.endsWith(%s)).length`, quote(end)))
}

// A file whose address is opened while it is still sent is not asked after.
func underWay(t *testing.T, browser context.Context, p *pipeline) {
	b := open(t, browser, p.page, "", desktop)
	js[any](b, `(() => {
		const dataTransfer = new DataTransfer();
		dataTransfer.items.add(new File(["<a/>"], "under-way.xml"));
		document.querySelector("#drop").dispatchEvent(new DragEvent("drop", {dataTransfer, bubbles: true, cancelable: true}));
		location.hash = "#/files/under-way.xml";
	})()`)
	b.awaitFile("under-way.xml", "succeeded")
	if n := b.asked("/undefined"); n > 0 {
		t.Error("the page asked for a file without a key")
	}
}

// S3 does not take the counts of a large result, so that there are none.
func uncounted(t *testing.T, browser context.Context, p *pipeline) {
	send(t, "POST", p.page+"rules", `{"id": "heavy", "input": {"each": "a/b"}, "map": {"n": ".n | tonumber", "t": ".t"}, "output": {"format": "ndjson"}, "onError": "quarantine"}`)
	record := "<b><n>%d</n><t>" + strings.Repeat("0123456789", 100_000) + "</t></b>\n"
	p.put(t, "heavy/file.xml", "<a>"+strings.Repeat(fmt.Sprintf(record, 1), 10)+"<b><n>x</n></b></a>")
	b := open(t, browser, p.page, "#/files/heavy%2Ffile.xml", desktop)
	b.awaitFile("heavy/file.xml", "succeeded")
	b.awaitText(".panel", "The result is 10 MB, too large to be shown here.")
	b.awaitText(".panel code", "quarantine/heavy/file.xml.ndjson")
	if text := js[string](b, `document.querySelector(".file").innerText`); strings.Contains(text, "undefined") || strings.Contains(text, "NaN") || strings.Contains(text, "record") {
		t.Errorf("the page makes up counts: %s", text)
	}
}

// Who types while the rule is saved can save that too, afterwards.
func typedMeanwhile(t *testing.T, browser context.Context, p *pipeline) {
	b := newRule(t, browser, p, "typed")
	b.hold("POST", "rules")
	b.click("Save")
	b.await("window.held")
	b.replaceRule("typed", "retyped")
	if !js[bool](b, `document.querySelector(".work-head .primary").disabled`) {
		t.Error("the rule can be saved while it is saved")
	}
	b.pass()
	b.awaitText(".rule-title", "typed")
	b.awaitText(".work-head .status", "Version 1, with changes that are not saved")
	b.replaceRule("retyped", "typed")
	b.replaceRule("What it is for", "more")
	b.save(2)
}

// Another client saves the rule between the answer to a save and the look at how
// the table has it.
func savedAtOnce(t *testing.T, browser context.Context, p *pipeline) {
	b := newRule(t, browser, p, "at-once")
	b.save(1)
	b.await(`document.querySelector(".rule textarea").value.includes('"version": 1')`)
	b.replaceRule("What it is for", "mine")
	b.hold("GET", "/at-once")
	b.save(2)
	send(t, "PUT", p.page+"rules/at-once", strings.Replace(send(t, "GET", p.page+"rules/at-once", ""), "mine", "theirs", 1), "If-Match", `"2"`)
	b.pass()
	b.replaceRule("mine", "mine at last")
	b.click("Save")
	b.awaitText(".message", "You opened version 2; version 3 was saved since.")
}

// The answer that comes last is not of the rule that was opened last.
func lateList(t *testing.T, browser context.Context, p *pipeline) {
	for _, id := range []string{"one-of-two", "two-of-two"} {
		send(t, "POST", p.page+"rules", `{"id": "`+id+`", "map": {"a": "."}}`)
	}
	b := open(t, browser, p.page, "#/rules", desktop)
	b.awaitText(".rule-list", "two-of-two")
	b.hold("GET", "limit=100")
	b.click("one-of-two")
	b.await("window.held")
	b.click("two-of-two")
	b.awaitText(".rule-list a[aria-current]", "two-of-two")
	b.pass()
	b.awaitText(".rule-list a[aria-current]", "two-of-two")
}

// A trial that is under way when another rule is opened leaves nothing behind.
func closedTrial(t *testing.T, browser context.Context, p *pipeline) {
	send(t, "POST", p.page+"rules", `{"id": "no-sample", "map": {"a": "."}}`)
	b := open(t, browser, p.page, starter, desktop)
	b.awaitText(".output .json", `"total": 15.7`)
	b.hold("POST", "/try")
	b.replaceRule("customer", "((")
	b.await("window.held")
	b.click("no-sample")
	b.awaitText(".output-head .status", "Paste a document")
	b.pass()
	if js[bool](b, `document.querySelector(".trial").hasAttribute("aria-busy")`) {
		t.Error("the trial is busy without a document")
	}
}

// The focus goes along where what had it goes away.
func focus(t *testing.T, browser context.Context, p *pipeline) {
	focused := func(b *tab, want string) {
		t.Helper()
		b.await(fmt.Sprintf(`document.activeElement.checkVisibility() && document.activeElement.innerText.startsWith(%s)`, quote(want)))
	}
	send(t, "POST", p.page+"rules", `{"id": "focused", "map": {"a": ".a | tonumber"}}`)
	b := open(t, browser, p.page, "", desktop)
	b.await(`document.querySelector("#upload-rule option[value=focused]")`)
	b.do(chromedp.SetValue(chromedp.CSS("#upload-rule"), "focused"))
	b.choose("focus.xml", "<a>x</a>")
	b.awaitFile("focus.xml", "refused")
	b.do(chromedp.Focus(chromedp.CSS(".panel a")))
	b.keys(kb.Enter)
	focused(b, "focused") // the title of the rule
	js[any](b, `history.back()`)
	focused(b, "Files")

	b.do(chromedp.Navigate("about:blank"), chromedp.Navigate(p.page+"#/files/missing.xml"))
	b.awaitFile("missing.xml", "unknown")
	b.do(chromedp.Focus(chromedp.CSS(".panel button")))
	b.keys(kb.Enter) // Ask again
	focused(b, "missing.xml")
}
