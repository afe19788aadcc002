package xml_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/runnel/runnel/transform/xml"
)

var rewrite = flag.Bool("rewrite", false, "write the golden files anew")

// A document is one of a golden file, with what options to read it.
type document struct {
	Name       string            `json:"-"`
	XML        string            `json:"xml"`
	Namespaces map[string]string `json:"namespaces"`
	Force      []string          `json:"force,omitempty"`
	want       string
}

func (d document) options() *xml.Options {
	return &xml.Options{Namespaces: xml.Namespaces{Map: d.Namespaces}, ForceList: d.Force}
}

const goldenFile = "testdata/xmltodict.txt"

// golden reads the golden file. A document begins with == and its name, and
// options as JSON; -- separates its dictionary.
func golden(t testing.TB) (header string, documents []document) {
	data, err := os.ReadFile(goldenFile)
	if err != nil {
		t.Fatal(err)
	}
	header, rest, _ := strings.Cut(string(data), "\n== ")
	for block := range strings.SplitSeq(rest, "\n== ") {
		title, body, _ := strings.Cut(block, "\n")
		var d document
		if i := strings.IndexByte(title, '{'); i >= 0 {
			if err := json.Unmarshal([]byte(title[i:]), &d); err != nil {
				t.Fatalf("%s: %v", title, err)
			}
		}
		d.Name = title
		d.XML, d.want, _ = strings.Cut(body, "\n--\n")
		d.want = strings.TrimSpace(d.want)
		documents = append(documents, d)
	}
	return header, documents
}

func TestGolden(t *testing.T) {
	header, documents := golden(t)
	if *rewrite {
		var b strings.Builder
		b.WriteString(header)
		for i, answer := range xmltodict(t, documents) {
			documents[i].want = answer
			fmt.Fprintf(&b, "\n== %s\n%s\n--\n%s\n", documents[i].Name, documents[i].XML, answer)
		}
		if err := os.WriteFile(goldenFile, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, d := range documents {
		v, err := xml.Parse([]byte(d.XML), d.options())
		if err != nil {
			t.Errorf("%s: %v, want %s", d.Name, err, d.want)
			continue
		}
		if got := string(v.AppendJSON(nil)); got != d.want {
			t.Errorf("%s:\n got %s\nwant %s", d.Name, got, d.want)
		}
		checkAny(t, v)
	}
}

// checkAny checks that a value is the same as JSON and as plain types.
func checkAny(t *testing.T, v xml.Value) {
	t.Helper()
	var want any
	text := v.AppendJSON(nil)
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	wantText, _ := json.Marshal(want)
	gotText, err := json.Marshal(v.Any())
	if err != nil || !bytes.Equal(gotText, wantText) {
		t.Errorf("Any is %s, %v; the JSON %s", gotText, err, wantText)
	}
}

// xmltodict is what Python makes of documents, as JSON.
func xmltodict(t testing.TB, documents []document) []string {
	var in bytes.Buffer
	for _, d := range documents {
		line, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		in.Write(append(line, '\n'))
	}
	python := exec.Command(pythonWith013(t), "testdata/dictionary.py")
	python.Env = append(os.Environ(), "PYTHONIOENCODING=utf-8")
	python.Stdin, python.Stderr = &in, os.Stderr
	out, err := python.Output()
	if err != nil {
		t.Fatal(err)
	}
	var answers []string
	s := bufio.NewScanner(bytes.NewReader(out))
	s.Buffer(nil, 1<<24)
	for s.Scan() {
		answers = append(answers, s.Text())
	}
	if len(answers) != len(documents) {
		t.Fatalf("%d answers to %d documents", len(answers), len(documents))
	}
	return answers
}

// pythonWith013 is a Python that has xmltodict 0.13.0, as Debian's python3 has with
// its python3-xmltodict.
func pythonWith013(t testing.TB) string {
	for _, python := range []string{"/usr/bin/python3", "python3"} {
		out, _ := exec.Command(python, "-c", "import xmltodict; print(xmltodict.__version__)").Output()
		if strings.TrimSpace(string(out)) == "0.13.0" {
			return python
		}
	}
	t.Skip("python3 with xmltodict 0.13.0 is not installed")
	return ""
}
