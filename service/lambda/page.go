package lambda

import (
	"encoding/base64"
	"encoding/json"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/runnel/runnel/service/lambda/fault"
	"github.com/runnel/runnel/store"
)

// pageSize is how many items AWS lists at most at once, whatever MaxItems says.
const pageSize = 50

// page is which part of a list a request asks for.
type page struct {
	after store.Key // the last key of the part before
	limit int
}

// newPage reads a request's Marker and MaxItems, and reports these together
// with the faults found before.
func newPage(v *fault.Constraints, marker *string, items *int32, most int32) (page, error) {
	v.Within("maxItems", items, 1, most)
	p := page{limit: pageSize}
	if items != nil {
		p.limit = min(p.limit, int(*items))
	}
	if err := v.Err(); err != nil {
		return p, err
	}
	after, err := base64.RawURLEncoding.DecodeString(aws.ToString(marker))
	if err != nil {
		return p, fault.Invalid("Invalid Marker: %s", *marker)
	}
	p.after = after
	return p, nil
}

// listRows decodes the JSON rows under prefix and gives them to take, which
// reports whether the row is one of those asked for. It returns the marker of
// the next part, nil with the last one.
func listRows[T any](tx *store.Tx, p page, prefix store.Key, take func(store.Key, *T) bool) (*string, error) {
	r := store.Prefix(prefix)
	if len(p.after) > 0 {
		r = r.After(p.after)
	}
	n := 0
	var last store.Key
	for k, v := range tx.Scan(r) {
		row := new(T)
		if err := json.Unmarshal(v, row); err != nil {
			return nil, err
		}
		if n == p.limit {
			// One more may be there: the next part tells.
			return aws.String(base64.RawURLEncoding.EncodeToString(last)), nil
		}
		if take(k, row) {
			n++
		}
		last = k.Clone()
	}
	return nil, nil
}
