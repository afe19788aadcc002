package sandbox

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// All that a function wrote before it answered is there when Invoke returns,
// stdout and stderr in the order in which they were written.
func TestLogIsCompleteAndInOrder(t *testing.T) {
	b := newBench(t, nil)
	f := b.function("print")
	for _, lines := range []int{1, 100, 20_000} {
		t.Run(fmt.Sprint(lines), func(t *testing.T) {
			b.mu.Lock()
			b.lines = nil
			b.mu.Unlock()
			in := b.in(fmt.Sprintf(`{"Lines":%d,"Line":"ü"}`, lines))
			if _, err := b.Invoke(t.Context(), f, in); err != nil {
				t.Fatal(err)
			}
			got := b.text()
			_, got, _ = strings.Cut(got, startLine(in.RequestID, "$LATEST")+"\n")
			got, _, _ = strings.Cut(got, endLine(in.RequestID)+"\n")
			var want strings.Builder
			for i := range lines {
				fmt.Fprintf(&want, "%d ü\n", i)
			}
			if got != want.String() {
				t.Errorf("%d bytes, want %d: %.300s", len(got), want.Len(), got)
			}
		})
	}
}

func TestLogTail(t *testing.T) {
	b := newBench(t, nil)
	f := b.function("print")
	r := b.invoke(f, `{"Lines":3000,"Line":"some text"}`)
	if len(r.LogTail) != MaxLogTail || !bytes.Contains(r.LogTail, []byte("\n2999 some text\nEND RequestId: ")) {
		t.Errorf("%d bytes: %s", len(r.LogTail), r.LogTail)
	}
	in := b.in(`{"Lines":1,"Line":"x"}`)
	in.Tail = false
	if r, err := b.Invoke(t.Context(), f, in); err != nil || r.LogTail != nil {
		t.Errorf("%v %s", err, r.LogTail)
	}
}

func TestGarbageInLog(t *testing.T) {
	b := newBench(t, nil)
	if r := b.invoke(b.function("garbage"), "{}"); r.FunctionError != "" {
		t.Errorf("%s", r.Payload)
	}
	total := 0
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.lines {
		total += len(e.Line)
		// U+FFFD takes the place of at least one byte, and has three.
		if !utf8.ValidString(e.Line) || len(e.Line) > 3*maxLine {
			t.Errorf("event of %d bytes", len(e.Line))
		}
	}
	if total < 7<<20 {
		t.Errorf("%d bytes arrived", total)
	}
}

func testLog(t testing.TB) (*processLog, *[]LogEvent) {
	events := &[]LogEvent{}
	return &processLog{now: time.Now, sink: func(more []LogEvent) { *events = append(*events, more...) }}, events
}

func TestLines(t *testing.T) {
	long := strings.Repeat("x", maxLine)
	for _, test := range []struct {
		name   string
		joined bool
		writes []string
		want   []string
	}{
		{name: "one", writes: []string{"a\n"}, want: []string{"a"}},
		{name: "no end", writes: []string{"a"}, want: []string{"a"}},
		{name: "in parts", writes: []string{"a", "b", "\nc\n\n"}, want: []string{"ab", "c", ""}},
		{name: "crlf", writes: []string{"a\r\nb\r", "\n"}, want: []string{"a", "b"}},
		{name: "progress bar", writes: []string{"1%\r2%\n"}, want: []string{"1%\r2%"}},
		{name: "joined", joined: true, writes: []string{"a\rb\n"}, want: []string{"a\nb"}},
		{name: "not utf-8", writes: []string{"a\xffb\n"}, want: []string{"a\uFFFDb"}},
		{name: "longest", writes: []string{long, "\n"}, want: []string{long, ""}},
		{name: "too long", writes: []string{long + long + "y\n"}, want: []string{long, long, "y"}},
		{name: "too long in parts", writes: []string{"x", long + "y", "z\n"}, want: []string{long, "xyz"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			l, events := testLog(t)
			l.joined = test.joined
			for _, w := range test.writes {
				l.emit(l.split([]byte(w)))
			}
			l.say()
			var got []string
			for _, e := range *events {
				got = append(got, e.Line)
			}
			if fmt.Sprintf("%.80q", got) != fmt.Sprintf("%.80q", test.want) {
				t.Errorf("got %.80q, want %.80q", got, test.want)
			}
		})
	}
}

func FuzzLines(f *testing.F) {
	f.Add([]byte("a\nb\xff\r\n"), 3)
	f.Add(bytes.Repeat([]byte("x"), 100), 7)
	f.Fuzz(func(t *testing.T, data []byte, size int) {
		if size <= 0 {
			size = 1
		}
		l, events := testLog(t)
		for rest := data; len(rest) > 0; {
			n := min(size, len(rest))
			l.emit(l.split(rest[:n]))
			rest = rest[n:]
		}
		l.say()
		var got strings.Builder
		for _, e := range *events {
			got.WriteString(e.Line + "\n")
		}
		var want strings.Builder
		for line := range strings.Lines(string(data)) {
			line = strings.TrimSuffix(line, "\n")
			want.WriteString(strings.TrimSuffix(strings.ToValidUTF8(line, "\uFFFD"), "\r") + "\n")
		}
		if got.String() != want.String() {
			t.Errorf("got %q, want %q", got.String(), want.String())
		}
	})
}

// A process that never stops writing does not hold up an answer.
func TestDrainIsBounded(t *testing.T) {
	l, _ := testLog(t)
	read := 0
	l.sink = func(events []LogEvent) { read += len(events) }
	w, err := openLog(l)
	if err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		block := bytes.Repeat([]byte("flood\n"), 4096)
		for {
			select {
			case <-stop:
				return
			default:
				if _, err := w.Write(block); err != nil {
					return
				}
			}
		}
	}()
	for range 100 {
		before := read
		l.drain()
		if n := (read - before) * len("flood\n"); n > pipeSize+len(l.buf)+len("flood\n") {
			t.Fatalf("one drain read %d bytes", n)
		}
	}
	close(stop)
	l.r.Close() // frees a writer that waits
	w.SetWriteDeadline(time.Now())
	<-stopped
	w.Close()
}

func TestTmpIsRemoved(t *testing.T) {
	b := newBench(t, func(c *Config) { c.IdleTimeout = time.Millisecond })
	r := b.invoke(b.function("tmp"), "{}")
	b.Close()
	if _, err := os.Stat(strings.Trim(string(r.Payload), `"`)); !os.IsNotExist(err) {
		t.Errorf("%s: %v", r.Payload, err)
	}
}
