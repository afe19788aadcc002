package page_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// patience is how long a test waits for what it expects. The machine may be slow
// and busy.
const patience = 2 * time.Minute

// startBrowser starts Chromium, or skips the test where there is none.
func startBrowser(t *testing.T) context.Context {
	t.Helper()
	var program string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if found, err := exec.LookPath(name); err == nil {
			program = found
			break
		}
	}
	if program == "" {
		t.Skip("there is no chromium and no google-chrome in PATH")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // which Chromium refuses to have as root
	}
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, _ = chromedp.NewContext(ctx)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("%s: %v", program, err)
	}
	t.Cleanup(func() {
		if err := chromedp.Cancel(ctx); err != nil {
			t.Log(err)
		}
	})
	return ctx
}

// A tab is a browser's that no other test has used.
type tab struct {
	testing.TB
	ctx  context.Context
	site string // the address of the page

	mu        sync.Mutex
	complaint []string
}

// open opens the page in a window of a width, at what stands after # of its
// address. When the test ends, the page must have had no errors, and have asked
// no other host for anything.
func open(t *testing.T, browser context.Context, site, hash string, width int64) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	b := &tab{TB: t, ctx: ctx, site: site}
	b.watch()
	t.Cleanup(func() {
		cancel()
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, c := range b.complaint {
			t.Error(c)
		}
	})
	b.do(chromedp.EmulateViewport(width, 900), chromedp.Navigate(site+hash))
	b.await(`!document.querySelector("main > section:not([hidden])").hidden`)
	return b
}

// watch listens for errors of the page, and for requests to other hosts.
func (b *tab) watch() {
	b.Helper()
	console, requests := chromedp.Console(b.ctx), chromedp.Events(b.ctx, network.RequestWillBeSent)
	if _, err := chromedp.Call(b.ctx, network.Enable, network.EnableParams{}); err != nil {
		b.Fatal(err)
	}
	complain := func(format string, args ...any) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.complaint = append(b.complaint, fmt.Sprintf(format, args...))
	}
	go func() {
		for m, err := range console {
			// The browser notes every answer that is none of success.
			if err == nil && !(m.Source == "network" && strings.Contains(m.Text, "responded with a status of 4")) {
				complain("the page says: %s (%s:%d)", m, m.URL, m.Line)
			}
		}
	}()
	go func() {
		for e, err := range requests {
			if err == nil && !b.isOwn(e.Request.URL) {
				complain("the page asks for %s", e.Request.URL)
			}
		}
	}()
}

// isOwn tells whether an address is of the page's host, or of no host at all.
func (b *tab) isOwn(address string) bool {
	site, err := url.Parse(b.site)
	if err != nil {
		return false
	}
	u, err := url.Parse(address)
	return err == nil && (u.Host == site.Host || u.Scheme == "data" || u.Scheme == "blob" || u.Scheme == "about")
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.Fatalf("%v\n%s", err, b.seen())
	}
}

// await waits until an expression is true.
func (b *tab) await(expression string) {
	b.Helper()
	_, err := chromedp.Run(b.ctx, chromedp.Poll[bool]("!!("+expression+")", chromedp.WithPollingInterval(20*time.Millisecond), chromedp.WithPollingTimeout(patience)))
	if err != nil {
		b.Fatalf("%s: %v\n%s", expression, err, b.seen())
	}
}

// awaitText waits until an element has a text in it.
func (b *tab) awaitText(selector, text string) {
	b.Helper()
	b.await(fmt.Sprintf("[...document.querySelectorAll(%s)].some((e) => e.innerText.includes(%s))", quote(selector), quote(text)))
}

// seen is what a person sees of the page.
func (b *tab) seen() string {
	s, err := chromedp.Run(b.ctx, chromedp.Evaluate[string]("document.body.innerText"))
	if err != nil {
		return err.Error()
	}
	return s
}

// js is the value of an expression, which may be a promise.
func js[T any](b *tab, expression string) T {
	b.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.Fatalf("%s: %v", expression, err)
	}
	return v
}

// click presses the button or link of a name, which must be one that is seen.
func (b *tab) click(name string) {
	b.Helper()
	find := fmt.Sprintf(`[...document.querySelectorAll("button, a, summary")].filter((e) => e.checkVisibility() && e.innerText.trim().startsWith(%s))`, quote(name))
	b.await(find + ".length")
	js[any](b, find+"[0].click()")
}

// fill replaces the text of a field as if it were pasted.
func (b *tab) fill(selector, text string) {
	b.Helper()
	js[bool](b, fmt.Sprintf(`(() => { const e = document.querySelector(%s); e.focus(); e.select(); return document.execCommand("insertText", false, %s) })()`, quote(selector), quote(text)))
}

