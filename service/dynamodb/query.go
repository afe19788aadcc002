package dynamodb

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/runnel/runnel/service/dynamodb/attr"
	"github.com/runnel/runnel/service/dynamodb/capacity"
	"github.com/runnel/runnel/service/dynamodb/expr"
	"github.com/runnel/runnel/store"
)

// Query reads the items of one partition, in the order of their sort keys.
func (s *Service) Query(ctx context.Context, in *dynamodb.QueryInput) (*dynamodb.QueryOutput, error) {
	q, keys, err := newQuery(in)
	if err != nil {
		return nil, err
	}
	var out *dynamodb.QueryOutput
	err = s.store.View(ctx, func(tx *store.Tx) error {
		q.tx, q.t = tx, s.load(tx, tableName(in.TableName))
		if q.t == nil {
			return errTable()
		}
		if err := q.open(in.IndexName); err != nil {
			return err
		}
		if err := q.within(keys, in.ExclusiveStartKey, in.ScanIndexForward == nil || *in.ScanIndexForward); err != nil {
			return err
		}
		if err := q.checkQuery(in); err != nil {
			return err
		}
		p, err := q.run()
		if err != nil {
			return err
		}
		out = &dynamodb.QueryOutput{
			Items: p.items, Count: int32(p.count), ScannedCount: int32(p.scanned), LastEvaluatedKey: p.last,
		}
		out.ConsumedCapacity = p.used.Report(&out.ResultMetadata, in.ReturnConsumedCapacity, q.t.Name, capacity.Read)
		return nil
	})
	return out, err
}

// newQuery checks all of a request that has nothing to do with its table.
func newQuery(in *dynamodb.QueryInput) (*read, []expr.KeyCondition, error) {
	if err := checkQueryModel(in); err != nil {
		return nil, nil, err
	}
	legacy := []parameter{
		{"AttributesToGet", in.AttributesToGet != nil}, {"QueryFilter", in.QueryFilter != nil},
		{"ConditionalOperator", in.ConditionalOperator != ""}, {"KeyConditions", in.KeyConditions != nil},
	}
	expressions := []parameter{
		{expr.ProjectionExpression, in.ProjectionExpression != nil}, {expr.FilterExpression, in.FilterExpression != nil},
		{expr.KeyConditionExpression, in.KeyConditionExpression != nil},
	}
	if err := checkMix(legacy, expressions); err != nil {
		return nil, nil, err
	}
	if err := checkSelect(in.Select, in.IndexName, in.ProjectionExpression, in.AttributesToGet); err != nil {
		return nil, nil, err
	}
	if in.KeyConditions == nil && in.KeyConditionExpression == nil {
		return nil, nil, invalid("Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.")
	}
	names, err := placeholders(in.ExpressionAttributeNames, in.ExpressionAttributeValues, expressions)
	if err == nil {
		err = attr.NormalizeItem(in.ExclusiveStartKey)
	}
	if err != nil {
		return nil, nil, asInvalid(err)
	}
	return parseQuery(in, names)
}

func checkQueryModel(in *dynamodb.QueryInput) error {
	var c constraints
	c.capacity(in.ReturnConsumedCapacity)
	c.table(in.TableName)
	if in.IndexName != nil {
		c.length("indexName", *in.IndexName, 3, 255)
		c.name("indexName", *in.IndexName)
	}
	if in.Limit != nil {
		c.atLeast("Limit", int64(*in.Limit), 1)
	}
	c.selection(in.Select)
	c.attributesToGet(in.AttributesToGet)
	c.operator(in.ConditionalOperator)
	c.conditions("keyConditions", in.KeyConditions)
	c.conditions("queryFilter", in.QueryFilter)
	return c.err()
}

func parseQuery(in *dynamodb.QueryInput, names *expr.Placeholders) (*read, []expr.KeyCondition, error) {
	q := &read{limit: int(aws.ToInt32(in.Limit)), selected: in.Select, consistent: aws.ToBool(in.ConsistentRead)}
	var keys []expr.KeyCondition
	var err error
	if in.KeyConditionExpression != nil {
		keys, err = expr.ParseKeyCondition(*in.KeyConditionExpression, names)
	} else {
		keys, err = expr.LegacyKeyConditions(in.KeyConditions)
	}
	if err != nil {
		return nil, nil, asInvalid(err)
	}
	if in.FilterExpression != nil {
		q.filter, err = expr.ParseCondition(expr.FilterExpression, *in.FilterExpression, names)
	} else {
		q.filter, err = expr.LegacyFilter(in.QueryFilter, in.ConditionalOperator)
	}
	if err != nil {
		return nil, nil, asInvalid(err)
	}
	if q.projection, err = selection(in.ProjectionExpression, in.AttributesToGet, names); err != nil {
		return nil, nil, asInvalid(err)
	}
	return q, keys, asInvalid(names.Unused())
}

