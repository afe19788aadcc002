package iotmessages

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/runnel/runnel/transform/csv"
)

var rewrite = flag.Bool("rewrite", false, "rewrite the files of testdata")

// readWhole makes messages of a file that is read in one part.
func readWhole(in io.Reader, table string, good func(message) error, bad func(badRow) error) error {
	f, err := openFile(in)
	if err != nil {
		return headerTo(bad, err)
	}
	rest, err := f.messages(table, never, good, bad)
	if rest != nil {
		return fmt.Errorf("stopped at %+v", *rest)
	}
	return err
}

func never() bool { return false }

// readAll writes what becomes of a file, in its order.
func readAll(t *testing.T, file string) (out string, good, bad int) {
	t.Helper()
	var b strings.Builder
	err := readWhole(strings.NewReader(file), "readings",
		func(m message) error {
			good++
			fmt.Fprintf(&b, "%d good %s\n", m.line, m.body)
			return nil
		},
		func(r badRow) error {
			bad++
			line, err := json.Marshal(r)
			fmt.Fprintf(&b, "%d bad %s\n", r.Line, line)
			return err
		})
	if err != nil {
		t.Fatal(err)
	}
	return b.String(), good, bad
}

func TestReadFileSampleData(t *testing.T) {
	for _, test := range []struct {
		name      string
		good, bad int
	}{
		{"data", 20, 0},
		{"data-bad", 4, 12},
	} {
		t.Run(test.name, func(t *testing.T) {
			file, err := os.ReadFile("../../pipelines/iot-messages/sample-data/" + test.name + ".csv")
			if err != nil {
				t.Fatal(err)
			}
			got, good, bad := readAll(t, string(file))
			if good != test.good || bad != test.bad {
				t.Errorf("%d good rows and %d bad, want %d and %d", good, bad, test.good, test.bad)
			}
			golden := "testdata/" + test.name + ".txt"
			if *rewrite {
				if err := os.WriteFile(golden, []byte(got), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func TestReadFileAsAWhole(t *testing.T) {
	header := strings.Join(columns, ",")
	for _, test := range []struct{ name, file, want string }{
		{"empty", "", `1 bad {"line":1,"reason":"the file is empty","row":""}` + "\n"},
		{"header only", header + "\r\n", ""},
		{"binary", "PK\x03\x04\xff\xfe", `1 bad {"line":1,"reason":"not UTF-8 text","row":"PK\u0003\u0004\ufffd\ufffd"}` + "\n"},
		{"other columns", "id,name\n1,x\n", `1 bad {"line":1,"reason":"the header lacks ` + strings.Join(columns, ", ") + `","row":"id,name"}` + "\n"},
		{"a column twice", header + ",source\n", `1 bad {"line":1,"reason":"column \"source\" is there twice","row":"` + header + `,source"}` + "\n"},
		{"columns in another order and more of them", "note,remote_avg,remote_dest,local_avg,local_dest,source,location,timestamp\nx,2,d,1,r,s,l,0\n",
			`2 good {"TableName":"readings","Item":{"date":{"S":"1970-01-01"},"time":{"S":"00:00:00"},"location":{"S":"l"},"source":{"S":"s"},"local_dest":{"S":"r"},"local_avg":{"N":"1"},"remote_dest":{"S":"d"},"remote_avg":{"N":"2"}}}` + "\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got, _, _ := readAll(t, test.file); got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

func TestReadFileErrors(t *testing.T) {
	broken := errors.New("broken")
	fine := func(badRow) error { return nil }
	file := strings.Join(columns, ",") + "\n1,l,s,r,1,d,2\n1\n"
	if err := readWhole(iotest.ErrReader(broken), "t", nil, fine); !errors.Is(err, broken) {
		t.Errorf("file: got %v", err)
	}
	if err := readWhole(strings.NewReader(file), "t", func(message) error { return broken }, fine); err != broken {
		t.Errorf("good: got %v", err)
	}
	if err := readWhole(strings.NewReader(file), "t", func(message) error { return nil }, func(badRow) error { return broken }); err != broken {
		t.Errorf("bad: got %v", err)
	}
}

func TestToReadingReasons(t *testing.T) {
	good := map[string]string{
		"timestamp": "978339665", "location": "location-03", "source": "wireless",
		"local_dest": "router-1", "local_avg": "5.55", "remote_dest": "device-1", "remote_avg": "10.10",
	}
	for _, test := range []struct{ column, value, want string }{
		{"timestamp", "not_a_timestamp!", `timestamp: "not_a_timestamp!" is not a time: write Unix seconds or YYYY-MM-DD HH:MM:SS`},
		{"timestamp", "", `timestamp: "" is not a time: write Unix seconds or YYYY-MM-DD HH:MM:SS`},
		{"location", "  ", `location: "" is empty`},
		{"source", "a\x00b", `source: "a\x00b" is text with the control character U+0000`},
		{"remote_dest", "a\uffffb", `remote_dest: "a\uffffb" is text with the control character U+FFFF`},
		{"local_avg", "NaN", `local_avg: "NaN" is not a number`},
		{"remote_avg", strings.Repeat("9", 39), `remote_avg: "` + strings.Repeat("9", 39) + `" is a number of 39 digits, more than 38`},
		{"remote_avg", strings.Repeat("x", 99), `remote_avg: "` + strings.Repeat("x", 40) + `..." is not a number`},
		{"local_avg", " 5.55 ", ""},
	} {
		row := maps.Clone(good)
		row[test.column] = test.value
		_, err := toReading(rowOf(t, row))
		if got := fmt.Sprint(err); err == nil && test.want != "" || err != nil && got != test.want {
			t.Errorf("%s %q: got %v, want %s", test.column, test.value, err, test.want)
		}
	}
	row := maps.Clone(good)
	row["location"], row["local_avg"] = "", "x"
	if _, err := toReading(rowOf(t, row)); err == nil || err.Error() != `location: "" is empty; local_avg: "x" is not a number` {
		t.Errorf("two faults: got %v", err)
	}
}

func rowOf(t *testing.T, fields map[string]string) csv.Row {
	t.Helper()
	var row []string
	for _, column := range columns {
		row = append(row, fields[column])
	}
	r, err := csv.NewReader(strings.NewReader(strings.Join(columns, ",")+"\n"+strings.Join(row, ",")+"\n"), columns...)
	if err != nil {
		t.Fatal(err)
	}
	got, err := r.Read()
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func BenchmarkReadFile(b *testing.B) {
	file := strings.Join(columns, ",") + "\n" + strings.Repeat("978339665,location-03,wireless,router-1,5.55,device-1,10.10\n", 10_000)
	b.SetBytes(int64(len(file)))
	for b.Loop() {
		rows := 0
		err := readWhole(strings.NewReader(file), "readings", func(message) error { rows++; return nil }, nil)
		if err != nil || rows != 10_000 {
			b.Fatal(rows, err)
		}
	}
	b.ReportMetric(float64(b.N)*10_000/b.Elapsed().Seconds(), "rows/s")
}
