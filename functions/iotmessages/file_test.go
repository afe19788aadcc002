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

	"github.com/runnel/runnel/functions/csvfile"
	"github.com/runnel/runnel/functions/queue"
	"github.com/runnel/runnel/transform/csv"
)

var rewrite = flag.Bool("rewrite", false, "rewrite the files of testdata")

// readWhole makes messages of a file.
func readWhole(in io.Reader, table string, good func(queue.Message), bad func(line int, reason, row string)) error {
	rows, err := csv.NewReader(in, csv.Comma, columns...)
	if err != nil {
		return err
	}
	for {
		row, err := rows.Read()
		var unread *csv.RowError
		var unfit *csvfile.Unfit
		switch {
		case err == io.EOF:
			return nil
		case errors.As(err, &unread):
			bad(unread.Line, unread.Reason, unread.Text)
			continue
		case err != nil:
			return err
		}
		m, err := toMessage(row, table)
		switch {
		case errors.As(err, &unfit):
			bad(row.Line, unfit.Reason, row.Text)
		case err != nil:
			return err
		default:
			good(m)
		}
	}
}

// readAll writes what becomes of a file, in its order.
func readAll(t *testing.T, file string) (out string, good, bad int) {
	t.Helper()
	var b strings.Builder
	err := readWhole(strings.NewReader(file), "readings",
		func(m queue.Message) {
			good++
			fmt.Fprintf(&b, "%d good %s\n", m.Line, m.Body)
		},
		func(line int, reason, row string) {
			bad++
			text, _ := json.Marshal(csvfile.BadRow{Line: line, Reason: reason, Row: row})
			fmt.Fprintf(&b, "%d bad %s\n", line, text)
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

func TestColumnsInAnotherOrderAndMoreOfThem(t *testing.T) {
	got, _, _ := readAll(t, "note,remote_avg,remote_dest,local_avg,local_dest,source,location,timestamp\nx,2,d,1,r,s,l,0\n")
	want := `2 good {"TableName":"readings","Item":{"date":{"S":"1970-01-01"},"time":{"S":"00:00:00"},"location":{"S":"l"},"source":{"S":"s"},"local_dest":{"S":"r"},"local_avg":{"N":"1"},"remote_dest":{"S":"d"},"remote_avg":{"N":"2"}}}` + "\n"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// The longest row makes a message that the queue takes, whatever is in it.
func TestLongestRowFits(t *testing.T) {
	for _, s := range []string{`\`, "<", "&", "\u2028"} { // JSON writes more for each of them
		long := "x" + strings.Repeat(s, 60<<10/len(s)) + "x"
		file := strings.Join(columns, ",") + "\n1," + long + ",s,r,1,d,2\n"
		err := readWhole(strings.NewReader(file), strings.Repeat("t", 255),
			func(m queue.Message) {
				if m.Size() > queue.MaxMessage {
					t.Errorf("a message of %d bytes, of %q, does not fit", m.Size(), s)
				}
			},
			func(_ int, reason, _ string) { t.Error(reason) })
		if err != nil {
			t.Error(err)
		}
	}
}

func TestEventParts(t *testing.T) {
	const s3Event = `"Records":[{"s3":{"bucket":{"name":"b"},"object":{"key":"a.csv"}}}]`
	const rest = `"continue":{"bucket":"b","key":"a.csv","part":2,"eTag":"1","begin":{"offset":70,"line":2},"row":{"offset":90,"line":3}}`
	for text, want := range map[string]string{
		"{" + s3Event + "}":              "1",
		"{" + rest + "}":                 "2",
		`{"Event":"s3:TestEvent"}`:       "",
		"{" + s3Event + "," + rest + "}": "the event has both Records and continue",
		`{"continue":{"bucket":"b"}}`:    "continue: bucket, key or eTag is missing",
	} {
		var e event
		if err := json.Unmarshal([]byte(text), &e); err != nil {
			t.Fatal(err)
		}
		parts, err := e.parts()
		got := ""
		for _, p := range parts {
			got = fmt.Sprint(p.Number)
		}
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
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
	r, err := csv.NewReader(strings.NewReader(strings.Join(columns, ",")+"\n"+strings.Join(row, ",")+"\n"), csv.Comma, columns...)
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
		err := readWhole(strings.NewReader(file), "readings", func(queue.Message) { rows++ }, nil)
		if err != nil || rows != 10_000 {
			b.Fatal(rows, err)
		}
	}
	b.ReportMetric(float64(b.N)*10_000/b.Elapsed().Seconds(), "rows/s")
}
