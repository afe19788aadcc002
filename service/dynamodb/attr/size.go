package attr

import "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

// MaxItemSize is the largest item in bytes, names included (Developer Guide,
// ServiceQuotas).
const MaxItemSize = 400 * 1024

// A list or map counts 3 bytes, and 1 byte for each of its elements (Developer
// Guide, CapacityUnitCalculations).
const (
	collectionOverhead = 3
	elementOverhead    = 1
)

// ItemSize returns the size of an item in bytes as DynamoDB counts it: names
// and values in UTF-8.
func ItemSize(item Item) int {
	n := 0
	for name, v := range item {
		n += len(name) + Size(v)
	}
	return n
}

// Size returns the size of v in bytes as DynamoDB counts it.
func Size(v Value) int {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return len(v.Value)
	case *types.AttributeValueMemberN:
		return numberSize(v.Value)
	case *types.AttributeValueMemberB:
		return len(v.Value)
	case *types.AttributeValueMemberBOOL, *types.AttributeValueMemberNULL:
		return 1
	case *types.AttributeValueMemberSS:
		n := 0
		for _, s := range v.Value {
			n += len(s)
		}
		return n
	case *types.AttributeValueMemberNS:
		n := 0
		for _, s := range v.Value {
			n += numberSize(s)
		}
		return n
	case *types.AttributeValueMemberBS:
		n := 0
		for _, b := range v.Value {
			n += len(b)
		}
		return n
	case *types.AttributeValueMemberL:
		n := collectionOverhead
		for _, e := range v.Value {
			n += elementOverhead + Size(e)
		}
		return n
	case *types.AttributeValueMemberM:
		return collectionOverhead + len(v.Value)*elementOverhead + ItemSize(v.Value)
	}
	return 0
}

// numberSize is 1 byte, 1 more for every two significant digits on either side
// of the decimal point, and 1 for a minus sign. The Developer Guide gives only
// the gist ("Item sizes and formats"); the rest follows public recordings of the
// service, and was not measured by us.
func numberSize(text string) int {
	d, _ := scanDecimal(text)
	whole := max(0, min(len(d.digits), d.exponent+1))
	n := 1 + (whole+1)/2 + (len(d.digits)-whole+1)/2
	if d.negative {
		n++
	}
	return n
}
