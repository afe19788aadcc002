package rule

import (
	"math"
	"slices"
	"strings"

	"github.com/runnel/runnel/transform/charset"
	"github.com/runnel/runnel/transform/csv"
	"github.com/runnel/runnel/transform/record"
	"github.com/runnel/runnel/transform/xml"
)

// Formats of documents.
const (
	formatXML      = "xml"
	formatCSV      = "csv"
	formatJSON     = "json"
	formatNDJSON   = "ndjson"
	formatDynamoDB = "dynamodb"
)

// An input is what a rule says of the documents it reads.
type input struct {
	format    string
	charset   string
	each      *string
	separator string
	columns   []string
	xml       xml.Options
	limits    record.Limits
	schema    *schema
}

// records says that a document is a sequence of records, not one thing.
func (in *input) records() bool {
	return in.each != nil || in.format == formatCSV || in.format == formatNDJSON
}

// size is the most bytes that a record, or its result, may have.
func (in *input) size() int {
	if in.limits.Size > 0 {
		return in.limits.Size
	}
	return 256 << 20
}

// The most that a rule may ask for: of values within values, because what works
// on them recurses; of bytes, because they are held.
const (
	maxDepth = 1000
	maxSize  = math.MaxInt32 / 2
)

func (p *parser) input(n *node) input {
	in := input{format: formatXML}
	const key = "input"
	if !p.object(n, key, "format", "charset", "namespaces", "forceList", "each", "separator", "columns", "schema", "limits") {
		return in
	}
	in.format = p.choice(n, key, "format", formatXML, formatCSV, formatJSON, formatNDJSON)
	p.only(n, key, in.format == formatXML, "goes with format xml", "namespaces", "forceList")
	p.only(n, key, in.format == formatCSV, "goes with format csv", "separator", "columns")
	p.only(n, key, in.format == formatXML || in.format == formatJSON,
		"goes with formats xml and json: of the others each line is a record", "each")
	p.only(n, key, in.format != formatCSV, "does not go with format csv: a row has 64 KiB at most", "limits")
	in.charset = p.str(n, key, "charset")
	if err := charset.Check(in.charset); err != nil {
		p.problem(n.get("charset"), "input.charset", "%v", err)
	}
	in.each = p.each(n, in.format)
	in.separator = p.str(n, key, "separator")
	if _, err := csv.ParseSeparator(in.separator); err != nil {
		p.problem(n.get("separator"), "input.separator", "%s", strings.TrimPrefix(err.Error(), "csv: "))
	}
	in.columns = p.strings(n, key, "columns")
	in.schema = p.schema(n, key, in.format == formatXML)
	in.limits = p.limits(n.get("limits"))
	in.xml = xml.Options{
		Charset:    in.charset,
		Namespaces: p.namespaces(n),
		ForceList:  p.forceList(n),
		Limits:     xml.Limits{Depth: in.limits.Depth, Size: in.limits.Size},
	}
	if err := (&xml.Options{Namespaces: in.xml.Namespaces}).Check(); err != nil {
		p.problem(n.get("namespaces"), "input.namespaces", "%v", err)
	}
	return in
}

// only refuses members where they do not go.
func (p *parser) only(n *node, key string, ok bool, reason string, names ...string) {
	if ok {
		return
	}
	for _, m := range n.members {
		if slices.Contains(names, m.name) {
			p.problemAt(m.at, under(key, m.name), "%s", reason)
		}
	}
}

func (p *parser) each(n *node, format string) *string {
	if n.get("each") == nil {
		return nil
	}
	each := p.str(n, "input", "each")
	if format == formatXML && (each == "" || strings.HasPrefix(each, "/") || strings.HasSuffix(each, "/") || strings.Contains(each, "//")) {
		p.problem(n.get("each"), "input.each", "want the path of the repeated element from the root, such as orders/order")
	}
	return &each
}

func (p *parser) forceList(n *node) []string {
	list := p.strings(n, "input", "forceList")
	for i, name := range list {
		if strings.Trim(name, "/") != name || name == "" {
			p.problem(n.get("forceList").elements[i], "input.forceList", "want the name of an element, or its path from the root without a slash at either end")
		}
	}
	return list
}

func (p *parser) namespaces(in *node) xml.Namespaces {
	n := in.get("namespaces")
	switch {
	case n == nil:
		return xml.Namespaces{}
	case n.is('{'):
		return xml.Namespaces{Map: p.prefixes(n)}
	}
	return xml.Namespaces{Strip: p.choice(in, "input", "namespaces", "keep", "strip") == "strip"}
}

func (p *parser) prefixes(n *node) map[string]string {
	const key = "input.namespaces"
	prefixes := make(map[string]string)
	p.isObject(n, key)
	for _, m := range n.members {
		if !m.value.is('"') {
			p.problem(m.value, under(key, m.name), "want the prefix of the namespace, a string")
			continue
		}
		prefixes[m.name] = m.value.text()
	}
	return prefixes
}

func (p *parser) limits(n *node) record.Limits {
	const key = "input.limits"
	if !p.object(n, key, "depth", "size") {
		return record.Limits{}
	}
	return record.Limits{
		Depth: p.integer(n, key, "depth", 1, maxDepth),
		Size:  p.integer(n, key, "size", 1, maxSize),
	}
}
