package dynamodb_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Concurrent writers of one item neither lose an increment nor both win a
// condition.
func TestConcurrentWriters(t *testing.T) {
	bubble(t, func(t *testing.T, c *client) {
		c.create("things", define("pk", types.ScalarAttributeTypeS))
		const writers, rounds = 8, 20
		var won [writers]int
		var wg sync.WaitGroup
		for w := range writers {
			wg.Go(func() {
				for range rounds {
					_, err := c.UpdateItem(context.Background(), &dynamodb.UpdateItemInput{
						TableName: aws.String("things"), Key: item{"pk": str("counter")}, UpdateExpression: aws.String("ADD n :one"), ExpressionAttributeValues: item{":one": num("1")},
					})
					if err != nil {
						t.Error(err)
					}
				}
				_, err := c.PutItem(context.Background(), &dynamodb.PutItemInput{
					TableName: aws.String("things"), Item: item{"pk": str("lock")}, ConditionExpression: aws.String("attribute_not_exists(pk)"),
				})
				var lost *types.ConditionalCheckFailedException
				if err == nil {
					won[w] = 1
				} else if !errors.As(err, &lost) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if n := c.get("things", item{"pk": str("counter")})["n"].(*N).Value; n != "160" {
			t.Errorf("160 increments give %s", n)
		}
		winners := 0
		for _, n := range won {
			winners += n
		}
		if winners != 1 {
			t.Errorf("%d writers got the lock", winners)
		}
	})
}
