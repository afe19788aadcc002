package lambda

import (
	"encoding/json"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/service/lambda/async"
	"github.com/runnel/runnel/store"
	"github.com/runnel/runnel/store/storetest"
)

func (r *rig) invokeAsync(name, payload string) {
	r.t.Helper()
	out, err := r.lambda.Invoke(r.t.Context(), &lambda.InvokeInput{
		FunctionName: &name, InvocationType: types.InvocationTypeEvent, Payload: []byte(payload),
	})
	if err != nil {
		r.t.Fatal(err)
	}
	if out.StatusCode != 202 || len(out.Payload) > 0 {
		r.t.Errorf("got %d %q", out.StatusCode, out.Payload)
	}
}

// early is how long before a retry is due advance looks. The machine's time
// passes too: it must not run out on a busy one.
const early = 30 * time.Second

// advance moves the clock to before the next retry is due, sees that nothing
// happens, and on to it.
func (r *rig) advance(d time.Duration, failures uint64) {
	r.t.Helper()
	r.failed("f", failures)
	r.st.Clock().Advance(d - early)
	select {
	case q := <-r.asked.c:
		r.t.Fatalf("the function ran %v early, with %s", early, q.Body)
	case <-time.After(20 * time.Millisecond): // real processes: nothing says that none was started
	}
	r.st.Clock().Advance(early)
}

// failed waits until all invocations of a function that wait have failed so
// often.
func (r *rig) failed(name string, failures uint64) {
	r.t.Helper()
	r.until(func(tx *store.Tx) bool {
		for _, v := range tx.Scan(store.Prefix(key("async", "late", name))) {
			if len(v) != 3 || v[1] != byte(failures) { // version, failures, faults
				return false
			}
		}
		return !hasAny(tx, key("async", "ready", name))
	})
}

// until waits for a state of the store.
func (r *rig) until(is func(tx *store.Tx) bool) {
	r.t.Helper()
	for done := false; !done; runtime.Gosched() {
		err := r.st.View(r.t.Context(), func(tx *store.Tx) error { done = is(tx); return nil })
		if err != nil {
			r.t.Fatal(err)
		}
	}
}

func TestAsyncRetriesThenDestinationAndDeadLetter(t *testing.T) {
	r := newRig(t)
	failures, failuresARN := r.createQueue("failures", nil)
	dead, deadARN := r.createQueue("dead", nil)
	r.create("f", "report", func(in *lambda.CreateFunctionInput) {
		in.DeadLetterConfig = &types.DeadLetterConfig{TargetArn: &deadARN}
	})
	_, err := r.lambda.PutFunctionEventInvokeConfig(t.Context(), &lambda.PutFunctionEventInvokeConfigInput{
		FunctionName:      aws.String("f"),
		DestinationConfig: &types.DestinationConfig{OnFailure: &types.OnFailure{Destination: &failuresARN}},
	})
	if err != nil {
		t.Fatal(err)
	}
	r.invokeAsync("f", `{"n":1}`)
	for n, wait := range []time.Duration{0, time.Minute, 2 * time.Minute} {
		if wait > 0 {
			r.advance(wait, uint64(n))
		}
		if got := r.next(`{"Fail":true}`); got != `{"n":1}` {
			t.Errorf("the function got %s", got)
		}
	}
	body, _ := r.receive(failures)
	golden(t, "destination-failure.json", scrub(body))
	body, attributes := r.receive(dead)
	if body != `{"n":1}` || attributes["ErrorCode"] != "200" || attributes["ErrorMessage"] != "told to fail" || len(attributes["RequestID"]) != 36 {
		t.Errorf("dead letter %s with %v", body, attributes)
	}
	r.drained("f")
}

func TestAsyncSuccessDestination(t *testing.T) {
	r := newRig(t)
	q, arn := r.createQueue("done", nil)
	r.create("f", "report")
	_, err := r.lambda.PutFunctionEventInvokeConfig(t.Context(), &lambda.PutFunctionEventInvokeConfigInput{
		FunctionName:      aws.String("f"),
		DestinationConfig: &types.DestinationConfig{OnSuccess: &types.OnSuccess{Destination: &arn}},
	})
	if err != nil {
		t.Fatal(err)
	}
	r.invokeAsync("f", `{"n":1}`)
	r.next(`{"ok":true}`)
	body, _ := r.receive(q)
	golden(t, "destination-success.json", scrub(body))
	r.drained("f")
}

