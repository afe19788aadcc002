package dynamodb_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/runnel/runnel/service/dynamodb/attr"
	"github.com/runnel/runnel/store/storetest"
)

// step is a write, and what must be so once it was acknowledged.
type step struct {
	name string
	do   func(c *client) error
	so   func(c *client) bool
}

func writeSteps() []step {
	ctx := context.Background()
	table := aws.String("things")
	key := func(n int) item { return item{"pk": str("p"), "sk": num(strconv.Itoa(n))} }
	with := func(n int, more item) item {
		it := key(n)
		for name, v := range more {
			it[name] = v
		}
		return it
	}
	arn := aws.String("arn:aws:dynamodb:us-east-1:000000000000:table/things")
	tags := func(c *client) int {
		out, err := c.ListTagsOfResource(ctx, &dynamodb.ListTagsOfResourceInput{ResourceArn: arn})
		if err != nil {
			return -1
		}
		return len(out.Tags)
	}
	return []step{
		{"CreateTable", func(c *client) error {
			c.create("things", define("pk", types.ScalarAttributeTypeS), define("sk", types.ScalarAttributeTypeN))
			return nil
		}, func(c *client) bool { return *c.describe("things").ItemCount == 0 }},
		{"PutItem", func(c *client) error {
			c.put("things", with(1, item{"g": str("x")}))
			return nil
		}, func(c *client) bool { return c.get("things", key(1)) != nil }},
		{"UpdateTable create index", func(c *client) error {
			_, err := c.addIndex("things")
			return err
		}, func(c *client) bool { return c.countByG("things", "x") == 1 }},
		{"BatchWriteItem", func(c *client) error {
			var requests []types.WriteRequest
			for i := 2; i < 12; i++ {
				requests = append(requests, types.WriteRequest{PutRequest: &types.PutRequest{Item: with(i, item{"g": str("y")})}})
			}
			_, err := c.BatchWriteItem(ctx, &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{"things": requests}})
			return err
		}, func(c *client) bool { return c.countByG("things", "y") == 10 }},
		{"UpdateItem", func(c *client) error {
			_, err := c.UpdateItem(ctx, &dynamodb.UpdateItemInput{TableName: table, Key: key(2), UpdateExpression: aws.String("SET g = :g ADD n :n"),
				ExpressionAttributeValues: item{":g": str("z"), ":n": num("1")}})
			return err
		}, func(c *client) bool {
			return c.countByG("things", "z") == 1 && c.countByG("things", "y") == 9 && c.get("things", key(2))["n"].(*N).Value == "1"
		}},
		{"DeleteItem", func(c *client) error {
			_, err := c.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: table, Key: key(3)})
			return err
		}, func(c *client) bool { return c.get("things", key(3)) == nil && c.countByG("things", "y") == 8 }},
		{"UpdateTimeToLive", func(c *client) error {
			c.expireBy("things", "ttl")
			return nil
		}, func(c *client) bool {
			out, err := c.DescribeTimeToLive(ctx, &dynamodb.DescribeTimeToLiveInput{TableName: table})
			return err == nil && out.TimeToLiveDescription.TimeToLiveStatus == types.TimeToLiveStatusEnabled
		}},
		{"PutItem that expires", func(c *client) error {
			c.put("things", with(50, item{"ttl": c.after(time.Hour)}))
			return nil
		}, func(c *client) bool {
			if c.get("things", key(50)) == nil {
				return false
			}
			c.advance(2 * time.Hour) // on the clock of the reopened store alone
			return c.get("things", key(50)) == nil
		}},
		{"TagResource", func(c *client) error {
			_, err := c.TagResource(ctx, &dynamodb.TagResourceInput{ResourceArn: arn, Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("1")}}})
			return err
		}, func(c *client) bool { return tags(c) == 1 }},
		{"UntagResource", func(c *client) error {
			_, err := c.UntagResource(ctx, &dynamodb.UntagResourceInput{ResourceArn: arn, TagKeys: []string{"a"}})
			return err
		}, func(c *client) bool { return tags(c) == 0 }},
		{"UpdateTable delete index", func(c *client) error {
			_, err := c.UpdateTable(ctx, &dynamodb.UpdateTableInput{TableName: table, GlobalSecondaryIndexUpdates: []types.GlobalSecondaryIndexUpdate{
				{Delete: &types.DeleteGlobalSecondaryIndexAction{IndexName: aws.String("by-g")}}}})
			return err
		}, func(c *client) bool { return c.describe("things").GlobalSecondaryIndexes == nil }},
		{"DeleteTable", func(c *client) error {
			_, err := c.DeleteTable(ctx, &dynamodb.DeleteTableInput{TableName: table})
			return err
		}, func(c *client) bool {
			_, err := c.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: table})
			return err != nil
		}},
	}
}

// Whatever a power cut leaves of what was not fsynced, nothing that was
// acknowledged is lost, and the table agrees with its indexes and counts.
func TestPowerCuts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := storetest.NewDisk()
		c := clientOn(t, disk)
		for _, s := range writeSteps() {
			if err := s.do(c); err != nil {
				t.Fatalf("%s: %v", s.name, err)
			}
			for seed := range uint64(4) {
				after, shut := bootOn(t, disk.PowerCut(seed))
				if !s.so(after) {
					t.Errorf("%s was acknowledged and is lost (seed %d)", s.name, seed)
				}
				if s.name != "DeleteTable" {
					if err := after.audit("things"); err != nil {
						t.Errorf("%s: %v (seed %d)", s.name, err, seed)
					}
				}
				shut()
			}
		}
	})
}

// audit compares the rows of a table with its counts and with its indexes.
func (c *client) audit(table string) error {
	d := c.describe(table)
	items, size := c.scanAll(table, nil)
	if n := *d.ItemCount; n != int64(len(items)) || *d.TableSizeBytes != size {
		return fmt.Errorf("%s counts %d items of %d bytes, has %d of %d", table, n, *d.TableSizeBytes, len(items), size)
	}
	var errs []error
	for _, x := range d.GlobalSecondaryIndexes {
		errs = append(errs, c.auditIndex(table, *x.IndexName, x.KeySchema, *x.ItemCount, *x.IndexSizeBytes, items))
	}
	for _, x := range d.LocalSecondaryIndexes {
		errs = append(errs, c.auditIndex(table, *x.IndexName, x.KeySchema, *x.ItemCount, *x.IndexSizeBytes, items))
	}
	return errors.Join(errs...)
}

func (c *client) auditIndex(table, name string, keys []types.KeySchemaElement, count, bytes int64, items map[string]item) error {
	rows, size := c.scanAll(table, &name)
	if count != int64(len(rows)) || bytes != size {
		return fmt.Errorf("index %s counts %d items of %d bytes, has %d of %d", name, count, bytes, len(rows), size)
	}
	for id, it := range items {
		covered := true
		for _, k := range keys {
			covered = covered && it[*k.AttributeName] != nil
		}
		row, found := rows[id]
		if covered != found {
			return fmt.Errorf("index %s has %q: %v, want %v", name, id, found, covered)
		}
		for attribute, v := range row {
			if !attr.Equal(v, it[attribute]) {
				return fmt.Errorf("index %s has an old %s of %q", name, attribute, id)
			}
		}
	}
	return nil
}
