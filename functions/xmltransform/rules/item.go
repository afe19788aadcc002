package rules

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

type item map[string]types.AttributeValue

// Read is a rule by its id, as it stands in the table, not compiled: also one
// that does not compile. The error may be ErrNotFound.
func (t *Table) Read(ctx context.Context, id string) (*Stored, error) {
	if !ValidID(id) {
		return nil, fmt.Errorf("rule %q: %w", clip(id, 64), ErrNotFound)
	}
	out, err := t.db.GetItem(ctx, &dynamodb.GetItemInput{TableName: &t.name, Key: keyOf(id), ConsistentRead: aws.Bool(true)})
	if err != nil {
		return nil, fmt.Errorf("rule %s: %w", id, err)
	}
	if out.Item == nil {
		return nil, fmt.Errorf("rule %q: %w", id, ErrNotFound)
	}
	s, err := item(out.Item).stored()
	if err != nil {
		return nil, fmt.Errorf("rule %s: %w", id, err)
	}
	return s, nil
}

func keyOf(id string) item { return item{"id": text(id)} }

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func number(n int) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.Itoa(n)}
}

func (i item) text(name string) string {
	s, _ := i[name].(*types.AttributeValueMemberS)
	if s == nil {
		return ""
	}
	return s.Value
}

// version is 0 where there is none: rules of the table have versions from 1.
func (i item) version() int {
	n, _ := i["version"].(*types.AttributeValueMemberN)
	if n == nil {
		return 0
	}
	version, err := strconv.Atoi(n.Value)
	if err != nil || version < 0 {
		return 0
	}
	return version
}

// stored reads an item, which may be of somebody else's making: only the
// document is needed, and a time that is none is the zero time.
func (i item) stored() (*Stored, error) {
	document, ok := i["document"].(*types.AttributeValueMemberS)
	if !ok {
		return nil, fmt.Errorf("its item has no string attribute document")
	}
	return &Stored{ID: i.text("id"), Version: i.version(), Updated: i.updated(), Document: []byte(document.Value)}, nil
}

func (i item) updated() time.Time {
	at, _ := time.Parse(time.RFC3339, i.text("updated"))
	return at
}

// clip is the beginning of a text, of n bytes at the most, whole characters.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xC0 == 0x80 {
		n--
	}
	return s[:n] + "…"
}
