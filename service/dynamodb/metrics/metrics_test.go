package metrics_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"github.com/runnel/runnel/event"
	service "github.com/runnel/runnel/service/dynamodb"
	"github.com/runnel/runnel/service/dynamodb/metrics"
	"github.com/runnel/runnel/store/storetest"
	"github.com/runnel/runnel/wire"
	"github.com/runnel/runnel/wire/wiretest"
)

// ledger keeps what is measured, as text.
type ledger struct {
	event.NoMetrics
	lines []string
}

func (l *ledger) Observe(m event.Metric, value float64) {
	line := m.Name
	for _, d := range m.Dimensions {
		if d.Name != "" {
			line += " " + d.Name + "=" + d.Value
		}
	}
	if m.Namespace != "AWS/DynamoDB" {
		line = fmt.Sprint(m)
	}
	if m.Unit != "Milliseconds" {
		line += fmt.Sprintf(": %g", value)
	}
	l.lines = append(l.lines, line)
}

// told is what was measured since the last call, sorted.
func (l *ledger) told() string {
	slices.Sort(l.lines)
	s := strings.Join(l.lines, "\n")
	l.lines = nil
	return s
}

func newClient(t testing.TB, l event.Metrics) *dynamodb.Client {
	tables := service.New(storetest.Open(t), service.Config{Region: "us-east-1", Account: "000000000000"})
	mux := wire.NewMux(wire.Config{Region: "us-east-1", Account: "000000000000", Observe: func(c wire.Call) { metrics.Observe(l, c) }})
	mux.Handle(tables.API())
	return dynamodb.NewFromConfig(wiretest.Config(t, mux))
}

func str(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func createTable(t testing.TB, c *dynamodb.Client) {
	t.Helper()
	hash := func(name string) []types.KeySchemaElement {
		return []types.KeySchemaElement{{AttributeName: &name, KeyType: types.KeyTypeHash}}
	}
	_, err := c.CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName: aws.String("tab"), BillingMode: types.BillingModePayPerRequest, KeySchema: hash("id"),
		AttributeDefinitions: []types.AttributeDefinition{
			{AttributeName: aws.String("id"), AttributeType: types.ScalarAttributeTypeS},
			{AttributeName: aws.String("by"), AttributeType: types.ScalarAttributeTypeS},
		},
		GlobalSecondaryIndexes: []types.GlobalSecondaryIndex{{
			IndexName: aws.String("idx"), KeySchema: hash("by"), Projection: &types.Projection{ProjectionType: types.ProjectionTypeAll},
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestObserve is one request of each kind, and what AWS's definitions make of
// it. The client does not ask for what is consumed.
func TestObserve(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l ledger
		c, ctx, tab := newClient(t, &l), t.Context(), aws.String("tab")
		createTable(t, c)
		key := map[string]types.AttributeValue{"id": str("a")}
		full := map[string]types.AttributeValue{"id": str("a"), "by": str("x"), "text": str(strings.Repeat("x", 1500))}
		for _, step := range []struct {
			name string
			do   func() (any, error)
			code string
			want string
		}{
			{"put", func() (any, error) { return c.PutItem(ctx, &dynamodb.PutItemInput{TableName: tab, Item: full}) }, "",
				"ConsumedWriteCapacityUnits TableName=tab GlobalSecondaryIndexName=idx: 2\nConsumedWriteCapacityUnits TableName=tab: 4\n" +
					"SuccessfulRequestLatency TableName=tab Operation=PutItem"},
			{"get by ARN", func() (any, error) {
				return c.GetItem(ctx, &dynamodb.GetItemInput{TableName: aws.String("arn:aws:dynamodb:us-east-1:000000000000:table/tab"), Key: key})
			}, "", "ConsumedReadCapacityUnits TableName=tab: 0.5\nSuccessfulRequestLatency TableName=tab Operation=GetItem"},
			{"query an index", func() (any, error) {
				return c.Query(ctx, &dynamodb.QueryInput{TableName: tab, IndexName: aws.String("idx"), KeyConditionExpression: aws.String("#b = :x"),
					ExpressionAttributeNames: map[string]string{"#b": "by"}, ExpressionAttributeValues: map[string]types.AttributeValue{":x": str("x")}})
			}, "", "ConsumedReadCapacityUnits TableName=tab GlobalSecondaryIndexName=idx: 0.5\nConsumedReadCapacityUnits TableName=tab: 0.5\n" +
				"ReturnedItemCount TableName=tab Operation=Query: 1\nSuccessfulRequestLatency TableName=tab Operation=Query"},
			{"scan", func() (any, error) { return c.Scan(ctx, &dynamodb.ScanInput{TableName: tab}) }, "",
				"ConsumedReadCapacityUnits TableName=tab: 0.5\nReturnedItemCount TableName=tab Operation=Scan: 1\nSuccessfulRequestLatency TableName=tab Operation=Scan"},
			{"batch", func() (any, error) {
				return c.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{
					"tab": {Keys: []map[string]types.AttributeValue{key, {"id": str("none")}}, ConsistentRead: aws.Bool(true)}}})
			}, "", "ConsumedReadCapacityUnits TableName=tab: 2\nSuccessfulRequestLatency TableName=tab Operation=BatchGetItem"},
			{"condition", func() (any, error) {
				return c.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: tab, Key: key, ConditionExpression: aws.String("attribute_exists(absent)")})
			}, "ConditionalCheckFailedException", "ConditionalCheckFailedRequests TableName=tab: 1"},
			{"no table", func() (any, error) { return c.Scan(ctx, &dynamodb.ScanInput{TableName: aws.String("none")}) },
				"ResourceNotFoundException", "UserErrors: 1"},
			{"bad input", func() (any, error) {
				return c.PutItem(ctx, &dynamodb.PutItemInput{TableName: tab, Item: key, ConditionExpression: aws.String("(")})
			},
				"ValidationException", "UserErrors: 1"},
			{"of tables", func() (any, error) { return c.ListTables(ctx, &dynamodb.ListTablesInput{}) }, "", ""},
		} {
			synctest.Wait() // the request is counted after it is answered
			l.told()
			_, err := step.do()
			var api smithy.APIError
			if step.code == "" && err != nil || step.code != "" && (!errors.As(err, &api) || api.ErrorCode() != step.code) {
				t.Fatalf("%s: %v", step.name, err)
			}
			synctest.Wait()
			if got := l.told(); got != step.want {
				t.Errorf("%s\ngot:\n%s\nwant:\n%s", step.name, got, step.want)
			}
		}
	})
}

// TestObserveSystemErrors: a failure of the service's own is of its table.
func TestObserveSystemErrors(t *testing.T) {
	var l ledger
	metrics.Observe(&l, wire.Call{
		Request: &wire.Request{Service: "dynamodb", Operation: "PutItem"}, Input: &dynamodb.PutItemInput{TableName: aws.String("tab")},
		Err: &wire.Error{Code: "InternalServerError", Status: 500}, Status: 500,
	})
	if got := l.told(); got != "SystemErrors TableName=tab Operation=PutItem: 1" {
		t.Error(got)
	}
}
