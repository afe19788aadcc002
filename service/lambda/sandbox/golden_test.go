package sandbox

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

var rewrite = flag.Bool("rewrite", false, "rewrite the files in testdata")

// varying is what differs between runs, and what stands for it in testdata.
var varying = []struct {
	pattern *regexp.Regexp
	text    string
}{
	{regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`), "ID"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\dT[0-9:.]+Z`), "TIME"},
	{regexp.MustCompile(`\d+\.\d\d ms`), "N ms"},
	{regexp.MustCompile(`Billed Duration: \d+`), "Billed Duration: N"},
	{regexp.MustCompile(`Max Memory Used: \d+`), "Max Memory Used: N"},
	{regexp.MustCompile(`\d{4}/\d\d/\d\d \d\d:\d\d:\d\d `), "TIME "},
	{regexp.MustCompile(`hanging \d+`), "hanging PID"},
	{regexp.MustCompile(`\[/[^]]*/bootstrap\]`), "[DIR/bootstrap]"},
}

// TestOutcomes has testdata/outcomes.txt say what a caller and the log receive.
func TestOutcomes(t *testing.T) {
	path := filepath.Join("testdata", "outcomes.txt")
	golden, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head, _, _ := strings.Cut(string(golden), "\n== ")
	got := head + "\n" + outcomes(t)
	if *rewrite {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if got != string(golden) {
		t.Errorf("got\n%s\nwant\n%s", got, golden)
	}
}

func outcomes(t *testing.T) string {
	b := newBench(t, nil)
	var out strings.Builder
	show := func(name string, f *Function, in string) {
		b.mu.Lock()
		b.lines = nil
		b.mu.Unlock()
		r := b.invoke(f, in)
		payload := string(r.Payload)
		if len(payload) > 200 {
			payload = payload[:200] + "..."
		}
		text := fmt.Sprintf("== %s\nFunctionError: %s\n%s\n-- log\n%s\n", name, r.FunctionError, payload, b.text())
		for _, v := range varying {
			text = v.pattern.ReplaceAllString(text, v.text)
		}
		out.WriteString(strings.ReplaceAll(text, "\t", "→"))
	}
	echo := b.function("echo")
	show("first invocation", echo, `{"n":1}`)
	show("second invocation", echo, `{"n":2}`)
	show("error of the handler", b.function("fail"), "{}")
	show("exit", b.function("exit"), `{"Code":1}`)
	show("exit with status 0", b.function("exit"), `{"Code":0}`)
	hang := b.function("hang")
	hang.Timeout = 2 * time.Second // it has to print before, on a busy machine too
	show("timeout", hang, "{}")
	memory := b.function("memory")
	memory.MemoryMB = 128
	show("out of memory", memory, `{"MB":4000}`)
	show("exit while starting", b.function("exit-init"), "{}")
	show("no bootstrap", b.files("provided.al2023", "x", nil), "{}")
	return out.String()
}
