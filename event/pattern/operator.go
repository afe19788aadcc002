package pattern

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// operator reads a rule that is an object, whose { was read.
func (c *compiler) operator(l *leaf, path []string) error {
	t, err := c.next()
	if err != nil {
		return err
	}
	if t.Kind() == '}' {
		return c.fail("Match expression name not found")
	}
	name := t.String()
	if name == "exists" {
		err = c.exists(l, path)
	} else {
		var test test
		if test, err = c.test(name); err == nil {
			l.tests = append(l.tests, test)
		}
	}
	if err != nil {
		return err
	}
	return c.close("Only one key allowed in match expression")
}

// close reads the } behind an operator's only argument.
func (c *compiler) close(otherwise string) error {
	t, err := c.next()
	if err == nil && t.Kind() != '}' {
		err = c.fail("%s", otherwise)
	}
	return err
}

// exists reads true or false. It is the only rule that sees what is not there.
func (c *compiler) exists(l *leaf, path []string) error {
	t, err := c.next()
	if err != nil {
		return err
	}
	switch t.Kind() {
	case 't':
		l.tests = append(l.tests, func(any) bool { return true })
	case 'f':
		l.absent = slices.Clone(path)
	default:
		return c.fail("exists match pattern must be either true or false.")
	}
	return nil
}

func (c *compiler) test(name string) (test, error) {
	switch name {
	case "prefix", "suffix":
		return c.affix(name)
	case "equals-ignore-case":
		return c.textOperator(name)
	case "anything-but":
		return c.anythingBut()
	case "numeric":
		return c.numeric()
	case "wildcard", "cidr":
		if c.dialect != Lambda {
			return c.textOperator(name)
		}
	}
	return nil, c.fail("Unrecognized match type %s", name)
}

// text reads the string that an operator takes.
func (c *compiler) text(operator string) (string, error) {
	t, err := c.next()
	if err != nil {
		return "", err
	}
	if t.Kind() != '"' {
		if operator == "cidr" {
			operator = "prefix" // AWS says so
		}
		return "", c.fail("%s match pattern must be a string", operator)
	}
	return t.String(), nil
}

// affix reads a string, or one to be taken without regard to case.
func (c *compiler) affix(name string) (test, error) {
	if c.d.PeekKind() != '{' || c.dialect.sns() {
		return c.textOperator(name)
	}
	if _, err := c.next(); err != nil {
		return nil, err
	}
	t, err := c.next()
	if err != nil {
		return nil, err
	}
	if t.Kind() != '"' || t.String() != "equals-ignore-case" {
		return nil, c.fail("Unsupported %s pattern: %s", name, t.String())
	}
	want, err := c.text("equals-ignore-case")
	if err != nil {
		return nil, err
	}
	if err := c.close("Only one key allowed in match expression"); err != nil {
		return nil, err
	}
	return c.onText(name+"-ignore-case", want)
}

// textOperator reads an operator's string.
func (c *compiler) textOperator(name string) (test, error) {
	want, err := c.text(name)
	if err != nil {
		return nil, err
	}
	return c.onText(name, want)
}

// onText is the test of an operator that takes a string and sees strings only.
func (c *compiler) onText(operator, want string) (test, error) {
	if operator == "cidr" {
		return c.cidr(want)
	}
	holds := textTests[operator]
	if operator == "wildcard" {
		w, err := compileWildcard(want)
		if err != nil {
			return nil, c.fail("%s", err)
		}
		holds = func(s, _ string) bool { return w.match(s) }
	}
	return func(v any) bool { s, ok := v.(string); return ok && holds(s, want) }, nil
}

var textTests = map[string]func(s, want string) bool{
	"prefix":             strings.HasPrefix,
	"suffix":             strings.HasSuffix,
	"equals-ignore-case": strings.EqualFold,
	"prefix-ignore-case": hasPrefixFold,
	"suffix-ignore-case": hasSuffixFold,
}

