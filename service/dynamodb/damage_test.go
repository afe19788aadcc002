package dynamodb_test

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/runnel/runnel/store"
)

// damage overwrites the values of a space, and returns how to repair them.
func (c *client) damage(space string) (repair func()) {
	c.t.Helper()
	was := map[string][]byte{}
	write := func(value func(was []byte) []byte) {
		c.t.Helper()
		err := c.store.Update(context.Background(), func(tx *store.Tx) error {
			for key, old := range was {
				tx.Set(store.Key(key), value(old))
			}
			return nil
		})
		if err != nil {
			c.t.Fatal(err)
		}
	}
	err := c.store.View(context.Background(), func(tx *store.Tx) error {
		for key, value := range tx.Scan(store.Prefix(store.K("dynamodb", space))) {
			if len(value) > 0 { // an expiry has no value
				was[string(key)] = append([]byte(nil), value...)
			}
		}
		return nil
	})
	if err != nil || len(was) == 0 {
		c.t.Fatal("nothing to damage", err)
	}
	write(func([]byte) []byte { return []byte("\xff\xff damaged") })
	return func() { write(func(was []byte) []byte { return was }) }
}

// TestDamagedItem wants every request for a damaged item to fail, what is not
// damaged to go on, and nothing of what failed to remain.
func TestDamagedItem(t *testing.T) {
	c := newClient(t)
	ctx, table := context.Background(), aws.String("items")
	c.create("items", define("pk", types.ScalarAttributeTypeS))
	c.expireBy("items", "ttl")
	key := item{"pk": str("a")}
	c.put("items", item{"pk": str("a"), "ttl": c.after(time.Hour), "n": num("1")})
	repair := c.damage("rows")
	for name, try := range map[string]func() error{
		"get":  func() error { _, err := c.GetItem(ctx, &dynamodb.GetItemInput{TableName: table, Key: key}); return err },
		"scan": func() error { _, err := c.Scan(ctx, &dynamodb.ScanInput{TableName: table}); return err },
		"query": func() error {
			_, err := c.Query(ctx, &dynamodb.QueryInput{TableName: table, Select: types.SelectCount, Limit: aws.Int32(1),
				KeyConditionExpression: aws.String("pk = :a"), ExpressionAttributeValues: item{":a": str("a")}})
			return err
		},
		"batch get": func() error {
			_, err := c.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{"items": {Keys: []item{key}}}})
			return err
		},
		"put": func() error {
			_, err := c.PutItem(ctx, &dynamodb.PutItemInput{TableName: table, Item: key})
			return err
		},
		"conditional put": func() error {
			_, err := c.PutItem(ctx, &dynamodb.PutItemInput{TableName: table, Item: key, ConditionExpression: aws.String("attribute_not_exists(pk)")})
			return err
		},
		"update": func() error {
			_, err := c.UpdateItem(ctx, &dynamodb.UpdateItemInput{TableName: table, Key: key, UpdateExpression: aws.String("REMOVE n")})
			return err
		},
		"delete": func() error {
			_, err := c.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: table, Key: key})
			return err
		},
		"batch write": func() error {
			_, err := c.BatchWriteItem(ctx, &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{"items": {
				{PutRequest: &types.PutRequest{Item: item{"pk": str("b")}}}, {DeleteRequest: &types.DeleteRequest{Key: key}}}}})
			return err
		},
		"new index": func() error {
			_, err := c.UpdateTable(ctx, &dynamodb.UpdateTableInput{TableName: table,
				AttributeDefinitions: []types.AttributeDefinition{define("pk", types.ScalarAttributeTypeS), define("n", types.ScalarAttributeTypeN)},
				GlobalSecondaryIndexUpdates: []types.GlobalSecondaryIndexUpdate{{Create: &types.CreateGlobalSecondaryIndexAction{
					IndexName: aws.String("by-n"), Projection: &types.Projection{ProjectionType: types.ProjectionTypeAll},
					KeySchema: []types.KeySchemaElement{{AttributeName: aws.String("n"), KeyType: types.KeyTypeHash}}}}}})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) { wantInternal(t, try()) })
	}
	c.create("other", define("pk", types.ScalarAttributeTypeS))
	c.put("other", key)
	c.wantItems("other", 1)
	repair()
	c.wantItems("items", 1)
}

func wantInternal(t *testing.T, err error) {
	t.Helper()
	wantError(t, err, "InternalFailure", "The request processing has failed because of an unknown error, exception or failure.")
}

// TestDamagedItemExpires wants the timers of a table that has a damaged item to
// fail, be tried again, and leave the other timers alone.
func TestDamagedItemExpires(t *testing.T) {
	bubble(t, func(t *testing.T, c *client) {
		for _, table := range []string{"bad", "good"} {
			c.create(table, define("pk", types.ScalarAttributeTypeS))
			c.expireBy(table, "ttl")
		}
		c.put("bad", item{"pk": str("a"), "ttl": c.after(time.Minute)})
		repair := c.damage("rows")
		c.put("good", item{"pk": str("a"), "ttl": c.after(time.Minute)})
		c.advance(2 * time.Minute)
		c.wantItems("good", 0)
		repair()
		c.wantItems("bad", 1)
		c.advance(time.Minute)
		c.wantItems("bad", 0)
	})
}

// TestDamagedTable wants a table whose definition is damaged to be no reason to
// say that there is none, and for its timers to fail.
func TestDamagedTable(t *testing.T) {
	bubble(t, func(t *testing.T, c *client) {
		c.create("items", define("pk", types.ScalarAttributeTypeS))
		c.expireBy("items", "ttl")
		c.put("items", item{"pk": str("a"), "ttl": c.after(time.Minute)})
		repair := c.damage("table")
		_, err := c.GetItem(context.Background(), &dynamodb.GetItemInput{TableName: aws.String("items"), Key: item{"pk": str("a")}})
		wantInternal(t, err)
		_, err = c.UpdateTimeToLive(context.Background(), &dynamodb.UpdateTimeToLiveInput{
			TableName: aws.String("items"), TimeToLiveSpecification: &types.TimeToLiveSpecification{Enabled: aws.Bool(false), AttributeName: aws.String("ttl")},
		})
		wantInternal(t, err)
		c.advance(2 * time.Minute)
		repair()
		c.wantItems("items", 1)
		c.advance(time.Minute)
		c.wantItems("items", 0)
	})
}
