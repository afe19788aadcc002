package iotmessages

import (
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/runnel/runnel/transform"
)

// The API speaks plain JSON, {"local_avg": 5.55}. Numbers go through as they are
// written, never by way of a float.

// A plainItem is an item as the API reads and writes it.
type plainItem map[string]any

func (p plainItem) item() (item, error) {
	if p == nil {
		return nil, nil
	}
	out := make(item, len(p))
	for name, v := range p {
		value, err := fromPlain(v)
		if err != nil {
			return nil, refusal(fmt.Sprintf("%s: %v", name, err))
		}
		out[name] = value
	}
	return out, nil
}

// fromPlain makes an attribute value of what encoding/json makes of JSON when it
// keeps numbers as text.
func fromPlain(v any) (types.AttributeValue, error) {
	switch v := v.(type) {
	case nil:
		return &types.AttributeValueMemberNULL{Value: true}, nil
	case bool:
		return &types.AttributeValueMemberBOOL{Value: v}, nil
	case string:
		return &types.AttributeValueMemberS{Value: v}, nil
	case json.Number:
		n, err := transform.Decimal(string(v))
		return &types.AttributeValueMemberN{Value: n}, err
	case []any:
		list := make([]types.AttributeValue, len(v))
		for i := range v {
			var err error
			if list[i], err = fromPlain(v[i]); err != nil {
				return nil, err
			}
		}
		return &types.AttributeValueMemberL{Value: list}, nil
	case map[string]any:
		m, err := plainItem(v).item()
		return &types.AttributeValueMemberM{Value: m}, err
	}
	return nil, fmt.Errorf("%T is not JSON", v)
}

// plain is an item as the API writes it.
func (i item) plain() plainItem {
	out := make(plainItem, len(i))
	for name, v := range i {
		out[name] = toPlain(v)
	}
	return out
}

// toPlain also takes the types that plain JSON does not have: sets become
// arrays, binary becomes base64.
func toPlain(v types.AttributeValue) any {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return v.Value
	case *types.AttributeValueMemberN:
		return json.Number(v.Value)
	case *types.AttributeValueMemberB:
		return v.Value
	case *types.AttributeValueMemberBOOL:
		return v.Value
	case *types.AttributeValueMemberSS:
		return v.Value
	case *types.AttributeValueMemberNS:
		numbers := make([]json.Number, len(v.Value))
		for i, n := range v.Value {
			numbers[i] = json.Number(n)
		}
		return numbers
	case *types.AttributeValueMemberBS:
		return v.Value
	case *types.AttributeValueMemberL:
		list := make([]any, len(v.Value))
		for i := range v.Value {
			list[i] = toPlain(v.Value[i])
		}
		return list
	case *types.AttributeValueMemberM:
		return item(v.Value).plain()
	}
	return nil
}
