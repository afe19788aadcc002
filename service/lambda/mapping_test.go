package lambda

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/runnel/runnel/store/storetest"
)

func (r *rig) send(url string, bodies ...string) {
	r.t.Helper()
	for part := range slices.Chunk(bodies, 10) {
		in := &sqs.SendMessageBatchInput{QueueUrl: &url}
		for i, b := range part {
			in.Entries = append(in.Entries, sqstypes.SendMessageBatchRequestEntry{Id: aws.String(fmt.Sprint(i)), MessageBody: &b})
		}
		out, err := r.sqs.SendMessageBatch(r.t.Context(), in)
		if err != nil || len(out.Failed) > 0 {
			r.t.Fatal(out, err)
		}
	}
}

func (r *rig) mapQueue(function, arn string, options ...func(*lambda.CreateEventSourceMappingInput)) *lambda.CreateEventSourceMappingOutput {
	r.t.Helper()
	in := &lambda.CreateEventSourceMappingInput{FunctionName: &function, EventSourceArn: &arn}
	for _, o := range options {
		o(in)
	}
	out, err := r.lambda.CreateEventSourceMapping(r.t.Context(), in)
	if err != nil {
		r.t.Fatal(err)
	}
	return out
}

// emptied waits until a queue has no message, visible or hidden.
func (r *rig) emptied(url string) { r.t.Helper(); r.counts(url, 0, 0) }

// inFlight waits until a queue has n hidden messages, and no others.
func (r *rig) inFlight(url string, n int) { r.t.Helper(); r.counts(url, 0, n) }

// counts waits until a queue has so many messages.
func (r *rig) counts(url string, visible, hidden int) {
	r.t.Helper()
	for {
		out, err := r.sqs.GetQueueAttributes(r.t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: []sqstypes.QueueAttributeName{"All"}})
		if err != nil {
			r.t.Fatal(err)
		}
		if out.Attributes["ApproximateNumberOfMessages"] == fmt.Sprint(visible) && out.Attributes["ApproximateNumberOfMessagesNotVisible"] == fmt.Sprint(hidden) {
			return
		}
	}
}

