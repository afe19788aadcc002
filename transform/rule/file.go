package rule

import (
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/runnel/runnel/transform/record"
)

// An opener reads a file that a case names.
type opener func(name string) ([]byte, error)

// ParseFile reads a rule from a file, and the files that its cases name, which
// lie in the rule's folder or below it. The error is Problems, or that of
// reading the rule itself.
func ParseFile(name string) (*Rule, error) {
	text, open, done, err := openRule(name)
	if err != nil {
		return nil, err
	}
	defer done()
	return parse(text, open)
}

// maxCaseFile bounds what a case may name: cases are samples.
const maxCaseFile = 64 << 20

func openRule(name string) (text []byte, open opener, done func() error, err error) {
	if text, err = os.ReadFile(name); err != nil {
		return nil, nil, nil, err
	}
	folder, err := os.OpenRoot(filepath.Dir(name))
	if err != nil {
		return nil, nil, nil, err
	}
	open = func(name string) ([]byte, error) {
		f, err := folder.Open(filepath.FromSlash(name))
		if err != nil {
			return nil, err
		}
		defer f.Close()
		text, err := io.ReadAll(io.LimitReader(f, maxCaseFile+1))
		if err == nil && len(text) > maxCaseFile {
			err = fmt.Errorf("%s is larger than %d MiB", name, maxCaseFile>>20)
		}
		return text, err
	}
	return text, open, folder.Close, nil
}

// Bundle is the text of a rule in a file with its cases' files written into it,
// so that it can be kept where there is no file system. The error is as for
// ParseFile.
func Bundle(name string) ([]byte, error) {
	text, open, done, err := openRule(name)
	if err != nil {
		return nil, err
	}
	defer done()
	r, err := parse(text, open)
	if err != nil {
		return nil, err
	}
	root, syntax := readDocument(text)
	if syntax != nil {
		return nil, Problems{*syntax}
	}
	var bundle []byte
	written := 0
	for i, c := range root.get("cases").list() {
		for _, m := range c.members {
			inline, err := r.inline(&r.cases[i], m)
			if err != nil {
				return nil, err
			}
			if inline != nil {
				bundle = append(append(bundle, text[written:m.at]...), inline...)
				written = m.value.at + len(m.value.raw)
			}
		}
	}
	return append(bundle, text[written:]...), nil
}

// inline is the member that holds what the file of another does, nil for those
// that name no file. Input that is not UTF-8 is written in base64.
func (r *Rule) inline(c *testCase, m member) ([]byte, error) {
	switch {
	case m.name == "inputFile" && utf8.Valid(c.input):
		return jsontext.AppendQuote([]byte(`"input": `), string(c.input))
	case m.name == "inputFile":
		return jsontext.AppendQuote([]byte(`"inputBase64": `), base64.StdEncoding.EncodeToString(c.input))
	case m.name == "outputFile":
		return record.AppendJSON([]byte(`"output": `), c.output), nil
	}
	return nil, nil
}
