package iotmessages

import (
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/runnel/runnel/transform"
)

// An item is attributes by name.
type item map[string]types.AttributeValue

// A typedItem is an item in the JSON of the DynamoDB API, each value an object
// with its type as the one name: {"local_avg": {"N": "5.55"}}.
type typedItem map[string]typedValue

// A typedValue has exactly one of its members (DynamoDB API reference,
// AttributeValue).
type typedValue struct {
	S    *string
	N    *string
	B    []byte
	BOOL *bool
	NULL *bool
	SS   []string
	NS   []string
	BS   [][]byte
	L    []typedValue
	M    typedItem
}

func (t typedItem) item() (item, error) {
	if t == nil {
		return nil, nil
	}
	out := make(item, len(t))
	for name, v := range t {
		value, err := v.value()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", abridge(name), err)
		}
		out[name] = value
	}
	return out, nil
}

var errNotOneType = errors.New(`an attribute value has one type and a value, like {"S": "text"}`)

func (v typedValue) value() (types.AttributeValue, error) {
	if v.members() != 1 {
		return nil, errNotOneType
	}
	switch {
	case v.S != nil:
		return &types.AttributeValueMemberS{Value: *v.S}, nil
	case v.N != nil:
		n, err := transform.Decimal(*v.N)
		return &types.AttributeValueMemberN{Value: n}, err
	case v.B != nil:
		return &types.AttributeValueMemberB{Value: v.B}, nil
	case v.BOOL != nil:
		return &types.AttributeValueMemberBOOL{Value: *v.BOOL}, nil
	case v.NULL != nil:
		return &types.AttributeValueMemberNULL{Value: *v.NULL}, nil
	case v.SS != nil:
		return &types.AttributeValueMemberSS{Value: v.SS}, nil
	case v.NS != nil:
		return &types.AttributeValueMemberNS{Value: v.NS}, nil
	case v.BS != nil:
		return &types.AttributeValueMemberBS{Value: v.BS}, nil
	case v.L != nil:
		return list(v.L)
	}
	m, err := v.M.item()
	return &types.AttributeValueMemberM{Value: m}, err
}

func (v typedValue) members() int {
	n := 0
	for _, there := range [...]bool{
		v.S != nil, v.N != nil, v.B != nil, v.BOOL != nil, v.NULL != nil,
		v.SS != nil, v.NS != nil, v.BS != nil, v.L != nil, v.M != nil,
	} {
		if there {
			n++
		}
	}
	return n
}

func list(typed []typedValue) (types.AttributeValue, error) {
	out := make([]types.AttributeValue, len(typed))
	for i, v := range typed {
		var err error
		if out[i], err = v.value(); err != nil {
			return nil, err
		}
	}
	return &types.AttributeValueMemberL{Value: out}, nil
}
