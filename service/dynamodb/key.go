package dynamodb

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/runnel/runnel/service/dynamodb/attr"
	"github.com/runnel/runnel/service/dynamodb/expr"
)

// Limits of key values in bytes (Developer Guide, ServiceQuotas).
const (
	maxHashKey  = 2048
	maxRangeKey = 1024
)

// checkKey checks the key of a request against the schema.
func (t *table) checkKey(key attr.Item) error {
	if len(key) != len(t.Key.names()) {
		return errKeySchema
	}
	return t.checkKeyParts(key)
}

// checkKeyParts checks the key attributes of an item of a batch.
func (t *table) checkKeyParts(item attr.Item) error {
	for _, name := range t.Key.names() {
		if attr.TypeOf(item[name]) != t.kind(name) {
			return errKeySchema
		}
	}
	return t.checkKeyValues(item)
}

// checkKeyValues checks the values of the primary key, whose types are right.
func (t *table) checkKeyValues(item attr.Item) error {
	for _, name := range t.Key.names() {
		if what := emptyScalar(item[name]); what != "" {
			return invalid("One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty %s value. Key: %s", what, name)
		}
		if err := checkKeySize(item[name], name == t.Key.Hash); err != nil {
			return err
		}
	}
	return nil
}

// emptyScalar tells what v is empty of: "string", "binary", or "" if it is not.
func emptyScalar(v attr.Value) string {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		if v.Value == "" {
			return "string"
		}
	case *types.AttributeValueMemberB:
		if len(v.Value) == 0 {
			return "binary"
		}
	}
	return ""
}

func checkKeySize(v attr.Value, hash bool) error {
	n := attr.Size(v)
	if hash && n > maxHashKey {
		return invalidParameter("Size of hashkey has exceeded the maximum size limit of2048 bytes")
	}
	if !hash && n > maxRangeKey {
		return invalidParameter("Aggregated size of all range keys has exceeded the size limit of 1024 bytes")
	}
	return nil
}

// checkItem checks the keys of an item that is to be stored, those of indexes
// included.
func (t *table) checkItem(item attr.Item) error {
	for _, name := range t.Key.names() {
		switch v := item[name]; {
		case v == nil:
			return invalidParameter("Missing the key %s in the item", name)
		case attr.TypeOf(v) != t.kind(name):
			return invalidParameter("Type mismatch for key %s expected: %s actual: %s", name, t.kind(name), attr.TypeOf(v))
		}
	}
	if err := t.checkKeyValues(item); err != nil {
		return err
	}
	return t.checkIndexKeys(item)
}

// checkIndexKeys checks those keys of indexes that an item has: global indexes
// first, and the last one first, as AWS does.
func (t *table) checkIndexKeys(item attr.Item) error {
	for _, x := range slices.Backward(t.Indexes) {
		for _, name := range x.Key.names() {
			v := item[name]
			if v == nil {
				continue
			}
			if attr.TypeOf(v) != t.kind(name) {
				return errIndexType(x, name, t.kind(name), attr.TypeOf(v))
			}
			if what := emptyScalar(v); what != "" {
				return invalid("One or more parameter values are not valid. A value specified for a secondary index key is not supported. "+
					"The AttributeValue for a key attribute cannot contain an empty %s value. IndexName: %s, IndexKey: %s", what, x.Name, name)
			}
			if err := checkKeySize(v, name == x.Key.Hash); err != nil {
				return err
			}
		}
	}
	return nil
}

func errIndexType(x *index, name, want, got string) error {
	return invalidParameter("Type mismatch for Index Key %s Expected: %s Actual: %s IndexName: %s", name, want, got, x.Name)
}

// valid reports whether the keys of item are fit for the index: items that were
// there before it need not be, and are left out.
func (x *index) valid(t *table, item attr.Item) bool {
	for _, name := range x.Key.names() {
		v := item[name]
		if attr.TypeOf(v) != t.kind(name) || emptyScalar(v) != "" || checkKeySize(v, name == x.Key.Hash) != nil {
			return false
		}
	}
	return true
}

// checkPaths refuses paths into key attributes, which have no parts.
func (t *table) checkPaths(paths []expr.Path) error {
	for _, p := range paths {
		if len(p) == 1 {
			continue
		}
		const text = "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: %s: %s"
		if t.Key.has(p.Top()) {
			return invalid(text, "Key", p.Top())
		}
		for _, x := range slices.Backward(t.Indexes) {
			if x.Key.has(p.Top()) {
				return invalid(text, "IndexKey", p.Top())
			}
		}
	}
	return nil
}

// keyOf returns the attributes of item that the schemas name.
func keyOf(item attr.Item, schemas ...schema) attr.Item {
	key := make(attr.Item, 4)
	for _, k := range schemas {
		for _, name := range k.names() {
			key[name] = item[name]
		}
	}
	return key
}
