package dynamodb_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// fill stores n items of about size bytes in partition "p".
func (c *client) fill(table string, n, size int) {
	c.t.Helper()
	for first := 0; first < n; first += 25 {
		var requests []types.WriteRequest
		for i := first; i < min(n, first+25); i++ {
			requests = append(requests, types.WriteRequest{PutRequest: &types.PutRequest{Item: item{
				"pk": str("p"), "sk": num(fmt.Sprint(i)), "g": str(fmt.Sprint("g", i%3)), "fill": str(strings.Repeat("x", size)),
			}}})
		}
		if _, err := c.BatchWriteItem(context.Background(), &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{table: requests}}); err != nil {
			c.t.Fatal(err)
		}
	}
}

func TestQueryPagesAtOneMegabyte(t *testing.T) {
	bubble(t, func(t *testing.T, c *client) {
		c.create("big", define("pk", types.ScalarAttributeTypeS), define("sk", types.ScalarAttributeTypeN))
		c.fill("big", 30, 100_000)
		for _, forward := range []bool{true, false} {
			pages := dynamodb.NewQueryPaginator(c, &dynamodb.QueryInput{
				TableName: aws.String("big"), KeyConditionExpression: aws.String("pk = :p"), ProjectionExpression: aws.String("sk"),
				ExpressionAttributeValues: item{":p": str("p")}, ScanIndexForward: &forward, ReturnConsumedCapacity: types.ReturnConsumedCapacityTotal,
			})
			var seen []string
			for n := 0; pages.HasMorePages(); n++ {
				out, err := pages.NextPage(context.Background())
				if err != nil {
					t.Fatal(err)
				}
				if n == 0 && (out.Count != 11 || *out.ConsumedCapacity.CapacityUnits != 134.5) {
					t.Errorf("the first page has %d items and takes %v units", out.Count, *out.ConsumedCapacity.CapacityUnits)
				}
				for _, it := range out.Items {
					seen = append(seen, it["sk"].(*N).Value)
				}
			}
			for i, sk := range seen {
				want := i
				if !forward {
					want = 29 - i
				}
				if len(seen) != 30 || sk != fmt.Sprint(want) {
					t.Fatalf("forward %v: the items come as %v", forward, seen)
				}
			}
		}
	})
}

func TestParallelScan(t *testing.T) {
	bubble(t, func(t *testing.T, c *client) {
		c.create("wide", define("pk", types.ScalarAttributeTypeS))
		const items = 400
		for i := range items {
			c.put("wide", item{"pk": str(fmt.Sprint("user-", i))})
		}
		const segments = 7
		seen := map[string]int{}
		for s := range int32(segments) {
			pages := dynamodb.NewScanPaginator(c, &dynamodb.ScanInput{TableName: aws.String("wide"), Segment: &s, TotalSegments: aws.Int32(segments), Limit: aws.Int32(10)})
			n := 0
			for pages.HasMorePages() {
				out, err := pages.NextPage(context.Background())
				if err != nil {
					t.Fatal(err)
				}
				for _, it := range out.Items {
					seen[it["pk"].(*S).Value]++
					n++
				}
			}
			if n < items/segments/2 {
				t.Errorf("segment %d has %d of %d items", s, n, items)
			}
		}
		for pk, n := range seen {
			if n != 1 {
				t.Errorf("%s is in %d segments", pk, n)
			}
		}
		if len(seen) != items {
			t.Errorf("%d of %d items are in a segment", len(seen), items)
		}
		_, err := c.Scan(context.Background(), &dynamodb.ScanInput{
			TableName: aws.String("wide"), Segment: aws.Int32(0), TotalSegments: aws.Int32(1000), ExclusiveStartKey: item{"pk": str("user-0")},
		})
		wantError(t, err, "ValidationException", "The provided starting key is invalid: Invalid ExclusiveStartKey. Please use ExclusiveStartKey with correct Segment. TotalSegments: 1000 Segment: 0")
	})
}

func TestBatchGetStopsAtSixteenMegabytes(t *testing.T) {
	bubble(t, func(t *testing.T, c *client) {
		c.create("big", define("pk", types.ScalarAttributeTypeS), define("sk", types.ScalarAttributeTypeN))
		c.fill("big", 50, 390_000)
		var keys []item
		for i := range 50 {
			keys = append(keys, item{"pk": str("p"), "sk": num(fmt.Sprint(i))})
		}
		out, err := c.BatchGetItem(context.Background(), &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{
			"big": {Keys: keys, ProjectionExpression: aws.String("sk")},
		}})
		if err != nil {
			t.Fatal(err)
		}
		if got, left := len(out.Responses["big"]), out.UnprocessedKeys["big"]; got != 43 || len(left.Keys) != 7 || *left.ProjectionExpression != "sk" {
			t.Errorf("%d items come back and %d keys are left", got, len(left.Keys))
		}
	})
}
