package rule

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
)

// endless is a document of many records, and the most that the heap held while
// it was read.
type endless struct {
	records int
	left    int // bytes until the heap is looked at
	peak    uint64
	text    []byte
}

func (e *endless) Read(p []byte) (int, error) {
	if e.left -= len(p); e.left < 0 {
		e.left = 1 << 20
		runtime.GC() // what is garbage by now depends on the machine
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		e.peak = max(e.peak, m.HeapAlloc)
	}
	for len(e.text) < len(p) && e.records >= 0 {
		switch e.records--; e.records {
		case -1:
			e.text = append(e.text, "</orders>"...)
		default:
			e.text = fmt.Appendf(e.text, "<order id='%d'><total>%d</total><note>%0200d</note></order>\n", e.records, e.records, 0)
		}
	}
	n := copy(p, e.text)
	e.text = append(e.text[:0], e.text[n:]...)
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

func TestRunHoldsOneRecord(t *testing.T) {
	r := mustParse(t, `{"input": {"each": "orders/order"}, "map": {"id": ".[\"@id\"]", "total": ".total | tonumber + 1", "all": ". + {}"}, "output": {"format": "ndjson"}}`)
	in := &endless{records: 100_000, text: []byte("<orders>")}
	runtime.GC()
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	summary, err := r.Run(t.Context(), in, io.Discard, Options{})
	if err != nil || summary.Records != 100_000 {
		t.Fatal(summary, err)
	}
	if grown := int64(in.peak) - int64(before.HeapAlloc); grown > 16<<20 {
		t.Errorf("the heap grew by %d MB over %d MB of records", grown>>20, 27)
	}
}

// What is told of a file must not depend on how it is read.
func TestReaders(t *testing.T) {
	text := string(orders(100 << 10))
	name := filepath.Join(t.TempDir(), "orders.xml")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := Identity()
	var want bytes.Buffer
	if _, err := r.Run(t.Context(), strings.NewReader(text), &want, Options{}); err != nil {
		t.Fatal(err)
	}
	for name, in := range map[string]io.Reader{
		"a file":       f,
		"bytes alone":  iotest.OneByteReader(strings.NewReader(text)),
		"halves":       iotest.HalfReader(strings.NewReader(text)),
		"error at end": iotest.DataErrReader(strings.NewReader(text)),
		"a liar":       liar{strings.NewReader(text)},
	} {
		var got bytes.Buffer
		if _, err := r.Run(t.Context(), in, &got, Options{}); err != nil || !bytes.Equal(got.Bytes(), want.Bytes()) {
			t.Errorf("%s: %v, %d bytes", name, err, got.Len())
		}
	}
}

// liar tells a length that is not its own.
type liar struct{ io.Reader }

func (liar) Len() int { return 10 }

var errDisk = errors.New("disk on fire")

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errDisk }

func TestErrorsThatAreNotTheDocuments(t *testing.T) {
	const each = `"input": {"each": "a/b"}, "map": {"x": "error"}, "onError": "quarantine"`
	text := "<a><b>1</b><b>2</b></a>"
	quarantine := Options{Quarantine: func(Quarantined) error { return errDisk }}
	for _, c := range []struct {
		name, rule string
		in         io.Reader
		out        io.Writer
		o          Options
	}{
		{"reading", `{}`, io.MultiReader(strings.NewReader("<a>"), iotest.ErrReader(errDisk)), io.Discard, Options{}},
		{"reading records", `{` + each + `}`, io.MultiReader(strings.NewReader("<a><b>1</b>"), iotest.ErrReader(errDisk)), io.Discard, Options{}},
		{"reading json", `{"input": {"format": "json"}}`, iotest.ErrReader(errDisk), io.Discard, Options{}},
		{"reading csv", `{"input": {"format": "csv"}}`, iotest.ErrReader(errDisk), io.Discard, Options{}},
		{"reading ndjson", `{"input": {"format": "ndjson"}}`, io.MultiReader(strings.NewReader("1\n"), iotest.ErrReader(errDisk)), io.Discard, Options{}},
		{"writing", `{}`, strings.NewReader(text), fullDisk{}, Options{}},
		{"quarantining", `{` + each + `}`, strings.NewReader(text), io.Discard, quarantine},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := mustParse(t, c.rule).Run(t.Context(), c.in, c.out, c.o)
			if !errors.Is(err, errDisk) || errors.As(err, new(*Rejected)) {
				t.Error(err)
			}
		})
	}
}

func TestRejectedWritesNothing(t *testing.T) {
	for _, rule := range []string{`{"map": {"x": ".", "y": "error(\"no\")"}}`, `{"output": {"schema": false}}`, `{"required": ["x"]}`} {
		var out bytes.Buffer
		_, err := mustParse(t, rule).Run(t.Context(), bytes.NewReader(orders(1<<20)), &out, Options{})
		if !errors.As(err, new(*Rejected)) || out.Len() > 0 {
			t.Errorf("%s: %v, wrote %d bytes", rule, err, out.Len())
		}
	}
}

func TestFailuresHaveAnEnd(t *testing.T) {
	r := mustParse(t, `{"input": {"each": "orders/order"}, "map": {"x": "error(\"no\")", "y": "error(\"no\")"}}`)
	_, err := r.Run(t.Context(), bytes.NewReader(orders(1<<20)), io.Discard, Options{})
	var rejected *Rejected
	if !errors.As(err, &rejected) || len(rejected.Failures) != maxFailures || rejected.Failures[49].Record != 25 {
		t.Error(err)
	}
}

func TestRuleIsSharedByGoroutines(t *testing.T) {
	r := mustParse(t, `{"input": {"each": "orders/order", "schema": {"required": ["total"]}}, "map": {"id": ".[\"@id\"] | tonumber", "day": "$head.orders[\"@day\"]", "bad": ".item[0].sku.x?", "n": "if .[\"@id\"] == \"3\" then error(\"three\") else 1 end | . + 1"}, "onError": "quarantine"}`)
	text := orders(20 << 10)
	var first bytes.Buffer
	if _, err := r.Run(t.Context(), bytes.NewReader(text), &first, Options{}); err != nil {
		t.Fatal(err)
	}
	var done sync.WaitGroup
	for range 8 {
		done.Go(func() {
			var out bytes.Buffer
			if s, err := r.Run(t.Context(), bytes.NewReader(text), &out, Options{}); err != nil || s.Quarantined != 1 || !bytes.Equal(out.Bytes(), first.Bytes()) {
				t.Error(s, err)
			}
		})
	}
	done.Wait()
}
