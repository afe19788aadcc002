package dynamodb_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

func (c *client) expireBy(table, attribute string) {
	c.t.Helper()
	_, err := c.UpdateTimeToLive(context.Background(), &dynamodb.UpdateTimeToLiveInput{
		TableName: &table, TimeToLiveSpecification: &types.TimeToLiveSpecification{Enabled: aws.Bool(true), AttributeName: &attribute},
	})
	if err != nil {
		c.t.Fatal(err)
	}
}

// after is the time d from now, as an item's expiry.
func (c *client) after(d time.Duration) types.AttributeValue {
	return num(fmt.Sprint(c.store.Clock().Now().Add(d).Unix()))
}

func (c *client) advance(d time.Duration) {
	c.store.Clock().Advance(d)
	synctest.Wait()
}

func (c *client) wantItems(table string, want int) {
	c.t.Helper()
	out, err := c.Scan(context.Background(), &dynamodb.ScanInput{TableName: &table})
	if err != nil {
		c.t.Fatal(err)
	}
	if n := int(*c.describe(table).ItemCount); int(out.Count) != want || n != want {
		c.t.Errorf("%s has %d items and counts %d, want %d", table, out.Count, n, want)
	}
}

func TestItemsExpire(t *testing.T) {
	bubble(t, func(t *testing.T, c *client) {
		c.create("sessions", define("pk", types.ScalarAttributeTypeS))
		c.put("sessions", item{"pk": str("before"), "ttl": c.after(time.Hour)})
		c.expireBy("sessions", "ttl")
		c.put("sessions", item{"pk": str("soon"), "ttl": c.after(time.Minute)})
		c.put("sessions", item{"pk": str("moved"), "ttl": c.after(time.Minute)})
		c.put("sessions", item{"pk": str("kept"), "ttl": c.after(time.Minute)})
		c.put("sessions", item{"pk": str("string"), "ttl": str("1")})
		c.put("sessions", item{"pk": str("ancient"), "ttl": num("1")})
		c.put("sessions", item{"pk": str("odd"), "ttl": num("-1e100")})
		c.put("sessions", item{"pk": str("moved"), "ttl": c.after(2 * time.Hour)})
		_, err := c.UpdateItem(context.Background(), &dynamodb.UpdateItemInput{
			TableName: aws.String("sessions"), Key: item{"pk": str("kept")}, UpdateExpression: aws.String("REMOVE #t"), ExpressionAttributeNames: map[string]string{"#t": "ttl"},
		})
		if err != nil {
			t.Fatal(err)
		}
		c.wantItems("sessions", 7)
		c.advance(59 * time.Second)
		c.wantItems("sessions", 7)
		c.advance(time.Second)
		c.wantItems("sessions", 6) // soon
		c.advance(time.Hour)
		c.wantItems("sessions", 5) // before
		c.advance(2 * time.Hour)
		c.wantItems("sessions", 4) // moved
		c.advance(1000 * time.Hour)
		c.wantItems("sessions", 4)
		if c.get("sessions", item{"pk": str("kept")}) == nil {
			t.Error("an item expired that should not")
		}
	})
}

func TestManyItemsExpireAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T, c *client) {
		c.create("sessions", define("pk", types.ScalarAttributeTypeS))
		c.expireBy("sessions", "ttl")
		for i := range 250 {
			c.put("sessions", item{"pk": str(fmt.Sprint(i)), "ttl": c.after(time.Minute)})
		}
		c.put("sessions", item{"pk": str("last"), "ttl": c.after(time.Hour)})
		c.advance(time.Minute)
		c.wantItems("sessions", 1)
		c.advance(time.Hour)
		c.wantItems("sessions", 0)
	})
}

func TestDisabledExpiryKeepsItems(t *testing.T) {
	bubble(t, func(t *testing.T, c *client) {
		c.create("sessions", define("pk", types.ScalarAttributeTypeS))
		c.expireBy("sessions", "ttl")
		c.put("sessions", item{"pk": str("a"), "ttl": c.after(time.Minute)})
		_, err := c.UpdateTimeToLive(context.Background(), &dynamodb.UpdateTimeToLiveInput{
			TableName: aws.String("sessions"), TimeToLiveSpecification: &types.TimeToLiveSpecification{Enabled: aws.Bool(false), AttributeName: aws.String("ttl")},
		})
		if err != nil {
			t.Fatal(err)
		}
		c.advance(time.Hour)
		c.wantItems("sessions", 1)
	})
}
