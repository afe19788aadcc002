// Package rules keeps the customers' rules in a DynamoDB table: one item a rule,
// its key the id.
//
//	id           S  the key
//	version      N  1 at first, and one more with every change
//	document     S  the rule as the customer wrote it
//	description  S  the document's, or its beginning, for lists
//	updated      S  when it was last changed, RFC 3339
//
// A rule is checked before it is stored: it compiles, and passes its own cases.
// Every write is one conditional write of the table, so that of two who change
// the same version one succeeds and the other learns of it.
package rules

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/runnel/runnel/functions/xmltransform/place"
	"github.com/runnel/runnel/transform/rule"
)

// A Stored is a rule of the table.
type Stored struct {
	ID       string
	Version  int
	Updated  time.Time
	Document []byte // as the customer wrote it; whatever version it says, the table's counts
	// Rule is compiled, with the ID and the version of the table. Only of
	// what Read returns it is nil.
	*rule.Rule
}

// RuleOf is how a file tells that it was converted by the rule: nil where there was
// none to choose.
func (s *Stored) RuleOf() *place.RuleOf {
	if s == nil || s.ID == "" {
		return nil
	}
	return &place.RuleOf{ID: s.ID, Version: s.Version}
}

// A Table is the table of rules. It is safe for use by several goroutines.
type Table struct {
	db   *dynamodb.Client
	name string
	kept compiled
}

// New is a table of rules.
func New(db *dynamodb.Client, table string) *Table { return &Table{db: db, name: table} }

// ErrNotFound is a rule that is not in the table.
var ErrNotFound = errors.New("there is no such rule")

var idForm = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)

// ValidID tells whether a rule can have the id.
func ValidID(s string) bool { return idForm.MatchString(s) }

// Get is a rule by its id, compiled; the error may be ErrNotFound, or
// rule.Problems of a rule that somebody wrote into the table unchecked. What was
// compiled is kept as long as its version is the table's.
func (t *Table) Get(ctx context.Context, id string) (*Stored, error) {
	s, err := t.Read(ctx, id)
	if err != nil {
		return nil, err
	}
	if s.Rule, err = t.kept.compile(s); err != nil {
		return nil, fmt.Errorf("the rule %s: %w", id, err)
	}
	return s, nil
}

// Of is the rule of a file: the one that is named, which must exist; else that
// of the first folder of the file's key, if there is one; else the fallback,
// which must exist; else that of no rule, the plain dictionary, whose ID is "".
// A name or a fallback of "" is none.
func (t *Table) Of(ctx context.Context, named, key, fallback string) (*Stored, error) {
	if named != "" {
		return t.Get(ctx, named)
	}
	if folder := place.Folder(key); ValidID(folder) {
		if s, err := t.Get(ctx, folder); !errors.Is(err, ErrNotFound) {
			return s, err
		}
	}
	if fallback != "" {
		return t.Get(ctx, fallback)
	}
	return &Stored{Rule: rule.Identity()}, nil
}
