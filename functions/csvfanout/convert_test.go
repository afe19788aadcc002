package csvfanout

import (
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"github.com/runnel/runnel/functions/queue"
	"github.com/runnel/runnel/transform/csv"
)

var rewrite = flag.Bool("rewrite", false, "rewrite the files of testdata")

func encoded(t *testing.T, s, as string) string {
	t.Helper()
	encode := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String
	if as == "windows-1252" {
		encode = charmap.Windows1252.NewEncoder().String
	}
	out, err := encode(s)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// What a file may be like, and what becomes of it.
func TestFiles(t *testing.T) {
	var got strings.Builder
	for _, test := range []struct {
		name, content string
		format        func(*rig)
	}{
		{name: "plain", content: "id,name\n1,Ada\n2,Grace\n"},
		{name: "spaces in the header", content: " id , full name \n1, Ada \n"},
		{name: "quotes", content: "id,\"name, \"\"known as\"\"\"\n1,\"Ada, \"\"the\"\" first\"\n2,\"two\nlines\"\n"},
		{name: "byte order mark", content: "\uFEFFid,name\n1,Ada\n"},
		{name: "CRLF", content: "id,name\r\n1,Ada\r\n\"2\",\"Grace\"\r\n"},
		{name: "lines that end in CR", content: "id,name\r1,Ada\r2,Grace\r"},
		{name: "semicolons", content: "id;name\n1;Ada, Countess\n"},
		{name: "tabs", content: "id\tname\n1\tAda\n"},
		{name: "tabs, said so", content: "id\tname, title\n1\tAda\n", format: func(r *rig) { r.format.Separator = csv.Tab }},
		{name: "semicolons, said to be commas", content: "id;name\n1;Ada\n", format: func(r *rig) { r.format.Separator = csv.Comma }},
		{name: "UTF-16", content: encoded(t, "id,name\r\n1,Zoë\r\n", "utf-16")},
		{name: "UTF-16 with half a character", content: encoded(t, "id,name\n1,Zoë\n", "utf-16") + "2\x00,\x00\x00\xd8\n\x00"},
		{name: "UTF-16 without a byte order mark", content: encoded(t, "id,name\n", "utf-16")[2:]},
		{name: "Windows", content: encoded(t, "id,name\n1,Zoë €\n", "windows-1252"), format: func(r *rig) { r.format.Charset = "windows-1252" }},
		{name: "Windows that nobody said is", content: encoded(t, "id,name\n1,Zoë\n2,Ada\n", "windows-1252")},
		{name: "binary", content: "\x89PNG\r\n\x1a\n\x00\x00"},
		{name: "empty"},
		{name: "a byte order mark alone", content: "\uFEFF"},
		{name: "blank lines alone", content: "\n\n"},
		{name: "a header alone", content: "id,name\n"},
		{name: "fields missing and too many", content: "id,name\n1\n1,2,3\n2,Grace\n"},
		{name: "a column missing", content: "id,name\n1,Ada\n", format: func(r *rig) { r.format.Columns = []string{"id", "born"} }},
		{name: "a column twice", content: "id,id\n1,2\n"},
		{name: "columns without names", content: "id,,name,\n1,x,Ada,\n2,,Grace,y\n"},
		{name: "a column with the name of one without", content: "column_2,\n1,x\n"},
		{name: "characters that a queue does not carry", content: "id,name\n1,\x07\uFFFE\uFFFF\x7f\n"},
		{name: "an unclosed quote", content: "id,name\n1,\"Ada\n2,Grace\n"},
		{name: "a document", content: "id,name\n1,Ada\n2\n3,Grace\n", format: func(r *rig) { r.output = "document" }},
		{name: "a document without rows", content: "id,name\n", format: func(r *rig) { r.output = "document" }},
		{name: "a document of nothing", content: "", format: func(r *rig) { r.output = "document" }},
	} {
		r := newRig(t)
		if test.format != nil {
			test.format(r)
		}
		got.WriteString("--- " + test.name + "\n" + r.became(r.convert("in/people.csv", test.content)))
	}
	const golden = "testdata/files.txt"
	if *rewrite {
		if err := os.WriteFile(golden, []byte(got.String()), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != string(want) {
		t.Errorf("got\n%s\nwant\n%s", got.String(), want)
	}
}

// A row that is too large for a message comes in several, and no field is lost.
func TestLargeRow(t *testing.T) {
	r := newRig(t)
	names := []string{strings.Repeat("a", 20<<10), strings.Repeat("b", 20<<10), "c", "d"}
	fields := []string{strings.Repeat("\x01", 20<<10), strings.Repeat("\x02", 20<<10), "3", strings.Repeat("\x04", 20<<10)}
	done := r.convert("large.csv", strings.Join(names, ",")+"\n"+strings.Join(fields, ",")+"\n1,2,3,4\n")
	if done.Sent != 2 || done.Bad != 0 {
		t.Errorf("%+v", done)
	}
	got, messages := map[string]string{}, 0
	for _, m := range r.take() {
		if attribute(m, "Line") != "2" {
			continue
		}
		messages++
		if attribute(m, "Parts") != "3" {
			t.Errorf("part %s of %s", attribute(m, "Part"), attribute(m, "Parts"))
		}
		if err := json.Unmarshal([]byte(aws.ToString(m.Body)), &got); err != nil { // adds to the map
			t.Fatal(err)
		}
	}
	if messages != 3 || len(got) != len(names) {
		t.Fatalf("%d messages with %d fields", messages, len(got))
	}
	for i, name := range names {
		if got[name] != fields[i] {
			t.Errorf("column %d has %d bytes, want %d", i, len(got[name]), len(fields[i]))
		}
	}
}

func TestLargeField(t *testing.T) {
	r := newRig(t)
	done := r.convert("large.csv", "a,b\n"+strings.Repeat("\x01", 60<<10)+",1\n2,2\n")
	if done.Sent != 1 || done.Bad != 1 {
		t.Errorf("%+v", done)
	}
	for _, report := range r.objects(quarantine) {
		if !strings.Contains(report, "column 1 alone is larger than a message may be") {
			t.Errorf("the report is %.200s", report)
		}
	}
}

// A document that is too large for a message is in the bucket.
func TestLargeDocument(t *testing.T) {
	for name, rows := range map[string]int{"a little too large": 6_000, "in parts": 250_000} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.output = "document"
			done := r.convert("in/large.csv", "id,name\n"+strings.Repeat("1,\"Ada, Countess of Lovelace\"\n", rows))
			if done.Sent != rows || done.Bad != 0 {
				t.Errorf("%+v", done)
			}
			messages := r.take()
			if len(messages) != 1 {
				t.Fatalf("%d messages", len(messages))
			}
			var ref struct {
				Bucket, Key, Version string
				Count                int
				Document             struct {
					Bucket, Key string
					Size        int
				}
			}
			if err := json.Unmarshal([]byte(aws.ToString(messages[0].Body)), &ref); err != nil {
				t.Fatal(err)
			}
			content := r.objects(documents)[ref.Document.Key]
			if ref.Count != rows || ref.Document.Size != len(content) || len(content) <= queue.MaxMessage {
				t.Errorf("%s refers to %d bytes", aws.ToString(messages[0].Body), len(content))
			}
			var document struct {
				Key     string
				Columns []string
				Rows    []map[string]string
			}
			if err := json.Unmarshal([]byte(content), &document); err != nil {
				t.Fatal(err)
			}
			if document.Key != "in/large.csv" || len(document.Rows) != rows || document.Rows[rows-1]["name"] != "Ada, Countess of Lovelace" {
				t.Errorf("the document of %s has %d rows", document.Key, len(document.Rows))
			}
		})
	}
}
