package lambda

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/store"
)

// ledger keeps what is measured, by series.
type ledger struct {
	event.NoMetrics
	mu     sync.Mutex
	values map[string][]float64
	lines  []string // that may hold metrics
}

func (l *ledger) Embedded(line event.LogLine) func(*store.Tx) error {
	if strings.HasPrefix(line.Text, "{") {
		l.lines = append(l.lines, line.Text)
	}
	return nil
}

func (l *ledger) Observe(m event.Metric, value float64) {
	var series strings.Builder
	fmt.Fprintf(&series, "%s %s %s", m.Namespace, m.Name, m.Unit)
	for _, d := range m.Dimensions {
		if d.Name != "" {
			fmt.Fprintf(&series, " %s=%s", d.Name, d.Value)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.values == nil {
		l.values = make(map[string][]float64)
	}
	l.values[series.String()] = append(l.values[series.String()], value)
}

// told is what was measured in a namespace since the last call, a series a line.
// How long something took is not shown.
func (l *ledger) told(namespace string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var b strings.Builder
	for _, series := range slices.Sorted(maps.Keys(l.values)) {
		name, ok := strings.CutPrefix(series, namespace+" ")
		if !ok {
			continue
		}
		values := fmt.Sprint(l.values[series])
		if strings.Contains(series, "Milliseconds") {
			values = fmt.Sprintf("%d values", len(l.values[series]))
		}
		fmt.Fprintf(&b, "%s: %s\n", name, values)
	}
	l.values = nil
	return b.String()
}

// of is what was measured of all functions alone.
func (l *ledger) of(names ...string) string {
	var kept []string
	for line := range strings.Lines(l.told("AWS/Lambda")) {
		if series, _, _ := strings.Cut(line, ":"); !strings.Contains(series, "=") && slices.ContainsFunc(names, func(n string) bool { return strings.HasPrefix(line, n+" ") }) {
			kept = append(kept, strings.TrimSpace(line))
		}
	}
	return strings.Join(kept, "; ")
}

func newMeasuredRig(t testing.TB) (*rig, *ledger) {
	l := new(ledger)
	return newRig(t, func(c *Config) { c.Metrics = l }), l
}

// TestMetrics is each series of an invocation, by how the function was named.
func TestMetrics(t *testing.T) {
	r, l := newMeasuredRig(t)
	r.create("f", "echo")
	out, err := r.lambda.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: aws.String("f")})
	if err != nil {
		t.Fatal(err)
	}
	_, err = r.lambda.CreateAlias(t.Context(), &lambda.CreateAliasInput{FunctionName: aws.String("f"), Name: aws.String("live"), FunctionVersion: out.Version})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.lambda.UpdateFunctionConfiguration(t.Context(), &lambda.UpdateFunctionConfigurationInput{FunctionName: aws.String("f"), Description: aws.String("next")}); err != nil {
		t.Fatal(err)
	}
	next, err := r.lambda.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: aws.String("f")})
	if err != nil {
		t.Fatal(err)
	}
	_, err = r.lambda.CreateAlias(t.Context(), &lambda.CreateAliasInput{
		FunctionName: aws.String("f"), Name: aws.String("shift"), FunctionVersion: out.Version,
		RoutingConfig: &types.AliasRoutingConfiguration{AdditionalVersionWeights: map[string]float64{*next.Version: 1}},
	})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("# https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-view.html, 2026-11-20.\n\n")
	for _, name := range []string{"f", "f:live", "f:shift"} {
		if _, err := r.lambda.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: &name}); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "invoke %s\n%s\n", name, l.told("AWS/Lambda"))
	}
	golden(t, "metrics.txt", b.String())
}

