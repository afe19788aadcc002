package lambda

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// sendInOrder sends messages "a1 b1" to a FIFO queue: the letter is the group.
func (r *rig) sendInOrder(url, bodies string) {
	r.t.Helper()
	for _, body := range strings.Fields(bodies) {
		_, err := r.sqs.SendMessage(r.t.Context(), &sqs.SendMessageInput{QueueUrl: &url, MessageBody: &body,
			MessageGroupId: aws.String(body[:1]), MessageDeduplicationId: &body})
		if err != nil {
			r.t.Fatal(err)
		}
	}
}

// inOrder is the bodies that the function "sqs" was given, as it got them.
func inOrder(t *testing.T, question []byte) string {
	t.Helper()
	var bodies []string
	if err := json.Unmarshal(question, &bodies); err != nil {
		t.Fatal(err)
	}
	return strings.Join(bodies, " ")
}

// TestFIFOFeedsFunction: while a batch of a group is at work nothing else of the
// group is, and what the function failed on comes again before what follows.
func TestFIFOFeedsFunction(t *testing.T) {
	r := newRig(t)
	url, arn := r.createQueue("q.fifo", map[string]string{"FifoQueue": "true", "VisibilityTimeout": "30"})
	r.create("f", "sqs")
	r.sendInOrder(url, "a1 a2 a3")
	r.mapQueue("f", arn, func(in *lambda.CreateEventSourceMappingInput) {
		in.FunctionResponseTypes = []types.FunctionResponseType{types.FunctionResponseTypeReportBatchItemFailures}
	})
	first := <-r.asked.c
	if got := inOrder(t, first.Body); got != "a1 a2 a3" {
		t.Fatalf("first: %s", got)
	}
	r.sendInOrder(url, "a4 b1")
	other := <-r.asked.c
	if got := inOrder(t, other.Body); got != "b1" {
		t.Fatalf("while a is at work: %s", got)
	}
	other.Answer <- `{}`
	first.Answer <- `{"Bad":["a2","a3"]}`
	r.counts(url, 1, 2)
	r.st.Clock().Advance(30 * time.Second)
	if got := inOrder(t, []byte(r.next(`{}`))); got != "a2 a3 a4" {
		t.Errorf("again: %s", got)
	}
	r.emptied(url)
}

// TestFIFOFailure: a group waits for the batch that failed.
func TestFIFOFailure(t *testing.T) {
	r := newRig(t)
	url, arn := r.createQueue("q.fifo", map[string]string{"FifoQueue": "true", "VisibilityTimeout": "30"})
	r.create("f", "sqs")
	r.mapQueue("f", arn, func(in *lambda.CreateEventSourceMappingInput) { in.BatchSize = aws.Int32(1) })
	r.sendInOrder(url, "a1 a2")
	for _, want := range []struct{ body, answer string }{{"a1", `{"Fail":true}`}, {"a1", `{}`}, {"a2", `{}`}} {
		if got := inOrder(t, []byte(r.next(want.answer))); got != want.body {
			t.Errorf("got %s, want %s", got, want.body)
		}
		if want.answer != `{}` {
			r.counts(url, 1, 1)
			r.st.Clock().Advance(30 * time.Second)
		}
	}
	r.emptied(url)
}
