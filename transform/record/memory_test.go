package record

import (
	"io"
	"runtime"
	"strings"
	"testing"
)

// repeated is a text many times over, between a beginning and an end.
func repeated(begin, text string, times int, end string) (io.Reader, int64) {
	unit := strings.Repeat(text, 1+(1<<16)/len(text))
	times = times * len(text) / len(unit)
	readers := []io.Reader{strings.NewReader(begin)}
	for range times {
		readers = append(readers, strings.NewReader(unit))
	}
	return io.MultiReader(append(readers, strings.NewReader(end))...), int64(times * len(unit))
}

const order = `{"id":"10248","customer":"Ana Trujillo","country":"México","items":[{"sku":"A-11","price":14.50,"count":12},{"sku":"B-42","price":9.80,"count":10}],"note":"ring \"twice\""}`

// Of a large file no more is held than a record, wherever in the file it stands.
func TestMemory(t *testing.T) {
	const times = 60_000 // 11 MB
	path := "data/orders"
	tests := []struct {
		name             string
		begin, text, end string
		reader           func(io.Reader) Reader
	}{
		{"elements", `{"data":{"orders":[0`, ",\n" + order, `]}}`, func(r io.Reader) Reader { return NewJSON(r, &path, Limits{}) }},
		{"beside the elements", `{"data":{"other":[0`, "," + order, `],"orders":[1]}}`, func(r io.Reader) Reader { return NewJSON(r, &path, Limits{}) }},
		{"keys beside the elements", `{"data":{"other":{"a":0`, `,"b":` + order, `},"orders":[1]}}`, func(r io.Reader) Reader { return NewJSON(r, &path, Limits{}) }},
		{"lines", "", order + "\n", "", func(r io.Reader) Reader { return NewNDJSON(r, Limits{}) }},
		{"a line too long", "", order, "", func(r io.Reader) Reader { return NewNDJSON(r, Limits{Size: 1 << 16}) }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			in, _ := repeated(test.begin, test.text, times, test.end)
			before := live()
			r := test.reader(in)
			most := uint64(0)
			for n := 0; ; n++ {
				_, _, err := r.Next()
				if err == io.EOF {
					break
				}
				if err != nil && !isBad(err) {
					t.Fatal(err)
				}
				if n%(times/4) == 0 {
					most = max(most, live())
				}
			}
			most = max(most, live())
			if most > before+1<<20 {
				t.Errorf("%d KiB are held", (most-before)>>10)
			}
		})
	}
}

// live is how many bytes are in use.
func live() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func BenchmarkReaders(b *testing.B) {
	all := ""
	for _, bench := range []struct {
		name             string
		begin, text, end string
		reader           func(io.Reader) Reader
	}{
		{"elements", "[0", ",\n" + order, "]", func(r io.Reader) Reader { return NewJSON(r, &all, Limits{}) }},
		{"document", "[0", ",\n" + order, "]", func(r io.Reader) Reader { return NewJSON(r, nil, Limits{}) }},
		{"lines", "", order + "\n", "", func(r io.Reader) Reader { return NewNDJSON(r, Limits{}) }},
		{"rows", "id,customer,country,note\n", "10248,Ana Trujillo,México,\"ring twice\"\n", "", func(r io.Reader) Reader { in, _ := NewCSV(r, "", nil); return in }},
	} {
		b.Run(bench.name, func(b *testing.B) {
			for b.Loop() {
				in, size := repeated(bench.begin, bench.text, 20_000, bench.end)
				b.SetBytes(size)
				r := bench.reader(in)
				for {
					if _, _, err := r.Next(); err == io.EOF {
						break
					} else if err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}

func BenchmarkAppend(b *testing.B) {
	v, _, err := NewJSON(strings.NewReader(order), nil, Limits{}).Next()
	if err != nil {
		b.Fatal(err)
	}
	var out []byte
	b.Run("json", func(b *testing.B) {
		b.SetBytes(int64(len(order)))
		for b.Loop() {
			out = AppendJSON(out[:0], v)
		}
	})
	b.Run("item", func(b *testing.B) {
		b.SetBytes(int64(len(order)))
		for b.Loop() {
			out, _ = AppendItem(out[:0], []byte(order))
		}
	})
}
