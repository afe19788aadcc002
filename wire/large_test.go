package wire_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
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

// TestTooLargeIsTold sends a body that is refused to the end, as most clients do,
// and then looks for the answer; and one that waits to be asked for it.
func TestTooLargeIsTold(t *testing.T) {
	server := httptest.NewServer(batchMux())
	defer server.Close()
	const size = 24 << 20
	head := "POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: DynamoDB_20120810.BatchWriteItem\r\n"
	for name, request := range map[string]string{
		"announced":     head + fmt.Sprintf("Content-Length: %d\r\n\r\n", size) + strings.Repeat("x", size),
		"not announced": head + fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n", size) + strings.Repeat("x", size) + "\r\n0\r\n\r\n",
		"sent anyway":   head + fmt.Sprintf("Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n", size) + strings.Repeat("x", size) + "\r\n0\r\n\r\n",
		"asked for":     head + fmt.Sprintf("Expect: 100-continue\r\nContent-Length: %d\r\n\r\n", size),
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := net.Dial("tcp", server.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if _, err := io.WriteString(conn, request); err != nil {
				t.Fatal(err)
			}
			answers := bufio.NewReader(conn)
			got, err := http.ReadResponse(answers, nil)
			if err == nil && got.StatusCode == http.StatusContinue {
				got, err = http.ReadResponse(answers, nil)
			}
			if err != nil {
				t.Fatal(err)
			}
			defer got.Body.Close()
			if got.StatusCode != http.StatusRequestEntityTooLarge {
				t.Error(got.Status)
			}
		})
	}
}