func sorted(body string) string {
	var list []string
	if json.Unmarshal([]byte(body), &list) != nil {
		return body
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}

func TestQueueFeedsFunction(t *testing.T) {
	r := newRig(t)
	url, arn := r.createQueue("q", nil)
	r.create("f", "sqs")
	r.mapQueue("f", arn)
	r.send(url, "a", "b", "c")
	if got := sorted(r.next(`{}`)); got != "a b c" {
		t.Errorf("the function got %s", got)
	}
	r.emptied(url)
}

// TestQueueKeepsMessagesOfAliasThatIsGone: without a function messages stay in
// the queue, and are not counted as received, until there is one again.
func TestQueueKeepsMessagesOfAliasThatIsGone(t *testing.T) {
	r := newRig(t)
	url, arn := r.createQueue("q", nil)
	r.create("f", "sqs")
	alias := func() {
		t.Helper()
		_, err := r.lambda.CreateAlias(t.Context(), &lambda.CreateAliasInput{FunctionName: aws.String("f"), Name: aws.String("live"), FunctionVersion: aws.String("$LATEST")})
		if err != nil {
			t.Fatal(err)
		}
	}
	alias()
	r.mapQueue("f:live", arn, func(in *lambda.CreateEventSourceMappingInput) { in.BatchSize = aws.Int32(1) })
	r.send(url, "0")
	q := <-r.asked.c
	if _, err := r.lambda.DeleteAlias(t.Context(), &lambda.DeleteAliasInput{FunctionName: aws.String("f"), Name: aws.String("live")}); err != nil {
		t.Fatal(err)
	}
	r.send(url, "1", "2", "3")
	q.Answer <- `{}`
	r.counts(url, 3, 0)
	alias()
	got := []string{r.next(`{}`), r.next(`{}`), r.next(`{}`)}
	if slices.Sort(got); !slices.Equal(got, []string{`["1"]`, `["2"]`, `["3"]`}) {
		t.Errorf("the function got %s", got)
	}
	r.emptied(url)
}

func TestPartialBatchResponse(t *testing.T) {
	r := newRig(t)
	dead, deadARN := r.createQueue("dead", nil)
	url, arn := r.createQueue("q", map[string]string{
		"VisibilityTimeout": "30", "RedrivePolicy": `{"deadLetterTargetArn":"` + deadARN + `","maxReceiveCount":"2"}`,
	})
	r.create("f", "sqs")
	r.mapQueue("f", arn, func(in *lambda.CreateEventSourceMappingInput) {
		in.FunctionResponseTypes = []types.FunctionResponseType{types.FunctionResponseTypeReportBatchItemFailures}
	})
	r.send(url, "good", "bad", "fine")
	if got := sorted(r.next(`{"Bad":["bad"]}`)); got != "bad fine good" {
		t.Errorf("first: %s", got)
	}
	r.inFlight(url, 1)
	r.st.Clock().Advance(30 * time.Second)
	if got := sorted(r.next(`{"Bad":["bad"]}`)); got != "bad" {
		t.Errorf("second: %s", got)
	}
	r.inFlight(url, 1)
	r.st.Clock().Advance(30 * time.Second)
	if body, _ := r.receive(dead); body != "bad" {
		t.Errorf("dead letter %q", body)
	}
	r.emptied(url)
}

func TestFunctionErrorLeavesBatch(t *testing.T) {
	r := newRig(t)
	url, arn := r.createQueue("q", nil)
	r.create("f", "sqs")
	m := r.mapQueue("f", arn)
	r.send(url, "a")
	r.next(`{"Fail":true}`)
	r.awaitResult(m.UUID, "PROBLEM: Function call failed")
	r.inFlight(url, 1)
	r.st.Clock().Advance(30 * time.Second)
	if got := sorted(r.next(`{}`)); got != "a" {
		t.Errorf("again: %s", got)
	}
	r.emptied(url)
}

func TestFilterDeletesTheRest(t *testing.T) {
	r := newRig(t)
	url, arn := r.createQueue("q", nil)
	r.create("f", "sqs")
	r.mapQueue("f", arn, func(in *lambda.CreateEventSourceMappingInput) {
		in.FilterCriteria = &types.FilterCriteria{Filters: []types.Filter{{Pattern: aws.String(`{"body":{"kind":["x"]}}`)}}}
	})
	r.send(url, `{"kind":"y"}`, `{"kind":"x"}`, `text`)
	if got := sorted(r.next(`{}`)); got != `{"kind":"x"}` {
		t.Errorf("the function got %s", got)
	}
	r.emptied(url)
}

func TestBatchWindow(t *testing.T) {
	r := newRig(t)
	url, arn := r.createQueue("q", map[string]string{"VisibilityTimeout": "300"})
	r.create("f", "sqs")
	r.mapQueue("f", arn, func(in *lambda.CreateEventSourceMappingInput) {
		in.BatchSize, in.MaximumBatchingWindowInSeconds = aws.Int32(25), aws.Int32(60)
	})
	var bodies []string
	for i := range 25 {
		bodies = append(bodies, fmt.Sprintf("%02d", i))
	}
	r.send(url, bodies[:12]...)
	r.inFlight(url, 12)
	r.send(url, bodies[12:]...)
	if got := sorted(r.next(`{}`)); got != strings.Join(bodies, " ") {
		t.Errorf("a full batch: %s", got)
	}
	r.emptied(url)
	r.send(url, "last")
	r.inFlight(url, 1)
	r.st.Clock().Advance(time.Minute)
	if got := sorted(r.next(`{}`)); got != "last" {
		t.Errorf("the window's end: %s", got)
	}
	r.emptied(url)
}

func TestMappingDisabled(t *testing.T) {
	r := newRig(t)
	url, arn := r.createQueue("q", nil)
	r.create("f", "sqs")
	m := r.mapQueue("f", arn, func(in *lambda.CreateEventSourceMappingInput) { in.Enabled = aws.Bool(false) })
	r.send(url, "a")
	out, err := r.lambda.UpdateEventSourceMapping(t.Context(), &lambda.UpdateEventSourceMappingInput{UUID: m.UUID, Enabled: aws.Bool(true)})
	if err != nil || *out.State != "Enabling" {
		t.Fatalf("got %v, %v", out, err)
	}
	r.next(`{}`)
	r.emptied(url)
	deleted, err := r.lambda.DeleteEventSourceMapping(t.Context(), &lambda.DeleteEventSourceMappingInput{UUID: m.UUID})
	if err != nil || *deleted.State != "Deleting" {
		t.Fatalf("got %v, %v", deleted, err)
	}
	_, err = r.lambda.GetEventSourceMapping(t.Context(), &lambda.GetEventSourceMappingInput{UUID: m.UUID})
	fails(t, err, "ResourceNotFoundException", "The resource you requested does not exist.")
}

// TestLargeBatch: a batch that is more than a transaction receives is one event.
func TestLargeBatch(t *testing.T) {
	r := newRig(t)
	url, arn := r.createQueue("q", nil)
	r.create("f", "sqs")
	var want []string
	for i := range 250 {
		want = append(want, fmt.Sprint(1000+i))
	}
	r.send(url, want...)
	r.mapQueue("f", arn, func(in *lambda.CreateEventSourceMappingInput) {
		in.BatchSize, in.MaximumBatchingWindowInSeconds = aws.Int32(250), aws.Int32(60)
	})
	if got := sorted(r.next(`{}`)); got != strings.Join(want, " ") {
		t.Errorf("the function got %s", got)
	}
	r.emptied(url)
}

// TestMappingSurvivesPowerCut: a batch whose outcome is not on disk is
// delivered again, one whose outcome is is not.
func TestMappingSurvivesPowerCut(t *testing.T) {
	disk := storetest.NewDisk()
	r := openRig(t, disk)
	url, arn := r.createQueue("q", map[string]string{"VisibilityTimeout": "60"})
	r.create("f", "sqs")
	r.mapQueue("f", arn)
	r.send(url, "done")
	r.next(`{}`)
	r.emptied(url)
	r.send(url, "open")
	q := <-r.asked.c // the function has it, and never answers
	clones := make([]*storetest.Disk, 3)
	for seed := range clones {
		clones[seed] = disk.PowerCut(uint64(seed))
	}
	q.Answer <- `{}`
	asked := r.asked
	r.stopRun()
	for _, clone := range clones {
		r := openRig(t, clone)
		r.asked.close()
		r.asked = asked
		r.st.Clock().Advance(time.Minute)
		if got := sorted(r.next(`{}`)); got != "open" {
			t.Errorf("got %s", got)
		}
		r.emptied(url)
		r.stopRun()
	}
}

func TestCreateMappingRefused(t *testing.T) {
	r := newRig(t)
	_, arn := r.createQueue("q", nil)
	_, short := r.createQueue("short", map[string]string{"VisibilityTimeout": "10"})
	r.create("f", "sqs")
	first := r.mapQueue("f", arn)
	with := func(change func(*lambda.CreateEventSourceMappingInput)) lambda.CreateEventSourceMappingInput {
		in := lambda.CreateEventSourceMappingInput{FunctionName: aws.String("f"), EventSourceArn: aws.String(arn)}
		change(&in)
		return in
	}
	const bad = "InvalidParameterValueException"
	type input = lambda.CreateEventSourceMappingInput
	tests := []struct {
		name          string
		in            input
		code, message string
	}{
		{"twice", with(func(in *input) {}), "ResourceConflictException",
			`An event source mapping with SQS arn (" ` + arn + ` ") and function (" f ") already exists. Please update or delete the existing mapping with UUID ` + *first.UUID},
		{"no queue", with(func(in *input) { in.EventSourceArn = aws.String(arn + "x") }), bad,
			"Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. SQS Error Message: The specified queue does not exist for this wsdl version."},
		{"no function", with(func(in *input) { in.FunctionName = aws.String("nobody") }), "ResourceNotFoundException",
			"Function not found: arn:aws:lambda:us-east-1:000000000000:function:nobody"},
		{"visibility", with(func(in *input) { in.EventSourceArn = aws.String(short) }), bad,
			"Queue visibility timeout: 10 seconds is less than Function timeout: 20 seconds"},
		{"window", with(func(in *input) { in.BatchSize = aws.Int32(11) }), bad,
			"Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10"},
		{"batch", with(func(in *input) { in.BatchSize = aws.Int32(10001) }), "ValidationException",
			"1 validation error detected: Value '10001' at 'batchSize' failed to satisfy constraint: Member must have value less than or equal to 10000"},
		{"concurrency", with(func(in *input) { in.ScalingConfig = &types.ScalingConfig{MaximumConcurrency: aws.Int32(1)} }), "ValidationException",
			"1 validation error detected: Value '1' at 'scalingConfig.maximumConcurrency' failed to satisfy constraint: Member must have value greater than or equal to 2"},
		{"filter", with(func(in *input) {
			in.FilterCriteria = &types.FilterCriteria{Filters: []types.Filter{{Pattern: aws.String(`{"a":1}`)}}}
		}), bad, "Invalid filter pattern definition. \"a\" must be an object or an array"},
		{"stream", with(func(in *input) { in.EventSourceArn = aws.String("arn:aws:kinesis:us-east-1:000000000000:stream/s") }), bad,
			"An event source of the service kinesis is not supported by Runnel."},
		{"fifo batch", with(func(in *input) { in.EventSourceArn, in.BatchSize = aws.String(arn+".fifo"), aws.Int32(11) }), bad,
			"A FIFO queue has batches of at most 10 messages, and no batching window."},
		{"fifo window", with(func(in *input) {
			in.EventSourceArn, in.MaximumBatchingWindowInSeconds = aws.String(arn+".fifo"), aws.Int32(1)
		}), bad,
			"A FIFO queue has batches of at most 10 messages, and no batching window."},
		{"no source", with(func(in *input) { in.EventSourceArn = nil }), bad, "Unrecognized event source."},
		{"other source", with(func(in *input) { in.EventSourceArn = aws.String("arn:aws:s3:::b") }), bad, "Unrecognized event source."},
		{"retries", with(func(in *input) { in.MaximumRetryAttempts = aws.Int32(1) }), bad, "MaximumRetryAttempts is not valid for SQS event sources."},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := r.lambda.CreateEventSourceMapping(t.Context(), &test.in)
			fails(t, err, test.code, test.message)
		})
	}
	_, err := r.lambda.UpdateFunctionConfiguration(t.Context(), &lambda.UpdateFunctionConfigurationInput{FunctionName: aws.String("f"), Timeout: aws.Int32(31)})
	fails(t, err, bad, "Queue visibility timeout: 30 seconds is less than Function timeout: 31 seconds")
}

