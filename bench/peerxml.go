package main

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// element is one that encoding/xml has not read to its end yet.
type element struct {
	name     string
	children map[string]any
	text     strings.Builder
}

// dictionaryOf reads a document with encoding/xml into the dictionary of
// xmltodict, as one writes it who has no other package. RawToken keeps the
// prefixes and spares the decoder some work.
func dictionaryOf(document []byte) (any, error) {
	open := []*element{{children: make(map[string]any)}}
	for d := xml.NewDecoder(bytes.NewReader(document)); ; {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			return open[0].children, nil
		}
		if err != nil {
			return nil, err
		}
		last := open[len(open)-1]
		switch t := token.(type) {
		case xml.StartElement:
			e := &element{name: full(t.Name), children: make(map[string]any)}
			for _, a := range t.Attr {
				e.children["@"+full(a.Name)] = a.Value
			}
			open = append(open, e)
		case xml.CharData:
			last.text.Write(t)
		case xml.EndElement:
			open = open[:len(open)-1]
			put(open[len(open)-1].children, last.name, last.value())
		}
	}
}

func full(n xml.Name) string {
	if n.Space == "" {
		return n.Local
	}
	return n.Space + ":" + n.Local
}

func (e *element) value() any {
	text := strings.TrimSpace(e.text.String())
	switch {
	case len(e.children) > 0 && text != "":
		e.children["#text"] = text
		return e.children
	case len(e.children) > 0:
		return e.children
	case text != "":
		return text
	}
	return nil
}

// put adds a child, a list where there is one of that name already.
func put(children map[string]any, name string, v any) {
	switch old, ok := children[name]; old := old.(type) {
	case []any:
		children[name] = append(old, v)
	default:
		if ok {
			v = []any{old, v}
		}
		children[name] = v
	}
}

// standardConverter is encoding/xml with encoding/json.
func standardConverter(document []byte) converter {
	decode := func() error {
		_, err := dictionaryOf(document)
		return err
	}
	encode := func() ([]byte, error) {
		v, err := dictionaryOf(document)
		if err != nil {
			return nil, err
		}
		return json.Marshal(v)
	}
	return converter{
		name:  "encoding/xml, encoding/json",
		json:  func(context.Context) ([]byte, error) { return encode() },
		round: eachOf(decode, func() error { _, err := encode(); return err }),
	}
}

// python is a Python that has xmltodict.
type python struct{ program, version string }

// findPython is the first Python with xmltodict: Debian's, or that of the path.
func findPython(ctx context.Context) (*python, error) {
	const about = `import platform, xmltodict; from importlib.metadata import version; print(platform.python_version(), "with xmltodict", version("xmltodict"))`
	for _, program := range []string{"/usr/bin/python3", "python3"} {
		if out, err := exec.CommandContext(ctx, program, "-c", about).Output(); err == nil {
			return &python{program, strings.TrimSpace(string(out))}, nil
		}
	}
	return nil, errors.New("no python3 has it here (Debian: python3-xmltodict)")
}

// converter measures in a process of its own, whose start does not count.
func (p *python) converter(file string) converter {
	return converter{
		name: "xmltodict, json",
		json: func(ctx context.Context) ([]byte, error) { return p.run(ctx, file, 0) },
		round: func(ctx context.Context, least time.Duration) ([]times, error) {
			out, err := p.run(ctx, file, least)
			if err != nil {
				return nil, err
			}
			return parseTimes(string(out))
		},
	}
}

func (p *python) run(ctx context.Context, file string, least time.Duration) ([]byte, error) {
	cmd := exec.CommandContext(ctx, p.program, "bench/xmltodict_json.py", file, fmt.Sprint(least.Seconds()))
	cmd.Stderr = os.Stderr
	return cmd.Output()
}

// parseTimes reads a line of seconds for each step.
func parseTimes(text string) (all []times, err error) {
	for line := range strings.Lines(text) {
		var t times
		for _, field := range strings.Fields(line) {
			seconds, err := strconv.ParseFloat(field, 64)
			if err != nil {
				return nil, err
			}
			t = append(t, time.Duration(seconds*float64(time.Second)))
		}
		all = append(all, t)
	}
	return all, nil
}
