package csv

import (
	"bytes"
	stdcsv "encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"
)

// decode writes a file's rows and errors, one a line.
func decode(r io.Reader, columns ...string) string {
	var out strings.Builder
	d, err := NewReader(r, Comma, columns...)
	if err != nil {
		return err.Error() + "\n"
	}
	for {
		row, err := d.Read()
		var bad *RowError
		switch {
		case err == io.EOF:
			return out.String()
		case errors.As(err, &bad):
			fmt.Fprintf(&out, "%d: %s: %.40q\n", bad.Line, bad.Reason, bad.Text)
		case err != nil:
			fmt.Fprintln(&out, err)
			return out.String()
		default:
			fmt.Fprintf(&out, "%d: %q\n", row.Line, row.fields)
		}
	}
}

func TestRead(t *testing.T) {
	long := strings.Repeat("x", MaxRow)
	tests := []struct{ name, in, want string }{
		{"plain", "a,b\n1,2\n3,4\n", `2: ["1" "2"]` + "\n" + `3: ["3" "4"]` + "\n"},
		{"no end of last line", "a,b\n1,2", `2: ["1" "2"]` + "\n"},
		{"CRLF", "a,b\r\n1,2\r\n\"3\",\"4\"\r\n", `2: ["1" "2"]` + "\n" + `3: ["3" "4"]` + "\n"},
		{"CRLF without the LF at the end", "a,b\r\n1,\"2\"\r", `2: ["1" "2"]` + "\n"},
		{"byte order mark", "\xEF\xBB\xBFa,b\n1,2\n", `2: ["1" "2"]` + "\n"},
		{"spaces in the header", " a ,b \n 1,2\n", `2: [" 1" "2"]` + "\n"},
		{"empty columns at the end", "a,b,,\n1,2,,\n", `2: ["1" "2" "" ""]` + "\n"},
		{"blank lines", "a,b\n\n1,2\n\r\n\n3,4\n\n", `3: ["1" "2"]` + "\n" + `6: ["3" "4"]` + "\n"},
		{"empty fields", "a,b\n,\n\"\",\n", `2: ["" ""]` + "\n" + `3: ["" ""]` + "\n"},
		{"quotes", "a,b\n\"1,\"\"x\"\"\",2\n", `2: ["1,\"x\"" "2"]` + "\n"},
		{"only quotes", "a,b\n\"\"\"\",\"\"\"\"\"\"\n", `2: ["\"" "\"\""]` + "\n"},
		{"line end in quotes", "a,b\n\"1\n\n1\",2\n3,4\n", `2: ["1\n\n1" "2"]` + "\n" + `5: ["3" "4"]` + "\n"},
		{"header only", "a,b\n", ""},
		{"header only without line end", "a,b", ""},

		{"empty", "", "csv: line 1: the file is empty\n"},
		{"byte order mark only", "\xEF\xBB\xBF", "csv: line 1: the file is empty\n"},
		{"UTF-16", "\xFF\xFEa\x00,\x00b\x00", "csv: line 1: the file is UTF-16; save it as UTF-8\n"},
		{"missing columns", "x,y\n1,2\n", "csv: line 1: the header lacks a, b\n"},
		{"missing column by case", "A,b\n1,2\n", "csv: line 1: the header lacks a\n"},
		{"blank header", "\na,b\n", "csv: line 1: the header lacks a, b\n"},
		{"duplicate column", "a,b, a\n", "csv: line 1: column \"a\" is there twice\n"},
		{"bad header", "a,b\"\n", "csv: line 1: " + bareQuote + "\n"},
		{"lines that end in CR", "a,b\r1,2\r", "csv: line 1: the header has a CR that no LF follows; lines end in LF or CR LF\n"},
		{"names with lines in them", "a,b,\"c\r\nd\ne\"\r\n1,2,3\r\n", `4: ["1" "2" "3"]` + "\n"},
		{"binary header", "\x89PNG\r\n\x1a\n", "csv: line 1: not UTF-8 text\n"},
		{"long header", long + "\n", "csv: line 1: longer than 65536 bytes; its first 1024 are shown\n"},

		{"too few fields", "a,b\n1\n3,4\n", "2: 1 field, the header has 2: \"1\"\n" + `3: ["3" "4"]` + "\n"},
		{"too many fields", "a,b\n1,2,3\n3,4\n", "2: 3 fields, the header has 2: \"1,2,3\"\n" + `3: ["3" "4"]` + "\n"},
		{"bare quote", "a,b\n1\",2\n3,4\n", "2: " + bareQuote + ": \"1\\\",2\"\n" + `3: ["3" "4"]` + "\n"},
		{"bare quote in last field", "a,b\n1,2\"\n3,4\n", "2: " + bareQuote + ": \"1,2\\\"\"\n" + `3: ["3" "4"]` + "\n"},
		{"text after quote", "a,b\n\"1\"x,2\n3,4\n", "2: " + afterQuote + ": \"\\\"1\\\"x,2\"\n" + `3: ["3" "4"]` + "\n"},
		{"CR after quote", "a,b\n\"1\"\r,2\n3,4\n", "2: " + afterQuote + ": \"\\\"1\\\"\\r,2\"\n" + `3: ["3" "4"]` + "\n"},
		{"unclosed quote", "a,b\n\"1,2\n3,4\n", "2: a quoted field that is not closed before the file ends: \"\\\"1,2\"\n" + `3: ["3" "4"]` + "\n"},
		{"unclosed quote before quotes", "a,b\n\"1,2\n\"3\",4\n", "2: " + afterQuote + ": \"\\\"1,2\"\n" + `3: ["3" "4"]` + "\n"},
		{"unclosed quote far from the end", "a,b\n\"1,2\n" + strings.Repeat(long[:999]+"\n", 66) + "3,4\n",
			"2: a quoted field that is not closed within 65536 bytes: \"\\\"1,2\"\n" +
				xLines(3, 66) + `69: ["3" "4"]` + "\n"},
		{"not UTF-8", "a,b\n\xff,2\n3,4\n", "2: not UTF-8 text: \"\\xff,2\"\n" + `3: ["3" "4"]` + "\n"},
		{"not UTF-8 in quotes", "a,b\n\"\xff\",2\n3,4\n", "2: not UTF-8 text: \"\\\"\\xff\\\",2\"\n" + `3: ["3" "4"]` + "\n"},
		{"long line", "a,b\n" + long + long + long + "\n3,4\n",
			fmt.Sprintf("2: longer than 65536 bytes; its first 1024 are shown: %.40q\n", long) + `3: ["3" "4"]` + "\n"},
		{"long last line", "a,b\n" + long + long + long,
			fmt.Sprintf("2: longer than 65536 bytes; its first 1024 are shown: %.40q\n", long)},
		{"longest line", "a,b\n" + long[:MaxRow-3] + ",\n3,4\n",
			fmt.Sprintf("2: [%q \"\"]\n", long[:MaxRow-3]) + `3: ["3" "4"]` + "\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := decode(strings.NewReader(test.in), "a", "b"); got != test.want {
				t.Errorf("got\n%.600s\nwant\n%.600s", got, test.want)
			}
			if got := decode(iotest.HalfReader(strings.NewReader(test.in)), "a", "b"); got != test.want {
				t.Errorf("in pieces got\n%.600s\nwant\n%.600s", got, test.want)
			}
		})
	}
}

