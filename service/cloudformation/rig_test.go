package cloudformation_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cfn "github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/smithy-go"
	"golang.org/x/sync/errgroup"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/service/apigateway"
	"github.com/runnel/runnel/service/cloudformation"
	"github.com/runnel/runnel/service/cloudwatch"
	"github.com/runnel/runnel/service/dynamodb"
	"github.com/runnel/runnel/service/eventbridge"
	"github.com/runnel/runnel/service/iam"
	"github.com/runnel/runnel/service/lambda"
	"github.com/runnel/runnel/service/logs"
	"github.com/runnel/runnel/service/s3"
	"github.com/runnel/runnel/service/sns"
	"github.com/runnel/runnel/service/sqs"
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

// rig is CloudFormation among the services that its stacks are made of.
type rig struct {
	*cfn.Client
	t     testing.TB
	disk  *storetest.Disk
	aws   aws.Config
	mux   http.Handler
	stop  func()
	store *store.Store
	fail  func(*http.Request) bool // requests to services that get no answer but a 500
}

func inBubble(t *testing.T, f func(*testing.T, *rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := start(t, storetest.NewDisk(), nil)
		defer r.stop()
		f(t, r)
	})
}

// start runs the services over what is on a disk. An intruder sees each request
// to a service before it is served.
func start(t testing.TB, disk *storetest.Disk, intruder func(*http.Request)) *rig {
	st, shut := disk.Open(t)
	router := event.NewRouter()
	queues := sqs.New(st, sqs.Config{Account: account, Region: region})
	topics := sns.New(st, sns.Config{Account: account, Region: region, Router: router, Transport: noNetwork{}})
	buses := eventbridge.New(st, eventbridge.Config{Account: account, Region: region, Router: router})
	alarms := cloudwatch.New(st, cloudwatch.Config{Account: account, Region: region, Router: router})
	router.HandleTarget("sqs", queues)
	router.HandleTarget("sns", topics)
	router.HandleTarget("events", buses)
	mux := wire.NewMux(wire.Config{Region: region, Account: account, Logger: slog.New(slog.DiscardHandler)})
	r := &rig{t: t, disk: disk, mux: mux, store: st}
	handler := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if intruder != nil {
			intruder(req)
		}
		if r.fail != nil && r.fail(req) {
			http.Error(w, "out of order", http.StatusInternalServerError)
			return
		}
		mux.ServeHTTP(w, req)
	})
	r.aws = wiretest.Config(t, handler)
	functions, err := lambda.New(st, lambda.Config{Account: account, Region: region, Router: router, AWS: r.aws, Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	router.HandleTarget("lambda", functions)
	router.HandleFunctions(functions)
	router.HandleQueue("sqs", queues)
	for _, api := range []wire.API{queues.API(), topics.API(), buses.API(), alarms.API(),
		s3.New(st, s3.Config{Account: account, Region: region, Router: router}).API(),
		dynamodb.New(st, dynamodb.Config{Account: account, Region: region}).API(),
		logs.New(st, logs.Config{Account: account, Region: region}).API(),
		iam.New(st, iam.Config{Account: account}).API(), functions.API(),
		apigateway.New(st, apigateway.Config{Account: account, Region: region, Router: router}).API()} {
		mux.Handle(api)
	}
	service := cloudformation.New(st, cloudformation.Config{Account: account, Region: region, AWS: r.aws, Router: router})
	mux.Handle(service.API())
	r.Client = cfn.NewFromConfig(wiretest.Config(t, mux))
	run, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		var all errgroup.Group
		all.Go(func() error { return service.Run(run) })
		all.Go(func() error { return functions.Run(run) })
		all.Go(func() error { return topics.Run(run) })
		all.Go(func() error { return alarms.Run(run) })
		_ = all.Wait()
	}()
	r.stop = func() {
		cancel()
		<-ended
		if err := functions.Close(); err != nil {
			t.Error(err)
		}
		shut()
	}
	return r
}

// noNetwork reaches no HTTP subscriber.
type noNetwork struct{}

func (noNetwork) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("no network")
}

