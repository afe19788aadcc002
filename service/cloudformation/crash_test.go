package cloudformation_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	apigw "github.com/aws/aws-sdk-go-v2/service/apigateway"
	cfn "github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	iamapi "github.com/aws/aws-sdk-go-v2/service/iam"
	lambdaapi "github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/runnel/runnel/store/storetest"
)

// TestCrash cuts the power before every call that a stack operation makes, and
// after the last, and runs what is left on the disk to its end: each stack must
// come to the end that it would have had, and own all that there is.
func TestCrash(t *testing.T) {
	updated := strings.Replace(pipeline, "Dead: {Type: AWS::SQS::Queue}", "Dead: {Type: AWS::SQS::Queue, Properties: {QueueName: dead}}", 1)
	updated = strings.Replace(updated, "Default: 60", "Default: 61", 1)
	updated = strings.Replace(updated, "RetentionInDays: 7", "LogGroupName: other", 1)
	broken := updated + "  Never: {Value: !ImportValue nowhere}\n"
	for name, c := range map[string]struct {
		ready string // the stack before
		begin func(*rig) error
		end   types.StackStatus
	}{
		"create":   {"", creation(pipeline), types.StackStatusCreateComplete},
		"fail":     {"", creation(pipeline + "  Never: {Value: !ImportValue nowhere}\n"), types.StackStatusRollbackComplete},
		"update":   {pipeline, updating(updated), types.StackStatusUpdateComplete},
		"rollback": {pipeline, updating(broken), types.StackStatusUpdateRollbackComplete},
		"delete":   {pipeline, deletion, types.StackStatusDeleteComplete},

		"serverless":        {"", creation(served(t)), types.StackStatusCreateComplete},
		"serverless_update": {served(t), updating(strings.Replace(served(t), "Path: /message, Method: get", "Path: /m, Method: get", 1)), types.StackStatusUpdateComplete},
		"serverless_delete": {served(t), deletion, types.StackStatusDeleteComplete},
	} {
		t.Run(name, func(t *testing.T) {
			if strings.HasPrefix(name, "serverless") {
				needPython(t)
			}
			crashEverywhere(t, c.ready, c.begin, c.end)
		})
	}
}

func creation(body string) func(*rig) error {
	return func(r *rig) error {
		_, err := r.CreateStack(ctx, &cfn.CreateStackInput{StackName: aws.String("s"), TemplateBody: &body, Capabilities: everything})
		return err
	}
}

func updating(body string) func(*rig) error {
	return func(r *rig) error {
		_, err := r.UpdateStack(ctx, &cfn.UpdateStackInput{StackName: aws.String("s"), TemplateBody: &body, Capabilities: everything})
		return err
	}
}

func deletion(r *rig) error {
	_, err := r.DeleteStack(ctx, &cfn.DeleteStackInput{StackName: aws.String("s")})
	return err
}

func crashEverywhere(t *testing.T, ready string, begin func(*rig) error, end types.StackStatus) {
	for i, disk := range powerCuts(t, ready, begin, end, func(*rig) {}) {
		t.Run(fmt.Sprint(i), func(t *testing.T) { resume(t, disk, end) })
	}
}

// powerCuts runs an operation to its end and gives the disks that power cuts
// before each of its calls would have left. ended sees what there is after it.
func powerCuts(t *testing.T, ready string, begin func(*rig) error, end types.StackStatus, ended func(*rig)) []*storetest.Disk {
	var clones []*storetest.Disk
	synctest.Test(t, func(t *testing.T) {
		disk := storetest.NewDisk()
		var mu sync.Mutex
		var at uint64
		armed := false
		r := start(t, disk, func(req *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			if armed && req.Method != http.MethodGet {
				at++
				clones = append(clones, disk.PowerCut(at))
			}
		})
		defer r.stop()
		if ready != "" {
			r.status(r.create("s", ready), types.StackStatusCreateComplete)
		}
		mu.Lock()
		armed = true
		mu.Unlock()
		if err := begin(r); err != nil {
			t.Fatal(err)
		}
		r.status(r.wait(r.only()), end)
		mu.Lock()
		armed = false
		clones = append(clones, disk.PowerCut(at+1))
		mu.Unlock()
		ended(r)
	})
	if len(clones) < 6 {
		t.Fatalf("only %d power cuts", len(clones))
	}
	return clones
}

// only is the id of the one stack that there is or was.
func (r *rig) only() string {
	r.t.Helper()
	out, err := r.ListStacks(ctx, &cfn.ListStacksInput{})
	if err != nil || len(out.StackSummaries) != 1 {
		r.t.Fatal(out, err)
	}
	return *out.StackSummaries[0].StackId
}

// onlyOneAPI fails the test if a step that was taken twice made two.
func (r *rig) onlyOneAPI() {
	r.t.Helper()
	apis, err := apigw.NewFromConfig(r.aws).GetRestApis(ctx, &apigw.GetRestApisInput{})
	if err != nil || len(apis.Items) > 1 {
		r.t.Errorf("%d APIs: %v", len(apis.Items), err)
	}
	mappings, err := lambdaapi.NewFromConfig(r.aws).ListEventSourceMappings(ctx, &lambdaapi.ListEventSourceMappingsInput{})
	if err != nil || len(mappings.EventSourceMappings) > 1 {
		r.t.Errorf("%d mappings: %v", len(mappings.EventSourceMappings), err)
	}
}

func (r *rig) noFunctions() {
	r.t.Helper()
	apis, err := apigw.NewFromConfig(r.aws).GetRestApis(ctx, &apigw.GetRestApisInput{})
	if err != nil || len(apis.Items) > 0 {
		r.t.Errorf("APIs left: %v %v", apis, err)
	}
	functions, err := lambdaapi.NewFromConfig(r.aws).ListFunctions(ctx, &lambdaapi.ListFunctionsInput{})
	if err != nil || len(functions.Functions) > 0 {
		r.t.Errorf("functions left: %v %v", functions, err)
	}
	roles, err := iamapi.NewFromConfig(r.aws).ListRoles(ctx, &iamapi.ListRolesInput{})
	if err != nil || len(roles.Roles) > 0 {
		r.t.Errorf("roles left: %v %v", roles, err)
	}
}

func resume(t *testing.T, disk *storetest.Disk, end types.StackStatus) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, disk, nil)
		defer r.stop()
		id := r.only()
		r.status(r.wait(id), end)
		if end == types.StackStatusDeleteComplete || end == types.StackStatusRollbackComplete {
			r.nothingLeft(nil)
			r.noFunctions()
			return
		}
		owned := []string{}
		for logical, physical := range r.resources(id) {
			if logical == "Dead" || logical == "Dlq" || logical == "Queue" {
				owned = append(owned, physical[strings.LastIndexByte(physical, '/')+1:])
			}
		}
		slices.Sort(owned)
		if got := r.queues(); !slices.Equal(got, owned) {
			t.Errorf("queues %v, the stack has %v\n%s", got, owned, strings.Join(r.history(id), "\n"))
		}
		r.onlyOneAPI()
	})
}
