package dynamodb

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/runnel/runnel/service/dynamodb/attr"
	"github.com/runnel/runnel/service/dynamodb/capacity"
	"github.com/runnel/runnel/service/dynamodb/expr"
	"github.com/runnel/runnel/store"
)

// maxSegments is how many workers may scan a table in parallel.
const maxSegments = 1_000_000

// Scan reads all items, or those of one segment.
func (s *Service) Scan(ctx context.Context, in *dynamodb.ScanInput) (*dynamodb.ScanOutput, error) {
	q, err := newScan(in)
	if err != nil {
		return nil, err
	}
	var out *dynamodb.ScanOutput
	err = s.store.View(ctx, func(tx *store.Tx) error {
		q.tx, q.t = tx, s.load(tx, tableName(in.TableName))
		if q.t == nil {
			return errTable()
		}
		if err := q.open(in.IndexName); err != nil {
			return err
		}
		if err := q.from(in); err != nil {
			return err
		}
		for _, paths := range [][]expr.Path{q.projection.Paths(), q.filter.Paths()} {
			if err := q.t.checkPaths(paths); err != nil {
				return err
			}
		}
		if err := q.checkSelection(); err != nil {
			return err
		}
		p, err := q.run()
		if err != nil {
			return err
		}
		out = &dynamodb.ScanOutput{
			Items: p.items, Count: int32(p.count), ScannedCount: int32(p.scanned), LastEvaluatedKey: p.last,
		}
		out.ConsumedCapacity = p.used.Report(&out.ResultMetadata, in.ReturnConsumedCapacity, q.t.Name, capacity.Read)
		return nil
	})
	return out, err
}

// newScan checks all of a request that has nothing to do with its table.
func newScan(in *dynamodb.ScanInput) (*read, error) {
	if err := checkScanModel(in); err != nil {
		return nil, err
	}
	legacy := []parameter{
		{"AttributesToGet", in.AttributesToGet != nil}, {"ScanFilter", in.ScanFilter != nil}, {"ConditionalOperator", in.ConditionalOperator != ""},
	}
	expressions := []parameter{{expr.ProjectionExpression, in.ProjectionExpression != nil}, {expr.FilterExpression, in.FilterExpression != nil}}
	if err := checkMix(legacy, expressions); err != nil {
		return nil, err
	}
	if err := checkSelect(in.Select, in.IndexName, in.ProjectionExpression, in.AttributesToGet); err != nil {
		return nil, err
	}
	if err := checkSegments(in); err != nil {
		return nil, err
	}
	if in.ExpressionAttributeValues != nil && in.FilterExpression == nil {
		return nil, invalid("ExpressionAttributeValues can only be specified when using expressions: FilterExpression is null")
	}
	names, err := placeholders(in.ExpressionAttributeNames, in.ExpressionAttributeValues, expressions)
	var value *expr.ValueError
	if errors.As(err, &value) {
		err = fmt.Errorf("ExpressionAttributeValues contains invalid value: %w for key %s", value.Err, value.Placeholder)
	}
	if err != nil {
		return nil, asInvalid(err)
	}
	if err := attr.NormalizeItem(in.ExclusiveStartKey); err != nil {
		return nil, errStart(err.Error())
	}
	return parseScan(in, names)
}

func checkScanModel(in *dynamodb.ScanInput) error {
	var c constraints
	c.capacity(in.ReturnConsumedCapacity)
	c.table(in.TableName)
	if in.IndexName != nil {
		c.length("indexName", *in.IndexName, 3, 255)
		c.name("indexName", *in.IndexName)
	}
	if in.Limit != nil {
		c.atLeast("limit", int64(*in.Limit), 1)
	}
	if in.Segment != nil {
		c.atLeast("segment", int64(*in.Segment), 0)
		c.atMost("segment", int64(*in.Segment), maxSegments-1)
	}
	if in.TotalSegments != nil {
		c.atLeast("totalSegments", int64(*in.TotalSegments), 1)
		c.atMost("totalSegments", int64(*in.TotalSegments), maxSegments)
	}
	c.selection(in.Select)
	c.attributesToGet(in.AttributesToGet)
	c.operator(in.ConditionalOperator)
	c.conditions("scanFilter", in.ScanFilter)
	return c.err()
}

func checkSegments(in *dynamodb.ScanInput) error {
	switch {
	case in.Segment != nil && in.TotalSegments == nil:
		return invalid("The TotalSegments parameter is required but was not present in the request when Segment parameter is present")
	case in.Segment == nil && in.TotalSegments != nil:
		return invalid("The Segment parameter is required but was not present in the request when parameter TotalSegments is present")
	case in.Segment != nil && *in.Segment >= *in.TotalSegments:
		return invalid("The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: %d is not less than TotalSegments: %d",
			*in.Segment, *in.TotalSegments)
	}
	return nil
}

func parseScan(in *dynamodb.ScanInput, names *expr.Placeholders) (*read, error) {
	q := &read{limit: int(aws.ToInt32(in.Limit)), selected: in.Select, consistent: aws.ToBool(in.ConsistentRead)}
	var err error
	if in.FilterExpression != nil {
		q.filter, err = expr.ParseCondition(expr.FilterExpression, *in.FilterExpression, names)
	} else {
		q.filter, err = expr.LegacyFilter(in.ScanFilter, in.ConditionalOperator)
	}
	if err == nil {
		q.projection, err = selection(in.ProjectionExpression, in.AttributesToGet, names)
	}
	if err == nil {
		err = names.Unused()
	}
	return q, asInvalid(err)
}

// from sets the range of the segment, from the key to go on after.
func (q *read) from(in *dynamodb.ScanInput) error {
	number, total := int(aws.ToInt32(in.Segment)), int(aws.ToInt32(in.TotalSegments))
	q.r = segment(q.space(), number, total)
	start := in.ExclusiveStartKey
	if start == nil {
		return nil
	}
	if len(start) != len(q.startNames()) && q.x == nil {
		return errStart("The provided key element does not match the schema")
	}
	if err := q.checkStart(start); err != nil {
		return err
	}
	key := q.rowKey(start)
	if bytes.Compare(key, q.r.From) < 0 || q.r.To != nil && bytes.Compare(key, q.r.To) >= 0 {
		return errStart(fmt.Sprintf("Invalid ExclusiveStartKey. Please use ExclusiveStartKey with correct Segment. TotalSegments: %d Segment: %d", total, number))
	}
	q.r = q.r.After(key)
	return nil
}
