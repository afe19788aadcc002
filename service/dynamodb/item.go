package dynamodb

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/runnel/runnel/service/dynamodb/attr"
	"github.com/runnel/runnel/service/dynamodb/capacity"
	"github.com/runnel/runnel/service/dynamodb/expr"
	"github.com/runnel/runnel/store"
)

// GetItem reads an item by its key.
func (s *Service) GetItem(ctx context.Context, in *dynamodb.GetItemInput) (*dynamodb.GetItemOutput, error) {
	projection, err := checkGetItem(in)
	if err != nil {
		return nil, err
	}
	out := &dynamodb.GetItemOutput{}
	err = s.store.View(ctx, func(tx *store.Tx) error {
		t := s.load(tx, tableName(in.TableName))
		if t == nil {
			return errTable()
		}
		if err := t.checkKey(in.Key); err != nil {
			return err
		}
		if err := t.checkPaths(projection.Paths()); err != nil {
			return err
		}
		row, ok := tx.Get(t.rows.Raw(t.primary(in.Key)))
		if ok {
			item, err := t.decodeRow(row)
			if err != nil {
				return err
			}
			out.Item = projection.Of(item)
		}
		used := capacity.Used{Table: capacity.ReadUnits(max(1, rowSize(row)), in.ConsistentRead != nil && *in.ConsistentRead)}
		out.ConsumedCapacity = used.Report(&out.ResultMetadata, in.ReturnConsumedCapacity, t.Name, capacity.Read)
		return nil
	})
	return out, err
}

func checkGetItem(in *dynamodb.GetItemInput) (*expr.Projection, error) {
	var c constraints
	c.capacity(in.ReturnConsumedCapacity)
	c.table(in.TableName)
	c.present("key", in.Key != nil)
	c.attributesToGet(in.AttributesToGet)
	if err := c.err(); err != nil {
		return nil, err
	}
	expressions := []parameter{{expr.ProjectionExpression, in.ProjectionExpression != nil}}
	if err := checkMix([]parameter{{"AttributesToGet", in.AttributesToGet != nil}}, expressions); err != nil {
		return nil, err
	}
	names, err := placeholders(in.ExpressionAttributeNames, nil, expressions)
	if err == nil {
		err = attr.NormalizeItem(in.Key)
	}
	var projection *expr.Projection
	if err == nil {
		projection, err = selection(in.ProjectionExpression, in.AttributesToGet, names)
	}
	if err == nil {
		err = names.Unused()
	}
	return projection, asInvalid(err)
}

// PutItem stores an item, in place of the one that has its key.
func (s *Service) PutItem(ctx context.Context, in *dynamodb.PutItemInput) (*dynamodb.PutItemOutput, error) {
	g := guard{
		condition: in.ConditionExpression, names: in.ExpressionAttributeNames, values: in.ExpressionAttributeValues,
		expected: in.Expected, operator: in.ConditionalOperator, onFailure: in.ReturnValuesOnConditionCheckFailure,
	}
	condition, err := checkPutItem(in, g)
	if err != nil {
		return nil, err
	}
	row, size := encodeRow(in.Item)
	if size > attr.MaxItemSize {
		return nil, errItemSize
	}
	out := &dynamodb.PutItemOutput{}
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		t := s.load(tx, tableName(in.TableName))
		if t == nil {
			return errTable()
		}
		if err := t.checkItem(in.Item); err != nil {
			return err
		}
		w := newWriter(tx, t)
		defer w.close()
		primary := t.primary(in.Item)
		old := w.get(primary)
		if err := w.check(g, condition, old); err != nil {
			return err
		}
		if err := w.put(primary, old, in.Item, row); err != nil {
			return err
		}
		out.ConsumedCapacity = w.used.Report(&out.ResultMetadata, in.ReturnConsumedCapacity, t.Name, capacity.Write)
		if in.ReturnValues == types.ReturnValueAllOld {
			out.Attributes, err = t.decodeOld(old)
		}
		return err
	})
	return out, err
}