// TestBacklog has a backlog worked off by several workers at once, each message
// once.
func TestBacklog(t *testing.T) {
	r := newRig(t)
	url, arn := r.createQueue("q", nil)
	r.create("f", "sqs")
	var bodies []string
	for i := range 200 {
		bodies = append(bodies, fmt.Sprintf("%03d", i))
	}
	r.send(url, bodies...)
	r.mapQueue("f", arn)
	var got []string
	for len(got) < len(bodies) {
		got = append(got, strings.Fields(sorted(r.next(`{}`)))...)
	}
	slices.Sort(got)
	if !slices.Equal(got, bodies) {
		t.Errorf("got %d: %v", len(got), got)
	}
	r.emptied(url)
}

func TestMaximumConcurrency(t *testing.T) {
	r := newRig(t)
	url, arn := r.createQueue("q", nil)
	r.create("f", "sqs")
	r.mapQueue("f", arn, func(in *lambda.CreateEventSourceMappingInput) {
		in.BatchSize, in.ScalingConfig = aws.Int32(1), &types.ScalingConfig{MaximumConcurrency: aws.Int32(2)}
	})
	r.send(url, "a", "b", "c")
	first, second := <-r.asked.c, <-r.asked.c
	select {
	case q := <-r.asked.c:
		t.Errorf("a third at once: %s", q.Body)
	case <-time.After(100 * time.Millisecond): // more than the ramp's step
	}
	first.Answer <- `{}`
	third := <-r.asked.c
	second.Answer <- `{}`
	third.Answer <- `{}`
	r.emptied(url)
}

