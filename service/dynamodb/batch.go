package dynamodb

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/runnel/runnel/service/dynamodb/attr"
	"github.com/runnel/runnel/service/dynamodb/capacity"
	"github.com/runnel/runnel/service/dynamodb/expr"
	"github.com/runnel/runnel/store"
)

// Limits of batches (API Reference, BatchGetItem and BatchWriteItem).
const (
	maxBatchGet   = 100
	maxBatchWrite = 25
	maxBatchBytes = 16 << 20
)

// mapKeys is AWS's text for the keys of RequestItems, the names of tables. What
// it quotes of the request is left out: it has the form of a Java object.
const mapKeys = "Value at 'requestItems' failed to satisfy constraint: Map keys must satisfy constraint: " +
	"[Member must have length less than or equal to 255, Member must have length greater than or equal to 3, Member must satisfy regular expression pattern: " + namePattern + "]"

func (c *constraints) requestItems(present bool, tables []string) {
	c.present("requestItems", present)
	if present && len(tables) == 0 {
		*c = append(*c, "Value at 'RequestItems' failed to satisfy constraint: Member must have length greater than or equal to 1")
	}
	for _, nameOrARN := range tables {
		name := tableName(&nameOrARN)
		if len(name) < 3 || len(name) > 255 || !isName(name) {
			*c = append(*c, mapKeys)
			return
		}
	}
}

// batchWrite is one put or delete of a batch, encoded before its transaction.
type batchWrite struct {
	item attr.Item // or the key to delete
	row  []byte    // nil to delete
}

// BatchWriteItem stores and deletes items, all in one commit. None is ever left
// unprocessed.
func (s *Service) BatchWriteItem(ctx context.Context, in *dynamodb.BatchWriteItemInput) (*dynamodb.BatchWriteItemOutput, error) {
	writes, err := checkBatchWrite(in)
	if err != nil {
		return nil, err
	}
	out := &dynamodb.BatchWriteItemOutput{UnprocessedItems: map[string][]types.WriteRequest{}}
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		for _, nameOrARN := range sortedNames(writes) {
			t := s.load(tx, tableName(&nameOrARN))
			if t == nil {
				return errTable()
			}
			w := newWriter(tx, t)
			if err := w.batch(writes[nameOrARN]); err != nil {
				return err
			}
			w.close()
			if c := w.used.Report(&out.ResultMetadata, in.ReturnConsumedCapacity, t.Name, capacity.Write); c != nil {
				out.ConsumedCapacity = append(out.ConsumedCapacity, *c)
			}
		}
		return nil
	})
	return out, err
}

