// Package metrics is what DynamoDB measures of requests, as
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
// defines it. As there, a metric that would be zero is not sent.
//
// Nothing is throttled here, so ThrottledRequests and its kin have no values.
// What a write that fails its condition takes of a table is not counted. What
// is provisioned, and what accounts may have, are not here.
package metrics

import (
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go/middleware"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/service/dynamodb/capacity"
	"github.com/runnel/runnel/wire"
)

const namespace = "AWS/DynamoDB"

// Observe counts a request that DynamoDB has answered. Requests of other
// services count nowhere.
func Observe(m event.Metrics, c wire.Call) {
	if c.Service != "dynamodb" {
		return
	}
	if c.Err != nil {
		failed(m, &c)
		return
	}
	out := answerOf(c.Output)
	for _, used := range capacity.Of(out.metadata) {
		table := event.Dimensions{{Name: "TableName", Value: used.Name}}
		consumed(m, table, &used)
		table[1] = event.Dimension{Name: "Operation", Value: c.Operation}
		m.Observe(metric("SuccessfulRequestLatency", "Milliseconds", table), float64(c.Duration)/float64(time.Millisecond))
		if out.items > 0 {
			m.Observe(metric("ReturnedItemCount", "Count", table), float64(out.items))
		}
	}
}

// consumed is what a request took of a table with all of its indexes, and of
// each global index.
func consumed(m event.Metrics, table event.Dimensions, used *capacity.Note) {
	name := "ConsumedReadCapacityUnits"
	if used.Kind == capacity.Write {
		name = "ConsumedWriteCapacityUnits"
	}
	if total := used.Total(); total > 0 {
		m.Observe(metric(name, "Count", table), total)
	}
	for x, units := range used.Indexes {
		if x.Global {
			table[1] = event.Dimension{Name: "GlobalSecondaryIndexName", Value: x.Name}
			m.Observe(metric(name, "Count", table), units)
		}
	}
}

// failed counts a request by whose fault it failed. A condition that does not
// hold is no error of the user's.
func failed(m event.Metrics, c *wire.Call) {
	table := tableOf(c.Input)
	of := event.Dimensions{{Name: "TableName", Value: table}}
	switch {
	case c.Err.ErrorCode() == "ConditionalCheckFailedException":
		m.Observe(metric("ConditionalCheckFailedRequests", "Count", of), 1)
	case c.Status/100 == 4:
		m.Observe(metric("UserErrors", "Count", event.Dimensions{}), 1)
	case c.Status/100 == 5 && table != "":
		of[1] = event.Dimension{Name: "Operation", Value: c.Operation}
		m.Observe(metric("SystemErrors", "Count", of), 1)
	}
}

func metric(name, unit string, d event.Dimensions) event.Metric {
	return event.Metric{Namespace: namespace, Name: name, Unit: unit, Dimensions: d}
}

// answer is what of an output is of interest.
type answer struct {
	metadata middleware.Metadata
	items    int // that Query or Scan returned
}

func answerOf(output any) answer {
	switch out := output.(type) {
	case *dynamodb.GetItemOutput:
		return answer{out.ResultMetadata, 0}
	case *dynamodb.PutItemOutput:
		return answer{out.ResultMetadata, 0}
	case *dynamodb.UpdateItemOutput:
		return answer{out.ResultMetadata, 0}
	case *dynamodb.DeleteItemOutput:
		return answer{out.ResultMetadata, 0}
	case *dynamodb.QueryOutput:
		return answer{out.ResultMetadata, len(out.Items)}
	case *dynamodb.ScanOutput:
		return answer{out.ResultMetadata, len(out.Items)}
	case *dynamodb.BatchGetItemOutput:
		return answer{out.ResultMetadata, 0}
	case *dynamodb.BatchWriteItemOutput:
		return answer{out.ResultMetadata, 0}
	}
	return answer{}
}

// tableOf is the table of a request for one, or "".
func tableOf(input any) string {
	var nameOrARN *string
	switch in := input.(type) {
	case *dynamodb.GetItemInput:
		nameOrARN = in.TableName
	case *dynamodb.PutItemInput:
		nameOrARN = in.TableName
	case *dynamodb.UpdateItemInput:
		nameOrARN = in.TableName
	case *dynamodb.DeleteItemInput:
		nameOrARN = in.TableName
	case *dynamodb.QueryInput:
		nameOrARN = in.TableName
	case *dynamodb.ScanInput:
		nameOrARN = in.TableName
	}
	name := aws.ToString(nameOrARN)
	if _, after, ok := strings.Cut(name, ":table/"); ok {
		name = after
	}
	return name
}
