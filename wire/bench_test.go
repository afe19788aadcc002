package wire_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamotypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/runnel/runnel/wire"
)

// sendBatch is a SendMessageBatch of 10 entries with an attribute each.
func sendBatch() string {
	var b strings.Builder
	b.WriteString(`{"QueueUrl":"http://localhost:4566/000000000000/q","Entries":[`)
	for i := range 10 {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"Id":"%d","MessageBody":"{\"TableName\":\"t\",\"Item\":{\"date\":\"2019-08-27\",\"time\":\"02:39:42\",\"source\":\"wired\"}}","MessageAttributes":{"Method":{"DataType":"String","StringValue":"POST"}}}`, i)
	}
	return b.String() + "]}"
}

// writeBatch is a BatchWriteItem of 25 items with 7 attributes each.
func writeBatch() string {
	var b strings.Builder
	b.WriteString(`{"RequestItems":{"messages":[`)
	for i := range 25 {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"PutRequest":{"Item":{"date":{"S":"2019-08-27"},"time":{"S":"02:39:%02d"},"location":{"S":"lab-5"},"source":{"S":"wireless"},"local_dest":{"S":"router-1"},"local_avg":{"N":"5.93"},"remote_avg":{"N":"12.66"}}}}`, i)
	}
	return b.String() + "]}}"
}

func batchMux() *wire.Mux {
	m := newMux(wire.API{
		ID: "sqs", Protocols: []wire.Protocol{wire.JSON10}, Target: "AmazonSQS",
		Operations: []wire.Operation{wire.Op("SendMessageBatch", func(_ context.Context, in *sqs.SendMessageBatchInput) (*sqs.SendMessageBatchOutput, error) {
			out := &sqs.SendMessageBatchOutput{}
			for _, e := range in.Entries {
				out.Successful = append(out.Successful, sqstypes.SendMessageBatchResultEntry{
					Id: e.Id, MessageId: aws.String("5fea7756-0ea4-451a-a703-a558b933e274"), MD5OfMessageBody: aws.String("fafb00f5732ab283681e124bf8747ed1"),
				})
			}
			return out, nil
		})},
	})
	m.Handle(wire.API{
		ID: "dynamodb", Protocols: []wire.Protocol{wire.JSON10}, Target: "DynamoDB_20120810", Unions: []wire.Union{attributeValue}, CRC32: true,
		Operations: []wire.Operation{
			wire.Op("BatchWriteItem", func(context.Context, *dynamodb.BatchWriteItemInput) (*dynamodb.BatchWriteItemOutput, error) {
				return &dynamodb.BatchWriteItemOutput{UnprocessedItems: map[string][]dynamotypes.WriteRequest{}}, nil
			}),
			wire.Op("Scan", func(_ context.Context, in *dynamodb.ScanInput) (*dynamodb.ScanOutput, error) {
				out := &dynamodb.ScanOutput{}
				for range 25 {
					out.Items = append(out.Items, in.ExclusiveStartKey)
				}
				return out, nil
			}),
		},
	})
	return m
}

func post(b *testing.B, target, body string) {
	b.Helper()
	m := batchMux()
	doc := []byte(body)
	r := httptest.NewRequest("POST", "http://localhost:4566/", nil)
	r.Header.Set("X-Amz-Target", target)
	r.Header.Set("Content-Type", "application/x-amz-json-1.0")
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=test/20261120/us-east-1/x/aws4_request, SignedHeaders=host, Signature=00")
	r.Header.Set("X-Amz-Date", "20261120T000000Z")
	r.Host = "sqs.us-east-1.amazonaws.com"
	if strings.HasPrefix(target, "Dynamo") {
		r.Host = "dynamodb.us-east-1.amazonaws.com"
	}
	b.SetBytes(int64(len(doc)))
	b.ReportAllocs()
	for b.Loop() {
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(doc)), int64(len(doc))
		w := &discardResponse{header: http.Header{}}
		m.ServeHTTP(w, r)
		if w.status != 200 {
			b.Fatal(w.status)
		}
	}
}

type discardResponse struct {
	header http.Header
	status int
}

func (w *discardResponse) Header() http.Header         { return w.header }
func (w *discardResponse) WriteHeader(code int)        { w.status = code }
func (w *discardResponse) Write(p []byte) (int, error) { return len(p), nil }

func BenchmarkSendMessageBatch(b *testing.B) { post(b, "AmazonSQS.SendMessageBatch", sendBatch()) }

func BenchmarkBatchWriteItem(b *testing.B) { post(b, "DynamoDB_20120810.BatchWriteItem", writeBatch()) }

// BenchmarkScan answers with 25 items of 7 attributes.
func BenchmarkScan(b *testing.B) {
	post(b, "DynamoDB_20120810.Scan", `{"TableName":"t","ExclusiveStartKey":{"date":{"S":"2019-08-27"},"time":{"S":"02:39:42"},"location":{"S":"lab-5"},"source":{"S":"wireless"},"local_dest":{"S":"router-1"},"local_avg":{"N":"5.93"},"remote_avg":{"N":"12.66"}}}`)
}

// BenchmarkSmall is the cost of a request beside its content.
func BenchmarkSmall(b *testing.B) {
	post(b, "DynamoDB_20120810.BatchWriteItem", `{"RequestItems":{}}`)
}