// create starts a stack and waits for the end of it.
func (r *rig) create(name, body string, change ...func(*cfn.CreateStackInput)) types.Stack {
	r.t.Helper()
	in := &cfn.CreateStackInput{StackName: &name, TemplateBody: &body, Capabilities: everything}
	for _, f := range change {
		f(in)
	}
	if _, err := r.CreateStack(ctx, in); err != nil {
		r.t.Fatal(err)
	}
	return r.wait(name)
}

var everything = []types.Capability{types.CapabilityCapabilityNamedIam, types.CapabilityCapabilityAutoExpand}

func (r *rig) update(name, body string, parameters ...string) types.Stack {
	r.t.Helper()
	in := &cfn.UpdateStackInput{StackName: &name, TemplateBody: &body, Capabilities: everything, Parameters: pairs(parameters)}
	if _, err := r.UpdateStack(ctx, in); err != nil {
		r.t.Fatal(err)
	}
	return r.wait(name)
}

func pairs(list []string) []types.Parameter {
	var out []types.Parameter
	for i := 0; i+1 < len(list); i += 2 {
		out = append(out, types.Parameter{ParameterKey: &list[i], ParameterValue: &list[i+1]})
	}
	return out
}

func (r *rig) delete(name string) types.Stack {
	r.t.Helper()
	id := r.describe(name).StackId
	if _, err := r.DeleteStack(ctx, &cfn.DeleteStackInput{StackName: &name}); err != nil {
		r.t.Fatal(err)
	}
	return r.wait(*id)
}

func (r *rig) describe(name string) types.Stack {
	r.t.Helper()
	out, err := r.DescribeStacks(ctx, &cfn.DescribeStacksInput{StackName: &name})
	if err != nil {
		r.t.Fatal(err)
	}
	return out.Stacks[0]
}

// wait waits until nothing is in progress. In a bubble the pause takes no time.
func (r *rig) wait(name string) types.Stack {
	r.t.Helper()
	for {
		st := r.describe(name)
		if !strings.HasSuffix(string(st.StackStatus), "_IN_PROGRESS") {
			return st
		}
		<-time.After(time.Second)
	}
}

// status fails the test unless the stack has the status.
func (r *rig) status(st types.Stack, want types.StackStatus) {
	r.t.Helper()
	if st.StackStatus != want {
		r.t.Fatalf("status %s (%s), want %s\n%s", st.StackStatus, aws.ToString(st.StackStatusReason), want, strings.Join(r.history(*st.StackId), "\n"))
	}
}

// history is what a stack's events say, the oldest first.
func (r *rig) history(name string) []string {
	r.t.Helper()
	var lines []string
	p := cfn.NewDescribeStackEventsPaginator(r.Client, &cfn.DescribeStackEventsInput{StackName: &name})
	for p.HasMorePages() {
		page, err := p.NextPage(ctx)
		if err != nil {
			r.t.Fatal(err)
		}
		for _, e := range page.StackEvents {
			line := *e.LogicalResourceId + " " + string(e.ResourceStatus)
			if e.ResourceStatusReason != nil {
				line += ": " + *e.ResourceStatusReason
			}
			lines = append(lines, line)
		}
	}
	slices.Reverse(lines)
	return lines
}

// resources gives the physical ids of a stack's resources.
func (r *rig) resources(name string) map[string]string {
	r.t.Helper()
	out, err := r.DescribeStackResources(ctx, &cfn.DescribeStackResourcesInput{StackName: &name})
	if err != nil {
		r.t.Fatal(err)
	}
	ids := map[string]string{}
	for _, res := range out.StackResources {
		ids[*res.LogicalResourceId] = aws.ToString(res.PhysicalResourceId)
	}
	return ids
}

func outputs(st types.Stack) map[string]string {
	out := map[string]string{}
	for _, o := range st.Outputs {
		out[*o.OutputKey] = *o.OutputValue
	}
	return out
}

// refused fails the test unless err is AWS's error with the code and a text that
// contains the words.
func refused(t testing.TB, err error, code, words string) {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != code || !strings.Contains(api.ErrorMessage(), words) {
		t.Errorf("got %v, want %s: %s", err, code, words)
	}
}

func sameJSON(t testing.TB, a, b string) bool {
	t.Helper()
	var x, y any
	if err := errors.Join(json.Unmarshal([]byte(a), &x), json.Unmarshal([]byte(b), &y)); err != nil {
		t.Fatal(err)
	}
	return reflect.DeepEqual(x, y)
}
