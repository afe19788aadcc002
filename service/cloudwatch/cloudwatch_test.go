package cloudwatch_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/schemas"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/transport/http/protocol/awsjson"
	"github.com/aws/smithy-go/transport/http/protocol/awsquery"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/service/cloudwatch"
	"github.com/runnel/runnel/store"
	"github.com/runnel/runnel/store/storetest"
	"github.com/runnel/runnel/wire"
	"github.com/runnel/runnel/wire/wiretest"
)

const (
	account = "000000000000"
	region  = "us-east-1"
)

var ctx = context.Background()

// fixture is the service on a store, with a client.
type fixture struct {
	*api.Client
	t       testing.TB
	store   *store.Store
	service *cloudwatch.Service
	handler http.Handler
	stop    func() // ends the service's Run
}

// inBubble runs a test over a new service that runs, in a bubble where time
// stands still until all wait. It begins on the minute.
func inBubble(t *testing.T, f func(t *testing.T, fx *fixture)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { f(t, newFixture(t, storetest.Open(t))) })
}

func newFixture(t testing.TB, st *store.Store) *fixture {
	return newFixtureOf(t, st, event.NewRouter(), slog.DiscardHandler)
}

func newFixtureOf(t testing.TB, st *store.Store, router *event.Router, log slog.Handler) *fixture {
	s := cloudwatch.New(st, cloudwatch.Config{Account: account, Region: region, Router: router, Logger: slog.New(log)})
	mux := wire.NewMux(wire.Config{Region: region, Account: account})
	mux.Handle(s.API())
	running, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() { defer close(ended); _ = s.Run(running) }()
	fx := &fixture{api.NewFromConfig(wiretest.Config(t, mux)), t, st, s, mux, func() { cancel(); <-ended }}
	t.Cleanup(fx.stop)
	return fx
}

// The protocols that the client may speak instead of its own.
func speakJSON(o *api.Options)  { o.Protocol = awsjson.New10(schemas.GraniteServiceVersion20100801) }
func speakQuery(o *api.Options) { o.Protocol = awsquery.New(schemas.GraniteServiceVersion20100801) }

func (fx *fixture) put(namespace string, data ...types.MetricDatum) {
	fx.t.Helper()
	if _, err := fx.PutMetricData(ctx, &api.PutMetricDataInput{Namespace: &namespace, MetricData: data}); err != nil {
		fx.t.Fatal(err)
	}
}

// datum is a value, now.
func datum(name string, value float64, change ...func(*types.MetricDatum)) types.MetricDatum {
	d := types.MetricDatum{MetricName: &name, Value: &value}
	for _, f := range change {
		f(&d)
	}
	return d
}

func at(t time.Time) func(*types.MetricDatum) {
	return func(d *types.MetricDatum) { d.Timestamp = &t }
}

func in(u types.StandardUnit) func(*types.MetricDatum) {
	return func(d *types.MetricDatum) { d.Unit = u }
}

func fine(d *types.MetricDatum) { d.StorageResolution = aws.Int32(1) }

// with gives a datum dimensions, in pairs.
func with(pairs ...string) func(*types.MetricDatum) {
	return func(d *types.MetricDatum) { d.Dimensions = dims(pairs...) }
}

func dims(pairs ...string) []types.Dimension {
	var out []types.Dimension
	for i := 0; i+1 < len(pairs); i += 2 {
		out = append(out, types.Dimension{Name: &pairs[i], Value: &pairs[i+1]})
	}
	return out
}

// query is a query for a statistic of a metric of the namespace "N".
func query(id, metric, stat string, period int32, pairs ...string) types.MetricDataQuery {
	return types.MetricDataQuery{Id: &id, MetricStat: &types.MetricStat{
		Metric: &types.Metric{Namespace: aws.String("N"), MetricName: &metric, Dimensions: dims(pairs...)},
		Period: &period, Stat: &stat,
	}}
}

