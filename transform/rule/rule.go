package rule

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/runnel/runnel/transform"
)

// A Rule is a document that was read, checked and compiled. It is safe for use
// by several goroutines.
type Rule struct {
	// ID and Version name the rule; a rule in a file may have neither.
	ID          string
	Version     int
	Description string

	input      input
	fields     *field // of the output, nil for the dictionary itself
	required   []*required
	output     output
	quarantine bool
	cases      []testCase
	usesHead   bool

	lints   Problems           // found while reading
	inputAt transform.Position // of the input in the text
}

// Identity is the rule that has none: the dictionary of an XML document as JSON.
func Identity() *Rule {
	r, err := Parse([]byte("{}"))
	if err != nil {
		panic(err) // the empty rule is a rule
	}
	return r
}

// ContentType is the media type of what Run writes.
func (r *Rule) ContentType() string {
	if r.output.format == formatJSON {
		return "application/json"
	}
	return "application/x-ndjson"
}

// Problems are what is wrong with a rule.
type Problems []Problem

func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i := range p {
		lines[i] = p[i].String()
	}
	return strings.Join(lines, "\n")
}

// A Problem is something wrong with a rule, or, from Lint, something doubtful.
type Problem struct {
	transform.Position        // in the rule's text
	Key                string `json:"key,omitempty"`    // the rule's, such as map.customer.name
	Query              string `json:"query,omitempty"`  // the jq expression
	Offset             int    `json:"offset,omitempty"` // of a character in the query, from 1
	Reason             string `json:"reason"`
}

// String is the problem in a line: where, under what key, and why.
func (p Problem) String() string {
	return line(p.Position, 0, p.Key, p.Offset, "", p.Reason)
}

// A Failure is something wrong with a record, and why.
type Failure struct {
	Record int `json:"record,omitempty"` // from 1, in a document that has records
	transform.Position
	Key    string `json:"key,omitempty"`    // the rule's: map.total, required.id, input.schema, output.schema
	Query  string `json:"query,omitempty"`  // the jq expression that failed
	Offset int    `json:"offset,omitempty"` // of a character in the query, from 1, where it is known
	Path   string `json:"path,omitempty"`   // of the value in the record or result, as a JSON pointer
	Reason string `json:"reason"`
}

func (f Failure) Error() string {
	return line(f.Position, f.Record, f.Key, f.Offset, f.Path, f.Reason)
}

// line writes what is known of a problem or a failure, the rest left out.
func line(at transform.Position, record int, key string, offset int, path, reason string) string {
	var parts []string
	if at != (transform.Position{}) {
		parts = append(parts, at.String())
	}
	if record > 0 {
		parts = append(parts, "record "+strconv.Itoa(record))
	}
	if key != "" && offset > 0 {
		key += " (jq at " + strconv.Itoa(offset) + ")"
	}
	for _, s := range []string{key, path} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(append(parts, reason), ": ")
}

// Rejected is a document that the rule does not let pass.
type Rejected struct {
	Failures []Failure // at least one; not more than some dozens
}

func (r *Rejected) Error() string {
	text := r.Failures[0].Error()
	switch n := len(r.Failures) - 1; n {
	case 0:
		return text
	case 1:
		return text + " (and 1 more failure)"
	default:
		return text + " (and " + strconv.Itoa(n) + " more failures)"
	}
}

// Quarantined is a record that was left out of the result.
type Quarantined struct {
	Failures []Failure       `json:"failures"`
	Input    json.RawMessage `json:"input"` // the record, or a string of its text where it could not be read
}

// Options of a run.
type Options struct {
	// Quarantine takes the records that a rule with onError "quarantine"
	// leaves out. Its error ends the run. nil drops them.
	Quarantine func(Quarantined) error
	// Size is the most bytes that a document which is held as a whole, or a
	// record, may have, where that is less than the rule says; 0 is no such
	// limit. A document takes about six times its size in memory.
	Size int
	// Patience is how long the jq of one record may take, 0 for a minute. Of a
	// record that takes longer the document is rejected, whatever onError says:
	// the next would take as long.
	Patience time.Duration
}

// A Summary is what became of a document.
type Summary struct {
	Records     int `json:"records"`     // written
	Quarantined int `json:"quarantined"` // left out
}