// keys presses keys, one after the other.
func (b *tab) keys(keys string, options ...chromedp.KeyOption) {
	b.Helper()
	b.do(chromedp.KeyEvent(keys, options...))
}

// focused describes the element that has the focus.
func (b *tab) focused() string {
	b.Helper()
	return js[string](b, `(() => { const e = document.activeElement; return e.id || e.innerText || e.labels?.[0]?.innerText || e.tagName })()`)
}

// choose chooses files of a name and a content, in the form for uploads.
func (b *tab) choose(namesAndContents ...string) {
	b.Helper()
	dir := b.TempDir()
	var paths []string
	for i := 0; i+1 < len(namesAndContents); i += 2 {
		p := filepath.Join(dir, namesAndContents[i])
		if err := os.WriteFile(p, []byte(namesAndContents[i+1]), 0o666); err != nil {
			b.Fatal(err)
		}
		paths = append(paths, p)
	}
	b.do(chromedp.SetUploadFiles(chromedp.CSS("#upload-files"), paths))
}

// awaitFile waits until a file of the list has a state.
func (b *tab) awaitFile(key, state string) {
	b.Helper()
	b.await(fmt.Sprintf(`[...document.querySelectorAll(".file")].some((e) => e.querySelector(".name").innerText === %s && e.dataset.state === %s)`, quote(key), quote(state)))
}

// fits fails the test if the page is wider than its window, or something is wider
// than what it stands in.
func (b *tab) fits() {
	b.Helper()
	for _, over := range js[[]string](b, overflow) {
		b.Error(over)
	}
}

const overflow = `(() => {
	const over = [];
	if (document.documentElement.scrollWidth > innerWidth) over.push("the page has a width of " + document.documentElement.scrollWidth + " in " + innerWidth);
	for (const e of document.querySelectorAll("main *:not(svg *, option)")) {
		const { position, display } = getComputedStyle(e), parent = e.parentElement;
		if (position === "absolute" || display === "inline" || !e.checkVisibility() || getComputedStyle(parent).overflowX !== "visible") continue;
		const by = e.getBoundingClientRect().right - parent.getBoundingClientRect().right;
		if (by > 1) over.push(e.tagName + "." + e.className + " is " + by + " wider than " + parent.tagName + "." + parent.className);
	}
	return over;
})()`

// named fails the test if something can be used that has no name for those who
// do not see it, or an id stands twice.
func (b *tab) named() {
	b.Helper()
	if bare := js[[]string](b, `[...document.querySelectorAll("button, a, input, select, textarea, progress")].filter((e) => e.checkVisibility() && !(e.innerText || e.ariaLabel || e.labels?.length)).map((e) => e.outerHTML)`); len(bare) > 0 {
		b.Errorf("without a name: %q", bare)
	}
	if twice := js[[]string](b, `[...document.querySelectorAll("[id]")].map((e) => e.id).filter((id, i, all) => all.indexOf(id) !== i)`); len(twice) > 0 {
		b.Errorf("ids that stand twice: %q", twice)
	}
}

// media sets what the page is told of how a person likes to see it, name and
// value by turns.
func (b *tab) media(features ...string) {
	b.Helper()
	var in emulation.SetEmulatedMediaParams
	for i := 0; i+1 < len(features); i += 2 {
		in.Features = append(in.Features, &emulation.MediaFeature{Name: features[i], Value: features[i+1]})
	}
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, in); err != nil {
		b.Fatal(err)
	}
}

// contrasts fails the test if a text has less contrast to its ground than WCAG
// 2.2 asks for (1.4.3, level AA). What is disabled is exempt, as it is there.
func (b *tab) contrasts() {
	b.Helper()
	for _, low := range js[[]string](b, contrast) {
		b.Error(low)
	}
}

const contrast = `(() => {
	const parse = (c) => { const [r, g, b, a = 1] = c.match(/[\d.]+/g).map(Number); return { rgb: [r, g, b], a }; };
	const light = (rgb) => rgb.map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4).reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
	const ground = (e) => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c.a === 1) return c.rgb; } return [255, 255, 255]; };
	const low = [];
	for (const e of document.querySelectorAll("body *")) {
		const text = [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()) || e.tagName === "TEXTAREA";
		if (!text || e.disabled || !e.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
		const [a, b] = [light(parse(getComputedStyle(e).color).rgb), light(ground(e))].sort((a, b) => b - a);
		const ratio = (a + 0.05) / (b + 0.05);
		if (ratio < 4.5) low.push(e.tagName + "." + e.className + " has a contrast of " + ratio.toFixed(2) + ": " + e.textContent.slice(0, 40));
	}
	return low;
})()`

func quote(s string) string {
	q, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(q)
}