func checkPutItem(in *dynamodb.PutItemInput, g guard) (*expr.Condition, error) {
	var c constraints
	c.capacity(in.ReturnConsumedCapacity)
	c.table(in.TableName)
	c.present("item", in.Item != nil)
	c.metrics(in.ReturnItemCollectionMetrics)
	c.returnValues(in.ReturnValues)
	c.operator(in.ConditionalOperator)
	c.expected(in.Expected)
	c.onFailure(in.ReturnValuesOnConditionCheckFailure)
	if err := c.err(); err != nil {
		return nil, err
	}
	condition, err := g.check(in.Item, in.ReturnValues)
	return condition, enveloped(err)
}

// check is what PutItem and DeleteItem check alike: what is wrong with the
// parameters, the values of the item or key, and the condition.
func (g guard) check(item attr.Item, returns types.ReturnValue) (*expr.Condition, error) {
	expressions := []parameter{{expr.ConditionExpression, g.condition != nil}}
	if err := checkMix([]parameter{{"Expected", g.expected != nil}}, expressions); err != nil {
		return nil, err
	}
	names, err := placeholders(g.names, g.values, expressions)
	if err != nil {
		return nil, err
	}
	if err := attr.NormalizeItem(item); err != nil {
		return nil, err
	}
	if returns != "" && returns != types.ReturnValueAllOld && returns != types.ReturnValueNone {
		return nil, invalid("ReturnValues can only be ALL_OLD or NONE")
	}
	condition, err := g.parse(names)
	if err != nil {
		return nil, err
	}
	return condition, names.Unused()
}

// check returns the error of a write whose condition does not hold.
func (w *writer) check(g guard, condition *expr.Condition, old []byte) error {
	if condition == nil {
		return nil
	}
	if err := w.t.checkPaths(condition.Paths()); err != nil {
		return err
	}
	item, err := w.t.decodeOld(old)
	if err != nil {
		return err
	}
	if !condition.Match(item) {
		return g.failed(item)
	}
	return nil
}

// DeleteItem deletes an item by its key.
func (s *Service) DeleteItem(ctx context.Context, in *dynamodb.DeleteItemInput) (*dynamodb.DeleteItemOutput, error) {
	g := guard{
		condition: in.ConditionExpression, names: in.ExpressionAttributeNames, values: in.ExpressionAttributeValues,
		expected: in.Expected, operator: in.ConditionalOperator, onFailure: in.ReturnValuesOnConditionCheckFailure,
	}
	condition, err := checkDeleteItem(in, g)
	if err != nil {
		return nil, err
	}
	out := &dynamodb.DeleteItemOutput{}
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		t := s.load(tx, tableName(in.TableName))
		if t == nil {
			return errTable()
		}
		if err := t.checkKey(in.Key); err != nil {
			return err
		}
		w := newWriter(tx, t)
		defer w.close()
		primary := t.primary(in.Key)
		old := w.get(primary)
		if err := w.check(g, condition, old); err != nil {
			return err
		}
		if err := w.delete(primary, old); err != nil {
			return err
		}
		out.ConsumedCapacity = w.used.Report(&out.ResultMetadata, in.ReturnConsumedCapacity, t.Name, capacity.Write)
		if in.ReturnValues == types.ReturnValueAllOld {
			out.Attributes, err = t.decodeOld(old)
		}
		return err
	})
	return out, err
}

func checkDeleteItem(in *dynamodb.DeleteItemInput, g guard) (*expr.Condition, error) {
	var c constraints
	c.capacity(in.ReturnConsumedCapacity)
	c.table(in.TableName)
	c.present("key", in.Key != nil)
	c.metrics(in.ReturnItemCollectionMetrics)
	c.returnValues(in.ReturnValues)
	c.operator(in.ConditionalOperator)
	c.expected(in.Expected)
	c.onFailure(in.ReturnValuesOnConditionCheckFailure)
	if err := c.err(); err != nil {
		return nil, err
	}
	condition, err := g.check(in.Key, in.ReturnValues)
	return condition, enveloped(err)
}
