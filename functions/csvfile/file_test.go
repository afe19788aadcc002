package csvfile

import (
	"errors"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/runnel/runnel/transform/csv"
)

func TestFileAsAWhole(t *testing.T) {
	header := strings.Join(columns, ",")
	for _, test := range []struct{ name, file, want string }{
		{"empty", "", `1 bad the file is empty: ""` + "\n"},
		{"header only", header + "\r\n", ""},
		{"binary", "PK\x03\x04\xff\xfe", `1 bad not UTF-8 text: "PK\x03\x04\xff\xfe"` + "\n"},
		{"other columns", "id,name\n1,x\n", `1 bad the header lacks ` + strings.Join(columns, ", ") + `: "id,name"` + "\n"},
		{"a column twice", header + ",source\n", `1 bad column "source" is there twice: "` + header + `,source"` + "\n"},
		{"a row that the sink cannot take", header + "\n,l,s,r,1,d,2\n", `2 bad no timestamp: ",l,s,r,1,d,2"` + "\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got outcome
			if err := readWhole(strings.NewReader(test.file), got.good, got.bad); err != nil || got.String() != test.want {
				t.Errorf("got\n%s, %v\nwant\n%s", got.String(), err, test.want)
			}
		})
	}
}

func TestFileErrors(t *testing.T) {
	broken := errors.New("broken")
	good, bad := func(csv.Row) error { return nil }, func(BadRow) error { return nil }
	file := strings.Join(columns, ",") + "\n1,l,s,r,1,d,2\n1\n"
	if err := readWhole(iotest.ErrReader(broken), good, bad); !errors.Is(err, broken) {
		t.Errorf("file: got %v", err)
	}
	if err := readWhole(strings.NewReader(file), func(csv.Row) error { return broken }, bad); err != broken {
		t.Errorf("good: got %v", err)
	}
	if err := readWhole(strings.NewReader(file), good, func(BadRow) error { return broken }); err != broken {
		t.Errorf("bad: got %v", err)
	}
}
