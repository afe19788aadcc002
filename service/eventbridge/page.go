package eventbridge

import (
	"bytes"
	"encoding/base64"
	"strconv"

	"github.com/runnel/runnel/store"
)

// maxPage is the most that a list answers with at once.
const maxPage = 100

func itoa(n int) string { return strconv.Itoa(n) }

// page is where a list goes on.
type page struct {
	span  store.Range
	limit int
}

// pageOf is the part of a span that a request asks for. A token is the key
// after which the list goes on.
func pageOf(span store.Range, limit *int32, token *string) (page, error) {
	p := page{span, maxPage}
	if limit != nil {
		switch {
		case *limit < 1:
			return p, errConstraint(*limit, "limit", "Member must have value greater than or equal to 1")
		case *limit > maxPage:
			return p, errConstraint(*limit, "limit", "Member must have value less than or equal to "+itoa(maxPage))
		}
		p.limit = int(*limit)
	}
	if token != nil {
		k, err := base64.RawURLEncoding.DecodeString(*token)
		if err != nil || bytes.Compare(k, span.From) < 0 || span.To != nil && bytes.Compare(k, span.To) >= 0 {
			return p, errParameter("NextToken", "NextToken is invalid.")
		}
		p.span = p.span.After(k)
	}
	return p, nil
}

// read yields the rows of the page to add, which says whether it took one, and
// returns the token of the next page, if there is one.
func (p page) read(tx *store.Tx, add func(k store.Key, row []byte) (bool, error)) (*string, error) {
	n, last := 0, p.span.From
	for k, row := range tx.Scan(p.span) {
		if n == p.limit {
			token := base64.RawURLEncoding.EncodeToString(last)
			return &token, nil
		}
		took, err := add(k, row)
		if err != nil {
			return nil, err
		}
		if took {
			n++
		}
		last = k.Clone()
	}
	return nil, nil
}
