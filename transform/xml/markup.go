package xml

import (
	"bytes"
	"strings"
)

// markup reads what begins with <! : a comment or a CDATA section.
func (p *parser) markup() bool {
	for _, m := range []struct {
		start string
		read  func() bool
	}{{"<!--", p.comment}, {cdataStart, p.cdata}, {"<!DOCTYPE", p.doctype}} {
		yes, cut := p.starts(p.pos, m.start)
		switch {
		case yes && m.start == cdataStart && len(p.open) == 0:
			return p.fail(p.pos, "a CDATA section outside the root element")
		case yes:
			return m.read()
		case cut:
			return p.cut("a tag")
		}
	}
	return p.fail(p.pos, "<! begins neither a comment (<!--) nor a CDATA section (<![CDATA[)")
}

func (p *parser) doctype() bool {
	return p.fail(p.pos, "a document type declaration (DOCTYPE) is refused: it can define entities that exhaust memory or read files; remove it")
}

// comment reads a comment, which is dropped.
func (p *parser) comment() bool {
	from := p.pos + len("<!--")
	n := bytes.Index(p.buf[from:], []byte("--"))
	to := from + n
	if n < 0 {
		to = len(p.buf)
	}
	if !p.checkCharacters(from, to) {
		return false
	}
	if n < 0 || to+2 == len(p.buf) {
		return p.cut("a comment")
	}
	if p.buf[to+2] != '>' {
		return p.fail(to, "-- within a comment")
	}
	p.pos = to + len("-->")
	return true
}

// instruction reads a processing instruction, which is dropped, or the XML
// declaration.
func (p *parser) instruction() bool {
	from := p.pos + len("<?")
	to := p.nameEnd(from)
	if to == len(p.buf) {
		return p.cutName(from)
	}
	n := bytes.Index(p.buf[to:], []byte("?>"))
	end := to + n
	if n < 0 {
		end = len(p.buf)
	}
	if !p.checkTarget(from, to) || !p.checkCharacters(to, end) {
		return false
	}
	if n < 0 {
		return p.cut("a processing instruction")
	}
	if string(p.buf[from:to]) == "xml" && !p.declaration(to, end) {
		return false
	}
	p.pos = end + len("?>")
	return true
}

// checkTarget checks what a processing instruction is for.
func (p *parser) checkTarget(from, to int) bool {
	target := string(p.buf[from:to])
	switch {
	case target == "":
		return p.expect(from, "a name")
	case len(target) > p.limits.Name:
		return p.longName(from)
	case target == "xml" && (p.pos > 0 || p.slid):
		return p.fail(p.pos, "an XML declaration that is not the very beginning of the document")
	case target != "xml" && strings.EqualFold(target, "xml"):
		return p.fail(from, "a processing instruction cannot be named "+target)
	}
	if i := badInName(target); i >= 0 {
		return p.badName(from, i)
	}
	if p.namespaces.processed() && !isNCName(target) {
		return p.fail(from, "a processing instruction cannot have a colon in its name")
	}
	if end, cut := p.starts(to, "?>"); !isSpace(p.buf[to]) && !end && !cut {
		return p.expect(to, "a space or ?>")
	}
	return true
}

// declaration checks the XML declaration, the text of which is given.
func (p *parser) declaration(from, to int) bool {
	d := readDeclaration(p.buf[from:to])
	if d.reason != "" {
		return p.fail(from+d.at, d.reason)
	}
	return true
}

// An xmlDeclaration is what stands at the beginning of a document.
type xmlDeclaration struct {
	encoding string
	at       int // of what is wrong with it
	reason   string
}

// readDeclaration reads an XML declaration between <?xml and ?>.
func readDeclaration(text []byte) (d xmlDeclaration) {
	const order = "version encoding standalone"
	rest, done := text, 0
	for {
		before := len(rest)
		rest = rest[skipSpace(rest, 0):]
		d.at = len(text) - len(rest)
		if len(rest) == 0 {
			break
		}
		name, value, size := pseudoAttribute(rest)
		i := strings.Index(order, name)
		switch {
		case len(rest) == before, size == 0:
			d.reason = `an XML declaration reads <?xml version="1.0" encoding="UTF-8"?>`
		case i < done, done == 0 && name != "version":
			d.reason = "an XML declaration has " + name + " where it cannot be: its order is " + order
		case !goodPseudo(name, value):
			d.reason = "an XML declaration cannot have " + name + ` "` + value + `"`
		}
		if d.reason != "" {
			return d
		}
		if name == "encoding" {
			d.encoding = value
		}
		done, rest = i+1, rest[size:]
	}
	if done == 0 {
		d.reason = `an XML declaration without version="1.0"`
	}
	return d
}

// pseudoAttribute reads name="value"; the size is 0 if there is none.
func pseudoAttribute(b []byte) (name, value string, size int) {
	for _, name = range []string{"version", "encoding", "standalone"} {
		if !bytes.HasPrefix(b, []byte(name)) {
			continue
		}
		i := skipSpace(b, len(name))
		if i == len(b) || b[i] != '=' {
			break
		}
		i = skipSpace(b, i+1)
		if i == len(b) || b[i] != '"' && b[i] != '\'' {
			break
		}
		n := bytes.IndexByte(b[i+1:], b[i])
		if n < 0 {
			break
		}
		return name, string(b[i+1 : i+1+n]), i + n + 2
	}
	return "", "", 0
}

// goodPseudo says whether a value is allowed: versions of the fifth edition are
// all of 1.x, encodings are names in ASCII.
func goodPseudo(name, value string) bool {
	switch name {
	case "version":
		minor, ok := strings.CutPrefix(value, "1.")
		return ok && minor != "" && strings.Trim(minor, "0123456789") == ""
	case "standalone":
		return value == "yes" || value == "no"
	}
	for i := range len(value) {
		c := value[i]
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		other := c >= '0' && c <= '9' || c == '.' || c == '_' || c == '-'
		if !letter && (i == 0 || !other) {
			return false
		}
	}
	return value != ""
}