func TestAsyncToFunction(t *testing.T) {
	r := newRig(t)
	r.create("first", "echo")
	second := r.create("second", "report")
	_, err := r.lambda.PutFunctionEventInvokeConfig(t.Context(), &lambda.PutFunctionEventInvokeConfigInput{
		FunctionName:      aws.String("first"),
		DestinationConfig: &types.DestinationConfig{OnSuccess: &types.OnSuccess{Destination: second.FunctionArn}},
	})
	if err != nil {
		t.Fatal(err)
	}
	r.invokeAsync("first", `"x"`)
	var rec async.Record
	if err := json.Unmarshal([]byte(r.next(`{}`)), &rec); err != nil || string(rec.ResponsePayload) != `"x"` {
		t.Errorf("got %+v, %v", rec, err)
	}
}

func TestAsyncEndsEarly(t *testing.T) {
	tests := []struct {
		name      string
		config    lambda.PutFunctionEventInvokeConfigInput
		condition async.Condition
	}{
		{"no retries", lambda.PutFunctionEventInvokeConfigInput{MaximumRetryAttempts: aws.Int32(0)}, async.RetriesExhausted},
		{"too old", lambda.PutFunctionEventInvokeConfigInput{MaximumEventAgeInSeconds: aws.Int32(60)}, async.AgeExceeded},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t)
			q, arn := r.createQueue("failures", nil)
			r.create("f", "fail")
			in := test.config
			in.FunctionName = aws.String("f")
			in.DestinationConfig = &types.DestinationConfig{OnFailure: &types.OnFailure{Destination: &arn}}
			if _, err := r.lambda.PutFunctionEventInvokeConfig(t.Context(), &in); err != nil {
				t.Fatal(err)
			}
			r.invokeAsync("f", `{}`)
			if test.condition == async.AgeExceeded {
				r.failed("f", 1)
				r.st.Clock().Advance(time.Minute)
			}
			body, _ := r.receive(q)
			var rec async.Record
			if err := json.Unmarshal([]byte(body), &rec); err != nil || rec.RequestContext.Condition != test.condition {
				t.Errorf("got %s, %v", body, err)
			}
		})
	}
}

func TestAsyncReservedZero(t *testing.T) {
	r := newRig(t)
	q, arn := r.createQueue("dead", nil)
	r.create("f", "exit", func(in *lambda.CreateFunctionInput) {
		in.DeadLetterConfig = &types.DeadLetterConfig{TargetArn: &arn}
	})
	_, err := r.lambda.PutFunctionConcurrency(t.Context(), &lambda.PutFunctionConcurrencyInput{FunctionName: aws.String("f"), ReservedConcurrentExecutions: aws.Int32(0)})
	if err != nil {
		t.Fatal(err)
	}
	_, err = r.lambda.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("f")})
	fails(t, err, "TooManyRequestsException", "Rate Exceeded.")
	r.invokeAsync("f", `{"n":1}`)
	body, attributes := r.receive(q)
	if body != `{"n":1}` || attributes["ErrorCode"] != "429" {
		t.Errorf("got %s with %v", body, attributes)
	}
}

// TestAsyncReservedZeroWhileWaiting: an invocation that waits for a slot does not
// wait for one that will never be, and a queue's messages stay where they are
// until the function may run again.
func TestAsyncReservedZeroWhileWaiting(t *testing.T) {
	r := newRig(t)
	dead, deadARN := r.createQueue("dead", nil)
	url, arn := r.createQueue("q", nil)
	r.create("f", "report", func(in *lambda.CreateFunctionInput) {
		in.DeadLetterConfig = &types.DeadLetterConfig{TargetArn: &deadARN}
	})
	reserve := func(n int32) {
		t.Helper()
		_, err := r.lambda.PutFunctionConcurrency(t.Context(), &lambda.PutFunctionConcurrencyInput{FunctionName: aws.String("f"), ReservedConcurrentExecutions: &n})
		if err != nil {
			t.Fatal(err)
		}
	}
	reserve(1)
	r.invokeAsync("f", `"runs"`)
	q := <-r.asked.c
	r.invokeAsync("f", `"waits"`)
	r.mapQueue("f", arn)
	r.send(url, "message")
	reserve(0)
	if body, attributes := r.receive(dead); body != `"waits"` || attributes["ErrorCode"] != "429" {
		t.Errorf("got %s with %v", body, attributes)
	}
	q.Answer <- `{}`
	r.drained("f")
	r.counts(url, 1, 0)
	reserve(1)
	if got := r.next(`{}`); !strings.Contains(got, `"body":"message"`) {
		t.Errorf("the function got %s", got)
	}
	r.emptied(url)
}

