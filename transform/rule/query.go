package rule

import (
	"errors"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/itchyny/gojq"
)

// refused are the functions of jq that a rule must not call, by name and number
// of arguments, and why.
var refused = map[string]string{
	"env/0":             noEnvironment,
	"$ENV/0":            noEnvironment,
	"input/0":           noInput,
	"inputs/0":          noInput,
	"input_filename/0":  noInput,
	"halt/0":            noHalt,
	"halt_error/0":      noHalt,
	"halt_error/1":      noHalt,
	"modulemeta/0":      noModules,
	"debug/0":           noOutput,
	"debug/1":           noOutput,
	"stderr/0":          noOutput,
	"get_search_list/0": noModules,
}

const (
	noEnvironment = "a rule sees no environment"
	noInput       = "a rule sees one record at a time"
	noHalt        = `a rule cannot halt: say error("...") to refuse a record`
	noModules     = "a rule has no modules"
	noOutput      = "a rule writes nothing but its output"
)

// unpredictable are the functions whose result is not the document's alone.
var unpredictable = map[string]string{
	"now/0":           "is another at every run, so that no case can expect it",
	"localtime/0":     "depends on the time zone of the machine",
	"strflocaltime/1": "depends on the time zone of the machine",
}

// formats are those of jq. It tells of others only when it comes to them.
var formats = []string{"@text", "@json", "@html", "@uri", "@urid", "@csv", "@tsv", "@sh", "@base64", "@base64d"}

// headVariable holds what stood before the first record of a document.
const headVariable = "$head"

// compile reads and compiles the query of a key.
func (p *parser) compile(key string, n *node) (*gojq.Query, *gojq.Code) {
	text := n.text()
	if p.full() {
		return nil, nil
	}
	fail := func(offset int, reason string) (*gojq.Query, *gojq.Code) {
		p.problems = append(p.problems, Problem{
			Position: position(p.text, n.within(offset)),
			Key:      key,
			Query:    text,
			Offset:   character(text, offset),
			Reason:   reason,
		})
		return nil, nil
	}
	if len(text) > maxQuery {
		return fail(0, "is longer than 16 KiB")
	}
	q, err := gojq.Parse(text)
	var syntax *gojq.ParseError
	switch {
	case errors.As(err, &syntax):
		return fail(max(0, syntax.Offset-len(syntax.Token)), syntax.Error())
	case err != nil:
		return fail(0, err.Error())
	case q.Meta != nil || len(q.Imports) > 0:
		return fail(0, noModules)
	}
	calls, defined := callsOf(q)
	if offset, reason := refusal(text, calls, defined); reason != "" {
		return fail(offset, reason)
	}
	code, err := gojq.Compile(q, gojq.WithVariables([]string{headVariable}))
	if err != nil {
		return fail(compileError(text, err))
	}
	for _, f := range calls {
		if reason, ok := unpredictable[f]; ok && !defined[f] {
			p.lint(n, key, "%s %s", f, reason)
		}
	}
	return q, code
}

// refusal says which of the calls a rule must not make, "" if none.
func refusal(query string, calls []string, defined map[string]bool) (offset int, reason string) {
	for _, f := range calls {
		name, _, _ := strings.Cut(f, "/")
		switch why, ok := refused[f]; {
		case strings.HasPrefix(f, "@") && !slices.Contains(formats, f):
			return max(0, find(query, f)), "format not defined: " + f
		case ok && !defined[f]:
			return max(0, find(query, name)), f + ": " + why
		}
	}
	return 0, ""
}

// compileError finds the place of an error that has none: that of the name it
// is about.
func compileError(query string, err error) (offset int, reason string) {
	reason = err.Error()
	subject, undefined := strings.CutPrefix(reason, "function not defined: ")
	if !undefined {
		_, subject, _ = strings.Cut(reason, "not defined: ")
	}
	name, _, _ := strings.Cut(subject, "/")
	if undefined {
		if near, ok := nearest(name, builtins()); ok {
			reason += ": did you mean " + near + "?"
		}
	}
	return max(0, find(query, name)), reason
}

// builtins are the names of jq's functions.
func builtins() []string {
	q, err := gojq.Parse("builtins")
	if err != nil {
		return nil
	}
	var names []string
	v, _ := q.Run(nil).Next()
	list, _ := v.([]any)
	for _, f := range list {
		s, _ := f.(string)
		name, _, _ := strings.Cut(s, "/")
		names = append(names, name)
	}
	return names
}

// find is the byte of a query where a name stands by itself, -1 if it does not.
func find(query, name string) int {
	if name == "" {
		return -1
	}
	for from := 0; ; {
		i := strings.Index(query[from:], name)
		if i < 0 {
			return -1
		}
		i += from
		from = i + len(name)
		if (i == 0 || !partOfName(query[i-1])) && (from == len(query) || !partOfName(query[from])) {
			return i
		}
	}
}

func partOfName(c byte) bool {
	return c == '_' || c == '$' || c == '.' || c == '"' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// character is the place of a byte, counted in characters from 1.
func character(s string, offset int) int {
	return utf8.RuneCountInString(s[:min(offset, len(s))]) + 1
}

// callsOf are the functions and formats that a query calls, and the functions that
// it defines.
func callsOf(q *gojq.Query) (calls []string, defined map[string]bool) {
	defined = make(map[string]bool)
	var walk func(v reflect.Value)
	walk = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.Pointer:
			if v.IsNil() {
				return
			}
			switch n := v.Interface().(type) {
			case *gojq.Func:
				calls = append(calls, n.Name+"/"+strconv.Itoa(len(n.Args)))
			case *gojq.Term:
				if n.Format != "" {
					calls = append(calls, n.Format)
				}
			case *gojq.FuncDef:
				defined[n.Name+"/"+strconv.Itoa(len(n.Args))] = true
			}
			walk(v.Elem())
		case reflect.Struct:
			for i := range v.NumField() {
				walk(v.Field(i))
			}
		case reflect.Slice:
			for i := range v.Len() {
				walk(v.Index(i))
			}
		}
	}
	walk(reflect.ValueOf(q))
	return calls, defined
}
