package attr

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// What AWS answers to a set it does not take.
var (
	errEmptySS     = errors.New("One or more parameter values were invalid: An string set  may not be empty")
	errEmptyNS     = errors.New("One or more parameter values were invalid: An number set  may not be empty")
	errEmptyBS     = errors.New("One or more parameter values were invalid: Binary sets should not be empty")
	errDuplicateNS = errors.New("One or more parameter values were invalid: Input collection contains duplicates.")
)

// The order of members is the service's own: strings and binaries by their
// bytes, numbers by value. Empty members are fine, empty sets are not.

func normalizeStrings(set []string) error {
	switch {
	case len(set) == 0:
		return errEmptySS
	case !slices.ContainsFunc(set, invalidUTF8) && sortSet(set, strings.Compare):
		return nil
	case slices.ContainsFunc(set, invalidUTF8):
		return errUTF8
	}
	quoted := duplicateView(set, strings.Compare, func(s string) string { return `"` + s + `"` })
	return fmt.Errorf("One or more parameter values were invalid: Input collection [%s] contains duplicates.", strings.Join(quoted, ", "))
}

func invalidUTF8(s string) bool { return !utf8.ValidString(s) }

func normalizeNumbers(set []string) error {
	if len(set) == 0 {
		return errEmptyNS
	}
	for i := range set {
		text, err := ParseNumber(set[i])
		if err != nil {
			return err
		}
		set[i] = text
	}
	if !sortSet(set, CompareNumbers) {
		return errDuplicateNS
	}
	return nil
}

func normalizeBinaries(set [][]byte) error {
	if len(set) == 0 {
		return errEmptyBS
	}
	if sortSet(set, bytes.Compare) {
		return nil
	}
	quoted := duplicateView(set, bytes.Compare, func(b []byte) string { return `"` + base64.StdEncoding.EncodeToString(b) + `"` })
	return fmt.Errorf("One or more parameter values were invalid: Input collection [%s]of type BS contains duplicates.", strings.Join(quoted, ","))
}

// sortSet sorts set in place, unless it holds duplicates: then it is left as it
// was sent, for the message, and sortSet returns false.
func sortSet[E any](set []E, compare func(a, b E) int) bool {
	sorted := slices.SortedFunc(slices.Values(set), compare)
	for i := 1; i < len(sorted); i++ {
		if compare(sorted[i-1], sorted[i]) == 0 {
			return false
		}
	}
	copy(set, sorted)
	return true
}

// duplicateView lists a set with duplicates as AWS does in its message: sorted
// up to the first repeat, then the repeat and the rest as sent.
func duplicateView[E any](set []E, compare func(a, b E) int, quote func(E) string) []string {
	repeat := 1
	for repeat < len(set) && !slices.ContainsFunc(set[:repeat], func(e E) bool { return compare(e, set[repeat]) == 0 }) {
		repeat++
	}
	view := append(slices.SortedFunc(slices.Values(set[:repeat]), compare), set[repeat:]...)
	quoted := make([]string, len(view))
	for i, e := range view {
		quoted[i] = quote(e)
	}
	return quoted
}

// Union returns the set of the members of a and of b, two sets of one type. ok
// is false if they are not.
func Union(a, b Value) (set Value, ok bool) {
	switch a := a.(type) {
	case *types.AttributeValueMemberSS:
		if b, ok := b.(*types.AttributeValueMemberSS); ok {
			return &types.AttributeValueMemberSS{Value: union(a.Value, b.Value, strings.Compare)}, true
		}
	case *types.AttributeValueMemberNS:
		if b, ok := b.(*types.AttributeValueMemberNS); ok {
			return &types.AttributeValueMemberNS{Value: union(a.Value, b.Value, CompareNumbers)}, true
		}
	case *types.AttributeValueMemberBS:
		if b, ok := b.(*types.AttributeValueMemberBS); ok {
			return &types.AttributeValueMemberBS{Value: union(a.Value, b.Value, bytes.Compare)}, true
		}
	}
	return nil, false
}

// Difference returns the set of those members of a that are not in b, two sets
// of one type, or nil if none is left: DynamoDB has no empty sets. ok is false
// if they are not two sets of one type.
func Difference(a, b Value) (set Value, ok bool) {
	switch a := a.(type) {
	case *types.AttributeValueMemberSS:
		if b, ok := b.(*types.AttributeValueMemberSS); ok {
			if rest := difference(a.Value, b.Value, strings.Compare); len(rest) > 0 {
				return &types.AttributeValueMemberSS{Value: rest}, true
			}
			return nil, true
		}
	case *types.AttributeValueMemberNS:
		if b, ok := b.(*types.AttributeValueMemberNS); ok {
			if rest := difference(a.Value, b.Value, CompareNumbers); len(rest) > 0 {
				return &types.AttributeValueMemberNS{Value: rest}, true
			}
			return nil, true
		}
	case *types.AttributeValueMemberBS:
		if b, ok := b.(*types.AttributeValueMemberBS); ok {
			if rest := difference(a.Value, b.Value, bytes.Compare); len(rest) > 0 {
				return &types.AttributeValueMemberBS{Value: rest}, true
			}
			return nil, true
		}
	}
	return nil, false
}

// union merges two normalized sets.
func union[E any](a, b []E, compare func(a, b E) int) []E {
	all := slices.SortedFunc(slices.Values(slices.Concat(a, b)), compare)
	return slices.CompactFunc(all, func(x, y E) bool { return compare(x, y) == 0 })
}

// difference takes the members of b, a normalized set, out of a.
func difference[E any](a, b []E, compare func(a, b E) int) []E {
	var rest []E
	for _, e := range a {
		if _, found := slices.BinarySearchFunc(b, e, compare); !found {
			rest = append(rest, e)
		}
	}
	return rest
}
