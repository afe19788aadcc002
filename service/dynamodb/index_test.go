package dynamodb_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/runnel/runnel/store/storetest"
)

// addIndex gives table the global index "by-g" on g.
func (c *client) addIndex(table string) (*dynamodb.UpdateTableOutput, error) {
	return c.UpdateTable(context.Background(), &dynamodb.UpdateTableInput{
		TableName: &table, AttributeDefinitions: []types.AttributeDefinition{define("g", types.ScalarAttributeTypeS)},
		GlobalSecondaryIndexUpdates: []types.GlobalSecondaryIndexUpdate{{Create: &types.CreateGlobalSecondaryIndexAction{
			IndexName: aws.String("by-g"), KeySchema: []types.KeySchemaElement{{AttributeName: aws.String("g"), KeyType: types.KeyTypeHash}},
			Projection: &types.Projection{ProjectionType: types.ProjectionTypeKeysOnly},
		}}},
	})
}

func (c *client) countByG(table, g string) int {
	c.t.Helper()
	pages := dynamodb.NewQueryPaginator(c, &dynamodb.QueryInput{
		TableName: &table, IndexName: aws.String("by-g"), KeyConditionExpression: aws.String("g = :g"), ExpressionAttributeValues: item{":g": str(g)}, Select: types.SelectCount,
	})
	n := 0
	for pages.HasMorePages() {
		out, err := pages.NextPage(context.Background())
		if err != nil {
			c.t.Fatal(err)
		}
		n += int(out.Count)
	}
	return n
}

// A large index is filled in the background, while items come and go, and
// across a power cut.
func TestIndexIsFilled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := storetest.NewDisk()
		c, shut := bootOn(t, disk)
		c.create("things", define("pk", types.ScalarAttributeTypeS), define("sk", types.ScalarAttributeTypeN))
		c.fill("things", 1300, 10)
		out, err := c.addIndex("things")
		if err != nil {
			t.Fatal(err)
		}
		x := out.TableDescription.GlobalSecondaryIndexes[0]
		if x.IndexStatus != types.IndexStatusCreating || !*x.Backfilling || *x.ItemCount != 500 {
			t.Errorf("the index is %s and has %d items", x.IndexStatus, *x.ItemCount)
		}
		cut := disk.PowerCut(1)
		shut()

		c = clientOn(t, cut)
		for i := range 60 { // every 20th item, some before and some after the fill
			_, err := c.DeleteItem(context.Background(), &dynamodb.DeleteItemInput{TableName: aws.String("things"), Key: item{"pk": str("p"), "sk": num(fmt.Sprint(i * 20))}})
			if err != nil {
				t.Fatal(err)
			}
		}
		c.put("things", item{"pk": str("p"), "sk": num("-1"), "g": str("g0")})
		synctest.Wait()
		d := c.describe("things")
		x = d.GlobalSecondaryIndexes[0]
		if x.IndexStatus != types.IndexStatusActive || *x.ItemCount != 1241 || *d.ItemCount != 1241 {
			t.Errorf("the index is %s and has %d items, the table %d", x.IndexStatus, *x.ItemCount, *d.ItemCount)
		}
		n := 0
		for g := range 3 {
			n += c.countByG("things", fmt.Sprint("g", g))
		}
		if n != 1241 {
			t.Errorf("the index has %d items", n)
		}
	})
}

func TestIndexBeingFilledIsNotRead(t *testing.T) {
	bubble(t, func(t *testing.T, c *client) {
		c.create("things", define("pk", types.ScalarAttributeTypeS), define("sk", types.ScalarAttributeTypeN))
		c.fill("things", 600, 10)
		if _, err := c.addIndex("things"); err != nil {
			t.Fatal(err)
		}
		_, err := c.Scan(context.Background(), &dynamodb.ScanInput{TableName: aws.String("things"), IndexName: aws.String("by-g")})
		if err != nil { // the filling may be done by now
			wantError(t, err, "ValidationException", "Cannot read from backfilling global secondary index: by-g")
		}
		synctest.Wait()
		_, err = c.addIndex("things")
		wantError(t, err, "ValidationException", "One or more parameter values were invalid: Duplicate index name: by-g")
	})
}
