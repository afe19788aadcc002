package csv

import (
	"fmt"
	"io"
	"strings"
	"testing"
)

func TestSeparators(t *testing.T) {
	for _, test := range []struct {
		name string
		sep  Separator
		in   string
		want string // the rows, or the error
	}{
		{"semicolons", Semicolon, "a;b\n1,5;\"2;\"\"3\"\n", `["1,5" "2;\"3"]`},
		{"tabs", Tab, "a\tb\n1 \t\"2\t3\"\r\n", `["1 " "2\t3"]`},
		{"semicolons found", Detect, "a, x;b;c\n1;2;3\n", `["1" "2" "3"]`},
		{"tabs found", Detect, "a\tb\n1,2\t3\n", `["1,2" "3"]`},
		{"bars found", Detect, "a|b|c,d\n1|2|3\n", `["1" "2" "3"]`},
		{"commas found among quoted semicolons", Detect, "\"a;;;\",b\n1,2\n", `["1" "2"]`},
		{"commas where both are as many", Detect, "a,b;c\n1,2;3\n", `["1" "2;3"]`},
		{"one column", Detect, "a\n1;2\n", `["1;2"]`},
		{"found after a byte order mark", Detect, "\xEF\xBB\xBFa;b\n1;2\n", `["1" "2"]`},
		{"the wrong one", Comma, "a;b\n1;2,3\n", "csv: line 2: 2 fields, the header has 1"},
		{"nothing to find it in", Detect, "", "csv: line 1: the file is empty"},
		{"UTF-16 without a byte order mark", Detect, "a\x00,\x00b\x00\n\x00", "csv: line 1: the header has NUL bytes, as UTF-16 without a byte order mark does"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := rowsOf(test.in, test.sep); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func rowsOf(in string, sep Separator) string {
	d, err := NewReader(strings.NewReader(in), sep)
	if err != nil {
		return err.Error()
	}
	var rows []string
	for {
		row, err := d.Read()
		if err == io.EOF {
			return strings.Join(rows, " ")
		}
		if err != nil {
			return err.Error()
		}
		rows = append(rows, fmt.Sprintf("%q", row.Fields()))
	}
}

func TestColumns(t *testing.T) {
	d, err := NewReader(strings.NewReader(" first name ;\"last;name\";;\n"), Detect)
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprintf("%q %c", d.Columns(), d.Separator()); got != `["first name" "last;name" "" ""] ;` {
		t.Error(got)
	}
}

func TestParseSeparator(t *testing.T) {
	for name, want := range map[string]Separator{"": Detect, "auto": Detect, "comma": Comma, ";": Semicolon, "tab": Tab, "\t": Tab, `\t`: Tab, "|": Pipe} {
		if got, err := ParseSeparator(name); err != nil || got != want {
			t.Errorf("%q: %q, %v", name, got, err)
		}
	}
	if _, err := ParseSeparator("space"); err == nil {
		t.Error("a space is a separator")
	}
}
