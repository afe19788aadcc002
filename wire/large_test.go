package wire_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/runnel/runnel/wire"
)

// TestFirstRequests has many requests look at the same types for the first time.
func TestFirstRequests(t *testing.T) {
	m := batchMux()
	doc := writeBatch()
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			r := httptest.NewRequest("POST", "/", strings.NewReader(doc))
			r.Header.Set("X-Amz-Target", "DynamoDB_20120810.BatchWriteItem")
			w := httptest.NewRecorder()
			m.ServeHTTP(w, r)
			if w.Code != http.StatusOK {
				t.Error(w.Code, w.Body)
			}
		})
	}
	wg.Wait()
}

// TestStringsOfLargeDocuments checks that what an operation keeps of a large body
// stays as it was when the next request takes the body's place.
func TestStringsOfLargeDocuments(t *testing.T) {
	var kept []string
	m := newMux(wire.API{
		ID: "dynamodb", Protocols: []wire.Protocol{wire.JSON10}, Target: "DynamoDB_20120810", Unions: []wire.Union{attributeValue},
		Operations: []wire.Operation{wire.Op("Scan", func(_ context.Context, in *dynamodb.ScanInput) (*dynamodb.ScanOutput, error) {
			kept = append(kept, *in.TableName)
			return nil, nil
		})},
	})
	for _, fill := range []string{"a", "b"} {
		for _, size := range []int{10, 100_000} {
			r := httptest.NewRequest("POST", "/", strings.NewReader(`{"TableName":"`+strings.Repeat(fill, size)+`"}`))
			r.Header.Set("X-Amz-Target", "DynamoDB_20120810.Scan")
			m.ServeHTTP(httptest.NewRecorder(), r)
		}
	}
	for i, s := range kept {
		want := []string{"a", "a", "b", "b"}[i]
		if strings.Trim(s, want) != "" {
			t.Errorf("%d: changed to %.20s", i, s)
		}
	}
}