// TestMetricsOfErrors: a throttled invocation is neither an invocation nor an
// error, and a function that ends badly in any way is an error.
func TestMetricsOfErrors(t *testing.T) {
	r, l := newMeasuredRig(t)
	r.create("slow", "report", func(in *lambda.CreateFunctionInput) { in.Timeout = aws.Int32(1) })
	for _, handler := range []string{"fail", "exit", "echo"} {
		r.create(handler, handler)
	}
	names := []string{"Invocations", "Errors", "Throttles"}
	for name, want := range map[string]string{
		"fail": "Errors Count: [1]; Invocations Count: [1]; Throttles Count: [0]",
		"exit": "Errors Count: [1]; Invocations Count: [1]; Throttles Count: [0]",
		"slow": "Errors Count: [1]; Invocations Count: [1]; Throttles Count: [0]",
		"echo": "Errors Count: [0]; Invocations Count: [1]; Throttles Count: [0]",
	} {
		if _, err := r.lambda.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: &name}); err != nil {
			t.Fatal(err)
		}
		if got := l.of(names...); got != want {
			t.Errorf("%s: %s", name, got)
		}
	}
	_, err := r.lambda.PutFunctionConcurrency(t.Context(), &lambda.PutFunctionConcurrencyInput{FunctionName: aws.String("echo"), ReservedConcurrentExecutions: aws.Int32(0)})
	if err != nil {
		t.Fatal(err)
	}
	_, err = r.lambda.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("echo")})
	fails(t, err, "TooManyRequestsException", "Rate Exceeded.")
	if got := l.of(names...); got != "Throttles Count: [1]" {
		t.Errorf("throttled: %s", got)
	}
	_, err = r.lambda.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("none")})
	if err == nil || l.told("AWS/Lambda") != "" {
		t.Errorf("no such function: %v, and it is measured", err)
	}
}

// TestMetricsOfAsync: an event that is retried is one event received, ages with
// each attempt, and is dropped once. What takes neither its record nor the event
// is counted.
func TestMetricsOfAsync(t *testing.T) {
	r, l := newMeasuredRig(t)
	q, arn := r.createQueue("q", nil)
	url, gone := r.createQueue("gone", nil)
	r.create("f", "fail", func(in *lambda.CreateFunctionInput) {
		in.DeadLetterConfig = &types.DeadLetterConfig{TargetArn: &gone}
	})
	_, err := r.lambda.PutFunctionEventInvokeConfig(t.Context(), &lambda.PutFunctionEventInvokeConfigInput{
		FunctionName: aws.String("f"), MaximumRetryAttempts: aws.Int32(1),
		DestinationConfig: &types.DestinationConfig{OnFailure: &types.OnFailure{Destination: &arn}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.sqs.DeleteQueue(t.Context(), &sqs.DeleteQueueInput{QueueUrl: &url}); err != nil {
		t.Fatal(err)
	}
	r.invokeAsync("f", `{}`)
	r.failed("f", 1)
	r.st.Clock().Advance(time.Minute)
	r.receive(q)
	r.stop() // what is measured of a commit is measured by then
	want := "AsyncEventAge Milliseconds: 2 values; AsyncEventsDropped Count: [1]; AsyncEventsReceived Count: [1]; DeadLetterErrors Count: [1]; Invocations Count: [1 1]"
	if got := l.of("AsyncEventsReceived", "AsyncEventAge", "AsyncEventsDropped", "DeadLetterErrors", "DestinationDeliveryFailures", "Invocations"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestMetricsOfLogs: what a function prints in the embedded metric format is
// given to the metrics, and its log is measured.
func TestMetricsOfLogs(t *testing.T) {
	r, l := newMeasuredRig(t)
	r.create("f", "embedded")
	if _, err := r.lambda.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("f")}); err != nil {
		t.Fatal(err)
	}
	if len(l.lines) != 1 || !strings.Contains(l.lines[0], `"rows":3`) {
		t.Errorf("lines: %q", l.lines)
	}
	if got := l.told("AWS/Logs"); !strings.Contains(got, "IncomingLogEvents None LogGroupName=/aws/lambda/f: ") {
		t.Errorf("logs: %s", got)
	}
}

// TestMetricsOfConcurrency: what runs is counted as each invocation begins, and
// what is reserved is not among the unreserved.
func TestMetricsOfConcurrency(t *testing.T) {
	r, l := newMeasuredRig(t)
	for _, name := range []string{"f", "reserved"} {
		r.create(name, "report")
	}
	_, err := r.lambda.PutFunctionConcurrency(t.Context(), &lambda.PutFunctionConcurrencyInput{FunctionName: aws.String("reserved"), ReservedConcurrentExecutions: aws.Int32(2)})
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	var running []question
	for _, name := range []string{"f", "reserved", "f"} {
		all.Go(func() {
			if _, err := r.lambda.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: &name}); err != nil {
				t.Error(err)
			}
		})
		running = append(running, <-r.asked.c)
	}
	for _, q := range running {
		q.Answer <- `{}`
	}
	all.Wait()
	got := l.told("AWS/Lambda")
	for _, want := range []string{
		"ConcurrentExecutions Count: [1 2 3]\n", "ConcurrentExecutions Count FunctionName=f: [1 2]\n",
		"ConcurrentExecutions Count FunctionName=reserved: [1]\n", "UnreservedConcurrentExecutions Count: [1 1 2]\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in\n%s", want, got)
		}
	}
}
