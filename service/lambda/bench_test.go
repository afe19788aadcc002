package lambda

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// BenchmarkQueueToFunction is messages through a queue and a function that does
// nothing, in batches of ten, on the machine's disk.
func BenchmarkQueueToFunction(b *testing.B) {
	r := newDiskRig(b)
	url, arn := r.createQueue("q", nil)
	r.create("f", "quiet")
	for i := 0; i < b.N; i += 10 {
		in := &sqs.SendMessageBatchInput{QueueUrl: &url}
		for j := range min(10, b.N-i) {
			in.Entries = append(in.Entries, sqstypes.SendMessageBatchRequestEntry{Id: aws.String(fmt.Sprint(j)), MessageBody: aws.String(`{"date":"2026-11-20","time":"12:00:00","location":"dublin"}`)})
		}
		if _, err := r.sqs.SendMessageBatch(b.Context(), in); err != nil {
			b.Fatal(err)
		}
	}
	b.ResetTimer()
	r.mapQueue("f", arn)
	r.emptied(url)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
}

// BenchmarkInvoke is synchronous invocations of a function that does nothing.
func BenchmarkInvoke(b *testing.B) {
	r := newDiskRig(b)
	r.create("f", "echo")
	in := &lambda.InvokeInput{FunctionName: aws.String("f"), Payload: []byte(`{}`)}
	if _, err := r.lambda.Invoke(b.Context(), in); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := r.lambda.Invoke(b.Context(), in); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkIdle is from a message's arrival on an idle runtime to its invocation.
func BenchmarkIdle(b *testing.B) {
	r := newDiskRig(b)
	url, arn := r.createQueue("q", nil)
	r.create("f", "sqs")
	r.mapQueue("f", arn)
	r.send(url, "warm")
	r.next(`{}`)
	r.emptied(url)
	var total time.Duration
	for b.Loop() {
		start := time.Now()
		r.send(url, "x")
		r.next(`{}`)
		total += time.Since(start)
		b.StopTimer()
		r.emptied(url)
		b.StartTimer()
	}
	b.ReportMetric(float64(total.Microseconds())/float64(b.N), "µs/message")
}

// newDiskRig is newRig on the machine's disk.
func newDiskRig(b *testing.B) *rig {
	b.Helper()
	dir := b.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "data"), 0o755); err != nil {
		b.Fatal(err)
	}
	return rigOn(b, openStore(b, filepath.Join(dir, "data")))
}