// within sets the range that the key conditions mean, from the key start on.
func (q *read) within(keys []expr.KeyCondition, start attr.Item, forward bool) error {
	if start != nil && len(start) != len(q.startNames()) {
		return errStart("")
	}
	hash, sort, err := q.matchKeys(keys)
	if err != nil {
		return err
	}
	partition := store.Key(appendPartition(q.space().Raw(nil), hash.Values[0]))
	q.r = sortRange(partition, sort)
	if !forward {
		q.r = q.r.Backwards()
	}
	if start == nil {
		return nil
	}
	if err := q.checkStart(start); err != nil {
		return err
	}
	return q.startAfter(start, hash, sort, forward)
}

// matchKeys checks the key conditions against the schema.
func (q *read) matchKeys(keys []expr.KeyCondition) (hash expr.KeyCondition, sort *expr.KeyCondition, err error) {
	k := q.key()
	if n := len(k.names()); len(keys) > 2 {
		return hash, nil, invalid("The number of query conditions (%d) exceeds the number of key attributes defined in the schema (%d)", len(keys), n)
	} else if len(keys) > n {
		return hash, nil, invalid("Query key condition not supported")
	}
	named := make(map[string]*expr.KeyCondition, 2)
	for i := range keys {
		named[keys[i].Name] = &keys[i]
	}
	for _, name := range k.names() {
		c := named[name]
		if c == nil && (name == k.Hash || len(keys) > 1) {
			return hash, nil, invalid("Query condition missed key schema element: %s", name)
		}
		if c == nil {
			continue
		}
		if err := q.checkOperands(c); err != nil {
			return hash, nil, err
		}
		if name == k.Hash && c.Op != "=" {
			return hash, nil, invalid("Query key condition not supported")
		}
	}
	return *named[k.Hash], named[k.Range], nil
}

func (q *read) checkOperands(c *expr.KeyCondition) error {
	kind := q.t.kind(c.Name)
	for _, v := range c.Values {
		if attr.TypeOf(v) != kind {
			return invalidParameter("Condition parameter type does not match schema type")
		}
		if what := emptyScalar(v); what != "" {
			return invalid("One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty %s value. Key: %s", what, c.Name)
		}
		if err := checkKeySize(v, c.Name == q.key().Hash); err != nil {
			return err
		}
	}
	if c.Op == "begins_with" && kind == "N" {
		return invalidParameter("ComparisonOperator BEGINS_WITH is not valid for N AttributeValue type")
	}
	return nil
}

// sortRange is the rows of a partition whose sort key fulfils c.
func sortRange(partition store.Key, c *expr.KeyCondition) store.Range {
	r := store.Prefix(partition)
	if c == nil {
		return r
	}
	at := func(i int) store.Range { return store.Prefix(attr.AppendKey(partition.Raw(nil), c.Values[i])) }
	switch c.Op {
	case "begins_with":
		return store.Prefix(attr.AppendKeyPrefix(partition.Raw(nil), c.Values[0]))
	case "BETWEEN":
		r.From, r.To = at(0).From, at(1).To
	case "<":
		r.To = at(0).From
	case "<=":
		r.To = at(0).To
	case ">":
		r.From = at(0).To
	case ">=":
		r.From = at(0).From
	default:
		return at(0)
	}
	return r
}

// startAfter narrows the range to what comes after start, in the direction of
// the read.
func (q *read) startAfter(start attr.Item, hash expr.KeyCondition, sort *expr.KeyCondition, forward bool) error {
	switch {
	case !hash.Holds(start[hash.Name]) && sort == nil:
		return invalid("The provided starting key is outside query boundaries based on provided conditions")
	case sort != nil && !sort.Holds(start[sort.Name]):
		return invalid("The provided starting key does not match the range key predicate")
	case !hash.Holds(start[hash.Name]):
		return invalid("The query can return at most one row and cannot be restarted")
	}
	if key := q.rowKey(start); forward {
		q.r = q.r.After(key)
	} else {
		q.r = q.r.Before(key)
	}
	return nil
}

// checkQuery checks projection and filter against the schemas.
func (q *read) checkQuery(in *dynamodb.QueryInput) error {
	if err := q.t.checkPaths(q.projection.Paths()); err != nil {
		return err
	}
	filter := "Filter Expression"
	if in.QueryFilter != nil {
		filter = "QueryFilter"
	}
	for _, p := range q.filter.Paths() {
		if q.key().has(p.Top()) {
			return invalid("%s can only contain non-primary key attributes: Primary key attribute: %s", filter, p.Top())
		}
	}
	if err := q.checkSelection(); err != nil {
		return err
	}
	return q.t.checkPaths(q.filter.Paths())
}
