package attr

import (
	"bytes"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Compare orders two normalized scalars of one type, S, N or B; strings by
// their UTF-8 bytes, binaries by unsigned bytes. ok is false for everything
// else, which DynamoDB does not order.
func Compare(a, b Value) (order int, ok bool) {
	switch a := a.(type) {
	case *types.AttributeValueMemberS:
		if b, ok := b.(*types.AttributeValueMemberS); ok {
			return strings.Compare(a.Value, b.Value), true
		}
	case *types.AttributeValueMemberN:
		if b, ok := b.(*types.AttributeValueMemberN); ok {
			return CompareNumbers(a.Value, b.Value), true
		}
	case *types.AttributeValueMemberB:
		if b, ok := b.(*types.AttributeValueMemberB); ok {
			return bytes.Compare(a.Value, b.Value), true
		}
	}
	return 0, false
}

// Equal reports whether two normalized values are of one type and equal.
func Equal(a, b Value) bool {
	switch a := a.(type) {
	case *types.AttributeValueMemberS, *types.AttributeValueMemberN, *types.AttributeValueMemberB:
		order, ok := Compare(a, b)
		return ok && order == 0
	case *types.AttributeValueMemberBOOL:
		b, ok := b.(*types.AttributeValueMemberBOOL)
		return ok && a.Value == b.Value
	case *types.AttributeValueMemberNULL:
		_, ok := b.(*types.AttributeValueMemberNULL)
		return ok
	case *types.AttributeValueMemberSS:
		b, ok := b.(*types.AttributeValueMemberSS)
		return ok && slices.Equal(a.Value, b.Value)
	case *types.AttributeValueMemberNS:
		b, ok := b.(*types.AttributeValueMemberNS)
		return ok && slices.Equal(a.Value, b.Value)
	case *types.AttributeValueMemberBS:
		b, ok := b.(*types.AttributeValueMemberBS)
		return ok && slices.EqualFunc(a.Value, b.Value, bytes.Equal)
	case *types.AttributeValueMemberL:
		b, ok := b.(*types.AttributeValueMemberL)
		return ok && slices.EqualFunc(a.Value, b.Value, Equal)
	case *types.AttributeValueMemberM:
		b, ok := b.(*types.AttributeValueMemberM)
		return ok && EqualItems(a.Value, b.Value)
	}
	return false
}

// EqualItems reports whether two normalized items have equal attributes.
func EqualItems(a, b Item) bool {
	if len(a) != len(b) {
		return false
	}
	for name, v := range a {
		if w, ok := b[name]; !ok || !Equal(v, w) {
			return false
		}
	}
	return true
}

// Contains reports whether v holds needle: a string or binary as a part, a set
// or list as a member.
func Contains(v, needle Value) bool {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		n, ok := needle.(*types.AttributeValueMemberS)
		return ok && strings.Contains(v.Value, n.Value)
	case *types.AttributeValueMemberB:
		n, ok := needle.(*types.AttributeValueMemberB)
		return ok && bytes.Contains(v.Value, n.Value)
	case *types.AttributeValueMemberSS:
		n, ok := needle.(*types.AttributeValueMemberS)
		return ok && slices.Contains(v.Value, n.Value)
	case *types.AttributeValueMemberNS:
		n, ok := needle.(*types.AttributeValueMemberN)
		return ok && slices.Contains(v.Value, n.Value)
	case *types.AttributeValueMemberBS:
		n, ok := needle.(*types.AttributeValueMemberB)
		return ok && slices.ContainsFunc(v.Value, func(m []byte) bool { return bytes.Equal(m, n.Value) })
	case *types.AttributeValueMemberL:
		return slices.ContainsFunc(v.Value, func(e Value) bool { return Equal(e, needle) })
	}
	return false
}

// HasPrefix reports whether v and prefix are both strings or both binaries and
// v begins with prefix.
func HasPrefix(v, prefix Value) bool {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		p, ok := prefix.(*types.AttributeValueMemberS)
		return ok && strings.HasPrefix(v.Value, p.Value)
	case *types.AttributeValueMemberB:
		p, ok := prefix.(*types.AttributeValueMemberB)
		return ok && bytes.HasPrefix(v.Value, p.Value)
	}
	return false
}

// Length returns what the function size means by the size of v: characters of
// a string, bytes of a binary, members of a set, elements of a list or map. ok
// is false for the types that have no such size.
func Length(v Value) (n int, ok bool) {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return len([]rune(v.Value)), true
	case *types.AttributeValueMemberB:
		return len(v.Value), true
	case *types.AttributeValueMemberSS:
		return len(v.Value), true
	case *types.AttributeValueMemberNS:
		return len(v.Value), true
	case *types.AttributeValueMemberBS:
		return len(v.Value), true
	case *types.AttributeValueMemberL:
		return len(v.Value), true
	case *types.AttributeValueMemberM:
		return len(v.Value), true
	}
	return 0, false
}
