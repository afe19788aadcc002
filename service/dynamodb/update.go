package dynamodb

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/runnel/runnel/service/dynamodb/attr"
	"github.com/runnel/runnel/service/dynamodb/capacity"
	"github.com/runnel/runnel/service/dynamodb/expr"
	"github.com/runnel/runnel/store"
)

// UpdateItem changes attributes of an item, and makes the item if there is none.
func (s *Service) UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput) (*dynamodb.UpdateItemOutput, error) {
	g := guard{
		condition: in.ConditionExpression, names: in.ExpressionAttributeNames, values: in.ExpressionAttributeValues,
		expected: in.Expected, operator: in.ConditionalOperator, onFailure: in.ReturnValuesOnConditionCheckFailure,
	}
	condition, update, err := checkUpdateItem(in, g)
	if err != nil {
		return nil, err
	}
	out := &dynamodb.UpdateItemOutput{}
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		t := s.load(tx, tableName(in.TableName))
		if t == nil {
			return errTable()
		}
		if err := t.checkUpdate(in.Key, update); err != nil {
			return err
		}
		w := newWriter(tx, t)
		defer w.close()
		primary := t.primary(in.Key)
		old := w.get(primary)
		if err := w.check(g, condition, old); err != nil {
			return err
		}
		before, after, err := w.update(primary, old, in.Key, update)
		if err != nil {
			return err
		}
		out.Attributes = returned(in.ReturnValues, update, before, after)
		out.ConsumedCapacity = w.used.Report(&out.ResultMetadata, in.ReturnConsumedCapacity, t.Name, capacity.Write)
		return nil
	})
	return out, err
}

func checkUpdateItem(in *dynamodb.UpdateItemInput, g guard) (*expr.Condition, *expr.Update, error) {
	var c constraints
	c.capacity(in.ReturnConsumedCapacity)
	c.table(in.TableName)
	c.metrics(in.ReturnItemCollectionMetrics)
	c.returnValues(in.ReturnValues)
	c.operator(in.ConditionalOperator)
	c.present("key", in.Key != nil)
	c.expected(in.Expected)
	for _, name := range sortedNames(in.AttributeUpdates) {
		enum(&c, "attributeUpdates."+name+".member.action", in.AttributeUpdates[name].Action, types.AttributeActionAdd, types.AttributeActionPut, types.AttributeActionDelete)
	}
	c.onFailure(in.ReturnValuesOnConditionCheckFailure)
	if err := c.err(); err != nil {
		return nil, nil, err
	}
	condition, update, err := g.checkUpdate(in)
	return condition, update, enveloped(err)
}

func (g guard) checkUpdate(in *dynamodb.UpdateItemInput) (*expr.Condition, *expr.Update, error) {
	legacy := []parameter{{"AttributeUpdates", in.AttributeUpdates != nil}, {"Expected", in.Expected != nil}}
	expressions := []parameter{{expr.UpdateExpression, in.UpdateExpression != nil}, {expr.ConditionExpression, in.ConditionExpression != nil}}
	if err := checkMix(legacy, expressions); err != nil {
		return nil, nil, err
	}
	names, err := placeholders(g.names, g.values, expressions)
	if err != nil {
		return nil, nil, err
	}
	if err := attr.NormalizeItem(in.Key); err != nil {
		return nil, nil, err
	}
	var update *expr.Update
	if in.UpdateExpression != nil {
		update, err = expr.ParseUpdate(*in.UpdateExpression, names)
	} else {
		update, err = expr.LegacyUpdates(in.AttributeUpdates)
	}
	if err != nil {
		return nil, nil, err
	}
	condition, err := g.parse(names)
	if err != nil {
		return nil, nil, err
	}
	return condition, update, names.Unused()
}

// checkUpdate checks a key, and an update against the schemas.
func (t *table) checkUpdate(key attr.Item, u *expr.Update) error {
	if err := t.checkKey(key); err != nil {
		return err
	}
	for _, p := range u.Paths() {
		if t.Key.has(p.Top()) {
			return invalidParameter("Cannot update attribute %s. This attribute is part of the key", p.Top())
		}
	}
	for _, x := range slices.Backward(t.Indexes) {
		for _, name := range x.Key.names() {
			if kind := u.Gives(name); kind != "" && kind != t.kind(name) {
				return errIndexType(x, name, t.kind(name), kind)
			}
		}
	}
	return t.checkPaths(u.Paths())
}

// checkUpdated checks those keys of indexes that u has changed in item: what
// checkUpdate could not know before the item was read. What u left alone may be
// unfit for an index that came after it.
func (t *table) checkUpdated(item attr.Item, u *expr.Update) error {
	for _, x := range slices.Backward(t.Indexes) {
		for _, name := range x.Key.names() {
			v := item[name]
			if v == nil || !u.Changes(name) {
				continue
			}
			if attr.TypeOf(v) != t.kind(name) {
				return invalid("The update expression attempted to update the secondary index key to unsupported type")
			}
			if what := emptyScalar(v); what != "" {
				return invalid("One or more parameter values are not valid. The update expression attempted to update a secondary index key to a value that is not supported. "+
					"The AttributeValue for a key attribute cannot contain an empty %s value.", what)
			}
			if err := checkKeySize(v, name == x.Key.Hash); err != nil {
				return err
			}
		}
	}
	return nil
}

// update applies u to the item whose row is old, or to a new one. Both items are
// nil if there is none and u makes none.
func (w *writer) update(primary, old []byte, key attr.Item, u *expr.Update) (before, after attr.Item, err error) {
	if old == nil && !u.Creates() {
		w.used.Table = capacity.WriteUnits(0)
		return nil, nil, nil
	}
	if before, err = w.t.decodeOld(old); err != nil {
		return nil, nil, err
	}
	if after = attr.CloneItem(before); after == nil {
		after = attr.CloneItem(key)
	}
	if err := u.Apply(after); err != nil {
		return nil, nil, asInvalid(err)
	}
	if err := w.t.checkUpdated(after, u); err != nil {
		return nil, nil, err
	}
	if err := attr.CheckNesting(after); err != nil {
		return nil, nil, asInvalid(err)
	}
	row, size := encodeRow(after)
	if size > attr.MaxItemSize {
		return nil, nil, errNewSize
	}
	return before, after, w.put(primary, old, after, row)
}

// returned is the answer to ReturnValues.
func returned(asked types.ReturnValue, u *expr.Update, before, after attr.Item) attr.Item {
	var item attr.Item
	switch asked {
	case types.ReturnValueAllOld:
		return before
	case types.ReturnValueAllNew:
		return after
	case types.ReturnValueUpdatedOld:
		item = before
	case types.ReturnValueUpdatedNew:
		item = after
	}
	if item == nil || len(u.Paths()) == 0 {
		return nil
	}
	if item = expr.NewProjection(u.Paths()).Of(item); len(item) == 0 {
		return nil
	}
	return item
}