// TestAccept is how S3 and others add invocations.
func TestAccept(t *testing.T) {
	r := newRig(t)
	out := r.create("f", "report")
	from := event.Sender{Service: "s3.amazonaws.com", ARN: "arn:aws:s3:::data", Account: account}
	body := []byte(`{"Records":[]}`)
	accept := func() error {
		return r.st.Update(t.Context(), func(tx *store.Tx) error {
			return r.router.Accept(t.Context(), tx, *out.FunctionArn, event.Event{From: from, Body: body, Trace: "Root=1-2-3"})
		})
	}
	if err := accept(); err == nil || !isMissing(err) {
		t.Errorf("without permission: %v", err)
	}
	_, err := r.lambda.AddPermission(t.Context(), &lambda.AddPermissionInput{
		FunctionName: aws.String("f"), StatementId: aws.String("s3"), Action: aws.String("lambda:InvokeFunction"),
		Principal: aws.String("s3.amazonaws.com"), SourceArn: aws.String("arn:aws:s3:::data"), SourceAccount: aws.String(account),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := accept(); err != nil {
		t.Fatal(err)
	}
	if got := r.next(`{}`); got != `{"Records":[]}` {
		t.Errorf("the function got %s", got)
	}
	body = make([]byte, maxAsyncPayload+1)
	if err := accept(); !errors.Is(err, event.ErrDenied) {
		t.Errorf("longer than an invocation may be: %v", err)
	}
	from.ARN = "arn:aws:s3:::other"
	if err := accept(); err == nil {
		t.Error("another bucket was let in")
	}
}

// TestAsyncSurvivesPowerCut: what was accepted runs after a power cut, and what
// has run and was recorded does not run again.
func TestAsyncSurvivesPowerCut(t *testing.T) {
	disk := storetest.NewDisk()
	r := openRig(t, disk)
	r.create("f", "report")
	r.invokeAsync("f", `{"n":0}`)
	r.next(`{}`)
	r.drained("f")
	want := make(map[string]bool)
	for _, n := range []string{"1", "2", "3"} {
		r.invokeAsync("f", `{"n":`+n+`}`)
		want[`{"n":`+n+`}`] = true
	}
	clones := make([]*storetest.Disk, 4)
	for seed := range clones {
		clones[seed] = disk.PowerCut(uint64(seed))
	}
	asked := r.asked
	r.stopRun()
	for _, clone := range clones {
		r := openRig(t, clone)
		r.asked.close()
		r.asked = asked // the functions' environment says so
		got := make(map[string]bool)
		for len(got) < len(want) {
			got[r.next(`{}`)] = true
		}
		for body := range got {
			if !want[body] {
				t.Errorf("%s ran again", body)
			}
		}
		r.drained("f")
		r.stopRun()
	}
}

// drained waits until a function has no asynchronous invocation left.
func (r *rig) drained(name string) {
	r.t.Helper()
	r.until(func(tx *store.Tx) bool {
		return !hasAny(tx, key("async", "body", name)) && !hasAny(tx, key("async", "ready", name)) && !hasAny(tx, key("async", "late", name))
	})
}

// scrub replaces what is different each time.
func scrub(text string) string {
	var v map[string]any
	if json.Unmarshal([]byte(text), &v) != nil {
		return text
	}
	v["timestamp"] = "TIME"
	v["requestContext"].(map[string]any)["requestId"] = "ID"
	b, _ := json.MarshalIndent(v, "", "  ")
	return strings.TrimSpace(string(b)) + "\n"
}

// hasAny reports whether there is a row under prefix.
func hasAny(tx *store.Tx, prefix store.Key) bool {
	for range tx.Scan(store.Prefix(prefix)) {
		return true
	}
	return false
}
