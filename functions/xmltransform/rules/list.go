package rules

import (
	"context"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// A Listed is a rule in a list.
type Listed struct {
	ID          string `json:"id"`
	Version     int    `json:"version"`
	Description string `json:"description"` // its beginning, if it is long
	Updated     string `json:"updated"`     // RFC 3339
}

// A Page is a part of the table, its rules sorted by their ids. Pages are not in
// the order of their ids. Next is the token of the next page, "" after the last;
// a page that is not the last may have fewer rules than the limit, or none.
type Page struct {
	Rules []Listed `json:"rules"`
	Next  string   `json:"next,omitempty"`
}

// ErrToken is a token that no page gave out.
var ErrToken = errors.New("next is not a token that this API gave out")

// List is a page of at most limit rules, the first for the token "".
func (t *Table) List(ctx context.Context, limit int32, next string) (Page, error) {
	in := &dynamodb.ScanInput{
		TableName: &t.name, Limit: &limit,
		ProjectionExpression:     aws.String("#id, #version, #description, #updated"),
		ExpressionAttributeNames: map[string]string{"#id": "id", "#version": "version", "#description": "description", "#updated": "updated"},
	}
	if next != "" {
		after, err := readToken(next)
		if err != nil {
			return Page{}, err
		}
		in.ExclusiveStartKey = keyOf(after)
	}
	out, err := t.db.Scan(ctx, in)
	if err != nil {
		return Page{}, err
	}
	p := Page{Rules: make([]Listed, len(out.Items))}
	for n, i := range out.Items {
		p.Rules[n] = item(i).listed()
	}
	slices.SortFunc(p.Rules, func(a, b Listed) int { return strings.Compare(a.ID, b.ID) })
	if last := item(out.LastEvaluatedKey).text("id"); last != "" {
		p.Next = writeToken(last)
	}
	return p, nil
}

func (i item) listed() Listed {
	return Listed{ID: i.text("id"), Version: i.version(), Description: i.text("description"), Updated: i.text("updated")}
}

// The token of the next page is the last key of this one. It may be any key
// that an item can have (1 to 2048 bytes, DynamoDB Developer Guide, quotas):
// others write into the table too.
func writeToken(id string) string { return base64.RawURLEncoding.EncodeToString([]byte(id)) }

func readToken(token string) (string, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(b) == 0 || len(b) > 2048 || !utf8.Valid(b) {
		return "", ErrToken
	}
	return string(b), nil
}
