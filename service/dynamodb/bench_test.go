package dynamodb_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	service "github.com/runnel/runnel/service/dynamodb"
	"github.com/runnel/runnel/store"
)

// row is an item as the IoT messages of pipelines/iot-messages are.
func row(i int64) item {
	return item{
		"date": str(fmt.Sprintf("2019-10-%02d", i%28+1)), "time": str(fmt.Sprintf("%09d", i)), "location": str("us-east"), "source": str("wireless"),
		"local_dest": str("router-1"), "local_avg": num("3.21"), "remote_dest": str("ping.example"), "remote_avg": num("21.6"),
	}
}

// BenchmarkOperations calls the operations as the wire does, on the machine's
// disk, every write fsynced; 16 callers share the commits.
func BenchmarkOperations(b *testing.B) {
	ctx := context.Background()
	st, err := store.Open(b.TempDir(), store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer st.Close()
	s := service.New(st, service.Config{Region: "us-east-1", Account: "000000000000"})
	table := aws.String("messages")
	_, err = s.CreateTable(ctx, &dynamodb.CreateTableInput{
		TableName: table, BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{define("date", types.ScalarAttributeTypeS), define("time", types.ScalarAttributeTypeS)},
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("date"), KeyType: types.KeyTypeHash}, {AttributeName: aws.String("time"), KeyType: types.KeyTypeRange}},
	})
	if err != nil {
		b.Fatal(err)
	}
	var next atomic.Int64
	for _, op := range []struct {
		name string
		do   func() error
	}{
		{"PutItem", func() error {
			_, err := s.PutItem(ctx, &dynamodb.PutItemInput{TableName: table, Item: row(next.Add(1))})
			return err
		}},
		{"BatchWriteItem25", func() error {
			requests := make([]types.WriteRequest, 25)
			for i := range requests {
				requests[i].PutRequest = &types.PutRequest{Item: row(next.Add(1))}
			}
			_, err := s.BatchWriteItem(ctx, &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{"messages": requests}})
			return err
		}},
		{"GetItem", func() error {
			it := row(next.Add(-1))
			_, err := s.GetItem(ctx, &dynamodb.GetItemInput{TableName: table, Key: item{"date": it["date"], "time": it["time"]}})
			return err
		}},
		{"Query20", func() error {
			_, err := s.Query(ctx, &dynamodb.QueryInput{TableName: table, KeyConditionExpression: aws.String("#d = :d"), Limit: aws.Int32(20),
				ExpressionAttributeNames: map[string]string{"#d": "date"}, ExpressionAttributeValues: item{":d": str("2019-10-07")}})
			return err
		}},
	} {
		b.Run(op.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetParallelism(8)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := op.do(); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}
