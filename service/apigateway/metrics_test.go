package apigateway_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/store/storetest"
)

// ledger keeps what is measured, as text.
type ledger struct {
	event.NoMetrics
	lines []string
}

func (l *ledger) Observe(m event.Metric, value float64) {
	var of []string
	for _, d := range m.Dimensions {
		if d.Name != "" {
			of = append(of, d.Name+"="+d.Value)
		}
	}
	l.lines = append(l.lines, fmt.Sprintf("%s %s: %s=%g %s", m.Namespace, strings.Join(of, " "), m.Name, value, m.Unit))
}

// told is what was measured since the last call, of series that have these
// dimensions and no others.
func (l *ledger) told(of string) string {
	var kept []string
	for _, line := range l.lines {
		if rest, ok := strings.CutPrefix(line, "AWS/ApiGateway "+of+": "); ok {
			kept = append(kept, rest)
		}
	}
	l.lines = nil
	return strings.Join(kept, ", ")
}

func TestMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := new(ledger)
		b := startMeasured(t, storetest.Open(t), l)
		api := b.imported(proxies)
		b.functions.answer = func(_ context.Context, in event.Invocation) (event.Result, error) {
			time.Sleep(20 * time.Millisecond)
			if strings.Contains(string(in.Payload), "/message/broken") {
				return event.Result{Failed: true}, nil
			}
			return event.Result{Payload: []byte(`{"statusCode":200}`)}, nil
		}
		const ok = "Count=1 Count, 4XXError=0 Count, 5XXError=0 Count, Latency=20 Milliseconds, IntegrationLatency=20 Milliseconds"
		for _, c := range []struct{ path, of, want string }{
			{"/message", "ApiName=proxies", ok},
			{"/message", "ApiName=proxies Stage=Prod", ok},
			{"/message", "ApiName=proxies Method=GET Resource=/message Stage=Prod", ""},
			{"/message/broken", "ApiName=proxies", "Count=1 Count, 4XXError=0 Count, 5XXError=1 Count, Latency=20 Milliseconds, IntegrationLatency=20 Milliseconds"},
			{"/nowhere", "ApiName=proxies", "Count=1 Count, 4XXError=1 Count, 5XXError=0 Count, Latency=0 Milliseconds"},
		} {
			b.call("GET", api, c.path, "")
			if got := l.told(c.of); got != c.want {
				t.Errorf("%s %s\ngot  %s\nwant %s", c.path, c.of, got, c.want)
			}
		}
		b.send("GET", "http://localhost:4566/restapis/"+*api+"/none/_user_request_/message", "")
		b.send("GET", "http://localhost:4566/restapis/none/Prod/_user_request_/message", "")
		if len(l.lines) > 0 {
			t.Errorf("no stage: %v", l.lines)
		}
	})
}

// TestDetailedMetrics: a method's own setting goes before that of all methods.
func TestDetailedMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := new(ledger)
		b := startMeasured(t, storetest.Open(t), l)
		api := b.imported(proxies)
		measured := func(method, path string) []string {
			t.Helper()
			l.lines = nil
			b.call(method, api, path, "")
			var of []string
			for _, line := range l.lines {
				if series, _, counts := strings.Cut(line, ": Count=1 Count"); counts {
					of = append(of, strings.TrimPrefix(series, "AWS/ApiGateway "))
				}
			}
			return of
		}
		update := func(lines ...string) (*apigateway.UpdateStageOutput, error) {
			return b.client.UpdateStage(ctx, &apigateway.UpdateStageInput{RestApiId: api, StageName: aws.String("Prod"), PatchOperations: ops(lines...)})
		}
		plain := []string{"ApiName=proxies", "ApiName=proxies Stage=Prod"}
		of := func(method, resource string) []string {
			return append(slices.Clone(plain), "ApiName=proxies Method="+method+" Resource="+resource+" Stage=Prod")
		}
		check := func(method, path string, want []string) {
			t.Helper()
			if got := measured(method, path); !slices.Equal(got, want) {
				t.Errorf("%s %s\ngot  %q\nwant %q", method, path, got, want)
			}
		}
		check("GET", "/message", plain)
		must[*apigateway.UpdateStageOutput](t)(update("replace /*/*/metrics/enabled true"))
		check("GET", "/message", of("GET", "/message"))
		check("DELETE", "/message/7", of("ANY", "/message/{date}"))
		check("GET", "/nowhere", plain)
		out := must[*apigateway.UpdateStageOutput](t)(update("replace /~1message~1{date}/GET/metrics/enabled false", "replace /~1/GET/metrics/enabled false"))
		check("GET", "/message/7", plain)
		check("GET", "/", plain)
		check("DELETE", "/message/7", of("ANY", "/message/{date}"))
		if len(out.MethodSettings) != 3 || out.MethodSettings["message~1{date}/GET"].MetricsEnabled || !out.MethodSettings["*/*"].MetricsEnabled || out.MethodSettings["~1/GET"].CacheTtlInSeconds != 300 {
			t.Errorf("%+v", out.MethodSettings)
		}
		must[*apigateway.UpdateStageOutput](t)(update("remove /~1message~1{date}/GET", "remove /*/*"))
		check("GET", "/message/7", plain)
		for line, text := range map[string]string{
			"replace /*/*/metrics/enabled maybe":        "Invalid value 'maybe' specified for '/*/*/metrics/enabled'. Must be a boolean",
			"replace /metrics/enabled true":             "is not supported by Runnel",
			"replace message/GET/metrics/enabled true":  "is not supported by Runnel",
			"add /*/*/metrics/enabled true":             "is not supported by Runnel",
			"remove /~1message~1{date}/GET":             "Invalid patch path",
			"replace /*/*/throttling/burstLimit 5":      "is not supported by Runnel",
			"replace /~1message/GET/logging/loglevel X": "is not supported by Runnel",
		} {
			_, err := update(line)
			refused(t, err, "BadRequestException", text)
		}
	})
}