func expression(id, text string) types.MetricDataQuery {
	return types.MetricDataQuery{Id: &id, Expression: &text}
}

// data asks for the time from an hour ago to an hour from now, oldest first.
func (fx *fixture) data(queries ...types.MetricDataQuery) *api.GetMetricDataOutput {
	fx.t.Helper()
	now := fx.store.Clock().Now()
	return fx.dataOf(&api.GetMetricDataInput{StartTime: aws.Time(now.Add(-time.Hour)), EndTime: aws.Time(now.Add(time.Hour)),
		MetricDataQueries: queries, ScanBy: types.ScanByTimestampAscending})
}

func (fx *fixture) dataOf(in *api.GetMetricDataInput) *api.GetMetricDataOutput {
	fx.t.Helper()
	out, err := fx.GetMetricData(ctx, in)
	if err != nil {
		fx.t.Fatal(err)
	}
	return out
}

// told is results in short: "m1=1@10:00:00,2@10:01:00".
func told(out *api.GetMetricDataOutput) string {
	var parts []string
	for _, r := range out.MetricDataResults {
		var points []string
		for i, v := range r.Values {
			points = append(points, fmt.Sprintf("%v@%s", v, r.Timestamps[i].UTC().Format("15:04:05")))
		}
		parts = append(parts, *r.Id+"="+strings.Join(points, ","))
	}
	return strings.Join(parts, " ")
}

// message is an error's code and text.
func message(err error) string {
	var e smithy.APIError
	if errors.As(err, &e) {
		return e.ErrorCode() + ": " + e.ErrorMessage()
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

func equal[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s:\n got %v\nwant %v", what, got, want)
	}
}

func TestWireNames(t *testing.T) { wiretest.Check(t, newFixture(t, storetest.Open(t)).service.API()) }

// TestProtocols has the client of the SDK speak each protocol.
func TestProtocols(t *testing.T) {
	for name, speak := range map[string]func(*api.Options){
		"cbor": func(*api.Options) {}, "json": speakJSON, "query": speakQuery,
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, fx *fixture) {
				fx.Client = api.New(fx.Options(), speak)
				fx.put("N", datum("a", 1.5, with("D", "x"), in("Count")), datum("a", 2.5, with("D", "x"), in("Count")))
				equal(t, "data", told(fx.data(query("m1", "a", "Sum", 60, "D", "x"))), "m1=4@00:00:00")
				out, err := fx.GetMetricStatistics(ctx, &api.GetMetricStatisticsInput{
					Namespace: aws.String("N"), MetricName: aws.String("a"), Dimensions: dims("D", "x"), Period: aws.Int32(60),
					StartTime: aws.Time(time.Now().Add(-time.Minute)), EndTime: aws.Time(time.Now().Add(time.Minute)),
					ExtendedStatistics: []string{"p50"},
				})
				if err != nil {
					t.Fatal(err)
				}
				equal(t, "points", len(out.Datapoints), 1)
				equal(t, "p50", out.Datapoints[0].ExtendedStatistics["p50"], 1.5)
				equal(t, "unit", out.Datapoints[0].Unit, "Count")
				list, err := fx.ListMetrics(ctx, &api.ListMetricsInput{Namespace: aws.String("N")})
				if err != nil {
					t.Fatal(err)
				}
				equal(t, "listed", *list.Metrics[0].MetricName+*list.Metrics[0].Dimensions[0].Value, "ax")
				_, err = fx.PutMetricData(ctx, &api.PutMetricDataInput{Namespace: aws.String("AWS/X"), MetricData: []types.MetricDatum{datum("a", 1)}})
				if want := "The value AWS/X for parameter Namespace is invalid."; !strings.HasSuffix(message(err), want) ||
					!strings.HasPrefix(message(err), "InvalidParameterValue") {
					t.Error(message(err))
				}
			})
		})
	}
}