// xLines is what becomes of n lines of 999 x from line from on.
func xLines(from, n int) string {
	var out strings.Builder
	for i := range n {
		fmt.Fprintf(&out, "%d: 1 field, the header has 2: %.40q\n", from+i, strings.Repeat("x", 40))
	}
	return out.String()
}

func TestReadFailingInput(t *testing.T) {
	broken := errors.New("connection reset")
	in := io.MultiReader(strings.NewReader("a,b\n1,2\n3,"), iotest.ErrReader(broken))
	d, err := NewReader(in, Comma, "a")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Read(); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the error stays
		if row, err := d.Read(); !errors.Is(err, broken) || !strings.Contains(err.Error(), "after line 2") {
			t.Errorf("half a row before the error: got %q, %v", row.Text, err)
		}
	}
	if _, err := NewReader(iotest.ErrReader(broken), Comma); !errors.Is(err, broken) {
		t.Errorf("header: got %v", err)
	}
}

func TestGet(t *testing.T) {
	d, err := NewReader(strings.NewReader("b, a,c\n1,2,3\n"), Comma, "a", "b")
	if err != nil {
		t.Fatal(err)
	}
	row, err := d.Read()
	if err != nil {
		t.Fatal(err)
	}
	if row.Get("a") != "2" || row.Get("b") != "1" || row.Get("c") != "3" || row.Get("none") != "" || row.Text != "1,2,3" {
		t.Errorf("got %+v", row)
	}
}

func FuzzRead(f *testing.F) {
	for _, seed := range []string{"a,b\n1,2\n", "a\n\"1\n2\"\n", "a,b\r\n\"x\"\"y\",\"\"\r\n", "a\n\"\n\"x\n", "\xEF\xBB\xBFa\n\xff\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		d, err := NewReader(bytes.NewReader(in), Comma)
		if err != nil {
			return
		}
		var rows [][]string
		for last := 1; ; {
			row, err := d.Read()
			if err == io.EOF {
				break
			}
			line, text := row.Line, row.Text
			if err != nil {
				bad := err.(*RowError) // bytes.Reader does not fail
				line, text = bad.Line, bad.Text
			} else {
				rows = append(rows, slices.Clone(row.fields))
			}
			if line <= last || line > 1+bytes.Count(in, newline) {
				t.Fatalf("line %d after line %d", line, last)
			}
			if !bytes.Contains(in, []byte(text)) {
				t.Fatalf("line %d: %q is not in the file", line, text)
			}
			last = line
		}
		if want, ok := standard(in); ok && !slices.EqualFunc(rows, want, slices.Equal) {
			t.Errorf("got %q, encoding/csv has %q", rows, want)
		}
	})
}

// standard is what encoding/csv makes of a file that both must read alike:
// encoding/csv changes CR LF inside quotes and does not mind a missing UTF-8.
func standard(in []byte) (rows [][]string, ok bool) {
	if !utf8.Valid(in) || bytes.ContainsRune(in, '\r') || bytes.HasPrefix(in, markUTF8) || bytes.HasPrefix(in, newline) {
		return nil, false
	}
	rows, err := stdcsv.NewReader(bytes.NewReader(in)).ReadAll()
	if err != nil || len(rows) == 0 {
		return nil, false
	}
	return rows[1:], true
}

func BenchmarkRead(b *testing.B) {
	const row = "978339665,location-03,wireless,router-1,5.55,device-1,10.10\n"
	const header = "timestamp,location,source,local_dest,local_avg,remote_dest,remote_avg\n"
	b.Run("plain", func(b *testing.B) { benchmark(b, header, row) })
	b.Run("quoted", func(b *testing.B) {
		benchmark(b, header, `"978339665","location-03","wireless","router-1","5.55","device-1","10.10"`+"\n")
	})
}

func benchmark(b *testing.B, header, row string) {
	in := header + strings.Repeat(row, 10_000)
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	for b.Loop() {
		d, err := NewReader(strings.NewReader(in), Comma, "timestamp", "remote_avg")
		for err == nil {
			_, err = d.Read()
		}
		if err != io.EOF {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*10_000/b.Elapsed().Seconds(), "rows/s")
}