// TestMappingOutlivesItsEnds: a mapping whose function or queue is gone says so,
// and works again when there is a new one.
func TestMappingOutlivesItsEnds(t *testing.T) {
	r := newRig(t)
	url, arn := r.createQueue("q", nil)
	r.create("f", "sqs")
	m := r.mapQueue("f", arn)
	if _, err := r.lambda.DeleteFunction(t.Context(), &lambda.DeleteFunctionInput{FunctionName: aws.String("f")}); err != nil {
		t.Fatal(err)
	}
	r.send(url, "a")
	r.awaitResult(m.UUID, "PROBLEM: Function not found: arn:aws:lambda:us-east-1:000000000000:function:f")
	r.create("f", "sqs")
	if got := sorted(r.next(`{}`)); got != "a" {
		t.Errorf("got %s", got)
	}
	r.awaitResult(m.UUID, "OK")
	r.emptied(url)
	if _, err := r.sqs.DeleteQueue(t.Context(), &sqs.DeleteQueueInput{QueueUrl: &url}); err != nil {
		t.Fatal(err)
	}
	r.st.Clock().Advance(time.Minute) // a name may be used again after that
	if _, err := r.lambda.UpdateEventSourceMapping(t.Context(), &lambda.UpdateEventSourceMappingInput{UUID: m.UUID, BatchSize: aws.Int32(5)}); err != nil {
		t.Fatal(err)
	}
	r.awaitResult(m.UUID, "PROBLEM: The specified queue does not exist or cannot be read.")
	url, _ = r.createQueue("q", nil)
	r.send(url, "b")
	r.st.Clock().Advance(time.Minute)
	if got := sorted(r.next(`{}`)); got != "b" {
		t.Errorf("got %s", got)
	}
	r.emptied(url)
}

func (r *rig) awaitResult(uuid *string, want string) {
	r.t.Helper()
	for {
		out, err := r.lambda.GetEventSourceMapping(r.t.Context(), &lambda.GetEventSourceMappingInput{UUID: uuid})
		if err != nil {
			r.t.Fatal(err)
		}
		if aws.ToString(out.LastProcessingResult) == want {
			return
		}
	}
}

// TestStopFinishesBatch: a batch that the function has is finished within the
// grace when the runtime stops, and leaves the queue.
func TestStopFinishesBatch(t *testing.T) {
	disk := storetest.NewDisk()
	r := openRig(t, disk, func(c *Config) { c.Grace = time.Minute })
	url, arn := r.createQueue("q", nil)
	r.create("f", "sqs")
	r.mapQueue("f", arn)
	r.send(url, "a")
	q := <-r.asked.c
	stopped := make(chan struct{})
	go func() { defer close(stopped); r.stopRun() }()
	q.Answer <- `{}`
	<-stopped
	r.emptied(url)
}
