package attr

import (
	"errors"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// maxLevel is how deep lists and maps nest: an attribute's own value is at level
// 1 (Developer Guide, ServiceQuotas).
const maxLevel = 32

// What AWS answers to a value it does not take.
var (
	ErrEmpty   = errors.New("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes")
	ErrSeveral = errors.New("Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes")
	ErrNesting = errors.New("Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit")
	errNull    = errors.New("One or more parameter values were invalid: Null attribute value types must have the value of true")
	errUTF8    = errors.New("One or more parameter values were invalid: Strings must be valid UTF-8")
	errName    = errors.New("Empty attribute name")
)

// NormalizeItem is [Normalize] for all attributes of an item or a key.
func NormalizeItem(item Item) error {
	for name, v := range item {
		if name == "" {
			return errName
		}
		if err := normalize(v, 1); err != nil {
			return err
		}
	}
	return nil
}

// Normalize checks v and brings its numbers and sets into their canonical form,
// in place. The error's text is for the client.
func Normalize(v Value) error { return normalize(v, 1) }

func normalize(v Value, level int) error {
	if level > maxLevel {
		return ErrNesting
	}
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		if !utf8.ValidString(v.Value) {
			return errUTF8
		}
		return nil
	case *types.AttributeValueMemberN:
		text, err := ParseNumber(v.Value)
		v.Value = text
		return err
	case *types.AttributeValueMemberB, *types.AttributeValueMemberBOOL:
		return nil
	case *types.AttributeValueMemberNULL:
		if !v.Value {
			return errNull
		}
		return nil
	case *types.AttributeValueMemberSS:
		return normalizeStrings(v.Value)
	case *types.AttributeValueMemberNS:
		return normalizeNumbers(v.Value)
	case *types.AttributeValueMemberBS:
		return normalizeBinaries(v.Value)
	case *types.AttributeValueMemberL:
		for _, e := range v.Value {
			if err := normalize(e, level+1); err != nil {
				return err
			}
		}
		return nil
	case *types.AttributeValueMemberM:
		for _, e := range v.Value {
			if err := normalize(e, level+1); err != nil {
				return err
			}
		}
		return nil
	case *types.UnknownUnionMember: // what the codec makes of several members, or a strange one
		if v.Tag == "" {
			return ErrSeveral
		}
	}
	return ErrEmpty
}

// CheckNesting returns [ErrNesting] if the values of item nest too deep, as an
// update of a nested attribute may cause.
func CheckNesting(item Item) error {
	for _, v := range item {
		if nests(v, 1) {
			return ErrNesting
		}
	}
	return nil
}

func nests(v Value, level int) bool {
	if level > maxLevel {
		return true
	}
	switch v := v.(type) {
	case *types.AttributeValueMemberL:
		for _, e := range v.Value {
			if nests(e, level+1) {
				return true
			}
		}
	case *types.AttributeValueMemberM:
		for _, e := range v.Value {
			if nests(e, level+1) {
				return true
			}
		}
	}
	return false
}
