package record

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/runnel/runnel/transform"
)

// NewJSON reads a JSON document: as one record, or with each, a path of keys
// separated by slashes ("" for the document itself if all is to be taken), the
// elements of the array there, of which only one is held at a time. null in the
// place of the array is one without elements; anything else, and a path that is
// not there, is a *SyntaxError. What stands beside the array is read for its
// syntax alone.
func NewJSON(r io.Reader, each *string, l Limits) Reader {
	d := newDocument(r, l)
	if each == nil {
		return &whole{document: d}
	}
	e := &elements{document: d}
	if *each != "" {
		e.path = strings.Split(*each, "/")
	}
	return e
}

// whole reads a document as one record.
type whole struct {
	*document
	err error // what ended the stream
}

func (w *whole) Next() (any, transform.Position, error) {
	if w.err != nil {
		return nil, transform.Position{}, w.err
	}
	v, at, err := w.record()
	var bad *BadRecord
	switch {
	case err == io.EOF:
		err = &SyntaxError{w.at, "the document is empty"}
	case errors.As(err, &bad):
		err = &SyntaxError{bad.Position, bad.Reason}
	case err == nil:
		err = w.end()
	}
	if w.err = err; err != nil {
		return nil, at, err
	}
	w.err = io.EOF
	return v, at, nil
}

// record reads a value and makes it plain. The error may be a *BadRecord.
func (d *document) record() (any, transform.Position, error) {
	text, begins, err := d.value()
	if err != nil {
		return nil, begins, err
	}
	v, err := value(text, d.Depth)
	if err != nil {
		f := err.(*flaw)
		return nil, begins, &BadRecord{after(begins, text[:f.offset]), string(text), f.reason}
	}
	return v, begins, nil
}

// elements reads the elements of an array in a document.
type elements struct {
	*document
	path   []string // keys that lead to the array
	inside bool
	err    error // what ended the stream
}

func (e *elements) Next() (any, transform.Position, error) {
	if e.err != nil {
		return nil, transform.Position{}, e.err
	}
	v, at, err := e.element()
	var bad *BadRecord
	if err != nil && !errors.As(err, &bad) {
		e.err = err
	}
	return v, at, err
}

func (e *elements) element() (any, transform.Position, error) {
	if !e.inside {
		if err := e.enter(); err != nil {
			return nil, transform.Position{}, err
		}
		e.inside = true
	}
	if kind, at := e.peek(); kind == ']' {
		if err := e.bracket(); err != nil {
			return nil, at, err
		}
		return nil, at, e.leave()
	}
	return e.record()
}

// enter goes down the path, into the array. It is io.EOF if there is a null.
func (e *elements) enter() error {
	for i, key := range e.path {
		if err := e.open('{', "an object", e.path[:i]); err != nil {
			return err
		}
		found, err := e.find(key)
		if err != nil {
			return err
		}
		if !found {
			_, at := e.peek()
			return &SyntaxError{at, fmt.Sprintf("there is no %q before the end of this object", strings.Join(e.path[:i+1], "/"))}
		}
	}
	if kind, _ := e.peek(); kind == 'n' {
		if _, _, err := e.value(); err != nil {
			return err
		}
		return e.leave()
	}
	return e.open('[', "an array", e.path)
}

// open passes the bracket of the array or object at a path.
func (e *elements) open(bracket jsontext.Kind, want string, path []string) error {
	kind, at := e.peek()
	switch kind {
	case bracket:
		return e.bracket()
	case 0: // no token, as reading it tells
		_, _, err := e.value()
		if err == io.EOF {
			err = &SyntaxError{at, "the document is empty"}
		}
		return err
	}
	name := "the document"
	if len(path) > 0 {
		name = fmt.Sprintf("%q", strings.Join(path, "/"))
	}
	return &SyntaxError{at, fmt.Sprintf("%s is %s, not %s", name, kindNames[kind], want)}
}

var kindNames = map[jsontext.Kind]string{
	'n': "null", 't': "true", 'f': "false", '"': "a string", '0': "a number", '{': "an object", '[': "an array",
}

// find goes on to the value of a key in the object it is in, or to the end of the
// object.
func (e *elements) find(key string) (bool, error) {
	for {
		if kind, _ := e.peek(); kind == '}' {
			return false, nil
		}
		name, err := e.name()
		if err != nil || name == key {
			return err == nil, err
		}
		if err := e.skip(); err != nil {
			return false, err
		}
	}
}

func (e *elements) name() (string, error) {
	text, at, err := e.value()
	if err != nil {
		return "", err
	}
	v, err := value(text, 1)
	if err != nil {
		return "", &SyntaxError{at, err.Error()}
	}
	return v.(string), nil
}

// leave reads what follows the array, to the end of the document. It is io.EOF if
// nothing is wrong there.
func (e *elements) leave() error {
	for i := len(e.path) - 1; i >= 0; i-- {
		found, err := e.find(e.path[i])
		if err != nil {
			return err
		}
		if found {
			return &SyntaxError{e.at, fmt.Sprintf("%q is there twice", strings.Join(e.path[:i+1], "/"))}
		}
		if err := e.bracket(); err != nil {
			return err
		}
	}
	if err := e.end(); err != nil {
		return err
	}
	return io.EOF
}