// cidr holds for addresses in a block.
func (c *compiler) cidr(text string) (test, error) {
	addr, bits, ok := strings.Cut(text, "/")
	if !ok {
		return nil, c.fail("Malformed CIDR, one '/' required")
	}
	n, err := strconv.Atoi(bits)
	if err != nil {
		return nil, c.fail("Malformed CIDR, mask bits must be an integer")
	}
	a, err := netip.ParseAddr(addr)
	if err != nil || a.Zone() != "" {
		return nil, c.fail("Nonstandard IP address: %s", addr)
	}
	block, err := a.Prefix(n)
	switch {
	case n < 0:
		return nil, c.fail("Malformed CIDR, mask bits must not be negative")
	case err != nil && a.Is4():
		return nil, c.fail("IPv4 mask bits must be < 32")
	case err != nil:
		return nil, c.fail("IPv6 mask bits must be < 128")
	}
	return func(v any) bool {
		s, _ := v.(string)
		a, err := netip.ParseAddr(s)
		return err == nil && block.Contains(a)
	}, nil
}

// anythingBut reads values, or an operator on strings, and holds for all else.
func (c *compiler) anythingBut() (test, error) {
	t, err := c.next()
	if err != nil {
		return nil, err
	}
	var tests []test
	switch t.Kind() {
	case '{':
		tests, err = c.butOperator()
	case '[':
		tests, err = c.butList()
	case '"', '0':
		tests = []test{equals(scalar(t))}
	default:
		err = c.fail("Value of anything-but must be an array or single string/number value.")
	}
	if err != nil {
		return nil, err
	}
	return func(v any) bool {
		return !slices.ContainsFunc(tests, func(t test) bool { return t(v) })
	}, nil
}

func (c *compiler) butList() ([]test, error) {
	var tests []test
	kinds := ""
	for {
		t, err := c.next()
		if err != nil {
			return nil, err
		}
		kind := t.Kind()
		switch {
		case kind == ']' && (len(kinds) == 1 || len(kinds) == 2 && c.dialect == Lambda):
			return tests, nil
		case kind == ']':
			return nil, c.fail("Inside anything but list, either all values are number or string, mixed type is not supported")
		case kind != '"' && kind != '0':
			return nil, c.fail("Inside anything but list, start|null|boolean is not supported.")
		case !strings.ContainsRune(kinds, rune(kind)):
			kinds += string(rune(kind))
		}
		tests = append(tests, equals(scalar(t)))
	}
}

// butOperators are the operators that anything-but takes.
func (d Dialect) butOperators() []string {
	switch d {
	case Lambda:
		return []string{"prefix", "suffix", "equals-ignore-case"}
	case EventBridge:
		return []string{"prefix", "suffix", "equals-ignore-case", "wildcard"}
	}
	return []string{"prefix", "suffix", "wildcard"}
}

// butOperator reads an operator with a string or a list of them.
func (c *compiler) butOperator() ([]test, error) {
	t, err := c.next()
	if err != nil {
		return nil, err
	}
	if t.Kind() == '}' {
		return nil, c.fail("Anything-But expression name not found")
	}
	name := t.String()
	if !slices.Contains(c.dialect.butOperators(), name) {
		return nil, c.fail("Unsupported anything-but pattern: %s", name)
	}
	if t, err = c.next(); err != nil {
		return nil, err
	}
	tests, err := c.butTexts(name, t)
	if err != nil {
		return nil, err
	}
	return tests, c.close("Only one key allowed in match expression")
}

func (c *compiler) butTexts(name string, t jsontext.Token) ([]test, error) {
	list := t.Kind() == '['
	var tests []test
	for {
		if list {
			var err error
			if t, err = c.next(); err != nil {
				return nil, err
			}
			if t.Kind() == ']' && len(tests) > 0 {
				return tests, nil
			}
		}
		switch {
		case t.Kind() != '"':
			return nil, c.fail("%s match pattern must be a string", name)
		case t.String() == "" && name != "equals-ignore-case":
			return nil, c.fail("Null prefix/suffix not allowed")
		}
		test, err := c.onText(name, t.String())
		if err != nil {
			return nil, err
		}
		if tests = append(tests, test); !list {
			return tests, nil
		}
	}
}
