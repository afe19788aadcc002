// Package attr knows DynamoDB's attribute values: which are valid, how large
// they count, how they compare, and the bytes that hold them in the store.
//
// A value is the AWS SDK's own types.AttributeValue throughout. Numbers are
// exact decimals of up to 38 significant digits. [Normalize] brings every number
// of a request into its canonical text and every set into its order once, so
// that from then on equal values look equal.
//
// Sources: the Amazon DynamoDB Developer Guide, pages
// HowItWorks.NamingRulesDataTypes, ServiceQuotas and CapacityUnitCalculations.
package attr

import "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

// Value is one attribute value.
type Value = types.AttributeValue

// Item maps attribute names to values.
type Item = map[string]types.AttributeValue

// TypeOf returns the data type descriptor of v (S, N, B, SS, NS, BS, BOOL,
// NULL, L or M), or the empty string for a nil or unknown value.
func TypeOf(v Value) string {
	switch v.(type) {
	case *types.AttributeValueMemberS:
		return "S"
	case *types.AttributeValueMemberN:
		return "N"
	case *types.AttributeValueMemberB:
		return "B"
	case *types.AttributeValueMemberSS:
		return "SS"
	case *types.AttributeValueMemberNS:
		return "NS"
	case *types.AttributeValueMemberBS:
		return "BS"
	case *types.AttributeValueMemberBOOL:
		return "BOOL"
	case *types.AttributeValueMemberNULL:
		return "NULL"
	case *types.AttributeValueMemberL:
		return "L"
	case *types.AttributeValueMemberM:
		return "M"
	}
	return ""
}

// Clone returns a copy of v that shares no mutable part with it. Scalars are
// never changed in place, so they are not copied.
func Clone(v Value) Value {
	switch v := v.(type) {
	case *types.AttributeValueMemberSS:
		return &types.AttributeValueMemberSS{Value: append([]string(nil), v.Value...)}
	case *types.AttributeValueMemberNS:
		return &types.AttributeValueMemberNS{Value: append([]string(nil), v.Value...)}
	case *types.AttributeValueMemberBS:
		return &types.AttributeValueMemberBS{Value: append([][]byte(nil), v.Value...)}
	case *types.AttributeValueMemberL:
		list := make([]Value, len(v.Value))
		for i, e := range v.Value {
			list[i] = Clone(e)
		}
		return &types.AttributeValueMemberL{Value: list}
	case *types.AttributeValueMemberM:
		return &types.AttributeValueMemberM{Value: CloneItem(v.Value)}
	}
	return v
}

// CloneItem returns a copy of item that shares no mutable part with it.
func CloneItem(item Item) Item {
	if item == nil {
		return nil
	}
	out := make(Item, len(item))
	for name, v := range item {
		out[name] = Clone(v)
	}
	return out
}