func checkBatchWrite(in *dynamodb.BatchWriteItemInput) (map[string][]batchWrite, error) {
	var c constraints
	c.capacity(in.ReturnConsumedCapacity)
	c.metrics(in.ReturnItemCollectionMetrics)
	if err := c.err(); err != nil {
		return nil, err
	}
	c.requestItems(in.RequestItems != nil, sortedNames(in.RequestItems))
	total := 0
	for _, name := range sortedNames(in.RequestItems) {
		n := len(in.RequestItems[name])
		if n == 0 {
			c = append(c, fmt.Sprintf("Value '{%s=[]}' at 'requestItems' failed to satisfy constraint: Map value must satisfy constraint: "+
				"[Member must have length less than or equal to %d, Member must have length greater than or equal to 1]", name, maxBatchWrite))
		}
		c.count("RequestItems."+name+".member", n, 0, maxBatchWrite)
		total += n
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	if total > maxBatchWrite {
		return nil, invalid("Too many items requested for the BatchWriteItem call")
	}
	writes := make(map[string][]batchWrite, len(in.RequestItems))
	for _, name := range sortedNames(in.RequestItems) {
		for _, request := range in.RequestItems[name] {
			w, err := newBatchWrite(request)
			if err != nil {
				return nil, err
			}
			writes[name] = append(writes[name], w)
		}
	}
	return writes, nil
}

func newBatchWrite(r types.WriteRequest) (batchWrite, error) {
	switch {
	case (r.PutRequest == nil) == (r.DeleteRequest == nil):
		return batchWrite{}, invalid("Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes")
	case r.DeleteRequest != nil:
		return batchWrite{item: r.DeleteRequest.Key}, asInvalid(attr.NormalizeItem(r.DeleteRequest.Key))
	}
	if err := attr.NormalizeItem(r.PutRequest.Item); err != nil {
		return batchWrite{}, asInvalid(err)
	}
	row, size := encodeRow(r.PutRequest.Item)
	if size > attr.MaxItemSize {
		return batchWrite{}, errItemSize
	}
	return batchWrite{r.PutRequest.Item, row}, nil
}

// batch checks all writes to a table, then does them.
func (w *writer) batch(writes []batchWrite) error {
	keys := make([][]byte, len(writes))
	seen := make(map[string]bool, len(writes))
	for i, b := range writes {
		if err := w.checkBatched(b); err != nil {
			return err
		}
		keys[i] = w.t.primary(b.item)
		if seen[string(keys[i])] {
			return errDuplicate
		}
		seen[string(keys[i])] = true
	}
	for i, b := range writes {
		old := w.get(keys[i])
		var err error
		if b.row != nil {
			err = w.put(keys[i], old, b.item, b.row)
		} else {
			err = w.delete(keys[i], old)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) checkBatched(b batchWrite) error {
	if b.row == nil {
		return w.t.checkKey(b.item)
	}
	if err := w.t.checkKeyParts(b.item); err != nil {
		return err
	}
	return w.t.checkIndexKeys(b.item)
}

// batchGet is what is asked of one table.
type batchGet struct {
	types.KeysAndAttributes
	projection *expr.Projection
}

// BatchGetItem reads items by their keys, up to 16 MB of them; the keys of the
// rest come back unprocessed.
func (s *Service) BatchGetItem(ctx context.Context, in *dynamodb.BatchGetItemInput) (*dynamodb.BatchGetItemOutput, error) {
	gets, err := checkBatchGet(in)
	if err != nil {
		return nil, err
	}
	out := &dynamodb.BatchGetItemOutput{Responses: map[string][]attr.Item{}, UnprocessedKeys: map[string]types.KeysAndAttributes{}}
	err = s.store.View(ctx, func(tx *store.Tx) error {
		size := 0
		for _, name := range sortedNames(gets) {
			t := s.load(tx, tableName(&name))
			if t == nil {
				return errTable()
			}
			b := batchReader{tx: tx, t: t, size: &size}
			if err := b.run(gets[name]); err != nil {
				return err
			}
			out.Responses[name] = b.items
			if len(b.left.Keys) > 0 {
				out.UnprocessedKeys[name] = b.left
			}
			if c := b.used.Report(&out.ResultMetadata, in.ReturnConsumedCapacity, t.Name, capacity.Read); c != nil {
				out.ConsumedCapacity = append(out.ConsumedCapacity, *c)
			}
		}
		return nil
	})
	return out, err
}

// batchReader reads items of one table.
type batchReader struct {
	tx    *store.Tx
	t     *table
	size  *int // of all items that the batch has read
	items []attr.Item
	left  types.KeysAndAttributes
	used  capacity.Used
}

func (b *batchReader) run(g batchGet) error {
	if err := b.t.checkPaths(g.projection.Paths()); err != nil {
		return err
	}
	b.items = []attr.Item{}
	b.left = g.KeysAndAttributes
	b.left.Keys = nil
	seen := make(map[string]bool, len(g.Keys))
	for _, key := range g.Keys {
		if err := b.t.checkKey(key); err != nil {
			return err
		}
		primary := b.t.primary(key)
		if seen[string(primary)] {
			return errDuplicate
		}
		seen[string(primary)] = true
		row, ok := b.tx.Get(b.t.rows.Raw(primary))
		if *b.size+rowSize(row) > maxBatchBytes {
			b.left.Keys = append(b.left.Keys, key)
			continue
		}
		*b.size += rowSize(row)
		b.used.Table += capacity.ReadUnits(max(1, rowSize(row)), g.ConsistentRead != nil && *g.ConsistentRead)
		if !ok {
			continue
		}
		item, err := b.t.decodeRow(row)
		if err != nil {
			return err
		}
		b.items = append(b.items, g.projection.Of(item))
	}
	return nil
}

func checkBatchGet(in *dynamodb.BatchGetItemInput) (map[string]batchGet, error) {
	var c constraints
	c.requestItems(in.RequestItems != nil, sortedNames(in.RequestItems))
	c.capacity(in.ReturnConsumedCapacity)
	total := 0
	var legacy, expression bool
	for _, name := range sortedNames(in.RequestItems) {
		r := in.RequestItems[name]
		c.count("RequestItems."+name+".member.Keys", len(r.Keys), 1, maxBatchGet)
		total += len(r.Keys)
		legacy = legacy || r.AttributesToGet != nil
		expression = expression || r.ProjectionExpression != nil
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	if total > maxBatchGet {
		return nil, invalid("Too many items requested for the BatchGetItem call")
	}
	if err := checkMix([]parameter{{"AttributesToGet", legacy}}, []parameter{{expr.ProjectionExpression, expression}}); err != nil {
		return nil, err
	}
	gets := make(map[string]batchGet, len(in.RequestItems))
	for _, name := range sortedNames(in.RequestItems) {
		projection, err := checkKeys(in.RequestItems[name])
		if err != nil {
			return nil, asInvalid(err)
		}
		gets[name] = batchGet{in.RequestItems[name], projection}
	}
	return gets, nil
}

func checkKeys(r types.KeysAndAttributes) (*expr.Projection, error) {
	for _, key := range r.Keys {
		if err := attr.NormalizeItem(key); err != nil {
			return nil, err
		}
	}
	names, err := placeholders(r.ExpressionAttributeNames, nil, []parameter{{expr.ProjectionExpression, r.ProjectionExpression != nil}})
	if err != nil {
		return nil, err
	}
	projection, err := selection(r.ProjectionExpression, r.AttributesToGet, names)
	if err != nil {
		return nil, err
	}
	return projection, names.Unused()
}
